import COpenSSL

/// Bytes that must not be shown: every description is redacted, and the memory is wiped when the last copy goes.
public struct Secret: Sendable {
  private final class Storage: @unchecked Sendable {
    // Holds: the bytes are written in `init` only, before the object is shared, and wiped in `deinit`.
    let bytes: UnsafeMutableRawBufferPointer

    init(count: Int) { bytes = .allocate(byteCount: count, alignment: 1) }

    deinit {
      if let base = bytes.baseAddress { OPENSSL_cleanse(base, bytes.count) }
      bytes.deallocate()
    }
  }

  private let storage: Storage

  /// Copies the bytes; the caller's own copy is the caller's to forget.
  public init(_ bytes: some Collection<UInt8>) {
    storage = Storage(count: bytes.count)
    storage.bytes.copyBytes(from: bytes)
  }

  public init(copying bytes: UnsafeRawBufferPointer) {
    storage = Storage(count: bytes.count)
    storage.bytes.copyMemory(from: bytes)
  }

  /// `count` fresh random bytes.
  public static func random(_ count: Int) -> Secret {
    let secret = Secret([UInt8](repeating: 0, count: count))
    SecureRandom.fill(secret.storage.bytes)
    return secret
  }

  public var count: Int { storage.bytes.count }

  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(storage.bytes))
  }

  /// A copy that is not protected any more.
  public func exposed() -> [UInt8] { withBytes { Array($0) } }
}

extension Secret: Equatable {
  /// Takes the same time wherever the difference lies.
  public static func == (left: Secret, right: Secret) -> Bool {
    left.withBytes { left in right.withBytes { right in constantTimeEqual(left, right) } }
  }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "<redacted>" }
  public var debugDescription: String { "<redacted>" }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
public func constantTimeEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
  left.withBytePointer { left, leftCount in
    right.withBytePointer { right, rightCount in
      leftCount == rightCount && CRYPTO_memcmp(left, right, leftCount) == 0
    }
  }
}
