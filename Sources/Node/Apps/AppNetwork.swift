import Glibc
import Net
import Wasmtime

/// The streams of one app, their rings in its memory and the events that it has not taken yet. Used by its thread alone.
struct AppNetwork {
  static let streamsMax = 16
  /// What TLS takes beside the buffers.
  static let tlsBytes = 40 << 10

  enum Kind: Int32 { case tcp = 0, udp, tls }

  enum EventKind: UInt8 { case connected = 1, disconnected, data, accepted, failed }

  struct Event: Equatable {
    var kind: EventKind
    var stream: Int
    /// Of accepted ones the new stream, of ends and failures the error's number.
    var extra: UInt16 = 0

    /// As guests read it.
    var bytes: [UInt8] {
      [kind.rawValue, UInt8(stream), UInt8(truncatingIfNeeded: extra), UInt8(truncatingIfNeeded: extra >> 8)]
    }
  }

  private struct Stream {
    enum Phase { case idle, connecting, listening, open, ended }
    var kind: Kind
    var pipe: StreamPipe
    var phase = Phase.idle
    /// The port that it was bound to.
    var port: UInt16?
    var charged: Int
    var tx: GuestRing?
    var rx: GuestRing?
    /// Taken from the pipe, and not in the ring yet.
    var pending: ArraySlice<UInt8> = []
  }

  var rules = NetworkRules()
  var allowance = ByteAllowance(bytesPerSecond: nil)
  private var streams = [Stream?](repeating: nil, count: streamsMax)
  /// Each stream has at most one of a kind, but for accepted ones, which take a stream each: that bounds them.
  private(set) var events: [Event] = []
  private var group: EventLoopGroup?

  var isEmpty: Bool { group == nil }

  // MARK: Streams

  mutating func open(_ kind: Int32, _ call: borrowing NativeCall) throws(NativeError) -> Int32 {
    guard let kind = Kind(rawValue: kind) else { throw .invalid }
    let host = call.host
    if group == nil { group = try host.services.network.group() }
    let pipe = StreamPipe(isStream: kind != .udp, waker: host.waker)
    return Int32(try add(kind, pipe, .idle, call))
  }

  private mutating func add(
    _ kind: Kind, _ pipe: StreamPipe, _ phase: Stream.Phase, _ call: borrowing NativeCall
  ) throws(NativeError) -> Int {
    guard let index = streams.firstIndex(where: { $0 == nil }) else { throw .tooManyHandles }
    let bytes = StreamPipe.chargedBytes + (kind == .tls ? Self.tlsBytes : 0)
    let host = call.host
    try host.handles.take()
    do throws(NativeError) { try host.charge(bytes) } catch {
      host.handles.giveBack()
      throw error
    }
    streams[index] = Stream(kind: kind, pipe: pipe, phase: phase, charged: bytes)
    return index
  }

  mutating func connect(
    _ handle: Int32, to name: String, port number: Int32, _ call: borrowing NativeCall
  ) throws(NativeError) {
    let index = try place(handle)
    guard let port = UInt16(exactly: number), port > 0, !name.isEmpty, name.utf8.count <= 253,
      let loop = group?.loops.first, let stream = streams[index]
    else { throw .invalid }
    guard stream.phase == .idle else { throw .already }
    guard rules.allows(host: name, port: port) else {
      call.host.audit.note(.callRefused, app: call.host.name, detail: "net_connect \(name):\(port)")
      throw .accessDenied
    }
    streams[index]?.phase = .connecting
    call.host.services.network.connect(
      stream.pipe, to: name, port: port, isTLS: stream.kind == .tls, rules, on: loop)
  }

  /// Binds to a port of every address of this host, IPv4.
  mutating func bind(_ handle: Int32, port number: Int32, _ call: borrowing NativeCall) throws(NativeError) {
    let index = try place(handle)
    guard let port = UInt16(exactly: number), let loop = group?.loops.first, let stream = streams[index] else {
      throw .invalid
    }
    guard stream.phase == .idle, stream.port == nil else { throw .already }
    guard rules.allows(listeningOn: port) else {
      call.host.audit.note(.callRefused, app: call.host.name, detail: "net_bind \(port)")
      throw .accessDenied
    }
    guard stream.kind == .udp else {
      if stream.kind == .tls { throw .notSupported }
      streams[index]?.port = port
      return
    }
    if let errno = NetworkHost.bindDatagrams(stream.pipe, port, rules, on: loop) { throw .errno(errno) }
    streams[index]?.port = port
  }

