/// Numbers as text for hosts: the same bytes on every target.
public enum NumberText {
  public static func append(_ value: Int64, to bytes: inout [UInt8]) { Numbers.append(value, to: &bytes) }

  /// The fewest of 15, 16 or 17 digits that read back as the same number, with `.0` where it would look like an integer;
  /// `nan`, `inf`, `-inf`.
  public static func append(_ value: Double, to bytes: inout [UInt8]) {
    append(value, digits: 15...17, to: &bytes) { $0 == value }
  }

  /// The fewest of 6 to 9 digits that read back as the same number.
  public static func append(_ value: Float, to bytes: inout [UInt8]) {
    append(Double(value), digits: 6...9, to: &bytes) { Float($0) == value }
  }

  /// As the script language's `tostring` shows it.
  public static func appendScript(_ value: Double, to bytes: inout [UInt8]) { Numbers.append(value, to: &bytes) }

  /// A number as the script language writes it: an integer or a float.
  public static func parse(_ text: [UInt8]) -> ScriptValue? {
    text.withUnsafeBufferPointer { Numbers.parse($0) }.map { $0.value }
  }

  private static func append(
    _ value: Double, digits: ClosedRange<Int>, to bytes: inout [UInt8], isExact: (Double) -> Bool
  ) {
    let start = bytes.count
    for precision in digits {
      bytes.removeLast(bytes.count - start)
      FloatText.general(value, precision: precision, isAlternate: false, to: &bytes)
      guard value.isFinite, precision < digits.upperBound else { break }
      let text = bytes[start...].first == UInt8(ascii: "-") ? bytes[(start + 1)...] : bytes[start...]
      let read = text.withUnsafeBufferPointer { FloatReader.decimal($0) }
      if let read, isExact(value.sign == .minus ? -read : read) { break }
    }
    for byte in bytes[start...] where !Characters.isDigit(byte) && byte != UInt8(ascii: "-") { return }
    bytes.append(UInt8(ascii: "."))
    bytes.append(UInt8(ascii: "0"))
  }
}
