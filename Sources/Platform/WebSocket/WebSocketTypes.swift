/// A complete message.
public enum WebSocketMessage: Sendable, Equatable {
  case text(String)
  case binary([UInt8])

  var byteCount: Int {
    switch self {
    case .text(let text): text.utf8.count
    case .binary(let bytes): bytes.count
    }
  }
}

/// Why a WebSocket was closed (RFC 6455 section 7.4).
public struct WebSocketCloseCode: Sendable, Hashable, RawRepresentable {
  public var rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let normal = WebSocketCloseCode(rawValue: 1000)
  public static let goingAway = WebSocketCloseCode(rawValue: 1001)
  public static let protocolError = WebSocketCloseCode(rawValue: 1002)
  public static let unsupportedData = WebSocketCloseCode(rawValue: 1003)
  /// The peer's close frame named no code. Never sent.
  public static let noStatus = WebSocketCloseCode(rawValue: 1005)
  /// The connection ended without a close frame. Never sent.
  public static let abnormal = WebSocketCloseCode(rawValue: 1006)
  /// Text that is not UTF-8.
  public static let invalidPayload = WebSocketCloseCode(rawValue: 1007)
  public static let policyViolation = WebSocketCloseCode(rawValue: 1008)
  public static let messageTooBig = WebSocketCloseCode(rawValue: 1009)
  public static let internalError = WebSocketCloseCode(rawValue: 1011)

  /// Whether the code may stand in a close frame (RFC 6455 section 7.4.1).
  var isSendable: Bool {
    switch rawValue {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }
}

/// Bounds and time-outs of one WebSocket.
public struct WebSocketConfiguration: Sendable {
  /// Bytes of a received message, over all its fragments; more closes with 1009.
  public var messageBytes = 1 << 20
  /// Frames of one received message.
  public var messageFragments = 16_384
  /// After this long without traffic a ping is sent; after twice as long without any answer the connection is given up.
  /// Nil for never.
  public var pingInterval: Duration? = .seconds(30)
  /// How long the peer may take to answer a close frame.
  public var closeTimeout: Duration = .seconds(5)
  /// Received and not yet taken bytes, of the async interface, from which reading from the socket stops.
  public var queueBytes = 256 * 1024
  /// Subprotocols, preferred first.
  public var protocols: [String] = []

  public init() {}
}

/// What can go wrong with a WebSocket.
public enum WebSocketError: Error, Sendable, Equatable {
  case closed(WebSocketCloseCode, reason: String)
  /// The server answered the handshake with something else than an upgrade.
  case refused(status: Int)
  case invalidHandshake(String)
}
