import Automata
import JSON
import YAML

/// A composition as the tree of its file.
struct CompositionForm {
  private let composition: Composition

  init(_ composition: Composition) { self.composition = composition }

  func text() throws(UnwritableModel) -> String {
    var automata = JSONObject()
    for instance in composition.instances {
      guard automata[instance.id] == nil else {
        throw UnwritableModel("there are two automata of the id \"\(instance.id)\"")
      }
      var item = MemberList()
      item.put("source", .string(instance.source))
      item.put("automaton", .string(instance.automatonID), unless: instance.automatonID.isEmpty)
      item.put("description", .string(instance.description), unless: instance.description.isEmpty)
      automata.appendUnique(instance.id, .object(item.object))
    }
    var wires: [JSON] = []
    for wire in composition.wires {
      var item = MemberList()
      item.put("from", .string(try end(wire.from, "out")))
      item.put("to", .string(try end(wire.to, "in")))
      if let word = WireTransforms.word(wire.conversion) { item.put("transform", .string(word)) }
      item.put("enabled", false, unless: wire.isEnabled)
      item.put("feedback", true, unless: !wire.isFeedback)
      item.put("description", .string(wire.description), unless: wire.description.isEmpty)
      wires.append(.object(item.object))
    }
    var system = MemberList()
    system.put("name", .string(composition.name), unless: composition.name.isEmpty)
    system.put("description", .string(composition.description), unless: composition.description.isEmpty)
    system.put("automata", .object(automata))
    system.put("wiring", .array(wires), unless: wires.isEmpty)
    return YAML.text(["version": "0.0.1"]) + "\n" + YAML.text(["system": .object(system.object)])
  }

  private func end(_ end: Composition.End, _ side: String) throws(UnwritableModel) -> String {
    guard composition.instances.indices.contains(end.instance),
      composition.instances[end.instance].automaton.variables.indices.contains(end.variable)
    else { throw UnwritableModel("a wire ends nowhere") }
    let instance = composition.instances[end.instance]
    return "\(instance.id).\(side).\(try Texts.string(instance.automaton.variables[end.variable].name))"
  }
}
