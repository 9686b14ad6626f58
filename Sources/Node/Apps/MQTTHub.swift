import Crypto
import JSON
import Mosquitto
import Synchronization

/// How a node reaches its broker, and which topics its apps may use.
public struct MQTTOptions: Sendable {
  public var client: MosquittoClient.Options
  /// A file with the password, which only its owner may read.
  public var passwordFile: String?
  /// The node's name in the topics of home automation: letters, digits, `_` and `-`.
  public var node: String
  /// Filters of what an app may publish to and subscribe to; `{app}` stands for its name.
  public var topics: [String]
  /// Instead of ``topics``, by the app's name.
  public var topicsOfApps: [String: [String]]

  public init(
    client: MosquittoClient.Options, passwordFile: String? = nil, node: String = "aether",
    topics: [String] = ["apps/{app}/#"], topicsOfApps: [String: [String]] = [:]
  ) {
    self.client = client
    self.passwordFile = passwordFile
    self.node = node
    self.topics = topics
    self.topicsOfApps = topicsOfApps
  }
}

public enum MQTTSetupError: Error, Equatable, Sendable {
  case password(String)
  case invalidNode(String)
  case invalidTopic(String)
  case client(MosquittoError)
}

/// One connection to a broker for all apps of a node.
public final class MQTTHub: Sendable {
  /// Messages that the broker has not taken yet; more are refused.
  private static let underWayMax = 64

  private struct State {
    var client: MosquittoClient?
    var options: MQTTOptions?
    var inboxes: [ObjectIdentifier: MQTTInbox] = [:]
    /// What is subscribed at the broker, and by how many.
    var filters: [TopicFilter: Int] = [:]
    var lights: [String: Light] = [:]
    var underWay = 0
    var lastFailure: String?
  }

  private struct Light {
    var owner: MQTTInbox
    var name: String
    var topics: LightTopics
  }

  private let state = Mutex(State())

  init() {}

  deinit { state.withLock { $0.client }?.close() }

  // MARK: The node

  /// Connects, and goes on trying when that fails. A connection that was there before is ended.
  public func connect(_ options: MQTTOptions) throws(MQTTSetupError) {
    guard LightTopics.isName(options.node) else { throw .invalidNode(options.node) }
    for topic in options.topics + options.topicsOfApps.values.joined() where TopicFilter(topic) == nil {
      throw .invalidTopic(topic)
    }
    var clientOptions = options.client
    if let path = options.passwordFile { clientOptions.password = try Self.password(path) }
    disconnect()
    state.withLock { state in
      state.options = options
      state.lastFailure = nil
    }
    do throws(MosquittoError) {
      let client = try MosquittoClient(clientOptions) { [weak self] event in self?.handle(event) }
      state.withLock { $0.client = client }
      // It may have connected before it was known here.
      if client.isConnected { subscribeAgain() }
    } catch {
      state.withLock { $0.options = nil }
      throw .client(error)
    }
  }

  public func disconnect() {
    let client = state.withLock { state in
      defer {
        state.client = nil
        state.options = nil
        state.underWay = 0
      }
      return state.client
    }
    client?.close()
  }

  public var isConnected: Bool { state.withLock { $0.client }?.isConnected ?? false }

  /// Why the last attempt to connect failed.
  public var lastFailure: String? { state.withLock { $0.lastFailure } }

  private static func password(_ path: String) throws(MQTTSetupError) -> String {
    let secret: Secret?
    do throws(CryptoError) {
      secret = try ProtectedFile.read(path, ownerOnly: true)
    } catch { throw .password("\(error)") }
    guard let secret else { throw .password("there is no \(path)") }
    var text = String(decoding: secret.exposed(), as: UTF8.self)
    while text.last?.isNewline == true { text.removeLast() }
    return text
  }

  // MARK: The client's thread

  private func handle(_ event: MosquittoClient.Event) {
    switch event {
    case .connected: subscribeAgain()
    case .failed(let reason): state.withLock { $0.lastFailure = reason }
    case .lost: state.withLock { $0.underWay = 0 }
    case .delivered: state.withLock { $0.underWay = max(0, $0.underWay - 1) }
    case .message(let message): deliver(message)
    }
  }

  private func subscribeAgain() {
    let (client, filters, lights) = state.withLock { state in
      state.underWay = 0
      return (state.client, Array(state.filters.keys), Array(state.lights))
    }
    guard let client else { return }
    for filter in filters { try? client.subscribe(filter.text) }
    for (id, light) in lights { announce(id, light, client) }
  }

