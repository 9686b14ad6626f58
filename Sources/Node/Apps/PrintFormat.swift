import Glibc
import Wasmtime

/// What `printf` of C makes of a format and of arguments that lie one after the other in a guest's memory, as compilers for
/// WebAssembly pass them: numbers of 4 bytes, of 8 for `ll`, `j` and floating point, each at a multiple of its size.
///
/// `n` writes nothing, and conversions that are not known are printed as they stand.
struct PrintFormat {
  /// Of a format and of what becomes of it.
  static let bytesMax: UInt32 = 65536

  private var output: [UInt8] = []
  private var next: UInt32
  private let format: [UInt8]
  private var place = 0

  private enum Failure: Error {
    case fault(GuestFault)
    case tooLong
  }

  private struct Directive {
    var isLeft = false
    var plus: UInt8?
    var isAlternate = false
    var isZero = false
    var width = 0
    var precision: Int?
    /// Of an integer: 8, 16, 32 or 64.
    var bits = 32
  }

  /// `nil` when it has more than ``bytesMax`` bytes.
  static func fill(
    _ format: UInt32, arguments: UInt32, in memory: borrowing GuestMemory
  ) throws(GuestFault) -> [UInt8]? {
    let length = try memory.textLength(at: format, lengthMax: bytesMax)
    var run = PrintFormat(next: arguments, format: try memory.read(at: format, count: length))
    do throws(Failure) {
      try run.fill(memory)
      return run.output
    } catch {
      guard case .fault(let fault) = error else { return nil }
      throw fault
    }
  }

  private init(next: UInt32, format: [UInt8]) {
    self.next = next
    self.format = format
  }

  private mutating func fill(_ memory: borrowing GuestMemory) throws(Failure) {
    while place < format.count {
      let start = place
      place = format[start...].firstIndex(of: UInt8(ascii: "%")) ?? format.count
      try add(format[start..<place])
      if place < format.count { try convert(memory) }
    }
  }

  private mutating func add(_ bytes: some Collection<UInt8>) throws(Failure) {
    guard bytes.count <= Int(Self.bytesMax) - output.count else { throw .tooLong }
    output += bytes
  }

  // MARK: Reading

  private var byte: UInt8 { place < format.count ? format[place] : 0 }

