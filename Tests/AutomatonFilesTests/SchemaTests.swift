import Automata
import Foundation
import JSON
import PythonPeer
import Testing
import YAML

@testable import AutomatonFiles

/// The schemas against the loaders; a validator of another make judges.
@Suite struct SchemaTests {
  @Test(arguments: [("automaton", FileSchema.automaton), ("composition", FileSchema.composition)])
  func filesAreUpToDate(_ name: String, _ schema: JSON) throws {
    let path = ExampleTests.root.appendingPathComponent("schemas/\(name).schema.json")
    let file = try JSON.parse(Array(try Data(contentsOf: path)))
    #expect(file == schema, "write it anew: aether automaton schema \(name) > schemas/\(name).schema.json")
  }

  /// For each document, whether it fits the schema.
  private func validate(_ documents: [JSON], _ schema: JSON) throws -> [Bool] {
    let program = """
      import json, sys
      import jsonschema_rs
      lines = sys.stdin.read().split("\\n")
      schema = json.loads(lines[0])
      jsonschema_rs.meta.validate(schema)
      validator = jsonschema_rs.validator_for(schema)
      for line in lines[1:]:
          if line: print("1" if validator.is_valid(json.loads(line)) else "0")
      """
    let input = ([schema] + documents).map { $0.text() }.joined(separator: "\n")
    let answers = try PythonPeer.run(program, input: input).split(separator: "\n").map { $0 == "1" }
    try #require(answers.count == documents.count)
    return answers
  }

  /// Whether the loader takes the document as far as a schema can tell: keys, kinds and words.
  private func isLoaded(_ document: JSON) -> Bool {
    let beyond: Set<FileProblem.Rule> = [
      .unknownName, .structure, .script, .conflict, .limit, .duplicateName, .profile, .subset, .unreadable,
    ]
    // Which values fit a type, and which key another one needs.
    let dependent = ["which is no", "of type event needs", "fault_state needs"]
    do {
      _ = try AutomatonFile.load(Array(YAML.text(document).utf8))
      return true
    } catch {
      return error.problems.allSatisfy { problem in
        problem.severity == .warning || beyond.contains(problem.rule)
          || dependent.contains { problem.message.contains($0) }
      }
    }
  }

  private func compare(_ documents: [JSON]) throws {
    let answers = try validate(documents, FileSchema.automaton)
    var shown = 0
    for (document, fits) in zip(documents, answers) where fits != isLoaded(document) && shown < 5 {
      shown += 1
      var problems: [String] = []
      do { _ = try AutomatonFile.load(Array(YAML.text(document).utf8)) } catch {
        problems = error.problems.map(\.description)
      }
      Issue.record("schema: \(fits)\n\(YAML.text(document))\n\(problems.joined(separator: "\n"))")
    }
  }

  /// A document that holds one section where it belongs, with these members.
  private func document(_ section: Section, _ members: JSONObject) -> JSON {
    let value = JSON.object(members)
    func automata(_ transition: JSON) -> JSON {
      ["automata": ["states": ["A": [:]], "transitions": ["t": transition]]]
    }
    func with(_ name: String, _ value: JSON) -> JSON {
      .object(JSONObject([("automata", ["states": ["A": [:]]]), (name, value)]))
    }
    func config(_ value: JSON) -> JSON { with("config", ["target": value]) }
    let ends: JSONObject = ["from": "A", "to": "A"]
    func transition(_ name: String, _ value: JSON) -> JSON {
      var copy = ends
      copy["type"] = .string(name)
      copy[name] = value
      return automata(.object(copy))
    }
    switch section {
    case .document:
      var copy: JSONObject = ["automata": ["states": ["A": [:]]]]
      for member in members.members { copy[member.name] = member.value }
      return .object(copy)
    case .config: return with("config", value)
    case .target: return config(value)
    case .board: return config(["esp32": value])
    case .hardware: return config(["esp32": ["resources": [value]]])
    case .component: return config(["esp32": ["components": [value]]])
    case .automata:
      var copy: JSONObject = ["states": ["A": [:]]]
      for member in members.members { copy[member.name] = member.value }
      return ["automata": .object(copy)]
    case .state: return ["automata": ["states": ["A": value]]]
    case .position: return ["automata": ["states": ["A": ["position": value]]]]
    case .transition:
      var copy = ends
      for member in members.members { copy[member.name] = member.value }
      return automata(.object(copy))
    case .timed: return transition("timed", value)
    case .event: return transition("event", value)
    case .trigger: return transition("event", ["triggers": [value]])
    case .threshold: return transition("event", ["triggers": [["signal": "x", "threshold": value]]])
    case .probabilistic: return transition("probabilistic", value)
    case .variable: return with("variables", ["v": value])
    case .blackBox: return with("black_box", value)
    case .port: return with("black_box", ["ports": ["v": value]])
    case .resource: return with("black_box", ["resources": ["v": value]])
    case .composition, .system, .instance, .wire: return .null
    }
  }

