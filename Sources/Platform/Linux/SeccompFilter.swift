import CLinux
import Glibc

/// A seccomp program (seccomp(2)): classic BPF over the number, architecture and arguments of a system call.
public struct SeccompFilter: Sendable, Equatable {
  /// One `struct sock_filter`.
  public struct Instruction: Sendable, Equatable {
    public var code: UInt16
    public var jumpIfTrue: UInt8
    public var jumpIfFalse: UInt8
    public var operand: UInt32
  }

  public var instructions: [Instruction]

  /// The array as the kernel takes it.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(instructions.count * 8)
    for instruction in instructions {
      withUnsafeBytes(of: instruction.code) { bytes.append(contentsOf: $0) }
      bytes.append(instruction.jumpIfTrue)
      bytes.append(instruction.jumpIfFalse)
      withUnsafeBytes(of: instruction.operand) { bytes.append(contentsOf: $0) }
    }
    return bytes
  }

  /// The calls the default profile refuses with EPERM, by name.
  public static let refused: [(name: String, number: Int32)] = {
    var calls: [(String, Int32)] = []
    var index = 0
    while let name = clinux_refused_syscalls_at(Int32(index)) {
      calls.append((String(cString: name.pointee.name), name.pointee.number))
      index += 1
    }
    return calls
  }()

  /// The profile for ordinary programs: system calls of another architecture and those newer than this build answer
  /// ENOSYS; so does clone3, because its flags are out of a filter's sight and C libraries fall back to clone; clone
  /// may not make namespaces; `refused` answer EPERM; all else is allowed. The kernel caches the answer for calls
  /// that are always allowed, so the length of the list does not slow them down.
  public static let standard: SeccompFilter = {
    var program = Assembler()
    program.load(offset: 4)
    program.jump(.equal, clinux_audit_arch, ifFalse: .noSuchCall)
    program.load(offset: 0)
    // On x86-64 also the x32 calls, which have bit 30 set.
    program.jump(.greater, UInt32(clinux_syscall_max), ifTrue: .noSuchCall)
    program.jump(.equal, UInt32(clinux_syscall_clone3), ifTrue: .noSuchCall)
    for call in refused { program.jump(.equal, UInt32(call.number), ifTrue: .refuse) }
    program.jump(.equal, UInt32(clinux_syscall_clone), ifFalse: .allow)
    program.load(offset: 16)
    let namespaces = Namespaces.all.reduce(into: UInt64(0)) { $0 |= $1.namespace.rawValue }
    program.jump(.anyBit, UInt32(truncatingIfNeeded: namespaces), ifTrue: .refuse)
    return program.finish()
  }()

  /// Runs the program as the kernel would; for tests. Gives the action (`SECCOMP_RET_*`), nil when it is not valid.
  public func evaluate(architecture: UInt32, call: Int32, firstArgument: UInt64 = 0) -> UInt32? {
    var accumulator: UInt32 = 0
    var at = 0
    while at < instructions.count {
      let instruction = instructions[at]
      at += 1
      let taken: Bool
      switch instruction.code {
      case Code.load:
        switch instruction.operand {
        case 0: accumulator = UInt32(bitPattern: call)
        case 4: accumulator = architecture
        case 16: accumulator = UInt32(truncatingIfNeeded: firstArgument)
        default: return nil
        }
        continue
      case Code.result: return instruction.operand
      case Code.equal: taken = accumulator == instruction.operand
      case Code.greater: taken = accumulator > instruction.operand
      case Code.anyBit: taken = accumulator & instruction.operand != 0
      default: return nil
      }
      at += Int(taken ? instruction.jumpIfTrue : instruction.jumpIfFalse)
    }
    return nil
  }

  public static let allow: UInt32 = 0x7FFF_0000
  /// `SECCOMP_RET_ERRNO` with that errno.
  public static func fails(errno: Int32) -> UInt32 { 0x0005_0000 | UInt32(errno) }

  private enum Code {
    static let load: UInt16 = 0x20
    static let equal: UInt16 = 0x15
    static let greater: UInt16 = 0x25
    static let anyBit: UInt16 = 0x45
    static let result: UInt16 = 0x06
  }

  /// Collects jumps to the three results, which stand at the end.
  private struct Assembler {
    enum Target: Int { case next, allow, refuse, noSuchCall }
    enum Test { case equal, greater, anyBit }
    private var lines: [(code: UInt16, ifTrue: Target, ifFalse: Target, operand: UInt32)] = []

    mutating func load(offset: UInt32) { lines.append((Code.load, .next, .next, offset)) }

    mutating func jump(_ test: Test, _ operand: UInt32, ifTrue: Target = .next, ifFalse: Target = .next) {
      let code =
        switch test {
        case .equal: Code.equal
        case .greater: Code.greater
        case .anyBit: Code.anyBit
        }
      lines.append((code, ifTrue, ifFalse, operand))
    }

    /// Falling off the last line allows. Jumps reach 255 lines, more than the profile has.
    func finish() -> SeccompFilter {
      let end = lines.count
      var instructions = lines.enumerated().map { index, line in
        func distance(_ target: Target) -> UInt8 {
          target == .next ? 0 : UInt8(end + target.rawValue - 1 - index - 1)
        }
        return Instruction(
          code: line.code, jumpIfTrue: distance(line.ifTrue), jumpIfFalse: distance(line.ifFalse),
          operand: line.operand)
      }
      for action in [allow, fails(errno: EPERM), fails(errno: ENOSYS)] {
        instructions.append(Instruction(code: Code.result, jumpIfTrue: 0, jumpIfFalse: 0, operand: action))
      }
      return SeccompFilter(instructions: instructions)
    }
  }
}
