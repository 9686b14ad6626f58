import Arguments
import JSON
import Model
import WebSocket

/// `aether watch`: a stream of changes that survives lost connections.
enum WatchCommand {
  static let all: [Command] = [watch]

  static let watch = Command(
    "watch", "Print changes as they happen",
    discussion: """
      First what there is, then every change. A lost connection is opened again where it was, so that no change is
      missed and none comes twice.
      """,
    options: [
      .value("selector", "l", "LABELS", "Only resources with labels such as tier=web,env!=test"),
      .value("since", nil, "REVISION", "Only changes after this revision"),
      .value("output", "o", "FORM", "Form of the changes", default: "text", choices: ["text", "json"]),
    ],
    operands: [Operand("KIND", "only these kinds, such as cells", .any, completion: .dynamic("kinds"))]
  ) { arguments in
    var position: Int64?
    if let since = arguments.value("since") {
      guard let revision = Int64(since), revision >= 0 else {
        throw UsageError("--since is \"\(since)\"; accepted: a revision such as 42", path: arguments.path)
      }
      position = revision
    }
    let client = try APIClient(arguments)
    var query: [String] = []
    var plurals: [String] = []
    for name in arguments.allOperands("KIND") { plurals.append(try await client.kind(name).plural) }
    if !plurals.isEmpty { query.append("kinds=\(plurals.joined(separator: ","))") }
    if let selector = arguments.value("selector") { query.append("selector=\(APIClient.segment(selector))") }
    let stream = WatchStream(
      sockets: try SocketClient(client), query: query, isJSON: arguments.value("output") == "json")
    try await stream.run(from: position)
    return 0
  }
}

/// The connection of a watch, opened again and again.
private struct WatchStream {
  let sockets: SocketClient
  let query: [String]
  let isJSON: Bool

  /// Runs until it is stopped from outside, or the daemon refuses for good.
  func run(from start: Int64?) async throws {
    var position = start
    var pause = Duration.milliseconds(100)
    var hasConnected = false
    while true {
      do {
        let socket = try await open(position)
        if hasConnected { Output.error("connected again") }
        hasConnected = true
        pause = .milliseconds(100)
        try await follow(socket, &position)
        Output.error("the connection ended")
      } catch let error as APIError where error.code == .compacted {
        Output.error("changes were missed: \(error.message); listing again")
        position = nil
        continue
      } catch let error as APIError where error.code == .unavailable || error.code == .rateLimited {
        // The first attempt fails for good: it is more likely a wrong address than a restart.
        guard hasConnected else { throw error }
        Output.error("\(error.message); trying again")
      } catch let error as WebSocketError {
        Output.error("the connection was lost: \(error); trying again")
      }
      try await Task.sleep(for: pause)
      pause = min(pause * 2, .seconds(5))
    }
  }

  private func open(_ position: Int64?) async throws -> WebSocket {
    let parts = query + (position.map { ["since=\($0)"] } ?? [])
    return try await sockets.connect("/v1/watch" + (parts.isEmpty ? "" : "?" + parts.joined(separator: "&")))
  }

  private func follow(_ socket: WebSocket, _ position: inout Int64?) async throws {
    // Before `synced` the events are the present state; only after it is there a revision to resume from.
    var isSynced = position != nil
    while let message = try await socket.receive() {
      guard case .text(let text) = message else { continue }
      let event = try JSON.parse(text, limits: JSONLimits(depthMax: 128, sizeMax: 8 << 20))
      switch event["type"]?.stringValue {
      case "error":
        throw APIError(envelope: event) ?? APIError(.internal, "the daemon ended the watch: \(text.prefix(200))")
      case "synced":
        isSynced = true
        position = event["revision"]?.integerValue
      default:
        if isSynced, let revision = event["revision"]?.integerValue { position = revision }
      }
      try print(event, text)
    }
  }

  private func print(_ event: JSON, _ text: String) throws {
    if isJSON { return try Output.write(text + "\n") }
    guard let resource = event["resource"] else { return }
    func column(_ value: String?, _ width: Int) -> String {
      let value = value ?? "-"
      return value + String(repeating: " ", count: max(0, width - value.count) + 2)
    }
    let status = resource["status"]
    try Output.write(
      column(Timestamp.now().description, 24) + column(event["type"]?.stringValue, 7)
        + column(resource["kind"]?.stringValue, 8) + column(resource["metadata"]?["name"]?.stringValue, 24)
        + column(status?["phase"]?.stringValue ?? "Pending", 11)
        + Readable.line(status?["message"]?.stringValue ?? "") + "\n")
  }
}
