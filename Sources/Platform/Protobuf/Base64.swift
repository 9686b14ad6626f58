import Bytes

extension Base64 {
  /// Reads what the JSON mapping and gRPC allow: either alphabet, with or without padding.
  /// - Returns: `nil` when the text is not base64.
  public static func decodeEither(_ text: some Collection<UInt8>) -> [UInt8]? {
    var digits = text.map { digit in
      switch digit {
      case UInt8(ascii: "+"): UInt8(ascii: "-")
      case UInt8(ascii: "/"): UInt8(ascii: "_")
      default: digit
      }
    }
    if digits.count.isMultiple(of: 4) {
      for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
    }
    return try? decode(digits, .url)
  }
}
