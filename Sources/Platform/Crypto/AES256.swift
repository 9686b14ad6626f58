import COpenSSL

/// AES with keys of 256 bits (FIPS 197) in modes that hide bytes but do not notice changes of them (NIST SP 800-38A): for
/// formats that ask for them. New formats take a mode that authenticates.
public enum AES256 {
  public static let keyBytes = 32
  public static let blockBytes = 16

  /// Cipher block chaining without padding.
  ///
  /// - Parameters:
  ///   - message: whole blocks, none at all included.
  ///   - iv: one block.
  public static func encryptCBC(
    _ message: some Collection<UInt8>, key: Secret, iv: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    try run(message, key, iv, "AES-256-CBC", encrypts: true)
  }

  /// The other way of ``encryptCBC(_:key:iv:)``.
  public static func decryptCBC(
    _ message: some Collection<UInt8>, key: Secret, iv: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    try run(message, key, iv, "AES-256-CBC", encrypts: false)
  }

  /// Counter mode, which is its own inverse: the block `counter` is a big-endian number that grows by 1 for each block.
  public static func ctr(
    _ message: some Collection<UInt8>, key: Secret, counter: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    try run(message, key, counter, "AES-256-CTR", encrypts: true)
  }

  private static func run(
    _ message: some Collection<UInt8>, _ key: Secret, _ block: [UInt8], _ cipher: String, encrypts: Bool
  ) throws(CryptoError) -> [UInt8] {
    guard key.count == keyBytes else {
      throw .invalidArgument(field: "key", reason: "has \(keyBytes) bytes, this one \(key.count)")
    }
    guard block.count == blockBytes else {
      throw .invalidArgument(field: "block", reason: "has \(blockBytes) bytes, this one \(block.count)")
    }
    guard cipher != "AES-256-CBC" || message.count % blockBytes == 0 else {
      throw .invalidArgument(field: "message", reason: "\(message.count) bytes are no whole blocks of \(blockBytes)")
    }
    guard message.count <= Int(Int32.max) - blockBytes else {
      throw .invalidArgument(field: "message", reason: "\(message.count) bytes are too many")
    }
    guard let implementation = EVP_CIPHER_fetch(nil, cipher, nil) else { throw failure(cipher) }
    defer { EVP_CIPHER_free(implementation) }
    guard let context = EVP_CIPHER_CTX_new() else { throw failure(cipher) }
    // Also wipes the round keys.
    defer { EVP_CIPHER_CTX_free(context) }
    let isReady = key.withBytes { key in
      EVP_CipherInit_ex2(
        context, implementation, key.baseAddress?.assumingMemoryBound(to: UInt8.self), block, encrypts ? 1 : 0, nil)
    }
    guard isReady == 1, EVP_CIPHER_CTX_set_padding(context, 0) == 1 else { throw failure(cipher) }
    var written: Int32 = 0
    var rest: Int32 = 0
    var isDone = false
    let output = [UInt8](unsafeUninitializedCapacity: message.count + blockBytes) { buffer, count in
      isDone =
        message.withBytePointer { EVP_CipherUpdate(context, buffer.baseAddress, &written, $0, Int32($1)) } == 1
        && EVP_CipherFinal_ex(context, buffer.baseAddress?.advanced(by: Int(written)), &rest) == 1
      count = isDone ? Int(written + rest) : 0
    }
    guard isDone else { throw failure(cipher) }
    return output
  }
}
