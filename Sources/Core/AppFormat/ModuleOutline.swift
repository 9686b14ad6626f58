import Bytes

/// What the binary of an app says about itself, without compiling it: sections, imports, exports, custom sections.
///
/// Everything is within the bytes, but nothing else is validated: that is the compiler's work.
public struct ModuleOutline: Sendable, Equatable {
  public enum ValueType: UInt8, Sendable, Equatable {
    case i32 = 0x7F
    case i64 = 0x7E
    case f32 = 0x7D
    case f64 = 0x7C
    case v128 = 0x7B
    case funcref = 0x70
    case externref = 0x6F
  }

  public struct FunctionType: Sendable, Equatable {
    public var parameters: [ValueType]
    public var results: [ValueType]

    public init(_ parameters: [ValueType] = [], _ results: [ValueType] = []) {
      self.parameters = parameters
      self.results = results
    }
  }

  public enum ImportKind: Sendable, Equatable {
    case function(FunctionType)
    case table
    case memory(Limits)
    case global
    case tag
  }

  public enum ExportKind: UInt8, Sendable, Equatable {
    case function, table, memory, global, tag
  }

  /// Of a memory, in pages of 64 KiB.
  public struct Limits: Sendable, Equatable {
    public var min: UInt64
    public var max: UInt64?

    public init(min: UInt64, max: UInt64?) {
      self.min = min
      self.max = max
    }
  }

  public struct Import: Sendable, Equatable {
    public var module: String
    public var name: String
    public var kind: ImportKind
  }

  public struct Export: Sendable, Equatable {
    public var name: String
    public var kind: ExportKind
    public var index: UInt32
  }

  /// A section, with the range of its contents in the bytes.
  public struct Section: Sendable, Equatable {
    /// 0 for custom sections; else as the WebAssembly specification numbers them.
    public var id: UInt8
    /// Of a custom section.
    public var name: String?
    /// From the identifier to the end.
    public var whole: Range<Int>
    /// After the size, and after the name of a custom section.
    public var contents: Range<Int>
  }

  public var sections: [Section] = []
  public var imports: [Import] = []
  public var exports: [Export] = []
  /// The memories that the module defines itself.
  public var memories: [Limits] = []
  /// Known sections in an order that the specification does not allow: noted, not refused.
  public var isOutOfOrder = false
  /// SHA-256 of all bytes: the identity of the app's code.
  public var identity: [UInt8]

  /// `\0asm`, as it stands at the start.
  public static let magic: [UInt8] = [0x00, 0x61, 0x73, 0x6D]
  /// `\0aot`.
  static let aheadOfTimeMagic: [UInt8] = [0x00, 0x61, 0x6F, 0x74]

