import Automata
import AutomatonFiles
import AutomatonRuns
import Foundation
import Runner

/// A system of the folder `Systems` and what is done with it. Its automata lie in `parts`.
struct SystemEntry {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Systems")

  var name: String
  var request: SystemRequest

  /// All of them, in order of their names.
  static func all() throws -> [SystemEntry] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }.sorted()
      .map { try SystemEntry(String($0.dropLast(5))) }
  }

  var trace: URL { SystemEntry.folder.appendingPathComponent("\(name).trace") }

  private init(_ name: String) throws {
    self.name = name
    let folder = SystemEntry.folder
    let composition: Composition
    do {
      composition = try CompositionFile.load(
        Array(try Data(contentsOf: folder.appendingPathComponent("\(name).yaml"))), file: "\(name).yaml",
        access: .disk(folder: folder.path)
      ).composition
    } catch let error as RefusedFile {
      throw CorpusEntry.Failure(description: error.description)
    }
    request = SystemRequest(name: Array(composition.name.utf8))
    request.parts = composition.instances.map {
      SystemRequest.Part(
        name: Array($0.id.utf8), semantics: $0.automaton.semantics ?? .strict, model: ModelCodec.encode($0.automaton))
    }
    request.wires = try composition.network().wires
    if let text = try? Data(contentsOf: folder.appendingPathComponent("\(name).faults")) {
      request.faults = try FaultFile.parse(Array(text))
    }
    let inputs = try String(contentsOf: folder.appendingPathComponent("\(name).inputs"), encoding: .utf8)
    for (index, line) in inputs.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      do { try read(line, composition) } catch {
        throw CorpusEntry.Failure(description: "\(name).inputs:\(index + 1): \(error): \(line)")
      }
    }
  }

  /// One line: a command, `automaton` or `automaton.name`, a value.
  private mutating func read(_ line: Substring, _ composition: Composition) throws {
    let words = line.prefix { $0 != "#" }.split(separator: " ", maxSplits: 2).map(String.init)
    guard let command = words.first else { return }
    func failure(_ text: String) -> CorpusEntry.Failure { CorpusEntry.Failure(description: text) }
    func number(_ index: Int) throws -> Int64 {
      guard index < words.count, let number = Int64(words[index]) else { throw failure("not a number") }
      return number
    }
    let ends = words.count > 1 ? words[1].split(separator: ".", maxSplits: 1).map(String.init) : []
    let part = ends.first.flatMap { id in composition.instances.firstIndex { $0.id == id } }
    func add(_ apply: (Automaton, Name) throws -> RunCommand) throws {
      guard let part else { throw failure("no such automaton") }
      let name = ends.count > 1 ? ends[1] : ""
      request.steps.append(.init(part: part, .apply(try apply(composition.instances[part].automaton, Name(name.utf8)))))
    }
    switch command {
    case "seed": request.seed = UInt64(try number(1))
    case "epoch": request.epoch = try number(1)
    case "start": request.steps.append(.init(.apply(.start)))
    case "save": request.steps.append(.init(.saveRun))
    case "restore": request.steps.append(.init(.restoreRun))
    case "tick":
      let period = UInt32(try number(1))
      request.tickLength = period
      request.steps.append(.init(.tick(period: period, count: words.count > 2 ? UInt32(try number(2)) : 1)))
    case "pause": try add { _, _ in .pause }
    case "resume": try add { _, _ in .resume }
    case "reset": try add { _, _ in .reset }
    case "stop": try add { _, _ in .stop }
    case "raise": try add { _, name in .raise(name) }
    // Names that are not there are numbers that are not there.
    case "force": try add { automaton, name in .force(automaton.state(named: name) ?? .none) }
    case "set":
      guard words.count > 2 else { throw failure("a value is missing") }
      let value = try CorpusEntry.value(words[2])
      try add { automaton, name in .set(variable: automaton.variable(named: name) ?? 0xFFFF, value) }
    default: throw failure("no such command")
    }
  }
}
