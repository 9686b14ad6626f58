import CNghttp2

/// Pseudo fields and fields of the header block being received.
struct IncomingHeaders {
  var method = HTTPMethod.get
  var path = ""
  var query: String?
  var authority = ""
  var scheme = ""
  var status = HTTPStatus(0)
  var headers = HTTPHeaders()
  var listBytes = 0
  var isTooLarge = false

  mutating func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, limitBytes: Int) {
    listBytes += name.count + value.count + 32
    guard listBytes <= limitBytes else {
      isTooLarge = true
      return
    }
    guard name.first == UInt8(ascii: ":") else {
      headers.addChecked(nameBytes: name, valueBytes: value)
      return
    }
    // nghttp2 has checked that the pseudo field is a known one, fits the role and occurs once.
    switch (name.count, name[2]) {
    case (5, _): setTarget(value)
    case (7, UInt8(ascii: "e")): method = HTTPMethod(String(decoding: value, as: UTF8.self))
    case (7, UInt8(ascii: "c")): scheme = String(decoding: value, as: UTF8.self)
    case (7, UInt8(ascii: "t")):
      status = HTTPStatus(value.reduce(0) { $0 * 10 + Int($1 &- UInt8(ascii: "0")) })
    case (10, _): authority = String(decoding: value, as: UTF8.self)
    default: break
    }
  }

  private mutating func setTarget(_ value: UnsafeRawBufferPointer) {
    if let mark = value.firstIndex(of: UInt8(ascii: "?")) {
      path = String(decoding: value[..<mark], as: UTF8.self)
      query = String(decoding: value[(mark + 1)...], as: UTF8.self)
    } else {
      path = String(decoding: value, as: UTF8.self)
      query = nil
    }
  }
}

