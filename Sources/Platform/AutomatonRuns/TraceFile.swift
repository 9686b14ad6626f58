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
  /// One automaton of the run.
  public struct Part: Sendable {
    /// Its name in a system; empty for a single automaton.
    public var name: String
    public var model: Automaton
    public var semantics: Semantics
    // While reading: whether it began, whether it runs, and whether it did when it was reset last.
    fileprivate var hasBegun = false
    fileprivate var isOn = false
    fileprivate var resetStarts = false

    fileprivate init(name: String, model: Automaton, semantics: Semantics) {
      self.name = name
      self.model = model
      self.semantics = semantics
    }
  }

  /// Something that was done to an automaton after so many ticks.
  public struct Step: Sendable, Equatable {
    public var tick: UInt64
    /// Position in `parts`.
    public var part: Int
    public var command: RunCommand
    /// The line that tells of it, from 1.
    public var line: Int
  }

  /// In order of declaration; one for a single automaton.
  public var parts: [Part] = []
  public var wires: [Network.Wire] = []
  public let isSystem: Bool
  public let name: String
  public var options: RunOptions
  public var steps: [Step] = []
  /// Times of ticks that were not one length after the tick before, by tick.
  public var moments: [UInt64: Int64] = [:]
  /// Ticks of the run.
  public var tickCount: UInt64 = 0
  /// Where the trace begins, when that is not the beginning of the run.
  public var origin: RunSnapshot?
  /// The line that tells of the first start, from 1; `nil` without one.
  public var startLine: Int?
  /// Whether the last line is there.
  public var isComplete = false

  /// The traces of a file that holds one after the other, each from its header on; one without a header is one.
  public static func split(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    let beginning = Array(#"{"trace":""#.utf8)
    var starts = [0]
    var index = 0
    while let end = bytes[index...].firstIndex(of: 10) {
      index = end + 1
      if bytes[index...].starts(with: beginning) { starts.append(index) }
    }
    return starts.enumerated().map { bytes[$1..<($0 + 1 < starts.count ? starts[$0 + 1] : bytes.count)] }
  }

  /// Reads a trace.
  ///
  /// - Parameter model: for traces of one automaton whose header does not hold it.
  public init(_ bytes: [UInt8], model given: Automaton? = nil) throws(TraceProblem) {
    let lines = bytes.split(separator: 10, omittingEmptySubsequences: true)
    guard let first = lines.first else { throw TraceProblem(line: 0, "the trace is empty") }
    let header = try TraceFile.object(first, 1)
    switch header["trace"]?.stringValue {
    case "aether/v1": isSystem = false
    case "aether-network/v1": isSystem = true
    default: throw TraceProblem(line: 1, "is not the header of a trace (\"trace\":\"aether/v1\")")
    }
    name = header["name"]?.stringValue ?? ""
    options = try TraceFile.options(header)
    options.holdsModel = isSystem || header["model"] != nil
    if !isSystem {
      parts = [try TraceFile.part(header, "", given, 1)]
      options.semantics = parts[0].semantics
      origin = try TraceFile.origin(header)
      if let origin {
        tickCount = origin.tick
        let execution = origin.executions.first
        parts[0].hasBegun = true
        parts[0].isOn = execution == .running || execution == .paused
      }
    }
    for (index, line) in lines.enumerated().dropFirst() {
      let object = try TraceFile.object(line, index + 1)
      if object["kind"] != nil { try read(object, index + 1) } else { try readSystem(object, index + 1) }
    }
  }

  /// The lines of a system before anything happens: its automata, then its wires.
  private mutating func readSystem(_ line: JSON, _ number: Int) throws(TraceProblem) {
    guard isSystem else { throw TraceProblem(line: number, "has no kind") }
    if let name = line["automaton"]?.stringValue {
      parts.append(try TraceFile.part(line, name, nil, number))
      return
    }
    guard let from = line["from"]?.stringValue.flatMap({ end($0) }),
      let to = line["to"]?.stringValue.flatMap({ end($0) }),
      let conversion = line["conversion"]?.integerValue.flatMap({ UInt8(exactly: $0) }).flatMap({
        WireConversion(rawValue: $0)
      })
    else { throw TraceProblem(line: number, "is neither an automaton nor a wire of the system") }
    wires.append(
      Network.Wire(
        source: from.part, output: from.variable, target: to.part, input: to.variable, conversion: conversion))
  }

  /// `automaton.variable`
  private func end(_ text: String) -> (part: Int, variable: Int)? {
    guard let point = text.lastIndex(of: "."), let part = parts.firstIndex(where: { $0.name == text[..<point] }),
      let variable = parts[part].model.variable(named: Array(text[text.index(after: point)...].utf8))
    else { return nil }
    return (part, variable)
  }

  private static func part(
    _ header: JSON, _ name: String, _ given: Automaton?, _ line: Int
  ) throws(TraceProblem) -> Part {
    guard let text = header["semantics"]?.stringValue, let semantics = Semantics.named(text) else {
      throw TraceProblem(line: line, "semantics must be strict or compat")
    }
    return Part(name: name, model: try model(header, given, line), semantics: semantics)
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

  /// The moment that the trace goes on from.
  private static func origin(_ header: JSON) throws(TraceProblem) -> RunSnapshot? {
    guard let text = header["snapshot"]?.stringValue else {
      if header["seq"] == nil { return nil }
      throw TraceProblem(line: 1, "the trace begins in the middle of a run, and without a snapshot")
    }
    guard let bytes = try? Hex.decode(text), let snapshot = try? RunSnapshot(bytes) else {
      throw TraceProblem(line: 1, "the snapshot is damaged")
    }
    return snapshot
  }

  private static func model(
    _ header: JSON, _ given: Automaton?, _ line: Int
  ) throws(TraceProblem) -> Automaton {
    let hash = header["artifact"]?.stringValue.flatMap { try? Hex.decode($0) }
    var found = given
    if given == nil {
      guard let text = header["model"]?.stringValue, let bytes = try? Hex.decode(text) else {
        throw TraceProblem(line: line, "the header holds no model; give the automaton's file as well")
      }
      do throws(ModelCodec.DecodingError) { found = try ModelCodec.decode(bytes) } catch {
        throw TraceProblem(line: line, "the model is damaged at byte \(error.offset)")
      }
    }
    guard let found, ModelCodec.hash(found) == hash else {
      throw TraceProblem(line: line, "the automaton is not the one of this trace: its hash differs")
    }
    return found
  }

  private mutating func read(_ line: JSON, _ number: Int) throws(TraceProblem) {
    if line["kind"] == "dropped" {
      throw TraceProblem(line: number, "lines are missing here: whoever wrote the trace down was too slow")
    }
    guard let kind = line["kind"]?.stringValue, let tick = line["tick"]?.integerValue, tick >= 0 else {
      throw TraceProblem(line: number, "has no kind or no tick")
    }
    tickCount = max(tickCount, UInt64(tick))
    switch kind {
    case "clock":
      guard let time = line["t"]?.integerValue else { throw TraceProblem(line: number, "has no time") }
      moments[UInt64(tick) + 1] = time
      // The tick that it announces may have left no line of its own.
      tickCount = max(tickCount, UInt64(tick) + 1)
      return
    case "end":
      isComplete = true
      return
    default: break
    }
    let named = line["automaton"]?.stringValue ?? ""
    guard let part = parts.firstIndex(where: { $0.name == named }) else {
      throw TraceProblem(line: number, "\"\(named)\" is no automaton of the system")
    }
    if let command = try command(kind, line, part, number) {
      steps.append(Step(tick: UInt64(tick), part: part, command: command, line: number))
    }
  }

  /// What was done to an automaton, when a line tells of that; others tell what came of it.
  private mutating func command(
    _ kind: String, _ line: JSON, _ part: Int, _ number: Int
  ) throws(TraceProblem) -> RunCommand? {
    switch kind {
    case "input", "stimulus":
      let (index, value) = try variable(line, part, number)
      // With faults, and over wires, inputs arrive as they do: what was sent is the stimulus.
      let isDirect = !isSystem && (options.faults.isEmpty || parts[part].model.variables[index].direction != .input)
      return kind == "stimulus" || isDirect ? .set(variable: index, value) : nil
    case "raise": return .raise(Array((line["name"]?.stringValue ?? "").utf8))
    case "pause": return .pause
    case "resume": return .resume
    case "reset":
      parts[part].resetStarts = parts[part].isOn
      return .reset
    case "force":
      guard let state = parts[part].model.state(named: Array((line["state"]?.stringValue ?? "").utf8)) else {
        throw TraceProblem(line: number, "names no state of the automaton")
      }
      return .force(state)
    case "stop":
      parts[part].isOn = false
      return line["reason"]?.stringValue == "asked" ? .stop : nil
    case "start":
      // The first start belongs to the run, and one that a reset of a running automaton makes to the reset.
      if startLine == nil, !parts[part].hasBegun { startLine = number }
      defer {
        parts[part].hasBegun = true
        parts[part].isOn = true
        parts[part].resetStarts = false
      }
      return parts[part].hasBegun && !parts[part].resetStarts ? .start : nil
    case "restore": throw TraceProblem(line: number, "the run was restored from a snapshot here; replay ends")
    default: return nil
    }
  }

  private func variable(_ line: JSON, _ part: Int, _ number: Int) throws(TraceProblem) -> (Int, AutomatonValue) {
    let name = line["name"]?.stringValue ?? ""
    let model = parts[part].model
    guard let index = model.variable(named: Array(name.utf8)) else {
      throw TraceProblem(line: number, "\"\(name)\" is no variable of the automaton")
    }
    let type = model.variables[index].type
    guard let value = line["value"].flatMap({ AutomatonValue(json: $0, type: type) }) else {
      throw TraceProblem(line: number, "the value of \(name) is no \(type.word)")
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
