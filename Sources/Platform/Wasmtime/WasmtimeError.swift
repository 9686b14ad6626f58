import CWasmtime

/// Why a module was refused or its code ended.
public enum WasmtimeError: Error, Sendable, Equatable {
  /// An engine cannot be made with this option.
  case invalidOption(String, accepted: String)
  /// A pool of this size cannot be mapped into the process.
  case outOfAddressSpace(bytes: UInt64)
  case outOfMemory
  /// The bytes are not a valid module, or use a part of WebAssembly that is switched off; in Wasmtime's words.
  case invalidModule(String)
  /// The text is not WebAssembly's text format; in Wasmtime's words, with the place.
  case invalidText(String)
  /// Compiled code that this engine does not accept: made by another version, configuration or processor, or damaged.
  case incompatibleCode(String)
  /// A file of the cache cannot be used; the reason names it.
  case cache(String)
  /// Two host functions with one name and one signature.
  case duplicateFunction(module: String, name: String)
  /// The module wants something that the host does not offer.
  case missingImport(module: String, name: String)
  /// The host offers the function with other types.
  case importMismatch(module: String, name: String, wanted: String, offered: String)
  /// The instance needs more than the store's limits or the pool allow; in Wasmtime's words.
  case limit(String)
  /// The instance has no function of that name.
  case missingExport(String)
  /// The function has other types than it was called with.
  case callMismatch(function: String, wanted: String, offered: String)
  /// A call into a store while its memory is lent out.
  case memoryInUse
  /// The engine was made without fuel.
  case fuelNotCounted
  /// The code was ended.
  case trap(Trap)
  /// Everything else, in Wasmtime's words.
  case other(String)
}

/// How and where code was ended.
public struct Trap: Error, Sendable, Equatable {
  public enum Reason: Sendable, Equatable {
    case stackOverflow
    case memoryOutOfBounds
    case tableOutOfBounds
    case misaligned
    case callOfNull
    case callOfOtherSignature
    case integerOverflow
    case divisionByZero
    case conversionOutOfRange
    /// The module's own way to give up: an assertion, a panic, memory used up.
    case unreachable
    case outOfFuel
    /// The store's deadline has passed.
    case deadline
    /// ``Interrupter/stop()`` was called.
    case stopped
    /// A host function refused to go on.
    case host(String)
    /// A number of Wasmtime's that has no name here.
    case other(code: UInt8)
  }

  public struct Frame: Sendable, Equatable {
    /// From the module's name section.
    public var function: String?
    public var functionIndex: UInt32
    /// From the start of the module's bytes.
    public var moduleOffset: Int

    public init(function: String?, functionIndex: UInt32, moduleOffset: Int) {
      self.function = function
      self.functionIndex = functionIndex
      self.moduleOffset = moduleOffset
    }
  }

  public var reason: Reason
  /// Innermost first.
  public var frames: [Frame]

  public init(reason: Reason, frames: [Frame]) {
    self.reason = reason
    self.frames = frames
  }
}

extension WasmtimeError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidOption(let option, let accepted): "\(option): accepted are \(accepted)"
    case .outOfAddressSpace(let bytes): "the process cannot map \(bytes) bytes for the pool"
    case .outOfMemory: "out of memory"
    case .invalidModule(let reason): "not a module that can run here: \(reason)"
    case .invalidText(let reason), .limit(let reason), .other(let reason): reason
    case .incompatibleCode(let reason): "compiled code does not fit: \(reason)"
    case .cache(let reason): "cache: \(reason)"
    case .duplicateFunction(let module, let name): "\(module).\(name) is defined twice"
    case .missingImport(let module, let name): "the module imports \(module).\(name), which is not offered"
    case .importMismatch(let module, let name, let wanted, let offered):
      "the module imports \(module).\(name) as \(wanted), offered is \(offered)"
    case .missingExport(let name): "the module exports no function \"\(name)\""
    case .callMismatch(let function, let wanted, let offered): "\(function) is \(wanted), called as \(offered)"
    case .memoryInUse: "a call into the guest while its memory is lent out"
    case .fuelNotCounted: "the engine does not count fuel"
    case .trap(let trap): trap.description
    }
  }
}

extension Trap: CustomStringConvertible {
  public var description: String { reason.description }

  /// One line per frame, such as `  0: fib (offset 0x4a)`.
  public var backtrace: String {
    frames.enumerated().map { index, frame in
      "  \(index): \(frame.function ?? "function \(frame.functionIndex)") "
        + "(offset 0x\(String(frame.moduleOffset, radix: 16)))"
    }.joined(separator: "\n")
  }
}

extension Trap.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .stackOverflow: "stack overflow"
    case .memoryOutOfBounds: "memory access out of bounds"
    case .tableOutOfBounds: "table access out of bounds"
    case .misaligned: "misaligned atomic access"
    case .callOfNull: "call of an empty table element"
    case .callOfOtherSignature: "indirect call with another signature"
    case .integerOverflow: "integer overflow"
    case .divisionByZero: "division by zero"
    case .conversionOutOfRange: "number does not fit into an integer"
    case .unreachable: "unreachable code was reached"
    case .outOfFuel: "out of fuel"
    case .deadline: "deadline passed"
    case .stopped: "stopped"
    case .host(let message): message
    case .other(let code): "trap \(code)"
    }
  }

  init(code: UInt8) {
    switch UInt32(code) {
    case WASMTIME_TRAP_CODE_STACK_OVERFLOW.rawValue: self = .stackOverflow
    case WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS.rawValue: self = .memoryOutOfBounds
    case WASMTIME_TRAP_CODE_HEAP_MISALIGNED.rawValue: self = .misaligned
    case WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS.rawValue: self = .tableOutOfBounds
    case WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL.rawValue: self = .callOfNull
    case WASMTIME_TRAP_CODE_BAD_SIGNATURE.rawValue: self = .callOfOtherSignature
    case WASMTIME_TRAP_CODE_INTEGER_OVERFLOW.rawValue: self = .integerOverflow
    case WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO.rawValue: self = .divisionByZero
    case WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER.rawValue: self = .conversionOutOfRange
    case WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED.rawValue: self = .unreachable
    case WASMTIME_TRAP_CODE_OUT_OF_FUEL.rawValue: self = .outOfFuel
    case WASMTIME_TRAP_CODE_INTERRUPT.rawValue: self = .deadline
    default: self = .other(code: code)
    }
  }
}
