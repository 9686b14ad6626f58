import AppFormat
import Artifacts
import Glibc
import HTTP
import HTTPServer
import JSON
import Model

/// The paths of devices that apps of the reference are made for, so that their tools find what they look for. They are the
/// resources and routes of `/v1` in other words: same tokens, same owners, same checks. Shell, power and firmware of a device
/// are not there.
extension Gateway {
  var referenceRoutes: [Route] {
    [
      Route(.get, "/api/v1/info", deviceInfo),
      Route(.get, "/api/v1/status", deviceStatus),
      Route(.get, "/api/v1/apps", deviceApps),
      Route(.delete, "/api/v1/apps", deviceUninstall),
      Route(.post, "/api/v1/apps/start") { [self] in try await deviceControl(.start, $0, $1) },
      Route(.post, "/api/v1/apps/stop") { [self] in try await deviceControl(.stop, $0, $1) },
      Route(.get, "/api/v1/logs", deviceLogs),
      Route(.get, "/api/v1/telemetry", deviceTelemetry),
      Route(.get, "/api/v1/settings", deviceSettings),
      Route(.get, "/api/v1/ota/status", firmwareStatus),
      Route(.post, "/api/apps/install", deviceInstall),
      // Older ones.
      Route(.get, "/api/status", olderStatus),
      Route(.get, "/api/system", deviceInfo),
      Route(.get, "/api/logs", deviceLogs),
      Route(.get, "/api/apps/list", olderApps),
      Route(.post, "/api/apps/start") { [self] in try await deviceControl(.start, $0, $1) },
      Route(.post, "/api/apps/stop") { [self] in try await deviceControl(.stop, $0, $1) },
      Route(.post, "/api/apps/uninstall", deviceUninstall),
      Route(.get, "/api/ota/status", firmwareStatus),
    ]
  }

  /// Lines of all apps in one answer.
  private static let logLinesMax = 200

  // MARK: The device

  @Sendable private func deviceInfo(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    var name = utsname()
    uname(&name)
    return .json([
      "name": .string(Machine.text(of: name.nodename)), "fw_version": .string(configuration.version),
      "chip": .string(Machine.text(of: name.machine)),
    ])
  }

  @Sendable private func deviceStatus(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let limits = artifacts.limits
    let used = await artifacts.artifacts(owner: try context.caller().user).reduce(0) { $0 + $1.size }
    return .json([
      "storage_free": .integer(Int64(max(0, limits.ownerBytesMax - used))),
      "storage_total": .integer(Int64(limits.ownerBytesMax)), "uptime_s": .integer(Machine.uptimeSeconds),
    ])
  }

  @Sendable private func olderStatus(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    .json([
      "ip": .string(String((request.headers["host"] ?? "").prefix { $0 != ":" })),
      "uptime": .integer(Machine.uptimeSeconds),
      "mem": .integer(Machine.freeMemoryBytes),
    ])
  }

  /// There is no battery here: nothing is made up.
  @Sendable private func deviceTelemetry(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    .json(["battery_pct": .null, "battery_mv": .null, "current_ma": .null, "charging": false])
  }

  /// Those of the daemon are in its configuration file; there is no display.
  @Sendable private func deviceSettings(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    .json(["devmode_enabled": .bool(apps.allowsUnsigned)])
  }

  @Sendable private func firmwareStatus(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    .json(
      hostUpdates?.status.firmwareStatus
        ?? ["state": "idle", "percent": 0, "running_version": .string(configuration.version)])
  }

  // MARK: Apps

  @Sendable private func deviceApps(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let items = await apps.summaries(owner: try context.caller().user).map { app -> JSON in
      [
        "id": .integer(Int64(app.number)), "name": .string(app.name), "version": .string(app.version),
        "state": .string(app.state), "size": .integer(Int64(app.size)), "crashes": .integer(Int64(app.crashes)),
      ]
    }
    return .json(.array(items))
  }

