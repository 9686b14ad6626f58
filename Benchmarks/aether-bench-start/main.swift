import BenchReport
import Glibc
import Linux
import Node

/// What the command line asks for.
struct Options {
  var output: String?
  var runs = 40
  var cells = 500
  var directory = "/tmp"

  static let usage = """
    usage: aether-bench-start [--output FILE] [--runs N] [--cells N] [--dir DIR]
      --output FILE  write the figures as JSON
      --runs N       runs of each contender, taking turns (40)
      --cells N      cells that live at once (500)
      --dir DIR      where the root file system and the node's state lie (/tmp)
    """

  init?(_ arguments: [String]) {
    var rest = arguments[...]
    while let name = rest.popFirst() {
      guard let value = rest.popFirst() else { return nil }
      switch (name, Int(value)) {
      case ("--output", _): output = value
      case ("--dir", _): directory = value
      case ("--runs", .some(let count)) where count > 0: runs = count
      case ("--cells", .some(let count)) where count > 0: cells = count
      default: return nil
      }
    }
  }
}

guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
  print(Options.usage)
  exit(2)
}
exit(await run(options))

/// Measures everything; gives the exit status.
@concurrent func run(_ options: Options) async -> Int32 {
  guard geteuid() == 0 else {
    print("needs root: control groups and namespaces")
    return 1
  }
  let scratch = "\(options.directory)/aether-bench-start-\(getpid())"
  var report = BenchReport(name: "start")
  do {
    let bundle = try Bundle(scratch)
    defer { bundle.remove() }
    let node = try await NodeRuntime.start(
      .init(
        directories: .init(state: scratch + "/state", run: scratch + "/run"), instance: "bench-\(getpid())"))
    try await measureStarts(options, node, bundle, &report)
    try await measurePresence(options, node, bundle, &report)
    await node.shutdown()
    let way = try await ThroughAPI(scratch)
    do {
      report.add(
        "apply to Running, seen by a watcher", unit: "ms",
        ours: try await way.measure(runs: options.runs, root: bundle.root), aim: "<= 10 ms")
      let (ours, written) = try await way.uploads(of: 32 << 20, runs: 7, directory: scratch)
      report.add(
        "upload of 32 MiB over HTTPS, until it is on the disk", unit: "ms", ours: ours, peer: written,
        peerName: "write and fsync alone", aim: "<= 335 ms (100 MB/s)")
      await way.stop()
    } catch {
      await way.stop()
      throw error
    }
  } catch {
    print("failed: \(error)")
    return 1
  }
  return report.finish(writingTo: options.output) ? 0 : 1
}

/// Our start and those of the peers, taking turns.
func measureStarts(
  _ options: Options, _ node: NodeRuntime, _ bundle: Bundle, _ report: inout BenchReport
) async throws {
  var ours = Samples()
  var steps = [Samples](repeating: Samples(), count: 4)
  var peers = [(Peer, Samples)]()
  for peer in bundle.peers {
    guard peer.run() else {
      print("\(peer.name) cannot run here; left out")
      continue
    }
    peers.append((peer, Samples()))
  }
  for _ in 0..<5 { _ = try await startOnce(node, bundle) }
  for _ in 0..<options.runs {
    let taken = try await startOnce(node, bundle)
    ours.append(taken.reduce(0, +) * 1000)
    for index in taken.indices { steps[index].append(taken[index] * 1000) }
    for index in peers.indices {
      let watch = Stopwatch()
      guard peers[index].0.run() else { throw BenchFailure(message: "\(peers[index].0.name) failed") }
      peers[index].1.append(watch.seconds * 1000)
    }
  }
  for (peer, samples) in peers {
    report.add(
      "create, start, exit, remove", unit: "ms", ours: ours, peer: samples, peerName: peer.name,
      aim: peer.name == "crun run" ? "<= 0.3 x crun" : "")
  }
  for (name, samples) in zip(["create cell", "start process", "see its exit", "remove cell"], steps) {
    report.add("  of which: \(name)", unit: "ms", ours: samples)
  }
  var p95 = Samples()
  p95.append(ours.percentile(95))
  report.add("create, start, exit, remove: 95th percentile", unit: "ms", ours: p95)
}

/// Seconds for create, start, exit and remove.
func startOnce(_ node: NodeRuntime, _ bundle: Bundle) async throws -> [Double] {
  var cell = CellConfiguration(id: "start")
  cell.root = .directory(bundle.root)
  cell.limits.memoryMax = 256 << 20
  cell.limits.processesMax = 64
  cell.limits.cpuQuotaMicroseconds = 100_000
  var times: [Double] = []
  var watch = Stopwatch()
  _ = try await node.createCell(cell)
  times.append(watch.seconds)
  watch = Stopwatch()
  try await node.startProcess(cell: "start", ProcessConfiguration(id: "true", arguments: ["/bin/true"]))
  times.append(watch.seconds)
  watch = Stopwatch()
  let state = try await node.waitForExit(cell: "start", process: "true")
  times.append(watch.seconds)
  watch = Stopwatch()
  try await node.removeCell("start")
  times.append(watch.seconds)
  guard state.exitReason == .code(0) else { throw BenchFailure(message: "\(state)") }
  return times
}

/// Many cells at once: time to have them, memory each, time to be rid of them.
func measurePresence(
  _ options: Options, _ node: NodeRuntime, _ bundle: Bundle, _ report: inout BenchReport
) async throws {
  let before = availableKiB()
  var watch = Stopwatch()
  try await inParallel(options.cells) { index in
    var cell = CellConfiguration(id: "live-\(index)")
    cell.root = .directory(bundle.root)
    cell.limits.memoryMax = 256 << 20
    cell.limits.processesMax = 64
    _ = try await node.createCell(cell)
    try await node.startProcess(cell: cell.id, ProcessConfiguration(id: "sleep", arguments: ["/bin/sleep"]))
  }
  let started = watch.seconds
  let each = Double(before - availableKiB()) / Double(options.cells)
  let resident = await node.list().reduce(0) { $0 + residentKiB($1.supervisorPid) } / options.cells
  watch = Stopwatch()
  try await inParallel(options.cells) { index in try await node.removeCell("live-\(index)") }
  let removed = watch.seconds
  report.add(
    "\(options.cells) live cells with a process", unit: "s", ours: Samples([started]),
    aim: options.cells == 500 ? "< 2 s" : "")
  report.add("  removing them", unit: "s", ours: Samples([removed]))
  report.add("  memory of each, all of it", unit: "KiB", ours: Samples([each]))
  report.add("  resident memory of a supervisor", unit: "KiB", ours: Samples([Double(resident)]), aim: "< 300 KiB")
}

func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for worker in 0..<8 {
      group.addTask { for index in stride(from: worker, to: count, by: 8) { try await body(index) } }
    }
    try await group.waitForAll()
  }
}

func availableKiB() -> Int {
  let line = (try? Files.text("/proc/meminfo"))?.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
  return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
}

func residentKiB(_ pid: Int32) -> Int {
  let line = (try? Files.text("/proc/\(pid)/status"))?.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
  return line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0
}

struct BenchFailure: Error {
  var message: String
}
