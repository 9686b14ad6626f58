import Arguments
import Automata
import AutomatonFiles
import AutomatonRuns
import Glibc
import JSON

/// Commands that run automata here, without a daemon.
enum AutomatonRunCommands {
  static let all = [run, replay, diff]

  static let run = Command(
    "run", "Run an automaton, or a system of automata",
    discussion: """
      The same file, seed, inputs and faults give the same trace, byte by byte, on every machine. Ctrl-C ends the run after
      the current tick, with a whole trace. Ends with 1 when an automaton ended in an error.

      examples:
        aether automaton run thermostat.yaml --ticks 2000 --tick-ms 10 --input 100:temp=31.5 --trace t.jsonl
        aether automaton run house.yaml --seed 7 --input 2s:room.temp=17 --faults faults.yaml --trace -
        aether automaton run blink.yaml --clock real --ticks 100 --tick-ms 100 --events
        aether automaton run long.yaml --ticks 1000000 --trace t.jsonl --snapshots s.bin --snapshot-every 10000
      """,
    options: [
      .value("seed", nil, "NUMBER", "Start of all random numbers", default: "0"),
      .value("clock", nil, "CLOCK", "Whether ticks take time", default: "virtual", choices: ["virtual", "real"]),
      .value("ticks", nil, "COUNT", "End after so many ticks", default: "1000"),
      .value("tick-ms", nil, "MS", "Length of a tick", default: "10"),
      .value(
        "input", "i", "TICK:NAME=VALUE", "Set an input after so many ticks (the next sees it), or a time such as 2s",
        isRepeatable: true),
      .value("faults", nil, "FILE", "Schedule of faults", completion: .files),
      .value("semantics", nil, "NAME", "Rules, instead of those that the file names", choices: ["strict", "compat"]),
      .value("epoch", nil, "MS", "Time of day at the start, in milliseconds since 1970", default: "0"),
      .value("instructions", nil, "COUNT", "Instructions that a script may use at a time", default: "100000"),
      .value("trace", nil, "FILE", "Write the trace, - for standard output", completion: .files),
      .value("snapshots", nil, "FILE", "Write snapshots, from which replay can begin", completion: .files),
      .value("snapshot-every", nil, "TICKS", "Ticks between two snapshots", default: "1000"),
      .flag("events", nil, "Show what happens as it happens"),
      .flag("to-the-end", nil, "Go on after the automaton has stopped, until all ticks are done"),
      .value("output", "o", "FORM", "Form of the summary", default: "table", choices: ["table", "json"]),
    ],
    operands: [Operand("FILE", "automaton or system, or - for standard input", completion: .files)]
  ) { arguments in
    try RefusedInput.reporting {
      let loaded = try RunnableFile(arguments.operand("FILE") ?? "-")
      let plan = try RunPlan(arguments)
      return try RunSession(plan, try loaded.makeRun(plan.options)).run()
    }
  }

