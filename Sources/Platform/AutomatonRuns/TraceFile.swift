import Automata
import Bytes
import JSON

/// Why a file is not a trace that can be replayed.
public struct TraceProblem: Error, Sendable, Equatable, CustomStringConvertible {
  /// From 1; 0 when it is about the whole file.
  public var line: Int
  public var problem: String
  public var description: String { line > 0 ? "line \(line): \(problem)" : problem }

  public init(line: Int, _ problem: String) {
    self.line = line
    self.problem = problem
  }
}

/// A trace as it was recorded: what the run followed from, and what was done to it when.
public struct TraceFile: Sendable {
  /// Something that was done to an automaton after so many ticks.
  public struct Step: Sendable, Equatable {
    public var tick: UInt64
    public var command: RunCommand
    /// The line that tells of it, from 1.
    public var line: Int
  }

  public var model: Automaton
  public var semantics: Semantics
  public var options: RunOptions
  public var steps: [Step] = []
  /// Times of ticks that were not one length after the tick before, by tick.
  public var moments: [UInt64: Int64] = [:]
  /// Ticks of the run.
  public var tickCount: UInt64 = 0
  /// Whether the last line is there.
  public var isComplete = false
  // While reading: whether the automaton runs, and whether it did when it was reset last.
  private var isOn = false
  private var resetStarts = false

  /// Reads a trace.
  ///
  /// - Parameter model: for traces whose header does not hold it.
  public init(_ bytes: [UInt8], model given: Automaton? = nil) throws(TraceProblem) {
    let lines = bytes.split(separator: 10, omittingEmptySubsequences: true)
    guard let first = lines.first else { throw TraceProblem(line: 0, "the trace is empty") }
    let header = try TraceFile.object(first, 1)
    guard header["trace"]?.stringValue == "aether/v1" else {
      throw TraceProblem(line: 1, "is not the header of a trace of one automaton (\"trace\":\"aether/v1\")")
    }
    options = try TraceFile.options(header)
    guard let name = header["semantics"]?.stringValue, let semantics = Semantics.named(name) else {
      throw TraceProblem(line: 1, "semantics must be strict or compat")
    }
    self.semantics = semantics
    options.semantics = semantics
    model = try TraceFile.model(header, given)
    for (index, line) in lines.enumerated().dropFirst() { try read(try TraceFile.object(line, index + 1), index + 1) }
  }

  private static func object(_ line: ArraySlice<UInt8>, _ number: Int) throws(TraceProblem) -> JSON {
    do throws(JSONError) {
      let value = try JSON.parse(Array(line), limits: JSONLimits(depthMax: 8, sizeMax: 64 << 20))
      if value.objectValue != nil { return value }
    } catch {
      throw TraceProblem(line: number, "\(error)")
    }
    throw TraceProblem(line: number, "is no JSON object")
  }

  private static func options(_ header: JSON) throws(TraceProblem) -> RunOptions {
    var options = RunOptions()
    guard let seed = header["seed"]?.stringValue.flatMap({ Int64($0) }) else {
      throw TraceProblem(line: 1, "seed must be a text of digits")
    }
    options.seed = UInt64(bitPattern: seed)
    options.clock = header["clock"]?.stringValue == "real" ? .real : .virtual
    guard let tick = header["tick_ms"]?.integerValue, tick > 0 else {
      throw TraceProblem(line: 1, "tick_ms must be a number above 0")
    }
    options.tickLength = tick
    options.epoch = header["epoch"]?.integerValue ?? 0
    options.instructions = header["instructions"]?.integerValue ?? options.instructions
    options.memory = Int(clamping: header["memory"]?.integerValue ?? Int64(options.memory))
    if let faults = header["faults"]?.stringValue {
      guard let bytes = try? Hex.decode(faults), let schedule = FaultSchedule.decode(bytes) else {
        throw TraceProblem(line: 1, "faults are no fault schedule")
      }
      options.faults = schedule
    }
    return options
  }

  private static func model(_ header: JSON, _ given: Automaton?) throws(TraceProblem) -> Automaton {
    let hash = header["artifact"]?.stringValue.flatMap { try? Hex.decode($0) }
    var found = given
    if given == nil {
      guard let text = header["model"]?.stringValue, let bytes = try? Hex.decode(text) else {
        throw TraceProblem(line: 1, "the header holds no model; give the automaton's file as well")
      }
      do throws(ModelCodec.DecodingError) { found = try ModelCodec.decode(bytes) } catch {
        throw TraceProblem(line: 1, "the model is damaged at byte \(error.offset)")
      }
    }
    guard let found, ModelCodec.hash(found) == hash else {
      throw TraceProblem(line: 1, "the automaton is not the one of this trace: its hash differs")
    }
    return found
  }

  private mutating func read(_ line: JSON, _ number: Int) throws(TraceProblem) {
    guard let kind = line["kind"]?.stringValue, let tick = line["tick"]?.integerValue, tick >= 0 else {
      throw TraceProblem(line: number, "has no kind or no tick")
    }
    tickCount = max(tickCount, UInt64(tick))
    func add(_ command: RunCommand) { steps.append(Step(tick: UInt64(tick), command: command, line: number)) }
    switch kind {
    case "input", "stimulus":
      let (index, value) = try variable(line, number)
      // With faults, inputs arrive as the schedule decides: what was sent is the stimulus.
      let isSent = kind == "stimulus" || options.faults.isEmpty || model.variables[index].direction != .input
      if isSent { add(.set(variable: index, value)) }
    case "raise": add(.raise(Array((line["name"]?.stringValue ?? "").utf8)))
    case "pause": add(.pause)
    case "resume": add(.resume)
    case "reset":
      add(.reset)
      resetStarts = isOn
    case "force":
      guard let state = model.state(named: Array((line["state"]?.stringValue ?? "").utf8)) else {
        throw TraceProblem(line: number, "names no state of the automaton")
      }
      add(.force(state))
    case "stop":
      if line["reason"]?.stringValue == "asked" { add(.stop) }
      isOn = false
    case "start":
      if hasStarted(before: number) { add(.start) }
      isOn = true
    case "clock":
      guard let time = line["t"]?.integerValue else { throw TraceProblem(line: number, "has no time") }
      moments[UInt64(tick) + 1] = time
    case "restore": throw TraceProblem(line: number, "the run was restored from a snapshot here; replay ends")
    case "end": isComplete = true
    default: break
    }
  }

  /// The first start belongs to the run, and one right after a reset of a running automaton to the reset.
  private func hasStarted(before number: Int) -> Bool {
    guard number > 2 else { return false }
    if case .reset = steps.last?.command, steps.last?.line == number - 1 { return !resetStarts }
    return true
  }

  private func variable(_ line: JSON, _ number: Int) throws(TraceProblem) -> (Int, AutomatonValue) {
    let name = line["name"]?.stringValue ?? ""
    guard let index = model.variable(named: Array(name.utf8)) else {
      throw TraceProblem(line: number, "\"\(name)\" is no variable of the automaton")
    }
    let type = model.variables[index].type
    guard let value = line["value"].flatMap({ AutomatonValue.json($0, as: type) }) else {
      throw TraceProblem(line: number, "the value of \(name) is no \(type.name)")
    }
    return (index, value)
  }
}

extension Semantics {
  public static func named(_ name: String) -> Semantics? {
    switch name {
    case "strict": .strict
    case "compat": .compat
    default: nil
    }
  }
}
