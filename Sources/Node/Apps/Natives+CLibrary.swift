import Glibc
import Wasmtime

/// The part of a C library that the reference's run-time offers. Texts end with a zero byte inside of the guest's memory, at any
/// length; the address 0 is one like others.
extension NativeLibrary {
  mutating func addCLibrary() {
    addBlocks()
    addTexts()
    addSearches()
    addNumbers()
    addCharacters()
    addClocks()
    addEnds()
  }

  private mutating func addBlocks() {
    for name in ["memcpy", "memmove", "emscripten_memcpy_big"] {
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
    define("strncasecmp") { (call) throws(NativeError) in
      let size = call.uint(2)
      let count = (try call.length(of: call.uint(0), max: size), try call.length(of: call.uint(1), max: size))
      return try call.withTwo(call.uint(0), count.0, call.uint(1), count.1) { a, b in
        for (left, right) in zip(a, b) where ASCII.lower(left) != ASCII.lower(right) {
          return ASCII.lower(left) < ASCII.lower(right) ? -1 : 1
        }
        return a.count == b.count ? 0 : a.count < b.count ? -1 : 1
      }
    }
    for name in ["strdup", "_strdup"] {
      define(name) { (call) throws(NativeError) in
        let count = try call.length(of: call.uint(0)) + 1
        let bytes = try call.bytes(at: call.uint(0), count: count)
        let address = call.allocate(count)
        if address != 0 { try call.withBytes(at: address, count: count) { $0.copyBytes(from: bytes) } }
        return Int32(bitPattern: address)
      }
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
  }

  private mutating func addSearches() {
    define("strchr") { (call) throws(NativeError) in
      let address = call.uint(0)
      let byte = UInt8(truncatingIfNeeded: call.int(1))
      // The zero byte is part of the text.
      let place = try call.withText(0) { text in text.firstIndex(of: byte) }
      return place.map { Int32(bitPattern: address + UInt32($0)) } ?? 0
    }
    define("memchr") { (call) throws(NativeError) in
      let byte = UInt8(truncatingIfNeeded: call.int(1))
      let place = try call.withBytes(at: call.uint(0), count: call.uint(2)) { bytes in bytes.firstIndex(of: byte) }
      return place.map { Int32(bitPattern: call.uint(0) + UInt32($0)) } ?? 0
    }
    define("strstr") { (call) throws(NativeError) in
      // Both with their zero bytes.
      let count = (try call.length(of: call.uint(0)) + 1, try call.length(of: call.uint(1)) + 1)
      let place: Int? = try call.withTwo(call.uint(0), count.0, call.uint(1), count.1) { text, part in
        guard let base = text.baseAddress?.assumingMemoryBound(to: CChar.self),
          let wanted = part.baseAddress?.assumingMemoryBound(to: CChar.self), let found = Glibc.strstr(base, wanted)
        else { return nil }
        return UnsafePointer(found) - UnsafePointer(base)
      }
      return place.map { Int32(bitPattern: call.uint(0) + UInt32($0)) } ?? 0
    }
    for (name, isAmong) in [("strspn", true), ("strcspn", false)] {
      define(name) { (call) throws(NativeError) in
        let count = (try call.length(of: call.uint(0)), try call.length(of: call.uint(1)))
        return try call.withTwo(call.uint(0), count.0, call.uint(1), count.1) { text, bytes in
          var set = [Bool](repeating: false, count: 256)
          for byte in bytes { set[Int(byte)] = true }
          return Int32(clamping: text.firstIndex { set[Int($0)] != isAmong } ?? text.count)
        }
      }
    }
  }

  private mutating func addNumbers() {
    define("atoi") { (call) throws(NativeError) in Int32(truncatingIfNeeded: try call.parse(0, base: 10).value) }
    define("strtol") { (call) throws(NativeError) in
      Int32(clamping: try call.parse(0, end: 1, base: call.int(2)))
    }
    define("strtoul") { (call) throws(NativeError) in
      let value = try call.parse(0, end: 1, base: call.int(2))
      // A text with a sign stands for the number that is so far from 0 on the other side.
      let isTooSmall = value < -Int64(UInt32.max)
      return Int32(
        bitPattern: isTooSmall ? .max : value < 0 ? UInt32(truncatingIfNeeded: value) : UInt32(clamping: value))
    }
  }

  private mutating func addCharacters() {
    let kinds: [(name: String, has: @Sendable (UInt8) -> Bool)] = [
      ("isupper", { ASCII.isUpper($0) }), ("isalpha", { ASCII.isLetter($0) }), ("isdigit", { ASCII.isDigit($0) }),
      ("isalnum", { ASCII.isLetter($0) || ASCII.isDigit($0) }), ("isgraph", { (0x21...0x7E).contains($0) }),
      ("isprint", { (0x20...0x7E).contains($0) }), ("isspace", { $0 == 0x20 || (0x09...0x0D).contains($0) }),
      ("isxdigit", { ASCII.isDigit($0) || (0x61...0x66).contains(ASCII.lower($0)) }),
    ]
    for kind in kinds {
      define(kind.name) { (call) throws(NativeError) in UInt8(exactly: call.int(0)).map(kind.has) == true ? 1 : 0 }
    }
    define("tolower") { (call) throws(NativeError) in
      UInt8(exactly: call.int(0)).map { Int32(ASCII.lower($0)) } ?? call.int(0)
    }
    define("toupper") { (call) throws(NativeError) in
      UInt8(exactly: call.int(0)).map { (0x61...0x7A).contains($0) ? Int32($0 - 32) : Int32($0) } ?? call.int(0)
    }
  }

  private mutating func addClocks() {
    defineLong("clock") { (_) throws(NativeError) in monotonicNanoseconds() }
    define("clock_gettime") { (call) throws(NativeError) in
      var time = timespec()
      guard (0...1).contains(call.int(0)), Glibc.clock_gettime(call.int(0), &time) == 0 else { throw .invalid }
      let (seconds, nanoseconds) = (Int64(time.tv_sec), Int32(time.tv_nsec))
      let address = call.uint(1)
      try call.inMemory { (memory) throws(GuestFault) in
        try memory.withBytes(at: address, count: 12) { (_) throws(GuestFault) in }
        try memory.store(seconds, at: address)
        try memory.store(nanoseconds, at: address + 8)
      }
      return 0
    }
  }

  /// What ends the app. WebAssembly has no way back to a place that was left.
  private mutating func addEnds() {
    define("exit") { (call) throws(NativeError) in
      call.host.exitCode = call.int(0)
      throw .end(HostTrap("exit"))
    }
    for name in ["abort", "abortStackOverflow", "nullFunc_X", "longjmp", "__cxa_throw"] {
      define(name) { (_) throws(NativeError) in throw .end(HostTrap(name)) }
    }
    define("setjmp") { (_) throws(NativeError) in 0 }
    define("__cxa_begin_catch") { (_) throws(NativeError) in 0 }
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

/// Bytes as characters of ASCII.
private enum ASCII {
  static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
  static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(lower(byte)) }
  static func lower(_ byte: UInt8) -> UInt8 { isUpper(byte) ? byte + 32 : byte }
}

extension HostCall where Host == AppHost {
  /// The number that a text begins with, and how many bytes it has; 0 and none in a base that there is not.
  fileprivate borrowing func parse(_ index: Int, base: Int32) throws(NativeError) -> (value: Int64, count: UInt32) {
    try withText(index) { text in
      guard let start = text.baseAddress?.assumingMemoryBound(to: CChar.self), base == 0 || (2...36).contains(base)
      else {
        return (0, 0)
      }
      var end: UnsafeMutablePointer<CChar>?
      let value = strtoll(start, &end, base)
      return (value, UInt32(end.map { $0 - start } ?? 0))
    }
  }

  /// The same; where the number ends is written at the address in argument `end`, unless that is 0.
  fileprivate borrowing func parse(_ index: Int, end: Int, base: Int32) throws(NativeError) -> Int64 {
    let (value, count) = try parse(index, base: base)
    if uint(end) != 0 { try store(uint(index) + count, to: end) }
    return value
  }

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
