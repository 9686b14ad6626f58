import Automata
import AutomataHost
import JSON
import Model

/// A state machine that runs on a node.
enum AutomatonKind {
  static let definition = KindDefinition.embedded(
    "Automaton", plural: "automata", singular: "automaton", shortNames: ["a", "fsm"],
    summary: "A state machine that runs on a node.",
    schema: PackageResources.automaton_json,
    columns: [
      PrinterColumn("NAME", "metadata.name"),
      PrinterColumn("PHASE", "status.phase"),
      PrinterColumn("STATE", "status.state"),
      PrinterColumn("TRANSITIONS", "status.transitions", .integer),
      PrinterColumn("ERRORS", "status.errors", .integer),
      PrinterColumn("AGE", "metadata.createdAt", .age),
      PrinterColumn("TICKS", "status.ticks", .integer, isWide: true),
      PrinterColumn("TICK", "spec.tick", isWide: true),
      PrinterColumn("MESSAGE", "status.message", isWide: true),
    ],
    validate: validate,
    peers: KindDefinition.PeerRule(
      isNeeded: { $0.spec["connections"]?.arrayValue?.isEmpty == false }, check: checkPeers))

  @Sendable static func validate(_ resource: Resource, _ previous: Resource?) throws(APIError) {
    let spec = try AutomatonSpec(resource.spec)
    let automaton = try spec.automaton()
    _ = try spec.inputs(of: automaton)
    let inputs = automaton.variables.filter { $0.direction == .input }.map(\.name)
    var targets: [Name: Int] = [:]
    for (index, link) in spec.links.enumerated() {
      let field = "spec.connections[\(index)]"
      guard inputs.contains(link.input) else {
        let known = inputs.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", ")
        throw .invalid(
          "\(field).to", "is \"\(String(decoding: link.input, as: UTF8.self))\", which is no input",
          accepted: known.isEmpty ? "none" : known)
      }
      if let first = targets.updateValue(index, forKey: link.input) {
        throw .invalid("\(field).to", "is the input of spec.connections[\(first)], too")
      }
    }
  }

  /// What needs the other automata of the owner: the ends of connections, and the rule for cycles.
  @Sendable static func checkPeers(_ resource: Resource, _ peers: [Resource]) throws(APIError) {
    let spec = try AutomatonSpec(resource.spec)
    let automaton = try spec.automaton()
    let byName = Dictionary(peers.map { ($0.metadata.name, $0) }) { _, last in last }
    var links: [String: [Link]] = [resource.metadata.name: spec.links]
    for peer in peers where peer.metadata.name != resource.metadata.name {
      // What an earlier version has stored and this one cannot read has no connections: its own status says why.
      if let other = try? AutomatonSpec(peer.spec) { links[peer.metadata.name] = other.links }
    }
    if let cycle = LinkGraph.cycle(links) {
      throw .invalid(
        "spec.connections", "form a cycle without a delayed one: \(cycle.joined(separator: " -> "))",
        accepted: "delayed: true at one connection of each cycle")
    }
    for (index, link) in spec.links.enumerated() {
      let isOwn = link.source == resource.metadata.name
      // One that is not there yet, or cannot be read, is checked when it is applied.
      guard let source = isOwn ? automaton : try? byName[link.source].map({ try AutomatonSpec($0.spec).automaton() })
      else { continue }
      if let problem = link.problem(from: source, to: automaton) {
        throw .invalid(
          "spec.connections[\(index)].\(problem.end.rawValue)", problem.message,
          accepted: problem.accepted.isEmpty ? nil : problem.accepted.joined(separator: ", "))
      }
    }
  }
}