  @Sendable private func olderApps(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let items = await apps.summaries(owner: try context.caller().user).map { app -> JSON in
      ["name": .string(app.name), "state": .string(app.state)]
    }
    return .json(["apps": .array(items)])
  }

  private func named(_ request: HTTPRequest, _ context: HTTPContext) throws -> ResourceKey? {
    try request.checkQuery(["name"])
    guard let name = request.query("name").first, !name.isEmpty else { return nil }
    guard ResourceName.isValid(name) else {
      throw APIError.invalid("name", "is \"\(name.prefix(80))\"", accepted: ResourceName.accepted)
    }
    return ResourceKey(owner: try context.caller().user, kind: "App", name: name)
  }

  private var missingName: HTTPResponse { .json(["error": "missing ?name"], status: .badRequest) }

  private func deviceControl(
    _ action: AppAction, _ request: HTTPRequest, _ context: HTTPContext
  ) async throws -> HTTPResponse {
    guard let key = try named(request, context) else { return missingName }
    _ = try await apps.perform(action, on: try await find(key))
    return .json(["status": "ok", "name": .string(key.name)])
  }

  @Sendable private func deviceUninstall(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    guard let key = try named(request, context) else { return missingName }
    _ = try await find(key)
    _ = try await store.transaction([.delete(key)])
    return .json(["status": "ok", "name": .string(key.name)])
  }

  /// A module or a package as it is. Without `?name=` it is called as its manifest says.
  @Sendable private func deviceInstall(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let caller = try context.caller()
    let asked = try named(request, context)?.name
    let artifact = try await take(request, by: caller)
    let app = try await install(artifact, as: asked ?? "", by: caller)
    return .json(["status": "ok", "name": .string(app.metadata.name), "size": .integer(Int64(artifact.size))])
  }

  @Sendable private func deviceLogs(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let page = try await store.list(kind: "App", owner: try context.caller().user, limit: 100)
    var wanted = AppLogRequest()
    wanted.tail = Gateway.logLinesMax
    var lines: [(time: Timestamp, text: String)] = []
    for app in page.items {
      guard let parts = try? await apps.logs(of: app, wanted) else { continue }
      for await part in parts { lines += part.map { ($0.time, "[\(app.metadata.name)] \($0.text)") } }
    }
    lines.sort { $0.time < $1.time }
    return .json(["logs": .array(lines.suffix(Gateway.logLinesMax).map { .string($0.text) })])
  }
}

/// The name of an app that came without one.
enum AppNaming {
  @concurrent
  static func name(of bytes: [UInt8]) async throws(APIError) -> String {
    do throws(AppFormatError) {
      let manifest: AppManifest?
      if Gzip.isGzip(bytes) {
        manifest = try AppManifest(json: try AppPackage(bytes).manifest)
      } else {
        manifest = try AppManifest.embedded(in: bytes, try ModuleOutline(bytes))
      }
      let name = plain(manifest?.name ?? "")
      return name.isEmpty ? "app-" + String(CRC32.checksum(bytes.prefix(256)), radix: 16) : name
    } catch {
      throw APIError(.invalid, error.description, field: "body")
    }
  }

  /// What of a name can be one of a resource.
  static func plain(_ name: String) -> String {
    let words = name.utf8.split { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        false
      default: true
      }
    }
    return words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
  }
}

/// Facts about this machine.
private enum Machine {
  static var uptimeSeconds: Int64 {
    var time = timespec()
    return clock_gettime(CLOCK_BOOTTIME, &time) == 0 ? Int64(time.tv_sec) : 0
  }

  static var freeMemoryBytes: Int64 {
    Int64(clamping: sysconf(Int32(_SC_AVPHYS_PAGES))) * Int64(clamping: sysconf(Int32(_SC_PAGESIZE)))
  }

  static func text<Field>(of field: Field) -> String {
    withUnsafeBytes(of: field) { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
