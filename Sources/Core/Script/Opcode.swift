/// Instructions of the register machine: 32 bits, from the lowest: operation 7, A 8, k 1, B 8, C 8. Bx is k, B and C
/// together (17 bits), sJ everything above the operation (25 bits). R are registers, K constants, U caught variables.
enum Opcode: UInt8 {
  // Loading
  case move  // R[A] = R[B]
  case loadInteger  // R[A] = sBx
  case loadFloat  // R[A] = float(sBx)
  case loadConstant  // R[A] = K[Bx]
  case loadFalse  // R[A] = false
  case loadFalseSkip  // R[A] = false; pc++
  case loadTrue  // R[A] = true
  case loadNil  // R[A] ... R[A + B] = nil
  case getUpvalue  // R[A] = U[B]
  case setUpvalue  // U[B] = R[A]
  // Tables; in the set forms the value is K[C] with k, else R[C]
  case getGlobal  // R[A] = U[B][K[C]]
  case getTable  // R[A] = R[B][R[C]]
  case getInteger  // R[A] = R[B][C]
  case getField  // R[A] = R[B][K[C]]
  case setGlobal  // U[A][K[B]] = RK(C)
  case setTable  // R[A][R[B]] = RK(C)
  case setInteger  // R[A][B] = RK(C)
  case setField  // R[A][K[B]] = RK(C)
  case newTable  // R[A] = {}; B: entries as power of two plus one; C and the next word: array
  case method  // R[A + 1] = R[B]; R[A] = R[B][RK(C)]
  // Arithmetic with a constant: R[A] = R[B] op K[C]
  case addConstant, subtractConstant, multiplyConstant, moduloConstant, powerConstant, divideConstant
  case floorDivideConstant, andConstant, orConstant, xorConstant
  // Arithmetic with a small integer: R[A] = R[B] op sC
  case addInteger
  // Arithmetic of registers: R[A] = R[B] op R[C]
  case add, subtract, multiply, modulo, power, divide, floorDivide, and, or, xor, shiftLeft, shiftRight
  // One operand: R[A] = op R[B]
  case negate, bitNot, not, length
  case concatenate  // R[A] = R[A] .. ... .. R[A + B - 1]
  // Control
  case close  // close all variables from R[A]
  case toBeClosed  // R[A] is a variable to be closed
  case jump  // pc += sJ
  case equal  // if (R[A] == R[B]) != k then pc++
  case less  // if (R[A] < R[B]) != k then pc++
  case lessOrEqual  // if (R[A] <= R[B]) != k then pc++
  case equalConstant  // if (R[A] == K[B]) != k then pc++
  case equalInteger  // if (R[A] == sB) != k then pc++
  case lessInteger, lessOrEqualInteger, greaterInteger, greaterOrEqualInteger  // C: the literal was a float
  case test  // if R[A].isTrue != k then pc++
  case testSet  // if R[B].isTrue != k then pc++ else R[A] = R[B]
  case call  // R[A], ... = R[A](R[A + 1], ... R[A + B - 1]); C - 1 results; 0 stands for all
  case tailCall
  case returns  // return R[A], ... R[A + B - 2]; k: variables are to be closed
  case returnNone
  case returnOne  // return R[A]
  case forLoop  // numeric loop: jump back by Bx
  case forPrepare  // numeric loop: jump forward by Bx + 1 when it does not run
  case genericPrepare  // jump forward by Bx
  case genericCall  // R[A + 4], ... R[A + 3 + C] = R[A](R[A + 1], R[A + 2])
  case genericLoop  // if R[A + 2] is not nil: jump back by Bx
  case setList  // R[A][C + i] = R[A + i], 1 <= i <= B; with k the next word extends C
  case closure  // R[A] = function Bx of the program
  case varargs  // R[A], ... R[A + C - 2] = ...
  case prepareVarargs
  case extraArgument  // more bits of the instruction before
}

/// One encoded instruction.
struct Instruction {
  var word: UInt32

  @inline(__always) init(word: UInt32) { self.word = word }

  init(_ opcode: Opcode, a: Int32, b: Int32 = 0, c: Int32 = 0, k: Bool = false) {
    word =
      UInt32(opcode.rawValue) | UInt32(bitPattern: a & 0xFF) << 7 | (k ? 1 << 15 : 0)
      | UInt32(bitPattern: b & 0xFF) << 16 | UInt32(bitPattern: c & 0xFF) << 24
  }

  init(_ opcode: Opcode, a: Int32, bx: Int32) {
    word = UInt32(opcode.rawValue) | UInt32(bitPattern: a & 0xFF) << 7 | UInt32(bitPattern: bx) << 15
  }

  init(_ opcode: Opcode, sj: Int32) {
    word = UInt32(opcode.rawValue) | UInt32(bitPattern: sj) << 7
  }

  // Only the compiler of this module writes instructions, so that the low bits are always a case of `Opcode`.
  @inline(__always) var opcode: Opcode {
    get { unsafeBitCast(UInt8(truncatingIfNeeded: word & 0x7F), to: Opcode.self) }
    set { word = word & ~0x7F | UInt32(newValue.rawValue) }
  }
  @inline(__always) var a: Int {
    get { Int(truncatingIfNeeded: word >> 7 & 0xFF) }
    set { word = word & ~(0xFF << 7) | UInt32(truncatingIfNeeded: newValue & 0xFF) << 7 }
  }
  @inline(__always) var b: Int {
    get { Int(truncatingIfNeeded: word >> 16 & 0xFF) }
    set { word = word & ~(0xFF << 16) | UInt32(truncatingIfNeeded: newValue & 0xFF) << 16 }
  }
  @inline(__always) var c: Int {
    get { Int(truncatingIfNeeded: word >> 24) }
    set { word = word & ~(0xFF << 24) | UInt32(truncatingIfNeeded: newValue & 0xFF) << 24 }
  }
  @inline(__always) var k: Bool {
    get { word & 1 << 15 != 0 }
    set { word = newValue ? word | 1 << 15 : word & ~(1 << 15) }
  }
  /// B and C as signed bytes.
  @inline(__always) var signedB: Int64 { Int64(Int8(truncatingIfNeeded: word >> 16)) }
  @inline(__always) var signedC: Int64 { Int64(Int8(truncatingIfNeeded: word >> 24)) }
  @inline(__always) var bx: Int {
    get { Int(truncatingIfNeeded: word >> 15) }
    set { word = word & 0x7FFF | UInt32(truncatingIfNeeded: newValue) << 15 }
  }
  @inline(__always) var signedBx: Int32 { Int32(bitPattern: word) >> 15 }
  @inline(__always) var sj: Int {
    get { Int(Int32(bitPattern: word) >> 7) }
    set { word = word & 0x7F | UInt32(truncatingIfNeeded: newValue) << 7 }
  }

  static let bxMax: Int32 = 1 << 17 - 1
  static let signedBxMax: Int32 = 1 << 16 - 1
  static let signedJumpMax: Int32 = 1 << 24 - 1
}
