import Foundation
import HTTPClient
import JSON
import Testing

/// The daemon is killed at random moments while four users of the API apply and delete cells with work in them.
///
/// A life of the daemon ends behind a random number of acknowledged requests, so that the work is the same on a slow machine.
/// `AETHER_OPERATIONS` says how many are acknowledged before the test ends (1,000 takes minutes), `AETHER_SEED` repeats choices.
@Suite(.serialized) struct KillTests {
  @Test func killedAtAnyMoment() async throws {
    let environment = ProcessInfo.processInfo.environment
    let wanted = environment["AETHER_OPERATIONS"].flatMap { Int($0) } ?? 240
    let seed = environment["AETHER_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1 << 32)
    print("killedAtAnyMoment: AETHER_SEED=\(seed) AETHER_OPERATIONS=\(wanted)")
    var random = Xorshift(state: seed | 1)
    let aether = try Installation(configuration: "rate: {requestsPerSecond: 100000, burst: 100000}\n")
    defer { aether.remove() }
    var writers = (0..<4).map { Writer(index: $0, random: Xorshift(state: random.next() | 1)) }
    var acknowledged: Int { writers.reduce(0) { $0 + $1.acknowledged } }
    var kills = 0
    while kills < 500, acknowledged < wanted {
      try await aether.start(onExit: "keep")
      let api = try await API(aether)
      for index in writers.indices { try await writers[index].settle(api) }
      let life = Life(operations: Int(random.next() % 60))
      let moment = Duration.microseconds(random.next() % 20_000)
      writers = try await withThrowingTaskGroup(of: Writer.self) { group in
        for writer in writers {
          group.addTask {
            var writer = writer
            while try await writer.write(api, life) {}
            return writer
          }
        }
        await life.end()
        try await Task.sleep(for: moment)
        aether.kill()
        return try await group.reduce(into: []) { $0.append($1) }
      }
      kills += 1
    }
    print("killedAtAnyMoment: \(acknowledged) applies and deletes acknowledged, \(kills) kills")
    #expect(acknowledged >= wanted)

    try await aether.start(onExit: "keep")
    let api = try await API(aether)
    for index in writers.indices { try await writers[index].settle(api) }
    let declared = writers.reduce(into: [:]) { $0.merge($1.declared) { round, _ in round } }
    try await aether.wait("what is declared runs, as it was declared last, and nothing else") {
      try aether.run("get", "processes", "-o", "name").output.split(separator: "\n").count == declared.count
        && declared.allSatisfy { name, round in try aether.runningRound(name) == round }
    }
    try await aether.wait("there is one supervisor for each cell") {
      let items = try JSON.parse(try aether.run("get", "cells", "-o", "json").output)["items"]?.arrayValue ?? []
      let present = try FileManager.default.contentsOfDirectory(atPath: aether.root + "/run/cells")
      return items.count == declared.count
        && Set(present) == Set(items.compactMap { $0["metadata"]?["uid"]?.stringValue })
    }
    let before = try declared.keys.map { try aether.status("process", "\($0)/p")["pid"] }
    aether.kill()
    try await aether.start(onExit: "keep")
    try await Task.sleep(for: .seconds(1))
    #expect(try declared.keys.map { try aether.status("process", "\($0)/p")["pid"] } == before)

    try aether.rememberCells()
    for name in declared.keys { #expect(try aether.run("delete", "cell", name).status == 0) }
    #expect(try aether.remains().filter { !$0.contains("aetherd") } == [])
  }

  /// Ends when the daemon has acknowledged so many requests, or no longer answers.
  actor Life {
    private var left: Int
    private var waiting: CheckedContinuation<Void, Never>?

    init(operations: Int) { left = operations }

    func acknowledged() { count(left - 1) }
    func failed() { count(0) }
    func end() async {
      if left > 0 { await withCheckedContinuation { waiting = $0 } }
    }

    private func count(_ now: Int) {
      left = now
      if now <= 0 {
        waiting?.resume()
        waiting = nil
      }
    }
  }

  /// Requests to one daemon.
  struct API: Sendable {
    let client: HTTPClient
    let server: String

    init(_ aether: Installation) async throws {
      let tls = HTTPClient.TLS(authority: .file(aether.authority))
      let issuer = try HTTPClient(options: HTTPClient.Options(tls: tls))
      defer { issuer.close() }
      let answer = try await issuer.fetch(
        HTTPClient.Request(
          "POST", aether.server + "/v1/dev/token", headers: ["Content-Type": "application/json"],
          body: .bytes(Array(#"{"user": "ada"}"#.utf8))))
      let token = try JSON.parse(answer.text)["token"]?.stringValue
      client = try HTTPClient(options: HTTPClient.Options(tls: tls, bearer: token, totalTimeout: .seconds(60)))
      server = aether.server
    }

    /// The answer, or `nil` when there is none: nobody knows then whether the request was carried out.
    func request(_ method: String, _ path: String, _ body: String? = nil) async -> HTTPClient.CompleteResponse? {
      var request = HTTPClient.Request(method, server + path)
      if let body {
        request.headers = ["Content-Type": "application/yaml"]
        request.body = .bytes(Array(body.utf8))
      }
      return try? await client.fetch(request)
    }
  }

  /// Applies and deletes cells of its own, and knows which must be there.
  struct Writer: Sendable {
    let index: Int
    var random: Xorshift
    var acknowledged = 0
    /// Names that are declared, with the number of the apply that was acknowledged last.
    var declared: [String: Int] = [:]
    /// The request that got no answer: its name, and what it was to become.
    private var inDoubt: (name: String, round: Int?)?

    init(index: Int, random: Xorshift) {
      self.index = index
      self.random = random
    }

    private var names: [String] { (0..<4).map { "w\(index)-\($0)" } }

    /// One apply or delete. False when the daemon no longer answers.
    mutating func write(_ api: API, _ life: Life) async throws -> Bool {
      let name = names[Int(random.next() % 4)]
      let isDelete = declared[name] != nil && random.next() % 3 == 0
      let round = isDelete ? nil : Int(random.next() % 1_000_000)
      let answer =
        if let round {
          await api.request(
            "POST", "/v1/apply",
            """
            kind: Cell
            metadata: {name: \(name)}
            ---
            kind: Process
            metadata: {name: \(name)/p}
            spec: {command: [/bin/sleep, "1000"], environment: {ROUND: "\(round)"}}
            """)
        } else {
          await api.request("DELETE", "/v1/cells/\(name)")
        }
      guard let answer else {
        inDoubt = (name, round)
        await life.failed()
        return false
      }
      if answer.isSuccess {
        declared[name] = round
        acknowledged += 1
        await life.acknowledged()
      } else if answer.status == 409, declared[name] == nil {
        // It is still being deleted.
        try await Task.sleep(for: .milliseconds(20))
      } else {
        await life.failed()
        throw Installation.Failure("\(isDelete ? "delete" : "apply") of \(name): \(answer.status) \(answer.text)")
      }
      return true
    }

    /// Compares what a daemon that was started again has with what was acknowledged. Of the request without an answer
    /// either outcome is right.
    mutating func settle(_ api: API) async throws {
      for name in names {
        let found = try await stored(name, api)
        if let inDoubt, inDoubt.name == name, found == inDoubt.round { declared[name] = found }
        guard found == declared[name] else {
          throw Installation.Failure(
            "\(name) is \(found.map { "at \($0)" } ?? "absent"); acknowledged: "
              + "\(declared[name].map { "\($0)" } ?? "absent"), in doubt: \(inDoubt.map { "\($0)" } ?? "nothing")")
        }
      }
      inDoubt = nil
    }

    /// The apply that the stored cell and its process come from; `nil` when they are deleted.
    private func stored(_ name: String, _ api: API) async throws -> Int? {
      guard let cell = await api.request("GET", "/v1/cells/\(name)") else { throw Installation.Failure("no answer") }
      if cell.status == 404 { return nil }
      if try JSON.parse(cell.text)["metadata"]?["deletedAt"] != nil { return nil }
      guard let process = await api.request("GET", "/v1/processes/\(name)%2Fp"),
        let round = try JSON.parse(process.text)["spec"]?["environment"]?["ROUND"]?.stringValue
      else { throw Installation.Failure("\(name) is there without its process") }
      return Int(round)
    }
  }

  struct Xorshift: Sendable {
    var state: UInt64
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }
}

extension Installation {
  /// The variable `ROUND` that the running process of a cell really has.
  fileprivate func runningRound(_ cell: String) throws -> Int? {
    let status = try status("process", "\(cell)/p")
    guard status["phase"] == "Running", let pid = status["pid"]?.integerValue,
      let environment = try? String(contentsOfFile: "/proc/\(pid)/environ", encoding: .utf8)
    else { return nil }
    return environment.split(separator: "\0").first { $0.hasPrefix("ROUND=") }.flatMap { Int($0.dropFirst(6)) }
  }
}
