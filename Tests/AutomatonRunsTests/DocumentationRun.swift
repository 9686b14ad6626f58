import Automata
import AutomatonFiles
import Foundation

@testable import AutomatonRuns

/// Does what the head of an example says.
struct DocumentationRun {
  private enum Subject {
    case one(AutomatonRun)
    case several(NetworkRun)
  }

  private typealias Problem = DocumentationPage.Problem

  private var name = ""
  private var semantics: Semantics?
  private var options = RunOptions()
  private var tickCount: UInt64 = 0
  private var actions: [(tick: UInt64, text: String)] = []
  private var shown: [String] = []
  private var saved: (snapshot: Snapshot, time: Int64)?
  /// Time of an engine that was restored: it goes on by itself, since a run's clock does not go back.
  private var restoredTime: Int64?

  init(_ run: DocumentationPage.Run, of page: DocumentationPage) throws {
    guard let head = run.commands.first?.wholeAfter("# ") else { throw Problem(description: "the run has no head") }
    try readHead(head)
    for command in run.commands.dropFirst() {
      if let file = command.wholeAfter("# faults: ") {
        options.faults = try FaultFile.parse(try page.bytes(file))
      } else if let kinds = command.wholeAfter("# shown: ") {
        shown += kinds.components(separatedBy: ", ")
      } else if let action = command.wholeAfter("# after tick ") {
        let parts = action.components(separatedBy: ": ")
        guard parts.count == 2, let tick = UInt64(parts[0]) else {
          throw Problem(description: "not understood: \(command)")
        }
        actions += parts[1].components(separatedBy: ", ").map { (tick, $0) }
      } else {
        throw Problem(description: "not understood: \(command)")
      }
    }
  }

  private mutating func readHead(_ head: String) throws {
    let halves = head.components(separatedBy: ": ")
    guard halves.count == 2 else { throw Problem(description: "not understood: \(head)") }
    let subject = halves[0].components(separatedBy: ", ")
    name = subject[0]
    if subject.count > 1 { semantics = Semantics.named(subject[1]) }
    for part in halves[1].components(separatedBy: ", ") {
      let words = part.components(separatedBy: " ")
      if words.count == 5, words[2] == "of", let count = UInt64(words[0]), let length = Int64(words[3]) {
        tickCount = count
        options.tickLength = length
      } else if words.count == 2, words[0] == "seed", let seed = UInt64(words[1]) {
        options.seed = seed
      } else if words.count == 2, words[0] == "epoch", let epoch = Int64(words[1]) {
        options.epoch = epoch
      } else {
        throw Problem(description: "not understood: \(part)")
      }
    }
  }

  // MARK: Running

  /// - Returns: the lines of the trace that are shown, then states and values.
  mutating func result(_ page: DocumentationPage) throws -> [String] {
    let subject = try subject(page)
    try perform(at: 0, subject)
    for tick in 1...max(1, tickCount) {
      switch subject {
      case .one(let run): self.tick(run)
      case .several(let run): run.tick()
      }
      try perform(at: tick, subject)
    }
    let trace: [UInt8]
    switch subject {
    case .one(let run):
      run.finish()
      trace = run.takeTrace()
    case .several(let run):
      run.finish()
      trace = run.takeTrace()
    }
    if saved == nil { try checkReplay(trace) }
    return lines(of: trace) + shown.flatMap { standing($0, subject) }
  }

  private mutating func tick(_ run: AutomatonRun) {
    guard let time = restoredTime else {
      run.tick()
      return
    }
    restoredTime = time + options.tickLength
    run.engine.tick(at: time + options.tickLength)
  }

  private func subject(_ page: DocumentationPage) throws -> Subject {
    let text = try page.bytes(name)
    let access = FileAccess.memory(page.files)
    if CompositionFile.isComposition(text) {
      let loaded = try CompositionFile.load(text, file: name, access: access)
      let run = NetworkRun(try loaded.composition.network(semantics: semantics), options: options)
      try run.start()
      return .several(run)
    }
    let loaded = try AutomatonFile.load(text, file: name)
    let run = AutomatonRun(try CompiledAutomaton(loaded.automaton, semantics: semantics), options: options)
    try run.start()
    return .one(run)
  }

  /// Every run is also a test of replay.
  private func checkReplay(_ trace: [UInt8]) throws {
    let again = try Replay.run(try TraceFile(trace)).bytes
    if let difference = TraceComparison.firstDifference(trace, again) {
      throw Problem(description: "replay differs: \(difference)")
    }
  }

  private mutating func perform(at tick: UInt64, _ subject: Subject) throws {
    for action in actions where action.tick == tick {
      switch subject {
      case .one(let run):
        switch action.text {
        case "save": saved = (try run.engine.snapshot(), run.time)
        case "restore":
          guard let saved else { throw Problem(description: "nothing was saved") }
          try run.engine.restore(saved.snapshot)
          restoredTime = saved.time
        default: try run.apply(try command(action.text, run.engine.model))
        }
      case .several(let run):
        guard let dot = action.text.firstIndex(of: "."),
          let index = run.network.instances.firstIndex(where: { $0.name == Array(action.text[..<dot].utf8) })
        else { throw Problem(description: "names no automaton: \(action.text)") }
        let rest = String(action.text[action.text.index(after: dot)...])
        try run.apply(try command(rest, run.network.instances[index].automaton.model), to: index)
      }
    }
  }

  private func command(_ text: String, _ model: Automaton) throws -> RunCommand {
    switch text {
    case "pause": return .pause
    case "resume": return .resume
    case "stop": return .stop
    case "start": return .start
    case "reset": return .reset
    default: break
    }
    if let name = text.wholeAfter("force ") {
      guard let state = model.state(named: Array(name.utf8)) else { throw Problem(description: "no state \(name)") }
      return .force(state)
    }
    let input = text.replacingOccurrences(of: " = ", with: "=")
    return try RunInput("0:" + input, tickLength: options.tickLength).command(for: model)
  }

  // MARK: Showing

  private func lines(of trace: [UInt8]) -> [String] {
    String(decoding: trace, as: UTF8.self).components(separatedBy: "\n").filter { line in
      shown.contains { line.contains("\"kind\":\"\($0)\"") }
    }
  }

  private func standing(_ item: String, _ subject: Subject) -> [String] {
    switch subject {
    case .one(let run): standing(item, run.engine, "").map { [$0] } ?? []
    case .several(let run):
      run.engines.indices.compactMap { index in
        standing(item, run.engines[index], String(decoding: run.network.instances[index].name, as: UTF8.self) + ".")
      }
    }
  }

  private func standing(_ item: String, _ engine: Engine, _ prefix: String) -> String? {
    if item == "state" {
      let names = engine.leaves.map { String(decoding: engine.model.states[$0.index].name, as: UTF8.self) }
      return "\(prefix)state = \(names.joined(separator: ", ")) (\(engine.execution))"
    }
    guard let variable = engine.model.variable(named: Array(item.utf8)) else { return nil }
    let text = String(decoding: engine.value(variable).text, as: UTF8.self)
    return "\(prefix)\(item) = \(text)"
  }
}
