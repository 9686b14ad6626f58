// Small pieces for guests in Embedded Swift, beside the functions of the host in AetherApp.swift.

/// Why the host did not carry out a call.
public struct AppError: Error, Equatable {
  /// A number of errno, above 0.
  public let code: Int32

  public init(code: Int32) { self.code = code }

  /// A result of the host: itself, or the error that it stands for.
  static func check(_ result: Int32) throws(AppError) -> Int32 {
    if result < 0 { throw AppError(code: 0 &- result) }
    return result
  }
}

/// A text with a zero byte at its end, as the host takes it: a literal, or bytes.
public struct Text: ExpressibleByStringLiteral {
  private let literal: StaticString
  private let bytes: [UInt8]

  public init(stringLiteral value: StaticString) {
    literal = value
    bytes = []
  }

  /// - Parameter bytes: what stands before the first zero byte counts.
  public init(_ bytes: [UInt8]) {
    literal = ""
    self.bytes = bytes + [0]
  }

  func withText(_ body: (UnsafePointer<CChar>?) -> Int32) -> Int32 {
    guard bytes.isEmpty else {
      return bytes.withUnsafeBytes { body($0.baseAddress?.assumingMemoryBound(to: CChar.self)) }
    }
    // Literals end with a zero byte.
    return body(UnsafeRawPointer(literal.utf8Start).assumingMemoryBound(to: CChar.self))
  }

  func withText(_ body: (UnsafePointer<CChar>?) -> Void) {
    _ = withText { address -> Int32 in
      body(address)
      return 0
    }
  }
}

/// Text that grows: `Line("temperature ").add(21)`. Much smaller than interpolated strings.
public struct Line {
  public private(set) var bytes: [UInt8]

  public init(_ literal: StaticString = "") { bytes = literal.bytes }
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  public var text: Text { Text(bytes) }

  public func add(_ literal: StaticString) -> Line { Line(bytes + literal.bytes) }
  public func add(_ more: [UInt8]) -> Line { Line(bytes + more) }

  public func add(_ number: Int32) -> Line { add(Int64(number)) }

  public func add(_ number: Int64) -> Line {
    var digits: [UInt8] = []
    var rest = number.magnitude
    repeat {
      digits.append(UInt8(truncatingIfNeeded: 48 + rest % 10))
      rest /= 10
    } while rest > 0
    if number < 0 { digits.append(45) }
    digits.reverse()
    return Line(bytes + digits)
  }

  /// A number that counts thousandths, with one place behind the point: 21 456 is 21.4.
  public func add(thousandths number: Int32) -> Line {
    let tenths = number / 100
    let start = number < 0 && tenths > -10 ? add("-") : self
    let whole = start.add(tenths / 10).add(".")
    return whole.add(Int64((tenths % 10).magnitude))
  }
}

extension StaticString {
  /// The bytes of the literal.
  public var bytes: [UInt8] { withUTF8Buffer { Array($0) } }
}

extension [UInt8] {
  /// The whole number, with or without a sign, that the text begins with; `nil` without one.
  public var number: Int32? {
    var rest = self[...]
    let isNegative = rest.first == 45
    if isNegative { rest = rest.dropFirst() }
    var value: Int32 = 0
    var digits = 0
    while let byte = rest.first, byte >= 48, byte <= 57, digits < 9 {
      value = value * 10 + Int32(byte - 48)
      rest = rest.dropFirst()
      digits += 1
    }
    return digits == 0 ? nil : isNegative ? -value : value
  }

  /// What stands before the first zero byte.
  public var beforeZero: [UInt8] { Array(prefix { $0 != 0 }) }

  public func begins(with literal: StaticString) -> Bool {
    guard count >= literal.utf8CodeUnitCount else { return false }
    return literal.withUTF8Buffer { wanted in
      for index in wanted.indices where self[index] != wanted[index] { return false }
      return true
    }
  }
}

