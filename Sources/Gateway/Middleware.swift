import HTTP
import HTTPServer
import Logging
import Model
import Net
import Telemetry

/// What middleware leaves for handlers.
enum CallerKey: HTTPContextKey { typealias Value = Caller }
enum RequestIDKey: HTTPContextKey { typealias Value = String }

extension HTTPContext {
  /// - Throws: `unauthenticated` on a path that is open to everyone.
  func caller() throws(APIError) -> Caller {
    guard let caller = self[CallerKey.self] else { throw APIError(.unauthenticated, "a bearer token is needed") }
    return caller
  }
}

/// Names of requests: unique, not guessable, short enough to read out.
enum RequestID {
  static func make() -> String {
    var generator = SystemRandomNumberGenerator()
    let digits = String(generator.next(), radix: 36)
    return String(repeating: "0", count: max(0, 13 - digits.count)) + digits
  }
}

/// Counts and times of requests.
struct RequestMetrics: Sendable {
  let requests: MetricFamily<Counter>
  let seconds: MetricFamily<Histogram>
  let rateLimited: Counter

  init(_ registry: MetricsRegistry) {
    requests = registry.counters(
      "aether_http_requests_total", help: "Requests by method and status", labels: ["method", "status"])
    seconds = registry.histograms(
      "aether_http_request_seconds", help: "Time to the end of the handler", labels: ["method"])
    rateLimited = registry.counter("aether_http_rate_limited_total", help: "Requests refused by the rate limit")
  }
}

extension Gateway {
  /// Paths that need no token. `/metrics` decides by the caller's address.
  private static let openPaths: Set<String> = [
    "/healthz", "/readyz", "/metrics", "/v1/openapi.yaml", "/.well-known/jwks.json", "/v1/dev/token",
  ]

  /// Outermost: gives the request its id, turns errors into answers, and records what happened.
  @Sendable func observe(
    _ request: HTTPRequest, _ context: HTTPContext, _ next: HTTPHandler
  ) async throws -> HTTPResponse {
    let started = MonotonicInstant.now
    let requestID = RequestID.make()
    let user = UserBox()
    var context = context
    context[RequestIDKey.self] = requestID
    context[UserBoxKey.self] = user
    var response: HTTPResponse
    do {
      response = try await next(request, context)
      response.headers.set("x-request-id", requestID)
    } catch {
      response = Failures.response(for: error, requestID: requestID)
      if response.status.code >= 500 {
        logger.error(
          "request failed",
          ["request": "\(requestID)", "path": "\(request.path)", "error": "\(error)"])
      }
    }
    let elapsed = MonotonicInstant.now - started
    let microseconds = elapsed.components.seconds * 1_000_000 + elapsed.components.attoseconds / 1_000_000_000_000
    requestMetrics.requests[request.method.name, String(response.status.code)].increment()
    requestMetrics.seconds[request.method.name].observe(elapsed)
    audit.record(
      AuditLog.Entry(
        time: .now(), requestID: requestID, user: user.name, remoteAddress: context.peer.address.description,
        method: request.method.name, path: request.path, status: response.status.code,
        durationMicroseconds: microseconds))
    return response
  }

  /// Checks the bearer token and the user's rate.
  @Sendable func authenticate(
    _ request: HTTPRequest, _ context: HTTPContext, _ next: HTTPHandler
  ) async throws -> HTTPResponse {
    var context = context
    let isOpen = Gateway.openPaths.contains(request.path)
    if !isOpen || (request.path == "/metrics" && !context.peer.address.isLoopback) {
      let caller = try await authenticator.authenticate(token: try bearerToken(request))
      context[UserBoxKey.self]?.name = caller.user
      context[CallerKey.self] = caller
      try limitRate(of: caller.user)
    } else if !isOpen || request.path == "/v1/dev/token" {
      try limitRate(of: context.peer.address.host)
    }
    return try await next(request, context)
  }

  private func bearerToken(_ request: HTTPRequest) throws(APIError) -> String {
    guard let header = request.headers["authorization"] else {
      throw APIError(.unauthenticated, "a bearer token is needed", field: "Authorization", accepted: "Bearer TOKEN")
    }
    let parts = header.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer", !parts[1].isEmpty else {
      throw APIError(
        .unauthenticated, "Authorization is not a bearer token", field: "Authorization", accepted: "Bearer TOKEN")
    }
    return String(parts[1])
  }

  private func limitRate(of user: String) throws(APIError) {
    let now = MonotonicInstant.now.nanoseconds
    let decision = limiter.withLock { $0.take(user, now: now) }
    guard case .refused(let seconds) = decision else { return }
    requestMetrics.rateLimited.increment()
    throw APIError(
      .rateLimited, "more than \(Int(configuration.requestsPerSecond)) requests per second", retryAfterSeconds: seconds)
  }
}

/// Carries the user's name from the inner middleware to the audit line of the outer one.
final class UserBox: @unchecked Sendable {
  // Sendable: written and read by the one task of the request, one after the other.
  var name: String?
}

enum UserBoxKey: HTTPContextKey { typealias Value = UserBox }
