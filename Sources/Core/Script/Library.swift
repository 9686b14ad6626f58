/// Functions of the library, in groups of the tables they belong to.
enum Builtin: UInt16 {
  case assert, collectGarbage, error, getMetatable, ipairs, next, pairs, print, protectedCall, rawEqual, rawGet,
    rawLength
  case rawSet, select, setMetatable, toNumber, toString, type, extendedProtectedCall, ipairsStep
  case coroutineClose, coroutineCreate, coroutineIsYieldable, coroutineResume, coroutineRunning, coroutineStatus
  case coroutineWrap, coroutineYield
  case mathAbs, mathAcos, mathAsin, mathAtan, mathCeil, mathCos, mathDegrees, mathExp, mathFloor, mathFmod, mathLog
  case mathMax, mathMin, mathModf, mathRadians, mathRandom, mathRandomSeed, mathSin, mathSqrt, mathTan, mathToInteger
  case mathType, mathUnsignedLess, mathPow
  case stringByte, stringChar, stringFind, stringFormat, stringGmatch, stringGsub, stringLength, stringLower,
    stringMatch
  case stringRep, stringReverse, stringSub, stringUpper, stringPack, stringPackSize, stringUnpack
  case tableConcat, tableInsert, tableMove, tablePack, tableRemove, tableSort, tableUnpack
  case utf8Char, utf8CodePoint, utf8Codes, utf8CodesStep, utf8Length, utf8Offset
}

/// Parts of the library that are in place. They are put there when a program names them.
struct Installed: OptionSet {
  let rawValue: UInt8

  static let string = Installed(rawValue: 1)
  static let table = Installed(rawValue: 2)
  static let math = Installed(rawValue: 4)
  static let utf8 = Installed(rawValue: 8)
  static let coroutine = Installed(rawValue: 16)
  /// Everything, in the order of `Library.globals`.
  static let all = Installed(rawValue: 32)
  /// The names of metamethods.
  static let events = Installed(rawValue: 64)
}

enum Library {
  typealias Entry = (name: StaticString, builtin: Builtin)

  static var globals: [Entry] {
    [
      ("assert", .assert), ("collectgarbage", .collectGarbage), ("error", .error), ("getmetatable", .getMetatable),
      ("ipairs", .ipairs), ("next", .next), ("pairs", .pairs), ("pcall", .protectedCall), ("print", .print),
      ("rawequal", .rawEqual), ("rawget", .rawGet), ("rawlen", .rawLength), ("rawset", .rawSet), ("select", .select),
      ("setmetatable", .setMetatable), ("tonumber", .toNumber), ("tostring", .toString), ("type", .type),
      ("unpack", .tableUnpack), ("xpcall", .extendedProtectedCall),
    ]
  }

  static var tables: [(name: StaticString, part: Installed)] {
    [("coroutine", .coroutine), ("math", .math), ("string", .string), ("table", .table), ("utf8", .utf8)]
  }

  static func entries(_ part: Installed) -> [Entry] {
    switch part {
    case .coroutine:
      return [
        ("close", .coroutineClose), ("create", .coroutineCreate), ("isyieldable", .coroutineIsYieldable),
        ("resume", .coroutineResume), ("running", .coroutineRunning), ("status", .coroutineStatus),
        ("wrap", .coroutineWrap), ("yield", .coroutineYield),
      ]
    case .math:
      return [
        ("abs", .mathAbs), ("acos", .mathAcos), ("asin", .mathAsin), ("atan", .mathAtan), ("ceil", .mathCeil),
        ("cos", .mathCos), ("deg", .mathDegrees), ("exp", .mathExp), ("floor", .mathFloor), ("fmod", .mathFmod),
        ("log", .mathLog), ("max", .mathMax), ("min", .mathMin), ("modf", .mathModf), ("pow", .mathPow),
        ("rad", .mathRadians), ("random", .mathRandom), ("randomseed", .mathRandomSeed), ("sin", .mathSin),
        ("sqrt", .mathSqrt), ("tan", .mathTan), ("tointeger", .mathToInteger), ("type", .mathType),
        ("ult", .mathUnsignedLess),
      ]
    case .string:
      return [
        ("byte", .stringByte), ("char", .stringChar), ("find", .stringFind), ("format", .stringFormat),
        ("gmatch", .stringGmatch), ("gsub", .stringGsub), ("len", .stringLength), ("lower", .stringLower),
        ("match", .stringMatch), ("pack", .stringPack), ("packsize", .stringPackSize), ("rep", .stringRep),
        ("reverse", .stringReverse), ("sub", .stringSub), ("unpack", .stringUnpack), ("upper", .stringUpper),
      ]
    case .table:
      return [
        ("concat", .tableConcat), ("insert", .tableInsert), ("move", .tableMove), ("pack", .tablePack),
        ("remove", .tableRemove), ("sort", .tableSort), ("unpack", .tableUnpack),
      ]
    default:
      return [
        ("char", .utf8Char), ("codepoint", .utf8CodePoint), ("codes", .utf8Codes), ("len", .utf8Length),
        ("offset", .utf8Offset),
      ]
    }
  }

