import Foundation
import JSON
import PythonPeer
import Testing

@testable import AutomatonAnalysis

@Suite struct PetriTests {
  /// Mutual exclusion with one token for both (Murata 1989).
  static var mutex: PetriNet {
    var net = PetriNet()
    let free = net.addPlace("free", initial: 1)
    for name in ["a", "b"] {
      let idle = net.addPlace("\(name).idle", initial: 1)
      let busy = net.addPlace("\(name).busy")
      net.addTransition("\(name).enter", takes: [idle: 1, free: 1], puts: [busy: 1])
      net.addTransition("\(name).leave", takes: [busy: 1], puts: [idle: 1, free: 1])
    }
    return net
  }

  @Test func exploresAndFindsInvariants() {
    let exploration = Exploration(Self.mutex, limit: 100)
    #expect(exploration.count == 3)
    #expect(exploration.isExhaustive)
    #expect(exploration.firstDeadlock == nil)
    #expect(exploration.isReversible)
    let invariants = NetInvariants(Self.mutex)
    #expect(
      invariants.places.map { $0.terms.map(\.index) }.sorted { $0.lexicographicallyPrecedes($1) } == [
        [0, 2, 4], [1, 2], [3, 4],
      ])
    #expect(invariants.transitions.map { $0.terms.map(\.index) } == [[0, 1], [2, 3]])
    #expect(Coverability(Self.mutex, limit: 100).growths == [])
  }

  @Test func findsGrowthBehindGrowth() {
    // p grows by itself; q grows by taking from p.
    var net = PetriNet()
    let (p, q) = (net.addPlace("p"), net.addPlace("q"))
    net.addTransition("source", takes: [:], puts: [p: 1])
    net.addTransition("move", takes: [p: 2], puts: [q: 1])
    let coverability = Coverability(net, limit: 100)
    #expect(coverability.isComplete)
    #expect(coverability.growths.map(\.place) == [p, q])
    #expect(coverability.growths[0].prefix == [] && coverability.growths[0].loop == [0])
    // A saturating place does not grow.
    net.places[p].saturation = 3
    net.places[q].saturation = 1
    #expect(Coverability(net, limit: 100).growths == [])
    #expect(Exploration(net, limit: 100).count == 8)
  }

  @Test func weightsAreFound() {
    // Two of one make one of the other: p + 2 q stays.
    var net = PetriNet()
    let (p, q) = (net.addPlace("p", initial: 4), net.addPlace("q"))
    net.addTransition("join", takes: [p: 2], puts: [q: 1])
    net.addTransition("split", takes: [q: 1], puts: [p: 2])
    let invariants = NetInvariants(net)
    #expect(invariants.places.map { $0.terms.map(\.factor) } == [[1, 2]])
    #expect(invariants.transitions.map { $0.terms.map(\.factor) } == [[1, 1]])
  }

  @Test func aBasisIsFoundWhereMinimalOnesAreTooMany() throws {
    let matrix: [[Int64]] = [[1, 0], [-1, 2], [0, -2], [2, -4]]
    let basis = try #require(NetInvariants.basis(matrix))
    #expect(basis.count == 2)
    for solution in basis {
      for column in 0..<2 { #expect(zip(solution, matrix).reduce(0) { $0 + $1.0 * $1.1[column] } == 0) }
    }
    #expect(NetInvariants.basis([[.max], [2]]) == nil || NetInvariants.basis([[.max], [2]])?.count == 1)
  }

  /// Random small nets against a second implementation, which knows nothing but the definition.
  @Test func agreesWithBruteForce() throws {
    var numbers = SeededNumbers.forTest("agreesWithBruteForce")
    let nets = (0..<250).map { _ in Self.random(&numbers) }
    let input = JSON.array(nets.map(Self.json)).text()
    let answers = try JSON.parse(Array(try PythonPeer.run(Self.program, ["\(Self.limit)"], input: input).utf8))
    for (net, answer) in zip(nets, answers.arrayValue ?? []) {
      let exploration = Exploration(net, limit: Self.limit)
      let isExhaustive = answer["exhaustive"] == true
      #expect(exploration.isExhaustive == isExhaustive)
      let coverability = Coverability(net, limit: 2_000)
      if isExhaustive {
        #expect(exploration.count == Int(answer["count"]?.integerValue ?? -1))
        #expect(exploration.mostTokens.map { JSON.integer(Int64($0)) } == answer["most"]?.arrayValue)
        #expect(exploration.isReversible == (answer["reversible"] == true))
        #expect(coverability.growths == [])
        let deadlock = exploration.firstDeadlock
        #expect(deadlock.map { exploration.path(to: $0).count } == answer["deadlock"]?.integerValue.map { Int($0) })
        if let deadlock { Self.check(exploration.path(to: deadlock), leadsTo: exploration.marking(deadlock), net) }
        #expect(
          exploration.hasFired.map { JSON.bool($0) } == answer["fired"]?.arrayValue)
      } else if coverability.isComplete {
        // Infinitely many markings without growth cannot be.
        #expect(coverability.growths.isEmpty == false)
      }
      for growth in coverability.growths where !growth.needsEarlierGrowth {
        var marking = Self.fire(growth.prefix, net.initialMarking, net)
        for _ in 0..<3 {
          let next = marking.flatMap { Self.fire(growth.loop, $0, net) }
          #expect((next?[growth.place] ?? 0) > (marking?[growth.place] ?? 0))
          marking = next
        }
      }
      let invariants = NetInvariants(net)
      for solution in invariants.places {
        for index in 0..<exploration.count where index % 7 == 0 {
          let marking = exploration.marking(index)
          let sum = solution.terms.reduce(Int64(0)) { $0 + $1.factor * Int64(marking[$1.index]) }
          let initial = solution.terms.reduce(Int64(0)) { $0 + $1.factor * Int64(net.initialMarking[$1.index]) }
          #expect(sum == initial)
        }
      }
    }
    #expect(answers.arrayValue?.count == nets.count)
  }

  static let limit = 1_000

  static func fire(_ path: [Int], _ from: PetriNet.Marking?, _ net: PetriNet) -> PetriNet.Marking? {
    path.reduce(from) { marking, step in
      marking.flatMap { net.isEnabled(step, $0) ? net.fire(step, $0) : nil }
    }
  }

  static func check(_ path: [Int], leadsTo marking: PetriNet.Marking, _ net: PetriNet) {
    #expect(fire(path, net.initialMarking, net) == marking)
    #expect(net.transitions.indices.allSatisfy { !net.isEnabled($0, marking) })
  }

  static func random(_ numbers: inout SeededNumbers) -> PetriNet {
    var net = PetriNet()
    for index in 0..<Int.random(in: 1...6, using: &numbers) {
      let saturation: UInt32? = Int.random(in: 0..<6, using: &numbers) == 0 ? 2 : nil
      net.addPlace("p\(index)", initial: UInt32.random(in: 0...2, using: &numbers), saturation: saturation)
    }
    for index in 0..<Int.random(in: 1...7, using: &numbers) {
      func arcs(_ most: Int) -> [Int: UInt32] {
        var arcs: [Int: UInt32] = [:]
        for _ in 0..<Int.random(in: 0...most, using: &numbers) {
          arcs[Int.random(in: net.places.indices, using: &numbers)] = UInt32.random(in: 1...2, using: &numbers)
        }
        return arcs
      }
      net.addTransition("t\(index)", takes: arcs(3), puts: arcs(2))
    }
    return net
  }

  static func json(_ net: PetriNet) -> JSON {
    func arcs(_ arcs: [PetriNet.Arc]) -> JSON {
      .array(arcs.map { [.integer(Int64($0.place)), .integer(Int64($0.count))] })
    }
    return [
      "initial": .array(net.initialMarking.map { .integer(Int64($0)) }),
      "saturation": .array(net.places.map { $0.saturation.map { .integer(Int64($0)) } ?? .null }),
      "transitions": .array(net.transitions.map { ["takes": arcs($0.takes), "puts": arcs($0.puts)] }),
    ]
  }

  static let program = """
    import json, sys
    from collections import deque

    limit = int(sys.argv[1])

    def successors(net, m):
        for number, t in enumerate(net["transitions"]):
            if all(m[p] >= n for p, n in t["takes"]):
                after = list(m)
                for p, n in t["takes"]: after[p] -= n
                for p, n in t["puts"]: after[p] += n
                for p, _ in t["puts"]:
                    if net["saturation"][p] is not None: after[p] = min(after[p], net["saturation"][p])
                yield number, tuple(after)

    def answer(net):
        start = tuple(net["initial"])
        depth, back, fired, deadlock = {start: 0}, {}, set(), None
        queue = deque([start])
        while queue:
            m = queue.popleft()
            count = 0
            for number, after in successors(net, m):
                count += 1
                fired.add(number)
                back.setdefault(after, set()).add(m)
                if after not in depth:
                    if len(depth) == limit: return {"exhaustive": False}
                    depth[after] = depth[m] + 1
                    queue.append(after)
            if count == 0 and deadlock is None: deadlock = depth[m]
        home, pending = {start}, [start]
        while pending:
            for before in back.get(pending.pop(), ()):
                if before not in home:
                    home.add(before)
                    pending.append(before)
        return {"exhaustive": True, "count": len(depth), "most": [max(c) for c in zip(*depth)], "deadlock": deadlock,
                "reversible": len(home) == len(depth),
                "fired": [n in fired for n in range(len(net["transitions"]))]}

    print(json.dumps([answer(net) for net in json.load(sys.stdin)]))
    """
}
