import CMosquitto
import Glibc
import Linux
import Synchronization

/// A connection to an MQTT broker (3.1.1) that is made again whenever it is lost, on a thread of its own.
public final class MosquittoClient: @unchecked Sendable {
  // Holds across threads: libmosquitto locks what its functions touch, and the rest is behind mutexes or atomics.

  public struct Options: Sendable {
    public enum Security: Sendable, Equatable {
      case plain
      /// Checked with the system's certificates and the host's name.
      case tls
      /// Checked with the certificates of a file, PEM.
      case tlsTrusting(file: String)
    }

    public var host: String
    public var port: UInt16
    public var security: Security
    /// Empty: the broker chooses.
    public var clientID: String
    public var user: String?
    public var password: String?
    public var keepAlive: Duration
    /// Between two attempts to connect: the first wait, and the longest; each is twice the one before.
    public var retryDelay: Duration
    public var retryDelayMax: Duration

    public init(
      host: String, port: UInt16 = 1883, security: Security = .plain, clientID: String = "", user: String? = nil,
      password: String? = nil, keepAlive: Duration = .seconds(60), retryDelay: Duration = .seconds(1),
      retryDelayMax: Duration = .seconds(30)
    ) {
      self.host = host
      self.port = port
      self.security = security
      self.clientID = clientID
      self.user = user
      self.password = password
      self.keepAlive = keepAlive
      self.retryDelay = retryDelay
      self.retryDelayMax = retryDelayMax
    }
  }

  public struct Message: Sendable, Equatable {
    public var topic: String
    public var payload: [UInt8]
    /// It was kept by the broker for new subscribers.
    public var isRetained: Bool

    public init(topic: String, payload: [UInt8], isRetained: Bool) {
      self.topic = topic
      self.payload = payload
      self.isRetained = isRetained
    }
  }

  public enum Event: Sendable {
    case connected
    /// The broker refuses this client, or it cannot be reached; the next attempt follows.
    case failed(String)
    case lost
    case message(Message)
    /// A message has been handed on as its quality of service asks.
    case delivered
  }

  private static let library = mosquitto_lib_init()
  /// How long one wait for the socket takes at most; other threads wake it.
  private static let loopMilliseconds: Int32 = 5000
  private static let connectingMilliseconds: Int32 = 500
  /// From the first packet to the broker's welcome.
  private static let connectSecondsMax = 30

  private let options: Options
  private let handle: OpaquePointer
  private let onEvent: @Sendable (Event) -> Void
  private let connected = Atomic<Bool>(false)
  private let stopping = Atomic<Bool>(false)
  /// Why the broker did not want this client.
  private let refusal = Mutex<String?>(nil)
  private let ended: Flag
  private let sleeper: Flag

  /// Begins to connect.
  ///
  /// - Parameter onEvent: called on the client's thread; it must not wait.
  public init(_ options: Options, onEvent: @escaping @Sendable (Event) -> Void) throws(MosquittoError) {
    try MosquittoError.check(Self.library)
    ended = try Flag()
    sleeper = try Flag()
    let id = options.clientID.isEmpty ? nil : options.clientID
    guard let handle = mosquitto_new(id, true, nil) else { throw .outOfMemory }
    self.handle = handle
    self.options = options
    self.onEvent = onEvent
    try configure()
    do throws(LinuxError) {
      try Thread.start(name: "mqtt") { self.run() }
    } catch { throw .configuration("\(error)") }
  }

  deinit { mosquitto_destroy(handle) }

  private func configure() throws(MosquittoError) {
    mosquitto_user_data_set(handle, Unmanaged.passUnretained(self).toOpaque())
    try MosquittoError.check(mosquitto_threaded_set(handle, true))
    if let user = options.user {
      try MosquittoError.check(mosquitto_username_pw_set(handle, user, options.password))
    }
    switch options.security {
    case .plain: break
    case .tls: try useTLS(file: nil, folder: "/etc/ssl/certs")
    case .tlsTrusting(let file): try useTLS(file: file, folder: nil)
    }
    mosquitto_connect_callback_set(handle) { _, client, code in
      MosquittoClient.from(client)?.connectEnded(code)
    }
    mosquitto_message_callback_set(handle) { _, client, message in
      guard let message = message?.pointee, let topic = message.topic else { return }
      let payload = UnsafeRawBufferPointer(start: message.payload, count: Int(max(0, message.payloadlen)))
      MosquittoClient.from(client)?.onEvent(
        .message(
          Message(topic: String(cString: topic), payload: Array(payload), isRetained: message.retain)))
    }
    mosquitto_publish_callback_set(handle) { _, client, _ in MosquittoClient.from(client)?.onEvent(.delivered) }
  }

  private func useTLS(file: String?, folder: String?) throws(MosquittoError) {
    let code = mosquitto_tls_set(handle, file, folder, nil, nil, nil)
    guard code == MOSQ_ERR_SUCCESS.code else {
      throw .configuration("certificates of \(file ?? folder ?? ""): \(MosquittoError.text(code))")
    }
  }

