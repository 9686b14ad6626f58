import Automata
import AutomatonFiles
import BenchReport
import CYAML
import Glibc

// The engine that came first was measured on a machine of this class (one thread, in process); its figures stand beside
// ours as "first engine". It is not run here.

struct Options {
  var output: String?
  var runs = 5
  /// Runs one measurement so many times and nothing else, for callgrind.
  var only: String?
  var count = 100_000

  static let usage = """
    usage: aether-bench-automata [--output FILE] [--runs N] [--only NAME --count N]
      --output FILE  write the figures as JSON
      --runs N       runs of each measurement (5)
      --only NAME    immediate, guarded, waiting, body, load or trace, without any clock, for instruction counts
      --count N      ticks of it (100000)
    """

  init?(_ arguments: [String]) {
    var rest = arguments[...]
    while let name = rest.popFirst() {
      guard let value = rest.popFirst() else { return nil }
      switch name {
      case "--output": output = value
      case "--only": only = value
      case "--runs":
        guard let number = Int(value), number > 0 else { return nil }
        runs = number
      case "--count":
        guard let number = Int(value), number > 0 else { return nil }
        count = number
      default: return nil
      }
    }
  }
}

func load(_ text: String) throws -> CompiledAutomaton {
  try CompiledAutomaton(try AutomatonFile.load(Array(text.utf8)).automaton)
}

func engine(_ automaton: CompiledAutomaton, observed: Observation = []) throws -> Engine {
  var options = EngineOptions(seed: 1)
  options.observed = observed
  let engine = Engine(automaton, options: options)
  try engine.start(at: 0)
  return engine
}

/// Ticks a second of processor time.
func ticks(_ text: String, _ count: Int) throws -> Double {
  let engine = try engine(try load(text))
  for time in 1...1000 { engine.tick(at: Int64(time)) }
  let watch = Stopwatch()
  for time in 0..<count { engine.tick(at: Int64(1001 + time)) }
  return Double(count) / watch.processorSeconds
}

/// Milliseconds of processor time that libyaml alone takes for the events of a document.
func libyaml(_ document: [UInt8]) -> Double {
  let watch = Stopwatch()
  // libyaml keeps pointers into its parser, which must not move.
  let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
  defer { parser.deallocate() }
  for _ in 0..<50 {
    yaml_parser_initialize(parser)
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    document.withUnsafeBufferPointer { bytes in
      yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
      var event = yaml_event_t()
      var isAtEnd = false
      while !isAtEnd, yaml_parser_parse(parser, &event) == 1 {
        isAtEnd = event.type == YAML_STREAM_END_EVENT
        yaml_event_delete(&event)
      }
    }
    yaml_parser_delete(parser)
  }
  return watch.processorSeconds * 1000 / 50
}

/// Bytes of each of 10,000 engines at rest.
func bytesPerEngine(_ text: String) throws -> Double {
  let automaton = try load(text)
  var engines: [Engine] = []
  engines.reserveCapacity(10_000)
  for _ in 0..<100 { engines.append(try engine(automaton)) }
  let before = ResidentMemory.bytes
  for _ in 0..<10_000 {
    let engine = try engine(automaton)
    engine.tick(at: 100)
    engines.append(engine)
  }
  return Double(ResidentMemory.bytes - before) / 10_000
}

/// Share of one processor that 10,000 automata take at 10 ticks a second each.
func shareOfProcessor(_ text: String) throws -> Double {
  let automaton = try load(text)
  var engines: [Engine] = []
  for _ in 0..<10_000 { engines.append(try engine(automaton)) }
  let seconds = 3
  let watch = Stopwatch()
  for step in 1...(10 * seconds) { for engine in engines { engine.tick(at: Int64(step * 100)) } }
  return watch.processorSeconds / Double(seconds)
}

/// What a run with a trace gains in memory, in bytes, and lines a second.
func tracing(_ count: Int) throws -> (growth: Double, rate: Double) {
  let run = AutomatonRun(try load(Models.immediate))
  try run.start()
  for _ in 0..<10_000 { run.tick() }
  _ = run.takeTrace()
  let before = ResidentMemory.bytes
  let watch = Stopwatch()
  for index in 0..<count {
    run.tick()
    if index % 256 == 0 { _ = run.takeTrace() }
  }
  _ = run.takeTrace()
  let seconds = watch.processorSeconds
  return (Double(max(0, ResidentMemory.bytes - before)), Double(count) / seconds)
}

