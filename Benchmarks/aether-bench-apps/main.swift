import AppFormat
import BenchReport
import Glibc
import Wasmtime

/// What the command line asks for.
struct Options {
  var output: String?
  var runs = 7
  var onlyCalls = false

  static let usage = """
    usage: aether-bench-apps [--output FILE] [--runs N] [--only calls]
      --output FILE  write the figures as JSON
      --runs N       runs of each side, taking turns (7)
      --only calls   calls between guest and host alone
    """

  init?(_ arguments: [String]) {
    var rest = arguments[...]
    while let name = rest.popFirst() {
      guard let value = rest.popFirst() else { return nil }
      switch (name, Int(value)) {
      case ("--output", _): output = value
      case ("--only", _) where value == "calls": onlyCalls = true
      case ("--runs", .some(let count)) where count > 0: runs = count
      default: return nil
      }
    }
  }
}

struct Failure: Error { var text: String }

/// What an app has on its host.
final class App {}

let callsText = """
  (module (import "env" "check" (func $check (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "loop") (param i32) (result i32) (local i32)
      (loop $again
        (local.set 1 (call $check (local.get 1)))
        (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 1))
    (func (export "one") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
  """

/// A module of about 100 KB: functions with loops and memory accesses, each a little different.
func largeModule() throws -> [UInt8] {
  let functions = (0..<1180).map { index in
    """
    (func \(index < 10 ? "(export \"f\(index)\")" : "") (param i32 i32) (result i32) (local i32 i32)
      (local.set 2 (i32.const \(index &* 7919)))
      (loop $again
        (local.set 3 (i32.xor (local.get 3) (i32.load offset=\(index * 4) (i32.and (local.get 0) (i32.const 4095)))))
        (i32.store offset=\(index * 8) (i32.and (local.get 1) (i32.const 8191)) (i32.rotl (local.get 3) (i32.const 7)))
        (local.set 0 (i32.add (local.get 0) (i32.mul (local.get 2) (i32.const 2654435761))))
        (br_if $again (local.tee 1 (i32.shr_u (local.get 1) (i32.const 1)))))
      (i32.add (local.get 3) (local.get 2)))
    """
  }
  return try wasm(fromText: "(module (memory (export \"memory\") 1)\n\(functions.joined(separator: "\n")))")
}

func median(_ runs: Int, _ body: () throws -> Double) rethrows -> Samples {
  Samples(try (0..<runs).map { _ in try body() })
}

