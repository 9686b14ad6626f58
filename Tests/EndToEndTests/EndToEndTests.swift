import Foundation
import JSON
import Testing

/// The system as a user meets it: the real daemon, the real command line, real processes.
@Suite(.serialized) struct EndToEndTests {
  static func hello(_ hostPort: Int) -> String {
    """
    apiVersion: aether/v1
    kind: Cell
    metadata: {name: hello}
    spec:
      limits: {cpu: 500m, memory: 128Mi, processes: 64}
      ports: [{port: 8080, hostPort: \(hostPort)}]
    ---
    kind: Process
    metadata: {name: hello/web}
    spec:
      command:
        - /usr/bin/python3
        - -u
        - -c
        - |
          from http.server import BaseHTTPRequestHandler, HTTPServer
          class Hello(BaseHTTPRequestHandler):
              def do_GET(self):
                  self.send_response(200)
                  self.end_headers()
                  self.wfile.write(b"hello\\n")
          HTTPServer(("", 8080), Hello).serve_forever()
      user: 65534
      group: 65534
    """
  }

  @Test func tour() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    try await aether.start()
    let hostPort = try Installation.freePort()
    try aether.apply(EndToEndTests.hello(hostPort))
    #expect(try aether.run("wait", "process", "hello/web", "--timeout", "60s").status == 0)
    try aether.rememberCells()

    let table = try aether.run("get", "cells").output
    #expect(table.hasPrefix("NAME"))
    #expect(table.contains("hello") && table.contains("Running"))
    try await aether.wait("the published port answers") {
      try Installation.run("/usr/bin/curl", ["-s", "-m", "2", "http://127.0.0.1:\(hostPort)/"]).output == "hello\n"
    }
    try await aether.wait("the request is in the log") {
      try aether.run("logs", "hello/web").output.contains("GET / HTTP/1.1")
    }
    let inside = try aether.run("exec", "hello", "--", "sh", "-c", "hostname; cat /proc/self/status; exit 3")
    #expect(inside.status == 3)
    #expect(inside.output.hasPrefix("hello\n"))
    #expect(inside.output.contains("NoNewPrivs:\t1") && inside.output.contains("CapEff:\t0000000000000000"))
    #expect(try aether.run("exec", "-i", "hello", "--", "tr", "a-z", "A-Z", input: "abc").output == "ABC")
    #expect(try aether.run("exec", "hello", "--", "touch", "/etc/x").status != 0)
    #expect(try aether.run("describe", "cell", "hello").output.contains("Processes:"))
    #expect(try aether.run("top", "--once").output.hasPrefix("KIND"))
    #expect(try aether.run("apply", "-f", "-", input: EndToEndTests.hello(hostPort)).output.contains("unchanged"))

