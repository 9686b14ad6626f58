import AppFormat
import Foundation
import HTTPClient
import JSON
import Testing

/// Apps on a node, with the real daemon, the real command line, and modules that clang has just built.
@Suite(.serialized) struct AppTests {
  private let unsigned = "apps: {allowUnsigned: true}\nrate: {requestsPerSecond: 100000, burst: 100000}\n"

  private func start() async throws -> Installation {
    let aether = try Installation(configuration: unsigned)
    try await aether.start()
    return aether
  }

  private func logs(_ aether: Installation, _ name: String = "lamp") throws -> String {
    try aether.run("app", "logs", name).output
  }

  private func phase(_ aether: Installation, _ name: String = "lamp") throws -> String {
    try aether.status("app", name)["phase"]?.stringValue ?? ""
  }

  // MARK: Life

  @Test func fromAManifestToItsEnd() async throws {
    let aether = try await start()
    defer { aether.remove() }
    let module = try AppPrograms.build("1.0", in: aether.root)
    let manifest = """
      kind: App
      metadata: {name: lamp}
      spec:
        source: {file: \((module as NSString).lastPathComponent)}
        restart: {policy: onFailure, maxRetries: 5, delay: 100ms}
        quotas: {memory: 1Mi, executionTimeout: 2s}
      """
    try manifest.write(toFile: aether.root + "/lamp.yaml", atomically: true, encoding: .utf8)
    #expect(try aether.run("apply", "-f", aether.root + "/lamp.yaml").output == "app lamp created\n")
    let waited = try aether.run("wait", "app", "lamp", "--timeout", "60s")
    #expect(waited.status == 0, "\(waited.errors) \(aether.log.suffix(2000))")
    try await aether.wait("it writes") { try logs(aether).contains("version 1.0\ntimer: yes") }
    #expect(try aether.run("apply", "-f", aether.root + "/lamp.yaml").output == "app lamp unchanged\n")
    let status = try aether.status("app", "lamp")
    #expect(status["version"] == "1.0" && status["capabilities"] == ["granted": ["timer"], "denied": []])
    #expect(try aether.run("app", "list").output.contains("Running"))
    #expect(try aether.run("app", "info", "lamp").output.contains("Granted:    timer"))
    let stats = try JSON.parse(try aether.run("app", "stats", "lamp", "-o", "json").output)
    #expect(stats["calls"]?.integerValue != nil && stats["memoryBytes"]?.integerValue != nil, "\(stats.text())")
    let numbered = try aether.run("app", "logs", "lamp", "--from", "2", "-o", "json").output.split(separator: "\n")
    #expect(try JSON.parse(String(numbered[0]))["number"] == 2)
    try await aether.wait("its use is known") { try aether.run("top", "--once").output.contains("App") }
    let silent = try aether.run("app", "send", "lamp", "set", #"{"x":1}"#, "--timeout", "1")
    #expect(silent.status == 3 && silent.errors.contains("does not listen"), "\(silent.errors)")

    // What happens is told to who listens.
    let listener = try Child(
      Installation.programs + "/aether", ["app", "events"],
      environment: ["AETHER_CONFIG": aether.root + "/client.yaml"],
      output: aether.root + "/events", errors: aether.root + "/events")
    defer { listener.end(SIGTERM) }
    try await aether.wait("a change is told") {
      #expect(try aether.run("app", "restart", "lamp").status == 0)
      let events = try String(contentsOfFile: aether.root + "/events", encoding: .utf8)
      return events.contains(#""app":"lamp","state":"RUNNING","change":"started""#)
    }

    // Stopped it stays stopped, also over a restart of the daemon; started it comes back with it.
    #expect(try aether.run("app", "stop", "lamp").output.contains("stopped"))
    try await aether.wait("it is stopped") { try phase(aether) == "Stopped" }
    aether.stop()
    try await aether.start()
    try await aether.wait("it is still stopped") { try phase(aether) == "Stopped" }
    #expect(try aether.run("app", "start", "lamp").output.contains("running"))
    try await aether.wait("it runs") { try phase(aether) == "Running" }
    aether.kill()
    try await aether.start()
    try await aether.wait("it runs again") { try phase(aether) == "Running" && logs(aether).contains("version 1.0") }

    let deleted = try aether.run("app", "uninstall", "lamp")
    #expect(deleted.output == "app lamp uninstalled\n", "\(deleted.errors)")
    #expect(try aether.run("app", "info", "lamp").status == 4)
    let left = try FileManager.default.subpathsOfDirectory(atPath: aether.root + "/apps/owners").filter {
      $0.contains("lamp") || $0.contains("declared/")
    }
    #expect(left.isEmpty, "\(left)")
    let audit = try String(contentsOfFile: aether.root + "/audit/audit.jsonl", encoding: .utf8)
    #expect(audit.contains(#""app":"lamp","event":"APP_STARTED""#))
  }

  @Test func trapsAreFollowedByRestartsUntilItStaysDown() async throws {
    let aether = try await start()
    defer { aether.remove() }
    let module = try AppPrograms.build("2.0", .trapsLater, in: aether.root)
    let installed = try aether.run("app", "install", module)
    #expect(installed.status == 0 && installed.output.hasPrefix("app lamp 2.0 "), "\(installed.errors)")
    try await aether.wait("it has failed for good") { try phase(aether) == "Failed" }
    let status = try aether.status("app", "lamp")
    #expect((status["restarts"]?.integerValue ?? 0) >= 2 && status["reason"] == "Crashed", "\(status.text())")
    #expect(status["lastCrash"]?["kind"] == "trap")
    let frames = status["lastCrash"]?["backTrace"]?.arrayValue?.compactMap(\.stringValue) ?? []
    #expect(frames.contains { $0.contains("fall_over") || $0.contains("main") }, "\(frames)")
    #expect(try aether.run("app", "crashes", "lamp").output.contains("trap: "))
    let events = try aether.run("describe", "app", "lamp").output
    #expect(events.contains("Crashed"))
  }

  @Test func anAppThatReturnsIsCompleted() async throws {
    let aether = try await start()
    defer { aether.remove() }
    let module = try AppPrograms.build("1.0", .ends, in: aether.root)
    #expect(try aether.run("app", "install", module, "--name", "job").status == 0)
    try await aether.wait("it has ended") { try phase(aether, "job") == "Completed" }
  }

  /// The example of the documentation, written in Swift: it keeps its count over a kill of the daemon, and answers commands.
  @Test func counterOfTheExamples() async throws {
    let aether = try await start()
    defer { aether.remove() }
    let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Examples/apps").path
    let applied = try aether.run("apply", "-f", examples + "/counter.yaml")
    #expect(applied.output == "app counter created\n", "scripts/build-apps makes it: \(applied.errors)")
    let waited = try aether.run("wait", "app", "counter", "--timeout", "60s")
    #expect(waited.status == 0, "\(waited.errors) \(aether.log.suffix(2000))")
    func send(_ words: String...) throws -> Int {
      let result = try Installation.run(
        Installation.programs + "/aether", ["app", "send", "counter"] + words,
        environment: ["AETHER_CONFIG": aether.root + "/client.yaml"])
      guard result.output.hasPrefix("count "), let count = Int(result.output.dropFirst(6).dropLast()) else {
        throw Installation.Failure("\(words): \(result.output) \(result.errors)")
      }
      return count
    }
    try await aether.wait("it listens") { (try? send("get")) != nil }
    #expect(try send("add", "500") >= 500)
    aether.kill()
    try await aether.start()
    try await aether.wait("it goes on") { ((try? send("get")) ?? 0) >= 500 }
    // Without the right to talk it is not heard any more.
    #expect(try aether.run("app", "revoke", "counter", "ipc").status == 0)
    try await aether.wait("it has ended, or does not answer") {
      try aether.run("app", "send", "counter", "get", "--timeout", "1").status != 0
    }
  }

  // MARK: Versions

  @Test func updatesAndRollbacks() async throws {
    let aether = try await start()
    defer { aether.remove() }
    #expect(try aether.run("app", "install", try AppPrograms.build("1.0", in: aether.root)).status == 0)
    try await aether.wait("1.0 runs") { try logs(aether).contains("version 1.0") }
    let second = try aether.run("app", "install", try AppPrograms.build("2.0", in: aether.root))
    #expect(second.output == "app lamp 2.0 Running\n", "\(second.output) \(second.errors)")
    try await aether.wait("2.0 runs") { try logs(aether).contains("version 2.0") }

    // A version that traps at its start: the one before is back, and the status says why.
    let third = try aether.run("app", "install", try AppPrograms.build("3.0", .trapsAtStart, in: aether.root))
    #expect(third.status == 0, "\(third.errors)")
    try await aether.wait("2.0 is back") {
      let status = try aether.status("app", "lamp")
      return status["reason"] == "RolledBack" && status["version"] == "2.0" && status["phase"] == "Running"
    }
    let conditions = try aether.status("app", "lamp")["conditions"]?.arrayValue ?? []
    #expect(conditions.contains { $0["type"] == "Updated" && $0["status"] == "False" && $0["reason"] == "RolledBack" })

    // Another version follows, and by hand the one before comes back.
    #expect(try aether.run("app", "install", try AppPrograms.build("4.0", in: aether.root)).status == 0)
    try await aether.wait("4.0 runs") {
      let status = try aether.status("app", "lamp")
      return status["version"] == "4.0" && status["reason"] == nil
    }
    let back = try aether.run("app", "rollback", "lamp")
    #expect(back.output.contains("2.0"), "\(back.output) \(back.errors)")
    try await aether.wait("the status shows it") {
      let status = try aether.status("app", "lamp")
      return status["version"] == "2.0" && status["reason"] == "RolledBack"
    }
  }

  // MARK: Rights

  @Test func rightsChangeWithoutARestart() async throws {
    let aether = try await start()
    defer { aether.remove() }
    let module = try AppPrograms.build("1.0", capabilities: ["timer", "crypto"], in: aether.root)
    #expect(try aether.run("app", "install", module).status == 0)
    try await aether.wait("it has a timer") { try logs(aether).contains("timer: yes") }
    // What is privileged comes from a list only.
    #expect(
      try aether.status("app", "lamp")["capabilities"] == ["granted": ["timer"], "denied": ["crypto"]])
    let revoked = try aether.run("app", "revoke", "lamp", "timer")
    #expect(revoked.output == "granted: -\ndenied:  timer crypto\n", "\(revoked.output) \(revoked.errors)")
    try await aether.wait("it has none") { try aether.run("app", "logs", "lamp", "-n", "1").output == "timer: no\n" }
    let granted = try aether.run("app", "grant", "lamp", "timer", "crypto")
    #expect(granted.output == "granted: timer crypto\ndenied:  -\n", "\(granted.output) \(granted.errors)")
    try await aether.wait("it has one again") {
      try aether.run("app", "logs", "lamp", "-n", "1").output == "timer: yes\n"
    }
    #expect(try aether.status("app", "lamp")["restarts"] == 0)
    #expect(try aether.run("app", "audit", "lamp").output.contains("CAPABILITY_DENIED"))
    let unknown = try aether.run("app", "grant", "lamp", "fly")
    #expect(unknown.status == 3 && unknown.errors.contains("grant[0]"), "\(unknown.errors)")
  }

  @Test func whatNobodySignedIsRefused() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    let key = aether.root + "/dev.pem"
    #expect(try aether.run("app", "keygen", key).status == 0)
    let keys = aether.root + "/apps/keys"
    try FileManager.default.createDirectory(atPath: keys, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: key + ".pub", toPath: keys + "/dev.pem")
    try await aether.start()
    let module = try AppPrograms.build("1.0", in: aether.root)
    let refused = try aether.run("app", "install", module)
    #expect(refused.output.contains("Failed") && refused.output.contains("sign"), "\(refused.output) \(refused.errors)")
    #expect(try aether.status("app", "lamp")["reason"] == "Untrusted")
    #expect(try aether.run("app", "uninstall", "lamp").status == 0)
    // The same in a package that a trusted key signed.
    let package = aether.root + "/lamp.akpkg"
    let signed = try aether.run("app", "sign", module, "--key", key, "--output", package)
    #expect(signed.status == 0, "\(signed.errors)")
    let installed = try aether.run("app", "install", package)
    #expect(installed.output == "app lamp 1.0 Running\n", "\(installed.output) \(installed.errors)")
    #expect(try aether.run("app", "info", "lamp").output.contains("Signed:     yes"))
    // By another key: refused, and what runs goes on.
    #expect(try aether.run("app", "keygen", aether.root + "/other.pem").status == 0)
    #expect(
      try aether.run(
        "app", "sign", try AppPrograms.build("2.0", in: aether.root), "--key", aether.root + "/other.pem", "--output",
        package
      ).status == 0)
    #expect(try aether.run("app", "install", package).output.hasPrefix("app lamp 1.0 Running: "))
    #expect(try aether.status("app", "lamp")["reason"] == "Untrusted")
  }

  // MARK: The reference's paths

  @Test func pathsOfTheReference() async throws {
    let aether = try await start()
    defer { aether.remove() }
    let module = [UInt8](try Data(contentsOf: URL(fileURLWithPath: try AppPrograms.build("1.0", in: aether.root))))
    let token = try token(aether)
    func call(
      _ method: String, _ path: String, _ body: [UInt8]? = nil, token: String?
    ) async throws -> (status: Int, json: JSON) {
      let client = try HTTPClient(options: HTTPClient.Options(tls: HTTPClient.TLS(authority: .file(aether.authority))))
      defer { client.close() }
      var headers: HTTPClient.Headers = [:]
      if let token { headers.add("authorization", "Bearer \(token)") }
      if path.hasSuffix("settings") || path.hasSuffix("power") { headers.add("content-type", "application/json") }
      let response = try await client.fetch(
        HTTPClient.Request(
          method, aether.server + path, headers: headers, body: body.map { .bytes($0) } ?? .none))
      return (Int(response.status), (try? JSON.parse(response.body)) ?? .null)
    }
    let paths = [
      ("GET", "/api/v1/info"), ("GET", "/api/v1/status"), ("GET", "/api/v1/apps"), ("DELETE", "/api/v1/apps?name=lamp"),
      ("POST", "/api/v1/apps/start?name=lamp"), ("POST", "/api/v1/apps/stop?name=lamp"), ("GET", "/api/v1/logs"),
      ("GET", "/api/v1/telemetry"), ("GET", "/api/v1/settings"), ("GET", "/api/v1/ota/status"),
      ("POST", "/api/apps/install"), ("GET", "/api/status"), ("GET", "/api/apps/list"),
      ("POST", "/v1/app-artifacts"), ("GET", "/v1/apps/lamp/state"), ("PUT", "/api/v1/settings"),
      ("POST", "/api/v1/settings"), ("POST", "/api/v1/power"), ("POST", "/api/v1/ota/upload"),
      ("POST", "/api/v1/ota/confirm"), ("POST", "/api/ota/confirm"), ("POST", "/upload"), ("GET", "/api/cmd?c=ls"),
      ("POST", "/api/reboot"),
    ]
    for (method, path) in paths { #expect(try await call(method, path, token: nil).status == 401, "\(path)") }
    let installed = try await call("POST", "/api/apps/install", module, token: token)
    #expect(installed.status == 200 && installed.json["name"] == "lamp", "\(installed.json.text())")
    try await aether.wait("it runs") { try phase(aether) == "Running" }
    let list = try await call("GET", "/api/v1/apps", token: token).json.arrayValue ?? []
    #expect(
      list.count == 1 && list[0]["name"] == "lamp" && list[0]["state"] == "running" && list[0]["version"] == "1.0")
    #expect(try await call("GET", "/api/apps/list", token: token).json["apps"]?.arrayValue?.count == 1)
    try await aether.wait("it writes") { try logs(aether).contains("version 1.0") }
    let lines = try await call("GET", "/api/v1/logs", token: token).json["logs"]?.arrayValue ?? []
    #expect(lines.contains("[lamp] version 1.0"))
    #expect(try await call("POST", "/api/v1/apps/stop?name=lamp", token: token).status == 200)
    #expect(try await call("GET", "/api/v1/apps", token: token).json.arrayValue?.first?["state"] == "stopped")
    let nameless = try await call("POST", "/api/v1/apps/start", token: token)
    #expect(nameless.status == 400 && nameless.json == ["error": "missing ?name"])
    #expect(try await call("POST", "/api/v1/apps/start?name=lamp", token: token).status == 200)
    #expect(try await call("GET", "/api/v1/info", token: token).json["chip"] != nil)
    #expect(try await call("GET", "/api/v1/ota/status", token: token).json["state"] == "idle")
    try await telemetryAndSettings(call: { try await call($0, $1, $2, token: token) })
    // Another user sees nothing of it.
    let other = try self.token(aether, user: "bob")
    #expect(try await call("GET", "/api/v1/apps", token: other).json == [])
    #expect(try await call("POST", "/api/v1/apps/stop?name=lamp", token: other).status == 404)
    #expect(try await call("DELETE", "/api/v1/apps?name=lamp", token: token).status == 200)
    try await aether.wait("it is gone") { try aether.run("get", "app", "lamp").status == 4 }
  }

  /// What a device has and this host does not is said, and never made up.
  private func telemetryAndSettings(
    call: (_ method: String, _ path: String, _ body: [UInt8]?) async throws -> (status: Int, json: JSON)
  ) async throws {
    let telemetry = try await call("GET", "/api/v1/telemetry", nil).json
    let supplies = (try? FileManager.default.contentsOfDirectory(atPath: "/sys/class/power_supply")) ?? []
    if supplies.isEmpty {
      for name in ["battery_pct", "battery_mv", "current_ma", "charging"] {
        #expect(telemetry[name] == .null, "\(name)")
      }
    }
    #expect(telemetry["load"]?.arrayValue?.count == 3, "\(telemetry.text())")
    let (total, available) = (telemetry["memory_total"]?.integerValue, telemetry["memory_available"]?.integerValue)
    #expect(total ?? 0 > 1 << 20 && available ?? .max <= total ?? 0 && telemetry["uptime_s"]?.integerValue ?? 0 > 0)
    let settings = try await call("GET", "/api/v1/settings", nil).json
    #expect(
      settings["devmode_enabled"] == true && settings["display_brightness"] == .null && settings.objectValue?.count == 6
    )
    for method in ["PUT", "POST"] {
      func put(_ text: String) async throws -> (status: Int, json: JSON) {
        try await call(method, "/api/v1/settings", Array(text.utf8))
      }
      #expect(try await put(settings.text()).json == ["status": "ok", "updated": 0])
      let operators = try await put(#"{"devmode_enabled":false}"#)
      #expect(operators.status == 403 && operators.json["error"]?["field"] == "devmode_enabled")
      let dim = try await put(#"{"display_brightness":50}"#)
      #expect(dim.status == 501 && dim.json["error"]?["field"] == "display_brightness", "\(dim.json.text())")
      #expect(try await put(#"{"colour":1}"#).json["error"]?["field"] == "colour")
      #expect(try await put(#"{"power_sleep_s":"long"}"#).json["error"]?["field"] == "power_sleep_s")
    }
    let power = try await call("POST", "/api/v1/power", Array(#"{"action":"reboot"}"#.utf8))
    #expect(power.status == 501 && power.json["error"]?["message"]?.stringValue?.contains("administrator") == true)
    #expect(try await call("POST", "/api/v1/power", Array(#"{"action":"explode"}"#.utf8)).status == 400)
    for path in ["/api/v1/ota/upload", "/upload", "/api/reboot"] {
      #expect(try await call("POST", path, nil).status == 501, "\(path)")
    }
    // Updates of the host are for administrators.
    for path in ["/api/v1/ota/confirm", "/api/ota/confirm"] {
      #expect(try await call("POST", path, nil).status == 403, "\(path)")
    }
    #expect(try await call("GET", "/api/cmd?c=ls", nil).status == 501)
    #expect(try await call("GET", "/api/status", nil).json["ip"] == "127.0.0.1")
  }

  private func token(_ aether: Installation, user: String = "ada") throws -> String {
    let result = try Installation.run(
      "/usr/bin/curl",
      [
        "-s", "--cacert", aether.authority, "-H", "content-type: application/json", "-d", #"{"user":"\#(user)"}"#,
        aether.server + "/v1/dev/token",
      ])
    return try JSON.parse(result.output)["token"]?.stringValue ?? ""
  }

  /// A large upload goes to the disk as it comes; one in pieces goes on where it stopped.
  @Test func uploads() async throws {
    let aether = try await start()
    defer { aether.remove() }
    let token = try token(aether)
    let file = aether.root + "/large"
    var generator = SystemRandomNumberGenerator()
    let block = (0..<8192).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
    try Data().write(to: URL(fileURLWithPath: file))
    let handle = try #require(FileHandle(forWritingAtPath: file))
    for _ in 0..<512 { try handle.write(contentsOf: Data(block)) }
    try handle.close()
    func curl(_ arguments: String...) throws -> JSON {
      let result = try Installation.run(
        "/usr/bin/curl",
        ["-sS", "--cacert", aether.authority, "-H", "authorization: Bearer \(token)", "-H", "expect:"] + arguments)
      guard result.status == 0 else { throw Installation.Failure("curl: \(result.errors)") }
      return try JSON.parse(result.output)
    }
    let started = ContinuousClock.now
    let artifact = try curl(
      "-H", "content-type: application/octet-stream", "-T", file, "-X", "POST", aether.server + "/v1/app-artifacts")
    let seconds = (ContinuousClock.now - started) / .seconds(1)
    print("uploads: 32 MiB in \(seconds) s, \(Int(33.55 / seconds)) MB/s")
    #expect(artifact["size"] == 33_554_432)
    let sum = try Installation.run("/usr/bin/sha256sum", [file]).output.prefix(64)
    #expect(artifact["artifact"]?.stringValue == "sha256:\(sum)")

    let begun = try curl(
      "-H", "content-type: application/json", "-d", #"{"size":20,"sha256":"\#(String(repeating: "0", count: 64))"}"#,
      aether.server + "/v1/app-uploads")
    let id = begun["id"]?.stringValue ?? ""
    func put(_ offset: Int, _ text: String) throws -> JSON {
      try curl(
        "-X", "PUT", "-H", "content-type: application/octet-stream", "-d", text,
        "\(aether.server)/v1/app-uploads/\(id)?offset=\(offset)")
    }
    #expect(try put(0, "0123456789")["received"] == 10)
    #expect(try put(12, "x")["error"]?["code"] == "CONFLICT")
    #expect(
      try curl("-X", "POST", "\(aether.server)/v1/app-uploads/\(id)/commit")["error"]?["code"] == "FAILED_PRECONDITION")
    #expect(try curl("\(aether.server)/v1/app-uploads/\(id)")["received"] == 10)
    #expect(try put(10, "0123456789")["received"] == 20)
    #expect(try curl("-X", "POST", "\(aether.server)/v1/app-uploads/\(id)/commit")["error"]?["code"] == "INVALID")
    #expect(try curl("\(aether.server)/v1/app-uploads/\(id)")["error"]?["code"] == "NOT_FOUND")
  }
}
