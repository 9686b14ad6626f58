import HTTP
import HTTPServer
import JSON
import Model

/// What updates the machine that this daemon runs on.
public protocol HostUpdates: Sendable {
  var status: HostUpdateStatus { get }
  /// Begins to fetch what lies at an address; the status says what becomes of it.
  func begin(_ url: String) throws(APIError)
  func confirm() throws(APIError)
  func rollback() throws(APIError)
}

/// Where an update of the host stands.
public struct HostUpdateStatus: Sendable {
  public enum State: String, Sendable {
    case idle, receiving, validating, installing, ready, onTrial, confirmed, rolledBack, failed
  }

  public var state: State
  /// Of what is received.
  public var percent: Int?
  /// Why it failed or was rolled back.
  public var reason: String?
  /// The daemon's own version.
  public var running: String
  /// The version that the state is about.
  public var release: String?
  /// The version that a rollback leads to.
  public var previous: String?
  /// Whether there is a key whose updates are taken.
  public var isEnabled: Bool

  public init(
    state: State, percent: Int? = nil, reason: String? = nil, running: String, release: String? = nil,
    previous: String? = nil, isEnabled: Bool
  ) {
    self.state = state
    self.percent = percent
    self.reason = reason
    self.running = running
    self.release = release
    self.previous = previous
    self.isEnabled = isEnabled
  }

  var json: JSON {
    var object: JSONObject = [
      "state": .string(state.rawValue), "running": .string(running), "enabled": .bool(isEnabled),
    ]
    object["percent"] = percent.map { .integer(Int64($0)) }
    object["reason"] = reason.map { .string($0) }
    object["release"] = release.map { .string($0) }
    object["previous"] = previous.map { .string($0) }
    return .object(object)
  }

  /// In the words of the reference: idle, uploading, pending_confirm, error.
  var firmwareStatus: JSON {
    let (word, done): (JSON, Int) =
      switch state {
      case .idle, .confirmed, .rolledBack: ("idle", 0)
      case .receiving: ("uploading", percent ?? 0)
      case .validating, .installing: ("uploading", 100)
      case .ready, .onTrial: ("pending_confirm", 100)
      case .failed: ("error", 0)
      }
    return ["state": word, "percent": .integer(Int64(done)), "running_version": .string(running)]
  }
}

/// Updates of the host. Everybody may look; what changes it is for administrators.
extension Gateway {
  var hostRoutes: [Route] {
    [
      Route(.get, "/v1/host/update", hostUpdate),
      Route(.post, "/v1/host/update", beginHostUpdate),
      Route(.post, "/v1/host/update/confirm") { [self] in
        try settle($0, $1) { (updates) throws(APIError) in try updates.confirm() }
      },
      Route(.post, "/v1/host/update/rollback") { [self] in
        try settle($0, $1) { (updates) throws(APIError) in try updates.rollback() }
      },
    ]
  }

  private static let addressBytesMax = 2048

  private func updates() throws(APIError) -> any HostUpdates {
    guard let hostUpdates else { throw APIError(.notFound, "this host is not updated by its daemon") }
    return hostUpdates
  }

  func administered(_ context: HTTPContext) throws(APIError) -> any HostUpdates {
    guard try context.caller().roles.contains(Caller.administrator) else {
      throw APIError(.forbidden, "the role \(Caller.administrator) is needed")
    }
    return try updates()
  }

  @Sendable private func hostUpdate(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    try request.requireAccept("application/json")
    return .json(try updates().status.json)
  }

  @Sendable private func beginHostUpdate(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    let updates = try administered(context)
    var reader = try FieldReader(try await request.document(), path: "")
    let url = try reader.string("url")
    try reader.refuseUnknown()
    guard url.lowercased().hasPrefix("https://"), (9...Self.addressBytesMax).contains(url.utf8.count),
      url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { throw APIError.invalid("url", "is \"\(url.prefix(80))\"", accepted: "an https:// address") }
    try updates.begin(url)
    return .json(updates.status.json, status: .accepted)
  }

  private func settle(
    _ request: HTTPRequest, _ context: HTTPContext, _ body: (any HostUpdates) throws(APIError) -> Void
  ) throws -> HTTPResponse {
    try request.checkQuery([])
    let updates = try administered(context)
    try body(updates)
    return .json(updates.status.json)
  }
}
