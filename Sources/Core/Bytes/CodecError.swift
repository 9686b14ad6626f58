/// Why a text is not a valid encoding of bytes.
public enum CodecError: Error, Equatable, Sendable {
  /// A byte that is not in the alphabet; `offset` counts from the start of the text.
  case invalidCharacter(offset: Int)
  /// The text ends in the middle of a byte, or its padding is missing, misplaced or superfluous.
  case invalidLength(Int)
  /// The last character carries bits that no encoder writes, so the same bytes would have two texts.
  case nonCanonical
}

extension CodecError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidCharacter(let offset): "character at offset \(offset) is not in the alphabet"
    case .invalidLength(let length): "a text of \(length) characters cannot encode whole bytes"
    case .nonCanonical: "the last character carries stray bits"
    }
  }
}

extension Collection<UInt8> {
  /// Calls `body` with the bytes in one piece, copying them only when the collection does not keep them so.
  @inline(__always)
  func withContiguousBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    if let result = withContiguousStorageIfAvailable(body) { return result }
    return Array(self).withUnsafeBufferPointer(body)
  }
}
