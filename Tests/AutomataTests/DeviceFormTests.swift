import PythonPeer
import Script
import Testing

@testable import Automata

/// The form for devices: what is read of it does the same as what it was made of, and whatever the bytes are is safe.
@Suite struct DeviceFormTests {
  /// States inside states, regions, every kind of transition, scripts, variables of several types.
  private func house() -> Builder {
    var b = Builder()
    let off = b.state("off", enter: "lamp = false")
    let on = b.state("on")
    let warm = b.state("warm", body: "total = total + rand()", parent: on)
    let hot = b.state("hot", enter: "lamp = true print(total)", parent: on)
    b.automaton.states[on.index].initialChild = warm
    b.automaton.states[on.index].history = .shallow
    b.variable("lamp", .bool, .output)
    b.variable("total", .float64)
    b.variable("temp", .float32, .input)
    b.variable("note", .string, .input)
    b.transition(off, on, .on("go"))
    b.transition(on, off, .when("temp > 30"), triggered: "log('warn', 'too hot')")
    b.transition(warm, hot, .after(40), priority: 1)
    var match = SignalTrigger(signal: Array("note".utf8), kind: .onMatch)
    match.pattern = Array("cool*".utf8)
    b.transition(hot, warm, .event(Event(signals: [match])))
    b.transition(hot, warm, .probabilistic(Probabilistic(weightExpression: Array("total".utf8))), priority: 3)
    b.transition(hot, hot, .probabilistic(Probabilistic()), priority: 3, weight: 300)
    return b
  }

  private func drive(_ automaton: CompiledAutomaton) throws -> [UInt8] {
    var options = RunOptions()
    options.holdsModel = false
    let run = AutomatonRun(automaton, options: options)
    try run.start()
    for tick in 0..<200 {
      if tick % 13 == 0 { try run.apply(.raise(Array("go".utf8))) }
      if tick % 17 == 0 { try run.apply(.set(variable: 2, .int32(Int32(tick % 40)))) }
      if tick % 19 == 0 { try run.apply(.set(variable: 3, .string(Array((tick % 2 == 0 ? "cooler" : "x").utf8)))) }
      run.tick()
      if tick == 100 { try run.engine.restore(try run.engine.snapshot()) }
    }
    run.finish()
    return run.takeTrace()
  }

  @Test(arguments: [Semantics.strict, .compat]) func doesTheSame(_ semantics: Semantics) throws {
    let compiled = try CompiledAutomaton(house().automaton, semantics: semantics)
    let form = try #require(DeviceForm.encode(compiled))
    let loaded = try CompiledAutomaton(deviceForm: form)
    #expect(loaded.hash == compiled.hash)
    #expect(loaded.name(of: StateIndex(3)) == Array("hot".utf8))
    #expect(DeviceForm.encode(loaded) == form)
    let trace = try drive(compiled)
    #expect(trace.count > 1000)
    #expect(try drive(loaded) == trace)
  }

  @Test func scriptsByNameAreForOtherImages() throws {
    let compiled = try CompiledAutomaton(house().automaton)
    let form = try #require(DeviceForm.encode(compiled, scripts: .names))
    #expect(String(decoding: form, as: UTF8.self).contains("temp > 30"))
    #expect(throws: DeviceForm.DecodingError.self) { try CompiledAutomaton(deviceForm: form) }
  }

  @Test func changedFormsNeverCrash() throws {
    var generator = SeededNumbers.forTest("changedFormsNeverCrash")
    let forms = try [house().automaton, flat().automaton].map {
      try #require(DeviceForm.encode(try CompiledAutomaton($0)))
    }
    for form in forms {
      for count in stride(from: 0, to: form.count, by: 7) {
        #expect(throws: DeviceForm.DecodingError.self) { try CompiledAutomaton(deviceForm: Array(form[..<count])) }
      }
    }
    var accepted = 0
    for _ in 0..<4000 {
      var bytes = forms[Int(generator.next() % 2)]
      for _ in 0..<(1 + generator.next() % 3) {
        let position = 40 + Int(generator.next() % UInt64(bytes.count - 40))
        let value = UInt8(truncatingIfNeeded: generator.next())
        bytes[position] = generator.next() % 2 == 0 ? value : value % 6
      }
      do throws(DeviceForm.DecodingError) {
        let automaton = try CompiledAutomaton(deviceForm: bytes)
        accepted += 1
        let engine = Engine(
          automaton, options: EngineOptions(budget: Budget(instructions: 2000, memory: 1 << 17), epoch: 5))
        do throws(EngineError) {
          try engine.start(at: 0)
          for tick in 1..<30 {
            engine.raise(Array("go".utf8), at: Int64(tick * 10))
            engine.tick(at: Int64(tick * 10))
          }
          try engine.pause(at: 400)
          try engine.resume(at: 500)
          engine.tick(at: 510)
        } catch {}
      } catch {}
    }
    #expect(accepted > 200)
  }

  /// One level, and timers with everything.
  private func flat() -> Builder {
    var b = Builder()
    let a = b.state("a", body: "n = n + 1")
    let c = b.state("b", exit: "n = 0")
    b.variable("n", .int64)
    b.variable("x", .float64, .input)
    var every = Timed(mode: .every, delay: 30)
    every.jitter = 9
    every.repeatCount = 3
    b.transition(a, a, .timed(every))
    b.transition(a, c, .when("n > 9"))
    var beyond = SignalTrigger(signal: Array("x".utf8), kind: .onThreshold)
    beyond.threshold = .float64(1.5)
    beyond.isOneShot = true
    var event = Event(signals: [beyond, SignalTrigger(signal: Array("go".utf8))])
    event.debounce = 20
    b.transition(c, a, .event(event))
    b.transition(c, c, .timed(Timed(mode: .window, delay: 50)), priority: 2)
    return b
  }
}
