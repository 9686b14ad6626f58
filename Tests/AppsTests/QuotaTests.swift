import AppABI
import AppFormat
import AppManager
import AppSigning
import Glibc
import Testing
import Wasmtime

@testable import Apps

@Suite struct QuotaTests {
  @Test func aManifestCanOnlyLowerTheLimit() {
    let node = 1 << 20
    #expect(MemoryAccount.bytesMax(node, initial: 65536, quota: 0) == node)
    #expect(MemoryAccount.bytesMax(node, initial: 65536, quota: 65536) == 131072)
    #expect(MemoryAccount.bytesMax(node, initial: 65536, quota: 1) == 131072)
    #expect(MemoryAccount.bytesMax(node, initial: 65536, quota: 70_000) == 196608)
    #expect(MemoryAccount.bytesMax(node, initial: 65536, quota: .max) == node)
    #expect(MemoryAccount.bytesMax(.max, initial: .max, quota: .max) == .max)
    #expect(MemoryAccount.bytesMax(100_000, initial: 65536, quota: 1) == 100_000)
  }

  /// Grows until it may not, and gives the number of pages.
  private static let growing = """
    (module (memory (export "memory") 2)
      (func (export "main") (result i32)
        (loop $again (br_if $again (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))))
        (memory.size)))
    """

  @Test func memoryStaysBelowTheQuota() async throws {
    let bench = try Bench()
    let quotas = AppQuotas(memoryBytesMax: 20 * 65536)
    var launch = try bench.launch("growing", Self.growing, quotas: quotas)
    #expect(try await bench.run(launch) == .exited(code: 20))
    launch.manifest.memoryQuota = 3 * 65536
    let exits = Exits()
    let app = try await bench.runtime.start(launch) { exits.set($0) }
    #expect(await exits.first() == .exited(code: 5))
    #expect(app.statistics().memoryPeakBytes == 5 * 65536)
  }

  @Test func blocksCountAsInTheReference() throws {
    let rows = ["mem_alloc", "mem_free"].flatMap { NativeTable.functions(module: "env", name: $0) }
    let guest = try Guest(Caller.module(for: rows), memoryBytesMax: 3 * 65536)
    let first = try guest.call("mem_alloc", 100_000)
    #expect(first >= 65536)
    #expect(try guest.call("mem_alloc", 100_000) == 0)
    guest.host.publish()
    #expect(guest.counters.memoryBytes.load(ordering: .relaxed) == 3 * 65536 + GuestHeap.bookBytes)
    _ = try? guest.instance.function("env.mem_free").call(values: [.i32(first)])
    #expect(try guest.call("mem_alloc", 100_000) == first)
    // Many small ones take what their book takes.
    let many = try Guest(Caller.module(for: rows), memoryBytesMax: 10 * 65536)
    var count = 0
    while try many.call("mem_alloc", 8) != 0, count < 100_000 { count += 1 }
    #expect(count > 64 && count < 10_000)
  }

  /// As the reference: sizes as they were asked for, and nothing else, count against the manifest's number.
  @Test func theQuotaOfBlocksIsExact() throws {
    let rows = ["mem_alloc", "mem_free"].flatMap { NativeTable.functions(module: "env", name: $0) }
    for quota in [100, 65_536, 131_072] {
      let bytesMax = MemoryAccount.bytesMax(1 << 24, initial: 65536, quota: UInt32(quota))
      let guest = try Guest(Caller.module(for: rows), memoryBytesMax: bytesMax, heapBytesMax: quota)
      // Each block takes a multiple of 8 bytes of the memory.
      let part = quota > 65535 ? Int32(quota) * 3 / 10 & ~7 : 30
      let first = try guest.call("mem_alloc", part)
      let second = try guest.call("mem_alloc", Int32(quota) - part)
      #expect(first != 0 && second != 0, "\(quota)")
      #expect(try guest.call("mem_alloc", 1) == 0)
      // Neither lies in the other, and both are in the memory.
      try guest.put([UInt8](repeating: 1, count: Int(part)), at: first)
      try guest.put([UInt8](repeating: 2, count: quota - Int(part)), at: second)
      #expect(try guest.bytes(at: first, part).allSatisfy { $0 == 1 })
      _ = try? guest.instance.function("env.mem_free").call(values: [.i32(first)])
      #expect(try guest.call("mem_alloc", part + 1) == 0)
      #expect(try guest.call("mem_alloc", part) != 0)
    }
    let free = try Guest(Caller.module(for: rows), memoryBytesMax: 40 << 20)
    #expect(try free.call("mem_alloc", (16 << 20) + 1) == 0)
    #expect(try free.call("mem_alloc", 16 << 20) != 0)
  }

