import HTTP
import Net

/// HTTP/2 on one connection of a client; confined to its loop.
final class ClientTransport: ConnectionHandler, HTTP2SessionDelegate, @unchecked Sendable {
  // Sendable: touched on the loop only.

  let loop: EventLoop
  private weak var client: GRPCClient?
  private let keepaliveInterval: Duration?
  private let keepaliveTimeout: Duration
  private let connectTimeout: Duration
  private var connection: Connection?
  private var session: HTTP2Session?
  private var isReady = false
  /// Whether the time for the server's settings is over.
  private var isLate = false
  private var isDraining = false
  private var timer: TimerToken?
  private var heardSomething = false
  private var pingIsOpen = false
  private var ended: GRPCError?

  init(_ client: GRPCClient) {
    self.client = client
    loop = client.loop
    keepaliveInterval = client.configuration.keepaliveInterval
    keepaliveTimeout = client.configuration.keepaliveTimeout
    connectTimeout = client.configuration.connect.timeout
  }

  func attach(_ connection: Connection) { self.connection = connection }

  var acceptsCalls: Bool { !isDraining && session?.acceptsRequests == true }

  func start(_ call: ClientCall, _ authority: String) {
    guard let session, let connection else { return }
    do throws(HTTP2Error) {
      call.placed(on: self)
      try call.open(on: session, scheme: connection.isTLS ? "https" : "http", authority: authority)
      if timer == nil, let keepaliveInterval { watch(after: keepaliveInterval) }
    } catch {
      call.end(GRPCError(.unavailable, "\(error)"))
    }
  }

  /// Ends everything at once.
  func end() {
    isDraining = true
    if ended == nil { ended = GRPCError(.cancelled, "the client was closed") }
    isLost = true
    if let session {
      session.terminate(.noError)
      _ = try? session.drain { connection?.write($0) }
      session.invalidate()
    }
    connection?.close()
  }

  /// Ends the connection when its last call is done.
  func endWhenIdle() {
    isDraining = true
    if session?.openStreams == 0 { end() }
  }

  func callEnded() { if isDraining, session?.openStreams == 0 { end() } }

  /// Whether the connection is gone.
  private(set) var isLost = false
  /// Why calls on this connection end when it does.
  var loss: GRPCError { ended ?? GRPCError(.unavailable, "the connection was lost") }

  // MARK: Connection events

  func connected(_ connection: Connection) {
    do throws(HTTP2Error) {
      session = try HTTP2Session(role: .client, delegate: self)
      connection.setNeedsFlush()
      timer = loop.schedule(after: connectTimeout) { [weak self] in
        guard let self else { return }
        timer = nil
        isLate = true
        self.connection?.abort()
      }
    } catch {
      connection.abort()
    }
  }

  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
    guard let session else { return }
    heardSomething = true
    session.receive(bytes, on: connection)
  }

  func fillOutput(of connection: Connection) { session?.fillOutput(of: connection) }

  func http2NeedsFlush(_ session: HTTP2Session) { connection?.setNeedsFlush() }

  func writabilityChanged(_ isWritable: Bool, on connection: Connection) {
    if isWritable { connection.setNeedsFlush() }
  }

  func closed(_ reason: CloseReason, on connection: Connection) {
    if let timer { loop.cancel(timer) }
    timer = nil
    if ended == nil { ended = GRPCError(.unavailable, "the connection was lost: \(reason)") }
    if isReady {
      client?.retired(self)
    } else {
      client?.failed(isLate ? "the server sent no HTTP/2 settings in time" : "no connection: \(reason)")
    }
    isLost = true
    session?.invalidate()
    session = nil
    self.connection = nil
  }

  // MARK: Session events

  func http2ReceivedSettings(_ session: HTTP2Session) {
    guard !isReady else { return }
    isReady = true
    if let timer { loop.cancel(timer) }
    timer = nil
    if let client { client.ready(self) } else { end() }
  }

  func http2(_ session: HTTP2Session, receivedGoAway code: HTTP2ErrorCode, lastStreamID: Int32) {
    isDraining = true
    client?.retired(self)
    if session.openStreams == 0 { connection?.close() }
  }

  // MARK: Keepalive

  private func watch(after delay: Duration) {
    timer = loop.schedule(after: delay) { [weak self] in self?.look() }
  }

  private func look() {
    timer = nil
    guard let session, let connection, let keepaliveInterval, session.openStreams > 0 else { return }
    if heardSomething {
      heardSomething = false
      pingIsOpen = false
      watch(after: keepaliveInterval)
    } else if pingIsOpen {
      ended = GRPCError(.unavailable, "the server does not answer pings")
      connection.abort()
    } else {
      pingIsOpen = true
      session.ping(0)
      watch(after: keepaliveTimeout)
    }
  }
}
