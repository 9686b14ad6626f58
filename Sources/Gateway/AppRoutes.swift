import AppFormat
import Bytes
import HTTP
import HTTPServer
import JSON
import Model
import Store
import WebSocket

/// Installed apps: state, logs, figures, commands, rights.
extension Gateway {
  var appRoutes: [Route] {
    [
      Route(.get, "/v1/apps/{name}/state", appState),
      Route(.get, "/v1/apps/{name}/stats", appStatistics),
      Route(.get, "/v1/apps/{name}/logs", appLogs),
      Route(.get, "/v1/apps/{name}/crashes", appCrashes),
      Route(.get, "/v1/apps/{name}/audit", appAudit),
      Route(.get, "/v1/apps/{name}/screen", appScreen),
      Route(.post, "/v1/apps/{name}/control", controlApp),
      Route(.post, "/v1/apps/{name}/commands", commandApp),
      Route(.post, "/v1/apps/{name}/capabilities", changeCapabilities),
      Route(.get, "/v1/app-events", appEvents),
    ]
  }

  static let commandBytesMax = 4096

  private func app(_ context: HTTPContext) async throws -> Resource { try await find(try key(kind: "App", context)) }

  // MARK: Reading

  private func plain(_ request: HTTPRequest) throws {
    try request.checkQuery([])
    try request.requireAccept("application/json")
  }

  @Sendable private func appState(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try plain(request)
    return .json(try await apps.state(of: try await app(context)))
  }

  @Sendable private func appStatistics(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try plain(request)
    return .json(try await apps.statistics(of: try await app(context)))
  }

  @Sendable private func appCrashes(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try plain(request)
    return .json(["items": .array(try await apps.crashes(of: try await app(context)))])
  }

  @Sendable private func appAudit(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try plain(request)
    return .json(["items": .array(try await apps.audit(of: try await app(context)))])
  }

  @Sendable private func appScreen(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    try request.requireAccept("image/png")
    return HTTPResponse(contentType: "image/png", try await apps.screen(of: try await app(context)))
  }

  @Sendable private func appLogs(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery(["follow", "tail", "from", "timestamps"])
    try request.requireAccept("text/plain", "application/x-ndjson")
    let isJSON = !request.accepts("text/plain")
    let hasTimes = try request.queryFlag("timestamps")
    var wanted = AppLogRequest()
    wanted.follow = try request.queryFlag("follow")
    wanted.tail = try request.queryInteger("tail", 0...1_000_000).map { Int($0) }
    wanted.from = try request.queryInteger("from", 0...Int64.max).map { UInt64($0) }
    let lines = try await apps.logs(of: try await app(context), wanted)
    var headers = HTTPHeaders()
    headers.add("content-type", isJSON ? "application/x-ndjson" : "text/plain; charset=utf-8")
    let body = HTTPResponse.Body.stream(length: nil) { writer in
      for await part in lines {
        var bytes: [UInt8] = []
        for line in part { line.write(to: &bytes, isJSON: isJSON, hasTime: hasTimes) }
        try await writer.write(bytes)
      }
    }
    return HTTPResponse(status: .ok, headers: headers, body: body)
  }

  /// A WebSocket: each change of state of the caller's apps as a message.
  @Sendable private func appEvents(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let caller = try context.caller()
    try request.checkQuery([])
    // Listened to before the answer, so that nothing is missed once it is there.
    let events = await apps.events(owner: caller.user)
    return try WebSocketUpgrade.response(to: request) { [self] socket in
      try await withExpiry(of: caller, socket) {
        for await event in events { try await socket.send(event.text()) }
      }
    }
  }

  // MARK: Changing

