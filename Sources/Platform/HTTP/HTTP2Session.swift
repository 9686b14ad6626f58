import CNghttp2

/// What happens on a connection as a whole. Calls come from inside the session's own methods.
public protocol HTTP2SessionDelegate: AnyObject {
  /// A client opened a stream (server role). Set `stream.handler` here to get the rest of it.
  func http2(
    _ session: HTTP2Session, received head: HTTPRequestHead, on stream: HTTP2Stream, endOfStream: Bool)
  /// A request's headers went over the limit; what was read of them is dropped. The default answers 431.
  func http2(_ session: HTTP2Session, headersTooLargeOn stream: HTTP2Stream)
  /// No stream above `lastStreamID` was or will be processed by the peer.
  func http2(_ session: HTTP2Session, receivedGoAway code: HTTP2ErrorCode, lastStreamID: Int32)
  func http2ReceivedSettings(_ session: HTTP2Session)
  func http2(_ session: HTTP2Session, receivedPingAcknowledgement data: UInt64)
  /// The peer sent a PING; the session answers it.
  func http2ReceivedPing(_ session: HTTP2Session)
  /// There is output to `drain`. Called once until the next `drain`.
  func http2NeedsFlush(_ session: HTTP2Session)
}

extension HTTP2SessionDelegate {
  public func http2(
    _ session: HTTP2Session, received head: HTTPRequestHead, on stream: HTTP2Stream, endOfStream: Bool
  ) {}
  public func http2(_ session: HTTP2Session, headersTooLargeOn stream: HTTP2Stream) {
    stream.respond(HTTPResponseHead(status: .requestHeaderFieldsTooLarge), endOfStream: true)
    stream.reset(.noError)
  }
  public func http2(_ session: HTTP2Session, receivedGoAway code: HTTP2ErrorCode, lastStreamID: Int32) {}
  public func http2ReceivedSettings(_ session: HTTP2Session) {}
  public func http2(_ session: HTTP2Session, receivedPingAcknowledgement data: UInt64) {}
  public func http2ReceivedPing(_ session: HTTP2Session) {}
}

/// The HTTP/2 protocol of one connection, either role, without any I/O: received bytes go into `receive`, bytes to
/// send come out of `drain`. nghttp2 holds the state machine.
///
/// Confined to one thread (an event loop's). The owner calls `invalidate` when the connection ends; that also breaks
/// the reference cycles between session and streams.
public final class HTTP2Session {
  public enum Role: Sendable { case server, client }

  public let role: Role
  public let limits: HTTP2Limits
  private unowned let owner: any HTTP2SessionDelegate
  /// Nil once invalidated.
  var delegate: (any HTTP2SessionDelegate)? { isInvalidated ? nil : owner }
  public private(set) var isInvalidated = false

  var library: OpaquePointer?
  var live: [HTTP2Stream] = []
  /// The header block being received; blocks of one connection never interleave.
  var incoming = IncomingHeaders()
  var emptyFrames = 0
  /// Pieces of content and header blocks sent and received; a peer whose pings come with none wants nothing else.
  public internal(set) var exchanges = 0
  private var writable: [HTTP2Stream] = []
  private var unreadBytes = 0
  private var withheldConnectionCredit = 0
  private var flushRequested = false
  private var isDraining = false

  /// - Parameter delegate: not retained; it must invalidate the session before it goes.
  public init(role: Role, limits: HTTP2Limits = HTTP2Limits(), delegate: any HTTP2SessionDelegate) throws(HTTP2Error) {
    self.role = role
    self.limits = limits
    owner = delegate
    var option: OpaquePointer?
    guard nghttp2_option_new(&option) == 0 else { throw .outOfMemory }
    defer { nghttp2_option_del(option) }
    nghttp2_option_set_no_auto_window_update(option, 1)
    nghttp2_option_set_no_closed_streams(option, 1)
    nghttp2_option_set_max_settings(option, limits.settingsEntries)
    nghttp2_option_set_max_outbound_ack(option, limits.queuedAcknowledgements)
    nghttp2_option_set_stream_reset_rate_limit(option, UInt64(limits.resetBurst), UInt64(limits.resetsPerSecond))
    nghttp2_option_set_peer_max_concurrent_streams(option, UInt32(limits.concurrentStreams))
    let this = Unmanaged.passUnretained(self).toOpaque()
    let code =
      role == .server
      ? nghttp2_session_server_new2(&library, HTTP2Callbacks.serverTable, this, option)
      : nghttp2_session_client_new2(&library, HTTP2Callbacks.clientTable, this, option)
    guard code == 0 else { throw .outOfMemory }
    submitInitialSettings()
  }

