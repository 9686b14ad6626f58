import Foundation
import Synchronization
import Testing
import Wasmtime

@Suite struct WASITests {
  private func linker() -> Linker<Notes> {
    var linker = Linker<Notes>()
    linker.offersWASI = true
    return linker
  }

  private func imports(_ functions: String) -> String {
    functions.split(separator: "\n").map { line in
      let parts = line.split(separator: " ", maxSplits: 1)
      return #"(import "wasi_snapshot_preview1" "\#(parts[0])" (func $\#(parts[0]) \#(parts[1])))"#
    }.joined(separator: "\n")
  }

  /// Copies its input to its output, and exits with the number of its arguments.
  private var copier: String {
    """
    (module
      \(imports("""
      fd_read (param i32 i32 i32 i32) (result i32)
      fd_write (param i32 i32 i32 i32) (result i32)
      args_sizes_get (param i32 i32) (result i32)
      proc_exit (param i32)
      """))
      (memory (export "memory") 1)
      (func (export "_start")
        (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 1000))
        (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
        (drop (call $args_sizes_get (i32.const 16) (i32.const 20)))
        (call $proc_exit (i32.load (i32.const 16)))))
    """
  }

  @Test func inputOutputArgumentsAndExitCode() throws {
    let output = Shared([UInt8]())
    let errors = Shared([UInt8]())
    let wasi = WASIOptions(
      arguments: ["copier", "one", "two"], environment: [("A", "1")], input: Array("hello wasi".utf8),
      output: { bytes in output.value.withLock { $0 += bytes } },
      errorOutput: { bytes in errors.value.withLock { $0 += bytes } })
    let guest = try instance(copier, engine(), linker: linker(), options: InstanceOptions(wasi: wasi))
    #expect(throws: WasmtimeError.exited(code: 3)) { try guest.function("_start").call(giving: Nothing.self) }
    #expect(output.value.withLock { String(decoding: $0, as: UTF8.self) } == "hello wasi")
    #expect(errors.value.withLock { $0.count } == 10)
    // Without sinks output goes nowhere, and the host's own input is not read.
    let silent = try instance(copier, engine(), linker: linker(), options: InstanceOptions(wasi: WASIOptions()))
    #expect(throws: WasmtimeError.exited(code: 0)) { try silent.function("_start").call(giving: Nothing.self) }
  }

