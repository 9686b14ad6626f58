import Automata
import Foundation
import PythonPeer
import Testing

@testable import AutomatonAnalysis

@Suite struct PictureTests {
  @Test(arguments: ["thermostat", "pump station", "production cell", "player"])
  func isReadable(_ name: String) throws {
    let automaton = try #require(Samples.all.first { $0.name == Array(name.utf8) })
    let picture = AutomatonPicture(automaton)
    // Set to look at the pictures.
    if let folder = ProcessInfo.processInfo.environment["AETHER_PICTURES"] {
      try picture.svg.write(toFile: "\(folder)/\(name).svg", atomically: true, encoding: .utf8)
      try picture.dot.write(toFile: "\(folder)/\(name).dot", atomically: true, encoding: .utf8)
    }
    #expect(Self.faults(picture) == [])
    #expect(picture.svg == AutomatonPicture(automaton).svg)
    for state in automaton.states {
      #expect(picture.svg.contains(">\(String(decoding: state.name, as: UTF8.self))</text>"))
      #expect(picture.dot.contains("\"\(String(decoding: state.name, as: UTF8.self))"))
    }
  }

  @Test func networksAreReadable() throws {
    for (name, network) in [
      ("philosophers", Networks.philosophers(3, isCareful: false)), ("producer", Networks.producer(capacity: 1)),
    ] {
      let picture = AutomatonPicture(network, title: name)
      if let folder = ProcessInfo.processInfo.environment["AETHER_PICTURES"] {
        try picture.svg.write(toFile: "\(folder)/\(name).svg", atomically: true, encoding: .utf8)
      }
      #expect(Self.faults(picture) == [])
    }
  }

  @Test func randomAutomataAreReadable() throws {
    var numbers = SeededNumbers.forTest("randomAutomataAreReadable")
    for round in 0..<60 {
      let automaton = Self.random(&numbers)
      let faults = Self.faults(AutomatonPicture(automaton))
      #expect(faults == [], "round \(round): \(automaton.states.count) states")
    }
  }

  @Test func namesAreWrittenSafely() throws {
    var model = ModelBuilder("a<b>&\"c\"\u{1}", states: ["x\"]; y [label=\"z", "]]>\\"])
    model.go("x\"]; y [label=\"z", "]]>\\", .when("a < b and c > \"d\""))
    let picture = AutomatonPicture(model.automaton)
    let program = """
      import sys, xml.dom.minidom
      document = xml.dom.minidom.parseString(sys.stdin.buffer.read())
      print("|".join(t.firstChild.data for t in document.getElementsByTagName("text")))
      """
    let texts = try PythonPeer.run(program, input: picture.svg)
    #expect(texts == "a<b>&\"c\"\u{FFFD}|x\"]; y [label=\"z|]]>\\|[a < b and c > \"d\"]\n")
    #expect(picture.dot.contains(#""x\"]; y [label=\"z""#))
    #expect(picture.dot.contains(#""]]>\\""#))
  }

  @Test func aBrokenModelIsDrawnAsFarAsItGoes() {
    var model = ModelBuilder("broken", states: ["A", "B"])
    model.automaton.states[0].parent = StateIndex(1)
    model.automaton.states[1].parent = StateIndex(0)
    model.go("A", "nowhere")
    model.automaton.initialState = StateIndex(7)
    #expect(AutomatonPicture(model.automaton).svg.contains(">B</text>"))
    #expect(AutomatonPicture(Automaton(name: [])).svg.hasSuffix("</svg>\n"))
  }

