import COpenSSL

/// Random bytes fit for keys, from OpenSSL's generator seeded by the kernel.
public struct SecureRandom: RandomNumberGenerator, Sendable {
  public init() {}

  public static func bytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      fill(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
      initialized = count
    }
  }

  /// Stops the process when the generator fails: going on with predictable bytes would be worse.
  public static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
    guard !buffer.isEmpty else { return }
    guard buffer.count <= Int32.max,
      RAND_bytes(buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(buffer.count)) == 1
    else { fatalError("no secure randomness: \(takeOpenSSLReason())") }
  }

  public mutating func next() -> UInt64 {
    var value: UInt64 = 0
    withUnsafeMutableBytes(of: &value) { Self.fill($0) }
    return value
  }
}