  private mutating func convert(_ memory: borrowing GuestMemory) throws(Failure) {
    let start = place
    place += 1
    var directive = Directive()
    readFlags(&directive)
    let width = try readNumber(memory)
    directive.isLeft = directive.isLeft || (width ?? 0) < 0
    directive.width = min(abs(width ?? 0), Int(Self.bytesMax) + 1)
    if byte == UInt8(ascii: ".") {
      place += 1
      let precision = try readNumber(memory) ?? 0
      directive.precision = precision < 0 ? nil : min(precision, Int(Self.bytesMax) + 1)
    }
    readLength(&directive)
    let conversion = byte
    place = min(place + 1, format.count)
    switch conversion {
    case UInt8(ascii: "%"): try add([conversion])
    case UInt8(ascii: "d"), UInt8(ascii: "i"), UInt8(ascii: "u"), UInt8(ascii: "x"), UInt8(ascii: "X"),
      UInt8(ascii: "o"), UInt8(ascii: "p"):
      try addInteger(directive, conversion, memory)
    case UInt8(ascii: "c"): try pad(directive, [], [UInt8(truncatingIfNeeded: try take(UInt32.self, memory))])
    case UInt8(ascii: "s"): try addText(directive, memory)
    case UInt8(ascii: "n"): _ = try take(UInt32.self, memory)
    case UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "g"),
      UInt8(ascii: "G"), UInt8(ascii: "a"), UInt8(ascii: "A"):
      try addReal(directive, conversion, memory)
    default: try add(format[start..<place])
    }
  }

  private mutating func readFlags(_ directive: inout Directive) {
    while true {
      switch byte {
      case UInt8(ascii: "-"): directive.isLeft = true
      case UInt8(ascii: "+"): directive.plus = byte
      case UInt8(ascii: " "): directive.plus = directive.plus ?? byte
      case UInt8(ascii: "#"): directive.isAlternate = true
      case UInt8(ascii: "0"): directive.isZero = true
      default: return
      }
      place += 1
    }
  }

  /// Digits, or `*` for an argument; `nil` without either.
  private mutating func readNumber(_ memory: borrowing GuestMemory) throws(Failure) -> Int? {
    if byte == UInt8(ascii: "*") {
      place += 1
      return Int(try take(Int32.self, memory))
    }
    var number: Int?
    while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      number = min((number ?? 0) * 10 + Int(byte - UInt8(ascii: "0")), Int(Int32.max))
      place += 1
    }
    return number
  }

  private mutating func readLength(_ directive: inout Directive) {
    while true {
      switch byte {
      case UInt8(ascii: "h"): directive.bits /= 2
      // `l` alone is 32 bits, as addresses are.
      case UInt8(ascii: "l"):
        if place > 0, format[place - 1] == UInt8(ascii: "l") { directive.bits = 64 }
      case UInt8(ascii: "j"): directive.bits = 64
      case UInt8(ascii: "z"), UInt8(ascii: "t"): break
      default:
        directive.bits = max(directive.bits, 8)
        return
      }
      place += 1
    }
  }

  /// The next argument.
  private mutating func take<Number: FixedWidthInteger & BitwiseCopyable>(
    _ type: Number.Type, _ memory: borrowing GuestMemory
  ) throws(Failure) -> Number {
    let size = UInt32(MemoryLayout<Number>.size)
    // At the end of all addresses the sum is 0, whose bytes are no arguments either.
    let address = (next &+ (size - 1)) & ~(size - 1)
    do throws(GuestFault) {
      let number = try memory.load(type, at: address)
      next = address &+ size
      return number
    } catch { throw .fault(error) }
  }

  // MARK: Writing

  /// Fills up to the width: with zeros behind the head, or with spaces on one of both sides.
  private mutating func pad(
    _ directive: Directive, _ head: [UInt8], _ body: some Collection<UInt8>, hasZeros: Bool = false
  ) throws(Failure) {
    let missing = max(0, directive.width - head.count - body.count)
    guard missing <= Int(Self.bytesMax) else { throw .tooLong }
    func fill(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: missing) }
    if !directive.isLeft, !hasZeros { try add(fill(UInt8(ascii: " "))) }
    try add(head)
    if !directive.isLeft, hasZeros { try add(fill(UInt8(ascii: "0"))) }
    try add(body)
    if directive.isLeft { try add(fill(UInt8(ascii: " "))) }
  }

  private mutating func addInteger(
    _ directive: Directive, _ conversion: UInt8, _ memory: borrowing GuestMemory
  ) throws(Failure) {
    var bits = directive.bits == 64 ? try take(UInt64.self, memory) : UInt64(try take(UInt32.self, memory))
    var head: [UInt8] = []
    if directive.bits < 64 { bits &= (1 << UInt64(directive.bits)) - 1 }
    if conversion == UInt8(ascii: "d") || conversion == UInt8(ascii: "i") {
      let isNegative = bits >> UInt64(directive.bits - 1) & 1 == 1
      if isNegative { bits = (0 &- bits) & (UInt64.max >> UInt64(64 - directive.bits)) }
      head = isNegative ? [UInt8(ascii: "-")] : directive.plus.map { [$0] } ?? []
    }
    let isHex = conversion == UInt8(ascii: "x") || conversion == UInt8(ascii: "X") || conversion == UInt8(ascii: "p")
    let radix = isHex ? 16 : conversion == UInt8(ascii: "o") ? 8 : 10
    var digits = Array(String(bits, radix: radix, uppercase: conversion == UInt8(ascii: "X")).utf8)
    if bits == 0, directive.precision == 0 { digits = [] }
    if let precision = directive.precision, precision > digits.count {
      guard precision <= Int(Self.bytesMax) else { throw .tooLong }
      digits = [UInt8](repeating: UInt8(ascii: "0"), count: precision - digits.count) + digits
    }
    if directive.isAlternate, radix == 8, digits.first != UInt8(ascii: "0") { digits = [UInt8(ascii: "0")] + digits }
    if conversion == UInt8(ascii: "p") || (directive.isAlternate && isHex && bits != 0) {
      head = [UInt8(ascii: "0"), conversion == UInt8(ascii: "X") ? conversion : UInt8(ascii: "x")]
    }
    try pad(directive, head, digits, hasZeros: directive.isZero && directive.precision == nil)
  }

  private mutating func addText(_ directive: Directive, _ memory: borrowing GuestMemory) throws(Failure) {
    let address = try take(UInt32.self, memory)
    guard address != 0 else { return try pad(directive, [], Array("(null)".utf8.prefix(directive.precision ?? 6))) }
    let look = min(directive.precision ?? .max, Int(Self.bytesMax) + 1, max(0, memory.size - Int(address)))
    let bytes: [UInt8]
    do throws(GuestFault) {
      let all = try memory.read(at: address, count: UInt32(look))
      let end = all.firstIndex(of: 0)
      // Without a zero byte it must not go on behind the memory's end.
      if end == nil, look < directive.precision ?? .max, look <= Int(Self.bytesMax) {
        throw GuestFault(address: address, count: UInt64(look) + 1, memorySize: memory.size)
      }
      bytes = Array(all[..<(end ?? look)])
    } catch { throw .fault(error) }
    try pad(directive, [], bytes)
  }

  /// As the host's C library has it, in which a number takes no more than 16 kB here.
  private mutating func addReal(
    _ directive: Directive, _ conversion: UInt8, _ memory: borrowing GuestMemory
  ) throws(Failure) {
    let number = Double(bitPattern: try take(UInt64.self, memory))
    var pattern = "%"
    if directive.isLeft { pattern += "-" }
    if let plus = directive.plus { pattern.unicodeScalars.append(Unicode.Scalar(plus)) }
    if directive.isAlternate { pattern += "#" }
    if directive.isZero { pattern += "0" }
    pattern += directive.precision == nil ? "*" : "*.*"
    pattern.unicodeScalars.append(Unicode.Scalar(conversion))
    guard directive.width <= 8192, directive.precision ?? 0 <= 8192 else { throw .tooLong }
    let parts: [any CVarArg] =
      [Int32(directive.width)] + (directive.precision.map { [Int32($0)] } ?? []) + [number]
    var text = [CChar](repeating: 0, count: 16384)
    let count = withVaList(parts) { vsnprintf(&text, text.count, pattern, $0) }
    try add(text.prefix(max(0, min(Int(count), text.count - 1))).map { UInt8(bitPattern: $0) })
  }
}
