/// A value of a script: two words without a reference count, so that copying it costs nothing.
///
/// Values that name an object of the heap (strings, tables, functions, coroutines) are only valid in the machine that
/// made them, until its next run; a `Reference` keeps one alive for longer.
public struct ScriptValue: Sendable {
  var bits: UInt64
  var tag: UInt32

  @inline(__always) init(bits: UInt64, tag: UInt32) {
    self.bits = bits
    self.tag = tag
  }

  public static var null: ScriptValue { ScriptValue(bits: 0, tag: Tag.none) }
  @inline(__always) public static func boolean(_ value: Bool) -> ScriptValue {
    ScriptValue(bits: 0, tag: value ? Tag.yes : Tag.no)
  }
  @inline(__always) public static func integer(_ value: Int64) -> ScriptValue {
    ScriptValue(bits: UInt64(bitPattern: value), tag: Tag.integer)
  }
  @inline(__always) public static func float(_ value: Double) -> ScriptValue {
    ScriptValue(bits: value.bitPattern, tag: Tag.float)
  }
  /// A function of the host: its number, and a figure that every call of this value carries.
  public static func hostFunction(_ number: UInt16, payload: UInt32 = 0) -> ScriptValue {
    ScriptValue(bits: UInt64(payload) << 32 | UInt64(number) | 0x1_0000, tag: Tag.native)
  }

  /// What scripts see as `type(value)`.
  public enum Kind: UInt8, Sendable {
    case none, boolean, number, string, table, function, coroutine
  }

  public var kind: Kind {
    switch tag {
    case Tag.none: return .none
    case Tag.no, Tag.yes: return .boolean
    case Tag.integer, Tag.float: return .number
    case Tag.shortString, Tag.longString: return .string
    case Tag.table: return .table
    case Tag.thread: return .coroutine
    default: return .function
    }
  }

  /// The integer, when the value is a number of subtype integer.
  public var asInteger: Int64? { tag == Tag.integer ? integer : nil }
  /// The float, when the value is a number of subtype float.
  public var asFloat: Double? { tag == Tag.float ? float : nil }
  /// Any number as a float.
  public var asNumber: Double? { tag == Tag.float ? float : tag == Tag.integer ? Double(integer) : nil }
  public var asBoolean: Bool? { tag == Tag.yes ? true : tag == Tag.no ? false : nil }
  /// Whether it is the very same value: equal bits of one type, or one object.
  @inline(__always) public func isIdentical(to other: ScriptValue) -> Bool { bits == other.bits && tag == other.tag }

  /// Everything but `nil` and `false`.
  @inline(__always) public var isTrue: Bool { tag > Tag.no }
  @inline(__always) public var isNone: Bool { tag == Tag.none }
}

/// The internal name is short because it stands on every line.
typealias Value = ScriptValue

/// Values of `ScriptValue.tag`; those from `shortString` on name objects of the heap.
enum Tag {
  static let none: UInt32 = 0
  static let no: UInt32 = 1
  static let yes: UInt32 = 2
  static let integer: UInt32 = 3
  static let float: UInt32 = 4
  /// A function of the library or the host: bits 0...15 number, bit 16 set for the host, bits 32...63 payload.
  static let native: UInt32 = 5
  static let shortString: UInt32 = 8
  static let longString: UInt32 = 9
  static let table: UInt32 = 10
  static let closure: UInt32 = 11
  static let thread: UInt32 = 12
  /// A function that resumes a coroutine; the object is the coroutine.
  static let wrapper: UInt32 = 13
  /// The iterator of `string.gmatch`; the object is a table with its state.
  static let matcher: UInt32 = 14
}

extension ScriptValue {
  @inline(__always) var integer: Int64 { Int64(bitPattern: bits) }
  @inline(__always) var float: Double { Double(bitPattern: bits) }
  @inline(__always) var isInteger: Bool { tag == Tag.integer }
  @inline(__always) var isFloat: Bool { tag == Tag.float }
  @inline(__always) var isNumber: Bool { tag &- Tag.integer < 2 }
  @inline(__always) var isString: Bool { tag &- Tag.shortString < 2 }
  @inline(__always) var isTable: Bool { tag == Tag.table }
  @inline(__always) var isFunction: Bool {
    tag == Tag.closure || tag == Tag.native || tag == Tag.wrapper || tag == Tag.matcher
  }
  @inline(__always) var isObject: Bool { tag >= Tag.shortString }

  @inline(__always) init(_ string: StringRef) {
    self.init(
      bits: UInt64(UInt(bitPattern: string)),
      tag: string.pointee.header.isInterned ? Tag.shortString : Tag.longString)
  }
  @inline(__always) init(_ table: TableRef) { self.init(bits: UInt64(UInt(bitPattern: table)), tag: Tag.table) }
  @inline(__always) init(_ closure: ClosureRef) { self.init(bits: UInt64(UInt(bitPattern: closure)), tag: Tag.closure) }
  @inline(__always) init(_ thread: ThreadRef) { self.init(bits: UInt64(UInt(bitPattern: thread)), tag: Tag.thread) }
  init(_ builtin: Builtin, payload: UInt32 = 0) {
    self.init(bits: UInt64(payload) << 32 | UInt64(builtin.rawValue), tag: Tag.native)
  }

  // The tag says that the bits are the address of a live object of that kind; see Heap.
  @inline(__always) var object: ObjectRef { ObjectRef(bitPattern: UInt(truncatingIfNeeded: bits)).unsafelyUnwrapped }
  @inline(__always) var string: StringRef { StringRef(bitPattern: UInt(truncatingIfNeeded: bits)).unsafelyUnwrapped }
  @inline(__always) var table: TableRef { TableRef(bitPattern: UInt(truncatingIfNeeded: bits)).unsafelyUnwrapped }
  @inline(__always) var closure: ClosureRef { ClosureRef(bitPattern: UInt(truncatingIfNeeded: bits)).unsafelyUnwrapped }
  @inline(__always) var thread: ThreadRef { ThreadRef(bitPattern: UInt(truncatingIfNeeded: bits)).unsafelyUnwrapped }

  /// Equality without metamethods: numbers by value, strings by content, all else by identity.
  @inline(__always) func equals(_ other: Value) -> Bool {
    if tag == other.tag {
      if tag == Tag.float { return float == other.float }
      return bits == other.bits || (tag == Tag.longString && string.pointee.hasSameBytes(string, other.string))
    }
    if tag == Tag.integer && other.tag == Tag.float { return Numbers.equal(integer, other.float) }
    if tag == Tag.float && other.tag == Tag.integer { return Numbers.equal(other.integer, float) }
    return false
  }
}
