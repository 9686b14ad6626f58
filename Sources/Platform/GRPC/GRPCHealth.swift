import Protobuf
import Synchronization

/// The standard health service (`grpc.health.v1`): what the program says of its services, for load balancers and
/// orchestrators. The empty name stands for the server as a whole and starts as serving.
public final class GRPCHealth: GRPCHealthV1.HealthService {
  public typealias Status = GRPCHealthV1.HealthCheckResponse.ServingStatus

  private struct State {
    var statuses: [String: Status] = ["": .serving]
    var watchers: [Int: (service: String, continuation: AsyncStream<Status>.Continuation)] = [:]
    var nextWatcher = 0
    var isShutDown = false
  }

  private let state = Mutex(State())

  public init() {}

  /// Sets a service's status and tells those who watch it. Without effect after `shutDown`.
  public func set(_ status: Status, for service: String = "") {
    let told: [AsyncStream<Status>.Continuation] = state.withLock { state in
      if state.isShutDown { return [] }
      state.statuses[service] = status
      return state.watchers.values.filter { $0.service == service }.map(\.continuation)
    }
    for continuation in told { continuation.yield(status) }
  }

  /// Says for good that nothing is served any more, and ends all watches, which would hold up the server's own
  /// `shutdown`. Call it first.
  public func shutDown() {
    let told = state.withLock { state in
      state.isShutDown = true
      state.statuses = state.statuses.mapValues { _ in .notServing }
      return state.watchers.values.map(\.continuation)
    }
    for continuation in told {
      continuation.yield(.notServing)
      continuation.finish()
    }
  }

  public var methods: [GRPCMethod] {
    [.immediate("Check", checkNow), .serverStreaming("Watch", watch), .unary("List", list)]
  }

  public func check(
    _ request: GRPCHealthV1.HealthCheckRequest, _ context: GRPCContext
  ) async throws -> GRPCHealthV1.HealthCheckResponse {
    try checkNow(request, context)
  }

  private func checkNow(
    _ request: GRPCHealthV1.HealthCheckRequest, _ context: GRPCContext
  ) throws -> GRPCHealthV1.HealthCheckResponse {
    guard let status = state.withLock({ $0.statuses[request.service] }) else {
      throw GRPCError(.notFound, "there is no service \(request.service)")
    }
    return Self.response(status)
  }

  public func watch(
    _ request: GRPCHealthV1.HealthCheckRequest, _ responses: GRPCResponses<GRPCHealthV1.HealthCheckResponse>,
    _ context: GRPCContext
  ) async throws {
    // Only the newest status matters to a slow watcher.
    let (changes, continuation) = AsyncStream.makeStream(of: Status.self, bufferingPolicy: .bufferingNewest(1))
    let (watcher, first) = state.withLock { state in
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = (request.service, continuation)
      if state.isShutDown { continuation.finish() }
      return (state.nextWatcher, state.statuses[request.service] ?? .serviceUnknown)
    }
    defer { state.withLock { _ = $0.watchers.removeValue(forKey: watcher) } }
    var last = first
    try await responses.send(Self.response(first))
    for await status in changes where status != last {
      last = status
      try await responses.send(Self.response(status))
    }
    throw context.isCancelled ? GRPCError(.cancelled) : GRPCError(.unavailable, "the server is shutting down")
  }

  public func list(
    _ request: GRPCHealthV1.HealthListRequest, _ context: GRPCContext
  ) async throws -> GRPCHealthV1.HealthListResponse {
    var response = GRPCHealthV1.HealthListResponse()
    response.statuses = state.withLock { $0.statuses.mapValues(Self.response) }
    return response
  }

  private static func response(_ status: Status) -> GRPCHealthV1.HealthCheckResponse {
    var response = GRPCHealthV1.HealthCheckResponse()
    response.status = status
    return response
  }
}