  static let replay = Command(
    "replay", "Run a trace again and compare",
    discussion: """
      Ends with 0 when the run gives the same bytes, and with 1 at the first difference. Of a trace that was cut off, the
      lines that are there are compared. With the snapshots of the run it begins at the last one before a tick: --from-tick
      compares from there on, --to-tick gets there without the way.

      examples:
        aether automaton replay t.jsonl
        aether automaton replay t.jsonl --to-tick 150      # how it stood then
        aether automaton replay t.jsonl --snapshots s.bin --from-tick 900000
      """,
    options: [
      .value("automaton", nil, "FILE", "The automaton, for traces without it", completion: .files),
      .value("snapshots", nil, "FILE", "Snapshots of the run", completion: .files),
      .value("from-tick", nil, "TICK", "Compare from the last snapshot before this tick on"),
      .value("to-tick", nil, "TICK", "Stop there and show how the automaton stands"),
      .value("output", "o", "FORM", "Form of the result", default: "table", choices: ["table", "json"]),
    ],
    operands: [Operand("TRACE", "file of a trace, or -", completion: .files)]
  ) { arguments in
    try RefusedInput.reporting {
      let bytes = try File.read(arguments.operand("TRACE") ?? "-", sizeMax: AutomatonRunCommands.traceSizeMax) ?? []
      let model = try arguments.value("automaton").map { try RunnableFile.automaton($0) }
      let (from, to) = (try tick("from-tick", arguments), try tick("to-tick", arguments))
      let snapshots = try arguments.value("snapshots").map {
        try SnapshotFile(try File.read($0, sizeMax: AutomatonRunCommands.traceSizeMax) ?? [])
      }
      if from != nil && snapshots == nil {
        throw UsageError("--from-tick needs the snapshots of the run: --snapshots FILE", path: arguments.path)
      }
      // Traces of a node may follow each other in one file; a tick is one of the last.
      let traces = TraceFile.split(bytes)
      if traces.count > 1, from == nil, to == nil { return try replay(traces, model, bytes, arguments) }
      let last = Array(traces[traces.count - 1])
      let trace = try TraceFile(last, model: model)
      let start = [from, to].compactMap { $0 }.min().flatMap { snapshots?.last(until: $0) }
      let again = try Replay.run(trace, from: start, until: to)
      if to != nil {
        try Output.write(RunSummary(again.engines, ticks: again.tickCount).text(arguments))
        return 0
      }
      if !trace.isComplete {
        Output.error(
          "the trace has no last line: it was cut off, or its run is not over; its last tick is \(trace.tickCount)")
      }
      let behind = Int(clamping: start?.lineCount ?? 0)
      let recorded = TraceComparison.dropping(behind, of: last)
      var difference = TraceComparison.firstDifference(recorded, again.bytes)
      difference?.line += behind
      return try report(difference, ("recorded", "now"), recorded, arguments)
    }
  }

  private static func tick(_ name: String, _ arguments: ParsedArguments) throws -> UInt64? {
    guard let text = arguments.value(name) else { return nil }
    guard let tick = UInt64(text) else {
      throw UsageError("--\(name) is \"\(text)\"; accepted: a number from 0", path: arguments.path)
    }
    return tick
  }

  private static func replay(
    _ traces: [ArraySlice<UInt8>], _ model: Automaton?, _ bytes: [UInt8], _ arguments: ParsedArguments
  ) throws -> Int32 {
    var line = 0
    for part in traces {
      let recorded = Array(part)
      let again: [UInt8]
      do { again = try Replay.run(try TraceFile(recorded, model: model)).bytes } catch let problem as TraceProblem {
        throw TraceProblem(line: line + problem.line, problem.problem)
      }
      if var difference = TraceComparison.firstDifference(recorded, again) {
        difference.line += line
        return try report(difference, ("recorded", "now"), bytes, arguments)
      }
      line += recorded.reduce(0) { $0 + ($1 == 10 ? 1 : 0) }
    }
    return try report(nil, ("recorded", "now"), bytes, arguments)
  }

  static let diff = Command(
    "diff", "Show the first difference of two traces",
    options: [.value("output", "o", "FORM", "Form of the result", default: "table", choices: ["table", "json"])],
    operands: [
      Operand("LEFT", "file of a trace", completion: .files), Operand("RIGHT", "another one", completion: .files),
    ]
  ) { arguments in
    let left = try File.read(arguments.operand("LEFT") ?? "-", sizeMax: traceSizeMax) ?? []
    let right = try File.read(arguments.operand("RIGHT") ?? "-", sizeMax: traceSizeMax) ?? []
    return try report(TraceComparison.firstDifference(left, right), ("left", "right"), left, arguments)
  }

  static let traceSizeMax = 1 << 30

