import Bytes
import COpenSSL

/// The textual encoding of RFC 7468.
public enum PEM {
  /// One block: what it says it is, and its contents.
  public struct Block: Sendable {
    public let label: String
    public let der: Secret
  }

  /// Upper bounds on what is read.
  static let textSizeMax = 1 << 20
  static let blocksMax = 1000

  /// Every block of a text, in order; text between blocks is skipped.
  public static func blocks(_ text: String) throws(CryptoError) -> [Block] { try blocks(Secret(Array(text.utf8))) }

  public static func blocks(_ text: Secret) throws(CryptoError) -> [Block] {
    guard text.count <= textSizeMax else {
      throw .invalidArgument(field: "pem", reason: "longer than \(textSizeMax) bytes")
    }
    guard text.count > 0 else { return [] }
    return try text.withBytes { (bytes) throws(CryptoError) in
      let bio = try MemoryBIO(reading: bytes)
      // Reading past the last block leaves "no start line" behind.
      defer { ERR_clear_error() }
      var blocks: [Block] = []
      while blocks.count < blocksMax {
        var name: UnsafeMutablePointer<CChar>?
        var header: UnsafeMutablePointer<CChar>?
        var data: UnsafeMutablePointer<UInt8>?
        var length = 0
        guard PEM_read_bio(bio.pointer, &name, &header, &data, &length) == 1 else {
          let reason = ERR_peek_last_error()
          if reason & 0x7F_FFFF == UInt(PEM_R_NO_START_LINE) { return blocks }
          throw .invalidArgument(field: "pem", reason: takeOpenSSLReason())
        }
        defer {
          CRYPTO_free(name, nil, 0)
          CRYPTO_free(header, nil, 0)
          CRYPTO_clear_free(data, length, nil, 0)
        }
        guard let name, let header, header.pointee == 0 else {
          throw .invalidArgument(field: "pem", reason: "blocks with headers (encrypted keys) are not supported")
        }
        blocks.append(
          Block(label: String(cString: name), der: Secret(copying: UnsafeRawBufferPointer(start: data, count: length))))
      }
      throw .invalidArgument(field: "pem", reason: "more than \(blocksMax) blocks")
    }
  }

  /// A block of public contents.
  public static func text(_ label: String, _ der: [UInt8]) -> String {
    var text = "-----BEGIN \(label)-----\n"
    let body = Base64.encode(der).utf8
    var rest = body[...]
    while !rest.isEmpty {
      text += String(decoding: rest.prefix(64), as: UTF8.self) + "\n"
      rest = rest.dropFirst(64)
    }
    return text + "-----END \(label)-----\n"
  }
}
