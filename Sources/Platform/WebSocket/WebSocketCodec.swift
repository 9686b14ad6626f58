import CWslay

/// What a codec finds, and what it wants sent. Calls come from inside the codec's methods.
protocol WebSocketCodecDelegate: AnyObject {
  func codec(_ codec: WebSocketCodec, received bytes: UnsafeRawBufferPointer, isText: Bool)
  func codecReceivedPong(_ codec: WebSocketCodec, _ data: UnsafeRawBufferPointer)
  func codecReceivedClose(_ codec: WebSocketCodec, code: UInt16, reason: UnsafeRawBufferPointer)
  func codec(_ codec: WebSocketCodec, send bytes: UnsafeRawBufferPointer)
}

/// Frames of one WebSocket in both directions, without I/O. wslay holds the protocol: masking rules, fragmentation,
/// UTF-8, control frames, message size and the close handshake.
///
/// A codec weighs about 9 kB. Between messages it has no state (`isIdle`), so that its owner drops it then and makes
/// another when there is something to read or write.
final class WebSocketCodec {
  enum Role: Sendable { case server, client }

  let role: Role
  private unowned let delegate: any WebSocketCodecDelegate
  private let fragmentsMax: Int
  private var context: wslay_event_context_ptr?
  private var input = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Bytes given to wslay, and bytes that the frames begun so far consist of. Equal between frames.
  private var fedBytes: UInt64 = 0
  private var framedBytes: UInt64 = 0
  private var isInsideMessage = false
  private var fragments = 0
  private var isBroken = false

  /// - Parameter delegate: not retained; it must outlive the codec.
  init(role: Role, messageBytes: Int, fragmentsMax: Int, delegate: any WebSocketCodecDelegate) {
    self.role = role
    self.delegate = delegate
    self.fragmentsMax = fragmentsMax
    let this = Unmanaged.passUnretained(self).toOpaque()
    let code =
      role == .server
      ? wslay_event_context_server_init(&context, WebSocketCallbacks.table, this)
      : wslay_event_context_client_init(&context, WebSocketCallbacks.table, this)
    if code == 0 {
      wslay_event_config_set_max_recv_msg_length(context, UInt64(messageBytes))
    } else {
      isBroken = true
    }
  }

  deinit { if let context { wslay_event_context_free(context) } }

  /// Nothing is half read, half written or being closed.
  var isIdle: Bool {
    !isBroken && fedBytes == framedBytes && !isInsideMessage && wslay_event_want_write(context) == 0
      && wslay_event_get_close_sent(context) == 0 && wslay_event_get_close_received(context) == 0
  }

  /// The close handshake is done, or the codec failed: end the connection.
  var isFinished: Bool {
    isBroken || (wslay_event_want_read(context) == 0 && wslay_event_want_write(context) == 0)
  }

  /// The code that this side sent (1002, 1007 or 1009 when the peer broke a rule); nil when it sent no close frame.
  var sentCode: UInt16? {
    guard let context, wslay_event_get_close_sent(context) != 0 else { return nil }
    return wslay_event_get_status_code_sent(context)
  }

  /// Feeds bytes from the peer and sends what the protocol answers by itself.
  func receive(_ bytes: UnsafeRawBufferPointer) {
    guard !isBroken else { return }
    input = bytes
    let failed = wslay_event_recv(context) != 0
    input = UnsafeRawBufferPointer(start: nil, count: 0)
    flush()
    // A frame that breaks the protocol has queued a close frame, which is on its way now.
    if failed { isBroken = true }
  }

  func send(opcode: wslay_opcode, _ bytes: UnsafeRawBufferPointer) {
    guard !isBroken else { return }
    var message = wslay_event_msg(
      opcode: UInt8(opcode.rawValue), msg: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
      msg_length: bytes.count)
    if wslay_event_queue_msg(context, &message) == Int32(WSLAY_ERR_NOMEM.rawValue) { isBroken = true }
    flush()
  }

  /// - Parameter reason: at most 123 bytes of UTF-8.
  func close(_ code: UInt16, reason: UnsafeRawBufferPointer) {
    guard !isBroken else { return }
    wslay_event_queue_close(context, code, reason.baseAddress?.assumingMemoryBound(to: UInt8.self), reason.count)
    flush()
  }

