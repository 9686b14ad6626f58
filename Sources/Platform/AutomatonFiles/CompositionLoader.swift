import Automata
import YAML

/// Builds a composition from a document.
final class CompositionLoader {
  private let context: FileContext
  private let options: LoadOptions
  private let access: FileAccess
  private(set) var composition = Composition(name: "", description: "", instances: [], wires: [])
  private(set) var sources: [SourceMap] = []
  private(set) var wirePlaces: [SourcePlace] = []
  /// Automata by source and id, so that instances of one source are read once.
  private var loaded: [String: LoadedAutomaton?] = [:]

  private var problems: Problems { context.problems }

  init(_ context: FileContext, options: LoadOptions, access: FileAccess) {
    self.context = context
    self.options = options
    self.access = access
  }

  func read(_ root: FileNode) {
    let document = Fields(root, .composition, context)
    document.validate("version")
    guard let system = document.section("system", .system) else { return }
    composition.name = system.string("name") ?? ""
    composition.description = system.string("description") ?? ""
    let entries = system.entries("automata", .instance)
    guard entries.count <= CompositionFile.instancesMax else {
      problems.error(
        .limit, system.position(of: "automata"),
        "the system has \(entries.count) automata; at most \(CompositionFile.instancesMax) are accepted")
      return
    }
    if entries.isEmpty, !problems.hasErrors {
      problems.error(.structure, system.position(of: "automata"), "the system has no automata", fix: "add one")
    }
    for entry in entries { readInstance(entry) }
    // Wires of automata that could not be read would only repeat what is known.
    let isComplete = composition.instances.count == entries.count
    for item in system.list("wiring") {
      if let fields = item.fields { readWire(fields, isComplete: isComplete) }
    }
    if !problems.hasErrors { checkSources() }
    if !problems.hasErrors { checkCycles() }
  }

  // MARK: Automata

  private func readInstance(_ entry: Entry) {
    guard let id = entry.name, let source = entry.fields.string("source") else { return }
    if id.isEmpty {
      problems.error(.missingKey, entry.position, "an automaton of the system has an empty id", fix: "name it")
      return
    }
    let automatonID = entry.fields.string("automaton") ?? ""
    let position = entry.fields.node("source")?.position ?? entry.position
    guard let automaton = automaton(source, automatonID, position) else { return }
    composition.instances.append(
      Composition.Instance(
        id: id, source: source, automatonID: automatonID, description: entry.fields.string("description") ?? "",
        automaton: automaton.automaton))
    sources.append(automaton.sources)
  }

  private func automaton(_ source: String, _ id: String, _ position: YAMLPosition) -> LoadedAutomaton? {
    let key = source + "\u{0}" + id
    if let known = loaded[key] { return known }
    let read = read(source, id, position)
    loaded[key] = .some(read)
    return read
  }

  private func read(_ source: String, _ id: String, _ position: YAMLPosition) -> LoadedAutomaton? {
    let folder = FileAccess.folder(of: problems.file)
    let file = folder.isEmpty || source.hasPrefix("/") ? source : folder + "/" + source
    switch access.read(source) {
    case .missing:
      problems.error(.unreadable, position, "there is no file \(file)", fix: "paths are relative to this file")
    case .failed(let reason): problems.error(.unreadable, position, "\(file): \(reason)")
    case .bytes(let bytes):
      if AutomatonForm(of: bytes) == .yaml, CompositionFile.isComposition(bytes) {
        problems.error(.wiring, position, "\(file) is a composition itself", fix: "name its automata here")
        return nil
      }
      do {
        let read = try AutomatonFile.loadAny(
          bytes, file: file, id: id.isEmpty ? nil : id, options: options,
          access: access.below(FileAccess.folder(of: source)))
        problems.add(contentsOf: read.warnings)
        return read
      } catch {
        problems.add(contentsOf: error.problems)
      }
    }
    return nil
  }

  // MARK: Wires

  private func readWire(_ fields: Fields, isComplete: Bool) {
    let from = end("from", "out", fields, isComplete: isComplete)
    let to = end("to", "in", fields, isComplete: isComplete)
    let conversion = fields.choice("transform").map(WireTransforms.conversion) ?? .none
    let isEnabled = fields.flag("enabled") ?? true
    let isFeedback = fields.flag("feedback") ?? false
    let description = fields.string("description") ?? ""
    guard let from, let to else { return }
    if from.instance == to.instance {
      problems.error(
        .wiring, fields.position, "the wire leads from \"\(composition.instances[from.instance].id)\" to itself",
        fix: "an automaton reads its own outputs by name")
    }
    checkTypes(from, to, conversion, fields)
    wirePlaces.append(SourcePlace(file: problems.file, position: fields.position))
    composition.wires.append(
      Composition.Wire(
        from: from, to: to, conversion: conversion, isEnabled: isEnabled, isFeedback: isFeedback,
        description: description))
  }

