import Artifacts
import HTTP
import HTTPServer
import JSON
import Logging
import Model
import Net
import Store
import Synchronization
import Telemetry

/// The only part of the system that outside bytes reach first: REST and WebSocket interface, authentication, rate
/// limits, audit. `schemas/openapi.yaml` is its contract.
public final class Gateway: Sendable {
  /// Bytes of a request's content.
  static let bodyBytesMax = 4 << 20

  public struct Configuration: Sendable {
    public var version = "0.0.0"
    public var requestsPerSecond = 200.0
    public var burst = 400
    /// Features of the node with what is missing for them, for `GET /v1/version`.
    public var features: [JSON] = []

    public init() {}
  }

  let kinds: KindRegistry
  let store: ResourceStore
  let workloads: any Workloads
  let automata: any LiveAutomata
  let apps: any LiveApps
  /// Bytes of apps that were uploaded.
  let artifacts: ArtifactStore
  let hostUpdates: (any HostUpdates)?
  let authenticator: any TokenAuthenticator
  /// `nil` unless the development issuer was asked for.
  let developmentTokens: (any DevelopmentTokens)?
  let configuration: Configuration
  let metrics: MetricsRegistry
  let requestMetrics: RequestMetrics
  let audit: AuditLog
  let logger: Logger
  let limiter: Mutex<RateLimiter>
  let isReady = Atomic<Bool>(false)

  public init(
    kinds: KindRegistry, store: ResourceStore, workloads: any Workloads, automata: any LiveAutomata,
    apps: any LiveApps, artifacts: ArtifactStore, hostUpdates: (any HostUpdates)? = nil,
    authenticator: any TokenAuthenticator,
    developmentTokens: (any DevelopmentTokens)?, audit: AuditLog, metrics: MetricsRegistry, logger: Logger,
    configuration: Configuration
  ) {
    self.kinds = kinds
    self.store = store
    self.workloads = workloads
    self.automata = automata
    self.apps = apps
    self.artifacts = artifacts
    self.hostUpdates = hostUpdates
    self.authenticator = authenticator
    self.developmentTokens = developmentTokens
    self.audit = audit
    self.metrics = metrics
    requestMetrics = RequestMetrics(metrics)
    self.logger = logger
    self.configuration = configuration
    limiter = Mutex(
      RateLimiter(ratePerSecond: configuration.requestsPerSecond, burst: configuration.burst))
  }

  /// What `GET /readyz` says.
  public func setReady(_ ready: Bool) { isReady.store(ready, ordering: .releasing) }

  /// All routes behind the middleware.
  public func router() -> Router {
    Router(
      serviceRoutes + hostRoutes + workloadRoutes + automatonRoutes + appRoutes + uploadRoutes + referenceRoutes + [
        watchRoute
      ]
        + resourceRoutes,
      middleware: [observe, authenticate])
  }

  /// Limits and error answers for the server that the router is served by.
  public func serverConfiguration() -> HTTPServerConfiguration {
    var configuration = HTTPServerConfiguration()
    // Routes take no more than they read; only uploads read more than `bodyBytesMax`.
    configuration.limits.bodyBytes = artifacts.limits.artifactBytesMax
    configuration.renderFailure = { failure, _ in Failures.response(for: failure, requestID: RequestID.make()) }
    return configuration
  }
}