  mutating func listen(_ handle: Int32, backlog: Int32, _ call: borrowing NativeCall) throws(NativeError) {
    let index = try place(handle)
    guard let stream = streams[index], stream.kind == .tcp, let port = stream.port else { throw .invalid }
    guard stream.phase == .idle else { throw .already }
    let backlog = min(max(1, Int(backlog)), Self.streamsMax)
    do throws(NetError) {
      try call.host.services.network.listen(stream.pipe, port, backlog: backlog, waker: call.host.waker)
    } catch { throw .errno(error.errno) }
    streams[index]?.phase = .listening
  }

  mutating func close(_ handle: Int32, _ host: AppHost) throws(NativeError) { close(at: try place(handle), host) }

  mutating func closeAll(_ host: AppHost) {
    for index in streams.indices where streams[index] != nil { close(at: index, host) }
    group = nil
  }

  private mutating func close(at index: Int, _ host: AppHost) {
    guard let stream = streams[index], let loop = group?.loops.first else { return }
    stream.pipe.close(on: loop)
    host.refund(stream.charged)
    host.handles.giveBack()
    streams[index] = nil
    // Its handle may mean another stream soon.
    events.removeAll { $0.stream == index }
  }

  private func place(_ handle: Int32) throws(NativeError) -> Int {
    guard streams.indices.contains(Int(handle)), streams[Int(handle)] != nil else { throw .badHandle }
    return Int(handle)
  }

  // MARK: Rings

  mutating func bindRing(
    _ handle: Int32, isTx: Bool, _ call: borrowing NativeCall
  ) throws(NativeError) {
    let index = try place(handle)
    let address = call.uint(1)
    let size = call.uint(2)
    guard size >= GuestRing.bytesMin, address != 0 else { throw .invalid }
    let ring = try call.inMemory { (memory) throws(GuestFault) in try GuestRing(at: address, size: size, in: memory) }
    if isTx { streams[index]?.tx = ring } else { streams[index]?.rx = ring }
  }

  /// Sends what is in a stream's ring; gives how many messages.
  mutating func flush(_ handle: Int32, _ call: borrowing NativeCall) throws(NativeError) -> Int32 {
    let index = try place(handle)
    guard let stream = streams[index] else { throw .badHandle }
    guard stream.tx != nil else { throw .invalid }
    guard stream.phase == .open || (stream.kind == .udp && stream.phase == .idle && stream.port != nil) else {
      throw .notConnected
    }
    var count: Int32 = 0
    call.lendMemory { memory in count = pump(index, memory, call) }
    return count
  }

  mutating func nextEvent() -> Event? { events.isEmpty ? nil : events.removeFirst() }

  // MARK: Moving bytes

  /// Moves everything that can be moved between rings and buffers, and notes what has happened.
  ///
  /// - Returns: when to come back although nothing has happened: the app may have more bytes then.
  mutating func pump(_ call: borrowing NativeCall) -> Int64? {
    guard group != nil else { return nil }
    call.lendMemory { memory in
      for index in streams.indices where streams[index] != nil { _ = pump(index, memory, call) }
    }
    return allowance.isEmpty ? allowance.next : nil
  }

  private mutating func pump(_ index: Int, _ memory: borrowing GuestMemory, _ call: borrowing NativeCall) -> Int32 {
    guard var stream = streams[index], let loop = group?.loops.first else { return 0 }
    let news = stream.pipe.news()
    if news.lost > 0 { call.host.counters.messagesDropped.add(UInt64(news.lost), ordering: .relaxed) }
    if stream.phase == .connecting, news.isOpen {
      stream.phase = .open
      note(.connected, index)
    }
    var sent: Int32 = 0
    do throws(GuestRing.Nonsense) {
      sent = try transmit(&stream, index, memory, loop)
      try receive(&stream, index, memory, loop, call.host)
      finish(&stream, index, news)
      streams[index] = stream
    } catch {
      stream.pipe.close(on: loop)
      stream.phase = .ended
      stream.tx = nil
      stream.rx = nil
      stream.pending = []
      streams[index] = stream
      note(.failed, index, EINVAL)
    }
    if stream.phase == .listening { accept(from: stream.pipe, index, loop, call) }
    return sent
  }