  /// `ID.out.NAME` or `ID.in.NAME`. Ids may hold dots, names of variables do not.
  private func end(_ key: StaticString, _ side: String, _ fields: Fields, isComplete: Bool) -> Composition.End? {
    guard let text = fields.string(key) else { return nil }
    let position = fields.node(key)?.position ?? fields.position
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 3, parts[parts.count - 2] == side else {
      problems.error(.wiring, position, "\"\(key)\" is \"\(text)\"", accepted: ["ID.\(side).NAME"])
      return nil
    }
    let id = parts.dropLast(2).joined(separator: ".")
    guard let instance = composition.instances.firstIndex(where: { $0.id == id }) else {
      if isComplete {
        problems.unknown(
          .unknownName, position, "\"\(text)\" names \"\(id)\", which is no automaton of the system", word: id,
          accepted: composition.instances.map(\.id))
      }
      return nil
    }
    let variables = composition.instances[instance].automaton.variables
    let direction: Variable.Direction = side == "out" ? .output : .input
    let name = String(parts[parts.count - 1])
    if let index = variables.firstIndex(where: { $0.name == Array(name.utf8) }) {
      if variables[index].direction == direction { return Composition.End(instance: instance, variable: index) }
      problems.error(
        .wiring, position,
        "\"\(name)\" of \"\(id)\" is \(AutomatonLoader.word(variables[index].direction)), and \"\(key)\" needs "
          + AutomatonLoader.word(direction))
      return nil
    }
    problems.unknown(
      .unknownName, position, "\"\(id)\" has no variable \"\(name)\"", word: name,
      accepted: variables.filter { $0.direction == direction }.map { String(decoding: $0.name, as: UTF8.self) })
    return nil
  }

  private func type(_ end: Composition.End) -> ValueType {
    composition.instances[end.instance].automaton.variables[end.variable].type
  }

  private func checkTypes(
    _ from: Composition.End, _ to: Composition.End, _ conversion: WireConversion, _ fields: Fields
  ) {
    let written = type(from)
    var given = written
    if conversion != .none {
      guard let result = WireTransforms.result(of: conversion, written) else {
        problems.error(
          .wiring, fields.position(of: "transform"),
          "\(WireTransforms.word(conversion) ?? "") takes \(WireTransforms.taken(by: conversion)), and "
            + "\"\(fields.string("from") ?? "")\" is \(written.word)")
        return
      }
      given = result
    }
    switch WireTypes.fit(given, type(to)) {
    case .exact: break
    case .narrowing:
      problems.warning(
        .wiring, fields.position,
        "\(given.word) becomes \(type(to).word), which does not hold all its values",
        fix: "give both ends one type")
    case .different:
      problems.error(
        .wiring, fields.position,
        "\"\(fields.string("from") ?? "")\" gives \(given.word), and \"\(fields.string("to") ?? "")\" "
          + "takes \(type(to).word)",
        fix: type(to) == .string ? "write transform: to_string" : "give both ends one type")
    }
  }

  private func checkSources() {
    var first: [String: Int] = [:]
    for (index, wire) in composition.wires.enumerated() where wire.isEnabled {
      let key = "\(wire.to.instance).\(wire.to.variable)"
      if let earlier = first[key] {
        problems.error(
          .wiring, wirePlaces[index].position,
          "\"\(title(wire.to, "in"))\" has a source already, at \(wirePlaces[earlier].position)",
          fix: "remove one of the wires")
      } else {
        first[key] = index
      }
    }
  }

  private func title(_ end: Composition.End, _ side: String) -> String {
    let instance = composition.instances[end.instance]
    return "\(instance.id).\(side).\(String(decoding: instance.automaton.variables[end.variable].name, as: UTF8.self))"
  }

  /// Reports every wire that closes a cycle, with the automata on it. Holds its own stack: chains may be long.
  private func checkCycles() {
    enum Mark { case open, done }
    var marks: [Int: Mark] = [:]
    var outgoing: [[Int]] = Array(repeating: [], count: composition.instances.count)
    for (index, wire) in composition.wires.enumerated() where wire.isEnabled && !wire.isFeedback {
      outgoing[wire.from.instance].append(index)
    }
    for start in composition.instances.indices where marks[start] == nil {
      var path: [(instance: Int, next: Int)] = [(start, 0)]
      marks[start] = .open
      while let (instance, next) = path.last {
        guard next < outgoing[instance].count else {
          marks[instance] = .done
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        let wire = outgoing[instance][next]
        let target = composition.wires[wire].to.instance
        switch marks[target] {
        case nil:
          marks[target] = .open
          path.append((target, 0))
        case .open:
          let cycle = path.map(\.instance).drop { $0 != target } + [target]
          problems.error(
            .wiring, wirePlaces[wire].position,
            "the wire closes a cycle: " + cycle.map { composition.instances[$0].id }.joined(separator: " -> "),
            fix: "remove a wire of the cycle, or write feedback: true at this one")
        case .done: break
        }
      }
    }
  }
}

/// Which values an input of a type takes.
enum WireTypes {
  enum Fit { case exact, narrowing, different }

  static func fit(_ given: ValueType, _ taken: ValueType) -> Fit {
    if given == taken { return .exact }
    switch (given, taken) {
    case (.int32, .int64), (.int32, .float64), (.float32, .float64): return .exact
    case (.int32, .float32), (.int64, .int32), (.int64, .float32), (.int64, .float64), (.float32, .int32),
      (.float32, .int64), (.float64, .int32), (.float64, .int64), (.float64, .float32):
      return .narrowing
    default: return .different
    }
  }
}
