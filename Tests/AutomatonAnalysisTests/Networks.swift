import Automata

@testable import AutomatonAnalysis

/// Networks whose properties are known.
enum Networks {
  /// Philosophers between whom lies a fork each. They take their left one first; the last one, when `isCareful`, the
  /// right one.
  static func philosophers(_ count: Int, isCareful: Bool) -> AnalyzedNetwork {
    var network = AnalyzedNetwork()
    for index in 0..<count {
      var model = ModelBuilder("philosopher", states: ["Thinking", "HasOne", "Eating"])
      var contract = BlackBox()
      contract.resources = [SharedResource(name: Array("first".utf8)), SharedResource(name: Array("second".utf8))]
      model.automaton.blackBox = contract
      model.state("HasOne") { $0.onEnter = Array("-- holds first".utf8) }
      model.state("Eating") { $0.onEnter = Array("-- holds first and second".utf8) }
      model.go("Thinking", "HasOne", .after(10)) { $0.name = Array("take_first".utf8) }
      model.go("HasOne", "Eating", .after(10)) { $0.name = Array("take_second".utf8) }
      model.go("Eating", "Thinking", .after(10)) { $0.name = Array("put_back".utf8) }
      let (left, right) = ("fork\(index)", "fork\((index + 1) % count)")
      let isTurned = isCareful && index == count - 1
      network.members.append(
        .init(
          "p\(index)", model.automaton,
          resources: isTurned ? ["first": right, "second": left] : ["first": left, "second": right]))
    }
    return network
  }

  /// A producer whose changes wait at a consumer, at most `capacity` or without end.
  static func producer(capacity: UInt32?) -> AnalyzedNetwork {
    var producer = ModelBuilder("producer", states: ["Making", "Sending"])
    producer.variable("item", .int32, .output)
    producer.go("Making", "Sending", .after(5))
    producer.go("Sending", "Making", .after(5)) { $0.body = Array("item = item + 1".utf8) }
    var consumer = ModelBuilder("consumer", states: ["Waiting", "Using"])
    consumer.variable("item", .int32, .input)
    consumer.go("Waiting", "Using", .on("item"))
    consumer.go("Using", "Waiting", .after(50))
    var network = AnalyzedNetwork()
    network.members = [.init("producer", producer.automaton), .init("consumer", consumer.automaton)]
    network.wires = [.init(from: 0, output: "item", to: 1, input: "item", capacity: capacity)]
    return network
  }

  /// Two that use a thing, of which there are so many.
  static func users(capacity: UInt32) -> AnalyzedNetwork {
    var model = ModelBuilder("user", states: ["Away", "Open"])
    var contract = BlackBox()
    contract.resources = [SharedResource(name: Array("door".utf8))]
    model.automaton.blackBox = contract
    model.state("Open") { $0.body = Array("use = 'door'".utf8) }
    model.go("Away", "Open", .after(10))
    model.go("Open", "Away", .after(10))
    var network = AnalyzedNetwork()
    network.members = [.init("A", model.automaton), .init("B", model.automaton)]
    network.capacities = ["door": capacity]
    return network
  }

  /// Two that each wait for the other to speak first.
  static var shy: AnalyzedNetwork {
    func one(_ name: String) -> Automaton {
      var model = ModelBuilder(name, states: ["Waiting", "Talking"])
      model.variable("heard", .bool, .input)
      model.variable("said", .bool, .output)
      model.go("Waiting", "Talking", .on("heard")) { $0.body = Array("said = not said".utf8) }
      model.go("Talking", "Waiting", .after(10))
      return model.automaton
    }
    var network = AnalyzedNetwork()
    network.members = [.init("Ann", one("Ann")), .init("Bob", one("Bob"))]
    network.wires = [
      .init(from: 0, output: "said", to: 1, input: "heard"), .init(from: 1, output: "said", to: 0, input: "heard"),
    ]
    return network
  }
}
