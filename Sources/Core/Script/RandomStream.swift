/// Reproducible random numbers: xoshiro256** (Blackman and Vigna), seeded by SplitMix64. Hosts name a stream per use.
public struct RandomStream: Sendable, Equatable {
  /// The whole state, for snapshots; not all zero.
  public private(set) var state: (UInt64, UInt64, UInt64, UInt64)

  public static func == (left: RandomStream, right: RandomStream) -> Bool {
    left.state.0 == right.state.0 && left.state.1 == right.state.1 && left.state.2 == right.state.2
      && left.state.3 == right.state.3
  }

  public init(state: (UInt64, UInt64, UInt64, UInt64)) {
    self.state = state
    if state.0 | state.1 | state.2 | state.3 == 0 { self.state.0 = 1 }
  }

  /// The stream of a seed and a name: streams with different names are independent.
  public init(seed: UInt64, name: [UInt8] = []) {
    var mixed = seed
    for byte in name { mixed = (mixed ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 &+ 0x9E37_79B9_7F4A_7C15 }
    func next() -> UInt64 {
      mixed &+= 0x9E37_79B9_7F4A_7C15
      var value = mixed
      value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
      return value ^ value >> 31
    }
    let first = next()
    let second = next()
    let third = next()
    self.init(state: (first, second, third, next()))
  }

  public mutating func next() -> UInt64 {
    let result = RandomStream.rotate(state.1 &* 5, 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = RandomStream.rotate(state.3, 45)
    return result
  }

  /// A number from 0 up to, not including, 1.
  public mutating func nextFraction() -> Double { Double(next() >> 11) * 0x1p-53 }

  private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
}
