import JSON

/// A short name for the content of a specification: equal content, equal name, on every machine and in every version.
///
/// FNV-1a of 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/) over the canonical JSON text.
public struct Fingerprint: Sendable, Hashable, CustomStringConvertible {
  public var text: String

  public init(text: String) { self.text = text }

  public init(_ json: JSON) {
    let digits = String(Fingerprint.hash(json.bytes(.canonical)), radix: 16)
    text = String(repeating: "0", count: 16 - digits.count) + digits
  }

  static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return value
  }

  public var description: String { text }
}

/// Waits that double, spread a little so that many workloads do not try again at one moment.
struct Backoff: Sendable, Equatable {
  var first: Duration
  var last: Duration

  /// For commands that the node could not do.
  static let nodeCommand = Backoff(first: .milliseconds(100), last: .seconds(30))

  /// The wait after failure number `failures` (from 1), exactly doubling.
  func delay(failures: Int) -> Duration {
    let doublings = max(0, min(failures - 1, 40))
    let (seconds, attoseconds) = first.components
    let milliseconds = Double(seconds) * 1000 + Double(attoseconds) / 1e15
    let delay = Duration.milliseconds(milliseconds * Double(1 << doublings))
    return min(delay, last)
  }

  /// The same, shortened by up to a quarter; how much follows from who waits and how often it has.
  func spreadDelay(failures: Int, workload: WorkloadID) -> Duration {
    let whole = delay(failures: failures)
    let quarters = Fingerprint.hash("\(workload)#\(failures)".utf8) >> 40 & 0xff
    return whole - whole * Double(quarters) / 1024
  }
}
