import Foundation
import PythonPeer
import Synchronization
import Testing
import Wasmtime

@Suite struct LimitTests {
  @Test func memoryGrowsToItsLimitOnly() throws {
    let text = """
      (module (memory (export "memory") 1)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
      """
    for compiler in EngineOptions.Compiler.allCases {
      let guest = try instance(
        text, engine(EngineOptions(compiler: compiler)), options: InstanceOptions(memoryBytesMax: 3 * 65536))
      let grow = try guest.function("grow")
      #expect(try grow.call(Int32(1), giving: Int32.self) == 1)
      #expect(try grow.call(Int32(2), giving: Int32.self) == -1)
      #expect(try grow.call(Int32(1), giving: Int32.self) == 2)
      #expect(try grow.call(Int32(1), giving: Int32.self) == -1)
      #expect(guest.memorySize == 3 * 65536)
    }
    let refused = failure { _ = try instance(text, engine(), options: InstanceOptions(memoryBytesMax: 65535)) }
    guard case .limit(let reason)? = refused, reason.contains("memory") else {
      Issue.record("\(String(describing: refused))")
      return
    }
  }

  /// A function of the host takes memory for the guest, or gives it back.
  @Test func whatTheHostHoldsCounts() throws {
    let text = """
      (module (import "env" "hold" (func $hold (param i32) (result i32))) (memory (export "memory") 1)
        (func (export "both") (param i32 i32) (result i32)
          (drop (call $hold (local.get 0))) (memory.grow (local.get 1))))
      """
    for compiler in EngineOptions.Compiler.allCases {
      let held = HeldMemory()
      var linker = Linker<Notes>()
      try linker.define("env", "hold") { (call, pages: Int32) throws(HostTrap) -> Int32 in
        if pages > 0 { _ = held.add(Int(pages) * 65536, upTo: .max) } else { held.subtract(-Int(pages) * 65536) }
        call.countHeld()
        return 0
      }
      let linked = try linker.link(try module(text, engine(EngineOptions(compiler: compiler))))
      let options = InstanceOptions(memoryBytesMax: 4 * 65536, held: held)
      let guest = try Instance(linked, host: Notes(), options: options)
      let both = try guest.function("both")
      #expect(try both.call(Int32(2), Int32(2), giving: Int32.self) == -1)
      #expect(try both.call(Int32(0), Int32(1), giving: Int32.self) == 1)
      #expect(try both.call(Int32(0), Int32(1), giving: Int32.self) == -1)
      // More than there is: what the guest has stays.
      #expect(try both.call(Int32(9), Int32(0), giving: Int32.self) == 2)
      #expect(try both.call(Int32(-10), Int32(2), giving: Int32.self) == -1)
      #expect(try both.call(Int32(-1), Int32(2), giving: Int32.self) == 2)
      #expect(guest.memorySize == 4 * 65536 && held.bytes == 0)
      #expect(held.add(5, upTo: 5) && !held.add(1, upTo: 5) && held.bytes == 5)
    }
  }

  /// The guest grows and computes; what is held begins to count with the clock, without a call of the host.
  @Test func whatTheHostHoldsCountsWhileTheGuestComputes() throws {
    let pages = 4096
    let text = """
      (module (memory (export "memory") 1)
        (func (export "main") (result i32) (local $work i32)
          (loop $again
            (local.set $work (i32.const 1000000))
            (loop $spin (br_if $spin (local.tee $work (i32.sub (local.get $work) (i32.const 1)))))
            (br_if $again (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))))
          (memory.size)))
      """
    let engine = try engine()
    let held = HeldMemory()
    let options = InstanceOptions(
      memoryBytesMax: pages * 65536, held: held,
      onTick: {
        _ = held.add(pages * 65536, upTo: pages * 65536)
        return nil
      })
    let guest = try instance(text, engine, options: options)
    let clock = Ticker(engine)
    defer { clock.stop() }
    #expect(try guest.function("main").call(giving: Int32.self) < pages)
  }