  @Test func wasiMustBeConfigured() throws {
    #expect(throws: WasmtimeError.wasiNotConfigured) { try instance(copier, engine(), linker: linker()) }
    let unknown = #"(module (import "wasi_snapshot_preview1" "no_such" (func)))"#
    #expect(throws: WasmtimeError.missingImport(module: "wasi_snapshot_preview1", name: "no_such")) {
      _ = try instance(unknown, engine(), linker: linker(), options: InstanceOptions(wasi: WASIOptions()))
    }
    for wasi in [
      WASIOptions(arguments: ["a\0b"]), WASIOptions(folders: [.init(hostPath: "/no/such/folder", guestPath: "/")]),
    ] {
      #expect(throws: WasmtimeError.self) {
        try instance(copier, engine(), linker: linker(), options: InstanceOptions(wasi: wasi))
      }
    }
  }

  /// Opens a path with or without creating it, below the first folder; gives WASI's error number.
  private var opener: String {
    """
    (module
      \(imports("path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)"))
      (memory (export "memory") 1)
      (func (export "open") (param $length i32) (param $flags i32) (result i32)
        (call $path_open (i32.const 3) (i32.const 1) (i32.const 1024) (local.get $length) (local.get $flags)
          (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0))))
    """
  }

  @Test func aGuestStaysInItsFolders() throws {
    let root = NSTemporaryDirectory() + "aether-wasi-\(UUID().uuidString)"
    let folder = root + "/inside"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: root) }
    try Data("secret".utf8).write(to: URL(fileURLWithPath: root + "/outside"))
    try Data("public".utf8).write(to: URL(fileURLWithPath: folder + "/file"))
    try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "../outside")
    try FileManager.default.createSymbolicLink(atPath: folder + "/absolute", withDestinationPath: root + "/outside")
    func open(_ path: String, create: Bool = false, isWritable: Bool) throws -> Int32 {
      let wasi = WASIOptions(folders: [.init(hostPath: folder, guestPath: "/", isWritable: isWritable)])
      let guest = try instance(opener, engine(), linker: linker(), options: InstanceOptions(wasi: wasi))
      try guest.withMemory { memory throws(GuestFault) in try memory.write(Array(path.utf8), at: 1024) }
      return try guest.function("open").call(Int32(path.utf8.count), Int32(create ? 1 : 0), giving: Int32.self)
    }
    for isWritable in [false, true] {
      #expect(try open("file", isWritable: isWritable) == 0)
      for path in ["../outside", "link", "absolute", "/etc/passwd", "x/../../outside"] {
        #expect(try open(path, isWritable: isWritable) != 0, "\(path)")
      }
    }
    #expect(try open("new", create: true, isWritable: false) != 0)
    #expect(try open("new", create: true, isWritable: true) == 0)
    #expect(FileManager.default.fileExists(atPath: folder + "/new"))
  }

  /// Sleeps for so many nanoseconds; gives the error number and leaves the number of events at 8.
  private var sleeper: String {
    """
    (module
      \(imports("poll_oneoff (param i32 i32 i32 i32) (result i32)"))
      (memory (export "memory") 1)
      (func (export "sleep") (param $nanoseconds i64) (result i32)
        (i64.store (i32.const 64) (i64.const 0x1122334455667788))
        (i32.store (i32.const 80) (i32.const 1))
        (i64.store (i32.const 88) (local.get $nanoseconds))
        (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)))
      (func (export "poll") (param i32 i32 i32 i32) (result i32)
        (call $poll_oneoff (local.get 0) (local.get 1) (local.get 2) (local.get 3))))
    """
  }

  @Test func sleepingEndsWhenItIsDueAndWhenItIsStopped() throws {
    let engine = try engine()
    let interrupter = Interrupter(engine: engine)
    let options = InstanceOptions(interrupter: interrupter, wasi: WASIOptions())
    let guest = try instance(sleeper, engine, linker: linker(), options: options)
    let sleep = try guest.function("sleep")
    #expect(try sleep.call(Int64(3_000_000), giving: Int32.self) == 0)
    try guest.withMemory { memory throws(GuestFault) in
      #expect(try memory.load(UInt32.self, at: 8) == 1)
      #expect(try memory.load(UInt64.self, at: 256) == 0x1122_3344_5566_7788)
      #expect(try memory.load(UInt64.self, at: 264) == 0)
    }
    let clock = Ticker(engine)
    defer { clock.stop() }
    guest.setDeadline(5)
    #expect(trap { _ = try sleep.call(Int64.max, giving: Int32.self) }?.reason == .deadline)
    guest.setDeadline(nil)
    Thread.detachNewThread {
      usleep(5000)
      interrupter.stop()
    }
    #expect(trap { _ = try sleep.call(Int64(-1), giving: Int32.self) }?.reason == .stopped)
    // Pointers outside of the memory, and nothing to wait for.
    interrupter.reset()
    let poll = try guest.function("poll")
    for (arguments, errno): ([Int32], Int32) in [
      ([0, 0, 0, 0], 28), ([65536, 0, 1, 0], 21), ([0, -1, 1, 0], 21), ([0, 0, 1, -1], 21), ([0, 0, 2000, 0], 28),
      ([65500, 0, 1, 0], 21),
    ] {
      // The first bytes are zero: a clock that is due at once.
      try guest.withMemory { memory throws(GuestFault) in
        try memory.write([UInt8](repeating: 0, count: 48), at: 0)
      }
      #expect(
        try poll.call(arguments[0], arguments[1], arguments[2], arguments[3], giving: Int32.self) == errno,
        "\(arguments)")
    }
  }
}
