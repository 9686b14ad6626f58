import Arguments
import Automata
import AutomatonAnalysis
import AutomatonFiles
import Glibc
import JSON

/// Commands that show what an automaton is and what it can do.
enum AutomatonPictureCommands {
  static let all = [graph, analyze]

  static let graph = Command(
    "graph", "Draw an automaton, or a system of automata",
    discussion: """
      examples:
        aether automaton graph thermostat.yaml --output thermostat.svg
        aether automaton graph house.yaml -o dot | dot -Tpdf > house.pdf
      """,
    options: [
      .value("format", "o", "FORM", "Form of the picture", default: "svg", choices: ["dot", "svg"]),
      .value("output", nil, "FILE", "Where to write it, instead of standard output", completion: .files),
    ],
    operands: [Operand("FILE", "automaton or system, or - for standard input", completion: .files)]
  ) { arguments in
    try refusing {
      let source = try AutomatonSource(arguments.operand("FILE") ?? "-")
      let picture =
        switch source.content {
        case .automaton(let automaton): AutomatonPicture(automaton)
        case .system(let system, let title): AutomatonPicture(system, title: title)
        }
      let text = arguments.value("format") == "dot" ? picture.dot : picture.svg
      if let path = arguments.value("output") {
        try File.write(Array(text.utf8), to: path)
      } else {
        try Output.write(text)
      }
      return 0
    }
  }

  static let analyze = Command(
    "analyze", "Find deadlocks, unbounded growth, contention and broken invariants",
    discussion: """
      Several files are analysed as running beside each other. Ends with 1 when a property fails.

      examples:
        aether automaton analyze house.yaml
        aether automaton analyze A=door.yaml B=door.yaml --invariant 'not (A.Open and B.Open)'
        aether automaton analyze thermostat.yaml --goal heating -o json
      """,
    options: [
      .value("format", "o", "FORM", "Form of the result", default: "table", choices: ["table", "json"]),
      .value("invariant", nil, "STATEMENT", "What must always hold", isRepeatable: true),
      .value("goal", nil, "STATEMENT", "What must be possible", isRepeatable: true),
      .value("wire", nil, "WIRE", "Connects two files, such as A.out.x->B.in.y", isRepeatable: true),
      .value("resource", nil, "NAME", "Another name of a resource, such as A.left=fork1", isRepeatable: true),
      .value("capacity", nil, "COUNT", "How many may share a resource, such as fork1=2", isRepeatable: true),
      .value("max-markings", nil, "COUNT", "Look at so many combinations at most", default: "100000"),
    ],
    operands: [
      Operand("FILE", "automaton or system; NAME=FILE gives an automaton a name", .atLeastOne, completion: .files)
    ]
  ) { arguments in
    try refusing {
      var network = AnalyzedNetwork()
      for operand in arguments.allOperands("FILE") { try add(operand, to: &network) }
      for wire in arguments.all("wire") { network.wires.append(try connection(wire, network, arguments)) }
      for text in arguments.all("resource") { try rename(text, &network, arguments) }
      for text in arguments.all("capacity") {
        let (name, count) = try pair(text, "--capacity", arguments)
        guard let count = UInt32(count), count > 0 else {
          throw UsageError("--capacity is \"\(text)\": the count must be 1 or more", path: arguments.path)
        }
        let names = network.resourceNames
        guard names.contains(name) else {
          throw UsageError(
            "--capacity names \"\(name)\"; accepted: \(names.joined(separator: ", "))", path: arguments.path)
        }
        network.capacities[name] = count
      }
      let markings = arguments.value("max-markings") ?? ""
      guard let markingsMax = Int(markings), (1...10_000_000).contains(markingsMax) else {
        throw UsageError("--max-markings is \"\(markings)\"; accepted: 1 to 10000000", path: arguments.path)
      }
      let analysis: NetworkAnalysis
      do {
        analysis = try NetworkAnalysis(
          network,
          .init(
            markingsMax: markingsMax, invariants: arguments.all("invariant"), goals: arguments.all("goal")))
      } catch {
        Output.error("\(error)")
        return 3
      }
      try Output.write(arguments.value("format") == "json" ? analysis.json.text(.pretty) + "\n" : analysis.text)
      return analysis.fails ? 1 : 0
    }
  }

  // MARK: What is analysed

