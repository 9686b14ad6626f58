import AppFormat
import Artifacts
import AutomataHost
import Bytes
import CLinux
import Control
import Crypto
@preconcurrency import Dispatch
import Gateway
import Glibc
import HTTPServer
import HostUpdate
import Identity
import JSON
import Logging
import Model
import Net
import Node
import Store
import Telemetry
import Version

/// The daemon: puts the parts together, starts them from the bottom up and stops them from the top down.
enum Daemon {
  private static let drainTime = Duration.seconds(5)

  /// - Parameter running: which of the host's versions this process is.
  static func run(_ configuration: Configuration, _ running: (slot: HostSlot, version: HostVersion)) async throws {
    // Whatever this was started with open must not reach the work, which outlives it.
    _ = clinux_close_on_exec_from(3)
    let signals = Signals([SIGINT, SIGTERM, SIGHUP])
    signal(SIGPIPE, SIG_IGN)
    try configureLogging(configuration.log)
    let logger = Logger("aetherd")
    try makeDirectory(configuration.paths.state, mode: 0o711)
    try makeDirectory(configuration.paths.runtime, mode: 0o711)

    let pki = try ensureCertificates(configuration)
    let development = try configuration.usesDevelopmentIssuer ? DevelopmentIssuer.open(configuration.paths.issuer) : nil
    if development != nil {
      logger.warning(
        "the development issuer is on: everyone who can connect to this machine's loopback gets a token for any user")
    }
    let trusted = try configuration.trustedIssuers(development)
    if trusted.isEmpty {
      logger.warning(
        "no issuer of tokens is configured, so every request is refused; set tokens.issuer and tokens.keySet")
    }

    var options = StoreOptions()
    options.changesMax = Int64(configuration.changesKept)
    let store = try ResourceStore(path: configuration.paths.store, options: options)
    defer { store.close() }
    let metrics = MetricsRegistry.shared
    metrics.addProcessMetrics()

    let node = try await NodeRuntime.start(
      NodeRuntime.Options(
        directories: NodeDirectories(state: configuration.paths.node, run: configuration.paths.runtime),
        instance: instanceName(configuration.paths)))
    let adoption = node.adoption
    logger.info(
      "node is ready",
      [
        "adopted": .init(adoption.adopted.count), "lost": .init(adoption.lost.count),
        "removed": .init(adoption.removed.count),
      ])
    let automata = try AutomatonHost(AutomatonHost.Options(directory: configuration.paths.automata))
    await automata.start()
    metrics.addAutomata(automata)
    let audit = try AuditLog(directory: configuration.paths.audit)
    let artifacts = try ArtifactStore(root: configuration.paths.apps + "/artifacts")
    let update = try configuration.hostUpdate(running)
    let runtimes = AppRuntimes(broker: configuration.apps.mqtt, updater: AppUpdates(update)) { owner, entry in
      audit.record(
        AuditLog.AppEntry(
          time: Timestamp(milliseconds: entry.time), user: owner, app: entry.app, event: entry.event.name,
          detail: entry.detail))
    }
    let apps = NodeApps(try configuration.appOptions(runtimes), artifacts: artifacts)
    if configuration.apps.allowsUnsigned { logger.warning("apps that nobody signed are taken: for development only") }
    try await apps.open()
    metrics.addApps(apps, runtimes)
    let controller = Controller(store: store, backend: LocalNodeBackend(node, automata: automata, apps: apps))
    try await controller.start()

    let gateway = Gateway(
      kinds: .standard, store: store, workloads: NodeWorkloads(node: node, controller: controller),
      automata: NodeAutomata(host: automata),
      apps: InstalledApps(apps: apps, runtimes: runtimes, allowsUnsigned: configuration.apps.allowsUnsigned),
      artifacts: artifacts, hostUpdates: NodeUpdates(update: update),
      authenticator: TokenCheck(verifier: TokenVerifier(trusted)),
      developmentTokens: try development.map { try DevelopmentTokenSource($0) }, audit: audit, metrics: metrics,
      logger: Logger("gateway"), configuration: gatewayConfiguration(configuration))
    let group = try EventLoopGroup(count: 2)
    let tls = try serverTLS(pki)
    let server = try HTTPServer.bind(
      try listenAddress(configuration.listen), group: group, tls: tls,
      configuration: gateway.serverConfiguration(), router: gateway.router())
    let control = try ControlSocket.bind(configuration.paths, group: group, store: store)
    gateway.setReady(true)
    logger.info("gateway listens", ["address": .string("https://\(server.address)")])
    update.beginTrial()

    while await signals.next() == SIGHUP {
      do { try tls.reload() } catch { logger.error("certificates are not reloaded", ["error": .init(error)]) }
    }
    logger.info("stopping", ["work": .string(configuration.onExit.rawValue)])
    gateway.setReady(false)
    update.close()
    await server.shutdown(grace: drainTime)
    await control.shutdown(grace: drainTime)
    await controller.stop()
    await automata.shutdown()
    await apps.close()
    if configuration.onExit == .stop { await stopWork(node, logger) }
    await node.shutdown()
    group.shutdown()
    audit.flush()
    logger.info("stopped")
    LogSystem.shared.flush()
  }

