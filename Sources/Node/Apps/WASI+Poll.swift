import AppABI
import Glibc
import Wasmtime

/// One of the things that `poll_oneoff` waits for (witx/typenames.witx: a subscription has 48 bytes, an event 32).
private struct Wish {
  enum Kind {
    /// Due at that time of the monotonic clock, in nanoseconds.
    case clock(due: Int64)
    case read(Int32)
    case write(Int32)
    case unknown
  }

  static let bytes: UInt32 = 48
  var userData: UInt64
  var type: UInt8
  var kind: Kind

  init(at address: UInt32, _ memory: borrowing GuestMemory, _ host: AppHost, now: Int64) throws(GuestFault) {
    userData = try memory.load(at: address)
    type = try memory.load(at: address + 8)
    let number: UInt32 = try memory.load(at: address + 16)
    switch type {
    case 0:
      guard let clock = WASIClock(rawValue: number), clock == .real || clock == .monotonic else {
        kind = .unknown
        return
      }
      let time: UInt64 = try memory.load(at: address + 24)
      let isAbsolute = try memory.load(UInt16.self, at: address + 40) & 1 == 1
      let passed = isAbsolute ? host.nanoseconds(of: clock) : 0
      kind = .clock(due: Int64(clamping: UInt64(clamping: now).saturatingAdd(time > passed ? time - passed : 0)))
    case 1: kind = .read(Int32(bitPattern: number))
    case 2: kind = .write(Int32(bitPattern: number))
    default: kind = .unknown
    }
  }
}

extension HostCall where Host == AppHost {
  /// `poll_oneoff`. Descriptors are always ready: they are files, an empty input, and the log.
  borrowing func poll() throws(NativeError) -> Int32 {
    let wishesAt = uint(0)
    let eventsAt = uint(1)
    let count = uint(2)
    guard (1...1024).contains(count) else { throw .invalid }
    let host = host
    let now = monotonicNanoseconds()
    let wishes = try inMemory { (memory) throws(GuestFault) in
      try memory.withBytes(at: wishesAt, count: count * Wish.bytes) { (_) throws(GuestFault) in }
      // Nothing waits for an answer that has no place.
      try memory.withBytes(at: eventsAt, count: count * 32) { (_) throws(GuestFault) in }
      var wishes: [Wish] = []
      for index in 0..<count { wishes.append(try Wish(at: wishesAt + index * Wish.bytes, memory, host, now: now)) }
      return wishes
    }
    var events = ready(wishes, at: now)
    if events.isEmpty {
      let due = wishes.compactMap { wish in
        if case .clock(let due) = wish.kind { due } else { nil }
      }
      try wait(until: due.min())
      events = ready(wishes, at: monotonicNanoseconds())
    }
    try write(Array(events.joined()), to: 1)
    try store(UInt32(events.count), to: 3)
    return WASIErrno.success
  }

  private borrowing func ready(_ wishes: [Wish], at now: Int64) -> [[UInt8]] {
    var events: [[UInt8]] = []
    for wish in wishes {
      var errno = WASIErrno.success
      var bytes: UInt64 = 0
      var isAtEnd = false
      switch wish.kind {
      case .clock(let due): if due > now { continue }
      case .unknown: errno = WASIErrno.number(linux: EINVAL)
      case .read(let number), .write(let number):
        switch host.wasi[number]?.target {
        case .file(let handle):
          if case .read = wish.kind { bytes = bytesAhead(of: handle) }
        case .input: isAtEnd = true
        case .output, .folder: break
        case nil: errno = WASIErrno.number(linux: EBADF)
        }
      }
      var event: [UInt8] = []
      event.put(wish.userData)
      event.put(UInt16(clamping: errno))
      event.append(wish.type)
      event.fill(to: 16)
      event.put(bytes)
      event.put(UInt16(isAtEnd ? 1 : 0))
      event.fill(to: 32)
      events.append(event)
    }
    return events
  }

  /// Between a file's place and its end.
  private borrowing func bytesAhead(of handle: Int32) -> UInt64 {
    let bytes = try? withFiles { (files) throws(NativeError) in
      try files.status(of: handle, .wasi).size - files.place(handle, .wasi)
    }
    return UInt64(clamping: bytes ?? 0)
  }
}

extension UInt64 {
  fileprivate func saturatingAdd(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