  static func isSame(_ bytes: [UInt8], _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount else { return false }
    let start = text.utf8Start
    for index in bytes.indices where bytes[index] != start[index] { return false }
    return true
  }

  /// The name of a function in messages.
  static func name(_ builtin: Builtin, isQualified: Bool) -> [UInt8] {
    for entry in globals where entry.builtin == builtin && builtin != .tableUnpack { return Text(entry.name).bytes }
    for table in tables {
      for entry in entries(table.part) where entry.builtin == builtin {
        var text = Text()
        if isQualified {
          text.add(table.name)
          text.add(".")
        }
        text.add(entry.name)
        return text.bytes
      }
    }
    return Text("?").bytes
  }
}

// MARK: Installation

extension Machine {
  /// Puts the parts of the library in place that the strings of a program name.
  func installLibrary(for program: Program) throws(Trap) {
    if installed.contains(.all) { return }
    if program.names.usesEnvironment {
      try installAll()
      return
    }
    for string in program.strings {
      for entry in Library.globals where Library.isSame(string, entry.name) {
        try installGlobal(entry.name, Value(entry.builtin))
      }
      for table in Library.tables where Library.isSame(string, table.name) { try install(table.part, table.name) }
      if Library.isSame(string, "_VERSION") { try installGlobal("_VERSION", Value(try makeString("Lua 5.4"))) }
    }
  }

  func installAll() throws(Trap) {
    installed.insert(.all)
    try installGlobal("_G", Value(globals))
    try installGlobal("_VERSION", Value(try makeString("Lua 5.4")))
    for entry in Library.globals { try installGlobal(entry.name, Value(entry.builtin)) }
    for table in Library.tables { try install(table.part, table.name) }
  }

  /// A global of the library is only put where a script or the host has not put something else.
  private func installGlobal(_ name: StaticString, _ value: Value) throws(Trap) {
    push(value)
    let name = Value(try makeString(name))
    // A table that grows may collect: nothing else keeps a name that is new.
    push(name)
    if TableObject.find(globals, name) < 0 { try set(globals, name, value) }
    top -= 2
  }

  private func install(_ part: Installed, _ name: StaticString) throws(Trap) {
    if part == .string {
      let table = try stringLibrary()
      try installGlobal(name, Value(table))
      return
    }
    if installed.contains(part) { return }
    installed.insert(part)
    let table = try makeLibraryTable(part)
    push(Value(table))
    if part == .math {
      try set(table, "huge", .float(.infinity))
      try set(table, "maxinteger", .integer(.max))
      try set(table, "mininteger", .integer(.min))
      try set(table, "pi", .float(Elementary.pi))
    } else if part == .utf8 {
      let pattern: [UInt8] = [0x5B, 0, 0x2D, 0x7F, 0xC2, 0x2D, 0xFD, 0x5D, 0x5B, 0x80, 0x2D, 0xBF, 0x5D, 0x2A]
      let value = Value(try makeString(pattern))
      try set(table, "charpattern", value)
    }
    try installGlobal(name, Value(table))
    top -= 1
  }

  private func makeLibraryTable(_ part: Installed) throws(Trap) -> TableRef {
    let entries = Library.entries(part)
    let table = try makeTable(entries: entries.count)
    push(Value(table))
    for entry in entries { try set(table, entry.name, Value(entry.builtin)) }
    top -= 1
    return table
  }

  /// The table of string functions; it exists as soon as a script uses one, as field or as method of a string.
  private func stringLibrary() throws(Trap) -> TableRef {
    if let metatable = stringMetatable {
      let table = TableObject.entryValue(metatable, eventName(.index))
      if table.tag == Tag.table { return table.table }
    }
    try nameEvents()
    let table = try makeLibraryTable(.string)
    push(Value(table))
    let metatable = try makeTable(entries: 1)
    stringMetatable = metatable
    try set(metatable, eventName(.index), Value(table))
    top -= 1
    return table
  }

  func installStringLibrary() {
    let kept = top
    if thread.pointee.frameCount > 0, let closure = frame.pointee.closure {
      top = max(top, Int(frame.pointee.base) + Int(closure.pointee.function.pointee.registerCount))
    }
    // Without room for it strings have no methods; the next allocation reports the budget.
    _ = try? stringLibrary()
    top = kept
  }
}
