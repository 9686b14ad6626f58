// What a program uses of its surroundings: found in its instructions, so that local names are never taken for global ones.

extension Program {
  /// The globals that a program names.
  public struct Use: Sendable, Equatable {
    /// A function of the surroundings, called by name with a string as first argument.
    public struct Call: Sendable, Equatable {
      public var function: [UInt8]
      /// `nil` for an argument that only a run tells.
      public var argument: [UInt8]?
      /// From 1.
      public var line: Int32
    }

    /// A name and the line of its first use, from 1.
    public struct Mention: Sendable, Equatable {
      public var name: [UInt8]
      public var line: Int32
    }

    /// Each name once, in order of first use.
    public var read: [Mention] = []
    public var written: [Mention] = []
    public var calls: [Call] = []
    /// Globals may be used by names that only a run tells.
    public var usesEnvironment = false
    /// Nothing outside has a part in the result.
    public var isClosed: Bool { read.isEmpty && written.isEmpty && calls.isEmpty && !usesEnvironment }
  }

  public var use: Use {
    var use = Use()
    use.usesEnvironment = names.usesEnvironment
    for function in functions { add(function, to: &use) }
    return use
  }

  private func add(_ function: Prototype, to use: inout Use) {
    /// What is known of the value in a register, within a run of instructions.
    enum Known {
      case global([UInt8])
      case text([UInt8])
    }
    var known = [Known?](repeating: nil, count: 256)
    func text(_ constant: Int) -> [UInt8]? {
      guard constant < function.constants.count, function.constants[constant].kind == .string else { return nil }
      return strings[Int(function.constants[constant].bits)]
    }
    func isEnvironment(_ upvalue: Int) -> Bool {
      upvalue < function.upvalues.count && strings[Int(function.upvalues[upvalue].name)] == Text("_ENV").bytes
    }
    for position in 0..<function.code.count {
      let instruction = Instruction(word: function.code.start[position])
      let line = position < function.lines.count ? Int32(function.lines[position]) : Int32(function.line)
      switch instruction.opcode {
      case .getGlobal where isEnvironment(instruction.b):
        known[instruction.a] = nil
        guard let name = text(instruction.c) else { continue }
        if !use.read.contains(where: { $0.name == name }) { use.read.append(Use.Mention(name: name, line: line)) }
        known[instruction.a] = .global(name)
      case .setGlobal where isEnvironment(instruction.a):
        guard let name = text(instruction.b) else { continue }
        if !use.written.contains(where: { $0.name == name }) {
          use.written.append(Use.Mention(name: name, line: line))
        }
      case .getUpvalue:
        // Names beyond the reach of one instruction are fetched through the table itself.
        if isEnvironment(instruction.b) { use.usesEnvironment = true }
        known[instruction.a] = nil
      case .loadConstant: known[instruction.a] = text(instruction.bx).map { .text($0) }
      case .call, .tailCall:
        if case .global(let name) = known[instruction.a] {
          var call = Use.Call(function: name, argument: nil, line: line)
          if instruction.b != 1, instruction.a < 255, case .text(let argument) = known[instruction.a + 1] {
            call.argument = argument
          }
          if !use.calls.contains(call) { use.calls.append(call) }
        }
        for register in instruction.a..<256 { known[register] = nil }
      case .setGlobal, .setTable, .setInteger, .setField, .jump, .test, .equal, .less, .lessOrEqual, .equalConstant,
        .equalInteger, .lessInteger, .lessOrEqualInteger, .greaterInteger, .greaterOrEqualInteger, .extraArgument:
        break
      default: known[instruction.a] = nil
      }
    }
  }
}

extension ScriptCompiler {
  /// Globals that every machine has without its host.
  public static var libraryNames: [[UInt8]] {
    Library.globals.map { Text($0.name).bytes } + Library.tables.map { Text($0.name).bytes }
      + [Text("_G").bytes, Text("_ENV").bytes, Text("_VERSION").bytes]
  }
}