  private static let values: [JSON] = [
    nil, true, "yes", 0, 1, 7, 256, -1, 1.5, "1.5", "", "text", "after", "on_rise", "int", "input", "==", "5s", "2 h",
    "5 parsecs", [], ["a"], ["a:int", 2], [3, 4], [:], ["A": nil], ["A": [:]], ["zzz": 1], [["A": [:]]],
    [["id": "A"]], [["name": "A", "signal": "x", "kind": "k"]], [["from": "A", "to": "A"]], ["x": 1, "y": 2.5], 1e300,
    "strict", "deep", "desktop_v1", "folderx", [["zzz": 1]], ["signal": "a"], "stop", "void",
  ]

  @Test func everyKeyOfOneIsAcceptedByTheOther() throws {
    var documents: [JSON] = []
    for section in Section.allCases where document(section, JSONObject()) != .null {
      // What a section needs besides the key that is tried.
      var base = JSONObject()
      for key in section.keys where key.isRequired && ![.document, .automata, .transition].contains(section) {
        base[key.name] = section == .position ? 1 : "A"
      }
      documents.append(document(section, JSONObject()))
      documents.append(document(section, base))
      for key in section.keys {
        for spelling in key.spellings {
          for value in Self.values {
            var members = base
            members[key.name] = nil
            members[spelling] = value
            documents.append(document(section, members))
          }
        }
        for wrong in [key.name + "x", key.name.uppercased(), "_" + key.name] {
          var members = base
          members[wrong] = "A"
          documents.append(document(section, members))
        }
      }
    }
    print("\(documents.count) documents")
    try compare(documents)
  }

  @Test func randomDocumentsAreJudgedAlike() throws {
    var random = RandomModel(.forTest("randomDocumentsAreJudgedAlike"))
    var documents: [JSON] = []
    for _ in 0..<30 {
      let tree = try AutomatonFile.tree(of: random.automaton())
      documents.append(tree)
      for _ in 0..<8 { documents.append(changed(tree, &random)) }
    }
    try compare(documents)
  }

  /// The document with one member renamed, removed, or given another value, or with a map turned into a list.
  private func changed(_ value: JSON, _ random: inout RandomModel) -> JSON {
    switch value {
    case .object(let object) where !object.isEmpty:
      var members = object.members
      let index = random.below(members.count)
      let isDeeper = random.isTrue(75)
      if isDeeper {
        members[index].value = changed(members[index].value, &random)
      } else {
        switch random.below(5) {
        case 0: members[index].name += random.pick(["x", "s", "_"])
        case 1: members.remove(at: index)
        case 2: return .array(members.map { .object(JSONObject([($0.name, $0.value)])) })
        case 3: members[index].value = .null
        default: members[index].value = random.pick(Self.values)
        }
      }
      return .object(JSONObject(members.map { ($0.name, $0.value) }))
    case .array(let items) where !items.isEmpty:
      var items = items
      let index = random.below(items.count)
      items[index] = changed(items[index], &random)
      return .array(items)
    default: return random.pick(Self.values)
    }
  }
}
