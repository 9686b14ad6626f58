import Bytes

/// Compiled programs as bytes, for machines in places without the compiler.
///
/// Version 2, name, whether the environment is used, strings, functions; each function: instructions, constants, caught
/// variables, lines, names of local variables, figures. Numbers big-endian, counts in 32 bits.
extension Program {
  private static var version: UInt8 { 2 }

  public var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.put(Program.version)
    writer.put32(name)
    writer.put(names.usesEnvironment)
    writer.put(count: strings.count)
    for string in strings { writer.put32(string) }
    writer.put(count: functions.count)
    for function in functions { writer.put(function) }
    return writer.bytes
  }

  /// Reads and checks a program. Whatever the bytes are, a program that was read can be run.
  ///
  /// - Returns: `nil` when the bytes are not a program.
  public convenience init?(encoded bytes: [UInt8]) {
    var reader = SteadyReader(bytes)
    reader.require(reader.u8() == Program.version)
    let name = reader.text()
    let names = ProgramNames(usesEnvironment: reader.flag())
    var strings: [[UInt8]] = []
    for _ in 0..<reader.count(each: 4, width: 4) { strings.append(reader.text()) }
    var functions: [Prototype] = []
    for _ in 0..<reader.count(each: 25, width: 4) { functions.append(Prototype(&reader)) }
    guard reader.isAtEnd, !reader.isBroken, ProgramCheck(functions, strings.count).isSafe else { return nil }
    self.init(name: name, functions: functions, strings: strings, names: names)
  }
}

extension Prototype {
  fileprivate init(_ reader: inout SteadyReader) {
    var words: [UInt32] = []
    for _ in 0..<reader.count(each: 6, width: 4) { words.append(reader.u32()) }
    code = InstructionBuffer(words)
    constants = []
    for _ in 0..<reader.count(each: 9, width: 4) {
      let kind = Constant.Kind(rawValue: reader.u8())
      reader.require(kind != nil)
      constants.append(Constant(kind: kind ?? .none, bits: reader.number(8)))
    }
    upvalues = []
    for _ in 0..<reader.count(each: 6, width: 4) {
      upvalues.append(
        UpvalueSource(
          name: Int32(bitPattern: reader.u32()), isLocalOfParent: reader.flag(), index: reader.u8()))
    }
    lines = []
    for _ in words { lines.append(reader.u16()) }
    locals = []
    for _ in 0..<reader.count(each: 13, width: 4) {
      locals.append(
        LocalName(
          name: Int32(bitPattern: reader.u32()), register: reader.u8(), start: Int32(bitPattern: reader.u32()),
          end: Int32(bitPattern: reader.u32())))
    }
    line = reader.u16()
    parameterCount = reader.u8()
    hasVarargs = reader.flag()
    registerCount = reader.u8()
  }
}

extension ByteWriter {
  fileprivate mutating func put(count: Int) { put(UInt32(truncatingIfNeeded: count)) }

  fileprivate mutating func put(_ function: Prototype) {
    put(count: function.code.count)
    for index in 0..<function.code.count { put(function.code.start[index]) }
    put(count: function.constants.count)
    for constant in function.constants {
      put(constant.kind.rawValue)
      put(constant.bits)
    }
    put(count: function.upvalues.count)
    for upvalue in function.upvalues {
      put(upvalue.name)
      put(upvalue.isLocalOfParent)
      put(upvalue.index)
    }
    for line in function.lines { put(line) }
    put(count: function.locals.count)
    for local in function.locals {
      put(local.name)
      put(local.register)
      put(local.start)
      put(local.end)
    }
    put(function.line)
    put(function.parameterCount)
    put(function.hasVarargs)
    put(function.registerCount)
  }
}
