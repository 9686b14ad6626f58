import Automata
import Testing

@testable import AutomataHost

@Suite struct LinkTests {
  private func link(_ source: String, delayed: Bool = false) -> Link {
    Link(source: source, output: Array("y".utf8), input: Array("x".utf8), isDelayed: delayed)
  }

  @Test func cyclesNeedADelay() {
    #expect(LinkGraph.cycle(["b": [link("a")], "c": [link("b"), link("a")]]) == nil)
    #expect(LinkGraph.cycle(["a": [link("a")]]) == ["a", "a"])
    #expect(LinkGraph.cycle(["a": [link("c")], "b": [link("a")], "c": [link("b")]]) == ["a", "b", "c", "a"])
    #expect(LinkGraph.cycle(["a": [link("c")], "b": [link("a", delayed: true)], "c": [link("b")]]) == nil)
    var chain: [String: [Link]] = [:]
    for index in 1..<20_000 { chain["n\(index)"] = [link("n\(index - 1)")] }
    #expect(LinkGraph.cycle(chain) == nil)
    chain["n0"] = [link("n19999")]
    #expect(LinkGraph.cycle(chain)?.count == 20_001)
  }

  @Test func typesAreChecked() throws {
    let stage = try Models.compiled(Models.stage).model
    let lamp = try Models.compiled(Models.lamp).model
    func problem(_ output: String, _ input: String, _ transform: LinkTransform = .convert(.none)) -> LinkProblem.End? {
      Link(source: "lamp", output: Array(output.utf8), input: Array(input.utf8), transform: transform)
        .problem(from: lamp, to: output == "light" && input == "button" ? lamp : stage)?.end
    }
    #expect(problem("light", "button") == nil)
    #expect(problem("light", "button", .convert(.invert)) == nil)
    #expect(problem("light", "button", .scale(2)) == .transform)
    #expect(problem("light", "x") == .transform)
    #expect(problem("dark", "x") == .from)
    #expect(problem("button", "x") == .from)
    #expect(problem("light", "y") == .to)
  }

  @Test func transforms() {
    #expect(LinkTransform.scale(0.5).apply(.int32(3)) == .float64(1.5))
    #expect(LinkTransform.offset(-1).apply(.float32(3)) == .float64(2))
    #expect(LinkTransform.offset(1).apply(.string([0x31])) == nil)
    #expect(LinkTransform.convert(.text).apply(.int64(12)) == .string(Array("12".utf8)))
    #expect(LinkTransform.convert(.half).result(of: .int32) == .float64)
  }
}
