import Automata
import AutomataHost
import AutomatonFiles
import BenchReport
import Glibc
import Linux

// Many automata on one thread of one node: memory of each, and the share of a core that 10,000 of them take at 10 ticks a
// second, threads that write to the disk included.
// Usage: aether-bench-host [--output FILE] [--count N] [--seconds S] [--only WORD] [--directory FOLDER]
//   --only WORD         those cases whose name has it
//   --directory FOLDER  on the disk that files are to be measured on; the folder for temporary files without

struct Case {
  var name: String
  var source: String
  var aim: String
  /// Whether it ticks all the time.
  var isBusy: Bool
  /// Keeps traces and snapshots on disk.
  var isOnDisk = false
}

let busy = """
  config: {name: busy}
  automata:
    states: {a: {}, b: {}}
    transitions:
      ab: {from: a, to: b, type: immediate}
      ba: {from: b, to: a, type: immediate}
  """

let cases = [
  Case(
    name: "idle, waits for an event and a timer",
    source: """
      config: {name: lamp}
      automata:
        states: {off: {}, on: {}}
        transitions:
          press: {from: off, to: on, type: event, event: {triggers: [{signal: button, trigger: on_rise}]}}
          timeout: {from: on, to: off, type: timed, timed: {mode: after, after: 300ms}}
      variables:
        button: {type: bool, direction: input}
        light: {type: bool, direction: output}
      """, aim: "at most 4096 B", isBusy: false),
  Case(
    name: "idle, with scripts",
    source: """
      config: {name: lamp}
      automata:
        states: {off: {on_enter: 'setOutput("light", false)'}, on: {on_enter: 'setOutput("light", true)'}}
        transitions:
          press: {from: off, to: on, type: event, event: {triggers: [{signal: button, trigger: on_rise}]}}
          timeout: {from: on, to: off, type: timed, timed: {mode: after, after: 300ms}}
      variables:
        button: {type: bool, direction: input}
        light: {type: bool, direction: output}
      """, aim: "", isBusy: false),
  Case(
    name: "a script guard in every tick",
    source: """
      config: {name: guard}
      automata:
        states: {off: {}, on: {}}
        transitions:
          go: {from: off, to: on, condition: "level > 10"}
      variables:
        level: {type: int, direction: input}
      """, aim: "10,000 at 10 Hz on one core", isBusy: true),
  Case(
    name: "a transition in every tick", source: busy, aim: "10,000 at 10 Hz on one core", isBusy: true),
  Case(
    name: "a transition in every tick, on disk", source: busy, aim: "10,000 at 10 Hz on one core", isBusy: true,
    isOnDisk: true),
]

func argument(_ name: String) -> String? {
  let words = CommandLine.arguments
  return words.firstIndex(of: name).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
}

/// Bytes that the process has given to the disk's files, from `/proc/self/io`; 0 when it cannot be read.
func writtenBytes() -> Double {
  guard let file = fopen("/proc/self/io", "r") else { return 0 }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 128)
  while fgets(&line, Int32(line.count), file) != nil {
    let words = String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      .split(separator: " ")
    if words.first == "wchar:" { return words.last.flatMap { Double($0) } ?? 0 }
  }
  return 0
}

/// A new folder, which whoever asks removes.
func temporaryFolder() throws -> String {
  let parent = argument("--directory") ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
  var template = Array("\(parent)/aether-bench-host.XXXXXX".utf8CString)
  guard let path = mkdtemp(&template) else { throw LinuxError("mkdtemp", parent, errno: errno) }
  return String(cString: path)
}

let count = argument("--count").flatMap(Int.init) ?? 10_000
let seconds = argument("--seconds").flatMap(Int.init) ?? 10
let only = argument("--only") ?? ""
var report = BenchReport(name: "host")
var resting: [AutomatonHost] = []
for one in cases where only.isEmpty || one.name.contains(only) {
  let directory = one.isOnDisk ? try temporaryFolder() : nil
  defer { if let directory { try? Files.removeTree(directory) } }
  var options = AutomatonHost.Options(directory: directory)
  options.threads = 1
  let host = try AutomatonHost(options)
  await host.start()
  let model = try AutomatonFile.load(Array(one.source.utf8)).automaton
  let compiled = try host.compiled(model, semantics: nil)
  var run = RunOptions()
  run.tickLength = 100
  let before = ResidentMemory.bytes
  for index in 0..<count {
    try await host.apply(
      HostedSpec(
        id: "automaton-\(index)", owner: "bench", name: "automaton-\(index)", automaton: compiled, revision: "1",
        options: run))
  }
  try await Task.sleep(for: .seconds(2))
  if !one.isOnDisk {
    report.add(
      "memory of one: \(one.name)", unit: "B", ours: Samples([Double(ResidentMemory.bytes - before) / Double(count)]),
      aim: one.isBusy ? "" : one.aim)
  }
  let ticks = await host.statuses().reduce(0) { $0 + $1.counters.ticks }
  let lateness = await host.statuses().reduce(0) { $0 + $1.counters.latenessSum }
  let bytes = writtenBytes()
  let watch = Stopwatch()
  try await Task.sleep(for: .seconds(seconds))
  let (used, wall, written) = (watch.processorSeconds, watch.seconds, writtenBytes() - bytes)
  let statuses = await host.statuses()
  let taken = Double(statuses.reduce(0) { $0 + $1.counters.ticks } - ticks)
  let late = Double(statuses.reduce(0) { $0 + $1.counters.latenessSum } - lateness)
  report.add(
    "\(count) at 10 Hz: \(one.name)", unit: "% of a core", ours: Samples([used / wall * 100]),
    aim: one.isBusy ? one.aim : "")
  if one.isBusy {
    report.add("  ticks taken", unit: "1/s", ours: Samples([taken / wall]), aim: "\(count * 10)")
    report.add("  a tick comes late by, mean", unit: "ms", ours: Samples([late / max(1, taken)]), aim: "")
    report.add(
      "  latest tick", unit: "ms", ours: Samples([Double(statuses.map(\.counters.latenessMax).max() ?? 0)]), aim: "")
  }
  if one.isOnDisk { report.add("  written", unit: "kB/s", ours: Samples([written / wall / 1000]), aim: "") }
  // Those that rest stay, so that the next ones cannot use their memory.
  if one.isBusy { await host.shutdown() } else { resting.append(host) }
}
for host in resting { await host.shutdown() }
exit(report.finish(writingTo: argument("--output")) ? 0 : 1)