  private static func report(
    _ difference: TraceDifference?, _ names: (String, String), _ bytes: [UInt8], _ arguments: ParsedArguments
  ) throws -> Int32 {
    let lines = bytes.reduce(0) { $0 + ($1 == 10 ? 1 : 0) }
    if arguments.value("output") == "json" {
      var result: JSONObject = ["identical": .bool(difference == nil), "lines": .integer(Int64(lines))]
      if let difference {
        result["line"] = .integer(Int64(difference.line))
        result[names.0] = difference.left.map { .string($0) } ?? .null
        result[names.1] = difference.right.map { .string($0) } ?? .null
      }
      try Output.write(JSON.object(result).text(.pretty) + "\n")
      return difference == nil ? 0 : 1
    }
    guard let difference else {
      try Output.write("identical: \(lines) lines\n")
      return 0
    }
    try Output.write(TraceExplanation(difference, names).text)
    return 1
  }
}

/// Says in words how two lines of traces differ.
struct TraceExplanation {
  let text: String

  init(_ difference: TraceDifference, _ names: (String, String)) {
    var text = "first difference in line \(difference.line)\n"
    let width = max(names.0.count, names.1.count)
    for (name, line) in [(names.0, difference.left), (names.1, difference.right)] {
      text += "  \(name):" + String(repeating: " ", count: width - name.count + 1)
      text += (line.map { Readable.line($0) } ?? "(the trace ends here)") + "\n"
    }
    if let reason = TraceExplanation.reason(difference) { text += reason + "\n" }
    self.text = text
  }

  private static func reason(_ difference: TraceDifference) -> String? {
    guard let left = difference.left.flatMap({ try? JSON.parse($0) })?.objectValue,
      let right = difference.right.flatMap({ try? JSON.parse($0) })?.objectValue
    else { return nil }
    var parts: [String] = []
    for name in left.names where left[name] != right[name] {
      parts.append("\(name) is \(left[name]?.text() ?? "missing") and \(right[name]?.text() ?? "missing")")
    }
    for name in right.names where left[name] == nil {
      parts.append("\(name) is missing and \(right[name]?.text() ?? "")")
    }
    let tick = left["tick"]?.integerValue.map { "in tick \($0), " } ?? ""
    return parts.isEmpty ? nil : tick + Readable.line(parts.joined(separator: "; "))
  }
}

/// A file that can be run.
enum RunnableFile {
  case automaton(CompiledAutomaton)
  case system(Network)

  init(_ path: String) throws {
    let bytes = try File.read(path) ?? []
    let access = FileAccess.disk(folder: FileAccess.folder(of: path))
    if AutomatonForm(of: bytes) == .yaml, CompositionFile.isComposition(bytes) {
      self = .system(try CompositionFile.load(bytes, file: path, access: access).composition.network())
    } else {
      self = .automaton(try CompiledAutomaton(try AutomatonFile.loadAny(bytes, file: path, access: access).automaton))
    }
  }

  static func automaton(_ path: String) throws -> Automaton {
    let access = FileAccess.disk(folder: FileAccess.folder(of: path))
    return try AutomatonFile.loadAny(try File.read(path) ?? [], file: path, access: access).automaton
  }

  /// With the rules that were asked for.
  func makeRun(_ options: RunOptions) throws -> AnyRun {
    switch self {
    case .automaton(let automaton):
      let semantics = options.semantics ?? automaton.semantics
      let compiled =
        semantics == automaton.semantics ? automaton : try CompiledAutomaton(automaton.model, semantics: semantics)
      return .automaton(AutomatonRun(compiled, options: options))
    case .system(var network):
      if let semantics = options.semantics {
        for index in network.instances.indices {
          network.instances[index].automaton = try CompiledAutomaton(
            network.instances[index].automaton.model, semantics: semantics)
        }
      }
      return .system(NetworkRun(network, options: options))
    }
  }
}