  private mutating func transmit(
    _ stream: inout Stream, _ index: Int, _ memory: borrowing GuestMemory, _ loop: EventLoop
  ) throws(GuestRing.Nonsense) -> Int32 {
    let isUsable = stream.phase == .open || (stream.kind == .udp && stream.phase == .idle && stream.port != nil)
    guard isUsable, var ring = stream.tx else { return 0 }
    var count: Int32 = 0
    while stream.pipe.hasRoom, let length = try ring.nextLength(in: memory) {
      guard allowance.take(Int(length)) else { break }
      guard let message = try ring.take(from: memory) else { break }
      if stream.kind == .udp, message.count > StreamPipe.messageBytesMax {
        note(.failed, index, EMSGSIZE)
        continue
      }
      if stream.kind == .udp || !message.isEmpty { stream.pipe.send(message, on: loop) }
      count += 1
    }
    stream.tx = ring
    return count
  }

  private mutating func receive(
    _ stream: inout Stream, _ index: Int, _ memory: borrowing GuestMemory, _ loop: EventLoop, _ host: AppHost
  ) throws(GuestRing.Nonsense) {
    guard var ring = stream.rx else { return }
    var hasMoved = false
    while true {
      if stream.pending.isEmpty {
        guard let bytes = stream.pipe.receive(on: loop) else { break }
        // An empty datagram is nothing in a ring, whose readers take a length of 0 for an empty ring.
        if bytes.isEmpty { continue }
        stream.pending = bytes[...]
      }
      let room = try ring.room(in: memory)
      var count = min(stream.pending.count, StreamPipe.messageBytesMax)
      if stream.kind == .udp {
        if count > Int(ring.capacity) - 2 {
          stream.pending = []
          host.counters.messagesDropped.add(1, ordering: .relaxed)
          note(.failed, index, EMSGSIZE)
          continue
        }
      } else {
        // Not in crumbs, where the ring is almost full.
        guard room >= min(count, Int(ring.capacity) / 4) else { break }
        count = min(count, room)
      }
      guard count <= room, count > 0, allowance.take(count) else { break }
      try ring.add(stream.pending.prefix(count), to: memory)
      stream.pending = stream.pending.dropFirst(count)
      hasMoved = true
    }
    stream.rx = ring
    if hasMoved { note(.data, index) }
  }

  /// An end is told behind everything that came before it, when there is a ring for that.
  private mutating func finish(_ stream: inout Stream, _ index: Int, _ news: StreamPipe.News) {
    guard let errno = news.endedWith, stream.phase != .ended else { return }
    guard stream.phase == .open, stream.rx != nil else {
      note(stream.phase == .open ? .disconnected : .failed, index, errno)
      stream.phase = .ended
      return
    }
    guard stream.pending.isEmpty, !stream.pipe.hasIncoming else { return }
    note(.disconnected, index, errno)
    stream.phase = .ended
  }

  private mutating func accept(
    from pipe: StreamPipe, _ index: Int, _ loop: EventLoop, _ call: borrowing NativeCall
  ) {
    while streams.contains(where: { $0 == nil }), let next = pipe.accept() {
      do throws(NativeError) {
        let handle = try add(.tcp, next, .open, call)
        events.append(Event(kind: .accepted, stream: index, extra: UInt16(handle)))
      } catch {
        next.close(on: loop)
        if case .errno(let number) = error { note(.failed, index, number) }
      }
    }
  }

  /// Adds an event, unless one of its kind waits already.
  private mutating func note(_ kind: EventKind, _ index: Int, _ errno: Int32 = 0) {
    guard !events.contains(where: { $0.kind == kind && $0.stream == index }) else { return }
    events.append(Event(kind: kind, stream: index, extra: UInt16(truncatingIfNeeded: errno)))
  }
}

/// How many bytes an app may still send and receive: as many as a second allows at once, refilled all the time.
struct ByteAllowance {
  private let bytesPerSecond: Int?
  private var bytes: Double
  private var filledAt: Int64

  /// - Parameter bytesPerSecond: `nil`: no limit.
  init(bytesPerSecond: Int?, now: Int64 = monotonicNanoseconds()) {
    self.bytesPerSecond = bytesPerSecond.map { max(1, $0) }
    bytes = Double(bytesPerSecond ?? 0)
    filledAt = now
  }

  /// Something was refused for want of bytes.
  private(set) var isEmpty = false

  /// Takes bytes. A message that is larger than a second's bytes is allowed when all of them are there.
  mutating func take(_ count: Int, now: Int64 = monotonicNanoseconds()) -> Bool {
    guard let rate = bytesPerSecond else { return true }
    bytes = min(Double(rate), bytes + Double(rate) * Double(now - filledAt) / 1e9)
    filledAt = now
    isEmpty = bytes < Double(min(count, rate))
    if !isEmpty { bytes -= Double(count) }
    return !isEmpty
  }

  /// When to try again, in nanoseconds of the monotonic clock.
  var next: Int64 { filledAt + 20_000_000 }
}
