import BenchReport
import Glibc
import JSON
import Model
import RocksDB
import Store

/// What the command line asks for.
struct Options {
  var output: String?
  var runs = 5
  var writes = 4000
  var watchers = 1000
  var directory = "/tmp"

  static let usage = """
    usage: aether-bench-store [--output FILE] [--runs N] [--writes N] [--watchers N] [--dir DIR]
      --output FILE  write the figures as JSON
      --runs N       runs of each side, taking turns (5)
      --writes N     writes per run (4000; a quarter of it with one writer)
      --watchers N   watchers of the fan-out (1000)
      --dir DIR      where the databases lie; must be on a real disk to mean something (/tmp)
    """

  init?(_ arguments: [String]) {
    var rest = arguments[...]
    while let name = rest.popFirst() {
      guard let value = rest.popFirst() else { return nil }
      switch (name, Int(value)) {
      case ("--output", _): output = value
      case ("--dir", _): directory = value
      case ("--runs", .some(let count)) where count > 0: runs = count
      case ("--writes", .some(let count)) where count > 0: writes = count
      case ("--watchers", .some(let count)) where count > 0: watchers = count
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
  var template = Array("\(options.directory)/aether-bench-store-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else {
    print("cannot make a directory in \(options.directory): \(String(cString: strerror(errno)))")
    return 1
  }
  let scratch = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  defer { removeTree(scratch) }
  var report = BenchReport(name: "store")
  do {
    try await measureWrites(options, in: scratch, &report)
    try await measureWatching(options, in: scratch, &report)
  } catch {
    print("failed: \(error)")
    return 1
  }
  return report.finish(writingTo: options.output) ? 0 : 1
}