    #expect(try aether.run("delete", "cell", "hello").status == 0)
    #expect(try aether.run("get", "processes", "-o", "name").output == "")
    #expect(try aether.remains().filter { !$0.contains("aetherd") } == [])
    aether.stop()
    #expect(try aether.remains() == [])
  }

  @Test func aMemoryLimitIsReported() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    try await aether.start()
    try aether.apply(
      """
      kind: Cell
      metadata: {name: limits}
      ---
      kind: Process
      metadata: {name: limits/eater}
      spec:
        command: [/usr/bin/python3, -c, "data = []\\nwhile True: data.append(bytearray(1 << 20))"]
        limits: {memory: 32Mi}
        restart: {policy: onFailure, limit: 2, backoffMin: 50ms}
      """)
    #expect(try aether.run("wait", "process", "limits/eater", "--for", "phase=Failed", "--timeout", "60s").status == 0)
    let status = try aether.status("process", "limits/eater")
    #expect(status["reason"] == "OOMKilled")
    #expect(status["restarts"]?.integerValue == 2)
    #expect(status["limit"]?["kind"] == "Process")
    #expect(status["limit"]?["bytes"]?.integerValue == 33_554_432)
  }

  @Test func workOutlivesTheDaemon() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    try await aether.start(onExit: "keep")
    try aether.apply(
      """
      kind: Cell
      metadata: {name: long}
      ---
      kind: Process
      metadata: {name: long/counter}
      spec: {command: [/bin/sh, -c, "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.05; done"]}
      ---
      kind: Process
      metadata: {name: long/short}
      spec: {command: [/bin/sh, -c, "sleep 2; exit 7"], restart: {policy: never}}
      """)
    try aether.run("wait", "process", "long/counter", "--timeout", "60s")
    try aether.run("wait", "process", "long/short", "--timeout", "60s")
    let before = try aether.status("process", "long/counter")
    aether.kill()
    try await Task.sleep(for: .seconds(3))
    try await aether.start(onExit: "keep")
    try await aether.wait("the exit code is known") {
      try aether.status("process", "long/short")["exitCode"]?.integerValue == 7
    }
    let after = try aether.status("process", "long/counter")
    #expect(after["pid"] == before["pid"])
    #expect(after["startedAt"] == before["startedAt"])
    #expect(after["restarts"]?.integerValue == 0)
    let lines = try aether.run("logs", "long/counter").output.split(separator: "\n")
    #expect(lines.count > 60)
    #expect(lines.enumerated().allSatisfy { $0.element == "line \($0.offset + 1)" })
    #expect(try aether.run("delete", "cell", "long").status == 0)
  }

  /// Kills the daemon at random moments while resources come and go. Nothing acknowledged may be lost, and in the end
  /// exactly what is declared may run.
  @Test func killedAtAnyMoment() async throws {
    let rounds = ProcessInfo.processInfo.environment["AETHER_FAULT_ROUNDS"].flatMap { Int($0) } ?? 40
    let seed =
      ProcessInfo.processInfo.environment["AETHER_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1 << 32)
    print("AETHER_SEED=\(seed) AETHER_FAULT_ROUNDS=\(rounds)")
    var random = Xorshift(state: seed | 1)
    let aether = try Installation()
    defer { aether.remove() }
    try await aether.start(onExit: "keep")
    var declared: Set<String> = []
    for round in 0..<rounds {
      let name = "c\(random.next() % 6)"
      let isDelete = random.next() % 3 == 0
      let dies = random.next() % 4 == 0
      let delay = UInt32(random.next() % 60_000)
      // A moment of the round, decided by chance.
      let strike = {
        guard dies else { return }
        usleep(delay)
        aether.kill()
      }
      let result: Installation.Result
      if isDelete {
        result = try aether.run("delete", "cell", name, "--no-wait", "--ignore-missing", meanwhile: strike)
        if result.status == 0 { declared.remove(name) }
      } else {
        result = try aether.run(
          "apply", "-f", "-",
          input: """
            kind: Cell
            metadata: {name: \(name)}
            ---
            kind: Process
            metadata: {name: \(name)/p}
            spec: {command: [/bin/sleep, "1000"], environment: {ROUND: "\(round)"}}
            """, meanwhile: strike)
        if result.status == 0 { declared.insert(name) }
      }
      if dies {
        try await aether.start(onExit: "keep")
        // What was not acknowledged may have happened or not: ask which.
        if result.status != 0 {
          let isThere = try aether.run("get", "cell", name).status == 0
          let isDeleting = try aether.run("get", "cell", name, "-o", "json").output.contains("deletedAt")
          if isThere && !isDeleting { declared.insert(name) } else { declared.remove(name) }
        }
      }
    }
    for name in declared {
      #expect(try aether.run("wait", "process", "\(name)/p", "--timeout", "60s").status == 0, "\(name) seed \(seed)")
    }
    try await aether.wait("exactly the declared cells are there, seed \(seed)") {
      let names = try aether.run("get", "cells", "-o", "name").output.split(separator: "\n").map {
        String($0.dropFirst(5))
      }
      return Set(names) == declared
    }
    // One supervisor per declared cell, and no more.
    let items = try JSON.parse(try aether.run("get", "cells", "-o", "json").output)["items"]?.arrayValue ?? []
    let uids = Set(items.compactMap { $0["metadata"]?["uid"]?.stringValue })
    try await aether.wait("nothing is orphaned, seed \(seed)") {
      let present = try FileManager.default.contentsOfDirectory(atPath: aether.root + "/run/cells")
      return Set(present) == uids
    }
    for name in declared { try aether.run("delete", "cell", name) }
  }

  struct Xorshift {
    var state: UInt64
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }
}
