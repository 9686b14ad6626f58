import HTTP
import HTTPServer
import JSON
import Model
import Store

/// Output, figures and commands of what runs.
extension Gateway {
  var workloadRoutes: [Route] {
    [
      Route(.get, "/v1/stats", stats),
      Route(.get, "/v1/processes/{name}/logs", logs),
      Route(.get, "/v1/cells/{name}/exec", exec),
    ]
  }

  private enum StreamChoice: String, CaseIterable { case stdout, stderr, all }

  @Sendable private func stats(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    try request.requireAccept("application/json")
    let stats = await workloads.stats(owner: try context.caller().user)
    let items = stats.sorted { $0.key < $1.key }.map { stats -> JSON in
      var item: JSONObject = [
        "kind": .string(stats.key.kind), "name": .string(stats.key.name),
        "cpuNanoseconds": .integer(Int64(clamping: stats.cpuNanoseconds)),
        "memoryBytes": .integer(Int64(clamping: stats.memoryBytes)), "processes": .integer(Int64(stats.processCount)),
      ]
      if let cpu = stats.cpuMillicores { item["cpuMillicores"] = .integer(cpu) }
      if let limit = stats.memoryLimitBytes { item["memoryLimitBytes"] = .integer(Int64(clamping: limit)) }
      return .object(item)
    }
    return .json(["items": .array(items)])
  }

  @Sendable private func logs(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let key = try key(kind: "Process", context)
    try request.checkQuery(["follow", "tail", "since", "stream", "timestamps"])
    try request.requireAccept("text/plain", "application/x-ndjson")
    let isJSON = !request.accepts("text/plain")
    let hasTimes = try request.queryFlag("timestamps")
    var wanted = LogRequest()
    wanted.follow = try request.queryFlag("follow")
    wanted.tail = try request.queryInteger("tail", 0...1_000_000).map { Int($0) }
    if let text = request.query("since").first {
      guard let since = Timestamp(text) else {
        throw APIError.invalid(
          "since", "is \"\(text.prefix(80))\"", accepted: "an RFC 3339 time in UTC, such as 2026-01-31T12:00:00Z")
      }
      wanted.since = since
    }
    switch try request.queryChoice("stream", StreamChoice.self) {
    case .stdout: wanted.stream = .stdout
    case .stderr: wanted.stream = .stderr
    case .all, nil: wanted.stream = nil
    }
    let lines = try await workloads.logs(of: try await find(key), wanted)
    var headers = HTTPHeaders()
    headers.add("content-type", isJSON ? "application/x-ndjson" : "text/plain; charset=utf-8")
    let body = HTTPResponse.Body.stream(length: nil) { writer in
      for try await line in lines { try await writer.write(line.bytes(isJSON: isJSON, hasTime: hasTimes)) }
    }
    return HTTPResponse(status: .ok, headers: headers, body: body)
  }
}

extension LogLine {
  /// The line as text, ending in a line feed.
  func bytes(isJSON: Bool, hasTime: Bool) -> [UInt8] {
    var output: [UInt8] = []
    if isJSON {
      let entry: JSON = [
        "time": .string(time.description), "stream": .string(stream.rawValue),
        "line": .string(String(decoding: text, as: UTF8.self)),
      ]
      entry.write(to: &output)
    } else {
      if hasTime {
        output += time.description.utf8
        output.append(0x20)
      }
      output += text
    }
    output.append(0x0A)
    return output
  }
}
