import BenchReport
import Glibc

struct Options {
  var output: String?
  var runs = 5
  var seconds = 3
  var requests = 60_000
  var sockets = 10_000
  var subject: Subject?

  enum Subject: String { case http, grpc, websocket }

  static let usage = """
    usage: aether-bench-net [--only http|grpc|websocket] [--output FILE] [--runs N] [--seconds N] [--requests N]
                            [--sockets N]
      --only NAME    measure one subject
      --output FILE  write the figures as JSON
      --runs N       runs of each contender, taking turns (5)
      --seconds N    length of each run over HTTP/1.1 (3)
      --requests N   requests of each run over HTTP/2 (60000)
      --sockets N    idle WebSockets (10000)
    Needs nginx, wrk, h2load and openssl. On two or more processors the server has the first to itself.
    """

  init?(_ arguments: [String]) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard let value = rest.popFirst() else { return nil }
      switch argument {
      case "--output": output = value
      case "--only":
        guard let name = Subject(rawValue: value) else { return nil }
        subject = name
      case "--runs":
        guard let number = Int(value), number > 0 else { return nil }
        runs = number
      case "--seconds":
        guard let number = Int(value), number > 0 else { return nil }
        seconds = number
      case "--requests":
        guard let number = Int(value), number > 0 else { return nil }
        requests = number
      case "--sockets":
        guard let number = Int(value), number > 0 else { return nil }
        sockets = number
      default: return nil
      }
    }
  }
}

extension Options {
  func measures(_ subject: Subject) -> Bool { self.subject == nil || self.subject == subject }
}

/// Says what goes on, beside the figures.
func progress(_ text: String) {
  let line = text + "\n"
  _ = write(2, line, line.utf8.count)
}

/// A server of ours and one of nginx, measured in turns.
func compare(
  _ title: String, _ report: inout BenchReport, runs: Int, ours: Server, peer: Server,
  _ measure: (Server) throws -> LoadFigures
) throws {
  defer {
    ours.process.stop()
    peer.process.stop()
  }
  // The first requests fill caches.
  _ = try measure(ours)
  _ = try measure(peer)
  var samples = (ours: LoadSamples(), peer: LoadSamples())
  for run in 0..<runs {
    progress("\(title): run \(run + 1) of \(runs)")
    samples.ours.append(try measure(ours))
    samples.peer.append(try measure(peer))
  }
  report.add(
    "\(title): requests", unit: "1/s", ours: samples.ours.rate, peer: samples.peer.rate, peerName: "nginx")
  report.add("\(title): 99th percentile", unit: "ms", ours: samples.ours.p99, peer: samples.peer.p99, peerName: "nginx")
  report.add(
    "\(title): processor per request", unit: "µs", ours: samples.ours.processor, peer: samples.peer.processor,
    peerName: "nginx", aim: "≤ 1 × nginx")
}

func run(_ options: Options) async throws -> Bool {
  var template = Array("/tmp/aether-bench-net-XXXXXX".utf8CString)
  guard let made = mkdtemp(&template) else { return false }
  let directory = String(cString: made)
  defer { _ = try? Command(["rm", "-rf", directory]).run() }
  var path = [CChar](repeating: 0, count: 4096)
  let length = readlink("/proc/self/exe", &path, path.count - 1)
  guard length > 0 else { return false }
  let program = String(decoding: path[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  let servers = Servers(
    directory: directory, certificates: try Certificates(in: directory),
    programs: String(program[..<(program.lastIndex(of: "/") ?? program.startIndex)]),
    pins: sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1)
  var report = BenchReport(name: "net")
  for (name, tls) in [("plain", false), ("TLS 1.3", true)] where options.measures(.http) {
    try compare(
      "HTTP/1.1 \(name)", &report, runs: options.runs, ours: try await servers.ours(tls: tls),
      peer: try await servers.nginx(tls: tls, http2: false)
    ) { try servers.wrk($0, path: "/json", seconds: options.seconds) }
    try compare(
      "HTTP/2 \(name)", &report, runs: options.runs, ours: try await servers.ours(tls: tls),
      peer: try await servers.nginx(tls: tls, http2: true)
    ) { try servers.h2load($0, path: "/json", requests: options.requests, connections: 8, streams: 8) }
  }
  if options.measures(.grpc) {
    try await Calls(servers: servers, count: options.requests).measure(runs: options.runs, &report)
  }
  for (name, tls, aim) in [("plain", false, "≤ 12 kB"), ("TLS", true, "≤ 26 kB")]
  where options.measures(.websocket) {
    progress("\(options.sockets) idle WebSockets, \(name)")
    let idle = IdleSockets(servers: servers, count: options.sockets)
    report.add(
      "idle WebSocket, \(name), \(options.sockets) of them", unit: "kB",
      ours: Samples([try await idle.measure(tls: tls) / 1000]), aim: aim)
  }
  return report.finish(writingTo: options.output)
}

guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
  print(Options.usage)
  exit(2)
}
do {
  exit(try await run(options) ? 0 : 1)
} catch {
  print("bench-net: \(error)")
  exit(1)
}
