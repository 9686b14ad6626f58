/// What happens on a connection; every call comes on the connection's loop.
///
/// A connection holds its handler strongly until `closed`, which is always the last call.
public protocol ConnectionHandler: AnyObject {
  /// The connection is usable: connected, and the TLS handshake is done where there is one.
  func connected(_ connection: Connection)

  /// Bytes arrived. They are valid during the call only.
  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection)

  /// The peer sends no more (it may still read). By default the connection is closed after its output is flushed.
  func inputEnded(on connection: Connection)

  /// Called once per turn before output is sent (after `write` or `setNeedsFlush`) and again whenever all of it was
  /// taken: the place to produce output on demand. Writing nothing ends the flush.
  func fillOutput(of connection: Connection)

  /// `false`: more than the high-water mark waits to be sent. `true`: it fell to the low-water mark again.
  func writabilityChanged(_ isWritable: Bool, on connection: Connection)

  /// Nothing was read or sent for `Connection.idleTimeout`. By default the connection is closed at once; a handler may
  /// instead send a ping: the next call comes one time-out later.
  func idleTimedOut(on connection: Connection)

  /// The connection is gone.
  func closed(_ reason: CloseReason, on connection: Connection)
}

extension ConnectionHandler {
  public func connected(_ connection: Connection) {}
  public func inputEnded(on connection: Connection) { connection.close() }
  public func fillOutput(of connection: Connection) {}
  public func writabilityChanged(_ isWritable: Bool, on connection: Connection) {}
  public func idleTimedOut(on connection: Connection) { connection.abort(.idleTimeout) }
  public func closed(_ reason: CloseReason, on connection: Connection) {}
}

/// Bounds of one connection.
public struct ConnectionOptions: Sendable {
  /// Waiting output bytes from which `isWritable` is false.
  public var highWaterBytes = 262_144
  /// Waiting output bytes at which `isWritable` turns true again.
  public var lowWaterBytes = 65_536
  /// Waiting output bytes at which the connection is given up with `outputOverflow`: its writer ignores `isWritable`.
  public var outputBytesMax = 67_108_864
  /// Nothing read or sent for this long calls `idleTimedOut`; nil for never.
  public var idleTimeout: Duration?
  /// How long the TLS handshake of an accepted connection may take.
  public var handshakeTimeout: Duration = .seconds(10)
  /// How long after `close` the peer may take to read what is left.
  public var closeTimeout: Duration = .seconds(30)
  /// How long to wait, after everything was sent, for the peer to close its side. Closing at once while its bytes are
  /// still arriving would reset the connection and could cost the peer the end of the output.
  public var lingerTimeout: Duration = .seconds(2)

  public init() {}
}