  /// A quota smaller than the memory that a module begins with is one of blocks, as in the reference.
  @Test(arguments: ["(memory (export \"memory\") 2)", "(memory 2)"])
  func aSmallQuotaLeavesTheModuleItsMemory(_ memory: String) async throws {
    let bench = try Bench()
    let trust = try AppTrust(keys: [], requiresSignature: false)
    let manager = try await AppManager.open(
      root: bench.folder + "/apps", options: AppManagerOptions(rules: AppInstallRules(trust: trust)),
      runner: bench.runtime)
    let module = try wasm(
      fromText: """
        (module (import "env" "mem_alloc" (func $alloc (param i32) (result i32))) \(memory)
          (func (export "main") (result i32)
            (if (i32.eqz (call $alloc (i32.const 4096))) (then (return (i32.const 1))))
            (if (call $alloc (i32.const 1)) (then (return (i32.const 2))))
            (i32.const 0)))
        """)
    _ = try await manager.install(
      module, sidecar: Array(#"{"name":"small","memory_quota":4096,"capabilities":["memory"]}"#.utf8))
    try await manager.start("small")
    for _ in 0..<3000 {
      if case .stopped = try await manager.info("small").state { break }
      try await Task.sleep(for: .milliseconds(10))
    }
    // Blocks are given out in a memory that is exported, and nowhere else.
    let isExported = memory.contains("export")
    #expect(try await manager.crashes("small").map(\.failure.code) == (isExported ? [] : [1]))
    await manager.close()
  }

  /// What the host holds is taken from what the memory may grow to, and given back.
  @Test func growingCountsWhatTheHostHolds() throws {
    let guest = try Guest(
      """
      (module (memory (export "memory") 1)
        (func (export "env.grow") (param i32) (result i32) (memory.grow (local.get 0))))
      """, memoryBytesMax: 10 * 65536)
    try guest.host.charge(8 * 65536)
    #expect(try guest.call("grow", 0) == 1)
    #expect(try guest.call("grow", 2) == -1)
    #expect(try guest.call("grow", 1) == 1)
    #expect(try guest.call("grow", 1) == -1)
    #expect(throws: NativeError.self) { try guest.host.charge(1) }
    guest.host.refund(65536)
    #expect(try guest.call("grow", 1) == 2)
    guest.host.publish()
    #expect(guest.counters.memoryBytesPeak.load(ordering: .relaxed) <= 10 * 65536)
  }

  @Test func theHostsPartCountsToo() throws {
    let guest = try Guest("(module (memory (export \"memory\") 1))", memoryBytesMax: 65536 + 1000)
    try guest.host.charge(600)
    #expect(throws: NativeError.self) { try guest.host.charge(401) }
    try guest.host.charge(400)
    #expect(guest.counters.memoryBytes.load(ordering: .relaxed) == 65536 + 1000)
    guest.host.refund(1000)
    #expect(guest.counters.memoryBytes.load(ordering: .relaxed) == 65536)
    #expect(guest.counters.memoryBytesPeak.load(ordering: .relaxed) == 65536 + 1000)
    #expect(guest.audit.entries.map(\.event) == [.quotaReached])
  }

  /// Computes for a while and calls the host 1,000 times.
  private static let busy = """
    (module (import "akira_time" "get_time_ms" (func $time (result i64))) (memory (export "memory") 1)
      (func (export "main") (local $count i32) (local $work i32)
        (loop $again
          (drop (call $time))
          (local.set $work (i32.const 50000))
          (loop $spin (br_if $spin (local.tee $work (i32.sub (local.get $work) (i32.const 1)))))
          (br_if $again
            (i32.lt_s (local.tee $count (i32.add (local.get $count) (i32.const 1))) (i32.const 1000))))))
    """

  @Test func statisticsTellWhatWasUsed() async throws {
    let bench = try Bench()
    let exits = Exits()
    let app = try await bench.runtime.start(
      try bench.launch("busy", Self.busy, quotas: AppQuotas(executionTimeout: .seconds(600)))
    ) { exits.set($0) }
    #expect(await exits.first() == .exited(code: 0))
    let statistics = app.statistics()
    #expect(statistics.callCount == 1000)
    #expect(statistics.memoryBytes == 65536 && statistics.memoryPeakBytes == 65536)
    #expect(statistics.executionTime > .milliseconds(1))
  }

  @Test func timersAreHandles() throws {
    let rows = ["timer_create", "timer_free"].flatMap { NativeTable.functions(module: "env", name: $0) }
    let guest = try Guest(Caller.module(for: rows), quotas: AppQuotas(handlesMax: 3))
    for index in Int32(0)..<3 { #expect(try guest.call("timer_create") == index) }
    #expect(try guest.call("timer_create") == -ENOMEM)
    #expect(try guest.call("timer_free", 1) == 0)
    #expect(try guest.call("timer_free", 1) == -EINVAL)
    #expect(try guest.call("timer_create") == 1)
    #expect(guest.counters.handles.load(ordering: .relaxed) == 3)
  }

  /// Every function of these families, with numbers of all kinds.
  @Test func anyArgumentsAreTakenWithoutHarm() async throws { try await onThread { try Self.callWithAnything() } }

  private static func callWithAnything() throws {
    var random = Seeded()
    let families: Set<NativeFamily> = [.storage, .files, .settings, .ipc, .lifecycle, .libc]
    let rows = NativeTable.functions.filter { families.contains($0.family) && !Caller.ends($0) && $0.result != .int64 }
    let scratch = Scratch()
    mkdir(scratch.path + "/files", 0o700)
    let services = AppServices(dataFolder: scratch.path)
    services.control = Manager()
    let guest = try Guest(
      Caller.module(for: rows), quotas: AppQuotas(storageBytesMax: 300_000), services: services,
      folder: scratch.path + "/files", memoryBytesMax: 20 << 16)
    for address in stride(from: Int32(0), to: 65000, by: 64) {
      let texts = ["a", "b/c", "../x", "topic.*", "topic.a", "topic.a!", "other", "", "/", "12"]
      try guest.text(texts.randomElement(using: &random) ?? "", at: address)
    }
    var answers: [String: Set<Int32>] = [:]
    for _ in 0..<6000 {
      guard let row = rows.randomElement(using: &random) else { break }
      var arguments: [Value] = []
      for parameter in row.parameters {
        for _ in parameter.kind.types {
          let choices: [Int32] = [
            0, 1, 2, 3, Int32.random(in: 0..<1000, using: &random) * 64, Int32.random(in: 0..<70_000, using: &random),
            Int32.random(in: .min ... .max, using: &random), -1,
          ]
          // Nobody waits for a message that does not come.
          let isTime = parameter.name == "timeout"
          arguments.append(.i32(isTime ? 0 : choices.randomElement(using: &random) ?? 0))
        }
      }
      guard case .i32(let answer)? = try guest.instance.function("\(row.module).\(row.name)").call(values: arguments)
      else { throw Failure(text: "\(row.name) gave nothing") }
      if row.family != .libc { answers[row.name, default: []].insert(answer) }
    }
    let known = Set(NativeTable.constants.filter { $0.name.hasPrefix("E") }.map { -$0.value })
    for (name, seen) in answers {
      #expect(seen.filter { $0 < 0 && !known.contains($0) } == [], "\(name)")
    }
    guest.host.close()
    #expect(guest.counters.handles.load(ordering: .relaxed) == 0)
  }
}