extension AnyRun {
  /// What an input of the command line does, and to which automaton.
  func command(_ input: RunInput) throws -> (part: Int, command: RunCommand) {
    let names = engines.map(\.name)
    guard let part = names.firstIndex(of: input.automaton) else {
      let text = "\(input.tick):\(input.automaton).\(input.name)"
      throw RunInput.Invalid(
        text: text,
        problem: names == [""]
          ? "names an automaton, but there is only one"
          : "names no automaton (there are \(names.joined(separator: ", ")))")
    }
    return (part, try input.command(for: engines[part].engine.model))
  }
}

/// What the command line of `run` asks for.
struct RunPlan {
  var options = RunOptions()
  var ticks: UInt64
  var inputs: [RunInput]
  var tracePath: String?
  var snapshotsPath: String?
  var snapshotInterval: UInt64
  var showsEvents: Bool
  var goesOn: Bool
  let arguments: ParsedArguments

  init(_ arguments: ParsedArguments) throws {
    func number<Number: FixedWidthInteger>(_ name: String, _ range: ClosedRange<Number>) throws -> Number {
      let text = arguments.value(name) ?? ""
      guard let number = Number(text), range.contains(number) else {
        throw UsageError(
          "--\(name) is \"\(text)\"; accepted: \(range.lowerBound) to \(range.upperBound)", path: arguments.path)
      }
      return number
    }
    self.arguments = arguments
    options.seed = try number("seed", UInt64.min...UInt64.max)
    options.clock = arguments.value("clock") == "real" ? .real : .virtual
    options.tickLength = try number("tick-ms", 1...3_600_000)
    options.epoch = try number("epoch", 0...4_102_444_800_000)
    options.instructions = try number("instructions", 1...1_000_000_000_000)
    options.semantics = arguments.value("semantics").flatMap { Semantics.named($0) }
    ticks = try number("ticks", 0...1_000_000_000_000)
    let tickLength = options.tickLength
    inputs = try arguments.all("input").map { try RunInput($0, tickLength: tickLength) }
    // In order of time; what was given for the same tick keeps its order.
    inputs = inputs.enumerated().sorted { ($0.element.tick, $0.offset) < ($1.element.tick, $1.offset) }.map(\.element)
    if let path = arguments.value("faults") {
      do { options.faults = try FaultFile.parse(try File.read(path) ?? []) } catch let problem as FaultFile.Problem {
        throw RefusedInput(text: "\(path):\(problem.description)")
      }
    }
    tracePath = arguments.value("trace")
    snapshotsPath = arguments.value("snapshots")
    snapshotInterval = try number("snapshot-every", 1...1_000_000_000_000)
    showsEvents = arguments.flag("events")
    goesOn = arguments.flag("to-the-end")
  }
}

/// Carries a run out: time, inputs, trace, events, summary.
struct RunSession {
  private let plan: RunPlan
  private let subject: AnyRun

  init(_ plan: RunPlan, _ run: AnyRun) {
    self.plan = plan
    subject = run
  }

  func run() throws -> Int32 {
    // Inputs that nothing takes are refused before anything is written.
    for input in plan.inputs { _ = try subject.command(input) }
    let trace = try TraceOutput(plan.tracePath, showsEvents: plan.showsEvents)
    var snapshots = try plan.snapshotsPath.map { try SnapshotOutput($0, every: plan.snapshotInterval) }
    try subject.start()
    try snapshots?.write(subject)
    var next = 0
    var pace = Pace(plan.options)
    while true {
      while next < plan.inputs.count, plan.inputs[next].tick <= subject.tickCount {
        let (part, command) = try subject.command(plan.inputs[next])
        try subject.apply(command, to: part)
        next += 1
      }
      guard subject.tickCount < plan.ticks, plan.goesOn || !subject.hasStopped, pace.wait() else { break }
      subject.tick()
      try snapshots?.write(subject)
      if subject.tickCount % 256 == 0 || plan.options.clock == .real { try trace.write(subject.takeTrace()) }
    }
    subject.finish()
    try trace.write(subject.takeTrace())
    try trace.end()
    try snapshots?.end()
    if plan.tracePath != "-" {
      try Output.write(RunSummary(subject.engines, ticks: subject.tickCount).text(plan.arguments))
    }
    return subject.engines.contains { $0.engine.execution == .error } ? 1 : 0
  }
}

