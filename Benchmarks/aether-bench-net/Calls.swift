import BenchReport
import GRPC
import Glibc
import Net

/// Unary gRPC calls under load: the health service's `Check`, which the server answers at once, and its `List`, whose
/// handler is a task as most programs' handlers are.
struct Calls {
  let servers: Servers
  /// Calls of one run.
  let count: Int

  private static let path = "/grpc.health.v1.Health/Check"

  /// Through h2load, without client certificates, which it has not.
  func h2load(_ server: Server) throws -> LoadFigures {
    let body = servers.directory + "/check.bin"
    guard let file = fopen(body, "w") else { throw Command.Failure(description: "cannot write \(body)") }
    // An empty message: the prefix is all there is.
    let bytes: [UInt8] = [0, 0, 0, 0, 0]
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
    return try servers.h2load(
      server, path: Self.path, requests: count, connections: 1, streams: 64,
      arguments: ["-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers"])
  }

  /// Through our own client, `inFlight` calls at a time on one connection.
  func own(_ server: Server, inFlight: Int, task: Bool = false) async throws -> LoadFigures {
    let group = try EventLoopGroup(count: 1)
    var configuration = GRPCClientConfiguration()
    if server.scheme == "https" {
      let certificates = servers.certificates
      var tls = TLSConfiguration()
      tls.trustRoots = .file(certificates.authority)
      tls.identity = .init(chain: .file(certificates.chain), key: .file(certificates.key))
      tls.alpn = ["h2"]
      configuration.connect.tls = try TLSContext(client: tls)
    }
    let loop = group.next()
    let client = GRPCHealthV1.HealthClient(
      GRPCClient(.address(.loopback(port: server.port)), on: loop, configuration: configuration))
    _ = try await client.check(GRPCHealthV1.HealthCheckRequest())
    let before = server.process.processorSeconds()
    let watch = Stopwatch()
    let each = count / inFlight
    let times = try await withThrowingTaskGroup(of: [Double].self) { tasks in
      for _ in 0..<inFlight {
        tasks.addTask(executorPreference: loop) {
          var times: [Double] = []
          times.reserveCapacity(each)
          for _ in 0..<each {
            let start = MonotonicInstant.now
            guard try await answers(client, task: task) else {
              throw Command.Failure(description: "a call failed")
            }
            times.append(Double(MonotonicInstant.now.nanoseconds - start.nanoseconds) / 1e6)
          }
          return times
        }
      }
      return try await tasks.reduce(into: []) { $0 += $1 }
    }
    let seconds = watch.seconds
    let used = server.process.processorSeconds() - before
    await client.client.close()
    group.shutdown()
    let samples = Samples(times)
    return LoadFigures(
      requestsPerSecond: Double(times.count) / seconds, p50: samples.median, p99: samples.percentile(99),
      processor: used * 1e6 / Double(times.count))
  }

  private func answers(_ client: GRPCHealthV1.HealthClient, task: Bool) async throws -> Bool {
    if task { return try await client.list(GRPCHealthV1.HealthListRequest()).statuses[""]?.status == .serving }
    return try await client.check(GRPCHealthV1.HealthCheckRequest()).status == .serving
  }

  func measure(runs: Int, _ report: inout BenchReport) async throws {
    let security = ["--client-ca", servers.certificates.authority]
    for (name, tls, arguments, ownClient, task) in [
      ("plain, h2load", false, [], false, false), ("TLS 1.3, h2load", true, [], false, false),
      ("plain, own client", false, [], true, false), ("mutual TLS, own client", true, security, true, false),
      ("mutual TLS, own client, a task per call", true, security, true, true),
    ] {
      let server = try await servers.ours(tls: tls, arguments: arguments)
      defer { server.process.stop() }
      var samples = LoadSamples()
      // The first run fills caches.
      for run in 0...runs {
        progress("gRPC \(name): run \(run) of \(runs)")
        let figures = ownClient ? try await own(server, inFlight: 64, task: task) : try h2load(server)
        if run > 0 { samples.append(figures) }
      }
      let title = "gRPC unary, \(name), 64 in flight"
      report.add("\(title): calls", unit: "1/s", ours: samples.rate)
      report.add("\(title): median", unit: "ms", ours: samples.p50)
      report.add("\(title): 99th percentile", unit: "ms", ours: samples.p99)
      report.add("\(title): server processor per call", unit: "µs", ours: samples.processor, aim: "≤ 5 µs")
    }
  }
}