  @Test func tablesAreLimited() throws {
    #expect(throws: WasmtimeError.self) {
      try instance("(module (table 200 funcref))", engine(), options: InstanceOptions(tableElementsMax: 199))
    }
    _ = try instance("(module (table 200 funcref))", engine(), options: InstanceOptions(tableElementsMax: 200))
  }

  @Test func aPoolHasSoManySlots() throws {
    let pool = EngineOptions.Pool(instances: 2, memoryBytesMax: 1 << 20, tableElementsMax: 100)
    let engine = try engine(EngineOptions(allocation: .pooling(pool)))
    let linked = try Linker<Notes>().link(try module(#"(module (memory (export "memory") 1))"#, engine))
    var held: [Instance<Notes>] = []
    for _ in 0..<2 { held.append(try Instance(linked, host: Notes())) }
    let third = failure { _ = try Instance(linked, host: Notes()) }
    guard case .limit(let reason)? = third, reason.contains("2") else {
      Issue.record("\(String(describing: third))")
      return
    }
    held.removeLast()
    // The slot is used again, and its memory is zero again.
    held.append(try Instance(linked, host: Notes()))
    #expect(throws: WasmtimeError.self) { try module("(module (memory 17))", engine) }
  }

  @Test func aSlotIsCleanWhenItIsUsedAgain() throws {
    let pool = EngineOptions.Pool(instances: 1, memoryBytesMax: 1 << 20, tableElementsMax: 100)
    let engine = try engine(EngineOptions(allocation: .pooling(pool)))
    let linked = try Linker<Notes>().link(try module(#"(module (memory (export "memory") 1))"#, engine))
    for round in 0..<3 {
      let guest = try Instance(linked, host: Notes())
      try guest.withMemory { memory throws(GuestFault) in
        #expect(try memory.load(UInt64.self, at: 4096) == 0, "round \(round)")
        try memory.store(UInt64.max, at: 4096)
      }
    }
  }

  @Test func optionsThatCannotBeAreRefusedBeforeWasmtimeSeesThem() throws {
    for options in [
      EngineOptions(stackBytesMax: 0), EngineOptions(stackBytesMax: 1 << 40),
      EngineOptions(compiler: .winch, canonicalizesNaN: true),
      EngineOptions(allocation: .onDemand(reservationBytes: 1)),
      EngineOptions(allocation: .onDemand(reservationBytes: 1 << 50)),
      EngineOptions(allocation: .pooling(.init(instances: 0))),
      EngineOptions(allocation: .pooling(.init(instances: .max))),
      EngineOptions(allocation: .pooling(.init(memoryBytesMax: 1))),
      EngineOptions(allocation: .pooling(.init(tableElementsMax: .max))),
    ] { #expect(throws: WasmtimeError.self) { try Engine(options) } }
    #expect(throws: WasmtimeError.self) {
      try instance("(module)", engine(EngineOptions(isInterruptible: false)), options: InstanceOptions(deadline: 1))
    }
    #expect(throws: WasmtimeError.fuelNotCounted) {
      try instance("(module)", engine(), options: InstanceOptions(fuel: 1))
    }
    // The smallest and the largest that are accepted do work.
    for options in [
      EngineOptions(stackBytesMax: 16 << 10, allocation: .onDemand(reservationBytes: 0)),
      EngineOptions(allocation: .pooling(.init(instances: 10_000, memoryBytesMax: 4 << 30, tableElementsMax: 0))),
      EngineOptions(compiler: .winch, countsFuel: true, allocation: .pooling(.init(instances: 1))),
    ] {
      do {
        _ = try module(fibonacci, engine(options))
      } catch WasmtimeError.outOfAddressSpace(let bytes) {
        // A process that shares its addresses with a sanitizer has not so many.
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        #expect(mmap(nil, Int(bytes), PROT_NONE, flags, -1, 0) == MAP_FAILED)
      }
    }
  }

  @Test(arguments: EngineOptions.Compiler.allCases)
  func fuelIsEqualInEveryRun(_ compiler: EngineOptions.Compiler) throws {
    let engine = try engine(EngineOptions(compiler: compiler, countsFuel: true))
    var used: Set<UInt64> = []
    for _ in 0..<3 {
      let guest = try instance(fibonacci, engine, options: InstanceOptions(fuel: 1_000_000))
      _ = try guest.function("fib").call(Int32(15), giving: Int32.self)
      used.insert(1_000_000 - (try guest.fuel()))
    }
    #expect(used.count == 1)
    let exact = try #require(used.first)
    #expect(exact > 1000)
    // Enough is enough, one less is not, and with more fuel the instance goes on.
    let enough = try instance(fibonacci, engine, options: InstanceOptions(fuel: exact))
    #expect(try enough.function("fib").call(Int32(15), giving: Int32.self) == 610)
    let guest = try instance(fibonacci, engine, options: InstanceOptions(fuel: exact / 2))
    let fib = try guest.function("fib")
    let ended = trap { _ = try fib.call(Int32(15), giving: Int32.self) }
    #expect(ended?.reason == .outOfFuel)
    try guest.setFuel(10_000_000)
    #expect(try fib.call(Int32(15), giving: Int32.self) == 610)
    #expect(throws: WasmtimeError.fuelNotCounted) { try instance("(module)", self.plain()).fuel() }
  }

  private func plain() throws -> Engine { try engine() }

  @Test(arguments: EngineOptions.Compiler.allCases)
  func anEndlessLoopEndsAtItsDeadline(_ compiler: EngineOptions.Compiler) throws {
    let engine = try engine(EngineOptions(compiler: compiler))
    let clock = Ticker(engine)
    defer { clock.stop() }
    let guest = try instance(endlessLoop, engine, options: InstanceOptions(deadline: 5))
    let ended = trap { _ = try guest.function("run").call(giving: Nothing.self) }
    #expect(ended?.reason == .deadline)
    #expect(ended?.frames.count == 1)
    // The instance can still be used, with a new deadline.
    guest.setDeadline(5)
    #expect(trap { _ = try guest.function("run").call(giving: Nothing.self) }?.reason == .deadline)
  }

  @Test func aStartFunctionHasADeadlineToo() throws {
    let engine = try engine()
    let clock = Ticker(engine)
    defer { clock.stop() }
    let ended = trap {
      _ = try instance(
        "(module (func $run (loop $again (br $again))) (start $run))", engine, options: InstanceOptions(deadline: 3))
    }
    #expect(ended?.reason == .deadline)
  }

  @Test func oneIsStoppedAndItsNeighbourGoesOn() throws {
    let engine = try engine()
    let stopped = Interrupter(engine: engine)
    let text = """
      (module (global $go (mut i32) (i32.const 1))
        (func (export "run") (result i32) (local i32)
          (loop $again (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get 0) (i32.const 400000000))))
          (local.get 0)))
      """
    let neighbour = Thread.result {
      let guest = try instance(text, engine)
      return try guest.function("run").call(giving: Int32.self)
    }
    let victim = Thread.result {
      let guest = try instance(endlessLoop, engine, options: InstanceOptions(interrupter: stopped))
      return trap { _ = try guest.function("run").call(giving: Nothing.self) }?.reason
    }
    for _ in 0..<20 {
      usleep(2000)
      stopped.stop()
    }
    #expect(try victim() == .stopped)
    #expect(try neighbour() == 400_000_000)
    // It stays stopped until it is let run again.
    let guest = try instance(fibonacci, engine, options: InstanceOptions(interrupter: stopped))
    engine.advance()
    #expect(trap { _ = try guest.function("fib").call(Int32(3), giving: Int32.self) }?.reason == .stopped)
    stopped.reset()
    #expect(try guest.function("fib").call(Int32(3), giving: Int32.self) == 2)
  }

  @Test(arguments: EngineOptions.Compiler.allCases)
  func aStackOverflowEndsTheGuestOnly(_ compiler: EngineOptions.Compiler) throws {
    let guest = try instance(
      """
      (module (func $deep (export "deep") (param i32) (result i32)
        (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const 1)))))
        (func (export "fine") (result i32) (i32.const 7)))
      """, engine(EngineOptions(compiler: compiler, stackBytesMax: 64 << 10)))
    for _ in 0..<3 {
      let ended = trap { _ = try guest.function("deep").call(Int32(0), giving: Int32.self) }
      #expect(ended?.reason == .stackOverflow)
      #expect((ended?.frames.count ?? 0) > 1)
      #expect(ended?.frames.first?.function == "deep")
    }
    #expect(try guest.function("fine").call(giving: Int32.self) == 7)
  }

  @Test func trapsHaveReasonsAndBacktraces() throws {
    var linker = Linker<Notes>()
    try linker.define("env", "refuse") { (_) throws(HostTrap) -> Int32 in throw HostTrap("not today") }
    let text = """
      (module (import "env" "refuse" (func $refuse (result i32)))
        (memory 1) (table 2 funcref) (type $t (func))
        (func $inner (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
        (func (export "divide") (result i32) (call $inner (i32.const 0)))
        (func (export "overflow") (result i32) (i32.div_s (i32.const 0x80000000) (i32.const -1)))
        (func (export "outside") (result i32) (i32.load (i32.const 65533)))
        (func (export "unreachable") (result i32) (unreachable))
        (func (export "null") (result i32) (call_indirect (type $t) (i32.const 0)) (i32.const 0))
        (func (export "table") (result i32) (call_indirect (type $t) (i32.const 2)) (i32.const 0))
        (func (export "convert") (result i32) (i32.trunc_f32_s (f32.const 1e20)))
        (func (export "host") (result i32) (call $refuse)))
      """
    for compiler in EngineOptions.Compiler.allCases {
      let guest = try instance(text, engine(EngineOptions(compiler: compiler)), linker: linker)
      for (name, reason): (String, Trap.Reason) in [
        ("divide", .divisionByZero), ("overflow", .integerOverflow), ("outside", .memoryOutOfBounds),
        ("unreachable", .unreachable), ("null", .callOfNull), ("table", .tableOutOfBounds),
        ("host", .host("not today")),
      ] {
        let ended = trap { _ = try guest.function(name).call(giving: Int32.self) }
        #expect(ended?.reason == reason, "\(compiler) \(name)")
        #expect(ended?.frames.isEmpty == false, "\(compiler) \(name)")
      }
      let convert = trap { _ = try guest.function("convert").call(giving: Int32.self) }
      #expect([.conversionOutOfRange, .integerOverflow].contains(convert?.reason))
      let divide = trap { _ = try guest.function("divide").call(giving: Int32.self) }
      #expect(divide?.frames.first?.function == "inner")
      #expect(divide?.backtrace.contains("0: inner (offset 0x") == true)
      #expect(divide?.frames.count == 2)
    }
  }

  /// Thousands of damaged modules are refused or accepted, but never more than that.
  @Test func damagedModulesAreRefused() throws {
    var random = SeededNumbers.forTest(#function)
    let engine = try engine(EngineOptions(compiler: .winch))
    let sound = try wasm(fromText: fibonacci) + [0, 4, 1, 0x61, 1, 2]
    var accepted = 0
    for _ in 0..<4000 {
      var bytes = sound
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
        case 1: bytes.removeLast(Int.random(in: 0..<bytes.count / 2, using: &random))
        default: bytes.insert(.random(in: 0...255, using: &random), at: Int.random(in: 0..<bytes.count, using: &random))
        }
      }
      do throws(WasmtimeError) {
        try Module.validate(bytes, engine: engine)
        accepted += 1
        if accepted % 16 == 0 { _ = try Module(compiling: bytes, engine: engine) }
      } catch {
        guard case .invalidModule = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
    print("damagedModulesAreRefused: \(accepted) of 4000 were still valid")
  }
}

/// Moves an engine's clock every millisecond.
final class Ticker: Sendable {
  private let done = Atomic<Bool>(false)
  init(_ engine: Engine) {
    Thread.detachNewThread { [self] in
      while !done.load(ordering: .acquiring) {
        usleep(1000)
        engine.advance()
      }
    }
  }
  func stop() { done.store(true, ordering: .releasing) }
}

extension Thread {
  /// Runs the body on a thread of its own; the closure given waits for what it gave.
  static func result<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) -> () throws -> Value {
    let box = Shared<Result<Value, any Error>?>(nil)
    Thread.detachNewThread {
      let result = Result { try body() }
      box.value.withLock { $0 = result }
    }
    return {
      while true {
        if let result = box.value.withLock({ $0 }) { return try result.get() }
        usleep(1000)
      }
    }
  }
}

/// A mutex that several closures hold.
final class Shared<Value: Sendable>: Sendable {
  let value: Mutex<Value>
  init(_ value: sending Value) { self.value = Mutex(value) }
}
