import AppFormat
import Foundation
import JSON
import PythonPeer
import Testing

/// Sample apps against real servers, declared on a real daemon as their users do it.
@Suite(.serialized) struct SampleAppTests {
  private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  private func start(_ apps: String = "") async throws -> Installation {
    let aether = try Installation(
      configuration: "apps: {allowUnsigned: true\(apps)}\nrate: {requestsPerSecond: 100000, burst: 100000}\n")
    try await aether.start()
    return aether
  }

  /// Applies a manifest of Examples/apps with other words in some places.
  private func apply(
    _ example: String, on aether: Installation, module: String? = nil, _ changes: [(String, String)] = []
  ) throws {
    var text = try String(contentsOfFile: "\(Self.repository)/Examples/apps/\(example).yaml", encoding: .utf8)
    let source = module ?? "\(Self.repository)/.build/apps/\(example).wasm"
    for (old, new) in [("../../.build/apps/\(example).wasm", source)] + changes {
      guard text.contains(old) else { throw Installation.Failure("\(example).yaml has no \(old)") }
      text = text.replacing(old, with: new)
    }
    try aether.apply(text)
  }

  private func ended(_ aether: Installation, _ name: String) async throws -> (phase: String, lines: String) {
    var phase = ""
    try await aether.wait("\(name) has ended") {
      phase = try aether.status("app", name)["phase"]?.stringValue ?? ""
      return ["Completed", "Failed"].contains(phase)
    }
    return (phase, try aether.run("app", "logs", name).output)
  }

  // MARK: HTTP

  /// Prints its port, and a line for each request.
  private static let server = """
    import http.server
    class Handler(http.server.BaseHTTPRequestHandler):
      protocol_version = 'HTTP/1.1'
      def do_GET(self):
        body = b'x' * 10000 if self.path == '/page' else b'no'
        self.send_response(200 if self.path == '/page' else 404)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        print(self.path, self.headers['Host'], flush=True)
      def log_message(self, *words): pass
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
    """

  @Test func fetcherReachesWhatItsPolicyAllows() async throws {
    let aether = try await start()
    defer { aether.remove() }
    let peer = try PythonPeer(Self.server)
    defer { peer.stop() }
    let port = try peer.readLine()

    try apply("fetcher", on: aether, [("\"8080\"", "\"\(port)\""), ("path: /", "path: /page")])
    let fetched = try await ended(aether, "fetcher")
    var checksum: UInt32 = 2_166_136_261
    for _ in 0..<10_000 { checksum = (checksum ^ UInt32(UInt8(ascii: "x"))) &* 16_777_619 }
    let digits = String(checksum, radix: 16)
    let expected =
      "http://127.0.0.1:\(port)/page: status 200, 10000 bytes, checksum "
      + String(repeating: "0", count: 8 - digits.count) + digits
    #expect(fetched.phase == "Completed" && fetched.lines.contains(expected), "\(fetched)")
    #expect(try peer.readLine() == "/page 127.0.0.1:\(port)")

    // What the server does not have is an answer, and no success.
    try apply(
      "fetcher", on: aether,
      [("{name: fetcher}", "{name: missing}"), ("\"8080\"", "\"\(port)\""), ("path: /", "path: /none")])
    let missing = try await ended(aether, "missing")
    #expect(missing.phase == "Failed" && missing.lines.contains("/none: status 404, 2 bytes"), "\(missing)")
    #expect(try peer.readLine() == "/none 127.0.0.1:\(port)")
  }