  private func deliver(_ message: MosquittoClient.Message) {
    guard let topic = TopicFilter(message.topic), !topic.hasWildcards else { return }
    let (inboxes, light) = state.withLock { state in
      (Array(state.inboxes.values), state.lights.first { $0.value.topics.command == message.topic })
    }
    if let (id, light) = light, let command = LightCommand(message.payload) {
      light.owner.deliver(command, to: id)
    }
    for inbox in inboxes { inbox.deliver(message, topic) }
  }

  // MARK: Apps

  /// Whether an app may use a topic, or all topics of a filter.
  func allows(_ app: String, _ filter: TopicFilter) throws(NativeError) -> Bool {
    let options = state.withLock { $0.options }
    guard let options else { throw .noDevice }
    return Self.patterns(options, app).contains { $0.covers(filter) }
  }

  /// What an app may use, for people.
  func allowed(_ app: String) -> String {
    guard let options = state.withLock({ $0.options }) else { return "" }
    return Self.patterns(options, app).map(\.text).joined(separator: ", ")
  }

  private static func patterns(_ options: MQTTOptions, _ app: String) -> [TopicFilter] {
    (options.topicsOfApps[app] ?? options.topics).compactMap { pattern in
      TopicFilter(pattern.split(separator: "{app}", omittingEmptySubsequences: false).joined(separator: app))
    }
  }

  func publish(_ payload: [UInt8], to topic: String, quality: Int, isRetained: Bool) throws(NativeError) {
    let (client, hasRoom) = state.withLock { state in
      guard state.underWay < Self.underWayMax else { return (state.client, false) }
      state.underWay += 1
      return (state.client, true)
    }
    guard let client else { throw .noDevice }
    guard hasRoom else { throw .tryAgain }
    do throws(MosquittoError) {
      try client.publish(payload, to: topic, quality: quality, isRetained: isRetained)
    } catch {
      state.withLock { $0.underWay = max(0, $0.underWay - 1) }
      throw error.native
    }
  }

  /// Subscribes now, or as soon as there is a connection. The broker sends what it keeps once more to all who have this filter.
  func subscribe(_ inbox: MQTTInbox, _ filter: TopicFilter) {
    let client = state.withLock { state in
      state.inboxes[ObjectIdentifier(inbox)] = inbox
      state.filters[filter, default: 0] += 1
      return state.client
    }
    try? client?.subscribe(filter.text)
  }

  /// Forgets everything of an app.
  func leave(_ inbox: MQTTInbox) {
    let filters = inbox.filters
    let (client, unused) = state.withLock { state in
      state.inboxes[ObjectIdentifier(inbox)] = nil
      var unused: [String] = []
      for (id, light) in state.lights where light.owner === inbox {
        state.lights[id] = nil
        unused.append(light.topics.command)
      }
      for filter in filters {
        let count = (state.filters[filter] ?? 1) - 1
        state.filters[filter] = count > 0 ? count : nil
        if count <= 0 { unused.append(filter.text) }
      }
      return (state.client, unused)
    }
    for filter in unused { try? client?.unsubscribe(filter) }
  }

  // MARK: Lights

  func register(_ id: String, name: String, _ inbox: MQTTInbox) throws(NativeError) {
    guard LightTopics.isName(id), (1...64).contains(name.utf8.count) else { throw .invalid }
    let (light, client) = try state.withLock { (state) throws(NativeError) in
      guard let options = state.options, let client = state.client else { throw .noDevice }
      guard state.lights[id].map({ $0.owner === inbox }) ?? true else { throw .exists }
      let light = Light(owner: inbox, name: name, topics: LightTopics(node: options.node, id: id))
      state.lights[id] = light
      return (light, client)
    }
    if client.isConnected { announce(id, light, client) }
  }

  /// Where a light's state goes.
  func topics(of id: String, _ inbox: MQTTInbox) throws(NativeError) -> LightTopics {
    let light = state.withLock { $0.lights[id] }
    guard let light, light.owner === inbox else { throw .notFound }
    return light.topics
  }

  private func announce(_ id: String, _ light: Light, _ client: MosquittoClient) {
    try? client.subscribe(light.topics.command)
    try? client.publish(
      light.topics.configuration(name: light.name), to: light.topics.config, quality: 1, isRetained: true)
  }
}

extension MosquittoError {
  var native: NativeError {
    switch self {
    case .notConnected: .notConnected
    case .invalid: .invalid
    case .outOfMemory: .outOfMemory
    case .configuration, .other: .inputOutput
    }
  }
}
