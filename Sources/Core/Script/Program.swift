/// A compiled script: instructions, constants and names of all its functions. Never changes, and may be loaded into
/// any number of machines, which share its instructions.
public final class Program: Sendable {
  /// What errors of this script begin with, for example `on_enter of Heating`.
  public let name: [UInt8]
  /// The first function is the script itself.
  let functions: [Prototype]
  /// Strings that constants and names refer to.
  let strings: [[UInt8]]
  let names: ProgramNames
  /// Hash of everything above but the name: equal programs have equal identities on every target.
  public let identity: UInt64

  init(name: [UInt8], functions: [Prototype], strings: [[UInt8]], names: ProgramNames) {
    self.name = name
    self.functions = functions
    self.strings = strings
    self.names = names
    var hash = ProgramHash()
    for function in functions { function.add(to: &hash) }
    for string in strings {
      hash.add(UInt64(string.count))
      for byte in string { hash.add(UInt64(byte)) }
    }
    identity = hash.value
  }

  /// Instructions of all functions.
  public var instructionCount: Int { functions.reduce(0) { $0 + $1.code.count } }
}

/// Which parts of the library a program may use by name.
struct ProgramNames: Sendable {
  /// `_G` or `_ENV` stand in the text: any global may be used.
  var usesEnvironment = false
}

/// One function of a program.
struct Prototype: Sendable {
  var code: InstructionBuffer
  var constants: [Constant]
  var upvalues: [UpvalueSource]
  /// Line of every instruction; lines beyond 65535 are given as 65535.
  var lines: [UInt16]
  var locals: [LocalName]
  var line: UInt16
  var parameterCount: UInt8
  var hasVarargs: Bool
  /// Registers that the function needs, at most 255.
  var registerCount: UInt8

  func add(to hash: inout ProgramHash) {
    hash.add(UInt64(parameterCount) | UInt64(registerCount) << 8 | (hasVarargs ? 1 << 16 : 0))
    hash.add(UInt64(code.count))
    for index in 0..<code.count { hash.add(UInt64(code.start[index])) }
    hash.add(UInt64(constants.count))
    for constant in constants { hash.add(constant.bits ^ UInt64(constant.kind.rawValue) << 60) }
    for upvalue in upvalues { hash.add(UInt64(upvalue.index) | (upvalue.isLocalOfParent ? 256 : 0)) }
  }
}

struct Constant: Sendable, Equatable {
  enum Kind: UInt8 { case none, no, yes, integer, float, string }

  var kind: Kind
  /// Integer, bit pattern of the float, or index of the string.
  var bits: UInt64
}

/// Where a new function takes a caught variable from.
struct UpvalueSource: Sendable {
  var name: Int32
  var isLocalOfParent: Bool
  var index: UInt8
}

/// A local variable, for messages.
struct LocalName: Sendable {
  var name: Int32
  var register: UInt8
  var start: Int32
  var end: Int32
}

/// Instructions at an address that does not change.
final class InstructionBuffer: Sendable {
  // Written by `init` alone, freed by `deinit`, so that sharing it is safe.
  nonisolated(unsafe) let start: UnsafePointer<UInt32>
  let count: Int

  init(_ words: [UInt32]) {
    let copy = UnsafeMutablePointer<UInt32>.allocate(capacity: max(1, words.count))
    for (index, word) in words.enumerated() { (copy + index).initialize(to: word) }
    start = UnsafePointer(copy)
    count = words.count
  }

  deinit { UnsafeMutablePointer(mutating: start).deallocate() }
}

/// FNV-1a over 64-bit words.
struct ProgramHash {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ word: UInt64) {
    for shift: UInt64 in [0, 16, 32, 48] { value = (value ^ (word >> shift & 0xFFFF)) &* 0x0000_0100_0000_01B3 }
  }
}

/// A function of a program in one machine: with constants of that machine's heap.
struct LoadedFunction {
  var code: UnsafePointer<UInt32>
  var constants: ValueRef
  /// Per constant: entry of a table where it was found last.
  var hints: UnsafeMutablePointer<Int32>
  /// First function of the same program.
  var functions: UnsafeMutablePointer<LoadedFunction>
  var registerCount: Int32
  var parameterCount: Int32
  var hasVarargs: Bool
  var constantCount: Int32
  var program: Int32
  var index: Int32
}