func run(_ options: Options) async throws -> BenchReport {
  var report = BenchReport(name: "apps")
  // Many short rounds of both sides in turn: what else the machine does then slows both alike.
  let calls = 250_000
  let rounds = options.runs * 20
  let bytes = try wasm(fromText: callsText)
  let engine = try Engine()
  let needed = CapabilitySet([.timer]).mask
  var linker = Linker<App>()
  try linker.define(
    "env", "check", Signature([.i32], .i32),
    answering: { frame in
      let call = frame.call(of: App.self)
      guard call.permissions & needed != 0 else { return call.answer(Int32(-1)) }
      return call.answer(call.argument(0, Int32.self) &+ 1)
    })
  let guest = try Instance(
    try linker.link(try Module(compiling: bytes, engine: engine)), host: App(),
    options: InstanceOptions(permissions: Permissions(CapabilitySet.core.mask)))
  let loop = try guest.function("loop")
  let one = try guest.function("one")
  guard let raw = RawGuest(bytes), var rawLoop = raw.function("loop"), var rawOne = raw.function("one") else {
    throw Failure(text: "the peer does not start")
  }
  var ours = Samples()
  var theirs = Samples()
  func peerLoop() throws -> Double {
    let watch = Stopwatch()
    var slot = CWasmtimeSlot(Int32(calls))
    guard raw.call(&rawLoop, &slot.value), slot.value.i32 == Int32(calls) else {
      throw Failure(text: "calls were lost")
    }
    return watch.processorSeconds * 1e9 / Double(calls)
  }
  for _ in 0..<rounds {
    let watch = Stopwatch()
    let answer = try loop.call(Int32(calls), giving: Int32.self)
    ours.append(watch.processorSeconds * 1e9 / Double(calls))
    theirs.append(try peerLoop())
    guard answer == Int32(calls) else { throw Failure(text: "calls were lost") }
  }
  report.add(
    "call from guest to host, with capability check", unit: "ns", ours: ours, peer: theirs,
    peerName: "Wasmtime without checks", aim: "≤ 12")

  let oursToHost = ours
  ours = Samples()
  theirs = Samples()
  for _ in 0..<rounds {
    var watch = Stopwatch()
    var value: Int32 = 0
    for _ in 0..<calls { value = try one.call(value) }
    ours.append(watch.processorSeconds * 1e9 / Double(calls))
    watch = Stopwatch()
    var slot = CWasmtimeSlot(0)
    for _ in 0..<calls where !raw.call(&rawOne, &slot.value) { throw Failure(text: "a call failed") }
    theirs.append(watch.processorSeconds * 1e9 / Double(calls))
    guard value == Int32(calls), slot.value.i32 == value else { throw Failure(text: "calls were lost") }
  }
  report.add(
    "call from host to guest", unit: "ns", ours: ours, peer: theirs, peerName: "Wasmtime without checks", aim: "≤ 25")

  let callsFolder = "/tmp/aether-bench-calls-\(getpid())"
  defer { _ = try? Command(["rm", "-rf", callsFolder]).run() }
  guard mkdir(callsFolder, 0o700) == 0, write(bytes, callsFolder + "/calls.wasm") else {
    throw Failure(text: "\(callsFolder) is not ours")
  }
  for peer in [try CallPeer.wasm3(folder: callsFolder), CallPeer.node(folder: callsFolder)] {
    guard let peer else { continue }
    let (toHost, toGuest) = try peer.measure(module: callsFolder + "/calls.wasm", calls: calls * 20, runs: options.runs)
    report.add(
      "call from guest to host, beside \(peer.name)", unit: "ns", ours: oursToHost, peer: toHost,
      peerName: "\(peer.name) without checks")
    report.add(
      "call from host to guest, beside \(peer.name)", unit: "ns", ours: ours, peer: toGuest,
      peerName: "\(peer.name) without checks")
  }
  if options.onlyCalls { return report }
  let bench = try RuntimeBench()
  defer { bench.remove() }
  theirs = Samples()
  let tableCalls = try await bench.tableCall(calls: calls * 4, runs: options.runs * 5) { theirs.append(try peerLoop()) }
  report.add(
    "call of a function of the table that needs a capability", unit: "ns",
    ours: tableCalls, peer: theirs,
    peerName: "Wasmtime without checks", aim: "≤ 12")
  report.add("start of an app and its end", unit: "ms", ours: try await bench.starts(runs: options.runs), aim: "≤ 2")
  report.add(
    "memory of each of 1,000 running apps beside its own", unit: "KiB",
    ours: Samples([try await bench.memory(of: 1000)]), aim: "≤ 64")
  let (alone, beside) = try await bench.neighbours(runs: options.runs)
  report.add(
    "lateness of an app beside four that do harm", unit: "ms", ours: beside, peer: alone, peerName: "the same app alone"
  )

  let large = try largeModule()
  print("module of \(large.count) bytes")
  let folder = "/tmp/aether-bench-apps-\(getpid())"
  let cache = try CodeCache(folder: folder)
  defer { _ = try? Command(["rm", "-rf", folder]).run() }
  let winch = try Engine(EngineOptions(compiler: .winch, allocation: .pooling(.init(instances: 1100))))
  // Processor time stands beside, because other work on the machine does not lengthen it as much.
  var processor = Samples()
  let first = try median(options.runs) {
    let watch = Stopwatch()
    _ = try Module(compiling: large, engine: winch)
    processor.append(watch.processorSeconds * 1e3)
    return watch.seconds * 1e3
  }
  report.add("first load of 100 KB, with Winch", unit: "ms", ours: first, aim: "≤ 25")
  report.add("first load of 100 KB, processor time", unit: "ms CPU", ours: processor)
  _ = try cache.load(large, engine: winch)
  let identity = try ModuleOutline(large).identity
  processor = Samples()
  let cached = try median(options.runs * 3) {
    let watch = Stopwatch()
    guard try cache.load(large, identity: identity, engine: winch).wasCached else { throw Failure(text: "not cached") }
    processor.append(watch.processorSeconds * 1e3)
    return watch.seconds * 1e3
  }
  report.add("load of 100 KB from the cache", unit: "ms", ours: cached, aim: "≤ 1")
  report.add("load of 100 KB from the cache, processor time", unit: "ms CPU", ours: processor)

  let linked = try Linker<App>().link(try cache.load(large, engine: winch).module)
  let starts = try median(options.runs) {
    let watch = Stopwatch()
    for _ in 0..<2000 { _ = try Instance(linked, host: App()) }
    return watch.processorSeconds * 1e6 / 2000
  }
  report.add("start of an instance and its end", unit: "µs", ours: starts, aim: "≤ 2000")

  let before = ResidentMemory.bytes
  var held: [Instance<App>] = []
  for _ in 0..<1000 {
    let instance = try Instance(linked, host: App(), options: InstanceOptions(deadline: 1 << 40))
    _ = try instance.function("f0").call(Int32(0), Int32(1), giving: Int32.self)
    held.append(instance)
  }
  let each = Double(ResidentMemory.bytes - before) / 1000 / 1024
  report.add(
    "resident memory of each of 1000 instances, touched memory included", unit: "KiB", ours: Samples([each]),
    aim: "≤ 64")
  held = []
  return report
}

guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
  print(Options.usage)
  exit(2)
}
do {
  let report = try await run(options)
  exit(report.finish(writingTo: options.output) ? 0 : 1)
} catch {
  print("aether-bench-apps: \(error)")
  exit(1)
}