  @Sendable private func controlApp(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try plain(request)
    let key = try key(kind: "App", context)
    var reader = try FieldReader(try await request.document(), path: "")
    let word = try reader.string("action")
    try reader.refuseUnknown()
    guard let action = AppAction(rawValue: word) else {
      throw APIError.invalid(
        "action", "is \"\(word.prefix(80))\"", accepted: AppAction.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return .json(try await apps.perform(action, on: try await find(key)))
  }

  /// The app gets the command and, behind a space, its arguments: text as it is, anything else as JSON. Its answer is given
  /// back.
  @Sendable private func commandApp(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try plain(request)
    let key = try key(kind: "App", context)
    let document = try await request.document()
    var reader = try FieldReader(document, path: "")
    let name = try reader.string("command")
    let seconds = try reader.optionalInteger("timeoutSeconds") ?? 5
    var message = name
    if let arguments = document["arguments"], !arguments.isNull {
      message += " " + (arguments.stringValue ?? arguments.text())
    }
    for member in document.objectValue?.names ?? []
    where !["command", "arguments", "timeoutSeconds"].contains(member) {
      throw APIError.invalid(
        String(member.prefix(80)), "is not a known field", accepted: "command, arguments, timeoutSeconds")
    }
    guard (1...256).contains(name.utf8.count) else {
      throw APIError.invalid("command", "has \(name.utf8.count) bytes", accepted: "1 to 256 bytes")
    }
    guard (1...60).contains(seconds) else {
      throw APIError.invalid("timeoutSeconds", "is \(seconds)", accepted: "1 to 60")
    }
    let bytes = Array(message.utf8)
    guard bytes.count <= Gateway.commandBytesMax else {
      throw APIError.invalid(
        "arguments", "make a message of \(bytes.count) bytes", accepted: "up to \(Gateway.commandBytesMax)")
    }
    let answer = try await apps.send(bytes, timeout: .seconds(seconds), to: try await find(key))
    if let json = try? JSON.parse(answer) { return .json(["answer": json]) }
    if let text = String(validating: answer, as: UTF8.self) { return .json(["answer": .string(text)]) }
    return .json(["answerBase64": .string(Base64.encode(answer))])
  }

  /// Changes `spec.capabilities`; the node takes that on at once.
  @Sendable private func changeCapabilities(
    _ request: HTTPRequest, _ context: HTTPContext
  ) async throws -> HTTPResponse {
    try plain(request)
    let key = try key(kind: "App", context)
    var reader = try FieldReader(try await request.document(), path: "")
    let granted = try known(try reader.stringArray("grant"), "grant")
    let revoked = try known(try reader.stringArray("revoke"), "revoke")
    try reader.refuseUnknown()
    guard !granted.isEmpty || !revoked.isEmpty else {
      throw APIError.invalid("grant", "and revoke are empty", accepted: "names of capabilities")
    }
    for _ in 0..<5 {
      var app = try await find(key)
      var spec = app.spec.objectValue ?? [:]
      spec["capabilities"] = .array(
        capabilityList(spec["capabilities"] ?? app.status["capabilities"]?["granted"], grant: granted, revoke: revoked)
          .map { .string($0) })
      app.spec = .object(spec)
      do {
        return .resource(try await declare(app, expected: app.metadata.revision))
      } catch StoreError.conflict {
        continue
      }
    }
    throw APIError(.conflict, "app \(key.name) is being changed by others; try again")
  }

  private func known(_ names: [String], _ field: String) throws(APIError) -> [String] {
    for (index, name) in names.enumerated() where apps.capabilities.capabilities(named: name).isEmpty {
      throw .invalid(
        "\(field)[\(index)]", "is \"\(name.prefix(80))\"",
        accepted: "*, PREFIX.*, " + apps.capabilities.names(of: apps.capabilities.registered).joined(separator: ", "))
    }
    return names
  }

  /// The list after a change. Names stay as they were written where they can; without a list it begins with what the app has.
  private func capabilityList(_ present: JSON?, grant: [String], revoke: [String]) -> [String] {
    let registry = apps.capabilities
    let taken = registry.capabilities(named: revoke)
    // Of an app that is not there yet and has no list: all but what is privileged.
    let names =
      present?.arrayValue?.compactMap(\.stringValue)
      ?? registry.names(of: CapabilitySet(mask: registry.registered.mask & ~CapabilitySet.privileged.mask))
    var list: [String] = []
    for name in names {
      let set = registry.capabilities(named: name)
      if set.containsAny(of: taken) {
        list += registry.names(of: CapabilitySet(mask: set.mask & ~taken.mask))
      } else {
        list.append(name)
      }
    }
    for name in grant {
      let set = registry.capabilities(named: name)
      if registry.capabilities(named: list).intersection(set) != set { list.append(name) }
    }
    return list
  }

  /// Writes a resource of the caller that was checked before or is made here.
  func declare(_ resource: Resource, expected: Int64? = nil) async throws -> Resource {
    let kind = try kinds.require(resource.kind)
    try kind.check(resource, previous: nil)
    let outcome = try await store.transaction([.apply(resource, expected: expected)])
    return outcome.first?.resource ?? resource
  }
}

extension AppLogLine {
  /// The line, ending in a line feed.
  fileprivate func write(to output: inout [UInt8], isJSON: Bool, hasTime: Bool) {
    if isJSON {
      let entry: JSON = [
        "number": .integer(Int64(clamping: number)), "time": .string(time.description), "level": .string(level),
        "line": .string(text),
      ]
      entry.write(to: &output)
    } else {
      if hasTime { output += "\(time) ".utf8 }
      output += text.utf8
    }
    output.append(0x0A)
  }
}