  private static func from(_ pointer: UnsafeMutableRawPointer?) -> MosquittoClient? {
    // Holds: callbacks come on the client's thread, which keeps the client.
    pointer.map { Unmanaged<MosquittoClient>.fromOpaque($0).takeUnretainedValue() }
  }

  // MARK: The thread

  private func run() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    var delay = options.retryDelay
    while !stopping.load(ordering: .acquiring) {
      var code = connect()
      var wasConnected = false
      var reason: String?
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      let began = time.tv_sec
      while code == MOSQ_ERR_SUCCESS.code, reason == nil, !stopping.load(ordering: .acquiring) {
        code = mosquitto_loop(handle, wasConnected ? Self.loopMilliseconds : Self.connectingMilliseconds, 1)
        wasConnected = wasConnected || connected.load(ordering: .relaxed)
        if wasConnected || code != MOSQ_ERR_SUCCESS.code { continue }
        clock_gettime(CLOCK_MONOTONIC, &time)
        reason = time.tv_sec - began > Self.connectSecondsMax ? "no answer" : socketFailure
      }
      reason = reason ?? refusal.withLock { $0.take() }
      if reason == nil, code == MOSQ_ERR_ERRNO.code { reason = String(cString: strerror(errno)) }
      connected.store(false, ordering: .releasing)
      if stopping.load(ordering: .acquiring) { break }
      onEvent(wasConnected ? .lost : .failed(reason ?? MosquittoError.text(code)))
      if wasConnected { delay = options.retryDelay }
      sleeper.wait(for: delay)
      delay = min(delay * 2, options.retryDelayMax)
    }
    mosquitto_loop(handle, 0, 1)
    ended.set()
  }

  /// Begins to connect. The library's handshake of TLS stands still when it begins before the socket is connected, so that
  /// this waits for it then.
  private func connect() -> Int32 {
    let keepAlive = Int32(options.keepAlive.components.seconds)
    return options.security == .plain
      ? mosquitto_connect_async(handle, options.host, Int32(options.port), keepAlive)
      : mosquitto_connect(handle, options.host, Int32(options.port), keepAlive)
  }

  /// What a socket that does not get connected says.
  private var socketFailure: String? {
    var descriptor = pollfd(fd: mosquitto_socket(handle), events: Int16(POLLOUT), revents: 0)
    guard descriptor.fd >= 0, poll(&descriptor, 1, 0) > 0, Int32(descriptor.revents) & (POLLERR | POLLHUP) != 0 else {
      return nil
    }
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor.fd, SOL_SOCKET, SO_ERROR, &code, &size)
    return String(cString: strerror(code == 0 ? ECONNREFUSED : code))
  }

  private func connectEnded(_ code: Int32) {
    guard code == 0 else { return refusal.withLock { $0 = String(cString: mosquitto_connack_string(code)) } }
    connected.store(true, ordering: .releasing)
    onEvent(.connected)
  }

  // MARK: From any thread

  public var isConnected: Bool { connected.load(ordering: .acquiring) }

  public func publish(
    _ payload: [UInt8], to topic: String, quality: Int, isRetained: Bool
  ) throws(MosquittoError) {
    guard isConnected else { throw .notConnected }
    try MosquittoError.check(
      mosquitto_publish(handle, nil, topic, Int32(payload.count), payload, Int32(quality), isRetained))
  }

  /// Counts for this connection only: subscribe again behind every ``Event/connected``.
  public func subscribe(_ filter: String, quality: Int = 1) throws(MosquittoError) {
    guard isConnected else { throw .notConnected }
    try MosquittoError.check(mosquitto_subscribe(handle, nil, filter, Int32(quality)))
  }

  public func unsubscribe(_ filter: String) throws(MosquittoError) {
    guard isConnected else { throw .notConnected }
    try MosquittoError.check(mosquitto_unsubscribe(handle, nil, filter))
  }

  /// Ends the connection and its thread, which is waited for unless it hangs in connecting. Not callable from `onEvent`.
  public func close() {
    guard !stopping.exchange(true, ordering: .acquiringAndReleasing) else { return }
    // Wakes the thread, too.
    mosquitto_disconnect(handle)
    sleeper.set()
    ended.wait(for: .seconds(2))
  }
}

/// Set once, and waited for.
private final class Flag: Sendable {
  private let reader: Int32
  private let writer: Int32

  init() throws(MosquittoError) {
    do throws(LinuxError) {
      (reader, writer) = try FileDescriptor.Pipe().split()
    } catch { throw .configuration("\(error)") }
  }

  deinit {
    Glibc.close(reader)
    Glibc.close(writer)
  }

  func set() {
    var byte: UInt8 = 1
    _ = write(writer, &byte, 1)
  }

  /// - Parameter duration: `nil`: for ever.
  func wait(for duration: Duration?) {
    let milliseconds =
      duration.map { Int32(clamping: $0.components.seconds * 1000 + $0.components.attoseconds / 1_000_000_000_000_000) }
      ?? -1
    var descriptor = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
    while poll(&descriptor, 1, milliseconds) < 0, errno == EINTR {}
  }
}