/// Ours loads the whole automaton; yaml-cpp, with which the first engine began, only parses the same bytes.
func measureLoad(_ document: [UInt8], _ runs: Int, _ report: inout BenchReport) throws {
  var template = Array("/tmp/aether-bench-automata-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { throw Command.Failure(description: "mkdtemp failed") }
  let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  let (file, program) = (folder + "/document.yaml", folder + "/yaml-cpp")
  defer { for path in [file, program] { unlink(path) } }
  defer { rmdir(folder) }
  guard let output = fopen(file, "w"), fwrite(document, 1, document.count, output) == document.count,
    fclose(output) == 0
  else { throw Command.Failure(description: "cannot write \(file)") }
  _ = try Command(["g++", "-O2", "-o", program, "Benchmarks/peers/yaml-cpp.cpp", "-lyaml-cpp"]).run()
  var ours = Samples()
  var peer = Samples()
  for _ in 0..<runs {
    let watch = Stopwatch()
    for _ in 0..<50 { _ = try AutomatonFile.load(document) }
    ours.append(watch.processorSeconds * 1000 / 50)
    let text = try Command([program, file, "50"]).run()
    guard let parsed = Double(text.prefix { $0 != "\n" }) else { throw Command.Failure(description: text) }
    peer.append(parsed)
  }
  report.add(
    "loading a document of 19 states", unit: "ms CPU", ours: ours, peer: peer, peerName: "yaml-cpp, parsing alone",
    aim: "<= 0.14 ms (of another document)")
}

func measure(_ options: Options, _ report: inout BenchReport) throws {
  func add(
    _ metric: String, _ unit: String, _ first: Double?, _ aim: String, runs: Int? = nil, _ body: () throws -> Double
  ) throws {
    var ours = Samples()
    var peer = Samples()
    for _ in 0..<(runs ?? options.runs) {
      ours.append(try body())
      if let first { peer.append(first) }
    }
    report.add(
      metric, unit: unit, ours: ours, peer: first == nil ? nil : peer, peerName: first == nil ? nil : "first engine",
      aim: aim)
  }
  // Once, before anything else has left memory behind.
  try add("memory of an idle automaton, events and timers", "bytes", nil, "<= 4096", runs: 1) {
    try bytesPerEngine(Models.waiting)
  }
  try add("memory of an idle automaton with scripts", "bytes", nil, "<= 4096", runs: 1) {
    try bytesPerEngine(Models.guarded)
  }
  try add("immediate transitions", "1/s CPU", 306_000, ">= 10 x") { try ticks(Models.immediate, 1_000_000) }
  try add("idle ticks with a script guard", "1/s CPU", 216_000, ">= 10 x") { try ticks(Models.guarded, 1_000_000) }
  try add("idle ticks, events and timers", "1/s CPU", 8_350_000, ">= 3 x") { try ticks(Models.waiting, 20_000_000) }
  try add("ticks with a script body", "1/s CPU", 171_000, ">= 10 x") { try ticks(Models.body, 1_000_000) }
  let document = Array(Models.ring(states: 19).utf8)
  try measureLoad(document, options.runs, &report)
  try add("of which libyaml alone takes", "ms CPU", nil, "") { libyaml(document) }
  try add("compiling it", "ms CPU", nil, "") {
    let model = try AutomatonFile.load(document).automaton
    let watch = Stopwatch()
    for _ in 0..<50 { _ = try CompiledAutomaton(model) }
    return watch.processorSeconds * 1000 / 50
  }
  try add("10,000 automata at 10 Hz, script guard", "share of one CPU", nil, "<= 1") {
    try shareOfProcessor(Models.guarded)
  }
  try add("10,000 automata at 10 Hz, events and timers", "share of one CPU", nil, "<= 1") {
    try shareOfProcessor(Models.waiting)
  }
  try add("transitions with a trace", "1/s CPU", nil, "") { try tracing(300_000).rate }
  try add("memory that 1,000,000 traced transitions gain", "kB", nil, "constant") {
    try tracing(1_000_000).growth / 1000
  }
}

guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
  print(Options.usage)
  exit(2)
}
if options.only == "load" {
  let document = Array(Models.ring(states: 19).utf8)
  for _ in 0..<options.count { _ = try AutomatonFile.load(document) }
  exit(0)
}
if options.only == "trace" {
  _ = try tracing(options.count)
  exit(0)
}
if let only = options.only {
  let models = [
    "immediate": Models.immediate, "guarded": Models.guarded, "waiting": Models.waiting, "body": Models.body,
  ]
  guard let text = models[only] else {
    print(Options.usage)
    exit(2)
  }
  _ = try ticks(text, options.count)
  exit(0)
}
var report = BenchReport(name: "automata")
do { try measure(options, &report) } catch {
  print("failed: \(error)")
  exit(1)
}
exit(report.finish(writingTo: options.output) ? 0 : 1)