  private static func add(_ operand: String, to network: inout AnalyzedNetwork) throws {
    var name: String?
    var path = operand
    // A name has no slash, so that paths with an equals sign can be given as ./PATH.
    if let equals = operand.firstIndex(of: "="), !operand[..<equals].contains("/") {
      name = String(operand[..<equals])
      path = String(operand[operand.index(after: equals)...])
    }
    switch try AutomatonSource(path).content {
    case .automaton(let automaton):
      var member = AnalyzedNetwork(automaton).members[0]
      if let name { member.name = name }
      network.members.append(member)
    case .system(let system, _):
      let first = network.members.count
      network.members += system.members.map { member in
        var member = member
        if let name { member.name = "\(name).\(member.name)" }
        return member
      }
      network.wires += system.wires.map { wire in
        var wire = wire
        wire.from += first
        wire.to += first
        return wire
      }
    }
  }

  private static func pair(_ text: String, _ option: String, _ arguments: ParsedArguments) throws -> (String, String) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw UsageError("\(option) is \"\(text)\"; NAME=VALUE is needed", path: arguments.path)
    }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }

  /// `A.out.x->B.in.y`; `out` and `in` may be left out.
  private static func connection(
    _ text: String, _ network: AnalyzedNetwork, _ arguments: ParsedArguments
  ) throws -> AnalyzedNetwork.Wire {
    let failure = UsageError("--wire is \"\(text)\"; A.out.x->B.in.y is needed", path: arguments.path)
    guard let arrow = text.firstRange(of: "->") else { throw failure }
    func end(_ text: Substring, _ side: String) throws -> (Int, String) {
      let parts = text.split(separator: " ").joined().split(separator: ".")
      guard parts.count >= 2, let name = parts.last else { throw failure }
      let isFull = parts.count > 2 && parts[parts.count - 2] == side
      let owner = parts.dropLast(isFull ? 2 : 1).joined(separator: ".")
      guard let member = network.members.firstIndex(where: { $0.name == owner }) else {
        let names = network.members.map(\.name).joined(separator: ", ")
        throw UsageError("--wire names \"\(owner)\"; accepted: \(names)", path: arguments.path)
      }
      return (member, String(name))
    }
    let (from, output) = try end(text[..<arrow.lowerBound], "out")
    let (to, input) = try end(text[arrow.upperBound...], "in")
    return AnalyzedNetwork.Wire(from: from, output: output, to: to, input: input)
  }

  private static func rename(_ text: String, _ network: inout AnalyzedNetwork, _ arguments: ParsedArguments) throws {
    let (place, name) = try pair(text, "--resource", arguments)
    let parts = place.split(separator: ".")
    let owner = parts.dropLast().joined(separator: ".")
    guard let resource = parts.last, let member = network.members.firstIndex(where: { $0.name == owner }) else {
      throw UsageError("--resource is \"\(text)\"; AUTOMATON.RESOURCE=NAME is needed", path: arguments.path)
    }
    let known = (network.members[member].automaton.blackBox?.resources ?? []).map {
      String(decoding: $0.name, as: UTF8.self)
    }
    guard known.contains(String(resource)) else {
      throw UsageError(
        "--resource names \"\(resource)\"; accepted: \(known.joined(separator: ", "))", path: arguments.path)
    }
    network.members[member].resources[String(resource)] = name
  }

  /// Prints why a file was refused.
  private static func refusing(_ body: () throws -> Int32) throws -> Int32 {
    do { return try body() } catch let refused as RefusedFile {
      try Output.write(Array((refused.description + "\n").utf8), to: STDERR_FILENO)
      return 3
    }
  }
}

extension AnalyzedNetwork {
  /// The automata and enabled wires of a system.
  init(_ system: Composition) {
    self.init()
    members = system.instances.map { Member($0.id, $0.automaton) }
    func name(_ end: Composition.End) -> String {
      String(decoding: system.instances[end.instance].automaton.variables[end.variable].name, as: UTF8.self)
    }
    wires = system.wires.filter(\.isEnabled).map { wire in
      Wire(
        from: wire.from.instance, output: name(wire.from), to: wire.to.instance, input: name(wire.to),
        isTransformed: wire.conversion != .none)
    }
  }
}

/// What a file holds: an automaton or a system of them.
struct AutomatonSource {
  enum Content {
    case automaton(Automaton)
    case system(AnalyzedNetwork, title: String)
  }

  let content: Content

  /// - Throws: `APIError` when the file cannot be read, `RefusedFile` when it is wrong.
  init(_ path: String) throws {
    let bytes = try File.read(path) ?? []
    let access = FileAccess.disk(folder: FileAccess.folder(of: path))
    if CompositionFile.isComposition(bytes) {
      let system = try CompositionFile.load(bytes, file: path, access: access).composition
      content = .system(AnalyzedNetwork(system), title: system.name.isEmpty ? path : system.name)
    } else {
      content = .automaton(try AutomatonFile.loadAny(bytes, file: path, access: access).automaton)
    }
  }
}
