/// Writes compressed data of RFC 1951 as one block with the fixed codes: repeated strings are found greedily, which makes
/// WebAssembly about a third smaller. Equal input gives equal output.
public struct Deflate {
  private var output: [UInt8] = []
  private var bits: UInt32 = 0
  private var bitCount: UInt32 = 0

  public static func compress(_ input: [UInt8]) -> [UInt8] {
    var deflate = Deflate()
    deflate.run(input)
    return deflate.output
  }

  private static let windowSize = 32768
  private static let lengthMax = 258
  /// Candidates looked at for each position.
  private static let chainMax = 32

  private mutating func run(_ input: [UInt8]) {
    put(1, 1)
    put(1, 2)
    // The last position of each hash of three bytes, and of each position the one before with that hash.
    var heads = [Int32](repeating: -1, count: 1 << 15)
    var previous = [Int32](repeating: -1, count: input.count)
    func hash(_ at: Int) -> Int {
      let word = UInt32(input[at]) << 16 | UInt32(input[at + 1]) << 8 | UInt32(input[at + 2])
      return Int((word &* 0x9E37_79B1) >> 17)
    }
    func remember(_ at: Int) {
      guard at + 2 < input.count else { return }
      let slot = hash(at)
      previous[at] = heads[slot]
      heads[slot] = Int32(truncatingIfNeeded: at)
    }
    var at = 0
    while at < input.count {
      var best = (length: 0, distance: 0)
      if at + 2 < input.count {
        let most = min(Self.lengthMax, input.count - at)
        var candidate = Int(heads[hash(at)])
        var looks = 0
        while candidate >= 0, at - candidate <= Self.windowSize, looks < Self.chainMax, best.length < most {
          var length = 0
          while length < most, input[candidate + length] == input[at + length] { length += 1 }
          if length > best.length { best = (length, at - candidate) }
          candidate = Int(previous[candidate])
          looks += 1
        }
      }
      if best.length >= 3 {
        putMatch(best.length, best.distance)
        for position in at..<at + best.length { remember(position) }
        at += best.length
      } else {
        putSymbol(Int(input[at]))
        remember(at)
        at += 1
      }
    }
    putSymbol(256)
    if bitCount > 0 { put(0, 8 - bitCount) }
  }

  /// Lowest bit first.
  private mutating func put(_ value: Int, _ count: UInt32) {
    bits |= UInt32(value) << bitCount
    bitCount += count
    while bitCount >= 8 {
      output.append(UInt8(truncatingIfNeeded: bits))
      bits >>= 8
      bitCount -= 8
    }
  }

  /// A code word, highest bit first.
  private mutating func putWord(_ word: Int, _ count: Int) {
    var reversed = 0
    for bit in 0..<count where word >> bit & 1 == 1 { reversed |= 1 << (count - 1 - bit) }
    put(reversed, UInt32(count))
  }

  /// The fixed code of section 3.2.6.
  private mutating func putSymbol(_ symbol: Int) {
    switch symbol {
    case ..<144: putWord(0x30 + symbol, 8)
    case ..<256: putWord(0x190 + symbol - 144, 9)
    case ..<280: putWord(symbol - 256, 7)
    default: putWord(0xC0 + symbol - 280, 8)
    }
  }

  private mutating func putMatch(_ length: Int, _ distance: Int) {
    let lengthIndex = Inflate.lengthBase.lastIndex { $0 <= length } ?? 0
    putSymbol(257 + lengthIndex)
    put(length - Inflate.lengthBase[lengthIndex], UInt32(Inflate.lengthBits[lengthIndex]))
    let distanceIndex = Inflate.distanceBase.lastIndex { $0 <= distance } ?? 0
    putWord(distanceIndex, 5)
    put(distance - Inflate.distanceBase[distanceIndex], UInt32(distanceIndex < 2 ? 0 : distanceIndex / 2 - 1))
  }
}
