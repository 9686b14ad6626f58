import Script
import Testing

@testable import Automata

/// States inside states: what transitions leave and enter, and in which order.
@Suite struct RegionTests {
  private func speaking(_ b: inout Builder, _ name: String, in parent: StateIndex = .none) -> StateIndex {
    b.state(name, enter: "print('+\(name)')", exit: "print('-\(name)')", parent: parent)
  }

  /// Both with two regions, and Out beside it.
  private func model() -> Builder {
    var b = Builder()
    let both = speaking(&b, "Both")
    b.automaton.states[0].isParallel = true
    let left = speaking(&b, "Left", in: both)
    let l1 = speaking(&b, "L1", in: left)
    let l2 = speaking(&b, "L2", in: left)
    let right = speaking(&b, "Right", in: both)
    let r1 = speaking(&b, "R1", in: right)
    let r2 = speaking(&b, "R2", in: right)
    let out = speaking(&b, "Out")
    b.automaton.states[left.index].initialChild = l1
    b.automaton.states[right.index].initialChild = r1
    b.transition(l1, l2, .on("within"))
    b.transition(l1, r2, .on("across"))
    b.transition(out, l2, .on("left"))
    b.transition(out, r2, .on("right"))
    b.transition(both, out, .on("away"))
    return b
  }

  private func printed(_ names: [String]) throws -> [String] {
    let engine = try model().engine()
    try engine.start(at: 0)
    for (index, name) in names.enumerated() {
      _ = engine.takeEvents()
      engine.raise(Array(name.utf8), at: Int64(index * 10))
      engine.tick(at: Int64(index * 10 + 10))
    }
    return engine.printed
  }

  /// What is left and entered is what lies inside the innermost state around both ends, but a parallel one is left whole.
  @Test func transitionsLeaveTheirDomain() throws {
    #expect(try printed(["within"]) == ["-L1", "+L2"])
    #expect(
      try printed(["across"]) == [
        "-R1", "-Right", "-L1", "-Left", "-Both", "+Both", "+Left", "+L1", "+Right", "+R2",
      ])
  }

  /// Whichever region is named, states are entered in order of declaration, as W3C SCXML has it.
  @Test func entersInOrderOfDeclaration() throws {
    #expect(try printed(["away", "left"]) == ["-Out", "+Both", "+Left", "+L2", "+Right", "+R1"])
    #expect(try printed(["away", "right"]) == ["-Out", "+Both", "+Left", "+L1", "+Right", "+R2"])
  }

  /// A state around the one that moves is not even looked at.
  @Test func innerTransitionsComeBeforeOuterConditions() throws {
    var b = Builder()
    let outer = b.state("Outer")
    let one = b.state("One", parent: outer)
    let two = b.state("Two", parent: outer)
    b.automaton.states[0].initialChild = one
    b.transition(outer, outer, .when("print('looked at')"))
    b.transition(one, two, .immediate)
    let engine = try b.engine()
    try engine.start(at: 0)
    engine.tick(at: 10)
    #expect(engine.printed == [])
    engine.tick(at: 20)
    #expect(engine.printed == ["looked at"])
  }
}