  deinit { nghttp2_session_del(library) }

  private func submitInitialSettings() {
    func entry(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
      nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(clamping: value))
    }
    var entries = [
      entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindowBytes),
      entry(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, limits.frameBytes),
      entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headerListBytes),
    ]
    if role == .server {
      entries.append(entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreams))
    } else {
      entries.append(entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
    }
    nghttp2_submit_settings(library, 0, entries, entries.count)
    nghttp2_session_set_local_window_size(library, 0, 0, Int32(clamping: limits.connectionWindowBytes))
    needsFlush()
  }

  // MARK: Bytes in and out

  /// Feeds bytes from the peer. After an error, `drain` what is left (it may hold a GOAWAY) and close.
  public func receive(_ bytes: UnsafeRawBufferPointer) throws(HTTP2Error) {
    guard !isInvalidated, let start = bytes.baseAddress else { return }
    let count = nghttp2_session_mem_recv(library, start.assumingMemoryBound(to: UInt8.self), bytes.count)
    if count < 0 { throw .protocolViolation(String(cString: nghttp2_strerror(Int32(count)))) }
    if nghttp2_session_want_write(library) != 0 { needsFlush() }
  }

  /// Hands pending output to `sink`, piece by piece, until about `limit` bytes were given or nothing is left.
  /// The bytes are valid during the call only; `sink` must not call into the session.
  /// - Returns: how many bytes were given.
  @discardableResult
  public func drain(
    limit: Int = 64 * 1024, _ sink: (UnsafeRawBufferPointer) -> Void
  ) throws(HTTP2Error) -> Int {
    guard !isInvalidated, !isDraining else { return 0 }
    isDraining = true
    flushRequested = true
    defer {
      isDraining = false
      flushRequested = false
    }
    var total = 0
    while true {
      while total < limit {
        var start: UnsafePointer<UInt8>?
        let count = nghttp2_session_mem_send(library, &start)
        if count < 0 { throw .protocolViolation(String(cString: nghttp2_strerror(Int32(count)))) }
        if count == 0 { break }
        sink(UnsafeRawBufferPointer(start: start, count: count))
        total += count
      }
      if writable.isEmpty || isInvalidated { return total }
      let ready = writable
      writable = []
      for stream in ready { stream.handler?.http2StreamWritable(stream) }
      if isInvalidated || total >= limit { return total }
    }
  }

  /// Appends pending output to `buffer`; see `drain(limit:_:)`.
  @discardableResult
  public func drain(into buffer: inout [UInt8], limit: Int = 64 * 1024) throws(HTTP2Error) -> Int {
    try drain(limit: limit) { buffer.append(contentsOf: $0) }
  }

  /// Whether `drain` would give something.
  public var hasOutput: Bool { !isInvalidated && nghttp2_session_want_write(library) != 0 }

  /// Neither side has anything left to say: close the connection.
  public var isFinished: Bool {
    isInvalidated || (nghttp2_session_want_read(library) == 0 && nghttp2_session_want_write(library) == 0)
  }

  /// Ends every stream with `code`; nothing is sent or accepted any more. Call when the connection is gone.
  public func invalidate(_ code: HTTP2ErrorCode = .cancel) {
    guard !isInvalidated else { return }
    isInvalidated = true
    writable = []
    // `live` stays as it is: nghttp2 may hold pointers to these streams until it is deleted with the session.
    for stream in live { stream.close(code) }
  }

  public var openStreams: Int { isInvalidated ? 0 : live.count }

  // MARK: Connection-level frames

  /// A graceful end, first step (server role): clients learn that they should open no new stream here, while those
  /// under way are still accepted. Follow with `goAway` after at least one round trip.
  public func announceShutdown() {
    guard !isInvalidated else { return }
    nghttp2_submit_shutdown_notice(library)
    needsFlush()
  }

  /// Accepts no new stream; those open go on. When they are done `isFinished` turns true.
  public func goAway(_ code: HTTP2ErrorCode = .noError) {
    guard !isInvalidated else { return }
    let last = nghttp2_session_get_last_proc_stream_id(library)
    nghttp2_submit_goaway(library, 0, last, code.rawValue, nil, 0)
    needsFlush()
  }

  /// Sends GOAWAY and ends the session even if streams are open.
  public func terminate(_ code: HTTP2ErrorCode) {
    guard !isInvalidated else { return }
    nghttp2_session_terminate_session(library, code.rawValue)
    needsFlush()
  }

  /// Sends a PING; the answer comes as `receivedPingAcknowledgement` with the same data.
  public func ping(_ data: UInt64) {
    guard !isInvalidated else { return }
    withUnsafeBytes(of: data.bigEndian) { bytes in
      _ = nghttp2_submit_ping(library, 0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
    needsFlush()
  }

  /// How many streams the peer lets this side open at once.
  public var remoteConcurrentStreams: Int {
    guard !isInvalidated else { return 0 }
    return Int(nghttp2_session_get_remote_settings(library, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
  }

  /// Whether `submitRequest` can still succeed (client role).
  public var acceptsRequests: Bool {
    !isInvalidated && nghttp2_session_check_request_allowed(library) != 0
  }

  // MARK: Requests (client role)

  /// Opens a stream. When the peer's stream limit is reached the request waits inside the session.
  public func submitRequest(
    _ head: HTTPRequestHead, endOfStream: Bool, handler: any HTTP2StreamHandler
  ) throws(HTTP2Error) -> HTTP2Stream {
    guard acceptsRequests else { throw .unavailable("the connection takes no new requests") }
    let stream = HTTP2Stream(session: self)
    stream.handler = handler
    let target = head.target
    let id = HTTP2Fields.withRequest(head, target: target) { fields in
      let user = Unmanaged.passUnretained(stream).toOpaque()
      if endOfStream {
        return nghttp2_submit_request(library, nil, fields.baseAddress, fields.count, nil, user)
      }
      var provider = HTTP2Callbacks.provider(stream)
      return nghttp2_submit_request(library, nil, fields.baseAddress, fields.count, &provider, user)
    }
    guard id > 0 else {
      stream.session = nil
      throw .unavailable(String(cString: nghttp2_strerror(id)))
    }
    stream.id = id
    stream.markRequestSubmitted(endOfStream: endOfStream)
    add(stream)
    needsFlush()
    return stream
  }

  // MARK: What streams need

  func submitResponse(_ stream: HTTP2Stream, _ head: HTTPResponseHead, hasBody: Bool) {
    exchanges &+= 1
    HTTP2Fields.withResponse(head) { fields in
      if hasBody {
        var provider = HTTP2Callbacks.provider(stream)
        nghttp2_submit_response(library, stream.id, fields.baseAddress, fields.count, &provider)
      } else {
        nghttp2_submit_response(library, stream.id, fields.baseAddress, fields.count, nil)
      }
    }
    needsFlush()
  }

  func submitInformational(_ stream: HTTP2Stream, _ head: HTTPResponseHead) {
    HTTP2Fields.withResponse(head) { fields in
      _ = nghttp2_submit_headers(
        library, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, nil, fields.baseAddress, fields.count, nil)
    }
    needsFlush()
  }

  func submitTrailers(_ stream: HTTP2Stream, _ trailers: HTTPHeaders) {
    HTTP2Fields.withTrailers(trailers) { fields in
      _ = nghttp2_submit_trailer(library, stream.id, fields.baseAddress, fields.count)
    }
  }

  func submitReset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
    nghttp2_submit_rst_stream(library, 0, stream.id, code.rawValue)
    needsFlush()
  }

  func resume(_ stream: HTTP2Stream) { nghttp2_session_resume_data(library, stream.id) }

  func becameWritable(_ stream: HTTP2Stream) { writable.append(stream) }

  func needsFlush() {
    guard !flushRequested, !isInvalidated else { return }
    flushRequested = true
    delegate?.http2NeedsFlush(self)
  }

  func received(_ stream: HTTP2Stream, _ count: Int) {
    stream.unreadBytes += count
    unreadBytes += count
    if unreadBytes <= limits.unreadBytes {
      nghttp2_session_consume_connection(library, count)
    } else {
      withheldConnectionCredit += count
    }
  }

  func consumed(_ stream: HTTP2Stream, _ count: Int) {
    nghttp2_session_consume_stream(library, stream.id, count)
    released(count)
    needsFlush()
  }

  private func released(_ count: Int) {
    unreadBytes -= count
    guard withheldConnectionCredit > 0 else { return }
    let credit = min(withheldConnectionCredit, count)
    withheldConnectionCredit -= credit
    nghttp2_session_consume_connection(library, credit)
  }

  func add(_ stream: HTTP2Stream) {
    stream.liveIndex = live.count
    live.append(stream)
  }

  func closed(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
    let last = live.removeLast()
    if last !== stream {
      live[stream.liveIndex] = last
      last.liveIndex = stream.liveIndex
    }
    released(stream.unreadBytes)
    stream.unreadBytes = 0
    stream.close(code)
  }
}
