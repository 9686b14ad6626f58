/// Bounds of one HTTP/2 connection. Every queue and counter that a peer can drive has one.
public struct HTTP2Limits: Sendable {
  /// Streams the peer may have open at once (SETTINGS_MAX_CONCURRENT_STREAMS).
  public var concurrentStreams = 1000
  /// Bytes of one header block, counted as RFC 9113 section 6.5.2 does (name + value + 32 per field).
  public var headerListBytes = 64 * 1024
  /// Receive window of a stream: how much the peer may send before the reader takes some.
  public var streamWindowBytes = 256 * 1024
  /// Receive window of the connection.
  public var connectionWindowBytes = 4 << 20
  /// Unread bytes over all streams after which the connection's own window is no longer opened by mere receipt.
  public var unreadBytes = 8 << 20
  /// Largest frame accepted, 16384...16777215 (SETTINGS_MAX_FRAME_SIZE).
  public var frameBytes = 16384
  /// Streams the peer may reset in a burst, then per second, before the connection is closed (CVE-2023-44487).
  public var resetBurst = 1000
  public var resetsPerSecond = 100
  /// Pings that a client may send in a burst, then per second, while no content goes either way; more end the
  /// connection with ENHANCE_YOUR_CALM.
  public var pingBurst = 100
  public var pingsPerSecond = 10
  /// Entries in one SETTINGS frame.
  public var settingsEntries = 32
  /// SETTINGS and PING acknowledgements waiting to be sent before the connection is closed.
  public var queuedAcknowledgements = 1000

  public init() {}
}

/// Error codes of RST_STREAM and GOAWAY (RFC 9113 section 7).
public struct HTTP2ErrorCode: Sendable, Hashable, RawRepresentable {
  public var rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let noError = HTTP2ErrorCode(rawValue: 0)
  public static let protocolError = HTTP2ErrorCode(rawValue: 1)
  public static let internalError = HTTP2ErrorCode(rawValue: 2)
  public static let flowControlError = HTTP2ErrorCode(rawValue: 3)
  public static let settingsTimeout = HTTP2ErrorCode(rawValue: 4)
  public static let streamClosed = HTTP2ErrorCode(rawValue: 5)
  public static let frameSizeError = HTTP2ErrorCode(rawValue: 6)
  public static let refusedStream = HTTP2ErrorCode(rawValue: 7)
  public static let cancel = HTTP2ErrorCode(rawValue: 8)
  public static let compressionError = HTTP2ErrorCode(rawValue: 9)
  public static let connectError = HTTP2ErrorCode(rawValue: 10)
  public static let enhanceYourCalm = HTTP2ErrorCode(rawValue: 11)
  public static let inadequateSecurity = HTTP2ErrorCode(rawValue: 12)
  public static let http11Required = HTTP2ErrorCode(rawValue: 13)
}

/// Why a session can go no further.
public enum HTTP2Error: Error, Sendable, Equatable {
  /// The peer broke the protocol or a limit; the text is the library's.
  case protocolViolation(String)
  /// No request can be started: the peer sent GOAWAY, stream identifiers ran out, or the session was closed.
  case unavailable(String)
  case outOfMemory
}