/// Snapshots of a run on their way to a file.
struct SnapshotOutput {
  private let output: TraceOutput
  private let interval: UInt64
  private var last: RunSnapshot?
  private var refusal: (count: Int, error: EngineError)?

  init(_ path: String, every interval: UInt64) throws {
    output = try TraceOutput(path, showsEvents: false)
    self.interval = interval
  }

  /// Writes one when it is time for it.
  mutating func write(_ run: AnyRun) throws {
    guard run.tickCount % interval == 0 else { return }
    do throws(EngineError) { last = try run.snapshot(afterHash: last?.hash) } catch {
      refusal = ((refusal?.count ?? 0) + 1, error)
      return
    }
    try output.write(last?.bytes ?? [])
  }

  func end() throws {
    try output.end()
    guard let refusal else { return }
    try Output.write(Array("\(refusal.count) snapshots could not be taken: \(refusal.error)\n".utf8), to: STDERR_FILENO)
  }
}

/// Ticks at their time, when the clock is real.
struct Pace {
  private let tickLength: Int64
  private let isReal: Bool
  private var next: timespec

  init(_ options: RunOptions) {
    tickLength = options.tickLength
    isReal = options.clock == .real
    next = timespec()
    clock_gettime(CLOCK_MONOTONIC, &next)
    Interruption.watch()
  }

  /// - Returns: `false` when the run was interrupted.
  mutating func wait() -> Bool {
    guard isReal else { return !Interruption.hasCome }
    let nanoseconds = Int64(next.tv_nsec) + tickLength * 1_000_000
    next.tv_sec += Int(nanoseconds / 1_000_000_000)
    next.tv_nsec = Int(nanoseconds % 1_000_000_000)
    while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, nil) == EINTR {
      if Interruption.hasCome { return false }
    }
    return !Interruption.hasCome
  }
}

/// Ctrl-C ends a run in good order: the trace gets its last line.
enum Interruption {
  // Written by the signal handler alone, and only ever set.
  nonisolated(unsafe) private static var flag: sig_atomic_t = 0

  static var hasCome: Bool { flag != 0 }

  static func watch() {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in Interruption.flag = 1 }
    sigaction(SIGINT, &action, nil)
    sigaction(SIGTERM, &action, nil)
  }
}

/// Where a trace goes: a file, standard output, lines for people, or nowhere.
final class TraceOutput {
  private let descriptor: Int32
  private let showsEvents: Bool
  private var rest: [UInt8] = []

  init(_ path: String?, showsEvents: Bool) throws {
    self.showsEvents = showsEvents
    switch path {
    case nil: descriptor = -1
    case "-": descriptor = STDOUT_FILENO
    case .some(let path):
      descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw RefusedInput(text: "\(path): \(String(cString: strerror(errno)))") }
    }
  }

  func write(_ bytes: [UInt8]) throws {
    guard !bytes.isEmpty else { return }
    if descriptor >= 0 { try Output.write(bytes, to: descriptor) }
    if showsEvents { try show(bytes) }
  }

  /// Lines for people, out of whole lines of the trace.
  private func show(_ bytes: [UInt8]) throws {
    rest += bytes
    guard let end = rest.lastIndex(of: 10) else { return }
    var text = ""
    for line in rest[...end].split(separator: 10) {
      guard let event = try? JSON.parse(Array(line)).objectValue, let kind = event["kind"]?.stringValue else {
        continue
      }
      let time = event["t"]?.integerValue ?? 0
      let details = event.members.filter { !["seq", "tick", "t", "kind"].contains($0.name) }
        .map { "\($0.name)=\($0.value.stringValue ?? $0.value.text())" }.joined(separator: " ")
      let shown = String(time)
      text += String(repeating: " ", count: max(0, 10 - shown.count)) + "\(shown) ms  "
      text += kind + String(repeating: " ", count: max(1, 12 - kind.count)) + Readable.line(details) + "\n"
    }
    rest.removeSubrange(...end)
    try Output.write(Array(text.utf8), to: STDERR_FILENO)
  }

  func end() throws {
    guard descriptor > STDERR_FILENO else { return }
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else { throw OutputFailure.system(errno) }
    close(descriptor)
  }
}

