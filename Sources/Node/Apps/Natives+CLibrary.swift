import Glibc
import Wasmtime

/// The part of a C library that the reference's run-time offers. Texts end with a zero byte inside of the guest's memory, at any
/// length; the address 0 is one like others.
extension NativeLibrary {
  mutating func addCLibrary() {
    addBlocks()
    addTexts()
    define("atoi") { (call) throws(NativeError) in
      try call.withText(0) { text in
        guard let base = text.baseAddress else { return 0 }
        return Int32(truncatingIfNeeded: strtol(base.assumingMemoryBound(to: CChar.self), nil, 10))
      }
    }
  }

  private mutating func addBlocks() {
    for name in ["memcpy", "memmove"] {
      define(name) { (call) throws(NativeError) in
        let size = call.uint(2)
        try call.withTwo(call.uint(0), size, call.uint(1), size) { to, from in
          // Both may be the same memory.
          to.copyMemory(from: UnsafeRawBufferPointer(from))
        }
        return call.int(0)
      }
    }
    define("memset") { (call) throws(NativeError) in
      let value = UInt8(truncatingIfNeeded: call.int(1))
      try call.withBytes(at: call.uint(0), count: call.uint(2)) { bytes in
        _ = bytes.initializeMemory(as: UInt8.self, repeating: value)
      }
      return call.int(0)
    }
    define("memcmp") { (call) throws(NativeError) in
      let size = call.uint(2)
      return try call.withTwo(call.uint(0), size, call.uint(1), size) { a, b in Self.compare(a, b) }
    }
  }

  private mutating func addTexts() {
    define("strlen") { (call) throws(NativeError) in try call.withText(0) { text in Int32(clamping: text.count - 1) } }
    define("strcmp") { (call) throws(NativeError) in
      let count = (try call.length(of: call.uint(0)) + 1, try call.length(of: call.uint(1)) + 1)
      return try call.withTwo(call.uint(0), count.0, call.uint(1), count.1) { a, b in Self.compare(a, b) }
    }
    define("strncmp") { (call) throws(NativeError) in
      let size = call.uint(2)
      let count = (try call.length(of: call.uint(0), max: size), try call.length(of: call.uint(1), max: size))
      return try call.withTwo(call.uint(0), count.0, call.uint(1), count.1) { a, b in Self.compare(a, b) }
    }
    define("strcpy") { (call) throws(NativeError) in
      let count = try call.length(of: call.uint(1)) + 1
      try call.withTwo(call.uint(0), count, call.uint(1), count) { to, from in
        to.copyMemory(from: UnsafeRawBufferPointer(from))
      }
      return call.int(0)
    }
    define("strncpy") { (call) throws(NativeError) in
      let size = call.uint(2)
      let count = try call.length(of: call.uint(1), max: size)
      try call.withTwo(call.uint(0), size, call.uint(1), count) { to, from in
        to.copyMemory(from: UnsafeRawBufferPointer(from))
        for index in from.count..<to.count { to[index] = 0 }
      }
      return call.int(0)
    }
    define("strchr") { (call) throws(NativeError) in
      let address = call.uint(0)
      let byte = UInt8(truncatingIfNeeded: call.int(1))
      // The zero byte is part of the text.
      let place = try call.withText(0) { text in text.firstIndex(of: byte) }
      return place.map { Int32(bitPattern: address + UInt32($0)) } ?? 0
    }
  }

  /// −1, 0 or 1 where the first bytes differ; what is missing behind the end of the shorter is less.
  private static func compare(_ a: UnsafeMutableRawBufferPointer, _ b: UnsafeMutableRawBufferPointer) -> Int32 {
    let count = min(a.count, b.count)
    if count > 0, let left = a.baseAddress, let right = b.baseAddress {
      let order = memcmp(left, right, count)
      if order != 0 { return order < 0 ? -1 : 1 }
    }
    return a.count == b.count ? 0 : a.count < b.count ? -1 : 1
  }
}

extension HostCall where Host == AppHost {
  /// Bytes of a text before its zero byte; at most `max` with one, and then the zero byte counts when it is among them.
  fileprivate borrowing func length(of address: UInt32, max: UInt32? = nil) throws(NativeError) -> UInt32 {
    let size = memorySize
    guard Int(address) < size || max == 0 else { throw .fault }
    guard max != 0 else { return 0 }
    let room = UInt32(clamping: size - Int(address))
    let look = min(room, max ?? room)
    let zero: Int? = try withBytes(at: address, count: look) { bytes in
      guard let base = bytes.baseAddress, let zero = memchr(base, 0, bytes.count) else { return nil }
      return zero - UnsafeMutableRawPointer(base)
    }
    if let zero { return UInt32(zero) + (max == nil ? 0 : 1) }
    // Without a zero byte the memory's end is one too far.
    guard let max, look == max else { throw .fault }
    return max
  }

  /// A text with its zero byte.
  fileprivate borrowing func withText<Answer>(
    _ index: Int, _ body: (UnsafeMutableRawBufferPointer) -> Answer
  ) throws(NativeError) -> Answer {
    let address = uint(index)
    return try withBytes(at: address, count: try length(of: address) + 1, body)
  }

  /// Two ranges, which may overlap.
  fileprivate borrowing func withTwo<Answer>(
    _ first: UInt32, _ firstCount: UInt32, _ second: UInt32, _ secondCount: UInt32,
    _ body: (UnsafeMutableRawBufferPointer, UnsafeMutableRawBufferPointer) -> Answer
  ) throws(NativeError) -> Answer {
    do throws(GuestFault) {
      return try withMemory { (memory) throws(GuestFault) in
        try memory.withBytes(at: first, count: firstCount) { (a) throws(GuestFault) in
          try memory.withBytes(at: second, count: secondCount) { (b) throws(GuestFault) in body(a, b) }
        }
      }
    } catch { throw .fault }
  }
}
