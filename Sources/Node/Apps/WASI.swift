import AppABI
import AppFormat
import Crypto
import Glibc
import Wasmtime

/// WASI preview 1 for ordinary programs: arguments, clocks, random bytes, waiting, and files under the app's quota. Results are
/// 0 or an error number of WASI; bodies throw numbers of Linux, which the row turns into those.
extension NativeLibrary {
  mutating func addWASI() {
    addWASIProgram()
    addWASIDescriptors()
    addWASIPaths()
    addWASISockets()
  }

  mutating func wasi(_ name: String, _ body: @escaping Body) {
    define(name, module: NativeTable.wasiModule, body)
  }

  private mutating func addWASIProgram() {
    for (name, isEnvironment) in [("args", false), ("environ", true)] {
      wasi("\(name)_sizes_get") { (call) throws(NativeError) in
        let texts = isEnvironment ? call.host.wasi.environment : call.host.wasi.arguments
        try call.store(UInt32(texts.count), to: 0)
        try call.store(UInt32(clamping: texts.reduce(0) { $0 + $1.count }), to: 1)
        return WASIErrno.success
      }
      wasi("\(name)_get") { (call) throws(NativeError) in
        try call.putTexts(isEnvironment ? call.host.wasi.environment : call.host.wasi.arguments)
        return WASIErrno.success
      }
    }
    wasi("clock_res_get") { (call) throws(NativeError) in
      guard let clock = WASIClock(rawValue: call.uint(0)) else { throw .invalid }
      try call.store(clock.resolution, to: 1)
      return WASIErrno.success
    }
    wasi("clock_time_get") { (call) throws(NativeError) in
      guard let clock = WASIClock(rawValue: call.uint(0)) else { throw .invalid }
      try call.store(call.host.nanoseconds(of: clock), to: 2)
      return WASIErrno.success
    }
    wasi("poll_oneoff") { (call) throws(NativeError) in try call.poll() }
    wasi("random_get") { (call) throws(NativeError) in
      try call.withBytes(at: call.uint(0), count: call.uint(1)) { bytes in
        // In pieces, since the generator takes 2 GiB at most.
        var rest = bytes[...]
        while !rest.isEmpty {
          SecureRandom.fill(UnsafeMutableRawBufferPointer(rebasing: rest.prefix(1 << 20)))
          rest = rest.dropFirst(1 << 20)
        }
      }
      return WASIErrno.success
    }
    wasi("sched_yield") { (_) throws(NativeError) in
      sched_yield()
      return WASIErrno.success
    }
    wasi("proc_exit") { (call) throws(NativeError) in
      call.host.exitCode = call.int(0)
      throw .end(HostTrap("exit"))
    }
  }

  private mutating func addWASISockets() {
    for name in ["sock_accept", "sock_recv", "sock_send", "sock_shutdown"] {
      wasi(name) { (call) throws(NativeError) in
        _ = try call.descriptor(0)
        throw .notSocket
      }
    }
  }
}

/// Clocks of preview 1 (witx/typenames.witx, clockid).
enum WASIClock: UInt32 {
  case real, monotonic, process, thread

  /// Nanoseconds.
  var resolution: UInt64 {
    let clock =
      switch self {
      case .real: CLOCK_REALTIME
      case .monotonic: CLOCK_MONOTONIC
      case .process, .thread: CLOCK_THREAD_CPUTIME_ID
      }
    var time = timespec()
    clock_getres(clock, &time)
    return max(1, time.nanoseconds)
  }
}

extension AppHost {
  /// What a clock says to this app: what it has set itself counts, and time on a processor is its own.
  func nanoseconds(of clock: WASIClock) -> UInt64 {
    switch clock {
    case .real:
      var time = timespec()
      clock_gettime(CLOCK_REALTIME, &time)
      time.tv_sec += Int(clockOffset)
      return time.nanoseconds
    case .monotonic: return UInt64(clamping: monotonicNanoseconds())
    case .process, .thread: return UInt64(clamping: executionNanoseconds)
    }
  }
}

extension HostCall where Host == AppHost {
  borrowing func long(_ index: Int) -> Int64 { argument(index) }

  /// What a number stands for, when it has the right. Without it the number is as good as none.
  borrowing func descriptor(_ index: Int, _ right: WASIRights = []) throws(NativeError) -> WASIDescriptor {
    guard let descriptor = host.wasi[int(index)] else { throw .badHandle }
    guard descriptor.rights.isSuperset(of: right) else { throw descriptor.refusal(of: right) }
    return descriptor
  }

  /// The handle of a file.
  borrowing func file(_ index: Int, _ right: WASIRights) throws(NativeError) -> Int32 {
    let descriptor = try descriptor(index, right)
    guard case .file(let handle) = descriptor.target else { throw descriptor.refusal(of: right) }
    return handle
  }

  /// The handle of a folder; `nil`: the app's own.
  borrowing func folder(_ index: Int, _ right: WASIRights) throws(NativeError) -> Int32? {
    let descriptor = try descriptor(index, right)
    guard case .folder(let handle) = descriptor.target else { throw .notDirectory }
    return handle
  }

  /// The path whose address and length are the arguments `index` and `index + 1`.
  borrowing func path(_ index: Int) throws(NativeError) -> String {
    if uint(index + 1) > NativeLibrary.textBytesMax { throw .nameTooLong }
    guard let path = String(validating: try bytes(index), as: UTF8.self) else { throw .notText }
    if path.isEmpty { throw .notFound }
    return path
  }

  /// Lends the buffers of the list whose address and count are the arguments `index` and `index + 1`.
  borrowing func withBuffers<Answer>(
    _ index: Int, _ body: ([iovec]) throws(NativeError) -> Answer
  ) throws(NativeError) -> Answer {
    let list = uint(index)
    let count = uint(index + 1)
    // IOV_MAX of Linux.
    if count > 1024 { throw .invalid }
    let result: Result<Answer, NativeError> = try inMemory { (memory) throws(GuestFault) in
      try memory.withBytes(at: list, count: count * 8) { (_) throws(GuestFault) in }
      var buffers: [iovec] = []
      buffers.reserveCapacity(Int(count))
      for place in 0..<count {
        let address: UInt32 = try memory.load(at: list + place * 8)
        let length: UInt32 = try memory.load(at: list + place * 8 + 4)
        try memory.withBytes(at: address, count: length) { (bytes) throws(GuestFault) in
          buffers.append(iovec(iov_base: bytes.baseAddress, iov_len: bytes.count))
        }
      }
      do throws(NativeError) { return .success(try body(buffers)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// Puts texts one after the other at the address in argument 1, and their addresses at the one in argument 0.
  fileprivate borrowing func putTexts(_ texts: [[UInt8]]) throws(NativeError) {
    var address = uint(1)
    var pointers: [UInt8] = []
    for text in texts {
      pointers.put(address)
      address &+= UInt32(clamping: text.count)
    }
    try write(pointers, to: 0)
    try write(Array(texts.joined()), to: 1)
  }
}

extension [UInt8] {
  /// Appends a number, little-endian.
  mutating func put(_ number: some FixedWidthInteger & UnsignedInteger) {
    for shift in stride(from: 0, to: number.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: number >> UInt8(shift)))
    }
  }

  /// Appends zero bytes up to a size, as records have between their fields.
  mutating func fill(to size: Int) { append(contentsOf: repeatElement(0, count: Swift.max(0, size - count))) }
}
