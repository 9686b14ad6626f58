/// Why a run ended early. The machine stays usable.
public struct ScriptFault: Error, Sendable, Equatable {
  public var code: Code
  /// UTF-8 where the script's own text is; begins with `NAME:LINE:` for errors with a place.
  public var message: [UInt8]
  /// Line of the innermost function of the script, from 1; 0 when there is none.
  public var line: Int32

  public init(code: Code, message: [UInt8], line: Int32) {
    self.code = code
    self.message = message
    self.line = line
  }

  /// The numbers are part of traces and never change.
  public enum Code: UInt8, Sendable {
    /// The text is not a program; see `SyntaxError`.
    case syntax = 1
    /// An error of the script that no `pcall` caught.
    case error = 2
    /// More instructions than the budget.
    case instructions = 3
    /// More bytes of heap than the budget.
    case memory = 4
    /// A string longer than the budget.
    case stringLength = 5
    /// More calls in progress than the budget.
    case callDepth = 6
    /// More output than the budget.
    case logVolume = 7
    /// The bytes are not a snapshot that this machine can take, or the machine has no state that can be saved.
    case snapshot = 8
    /// The machine is in the middle of a run.
    case busy = 9
  }
}

/// Why a text is not a program.
public struct SyntaxError: Error, Sendable, Equatable {
  /// One word to throw and to pass on, which every step of the compiler does.
  private let details: Details

  private final class Details: Sendable {
    let line: Int32
    let column: Int32
    let message: [UInt8]

    init(line: Int32, column: Int32, message: [UInt8]) {
      self.line = line
      self.column = column
      self.message = message
    }
  }

  public init(line: Int32, column: Int32, message: [UInt8]) {
    details = Details(line: line, column: column, message: message)
  }

  public var line: Int32 { details.line }
  public var column: Int32 { details.column }
  public var message: [UInt8] { details.message }

  public static func == (left: SyntaxError, right: SyntaxError) -> Bool {
    left.line == right.line && left.column == right.column && left.message == right.message
  }
}

/// What ends the work of an instruction. The value of an error lies in `Machine.raised`.
enum Trap: Error {
  /// `pcall` catches it.
  case raised
  /// Nothing catches it.
  case fault(ScriptFault.Code)
}

/// What one machine may use. A fault of a budget ends the run and cannot be caught by the script.
public struct Budget: Sendable {
  /// Instructions of one run; library functions charge more for long work.
  public var instructions: Int64
  /// Bytes of the heap, by the cost table of the language.
  public var memory: Int
  /// Bytes of one string.
  public var stringLength: Int
  /// Calls in progress, coroutines together.
  public var callDepth: Int32
  /// Library functions in progress that call back (`table.sort`, `string.gsub`, metamethods of `..`): each takes host stack.
  public var nestedRuns: Int32
  /// Bytes of output of one run.
  public var logVolume: Int

  public init(
    instructions: Int64 = 1_000_000, memory: Int = 1 << 20, stringLength: Int = 1 << 16, callDepth: Int32 = 200,
    nestedRuns: Int32 = 24, logVolume: Int = 1 << 16
  ) {
    self.instructions = instructions
    self.memory = memory
    self.stringLength = stringLength
    self.callDepth = callDepth
    self.nestedRuns = nestedRuns
    self.logVolume = logVolume
  }

  /// For trusted work on a big machine, such as tests and benchmarks.
  public static var generous: Budget {
    Budget(
      instructions: .max / 4, memory: 1 << 30, stringLength: 1 << 28, callDepth: 190_000, nestedRuns: 100,
      logVolume: 1 << 30)
  }
}
