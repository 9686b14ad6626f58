/// Reads compressed data of RFC 1951.
struct Inflate {
  private let bytes: [UInt8]
  private(set) var offset: Int
  /// Bits that were taken from the bytes and not used yet, lowest first.
  private var bits: UInt64 = 0
  private var bitCount = 0
  private var output: [UInt8] = []
  private let outputMax: Int

  /// - Parameter outputMax: more than this is refused.
  init(_ bytes: [UInt8], at offset: Int, outputMax: Int) {
    self.bytes = bytes
    self.offset = offset
    self.outputMax = outputMax
  }

  /// All blocks; `offset` is behind the last byte that was used.
  mutating func run() throws(AppFormatError) -> [UInt8] {
    while true {
      let isLast = try take(1) == 1
      switch try take(2) {
      case 0: try copyStored()
      case 1: try copyCoded(Self.fixedLiterals, Self.fixedDistances)
      case 2:
        let (literals, distances) = try dynamicCodes()
        try copyCoded(literals, distances)
      default: throw fault("block of a reserved kind")
      }
      if isLast { break }
    }
    offset -= bitCount / 8
    return output
  }

  private func fault(_ reason: String) -> AppFormatError { .compression(reason, offset: offset) }

  private mutating func fill(_ count: Int) throws(AppFormatError) {
    while bitCount < count {
      guard offset < bytes.count else { throw fault("data ends too early") }
      bits |= UInt64(bytes[offset]) << UInt64(bitCount)
      offset += 1
      bitCount += 8
    }
  }

  private mutating func take(_ count: Int) throws(AppFormatError) -> Int {
    try fill(count)
    defer { drop(count) }
    return Int(bits & (1 << UInt64(count) - 1))
  }

  private mutating func drop(_ count: Int) {
    bits >>= UInt64(count)
    bitCount -= count
  }

  private mutating func copyStored() throws(AppFormatError) {
    drop(bitCount % 8)
    let length = try take(16)
    guard try take(16) == length ^ 0xFFFF else { throw fault("length of a stored block does not fit its complement") }
    guard output.count + length <= outputMax else { throw .tooLarge(bytes: output.count + length, bytesMax: outputMax) }
    // Whole bytes that were taken too many.
    offset -= bitCount / 8
    bits = 0
    bitCount = 0
    guard bytes.count - offset >= length else { throw fault("data ends too early") }
    output += bytes[offset..<offset + length]
    offset += length
  }

  /// A prefix code as a table of all words of its longest length: the symbol times 16, plus the length; 0: no symbol.
  struct Code {
    var table: [UInt16]
    var lengthMax: Int

    /// `nil` when there are more code words than fit.
    init?(lengths: some Collection<UInt8>) {
      let longest = Int(lengths.max() ?? 0)
      var counts = [Int](repeating: 0, count: 17)
      for length in lengths where length > 0 { counts[Int(length)] += 1 }
      var next = [Int](repeating: 0, count: 17)
      var code = 0
      for length in 1..<16 {
        next[length] = code
        code = (code + counts[length]) << 1
        if next[length] + counts[length] > 1 << length { return nil }
      }
      table = [UInt16](repeating: 0, count: 1 << longest)
      lengthMax = longest
      for (symbol, length) in lengths.enumerated() where length > 0 {
        let word = next[Int(length)]
        next[Int(length)] += 1
        // Words are sent highest bit first, the table is looked up lowest bit first.
        var index = 0
        for bit in 0..<Int(length) where word >> bit & 1 == 1 { index |= 1 << (Int(length) - 1 - bit) }
        while index < table.count {
          table[index] = UInt16(symbol) << 4 | UInt16(length)
          index += 1 << Int(length)
        }
      }
    }
  }

  private mutating func symbol(_ code: Code) throws(AppFormatError) -> Int {
    while bitCount < code.lengthMax, offset < bytes.count { try fill(bitCount + 1) }
    let entry = code.table[Int(bits & (1 << UInt64(code.lengthMax) - 1))]
    let length = Int(entry & 15)
    guard length > 0 else { throw fault("no symbol has this code") }
    guard length <= bitCount else { throw fault("data ends too early") }
    drop(length)
    return Int(entry >> 4)
  }

  private mutating func dynamicCodes() throws(AppFormatError) -> (Code, Code) {
    let literalCount = try take(5) + 257
    let distanceCount = try take(5) + 1
    let lengthCount = try take(4) + 4
    guard literalCount <= 286, distanceCount <= 30 else { throw fault("too many symbols") }
    let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    var lengths = [UInt8](repeating: 0, count: 19)
    for index in 0..<lengthCount { lengths[order[index]] = UInt8(try take(3)) }
    guard let lengthCode = Code(lengths: lengths) else { throw fault("code lengths do not form a code") }
    var all: [UInt8] = []
    while all.count < literalCount + distanceCount {
      let symbol = try symbol(lengthCode)
      switch symbol {
      case 16:
        guard let last = all.last else { throw fault("nothing to repeat") }
        all += [UInt8](repeating: last, count: try take(2) + 3)
      case 17: all += [UInt8](repeating: 0, count: try take(3) + 3)
      case 18: all += [UInt8](repeating: 0, count: try take(7) + 11)
      default: all.append(UInt8(symbol))
      }
    }
    guard all.count == literalCount + distanceCount, all[256] > 0, let literals = Code(lengths: all[..<literalCount]),
      let distances = Code(lengths: all[literalCount...])
    else { throw fault("code lengths do not form a code") }
    return (literals, distances)
  }

  private mutating func copyCoded(_ literals: Code, _ distances: Code) throws(AppFormatError) {
    while true {
      let symbol = try symbol(literals)
      if symbol == 256 { return }
      if symbol < 256 {
        guard output.count < outputMax else { throw .tooLarge(bytes: output.count + 1, bytesMax: outputMax) }
        output.append(UInt8(symbol))
        continue
      }
      guard symbol - 257 < Self.lengthBase.count else { throw fault("length symbol \(symbol)") }
      let length = Self.lengthBase[symbol - 257] + (try take(Self.lengthBits[symbol - 257]))
      let distanceSymbol = try self.symbol(distances)
      guard distanceSymbol < Self.distanceBase.count else { throw fault("distance symbol \(distanceSymbol)") }
      let distance = Self.distanceBase[distanceSymbol] + (try take(distanceSymbol < 2 ? 0 : distanceSymbol / 2 - 1))
      guard distance <= output.count else { throw fault("distance before the start") }
      guard output.count + length <= outputMax else {
        throw .tooLarge(bytes: output.count + length, bytesMax: outputMax)
      }
      for _ in 0..<length { output.append(output[output.count - distance]) }
    }
  }

  // RFC 1951 section 3.2.5.
  static let lengthBase = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ]
  static let lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
  static let distanceBase = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
    8193, 12289, 16385, 24577,
  ]

  // Section 3.2.6. Both are complete codes, so that they can be made.
  static let fixedLengths =
    [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112) + [UInt8](repeating: 7, count: 24)
    + [UInt8](repeating: 8, count: 8)
  private static let fixedLiterals = Code(complete: fixedLengths)
  private static let fixedDistances = Code(complete: [UInt8](repeating: 5, count: 32))
}

extension Inflate.Code {
  /// Of lengths that are known to form a code.
  init(complete lengths: [UInt8]) {
    guard let code = Inflate.Code(lengths: lengths) else { preconditionFailure("the lengths form no code") }
    self = code
  }
}