  // MARK: Parts

  private static func configureLogging(_ log: Configuration.Log) throws {
    let levels: LogLevels
    do { levels = try LogLevels(parsing: log.level) } catch { throw APIError.invalid("log.level", error.description) }
    guard let format: LogFormat = ["text": .text, "json": .json][log.format] else {
      throw APIError.invalid("log.format", "is \"\(log.format)\"", accepted: "text, json")
    }
    LogSystem.shared.configure(levels: levels, format: format, output: .standardError)
  }

  private static func makeDirectory(_ path: String, mode: mode_t) throws {
    var partial = ""
    for component in path.split(separator: "/") {
      partial += "/\(component)"
      guard mkdir(partial, mode) == 0 || errno == EEXIST else {
        throw APIError(
          .unavailable, "folder \(partial): \(String(cString: strerror(errno))); --root chooses another place")
      }
    }
  }

  private static func ensureCertificates(_ configuration: Configuration) throws -> PKIDirectory {
    let address = try listenAddress(configuration.listen)
    var names = PKIDirectory.Names(trustDomain: configuration.trustDomain)
    switch address {
    case .ipv4(let ip, _) where ip >> 24 != 127 && ip != 0:
      names.serverNames.append(.ip([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: ip >> $0) }))
    case .ipv6(let high, let low, _, _) where high != 0 || low > 1:
      let words = [high, low].flatMap { word in
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
      }
      names.serverNames.append(.ip(words))
    default: break
    }
    return try PKIDirectory.ensure(root: configuration.paths.state, names: names)
  }

  private static func listenAddress(_ text: String) throws(APIError) -> SocketAddress {
    do { return try SocketAddress(parsing: text) } catch {
      throw .invalid("listen", "is \"\(text)\"", accepted: "ADDRESS:PORT such as 127.0.0.1:7443 or [::1]:7443")
    }
  }

  private static func serverTLS(_ pki: PKIDirectory) throws -> TLSContext {
    var tls = TLSConfiguration()
    tls.identity = TLSConfiguration.Identity(chain: .file(pki.server.certificate), key: .file(pki.server.key))
    tls.alpn = HTTPServer.alpn
    return try TLSContext(server: tls)
  }

  private static func gatewayConfiguration(_ configuration: Configuration) -> Gateway.Configuration {
    var gateway = Gateway.Configuration()
    gateway.version = Version.current
    gateway.requestsPerSecond = configuration.rate.requestsPerSecond
    gateway.burst = configuration.rate.burst
    gateway.features = NodeFeatures.probe().features.map(\.json)
    return gateway
  }

  /// Names the control groups of this daemon's work: daemons with other folders must not share them.
  private static func instanceName(_ paths: Configuration.Paths) -> String {
    if paths.state == "/var/lib/aether" { return "main" }
    return Hex.encode(Digest.sha256(paths.state.utf8).prefix(6))
  }

  /// Ends and removes all work from the machine; what is declared stays in the store.
  private static func stopWork(_ node: NodeRuntime, _ logger: Logger) async {
    await withTaskGroup(of: Void.self) { group in
      for cell in await node.list() {
        group.addTask {
          do { try await node.removeCell(cell.configuration.id) } catch {
            logger.error("cell is not removed", ["cell": .string(cell.configuration.name), "error": .init(error)])
          }
        }
      }
    }
  }
}

/// Signals as values to wait for.
final class Signals: Sendable {
  private let received: AsyncStream<Int32>
  private let sources: [any DispatchSourceSignal]

  init(_ numbers: [Int32]) {
    let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
    received = stream
    sources = numbers.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { continuation.yield(number) }
      source.resume()
      return source
    }
  }

  func next() async -> Int32 {
    for await number in received { return number }
    return SIGTERM
  }
}

extension NodeFeatures.Feature {
  /// One line for people.
  var line: String {
    name + String(repeating: " ", count: max(1, 24 - name.count)) + (reason.map { "no   \($0)" } ?? "yes")
  }

  var json: JSON {
    ["name": .string(name), "available": .bool(isAvailable), "reason": reason.map { .string($0) } ?? .null]
  }
}
