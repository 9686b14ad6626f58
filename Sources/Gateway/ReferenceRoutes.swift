import AppFormat
import Artifacts
import HTTP
import HTTPServer
import JSON
import Model

/// The paths of devices that apps of the reference are made for, so that their tools find what they look for. They are the
/// resources and routes of `/v1` in other words: same tokens, same owners, same checks. What only a device has, its power, its
/// firmware and its shell, is answered with what this host has instead (`ReferenceDevice.swift`).
extension Gateway {
  var referenceRoutes: [Route] {
    [
      Route(.get, "/api/v1/apps", deviceApps),
      Route(.delete, "/api/v1/apps", deviceUninstall),
      Route(.post, "/api/v1/apps/start") { [self] in try await deviceControl(.start, $0, $1) },
      Route(.post, "/api/v1/apps/stop") { [self] in try await deviceControl(.stop, $0, $1) },
      Route(.get, "/api/v1/logs", deviceLogs),
      Route(.post, "/api/apps/install", deviceInstall),
      // Older ones.
      Route(.get, "/api/logs", deviceLogs),
      Route(.get, "/api/apps/list", olderApps),
      Route(.post, "/api/apps/start") { [self] in try await deviceControl(.start, $0, $1) },
      Route(.post, "/api/apps/stop") { [self] in try await deviceControl(.stop, $0, $1) },
      Route(.post, "/api/apps/uninstall", deviceUninstall),
    ] + referenceDeviceRoutes
  }

  /// Lines of all apps in one answer.
  private static let logLinesMax = 200

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
