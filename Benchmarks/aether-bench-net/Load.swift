import BenchReport
import Glibc

/// What one run of a load generator found.
struct LoadFigures {
  var requestsPerSecond: Double
  /// Milliseconds.
  var p50: Double
  var p99: Double
  /// Microseconds of the server's processor time per request.
  var processor: Double
}

/// The runs of one contender.
struct LoadSamples {
  var rate = Samples()
  var p50 = Samples()
  var p99 = Samples()
  var processor = Samples()

  mutating func append(_ figures: LoadFigures) {
    rate.append(figures.requestsPerSecond)
    p50.append(figures.p50)
    p99.append(figures.p99)
    processor.append(figures.processor)
  }
}

extension Servers {
  /// HTTP/1.1 with 64 connections for `seconds`.
  func wrk(_ server: Server, path: String, seconds: Int) throws -> LoadFigures {
    let before = server.process.processorSeconds()
    let output = try Command(
      load(["wrk", "-t1", "-c64", "-d\(seconds)s", "--latency", server.url(path)])
    ).run()
    let used = server.process.processorSeconds() - before
    guard !output.contains("Non-2xx"), !output.contains("Socket errors") else {
      throw Command.Failure(description: "requests failed:\n\(output)")
    }
    let lines = output.split(separator: "\n").map { $0.split(separator: " ") }
    guard let rate = lines.first(where: { $0.first == "Requests/sec:" })?.last.flatMap({ Double($0) }),
      let p50 = lines.first(where: { $0.first == "50%" })?.last.flatMap({ milliseconds(String($0)) }),
      let p99 = lines.first(where: { $0.first == "99%" })?.last.flatMap({ milliseconds(String($0)) }),
      let count = lines.first(where: { $0.count > 2 && $0[1] == "requests" && $0[2] == "in" })?[0],
      let total = Double(count)
    else { throw Command.Failure(description: "cannot read what wrk printed:\n\(output)") }
    return LoadFigures(requestsPerSecond: rate, p50: p50, p99: p99, processor: used * 1e6 / total)
  }

  /// HTTP/2: `requests` over `connections`, `streams` at a time on each.
  func h2load(
    _ server: Server, path: String, requests: Int, connections: Int, streams: Int, arguments: [String] = []
  ) throws -> LoadFigures {
    let log = "\(directory)/h2load.log"
    unlink(log)
    let before = server.process.processorSeconds()
    let output = try Command(
      load(
        ["h2load", "-t1", "-n\(requests)", "-c\(connections)", "-m\(streams)", "--log-file=\(log)"] + arguments
          + [server.url(path)])
    ).run()
    let used = server.process.processorSeconds() - before
    let words = output.split(whereSeparator: { $0 == " " || $0 == "\n" || $0 == "," })
    guard output.contains(" \(requests) succeeded, 0 failed, 0 errored, 0 timeout"),
      let unit = words.firstIndex(of: "req/s"), let rate = Double(words[unit - 1])
    else { throw Command.Failure(description: "requests failed:\n\(output)") }
    let times = try latencies(log)
    return LoadFigures(
      requestsPerSecond: rate, p50: times.median / 1000, p99: times.percentile(99) / 1000,
      processor: used * 1e6 / Double(requests))
  }

  /// The third column of h2load's log: microseconds of each request.
  private func latencies(_ path: String) throws -> Samples {
    guard let file = fopen(path, "r") else { throw Command.Failure(description: "h2load wrote no \(path)") }
    defer { fclose(file) }
    var values: [Double] = []
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if let value = text.split(separator: "\t").dropFirst(2).first.flatMap({ Double($0) }) { values.append(value) }
    }
    return Samples(values)
  }

  /// `1.23ms`, `456.00us` or `1.10s`.
  private func milliseconds(_ text: String) -> Double? {
    for (unit, factor) in [("us", 0.001), ("ms", 1.0), ("s", 1000.0)] where text.hasSuffix(unit) {
      return Double(text.dropLast(unit.count)).map { $0 * factor }
    }
    return nil
  }
}
