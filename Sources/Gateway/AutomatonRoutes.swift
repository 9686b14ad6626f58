import HTTP
import HTTPServer
import JSON
import Model
import WebSocket

/// Running automata: state, trace, inputs, control.
extension Gateway {
  var automatonRoutes: [Route] {
    [
      Route(.get, "/v1/automata/{name}/state", automatonState),
      Route(.get, "/v1/automata/{name}/trace", automatonTrace),
      Route(.get, "/v1/automata/{name}/traces", automatonTraces),
      Route(.get, "/v1/automata/{name}/events", automatonEvents),
      Route(.post, "/v1/automata/{name}/inputs", setAutomatonInputs),
      Route(.post, "/v1/automata/{name}/variables", setAutomatonVariables),
      Route(.post, "/v1/automata/{name}/control", controlAutomaton),
    ]
  }

  /// Ticks of one `step`.
  static let stepMax: Int64 = 10_000
  /// Values of one request.
  static let valuesMax = 1024

  private func automaton(_ context: HTTPContext) async throws -> Resource {
    try await find(try key(kind: "Automaton", context))
  }

  @Sendable private func automatonState(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    try request.requireAccept("application/json")
    return .json(try await automata.state(of: try await automaton(context)))
  }

  @Sendable private func automatonTrace(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery(["follow", "tail", "kinds", "run"])
    try request.requireAccept("application/x-ndjson")
    let follow = try request.queryFlag("follow")
    let tail = try request.queryInteger("tail", 0...1_000_000).map { Int($0) }
    let run = try request.queryInteger("run", 1...Int64(UInt32.max)).map { UInt32($0) }
    let kinds = try Gateway.lineKinds(request)
    let lines = try await automata.trace(
      of: try await automaton(context), kinds: kinds, run: run, tail: tail, follow: follow)
    var headers = HTTPHeaders()
    headers.add("content-type", "application/x-ndjson")
    let body = HTTPResponse.Body.stream(length: nil) { writer in
      for await part in lines { try await writer.write(part) }
    }
    return HTTPResponse(status: .ok, headers: headers, body: body)
  }

  @Sendable private func automatonTraces(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    try request.requireAccept("application/json")
    return .json(["items": .array(try await automata.traces(of: try await automaton(context)))])
  }

  /// As a WebSocket: how it stands, then each line of the trace as a message. As a plain request: what happened to the
  /// resource, as for every kind.
  @Sendable private func automatonEvents(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    guard request.headers.contains("upgrade", token: "websocket") else {
      return try await events(of: try key(kind: "Automaton", context), request)
    }
    let caller = try context.caller()
    try request.checkQuery(["kinds"])
    let kinds = try Gateway.lineKinds(request) ?? Gateway.eventKinds.values.reduce(into: []) { $0.formUnion($1) }
    let automaton = try await automaton(context)
    // Listened to before the state is read, so that nothing between the two is missed.
    let lines = try await automata.trace(of: automaton, kinds: kinds, run: nil, tail: 0, follow: true)
    let state = try await automata.state(of: automaton)
    return try WebSocketUpgrade.response(to: request) { [self] socket in
      try await withExpiry(of: caller, socket) {
        try await socket.send((["kind": "state", "state": state] as JSON).text())
        for await part in lines {
          for line in part.split(separator: 10) { try await socket.send(String(decoding: line, as: UTF8.self)) }
        }
      }
    }
  }

  /// What clients ask for, in the words of the trace (docs/automata.md).
  static let eventKinds: [String: Set<String>] = [
    "state": ["start", "stop", "pause", "resume", "reset", "restore", "force"], "transitions": ["transition"],
    "outputs": ["output"], "inputs": ["input", "raise"], "variables": ["variable"], "logs": ["log", "print"],
    "errors": ["error"],
  ]

  private static func lineKinds(_ request: HTTPRequest) throws(APIError) -> Set<String>? {
    guard let text = request.query("kinds").first else { return nil }
    var chosen: Set<String> = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let kinds = eventKinds[String(word)] else {
        throw .invalid(
          "kinds", "has \"\(word.prefix(80))\"", accepted: eventKinds.keys.sorted().joined(separator: ","))
      }
      chosen.formUnion(kinds)
    }
    return chosen
  }

  // MARK: Changing

  @Sendable private func setAutomatonInputs(
    _ request: HTTPRequest, _ context: HTTPContext
  ) async throws -> HTTPResponse { try await set(areInputs: true, request, context) }

  @Sendable private func setAutomatonVariables(
    _ request: HTTPRequest, _ context: HTTPContext
  ) async throws -> HTTPResponse { try await set(areInputs: false, request, context) }

  private func set(areInputs: Bool, _ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    try request.requireAccept("application/json")
    let key = try key(kind: "Automaton", context)
    let document = try await request.document()
    guard let values = document.objectValue else {
      throw APIError.invalid("body", "is \(document.typeName)", accepted: "object of names and values")
    }
    guard (1...Gateway.valuesMax).contains(values.count) else {
      throw APIError.invalid("body", "has \(values.count) values", accepted: "1 to \(Gateway.valuesMax)")
    }
    return .json(try await automata.set(values, areInputs: areInputs, of: try await find(key)))
  }

  @Sendable private func controlAutomaton(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    try request.requireAccept("application/json")
    let key = try key(kind: "Automaton", context)
    let action = try Gateway.action(try await request.document())
    return .json(try await automata.perform(action, on: try await find(key)))
  }

  private static func action(_ document: JSON) throws(APIError) -> AutomatonAction {
    var reader = try FieldReader(document, path: "")
    let word = try reader.string("action")
    let action: AutomatonAction
    switch word {
    case "pause": action = .pause
    case "resume": action = .resume
    case "stop": action = .stop
    case "start": action = .start
    case "reset": action = .reset
    case "step":
      let count = try reader.optionalInteger("count") ?? 1
      guard (1...stepMax).contains(count) else { throw .invalid("count", "is \(count)", accepted: "1 to \(stepMax)") }
      action = .step(Int(count))
    case "force": action = .force(state: try reader.string("state"))
    case "raise": action = .raise(event: try reader.string("event"))
    default:
      throw .invalid(
        "action", "is \"\(word.prefix(80))\"", accepted: "pause, resume, step, stop, start, reset, force, raise")
    }
    try reader.refuseUnknown()
    return action
  }
}
