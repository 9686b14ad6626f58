import HTTP
import HTTPServer
import JSON
import Model
import Net
import Telemetry

/// The service itself: health, figures, version, its own description, and development tokens.
extension Gateway {
  var serviceRoutes: [Route] {
    [
      Route(
        .get, "/healthz",
        .immediate { request, _ in
          try request.checkQuery([])
          return .text("ok\n")
        }),
      Route(.get, "/readyz", ready),
      Route(.get, "/metrics", figures),
      Route(
        .get, "/v1/openapi.yaml",
        .immediate { request, _ in
          try request.checkQuery([])
          return HTTPResponse(contentType: "application/yaml", PackageResources.openapi_yaml)
        }),
      Route(.get, "/v1/version", version),
      Route(.get, "/.well-known/jwks.json", keySet),
      Route(.post, "/v1/dev/token", developmentToken),
    ]
  }

  @Sendable private func ready(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    guard isReady.load(ordering: .acquiring) else { throw APIError(.unavailable, "the daemon is starting or stopping") }
    return .text("ready\n")
  }

  @Sendable private func figures(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    return HTTPResponse(contentType: MetricText.contentType, metrics.text())
  }

  @Sendable private func version(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    try request.requireAccept("application/json")
    return .json(["version": .string(configuration.version), "features": .array(configuration.features)])
  }

  @Sendable private func keySet(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    guard let developmentTokens else { throw APIError(.notFound, "the development issuer is off") }
    return .json(developmentTokens.keySet)
  }

  /// Loopback only: whoever can connect there as another user of the machine gets a token too, which is why this is off
  /// unless asked for.
  @Sendable private func developmentToken(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    guard let developmentTokens else { throw APIError(.notFound, "the development issuer is off") }
    guard context.peer.address.isLoopback else {
      throw APIError(.forbidden, "development tokens are given on loopback only")
    }
    var reader = try FieldReader(try await request.document(), path: "")
    let user = try reader.string("user")
    let roles = try reader.stringArray("roles")
    let lifetime = try reader.optionalInteger("lifetimeSeconds") ?? 3600
    try reader.refuseUnknown()
    guard ResourceName.isValid(user), !user.contains("/") else {
      throw APIError.invalid(
        "user", "is \"\(user.prefix(80))\"", accepted: "1 to 63 of a-z, A-Z, 0-9 and -, not starting or ending with -")
    }
    for (index, role) in roles.enumerated() where role != Caller.administrator {
      throw APIError.invalid("roles[\(index)]", "is \"\(role.prefix(80))\"", accepted: Caller.administrator)
    }
    guard (1...86_400).contains(lifetime) else {
      throw APIError.invalid("lifetimeSeconds", "is \(lifetime)", accepted: "1 to 86400")
    }
    let (token, expiresAt) = try developmentTokens.issue(
      user: user, roles: roles, lifetimeSeconds: Int(lifetime))
    var response = HTTPResponse.json(["token": .string(token), "expiresAt": .string(expiresAt.description)])
    response.headers.set("cache-control", "no-store")
    return response
  }
}

extension SocketAddress {
  /// 127.0.0.0/8, ::1, IPv4 loopback mapped into IPv6, or a Unix socket.
  var isLoopback: Bool {
    switch self {
    case .ipv4(let address, _): address >> 24 == 127
    case .ipv6(let high, let low, _, _): high == 0 && (low == 1 || low >> 24 == 0xFFFF_7F)
    case .unix: true
    }
  }
}
