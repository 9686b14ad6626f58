import BenchReport
import Glibc
import Script

/// What the command line asks for.
struct Options {
  var output: String?
  var runs = 5

  static let usage = """
    usage: aether-bench-script [--output FILE] [--runs N]
      --output FILE  write the figures as JSON
      --runs N       runs of each side, taking turns (5)
    """

  init?(_ arguments: [String]) {
    var rest = arguments[...]
    while let name = rest.popFirst() {
      guard let value = rest.popFirst() else { return nil }
      switch (name, Int(value)) {
      case ("--output", _): output = value
      case ("--runs", .some(let count)) where count > 0: runs = count
      default: return nil
      }
    }
  }
}

struct Failure: Error { var text: String }

final class CollectingHost: ScriptHost {
  var output: [UInt8] = []

  override func print(_ line: [UInt8]) { output += line + [10] }
}

/// Runs a program in a machine of its own, with budgets on; gives processor seconds and what it printed.
func runOurs(_ source: String) throws -> (seconds: Double, output: [UInt8]) {
  let watch = Stopwatch()
  let host = CollectingHost()
  let machine = Machine(
    host: host, budget: Budget(instructions: 1 << 50, memory: 256 << 20, stringLength: 16 << 20))
  let program = try ScriptCompiler.compile(Array(source.utf8), name: Array("bench".utf8))
  try machine.run(try machine.load(program))
  return (watch.processorSeconds, host.output)
}

/// Runs a program in a process of `lua5.4`; gives its processor seconds and what it printed.
func runLua(_ source: String) throws -> (seconds: Double, output: [UInt8]) {
  var ends: [Int32] = [0, 0]
  guard pipe(&ends) == 0 else { throw Failure(text: "no pipe: \(String(cString: strerror(errno)))") }
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
  posix_spawn_file_actions_addclose(&actions, ends[0])
  defer { posix_spawn_file_actions_destroy(&actions) }
  let words = ["lua5.4", "-e", source]
  var arguments: [UnsafeMutablePointer<CChar>?] = words.map { word in strdup(word) }
  arguments.append(nil)
  defer { for argument in arguments { free(argument) } }
  var child: pid_t = 0
  let status = posix_spawnp(&child, "lua5.4", &actions, nil, &arguments, environ)
  close(ends[1])
  defer { close(ends[0]) }
  guard status == 0 else { throw Failure(text: "cannot start lua5.4: \(String(cString: strerror(status)))") }
  var output: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while case let count = read(ends[0], &buffer, buffer.count), count > 0 { output += buffer[..<count] }
  var usage = rusage()
  var exit: Int32 = 0
  wait4(child, &exit, 0, &usage)
  guard exit == 0 else { throw Failure(text: "lua5.4 failed") }
  let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
  return (seconds + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6, output)
}

guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
  print(Options.usage)
  exit(2)
}
var report = BenchReport(name: "script")
do {
  for program in programs {
    var ours = Samples()
    var peer = Samples()
    for _ in 0..<options.runs {
      let own = try runOurs(program.source)
      let lua = try runLua(program.source)
      guard own.output == lua.output else { throw Failure(text: "\(program.name): different results") }
      ours.append(own.seconds * 1000)
      peer.append(lua.seconds * 1000)
    }
    report.add(program.name, unit: "ms CPU", ours: ours, peer: peer, peerName: "lua5.4", aim: "ratio <= 2")
  }
} catch {
  print("failed: \(error)")
  exit(1)
}
exit(report.finish(writingTo: options.output) ? 0 : 1)