/// A colour of 16 bits (5 red, 6 green, 5 blue) from three of 8.
public func rgb(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Int32 {
  Int32(red & 0xF8) << 8 | Int32(green & 0xFC) << 3 | Int32(blue >> 3)
}

/// Memory that guest and host share for messages: what `Network.txBind` and `Network.rxBind` take. It must live until the stream
/// is closed.
///
/// 16 bytes (written, read, capacity, flags, of 32 bits each), then messages of a length (16 bits) and as many bytes. The host
/// sets the capacity when the ring is bound.
public final class Ring {
  let memory: UnsafeMutableRawBufferPointer

  /// - Parameter power: the ring holds two to the power of this number of bytes, 6 to 20, so that its counters may pass 2^32.
  public init(power: Int = 11) {
    let capacity = 1 << Swift.max(6, Swift.min(20, power))
    memory = .allocate(byteCount: 16 + capacity, alignment: 16)
    memory.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { memory.deallocate() }

  private func field(_ offset: Int) -> UInt32 { memory.load(fromByteOffset: offset, as: UInt32.self) }
  private var capacity: UInt32 { Swift.min(field(8), UInt32(memory.count - 16)) }

  /// Puts a message in; `false` when there is no room.
  public func write(_ message: [UInt8]) -> Bool {
    let written = field(0)
    let used = written &- field(4)
    guard message.count <= 0xFFFF, used <= capacity, UInt32(message.count) + 2 <= capacity - used else { return false }
    put(UInt8(message.count & 0xFF), written)
    put(UInt8(message.count >> 8), written &+ 1)
    for index in message.indices { put(message[index], written &+ 2 &+ UInt32(index)) }
    memory.storeBytes(of: written &+ 2 &+ UInt32(message.count), toByteOffset: 0, as: UInt32.self)
    return true
  }

  /// Takes the next message; `nil` when none is complete.
  public func read() -> [UInt8]? {
    let read = field(4)
    let used = field(0) &- read
    guard used >= 2, used <= capacity else { return nil }
    let count = UInt32(get(read)) | UInt32(get(read &+ 1)) << 8
    guard used >= count + 2 else { return nil }
    var message: [UInt8] = []
    message.reserveCapacity(Int(count))
    for index in 0..<count { message.append(get(read &+ 2 &+ index)) }
    memory.storeBytes(of: read &+ 2 &+ count, toByteOffset: 4, as: UInt32.self)
    return message
  }

  private func put(_ byte: UInt8, _ index: UInt32) { memory[16 + Int(index % capacity)] = byte }
  private func get(_ index: UInt32) -> UInt8 { memory[16 + Int(index % capacity)] }
}

extension Messages {
  /// The next message of a topic; `nil` when none came in time, or one that is too long, which is lost.
  ///
  /// - Parameter timeout: milliseconds; −1 for ever.
  public static func next(_ topic: Text, timeout: Int32, bytesMax: Int = 256) throws(AppError) -> [UInt8]? {
    var room = [UInt8](repeating: 0, count: bytesMax)
    do throws(AppError) {
      let count = try recv(topic: topic, into: &room, timeout: timeout)
      return Array(room.prefix(Int(count)))
    } catch {
      if error == .eagain || error == .emsgsize { return nil }
      throw error
    }
  }
}

extension Messages {
  /// Publishes a line; `false` when a queue that must not lose anything is full, or too much was sent just now.
  @discardableResult
  public static func send(_ line: Line, to topic: Text) throws(AppError) -> Bool {
    do throws(AppError) {
      try publish(topic: topic, data: line.bytes.span)
      return true
    } catch {
      if error == .eagain { return false }
      throw error
    }
  }
}

extension Settings {
  /// The text of a key, of at most 127 bytes; `nil` without one.
  public static func text(_ key: Text) throws(AppError) -> [UInt8]? {
    var room = [UInt8](repeating: 0, count: 128)
    do throws(AppError) {
      let count = try patiently { () throws(AppError) in try get(key: key, into: &room) }
      return Array(room.prefix(Int(count)))
    } catch {
      if error == .enoent { return nil }
      throw error
    }
  }
}

extension Settings {
  /// Keeps a text under a key.
  public static func keep(_ key: Text, _ value: Line) throws(AppError) {
    let text = value.text
    try patiently { () throws(AppError) in try set(key: key, value: text) }
  }
}

/// Tries a call again for as long as the calls of its class are used up. Not for those that wait for something.
@discardableResult
public func patiently(_ call: () throws(AppError) -> Int32) throws(AppError) -> Int32 {
  while true {
    do throws(AppError) {
      return try call()
    } catch {
      if error != .eagain { throw error }
      try Time.sleepMs(milliseconds: 20)
    }
  }
}

extension Apps {
  /// This app's name. Commands come to `NAME.cmd`, and are answered to `NAME.evt`.
  public static func ownName() throws(AppError) -> [UInt8] {
    var room = [UInt8](repeating: 0, count: 32)
    let count = try getSelfName(into: &room)
    return Array(room.prefix(Int(count)))
  }
}