  private func flush() {
    if !isBroken, wslay_event_send(context) != 0 { isBroken = true }
  }

  // MARK: What the C callbacks do

  fileprivate func take(_ buffer: UnsafeMutablePointer<UInt8>, _ capacity: Int) -> Int {
    let count = min(capacity, input.count)
    guard count > 0, let start = input.baseAddress else {
      wslay_event_set_error(context, Int32(WSLAY_ERR_WOULDBLOCK.rawValue))
      return -1
    }
    UnsafeMutableRawPointer(buffer).copyMemory(from: start, byteCount: count)
    input = UnsafeRawBufferPointer(rebasing: input[count...])
    fedBytes += UInt64(count)
    return count
  }

  fileprivate func put(_ bytes: UnsafeRawBufferPointer) { delegate.codec(self, send: bytes) }

  fileprivate func frameBegan(_ frame: wslay_event_on_frame_recv_start_arg) {
    let length = frame.payload_length
    let lengthBytes: UInt64 = length > 65_535 ? 8 : length > 125 ? 2 : 0
    framedBytes &+= 2 + lengthBytes + (role == .server ? 4 : 0) &+ length
    guard frame.opcode < 8 else { return }
    isInsideMessage = frame.fin == 0
    fragments = frame.opcode == 0 ? fragments + 1 : 1
    if fragments > fragmentsMax {
      wslay_event_queue_close(context, WebSocketCloseCode.messageTooBig.rawValue, nil, 0)
      wslay_event_shutdown_read(context)
    }
  }

  fileprivate func received(_ message: wslay_event_on_msg_recv_arg) {
    let bytes = UnsafeRawBufferPointer(start: message.msg, count: message.msg_length)
    switch UInt32(message.opcode) {
    case WSLAY_TEXT_FRAME.rawValue: delegate.codec(self, received: bytes, isText: true)
    case WSLAY_BINARY_FRAME.rawValue: delegate.codec(self, received: bytes, isText: false)
    case WSLAY_PONG.rawValue: delegate.codecReceivedPong(self, bytes)
    case WSLAY_CONNECTION_CLOSE.rawValue:
      let reason = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(2))
      let code = bytes.count < 2 ? WebSocketCloseCode.noStatus.rawValue : message.status_code
      delegate.codecReceivedClose(self, code: code, reason: reason)
    default: break
    }
  }
}

/// The C side of `WebSocketCodec`: the user pointer is the codec, unretained, alive while its own methods run.
private enum WebSocketCallbacks {
  /// Written once here; wslay copies it into each context.
  nonisolated(unsafe) static let table: UnsafeMutablePointer<wslay_event_callbacks> = {
    let table = UnsafeMutablePointer<wslay_event_callbacks>.allocate(capacity: 1)
    table.initialize(to: wslay_event_callbacks())
    table.pointee.recv_callback = { _, buffer, capacity, _, user in
      guard let buffer, let codec = WebSocketCallbacks.codec(user) else { return -1 }
      return codec.take(buffer, capacity)
    }
    table.pointee.send_callback = { _, bytes, count, _, user in
      WebSocketCallbacks.codec(user)?.put(UnsafeRawBufferPointer(start: bytes, count: count))
      return count
    }
    table.pointee.genmask_callback = { _, buffer, count, _ in
      var generator = SystemRandomNumberGenerator()
      for index in 0..<count { buffer?[index] = UInt8.random(in: 0...255, using: &generator) }
      return 0
    }
    table.pointee.on_frame_recv_start_callback = { _, frame, user in
      if let frame { WebSocketCallbacks.codec(user)?.frameBegan(frame.pointee) }
    }
    table.pointee.on_msg_recv_callback = { _, message, user in
      if let message { WebSocketCallbacks.codec(user)?.received(message.pointee) }
    }
    return table
  }()

  static func codec(_ user: UnsafeMutableRawPointer?) -> WebSocketCodec? {
    user.map { Unmanaged<WebSocketCodec>.fromOpaque($0).takeUnretainedValue() }
  }
}
