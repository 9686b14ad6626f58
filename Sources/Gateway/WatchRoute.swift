import HTTP
import HTTPServer
import JSON
import Logging
import Model
import Store
import WebSocket

/// Changes over a WebSocket.
///
/// Without `since` the present resources come first, each as `created`, then `synced`, then every change. With `since`
/// every change after that revision comes, each exactly once. Every event carries the revision to resume from. When
/// the changes since then are no longer kept, the connection ends with an `error` event of code `COMPACTED`.
extension Gateway {
  var watchRoute: Route { Route(.get, "/v1/watch", watch) }

  @Sendable private func watch(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let caller = try context.caller()
    try request.checkQuery(["kinds", "selector", "since"])
    var chosen: Set<String> = []
    for plural in request.query("kinds").first?.split(separator: ",") ?? [] {
      guard let kind = kinds.kinds.first(where: { $0.plural == plural }) else {
        throw APIError.invalid(
          "kinds", "has \"\(plural.prefix(80))\"", accepted: kinds.kinds.map(\.plural).joined(separator: ","))
      }
      chosen.insert(kind.kind)
    }
    let wanted = chosen
    let selector = try request.query("selector").first.map { text throws(APIError) in try LabelSelector(text) }
    let since = try request.queryInteger("since", 0...Int64.max)
    let filter = ChangeFilter(
      kind: wanted.count == 1 ? wanted.first : nil, owner: caller.user, selector: selector)
    let names = wanted.isEmpty ? kinds.kinds.map(\.kind) : kinds.kinds.map(\.kind).filter(wanted.contains)
    // Errors of an impossible `since` are answers to the request, not events.
    if let since { _ = try store.changes(since: since, filter: filter) }
    return try WebSocketUpgrade.response(to: request) { [self] socket in
      do {
        try await withExpiry(of: caller, socket) { [self] in
          var position = since ?? 0
          if since == nil { position = try await sendPresent(names, caller, selector, socket) }
          for try await change in try store.changes(since: position, filter: filter) {
            guard wanted.isEmpty || wanted.contains(change.resource.kind) else { continue }
            try await socket.send(change.event.text())
          }
        }
      } catch let error as StoreError {
        let event: JSON = ["type": "error", "error": error.apiError.json()["error"] ?? .null]
        try await socket.send(event.text())
        await socket.close(.policyViolation, reason: error.apiError.code.rawValue)
      }
    }
  }

  /// Sends what there is.
  ///
  /// - Returns: the revision after which changes follow without a gap.
  private func sendPresent(
    _ names: [String], _ caller: Caller, _ selector: LabelSelector?, _ socket: WebSocket
  ) async throws -> Int64 {
    // The revision of the first page: a change during the listing is sent twice rather than never.
    var revision: Int64?
    for kind in names {
      var next: String?
      repeat {
        let page = try await store.list(
          kind: kind, owner: caller.user, selector: selector, limit: Int(Gateway.pageSizeMax), continue: next)
        revision = revision ?? page.revision
        for item in page.items {
          let event: JSON = [
            "type": "created", "revision": .integer(item.metadata.revision), "resource": item.json,
          ]
          try await socket.send(event.text())
        }
        next = page.continue
      } while next != nil
    }
    let position = revision ?? store.revision
    try await socket.send((["type": "synced", "revision": .integer(position)] as JSON).text())
    return position
  }

  /// Runs `body` until the peer goes, the token expires, or it ends.
  func withExpiry(
    of caller: Caller, _ socket: WebSocket, _ body: @escaping @Sendable () async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await body() }
      group.addTask {
        // Nothing is expected from the peer but its close.
        while try await socket.receive() != nil {}
      }
      group.addTask {
        try await Task.sleep(for: max(.zero, caller.expiresAt - .now()))
        await socket.close(.policyViolation, reason: "the token has expired")
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }
}

extension Change {
  /// The message of a watch.
  var event: JSON {
    let type =
      switch type {
      case .created: "created"
      case .updated: "updated"
      case .deleted: "deleted"
      }
    return ["type": .string(type), "revision": .integer(revision), "resource": resource.json]
  }
}