/// The C side of `HTTP2Session`. `user` is the session, unretained: it is alive while its own methods run.
/// A stream's user data is the `HTTP2Stream`, kept alive by `HTTP2Session.live` until the close callback.
enum HTTP2Callbacks {
  private static let failure = Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)

  /// Frames without content that a peer may send in a row; more is an attack on CPU time.
  private static let emptyFramesInARow = 10_000

  /// nghttp2 never writes to a table after it was made, so that all sessions of all threads share one per role.
  nonisolated(unsafe) static let clientTable = table(.client)
  nonisolated(unsafe) static let serverTable = table(.server)

  private static func table(_ role: HTTP2Session.Role) -> OpaquePointer? {
    var table: OpaquePointer?
    guard nghttp2_session_callbacks_new(&table) == 0 else { return nil }
    nghttp2_session_callbacks_set_on_begin_headers_callback(table, beginHeaders)
    nghttp2_session_callbacks_set_on_header_callback(table, header)
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, data)
    nghttp2_session_callbacks_set_on_frame_recv_callback(table, frame)
    nghttp2_session_callbacks_set_on_stream_close_callback(table, close)
    if role == .server { nghttp2_session_callbacks_set_on_frame_send_callback(table, sent) }
    return table
  }

  private static func session(_ user: UnsafeMutableRawPointer?) -> HTTP2Session? {
    guard let user else { return nil }
    let session = Unmanaged<HTTP2Session>.fromOpaque(user).takeUnretainedValue()
    return session.isInvalidated ? nil : session
  }

  private static func stream(_ library: OpaquePointer?, _ id: Int32) -> HTTP2Stream? {
    guard let user = nghttp2_session_get_stream_user_data(library, id) else { return nil }
    return Unmanaged<HTTP2Stream>.fromOpaque(user).takeUnretainedValue()
  }

  static func provider(_ stream: HTTP2Stream) -> nghttp2_data_provider {
    var provider = nghttp2_data_provider()
    provider.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
    provider.read_callback = { _, _, buffer, capacity, flags, source, _ in
      guard let buffer, let flags, let pointer = source?.pointee.ptr else { return Int(HTTP2Callbacks.failure) }
      let stream = Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
      return stream.produce(into: buffer, capacity: capacity, flags: &flags.pointee)
    }
    return provider
  }

  private static let beginHeaders: nghttp2_on_begin_headers_callback = { library, frame, user in
    guard let session = session(user), let frame else { return failure }
    session.incoming = IncomingHeaders()
    if session.role == .server, frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
      let stream = HTTP2Stream(session: session)
      stream.id = frame.pointee.hd.stream_id
      session.add(stream)
      nghttp2_session_set_stream_user_data(library, stream.id, Unmanaged.passUnretained(stream).toOpaque())
    }
    return 0
  }

  private static let header: nghttp2_on_header_callback = { _, _, name, nameCount, value, valueCount, _, user in
    guard let session = session(user) else { return failure }
    session.incoming.add(
      name: UnsafeRawBufferPointer(start: name, count: nameCount),
      value: UnsafeRawBufferPointer(start: value, count: valueCount), limitBytes: session.limits.headerListBytes)
    return 0
  }

  private static let data: nghttp2_on_data_chunk_recv_callback = { library, _, id, bytes, count, user in
    guard let session = session(user) else { return failure }
    session.emptyFrames = 0
    session.exchanges &+= 1
    guard let stream = stream(library, id) else {
      nghttp2_session_consume(library, id, count)
      return 0
    }
    session.received(stream, count)
    if let handler = stream.handler {
      handler.http2(stream, received: UnsafeRawBufferPointer(start: bytes, count: count))
    } else {
      stream.consume(count)
    }
    return 0
  }

  private static let close: nghttp2_on_stream_close_callback = { library, id, code, user in
    guard let session = session(user) else { return 0 }
    if let stream = stream(library, id) { session.closed(stream, HTTP2ErrorCode(rawValue: code)) }
    return 0
  }

  /// A response without content that is complete before its request: the client need not send the rest (RFC 9113
  /// section 8.1), and some wait for ever unless they are told so. After content, clients finish by themselves, and
  /// some take a reset at that point for a failure.
  private static let sent: nghttp2_on_frame_send_callback = { library, frame, _ in
    guard let frame, frame.pointee.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 else { return 0 }
    let header = frame.pointee.hd
    guard header.type == NGHTTP2_HEADERS.rawValue, frame.pointee.headers.cat == NGHTTP2_HCAT_RESPONSE,
      nghttp2_session_get_stream_remote_close(library, header.stream_id) == 0
    else { return 0 }
    nghttp2_submit_rst_stream(library, 0, header.stream_id, NGHTTP2_NO_ERROR.rawValue)
    return 0
  }

  private static let frame: nghttp2_on_frame_recv_callback = { library, frame, user in
    guard let session = session(user), let frame else { return failure }
    let header = frame.pointee.hd
    let endOfStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
    switch UInt32(header.type) {
    case NGHTTP2_DATA.rawValue:
      if header.length == 0, !endOfStream { return countEmpty(session) }
      if endOfStream, let stream = stream(library, header.stream_id) { stream.handler?.http2StreamEnded(stream) }
    case NGHTTP2_HEADERS.rawValue:
      session.emptyFrames = 0
      session.exchanges &+= 1
      if let stream = stream(library, header.stream_id) {
        received(session, stream, category: frame.pointee.headers.cat, endOfStream: endOfStream)
      }
    case NGHTTP2_SETTINGS.rawValue:
      if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 { session.delegate?.http2ReceivedSettings(session) }
      return countEmpty(session)
    case NGHTTP2_PING.rawValue:
      if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 {
        let data = withUnsafeBytes(of: frame.pointee.ping.opaque_data) { $0.loadUnaligned(as: UInt64.self) }
        session.delegate?.http2(session, receivedPingAcknowledgement: UInt64(bigEndian: data))
      } else {
        session.delegate?.http2ReceivedPing(session)
      }
      return countEmpty(session)
    case NGHTTP2_GOAWAY.rawValue:
      session.delegate?.http2(
        session, receivedGoAway: HTTP2ErrorCode(rawValue: frame.pointee.goaway.error_code),
        lastStreamID: frame.pointee.goaway.last_stream_id)
    case NGHTTP2_PRIORITY.rawValue: return countEmpty(session)
    default: break
    }
    return 0
  }

  private static func countEmpty(_ session: HTTP2Session) -> Int32 {
    session.emptyFrames += 1
    return session.emptyFrames > emptyFramesInARow ? failure : 0
  }

  private static func received(
    _ session: HTTP2Session, _ stream: HTTP2Stream, category: nghttp2_headers_category, endOfStream: Bool
  ) {
    var block = IncomingHeaders()
    swap(&block, &session.incoming)
    if block.isTooLarge {
      if category == NGHTTP2_HCAT_REQUEST {
        session.delegate?.http2(session, headersTooLargeOn: stream)
      } else {
        stream.reset(.enhanceYourCalm)
      }
      return
    }
    switch (session.role, category) {
    case (.server, NGHTTP2_HCAT_REQUEST):
      let head = HTTPRequestHead(
        method: block.method, path: block.path, query: block.query,
        authority: block.authority.isEmpty ? block.headers["host"] ?? "" : block.authority, scheme: block.scheme,
        headers: block.headers, version: .http2)
      session.delegate?.http2(session, received: head, on: stream, endOfStream: endOfStream)
    case (.client, _) where !stream.receivedFinalHead:
      stream.receivedFinalHead = !block.status.isInformational
      stream.handler?.http2(
        stream, received: HTTPResponseHead(status: block.status, headers: block.headers, version: .http2))
      if endOfStream { stream.handler?.http2StreamEnded(stream) }
    default:
      stream.handler?.http2(stream, receivedTrailers: block.headers)
      if endOfStream { stream.handler?.http2StreamEnded(stream) }
    }
  }
}
