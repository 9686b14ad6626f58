import HTTP
import Net

/// HTTP/2 on one server connection.
final class HTTP2Connection: ConnectionHandler, HTTP2SessionDelegate, ServerConnection {
  /// Round trips to clients are shorter; the final GOAWAY follows the announcement after this.
  private static let goAwayDelay = Duration.seconds(1)

  let context: ServerLoop
  let connection: Connection
  let peer: HTTPPeer
  private var session: HTTP2Session?
  private var streams: [HTTP2ServerStream] = []
  private var requests = 0
  private var isDraining = false
  private var pingsUnanswered = 0
  private var pingAllowance: PingAllowance
  private var rateTimer: TimerToken?

  init(_ connection: Connection, peer: HTTPPeer, context: ServerLoop) {
    self.connection = connection
    self.peer = peer
    self.context = context
    pingAllowance = PingAllowance(context.configuration.limits.http2)
  }

  // MARK: Connection events

  func connected(_ connection: Connection) {
    do throws(HTTP2Error) {
      session = try HTTP2Session(role: .server, limits: context.configuration.limits.http2, delegate: self)
      context.add(self)
    } catch {
      connection.abort()
    }
  }

  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
    guard let session else { return }
    pingsUnanswered = 0
    session.receive(bytes, on: connection)
  }

  func fillOutput(of connection: Connection) { session?.fillOutput(of: connection) }

  func http2NeedsFlush(_ session: HTTP2Session) { connection.setNeedsFlush() }

  func writabilityChanged(_ isWritable: Bool, on connection: Connection) {
    if isWritable { connection.setNeedsFlush() }
  }

  func idleTimedOut(on connection: Connection) {
    guard let session else { return }
    if session.openStreams == 0 {
      session.goAway()
      _ = try? session.drain { connection.write($0) }
      connection.close()
    } else if connection.pendingOutputBytes > 0 || pingsUnanswered > 0 {
      connection.abort(.idleTimeout)
    } else {
      pingsUnanswered += 1
      session.ping(0)
    }
  }

  func closed(_ reason: CloseReason, on connection: Connection) {
    if let rateTimer { connection.loop.cancel(rateTimer) }
    rateTimer = nil
    context.remove(self)
    session?.invalidate()
    session = nil
  }

  func drain() {
    guard !isDraining, let session else { return }
    isDraining = true
    session.announceShutdown()
    connection.loop.schedule(after: Self.goAwayDelay) { self.session?.goAway() }
    // Without streams there is nothing to wait for.
    if session.openStreams == 0 { session.goAway() }
  }

  func abort() { connection.abort() }

  // MARK: Session events

  func http2(_ session: HTTP2Session, received head: HTTPRequestHead, on stream: HTTP2Stream, endOfStream: Bool) {
    requests += 1
    if requests == context.configuration.limits.requestsPerConnection { drain() }
    let serverStream = HTTP2ServerStream(
      request: head, stream: stream, peer: peer, expectsContent: !endOfStream, context: context)
    stream.handler = serverStream
    if let length = head.headers["content-length"].flatMap({ Int($0) }),
      length > context.configuration.limits.bodyBytes
    {
      serverStream.fail(HTTPFailure(.contentTooLarge))
      return
    }
    context.accept(serverStream)
    if !endOfStream { watchRate(of: serverStream) }
  }

  func http2(_ session: HTTP2Session, headersTooLargeOn stream: HTTP2Stream) {
    let (head, content) = context.response(for: HTTPFailure(.requestHeaderFieldsTooLarge), request: nil)
    stream.respond(head)
    stream.write(content)
    stream.finish()
  }

  func http2ReceivedPing(_ session: HTTP2Session) {
    if pingAllowance.take(at: connection.loop.now, exchanges: session.exchanges) { return }
    session.terminate(.enhanceYourCalm)
  }

  // MARK: Rate of arrival

  private func watchRate(of stream: HTTP2ServerStream) {
    guard stream.enforcesRate, context.configuration.limits.bodyBytesPerSecond > 0 else { return }
    streams.append(stream)
    if rateTimer == nil { startRateTimer() }
  }

  private func startRateTimer() {
    rateTimer = connection.loop.schedule(after: context.configuration.limits.bodyRateInterval) { [self] in
      checkRates()
    }
  }

  private func checkRates() {
    rateTimer = nil
    let limits = context.configuration.limits
    let wanted = Double(limits.bodyBytesPerSecond) * (limits.bodyRateInterval / .seconds(1))
    streams.removeAll { $0.isClosed || !$0.expectsContent || !$0.enforcesRate }
    for stream in streams where !stream.arrives(atLeast: wanted) {
      if stream.hasResponded { stream.reset(.cancel) } else { stream.fail(HTTPFailure(.requestTimeout)) }
    }
    if !streams.isEmpty { startRateTimer() }
  }
}
