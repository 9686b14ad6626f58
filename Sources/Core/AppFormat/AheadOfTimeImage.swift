/// Machine code of another runtime (`\0aot`): it cannot be run here, but says what it is.
///
/// Sections of a type and a size (32 bits each, aligned to 4) follow the first 8 bytes. Type 100 are custom ones; of these the
/// sub-type 0 is raw: the length of a name (16 bits), the name, and the contents.
public struct AheadOfTimeImage: Sendable, Equatable {
  /// Range of the manifest's JSON in the bytes; `nil` when there is none.
  public let manifest: Range<Int>?
  /// Type and contents of each section.
  public let sections: [Section]

  public struct Section: Sendable, Equatable {
    public var type: UInt32
    public var contents: Range<Int>
  }

  static let customType: UInt32 = 100

  /// Whether bytes begin as an image does.
  public static func begins(_ bytes: [UInt8]) -> Bool { bytes.starts(with: ModuleOutline.aheadOfTimeMagic) }

  public init(_ bytes: [UInt8]) throws(AppFormatError) {
    guard bytes.count >= 8, Self.begins(bytes) else { throw .notAModule }
    var sections: [Section] = []
    var manifest: Range<Int>?
    var offset = 8
    // What is left behind the last section is padding when no head of a section fits in.
    while bytes.count - offset >= 8 {
      let type = Self.number(bytes, at: offset, count: 4)
      let size = Int(Self.number(bytes, at: offset + 4, count: 4))
      guard size <= bytes.count - offset - 8 else { throw .truncated(offset: offset) }
      let contents = offset + 8..<offset + 8 + size
      sections.append(Section(type: type, contents: contents))
      if type == Self.customType, manifest == nil { manifest = try Self.manifest(bytes, contents) }
      offset = (contents.upperBound + 3) & ~3
    }
    self.sections = sections
    self.manifest = manifest
  }

  /// The JSON of a custom section of the manifest's name.
  private static func manifest(_ bytes: [UInt8], _ contents: Range<Int>) throws(AppFormatError) -> Range<Int>? {
    guard contents.count >= 4 else { throw .truncated(offset: contents.lowerBound) }
    guard number(bytes, at: contents.lowerBound, count: 4) == 0 else { return nil }
    guard contents.count >= 6 else { throw .truncated(offset: contents.lowerBound) }
    let length = Int(number(bytes, at: contents.lowerBound + 4, count: 2))
    let start = contents.lowerBound + 6
    guard length <= contents.upperBound - start else { throw .truncated(offset: contents.lowerBound + 4) }
    // Some tools count a zero byte behind the name.
    var name = bytes[start..<start + length]
    if name.last == 0 { name.removeLast() }
    guard name.elementsEqual(AppManifest.sectionName.utf8) else { return nil }
    return start + length..<contents.upperBound
  }

  private static func number(_ bytes: [UInt8], at offset: Int, count: Int) -> UInt32 {
    (0..<count).reversed().reduce(0) { $0 << 8 | UInt32(bytes[offset + $1]) }
  }
}

extension AppManifest {
  /// The manifest in an image of machine code; `nil` when it has none.
  public static func embedded(inImage bytes: [UInt8]) throws(AppFormatError) -> AppManifest? {
    guard let range = try AheadOfTimeImage(bytes).manifest else { return nil }
    return try AppManifest(json: text(ofSection: bytes[range]))
  }
}
