import Glibc

/// SplitMix64, so that a failing run can be repeated with `AETHER_SEED`.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  static func fromEnvironment() -> SeededRandom {
    var seed = UInt64.random(in: 0...UInt64.max)
    if let text = getenv("AETHER_SEED"), let given = UInt64(String(cString: text)) { seed = given }
    print("AETHER_SEED=\(seed)")
    return SeededRandom(seed: seed)
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