/// How automata stand at the end of a run.
struct RunSummary {
  private let engines: [(name: String, engine: Engine)]
  private let ticks: UInt64

  init(_ engines: [(name: String, engine: Engine)], ticks: UInt64) {
    self.engines = engines
    self.ticks = ticks
  }

  func text(_ arguments: ParsedArguments) -> String {
    if arguments.value("output") == "json" { return json.text(.pretty) + "\n" }
    var text = ""
    for (name, engine) in engines {
      func line(_ title: String, _ value: String) {
        text += title + ":" + String(repeating: " ", count: max(1, 14 - title.count)) + Readable.line(value) + "\n"
      }
      if !name.isEmpty { line("automaton", name) }
      line("execution", "\(engine.execution.name)")
      line("state", states(engine).joined(separator: ", "))
      line("ticks", "\(ticks)")
      line("transitions", "\(engine.transitionCount)")
      line("errors", "\(engine.errorCount)")
      for (index, variable) in engine.model.variables.enumerated() where variable.direction != .internal {
        let direction = variable.direction == .input ? "input" : "output"
        line(
          direction,
          "\(String(decoding: variable.name, as: UTF8.self)) = \(String(decoding: engine.value(index).text, as: UTF8.self))"
        )
      }
    }
    return text
  }

  private func states(_ engine: Engine) -> [String] {
    engine.leaves.map { String(decoding: engine.model.states[$0.index].name, as: UTF8.self) }
  }

  private var json: JSON {
    let automata = engines.map { name, engine -> JSON in
      var variables = JSONObject()
      for (index, variable) in engine.model.variables.enumerated() {
        variables[String(decoding: variable.name, as: UTF8.self)] = engine.value(index).json
      }
      return [
        "name": .string(name.isEmpty ? String(decoding: engine.model.name, as: UTF8.self) : name),
        "execution": .string("\(engine.execution.name)"), "states": .array(states(engine).map { .string($0) }),
        "transitions": .integer(Int64(clamping: engine.transitionCount)),
        "errors": .integer(Int64(clamping: engine.errorCount)), "variables": .object(variables),
      ]
    }
    return ["ticks": .integer(Int64(clamping: ticks)), "automata": .array(automata)]
  }
}

/// Input of a command that is wrong; the text says what and where.
struct RefusedInput: Error {
  var text: String

  /// Runs a command; refused input is printed and gives its exit status.
  static func reporting(_ body: () throws -> Int32) throws -> Int32 {
    let text: String
    do { return try body() } catch let refused as RefusedFile {
      text = refused.description
    } catch let refused as RefusedInput {
      text = refused.text
    } catch let problem as TraceProblem {
      text = "the trace cannot be replayed: \(problem)"
    } catch let problem as SnapshotFile.Problem {
      text = "the snapshots cannot be used: \(problem)"
    } catch let failure as Replay.Failure {
      text = failure.description
    } catch let invalid as RunInput.Invalid {
      text = "--input \(invalid)"
    } catch let failure as CompiledAutomaton.Failure {
      text = "the automaton cannot be run: \(failure)"
    } catch let error as EngineError {
      text = "the automaton refused: \(error)"
    }
    try Output.write(Array((text + "\n").utf8), to: STDERR_FILENO)
    return 3
  }
}