  /// Walks through all sections.
  public init(_ bytes: [UInt8]) throws(AppFormatError) {
    guard bytes.count >= 8 else { throw .notAModule }
    if bytes.starts(with: Self.aheadOfTimeMagic) { throw .aheadOfTimeImage }
    guard bytes.starts(with: Self.magic) else { throw .notAModule }
    let version = (4..<8).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[$1]) }
    guard version == 1 else { throw .moduleVersion(version) }
    identity = SHA256.digest(bytes)
    var reader = ModuleReader(bytes, from: 8)
    var types: [FunctionType] = []
    var order: UInt8 = 0
    while !reader.isAtEnd {
      let start = reader.offset
      let id = try reader.byte()
      guard id <= 13 else { throw .invalidKind(id, offset: start) }
      let contents = try reader.range()
      var section = ModuleReader(bytes, from: contents.lowerBound, to: contents.upperBound)
      var name: String?
      switch id {
      case 0: name = try section.name()
      case 1: types = try Self.types(&section)
      case 2: imports += try Self.imports(&section, types)
      case 5: memories += try Self.limits(&section)
      case 7: exports += try Self.exports(&section)
      default: break
      }
      if [1, 2, 5, 7].contains(id), !section.isAtEnd { throw .sectionSize(offset: start) }
      if id != 0 {
        let place = Self.place(id)
        if place <= order { isOutOfOrder = true }
        order = max(order, place)
      }
      sections.append(
        Section(id: id, name: name, whole: start..<contents.upperBound, contents: section.contentsLeft(id)))
    }
  }

  /// The first custom section of a name.
  public func custom(_ name: String) -> Section? { sections.first { $0.id == 0 && $0.name == name } }

  /// Where a section stands in a module: tags come after memories, the count of data segments before the code.
  private static func place(_ id: UInt8) -> UInt8 {
    switch id {
    case 13: 11
    case 12: 19
    case 10: 20
    case 11: 21
    default: id * 2
    }
  }

  private static func types(_ reader: inout ModuleReader) throws(AppFormatError) -> [FunctionType] {
    var types: [FunctionType] = []
    for _ in 0..<(try reader.count()) {
      let offset = reader.offset
      let form = try reader.byte()
      guard form == 0x60 else { throw .invalidKind(form, offset: offset) }
      let parameters = try valueTypes(&reader)
      types.append(FunctionType(parameters, try valueTypes(&reader)))
    }
    return types
  }

  private static func valueTypes(_ reader: inout ModuleReader) throws(AppFormatError) -> [ValueType] {
    var types: [ValueType] = []
    for _ in 0..<(try reader.count()) { types.append(try valueType(&reader)) }
    return types
  }

  private static func valueType(_ reader: inout ModuleReader) throws(AppFormatError) -> ValueType {
    let offset = reader.offset
    let code = try reader.byte()
    guard let type = ValueType(rawValue: code) else { throw .invalidKind(code, offset: offset) }
    return type
  }

  private static func imports(
    _ reader: inout ModuleReader, _ types: [FunctionType]
  ) throws(AppFormatError) -> [Import] {
    var imports: [Import] = []
    for _ in 0..<(try reader.count()) {
      let module = try reader.name()
      let name = try reader.name()
      imports.append(Import(module: module, name: name, kind: try importKind(&reader, types)))
    }
    return imports
  }

  private static func importKind(
    _ reader: inout ModuleReader, _ types: [FunctionType]
  ) throws(AppFormatError) -> ImportKind {
    let offset = reader.offset
    let kind = try reader.byte()
    switch kind {
    case 0:
      let index = try reader.u32()
      guard index < types.count else { throw .invalidIndex(index, offset: offset) }
      return .function(types[Int(index)])
    case 1:
      _ = try valueType(&reader)
      _ = try limit(&reader)
      return .table
    case 2: return .memory(try limit(&reader))
    case 3:
      _ = try valueType(&reader)
      _ = try reader.byte()
      return .global
    case 4:
      _ = try reader.byte()
      _ = try reader.u32()
      return .tag
    default: throw .invalidKind(kind, offset: offset)
    }
  }

  private static func limits(_ reader: inout ModuleReader) throws(AppFormatError) -> [Limits] {
    var limits: [Limits] = []
    for _ in 0..<(try reader.count()) { limits.append(try limit(&reader)) }
    return limits
  }

  /// Flags: 1 has a maximum, 2 shared, 4 with 64-bit addresses.
  private static func limit(_ reader: inout ModuleReader) throws(AppFormatError) -> Limits {
    let offset = reader.offset
    let flags = try reader.byte()
    guard flags < 8 else { throw .invalidKind(flags, offset: offset) }
    let bits: UInt64 = flags & 4 == 0 ? 32 : 64
    let min = try reader.unsigned(bits)
    return Limits(min: min, max: flags & 1 == 0 ? nil : try reader.unsigned(bits))
  }

  private static func exports(_ reader: inout ModuleReader) throws(AppFormatError) -> [Export] {
    var exports: [Export] = []
    for _ in 0..<(try reader.count()) {
      let name = try reader.name()
      let offset = reader.offset
      let code = try reader.byte()
      guard let kind = ExportKind(rawValue: code) else { throw .invalidKind(code, offset: offset) }
      exports.append(Export(name: name, kind: kind, index: try reader.u32()))
    }
    return exports
  }
}

extension ModuleReader {
  /// What is left of a custom section after its name; all of another section.
  func contentsLeft(_ id: UInt8) -> Range<Int> { (id == 0 ? offset : start)..<end }
}

extension ModuleOutline {
  /// The bytes with this custom section as the last, and without any other of that name.
  public static func replacing(
    custom name: String, with contents: [UInt8], in bytes: [UInt8]
  ) throws(AppFormatError) -> [UInt8] {
    let outline = try ModuleOutline(bytes)
    var result = Array(bytes[..<8])
    for section in outline.sections where section.name != name { result += bytes[section.whole] }
    let label = Array(name.utf8)
    let body = leb128(label.count) + label + contents
    return result + [0] + leb128(body.count) + body
  }

  private static func leb128(_ number: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = number
    repeat {
      let low = UInt8(rest & 0x7F)
      rest >>= 7
      bytes.append(rest == 0 ? low : low | 0x80)
    } while rest != 0
    return bytes
  }
}
