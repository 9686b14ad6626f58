import Automata
import AutomatonFiles
import AutomatonRuns
import Foundation
import Runner

/// An automaton of the folder `Corpus` and what is done with it.
struct CorpusEntry {
  struct Failure: Error, CustomStringConvertible { var description: String }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Corpus")

  var name: String
  var automaton: Automaton
  /// Semantics that it is run by.
  var semantics: [Semantics] = []
  var seed: UInt64 = 1
  var epoch: Int64 = 0
  var tickLength: UInt32?
  var faults = FaultSchedule()
  var steps: [AutomatonRequest.Step] = []

  /// All of them, in order of their names.
  static func all() throws -> [CorpusEntry] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }.sorted()
      .map { try CorpusEntry(String($0.dropLast(5))) }
  }

  init(_ name: String) throws {
    self.name = name
    let file = CorpusEntry.folder.appendingPathComponent("\(name).yaml")
    do {
      automaton = try AutomatonFile.load(
        Array(try Data(contentsOf: file)), file: "\(name).yaml", access: .disk(folder: CorpusEntry.folder.path)
      ).automaton
    } catch let error as RefusedFile {
      throw Failure(description: error.description)
    }
    let inputs = try String(contentsOf: CorpusEntry.folder.appendingPathComponent("\(name).inputs"), encoding: .utf8)
    for (index, line) in inputs.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      do { try read(line) } catch {
        throw Failure(description: "\(name).inputs:\(index + 1): \(error): \(line)")
      }
    }
    if semantics.isEmpty { semantics = [.strict] }
    let faults = CorpusEntry.folder.appendingPathComponent("\(name).faults")
    if let text = try? Data(contentsOf: faults) { self.faults = try FaultFile.parse(Array(text)) }
  }

  /// With the automaton in the form for devices; `nil` for one that cannot be compiled.
  func deviceRequest(_ semantics: Semantics) -> [UInt8]? {
    guard let compiled = try? CompiledAutomaton(automaton, semantics: semantics) else { return nil }
    return DeviceForm.encode(compiled).map { request(semantics, $0) }
  }

  func request(_ semantics: Semantics) -> [UInt8] { request(semantics, ModelCodec.encode(automaton)) }

  private func request(_ semantics: Semantics, _ model: [UInt8]) -> [UInt8] {
    var request = AutomatonRequest(model: model)
    request.semantics = semantics
    request.seed = seed
    request.epoch = epoch
    request.tickLength = tickLength ?? 10
    request.faults = faults
    request.steps = steps
    return request.encode()
  }

  /// One line: a command and its words.
  private mutating func read(_ line: Substring) throws {
    let words = line.prefix { $0 != "#" }.split(separator: " ", maxSplits: 2).map(String.init)
    guard let command = words.first else { return }
    func word(_ index: Int) throws -> String {
      guard index < words.count else { throw Failure(description: "a word is missing") }
      return words[index]
    }
    func number(_ text: String) throws -> Int64 {
      guard let number = Int64(text) else { throw Failure(description: "not a number") }
      return number
    }
    switch command {
    case "semantics":
      semantics = words.dropFirst().flatMap { $0.split(separator: " ") }.compactMap {
        $0 == "strict" ? .strict : $0 == "compat" ? .compat : nil
      }
    case "seed": seed = UInt64(try number(try word(1)))
    case "epoch": epoch = try number(try word(1))
    case "start": steps.append(.apply(.start))
    case "stop": steps.append(.apply(.stop))
    case "pause": steps.append(.apply(.pause))
    case "resume": steps.append(.apply(.resume))
    case "reset": steps.append(.apply(.reset))
    case "save": steps.append(words.count > 1 ? .saveRun : .save)
    case "restore": steps.append(words.count > 1 ? .restoreRun : .restore)
    case "raise": steps.append(.apply(.raise(Name(try word(1).utf8))))
    // Names that are not there are numbers that are not there.
    case "force": steps.append(.apply(.force(automaton.state(named: Name(try word(1).utf8)) ?? .none)))
    case "set":
      let variable = automaton.variable(named: Name(try word(1).utf8)) ?? 0xFFFF
      steps.append(.apply(.set(variable: variable, try CorpusEntry.value(try word(2)))))
    case "tick":
      let period = UInt32(try number(try word(1)))
      if tickLength == nil { tickLength = period }
      steps.append(.tick(period: period, count: words.count > 2 ? UInt32(try number(words[2])) : 1))
    default: throw Failure(description: "no such command")
    }
  }

  /// `true`, `12`, `1.5`, else a text, in quotes where it could be something else.
  static func value(_ text: String) throws -> AutomatonValue {
    let word = text.trimmingCharacters(in: .whitespaces)
    if word == "true" || word == "false" { return .bool(word == "true") }
    if let integer = Int64(word) { return .int64(integer) }
    if let number = Double(word) { return .float64(number) }
    return .string(Array(word.trimmingCharacters(in: CharacterSet(charactersIn: "\"")).utf8))
  }
}
