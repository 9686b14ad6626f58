import Bytes
import Testing

@testable import Automata

@Suite struct ModelCodecTests {
  @Test func hashIsThatOfTheStandard() {
    // FIPS 180-4, the example "abc", and the empty message.
    #expect(
      Hex.encode(SHA256.digest(Array("abc".utf8))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    #expect(Hex.encode(SHA256.digest([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test func comesBackEqual() throws {
    var automaton = Automaton(name: Array("lamp".utf8))
    automaton.states = [State(name: Array("Off".utf8)), State(name: Array("On".utf8))]
    automaton.initialState = StateIndex(0)
    automaton.variables = [Variable(name: Array("x".utf8), type: .int32, direction: .input)]
    automaton.transitions = [
      Transition(
        name: Array("t".utf8), from: StateIndex(0), to: StateIndex(1),
        trigger: .classic(Classic(condition: Array("x > 1".utf8))))
    ]
    let bytes = ModelCodec.encode(automaton)
    #expect(try ModelCodec.decode(bytes) == automaton)
    for cut in 0..<bytes.count {
      #expect(throws: ModelCodec.DecodingError.self) { try ModelCodec.decode(Array(bytes[..<cut])) }
    }
  }

  @Test func bytecodeComesBackEqual() throws {
    var automaton = Automaton(name: Array("lamp".utf8))
    automaton.states = [State(name: Array("Off".utf8)), State(name: Array("On".utf8))]
    automaton.states[1].onEnter = Array("log('info', 'on')".utf8)
    automaton.initialState = StateIndex(0)
    automaton.variables = [Variable(name: Array("x".utf8), type: .int32, direction: .input)]
    var threshold = SignalTrigger(signal: Array("x".utf8), kind: .onThreshold)
    threshold.threshold = .int32(3)
    automaton.transitions = [
      Transition(
        name: Array("a".utf8), from: StateIndex(0), to: StateIndex(1), trigger: .event(Event(signals: [threshold]))),
      Transition(
        name: Array("b".utf8), from: StateIndex(1), to: StateIndex(0),
        trigger: .timed(Timed(mode: .timeout, delay: 250))),
      Transition(name: Array("c".utf8), from: StateIndex(1), to: StateIndex(1), trigger: .immediate),
    ]
    #expect(automaton.problems() == [])
    let bytes = try Bytecode.encode(automaton)
    #expect(try Bytecode.decode(bytes) == automaton)
    let artifact = Artifact(kind: .bytecode, label: Array("lamp".utf8), payload: bytes)
    #expect(try Artifact.decode(artifact.encode()) == artifact)
    #expect(throws: Artifact.DecodingError.self) { try Artifact.decode(artifact.encode() + [0]) }
    for cut in 0..<bytes.count {
      #expect(throws: Bytecode.DecodingError.self) { try Bytecode.decode(Array(bytes[..<cut])) }
    }
    automaton.states[0].description = Array("dark".utf8)
    #expect(throws: Bytecode.Unsupported(feature: .description, subject: .state(0))) { try Bytecode.encode(automaton) }
  }
}
