import AppABI
import Wasmtime

/// A call of a function of the table by a guest. Arguments are counted as the WebAssembly function has them: bytes with their
/// length are two.
typealias NativeCall = HostCall<AppHost>

/// Why a function of the table does not do what it was called for.
enum NativeError: Error {
  /// The guest gets the negative number, or no address.
  case errno(Int32)
  /// The guest's code ends here.
  case end(HostTrap)

  static let notPermitted = NativeError.errno(1)
  static let notFound = NativeError.errno(2)
  static let inputOutput = NativeError.errno(5)
  static let badHandle = NativeError.errno(9)
  static let tryAgain = NativeError.errno(11)
  static let outOfMemory = NativeError.errno(12)
  static let accessDenied = NativeError.errno(13)
  static let fault = NativeError.errno(14)
  static let busy = NativeError.errno(16)
  static let exists = NativeError.errno(17)
  static let noDevice = NativeError.errno(19)
  static let notDirectory = NativeError.errno(20)
  static let isDirectory = NativeError.errno(21)
  static let invalid = NativeError.errno(22)
  static let tooManyHandles = NativeError.errno(24)
  static let tooBig = NativeError.errno(27)
  static let noSpace = NativeError.errno(28)
  static let noSeek = NativeError.errno(29)
  static let nameTooLong = NativeError.errno(36)
  static let notBuilt = NativeError.errno(38)
  static let notEmpty = NativeError.errno(39)
  static let noData = NativeError.errno(61)
  static let notText = NativeError.errno(84)
  static let notSocket = NativeError.errno(88)
  static let messageSize = NativeError.errno(90)
  static let notSupported = NativeError.errno(95)
  static let notConnected = NativeError.errno(107)
  static let timedOut = NativeError.errno(110)
  static let already = NativeError.errno(114)
}

extension HostCall where Host == AppHost {
  borrowing func int(_ index: Int) -> Int32 { argument(index) }
  borrowing func uint(_ index: Int) -> UInt32 { argument(index) }

  /// Takes a token of a rate class, for which calls of some classes wait. False when there is none.
  borrowing func takesTurn(_ rate: RateClass) throws(NativeError) -> Bool {
    let host = host
    if host.take(rate) { return true }
    guard rate.waits, host.buckets.rates[Int(rate.rawValue)] > 0 else { return false }
    repeat {
      try wait(until: monotonicNanoseconds() + 5_000_000)
    } while !host.buckets.take(
      rate, now: monotonicNanoseconds() / 1_000_000)
    return true
  }

  /// The text at the address in argument `index`; "" for the address 0. That it lies in the memory was checked.
  borrowing func text(_ index: Int) throws(NativeError) -> String {
    let address = uint(index)
    guard address != 0 else { return "" }
    return try inMemory { (memory) throws(GuestFault) in
      try memory.text(at: address, lengthMax: NativeLibrary.textBytesMax)
    }
  }

  borrowing func checkText(_ index: Int) throws(NativeError) {
    let address = uint(index)
    _ = try inMemory { (memory) throws(GuestFault) in
      try memory.textLength(at: address, lengthMax: NativeLibrary.textBytesMax)
    }
  }

  /// The bytes whose address and length are the arguments `index` and `index + 1`.
  borrowing func bytes(_ index: Int) throws(NativeError) -> [UInt8] {
    try bytes(at: uint(index), count: uint(index + 1))
  }

  borrowing func bytes(at address: UInt32, count: UInt32) throws(NativeError) -> [UInt8] {
    try inMemory { (memory) throws(GuestFault) in try memory.read(at: address, count: count) }
  }

  /// Writes at the address in argument `index`.
  borrowing func write(_ bytes: some Collection<UInt8>, to index: Int) throws(NativeError) {
    let address = uint(index)
    try inMemory { (memory) throws(GuestFault) in try memory.write(bytes, at: address) }
  }

  /// Writes a number, little-endian, at the address in argument `index`.
  borrowing func store(_ number: some FixedWidthInteger & BitwiseCopyable, to index: Int) throws(NativeError) {
    let address = uint(index)
    try inMemory { (memory) throws(GuestFault) in try memory.store(number, at: address) }
  }

  /// The bytes at an address themselves, such as for `read(2)`.
  borrowing func withBytes<Answer>(
    at address: UInt32, count: UInt32, _ body: (UnsafeMutableRawBufferPointer) -> Answer
  ) throws(NativeError) -> Answer {
    try inMemory { (memory) throws(GuestFault) in
      try memory.withBytes(at: address, count: count) { (bytes) throws(GuestFault) in body(bytes) }
    }
  }

  /// Writes a text and a zero byte into a buffer, whose address and size are the arguments `index` and `index + 1`, and gives
  /// the text's length. −EMSGSIZE when it does not fit.
  borrowing func answer(text: String, in index: Int) throws(NativeError) -> Int32 {
    let bytes = Array(text.utf8)
    guard bytes.count < Int(uint(index + 1)) else { throw .messageSize }
    try write(bytes + [0], to: index)
    return Int32(bytes.count)
  }

  /// Lends the memory to something that deals with its faults itself.
  borrowing func lendMemory(_ body: (borrowing GuestMemory) -> Void) {
    // A closure that throws nothing does not fail.
    _ = try? withMemory { (memory) throws(GuestFault) in body(memory) }
  }

  borrowing func inMemory<Answer>(
    _ body: (borrowing GuestMemory) throws(GuestFault) -> Answer
  ) throws(NativeError) -> Answer {
    do throws(GuestFault) { return try withMemory(body) } catch { throw .fault }
  }
}
