/// Base 64 (RFC 4648). Reading is strict: no white space, no stray bits, padding as the variant says.
public enum Base64 {
  /// Alphabet and padding of a text.
  public enum Variant: Sendable {
    /// RFC 4648 section 4: `+` and `/`, padded with `=` to a multiple of four characters.
    case standard
    /// RFC 4648 section 5 without padding: `-` and `_`, as JOSE writes it (RFC 7515 section 2).
    case url
  }

  public static func encode(_ bytes: some Collection<UInt8>, _ variant: Variant = .standard) -> String {
    let alphabet: StaticString =
      variant == .standard
      ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
      : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    let symbols = alphabet.utf8Start
    return bytes.withContiguousBytes { input in
      String(unsafeUninitializedCapacity: (input.count + 2) / 3 * 4) { output in
        var read = 0
        var written = 0
        while read + 3 <= input.count {
          let group = UInt32(input[read]) << 16 | UInt32(input[read + 1]) << 8 | UInt32(input[read + 2])
          output[written] = symbols[Int(group >> 18)]
          output[written + 1] = symbols[Int(group >> 12 & 63)]
          output[written + 2] = symbols[Int(group >> 6 & 63)]
          output[written + 3] = symbols[Int(group & 63)]
          read += 3
          written += 4
        }
        let rest = input.count - read
        guard rest > 0 else { return written }
        let group = UInt32(input[read]) << 16 | (rest == 2 ? UInt32(input[read + 1]) << 8 : 0)
        output[written] = symbols[Int(group >> 18)]
        output[written + 1] = symbols[Int(group >> 12 & 63)]
        written += 2
        if rest == 2 {
          output[written] = symbols[Int(group >> 6 & 63)]
          written += 1
        }
        while variant == .standard, !written.isMultiple(of: 4) {
          output[written] = 0x3D
          written += 1
        }
        return written
      }
    }
  }

  public static func decode(_ text: String, _ variant: Variant = .standard) throws(CodecError) -> [UInt8] {
    try decode(Array(text.utf8), variant)
  }

  public static func decode(
    _ text: some Collection<UInt8>, _ variant: Variant = .standard
  ) throws(CodecError) -> [UInt8] {
    // A closure with typed throws would need the error type spelled through `rethrows`; a result is simpler.
    let outcome: Result<[UInt8], CodecError> = text.withContiguousBytes { decodeBytes($0, variant) }
    return try outcome.get()
  }

  private static func decodeBytes(
    _ text: UnsafeBufferPointer<UInt8>, _ variant: Variant
  ) -> Result<[UInt8], CodecError> {
    var length = text.count
    if variant == .standard {
      guard length.isMultiple(of: 4) else { return .failure(.invalidLength(length)) }
      var padding = 0
      while padding < 2, length > 0, text[length - 1] == 0x3D {
        length -= 1
        padding += 1
      }
    }
    let rest = length % 4
    guard rest != 1 else { return .failure(.invalidLength(text.count)) }
    let size = length / 4 * 3 + (rest == 0 ? 0 : rest - 1)
    let values = variant == .standard ? standardValues : urlValues
    var failure: CodecError?
    let bytes = values.withUnsafeBufferPointer { values in
      [UInt8](unsafeUninitializedCapacity: size) { output, count in
        count = 0
        var read = 0
        while read + 4 <= length {
          let first = UInt32(values[Int(text[read])])
          let second = UInt32(values[Int(text[read + 1])])
          let third = UInt32(values[Int(text[read + 2])])
          let fourth = UInt32(values[Int(text[read + 3])])
          guard (first | second | third | fourth) < 64 else { break }
          let group = first << 18 | second << 12 | third << 6 | fourth
          output[count] = UInt8(truncatingIfNeeded: group >> 16)
          output[count + 1] = UInt8(truncatingIfNeeded: group >> 8)
          output[count + 2] = UInt8(truncatingIfNeeded: group)
          count += 3
          read += 4
        }
        var group: UInt32 = 0
        for offset in read..<min(read + 4, length) {
          let value = UInt32(values[Int(text[offset])])
          guard value < 64 else {
            failure = .invalidCharacter(offset: offset)
            return
          }
          group = group << 6 | value
        }
        if rest == 2 {
          if group & 15 != 0 { failure = .nonCanonical }
          output[count] = UInt8(truncatingIfNeeded: group >> 4)
          count += 1
        } else if rest == 3 {
          if group & 3 != 0 { failure = .nonCanonical }
          output[count] = UInt8(truncatingIfNeeded: group >> 10)
          output[count + 1] = UInt8(truncatingIfNeeded: group >> 2)
          count += 2
        }
      }
    }
    if let failure { return .failure(failure) }
    return .success(bytes)
  }

  /// Value of every character, 255 for those outside the alphabet.
  private static let standardValues = values(plus: 0x2B, slash: 0x2F)
  private static let urlValues = values(plus: 0x2D, slash: 0x5F)

  private static func values(plus: UInt8, slash: UInt8) -> [UInt8] {
    var values = [UInt8](repeating: 255, count: 256)
    for value in 0..<26 {
      values[0x41 + value] = UInt8(value)
      values[0x61 + value] = UInt8(26 + value)
    }
    for value in 0..<10 { values[0x30 + value] = UInt8(52 + value) }
    values[Int(plus)] = 62
    values[Int(slash)] = 63
    return values
  }
}
