import CWslay
import Net

/// What happens on a WebSocket; all calls come on its loop.
public protocol WebSocketHandler: AnyObject {
  /// A complete message; text is valid UTF-8. The bytes are valid during the call only.
  func received(_ bytes: UnsafeRawBufferPointer, isText: Bool, on socket: WebSocketConnection)
  /// After `isWritable` was false: there is room again.
  func writable(_ socket: WebSocketConnection)
  func receivedPong(_ data: UnsafeRawBufferPointer, on socket: WebSocketConnection)
  /// The last call.
  func closed(_ code: WebSocketCloseCode, reason: String, on socket: WebSocketConnection)
}

extension WebSocketHandler {
  public func writable(_ socket: WebSocketConnection) {}
  public func receivedPong(_ data: UnsafeRawBufferPointer, on socket: WebSocketConnection) {}
}

/// A WebSocket on a connection, after the handshake. Confined to the connection's loop.
public final class WebSocketConnection: ConnectionHandler, WebSocketCodecDelegate, @unchecked Sendable {
  // Sendable: confined to the loop, as the connection is, which checks it.
  public let connection: Connection
  public let subprotocol: String?
  public var handler: (any WebSocketHandler)?
  private let configuration: ConfigurationBox
  private let role: WebSocketCodec.Role
  private var codec: WebSocketCodec?
  private var isUsingCodec = false
  private var awaitsPong = false
  private var isClosing = false
  private var closeReceived: (code: WebSocketCloseCode, reason: String)?

  /// Shared by the sockets of one upgrade function, to keep a socket small.
  final class ConfigurationBox: Sendable {
    let value: WebSocketConfiguration
    init(_ value: WebSocketConfiguration) { self.value = value }
  }

  init(_ connection: Connection, role: WebSocketCodec.Role, configuration: ConfigurationBox, subprotocol: String?) {
    self.connection = connection
    self.role = role
    self.configuration = configuration
    self.subprotocol = subprotocol
    connection.idleTimeout = configuration.value.pingInterval
  }

  public var loop: EventLoop { connection.loop }
  public var isOpen: Bool { !isClosing && connection.isOpen }
  /// Whether more output is welcome; after false wait for `WebSocketHandler.writable`.
  public var isWritable: Bool { connection.isWritable }

  // MARK: Sending

  /// - Parameter bytes: valid UTF-8 when `isText`.
  public func send(_ bytes: UnsafeRawBufferPointer, isText: Bool) {
    guard isOpen else { return }
    withCodec { $0.send(opcode: isText ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME, bytes) }
  }

  public func send(_ message: WebSocketMessage) {
    switch message {
    case .text(var text): text.withUTF8 { send(UnsafeRawBufferPointer($0), isText: true) }
    case .binary(let bytes): bytes.withUnsafeBytes { send($0, isText: false) }
    }
  }

  /// - Parameter data: the first 125 bytes are sent.
  public func ping(_ data: [UInt8] = []) {
    guard isOpen else { return }
    Array(data.prefix(125)).withUnsafeBytes { bytes in withCodec { $0.send(opcode: WSLAY_PING, bytes) } }
  }

  /// Starts the close handshake; what was sent before still arrives. `WebSocketHandler.closed` follows.
  public func close(_ code: WebSocketCloseCode = .normal, reason: String = "") {
    guard isOpen else { return }
    isClosing = true
    var text = reason
    while text.utf8.count > 123 { text.removeLast() }
    let sent = code.isSendable ? code.rawValue : WebSocketCloseCode.normal.rawValue
    connection.resumeReading()
    loop.schedule(after: configuration.value.closeTimeout) { [weak self] in self?.connection.close() }
    text.withUTF8 { reason in withCodec { $0.close(sent, reason: UnsafeRawBufferPointer(reason)) } }
  }

  /// Ends the connection without a handshake.
  public func abort() { connection.abort() }

  public func pauseReading() { connection.pauseReading() }
  public func resumeReading() { connection.resumeReading() }

  private func withCodec(_ body: (WebSocketCodec) -> Void) {
    let current: WebSocketCodec
    if let codec {
      current = codec
    } else {
      current = WebSocketCodec(
        role: role, messageBytes: configuration.value.messageBytes,
        fragmentsMax: configuration.value.messageFragments, delegate: self)
      codec = current
    }
    if isUsingCodec {
      // From inside one of its callbacks: the outer call looks at the result.
      body(current)
      return
    }
    isUsingCodec = true
    body(current)
    isUsingCodec = false
    if current.isFinished {
      isClosing = true
      connection.close()
    } else if current.isIdle || !connection.isOpen {
      codec = nil
    }
  }

  // MARK: Connection events

  public func connected(_ connection: Connection) {}

  public func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
    awaitsPong = false
    withCodec { $0.receive(bytes) }
  }

  public func writabilityChanged(_ isWritable: Bool, on connection: Connection) {
    if isWritable { handler?.writable(self) }
  }

  public func idleTimedOut(on connection: Connection) {
    if awaitsPong || connection.pendingOutputBytes > 0 {
      connection.abort(.idleTimeout)
    } else if isOpen, !connection.isReadingPaused {
      awaitsPong = true
      ping()
    }
  }

  public func closed(_ reason: CloseReason, on connection: Connection) {
    let last = handler
    handler = nil
    let sent = codec?.sentCode.map { WebSocketCloseCode(rawValue: $0) }
    if !isUsingCodec { codec = nil }
    if let closeReceived {
      last?.closed(closeReceived.code, reason: closeReceived.reason, on: self)
    } else if let sent, [.protocolError, .invalidPayload, .messageTooBig].contains(sent) {
      last?.closed(sent, reason: "", on: self)
    } else {
      last?.closed(.abnormal, reason: "", on: self)
    }
  }

  // MARK: Codec events

  func codec(_ codec: WebSocketCodec, received bytes: UnsafeRawBufferPointer, isText: Bool) {
    handler?.received(bytes, isText: isText, on: self)
  }

  func codecReceivedPong(_ codec: WebSocketCodec, _ data: UnsafeRawBufferPointer) {
    handler?.receivedPong(data, on: self)
  }

  func codecReceivedClose(_ codec: WebSocketCodec, code: UInt16, reason: UnsafeRawBufferPointer) {
    isClosing = true
    closeReceived = (WebSocketCloseCode(rawValue: code), String(decoding: reason, as: UTF8.self))
  }

  func codec(_ codec: WebSocketCodec, send bytes: UnsafeRawBufferPointer) { connection.write(bytes) }
}