  @Test func fetcherIsRefusedWithoutARight() async throws {
    let aether = try await start()
    defer { aether.remove() }
    let peer = try PythonPeer(Self.server)
    defer { peer.stop() }
    let port = try peer.readLine()
    /// A connection that the daemon lets nobody make, and says so in the app's log and the audit log.
    func expectRefusal(_ name: String, port: String) async throws {
      let refused = try await ended(aether, name)
      #expect(refused.phase == "Failed" && refused.lines.contains(": -13, the network policy"), "\(refused)")
      let audit = try aether.run("app", "audit", name).output
      #expect(audit.contains("SYSCALL_DENIED") && audit.contains(port), "\(audit)")
    }

    // This machine is out of reach unless the app is declared with it.
    try apply(
      "fetcher", on: aether, [("\"8080\"", "\"\(port)\""), ("allowLocal: true", "allowLocal: false")])
    try await expectRefusal("fetcher", port: port)

    // A manifest that names ports: that one is reached, another is not.
    let module = "\(aether.root)/narrow.wasm"
    let policy = #"{"allowed_hosts":["127.0.0.1"],"allowed_ports":[\#(port)]}"#
    let manifest = """
      {"name":"fetcher","version":"1.0.0","abi":"1.0","capabilities":["network.use","settings"],"network_policy":\(policy)}
      """
    let built = try Data(contentsOf: URL(fileURLWithPath: "\(Self.repository)/.build/apps/fetcher.wasm"))
    try Data(try AppManifest.embed(Array(manifest.utf8), in: [UInt8](built))).write(to: URL(fileURLWithPath: module))
    let narrow = ("{name: fetcher}", "{name: narrow}")
    try apply(
      "fetcher", on: aether, module: module, [narrow, ("\"8080\"", "\"\(port)\""), ("path: /", "path: /page")])
    let allowed = try await ended(aether, "narrow")
    #expect(allowed.phase == "Completed" && allowed.lines.contains("status 200"), "\(allowed)")
    #expect(try peer.readLine() == "/page 127.0.0.1:\(port)")
    let other = "\(try #require(Int(port)) - 1)"
    try apply(
      "fetcher", on: aether, module: module, [("{name: fetcher}", "{name: other}"), ("\"8080\"", "\"\(other)\"")])
    try await expectRefusal("other", port: other)

    // Without the capability it does not get as far.
    try apply(
      "fetcher", on: aether,
      [("{name: fetcher}", "{name: silent}"), ("[network.use, settings]", "[settings]"), ("\"8080\"", "\"\(port)\"")])
    let silent = try await ended(aether, "silent")
    #expect(silent.phase == "Failed" && silent.lines.contains("network.use is not granted"), "\(silent)")
  }

  // MARK: MQTT

  /// Debian's broker.
  private func broker(_ port: Int, in folder: String) throws -> Child {
    let configuration = "user root\npersistence false\nlistener \(port) 127.0.0.1\nallow_anonymous true\n"
    try configuration.write(toFile: folder + "/mosquitto.conf", atomically: true, encoding: .utf8)
    return try Child(
      "/usr/sbin/mosquitto", ["-c", folder + "/mosquitto.conf"], output: folder + "/mosquitto.log",
      errors: folder + "/mosquitto.log")
  }

  /// The next values of each kind that the broker hands to somebody else.
  private func receive(_ port: Int) throws -> [String: Int] {
    let result = try Installation.run(
      "/usr/bin/mosquitto_sub",
      ["-h", "127.0.0.1", "-p", "\(port)", "-t", "apps/sensor-logger/+", "-v", "-C", "6", "-W", "60"])
    guard result.status == 0 else { throw Installation.Failure("mosquitto_sub: \(result.status) \(result.errors)") }
    var values: [String: Int] = [:]
    for line in result.output.split(separator: "\n") {
      let words = line.split(separator: " ")
      values[String(words[0].dropFirst("apps/sensor-logger/".count))] = Int(words[1])
    }
    return values
  }

  @Test func sensorLoggerGoesOnWhenTheBrokerIsBack() async throws {
    let port = try Installation.freePort()
    let aether = try await start(", mqtt: {host: 127.0.0.1, port: \(port), tls: false}")
    defer { aether.remove() }
    var broker = try broker(port, in: aether.root)
    defer { broker.end(SIGKILL) }
    try apply("sensor-logger", on: aether, [("\"1000\"", "\"100\"")])
    func lines() throws -> String { try aether.run("app", "logs", "sensor-logger").output }
    func listens() -> Bool {
      let arguments = ["-h", "127.0.0.1", "-p", "\(port)", "-t", "tests", "-m", "x"]
      return (try? Installation.run("/usr/bin/mosquitto_pub", arguments).status) == 0
    }
    try await aether.wait("the broker listens") { listens() }
    let first = try receive(port)
    #expect(Set(first.keys) == ["temperature", "humidity", "pressure"], "\(first)")

    broker.end(SIGKILL)
    try await aether.wait("it misses the broker") { try lines().contains("not sent, files only: ") }
    broker = try self.broker(port, in: aether.root)
    try await aether.wait("the broker listens again") { listens() }
    let second = try receive(port)
    #expect(Set(second.keys) == ["temperature", "humidity", "pressure"], "\(second)")
    try await aether.wait("it says so") { try lines().contains("sent again") }
    let status = try aether.status("app", "sensor-logger")
    #expect(status["phase"] == "Running" && status["restarts"] == 0, "\(status.text())")

    // Every value is in the files, those that were not sent too.
    let paths = try FileManager.default.subpathsOfDirectory(atPath: aether.root + "/apps/owners")
    let files = paths.filter { $0.contains("log-") && $0.hasSuffix(".csv") }
    #expect(!files.isEmpty)
    let kept = try String(contentsOfFile: "\(aether.root)/apps/owners/\(files[0])", encoding: .utf8)
    #expect(kept.contains(",temperature,") && kept.contains(",pressure,"))
  }
}