  /// What makes a picture hard to read: things on top of each other.
  static func faults(_ picture: AutomatonPicture) -> [String] {
    let graph = picture.layoutGraph
    let layout = NestedLayout.layout(graph)
    var faults: [String] = []
    func isInside(_ node: Int, _ outer: Int) -> Bool {
      var current: Int? = node
      while let box = current {
        if box == outer { return true }
        current = graph.nodes[box].parent
      }
      return false
    }
    let all = LayoutBox(x: -0.1, y: -0.1, width: layout.width + 0.2, height: layout.height + 0.2)
    func contains(_ outer: LayoutBox, _ inner: LayoutBox) -> Bool {
      inner.x >= outer.x - 0.1 && inner.y >= outer.y - 0.1 && inner.x + inner.width <= outer.x + outer.width + 0.1
        && inner.y + inner.height <= outer.y + outer.height + 0.1
    }
    func smaller(_ box: LayoutBox) -> LayoutBox {
      LayoutBox(x: box.x + 0.2, y: box.y + 0.2, width: box.width - 0.4, height: box.height - 0.4)
    }
    for (index, box) in layout.boxes.enumerated() {
      let outer = graph.nodes[index].parent.map { layout.boxes[$0] } ?? all
      if !contains(outer, box) { faults.append("box \(index) outside") }
      for other in layout.boxes.indices where other > index && !isInside(other, index) && !isInside(index, other) {
        if smaller(box).overlaps(layout.boxes[other]) { faults.append("boxes \(index) and \(other)") }
      }
    }
    for (edge, label) in layout.labels {
      if !contains(all, label) { faults.append("label \(edge) outside") }
      for (other, box) in layout.labels where other > edge && smaller(label).overlaps(box) {
        faults.append("labels \(edge) and \(other)")
      }
      for (node, box) in layout.boxes.enumerated() where !picture.nodes[node].hasChildren {
        if smaller(label).overlaps(box) { faults.append("label \(edge) on box \(node)") }
      }
    }
    for edge in graph.edges.indices {
      guard let path = layout.paths[edge] else {
        faults.append("edge \(edge) without line")
        continue
      }
      for (node, box) in layout.boxes.enumerated() where !picture.nodes[node].hasChildren {
        let isHit = points(path).contains {
          smaller(box).overlaps(LayoutBox(x: $0.x, y: $0.y, width: 0.01, height: 0.01))
        }
        if isHit {
          faults.append("edge \(edge) through box \(node)")
        }
      }
    }
    return faults
  }

  /// Points along a line.
  static func points(_ path: LayoutPath) -> [LayoutPoint] {
    var points = [path.start]
    var from = path.start
    for piece in path.pieces {
      for step in 1...8 {
        let t = Double(step) / 8
        switch piece {
        case .line(let end): points.append(from.moved((end.x - from.x) * t, (end.y - from.y) * t))
        case .curve(let first, let second, let end):
          let (a, b, c, d) = ((1 - t) * (1 - t) * (1 - t), 3 * t * (1 - t) * (1 - t), 3 * t * t * (1 - t), t * t * t)
          points.append(
            LayoutPoint(
              x: a * from.x + b * first.x + c * second.x + d * end.x,
              y: a * from.y + b * first.y + c * second.y + d * end.y))
        }
      }
      from = piece.end
    }
    return points
  }

  static func random(_ numbers: inout SeededNumbers) -> Automaton {
    let count = Int.random(in: 1...24, using: &numbers)
    var model = ModelBuilder("random", states: ["S0"])
    for index in 1..<max(1, count) {
      let name = "S\(index)" + String(repeating: "x", count: Int.random(in: 0...12, using: &numbers))
      let parent = Int.random(in: 0..<index, using: &numbers)
      // Few regions, since edges between them are drawn plainly.
      if Int.random(in: 0..<3, using: &numbers) == 0 {
        model.child(name, of: String(decoding: model.automaton.states[parent].name, as: UTF8.self))
      } else {
        model.state(name)
      }
    }
    for index in model.automaton.states.indices where Int.random(in: 0..<4, using: &numbers) == 0 {
      model.automaton.states[index].onEnter = Array("value = value + 1".utf8)
    }
    let triggers: [Trigger] = [.when("a > b"), .after(500), .on("signal"), .immediate]
    for _ in 0..<Int.random(in: 0...(2 * count), using: &numbers) {
      let from = Int.random(in: 0..<count, using: &numbers)
      let to = Int.random(in: 0..<count, using: &numbers)
      var transition = Transition(
        name: [], from: StateIndex(from), to: StateIndex(to),
        trigger: triggers.randomElement(using: &numbers) ?? .immediate)
      transition.isEnabled = Int.random(in: 0..<8, using: &numbers) > 0
      model.automaton.transitions.append(transition)
    }
    return model.automaton
  }
}
