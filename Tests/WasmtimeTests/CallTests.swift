import Testing
import Wasmtime

@Suite struct CallTests {
  @Test(arguments: EngineOptions.Compiler.allCases)
  func exportsAreCalled(_ compiler: EngineOptions.Compiler) throws {
    let guest = try instance(fibonacci, engine(EngineOptions(compiler: compiler)))
    let fib = try guest.function("fib")
    #expect(fib.signature == Signature([.i32], .i32))
    #expect(try fib.call(Int32(20), giving: Int32.self) == 6765)
    #expect(try fib.call(values: [.i32(10)]) == .i32(55))
  }

  @Test func typesOfCallsAreCompared() throws {
    let guest = try instance(fibonacci, engine())
    let fib = try guest.function("fib")
    #expect(
      throws: WasmtimeError.callMismatch(function: "fib", wanted: "(i32) -> i32", offered: "(i64) -> i32")
    ) { try fib.call(Int64(1), giving: Int32.self) }
    #expect(throws: WasmtimeError.self) { try fib.call(Int32(1), giving: Nothing.self) }
    #expect(throws: WasmtimeError.self) { try fib.call(Int32(1), Int32(1), giving: Int32.self) }
    #expect(throws: WasmtimeError.self) { try fib.call(values: []) }
    #expect(throws: WasmtimeError.missingExport("other")) { try guest.function("other") }
  }

  @Test func everyTypeCrossesBothWays() throws {
    var linker = Linker<Notes>()
    try linker.define("host", "mix") {
      (call, int: Int32, long: Int64, float: Float, double: Double) throws(HostTrap) -> Double in
      call.host.calls.append("\(int) \(long) \(float) \(double)")
      return Double(int) + Double(long) + Double(float) + double
    }
    try linker.define("host", "unsigned") { (_, value: UInt32) throws(HostTrap) -> UInt64 in UInt64(value) }
    try linker.define("host", "nothing") { (call) throws(HostTrap) -> Nothing in
      call.host.calls.append("nothing")
      return Nothing()
    }
    try linker.define("host", "table", Signature([.i64, .f32], .f32)) { (call) throws(HostTrap) -> Value? in
      .f32(Float(call.argument(0, Int64.self)) * call.argument(1, Float.self))
    }
    let text = """
      (module
        (import "host" "mix" (func $mix (param i32 i64 f32 f64) (result f64)))
        (import "host" "unsigned" (func $unsigned (param i32) (result i64)))
        (import "host" "nothing" (func $nothing))
        (import "host" "table" (func $table (param i64 f32) (result f32)))
        (func (export "mix") (param i32 i64 f32 f64) (result f64)
          (call $nothing) (call $mix (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
        (func (export "unsigned") (result i64) (call $unsigned (i32.const -1)))
        (func (export "table") (result f32) (call $table (i64.const -3) (f32.const 1.5))))
      """
    for compiler in EngineOptions.Compiler.allCases {
      let notes = Notes()
      let guest = try instance(text, engine(EngineOptions(compiler: compiler)), linker: linker, host: notes)
      let mix = try guest.function("mix")
      #expect(try mix.call(Int32(-1), Int64(1) << 40, Float(0.5), 0.25, giving: Double.self) == 1_099_511_627_775.75)
      #expect(notes.calls == ["nothing", "-1 1099511627776 0.5 0.25"])
      #expect(try guest.function("unsigned").call(giving: UInt64.self) == 0xFFFF_FFFF)
      #expect(try guest.function("table").call(giving: Float.self) == -4.5)
    }
  }

  @Test func permissionsAreSeenAtEachCall() throws {
    var linker = Linker<Notes>()
    try linker.define(
      "env", "allowed", Signature([.i32], .i32),
      answering: { frame in
        let call = frame.call(of: Notes.self)
        return call.answer(call.permissions & 4 != 0 ? call.argument(0, Int32.self) + 1 : -1)
      })
    let permissions = Permissions(4)
    let guest = try instance(
      """
      (module (import "env" "allowed" (func $allowed (param i32) (result i32)))
        (func (export "run") (result i32) (call $allowed (i32.const 41))))
      """, engine(), linker: linker, options: InstanceOptions(permissions: permissions))
    let run = try guest.function("run")
    #expect(try run.call(giving: Int32.self) == 42)
    permissions.set(3)
    #expect(try run.call(giving: Int32.self) == -1)
  }

  @Test func aModuleGetsTheSignatureItImports() throws {
    var linker = Linker<Notes>()
    try linker.define("env", "input_poll_event") { (_, _: UInt32) throws(HostTrap) -> Int32 in 1 }
    try linker.define("env", "input_poll_event") { (_, _: UInt32, _: UInt32) throws(HostTrap) -> Int32 in 2 }
    #expect(throws: WasmtimeError.duplicateFunction(module: "env", name: "input_poll_event")) {
      try linker.define("env", "input_poll_event") { (_, _: Int32) throws(HostTrap) -> Int32 in 3 }
    }
    let engine = try engine()
    for (parameters, arguments, answer) in [("i32", "(i32.const 0)", 1), ("i32 i32", "(i32.const 0) (i32.const 8)", 2)]
    {
      let guest = try instance(
        """
        (module (import "env" "input_poll_event" (func $poll (param \(parameters)) (result i32)))
          (func (export "run") (result i32) (call $poll \(arguments))))
        """, engine, linker: linker)
      #expect(try guest.function("run").call(giving: Int32.self) == Int32(answer))
    }
  }

  @Test func importsAreCheckedOnceWhenLinking() throws {
    let engine = try engine()
    var linker = Linker<Notes>()
    try linker.define("env", "known") { (_, _: Int32) throws(HostTrap) -> Int32 in 0 }
    #expect(throws: WasmtimeError.missingImport(module: "env", name: "unknown")) {
      _ = try linker.link(try module(#"(module (import "env" "unknown" (func)))"#, engine))
    }
    #expect(throws: WasmtimeError.missingImport(module: "env", name: "memory")) {
      _ = try linker.link(try module(#"(module (import "env" "memory" (memory 1)))"#, engine))
    }
    #expect(
      throws: WasmtimeError.importMismatch(
        module: "env", name: "known", wanted: "(i64) -> nothing", offered: "(i32) -> i32")
    ) { _ = try linker.link(try module(#"(module (import "env" "known" (func (param i64))))"#, engine)) }
    // Without WASI its functions are as unknown as any other.
    let wasi = #"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))))"#
    #expect(throws: WasmtimeError.missingImport(module: "wasi_snapshot_preview1", name: "proc_exit")) {
      _ = try linker.link(try module(wasi, engine))
    }
  }

  /// With something in their place, functions that nobody offers matter only when they are called.
  @Test func missingFunctionsMayStandUntilTheyAreCalled() throws {
    let engine = try engine()
    var linker = Linker<Notes>()
    try linker.define("env", "known") { (_, _: Int32) throws(HostTrap) -> Int32 in 7 }
    linker.missing = { module, name, signature in
      { (_) throws(HostTrap) in
        if name == "soft" { return signature.result.map { _ in .i32(-38) } }
        throw HostTrap("\(module).\(name) is not there")
      }
    }
    let linked = try linker.link(
      try module(
        #"""
        (module (import "env" "known" (func $known (param i32) (result i32)))
          (import "env" "other" (func $other (param f64) (result i64))) (import "far" "soft" (func $soft (result i32)))
          (import "env" "soft" (func $quiet)) (import "far" "known" (func $typed (param i64)))
          (func (export "known") (result i32) (call $known (i32.const 1)))
          (func (export "soft") (result i32) (call $quiet) (call $soft))
          (func (export "other") (result i64) (call $other (f64.const 1)))
          (func (export "typed") (call $typed (i64.const 1))))
        """#, engine))
    #expect(linked.absent.map { "\($0.module).\($0.name)" } == ["env.other", "far.soft", "env.soft", "far.known"])
    let instance = try Instance(linked, host: Notes())
    #expect(try instance.function("known").call(giving: Int32.self) == 7)
    #expect(try instance.function("soft").call(giving: Int32.self) == -38)
    for (name, text) in [("other", "env.other is not there"), ("typed", "far.known is not there")] {
      do {
        _ = try instance.function(name).call(values: [])
        Issue.record("\(name) went on")
      } catch { #expect("\(error)".contains(text)) }
    }
    // What is no function has nothing that could stand for it.
    #expect(throws: WasmtimeError.missingImport(module: "env", name: "memory")) {
      _ = try linker.link(try module(#"(module (import "env" "memory" (memory 1)))"#, engine))
    }
  }

  @Test func modulesAreRefusedWithReasons() throws {
    let engine = try engine()
    #expect(throws: WasmtimeError.self) { try Module(compiling: [], engine: engine) }
    #expect(throws: WasmtimeError.self) { try Module(compiling: Array("not wasm".utf8), engine: engine) }
    let bytes = try wasm(fromText: fibonacci)
    #expect(throws: WasmtimeError.self) { try Module(compiling: Array(bytes.dropLast()), engine: engine) }
    #expect(throws: WasmtimeError.self) { try Module.validate(bytes + [0], engine: engine) }
    let text = failure { _ = try wasm(fromText: "(module (func (result i32) nonsense))") }
    guard case .invalidText(let reason)? = text, reason.contains("nonsense") else {
      Issue.record("\(String(describing: text))")
      return
    }
    // Parts of WebAssembly that are switched off.
    for text in [
      "(module (memory i64 1))", "(module (memory 1 1 shared))", "(module (tag (param i32)))",
      "(module (memory 1) (memory 1))", "(module (func $f (return_call $f)))",
    ] {
      let bytes = try wasm(fromText: text)
      #expect(throws: WasmtimeError.self) { try Module(compiling: bytes, engine: engine) }
    }
  }

  @Test func importsAndExportsAreListed() throws {
    let module = try module(
      """
      (module (import "a" "f" (func (param i32 f64) (result i64)))
        (import "a" "v" (func (param v128))) (import "a" "r" (func (param externref) (result funcref)))
        (memory (export "memory") 2 5) (global (export "g") i32 (i32.const 0)) (table (export "t") 1 funcref)
        (global (export "vector") (mut v128) (v128.const i64x2 0 0)) (table (export "references") 1 externref)
        (func (export "two") (result i32 i32) (i32.const 1) (i32.const 2)))
      """, engine())
    #expect(
      module.imports == [
        Module.Import(module: "a", name: "f", type: .function(Signature([.i32, .f64], .i64))),
        Module.Import(module: "a", name: "v", type: .otherFunction),
        Module.Import(module: "a", name: "r", type: .otherFunction),
      ])
    #expect(
      module.exports == [
        Module.Export(name: "memory", type: .memory(pagesMin: 2, pagesMax: 5)), Module.Export(name: "g", type: .global),
        Module.Export(name: "t", type: .table), Module.Export(name: "vector", type: .global),
        Module.Export(name: "references", type: .table), Module.Export(name: "two", type: .otherFunction),
      ])
  }

  @Test func memoryIsCheckedAtItsEnd() throws {
    let guest = try instance(
      #"(module (memory (export "memory") 1 3) (data (i32.const 65530) "hello\00"))"#, engine())
    #expect(guest.memorySize == 65536)
    try guest.withMemory { memory throws(GuestFault) in
      #expect(try memory.text(at: 65530, lengthMax: 5) == "hello")
      #expect(try memory.read(at: 65536, count: 0).isEmpty)
      try memory.store(UInt64(0x0102_0304_0506_0708), at: 9)
      #expect(try memory.read(at: 9, count: 8) == [8, 7, 6, 5, 4, 3, 2, 1])
      #expect(try memory.load(UInt16.self, at: 10) == 0x0607)
      try memory.write([1, 2], at: 65534)
    }
    try guest.withMemory { memory throws(GuestFault) in
      let fault = fault { () throws(GuestFault) in try memory.write([1, 2], at: 65535) }
      #expect(fault == GuestFault(address: 65535, count: 2, memorySize: 65536))
      #expect(isFault { () throws(GuestFault) in _ = try memory.read(at: .max, count: .max) })
      #expect(isFault { () throws(GuestFault) in _ = try memory.load(UInt32.self, at: 65533) })
      #expect(isFault { () throws(GuestFault) in _ = try memory.text(at: 65530, lengthMax: 4) })
      #expect(isFault { () throws(GuestFault) in _ = try memory.text(at: 65534, lengthMax: 100) })
      #expect(isFault { () throws(GuestFault) in _ = try memory.text(at: 65536, lengthMax: 100) })
    }
    let bare = try instance("(module)", engine())
    #expect(bare.memorySize == 0)
    try bare.withMemory { memory throws(GuestFault) in
      #expect(isFault { () throws(GuestFault) in _ = try memory.read(at: 0, count: 1) })
    }
  }

  @Test func hostFunctionsReachTheMemoryEvenInAStartFunction() throws {
    var linker = Linker<Notes>()
    try linker.define("env", "log") { (call, address: UInt32, count: UInt32) throws(HostTrap) -> Int32 in
      do throws(GuestFault) {
        let bytes = try call.withMemory { (memory) throws(GuestFault) in try memory.read(at: address, count: count) }
        call.host.calls.append(String(decoding: bytes, as: UTF8.self))
        return 0
      } catch {
        return -14
      }
    }
    let text = """
      (module (import "env" "log" (func $log (param i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 8) "started")
        (func $start (drop (call $log (i32.const 8) (i32.const 7))))
        (start $start)
        (func (export "outside") (result i32) (call $log (i32.const 65536) (i32.const 1))))
      """
    let notes = Notes()
    let guest = try instance(text, engine(), linker: linker, host: notes)
    #expect(notes.calls == ["started"])
    #expect(try guest.function("outside").call(giving: Int32.self) == -14)
  }

  @Test func callsNestAndLentMemoryForbidsThem() throws {
    final class Host { var guest: Instance<Host>? }
    var linker = Linker<Host>()
    try linker.define("env", "again") { (call, depth: Int32) throws(HostTrap) -> Int32 in
      guard depth > 0, let guest = call.host.guest else { return 100 }
      do {
        return try guest.function("run").call(depth - 1, Int32(1000), giving: Int32.self)
      } catch {
        throw HostTrap("\(error)")
      }
    }
    let text = """
      (module (import "env" "again" (func $again (param i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "run") (param i32 i32) (result i32)
          (i32.add (local.get 1) (call $again (local.get 0)))))
      """
    let host = Host()
    let guest = try Instance(try linker.link(try module(text, engine())), host: host)
    host.guest = guest
    defer { host.guest = nil }
    let run = try guest.function("run")
    #expect(try run.call(Int32(3), Int32(5), giving: Int32.self) == 3105)
    try guest.withMemory { _ in
      #expect(throws: WasmtimeError.memoryInUse) { try run.call(Int32(0), Int32(0), giving: Int32.self) }
    }
    #expect(try run.call(Int32(0), Int32(1), giving: Int32.self) == 101)
  }

  @Test func functionsWithManyParametersAreCalledByValues() throws {
    let parameters = (0..<20).map { _ in "i64" }.joined(separator: " ")
    let guest = try instance(
      #"(module (func (export "last") (param \#(parameters)) (result i64) (local.get 19)))"#, engine())
    let last = try guest.function("last")
    #expect(try last.call(values: (0..<20).map { .i64($0) }) == .i64(19))
    #expect(throws: WasmtimeError.self) { try last.call(Int64(1), giving: Int64.self) }
  }
}
