import Arguments
import Glibc
import JSON
import Model

/// Commands about what happens now.
enum LiveCommands {
  static let all = [logs, top]

  static let logs = Command(
    "logs", "Print the output of a process, with its history",
    discussion: """
      examples:
        aether logs hello/web --tail 20
        aether logs -f hello/web
      """,
    options: [
      .flag("follow", "f", "Go on with new lines"), .value("tail", "n", "LINES", "Only the last lines of the history"),
      .value("since", nil, "TIME", "Only lines younger than this, such as 10m, or from this RFC 3339 time on"),
      .value("stream", nil, "STREAM", "Which output", default: "all", choices: ["stdout", "stderr", "all"]),
      .flag("timestamps", "t", "Put the time before each line"),
      .value("output", "o", "FORM", "Form of the lines", default: "text", choices: ["text", "json"]),
    ],
    operands: [Operand("PROCESS", "such as hello/web", completion: .dynamic("processes"))]
  ) { arguments in
    var query: [String] = ["stream=\(arguments.value("stream") ?? "all")"]
    if arguments.flag("follow") { query.append("follow=true") }
    if arguments.flag("timestamps") { query.append("timestamps=true") }
    if let tail = arguments.value("tail") { query.append("tail=" + APIClient.segment(tail)) }
    if let since = arguments.value("since") {
      let moment =
        Quantity.parse(since, .duration).map { (Timestamp.now() + .milliseconds(-$0)).description } ?? since
      query.append("since=" + APIClient.segment(moment))
    }
    let form = arguments.value("output") == "json" ? "application/x-ndjson" : "text/plain"
    let path =
      "/v1/processes/\(APIClient.segment(arguments.operand("PROCESS") ?? ""))/logs?\(query.joined(separator: "&"))"
    let response = try await APIClient(arguments).open("GET", path, headers: ["accept": form])
    for try await chunk in response.body { try Output.write(chunk) }
    return 0
  }

  static let top = Command(
    "top", "Show CPU and memory by workload, live",
    options: [
      .value("interval", nil, "TIME", "Between two looks", default: "2s"),
      .flag("once", nil, "Print once and end; so it is when the output is no terminal"),
      .value("output", "o", "FORM", "Form of the result", default: "table", choices: ["table", "json"]),
    ]
  ) { arguments in
    let client = try APIClient(arguments)
    guard let interval = Quantity.parse(arguments.value("interval") ?? "", .duration), interval >= 200 else {
      throw UsageError(
        "--interval is \"\(arguments.value("interval") ?? "")\"; accepted: a time from 200ms", path: arguments.path)
    }
    if arguments.value("output") == "json" {
      try Output.write(try await client.call("GET", "/v1/stats").text(.pretty) + "\n")
      return 0
    }
    guard !arguments.flag("once"), isatty(STDOUT_FILENO) == 1 else {
      try Output.write(table(try await client.call("GET", "/v1/stats")))
      return 0
    }
    try Output.write("\u{1B}[2J")
    while true {
      let text = table(try await client.call("GET", "/v1/stats"))
      // Home, then each line with the rest of the old one erased, then everything below.
      try Output.write("\u{1B}[H" + text.split(separator: "\n").map { $0 + "\u{1B}[K\r\n" }.joined() + "\u{1B}[J")
      try await Task.sleep(for: .milliseconds(interval))
    }
  }

  private static func table(_ stats: JSON) -> String {
    var table = Table(["KIND", "NAME", "CPU", "MEMORY", "LIMIT", "PROCESSES"])
    for item in stats["items"]?.arrayValue ?? [] {
      table.add([
        item["kind"]?.stringValue ?? "", item["name"]?.stringValue ?? "",
        item["cpuMillicores"]?.integerValue.map(Readable.cpu) ?? "-",
        item["memoryBytes"]?.integerValue.map(Readable.bytes) ?? "-",
        item["memoryLimitBytes"]?.integerValue.map(Readable.bytes) ?? "-",
        item["processes"]?.integerValue.map { String($0) } ?? "-",
      ])
    }
    return table.text
  }
}
