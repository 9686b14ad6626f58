import Arguments
import JSON
import Model
import WebSocket

extension AppOnlineCommands {
  static let list = Command("list", "Print all apps", options: [OutputForm.option]) { arguments in
    let client = try APIClient(arguments)
    let kind = try await client.kind("app")
    try Output.resources(try await client.list(kind, selector: nil).items, kind, OutputForm(arguments))
    return 0
  }

  static let info = Command(
    "info", "Print everything about an installed app", options: [outputOption], operands: [nameOperand]
  ) { arguments in
    let state = try await APIClient(arguments).call("GET", path(arguments, "state"))
    try Output.write(arguments.value("output") == "json" ? state.text(.pretty) + "\n" : text(of: state))
    return 0
  }

  private static func text(of state: JSON) -> String {
    func word(_ value: JSON?) -> String {
      guard let value, !value.isNull else { return "-" }
      return Readable.line(value.stringValue ?? value.text())
    }
    var lines: [(String, String)] = [
      ("Name", word(state["name"])), ("Version", word(state["version"])), ("State", word(state["state"])),
      ("Signed", state["signed"] == true ? "yes" : "no"), ("SHA-256", word(state["sha256"])),
      ("Size", state["size"]?.integerValue.map(Readable.bytes) ?? "-"), ("Starts", word(state["starts"])),
      ("Crashes", word(state["crashes"])), ("Granted", list(state["capabilities"]?["granted"])),
      ("Denied", list(state["capabilities"]?["denied"])),
      ("Restart", "\(word(state["restart"]?["policy"])), up to \(word(state["restart"]?["maxRetries"])) times"),
      ("Autostart", state["autostart"] == true ? "yes" : "no"),
    ]
    if let previous = state["previousVersion"] { lines.append(("Previous", word(previous))) }
    if let version = state["availableVersion"] { lines.append(("Available", word(version))) }
    for command in state["commands"]?.arrayValue ?? [] { lines.append(("Command", word(command))) }
    return lines.map { "\($0.0):" + String(repeating: " ", count: 11 - $0.0.count) + "\($0.1)\n" }.joined()
  }

  static let logs = Command(
    "logs", "Print what an app wrote, as far as it is kept",
    discussion: """
      examples:
        aether app logs counter -n 20
        aether app logs -f counter
      """,
    options: [
      .flag("follow", "f", "Go on with new lines"), .value("tail", "n", "LINES", "Only the last lines"),
      .value("from", nil, "NUMBER", "Only lines from this number on; -o json has the numbers"),
      .flag("timestamps", "t", "Put the time before each line"), outputOption,
    ],
    operands: [nameOperand]
  ) { arguments in
    var query: [String] = []
    for name in ["follow", "timestamps"] where arguments.flag(name) { query.append("\(name)=true") }
    for name in ["tail", "from"] {
      if let value = arguments.value(name) { query.append("\(name)=" + APIClient.segment(value)) }
    }
    let form = arguments.value("output") == "json" ? "application/x-ndjson" : "text/plain"
    let response = try await APIClient(arguments).open(
      "GET", path(arguments, "logs" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))),
      headers: ["accept": form])
    for try await chunk in response.body { try Output.write(chunk) }
    return 0
  }

  static let stats = Command(
    "stats", "Print what a running app has used", options: [outputOption], operands: [nameOperand]
  ) { arguments in
    let stats = try await APIClient(arguments).call("GET", path(arguments, "stats"))
    if arguments.value("output") == "json" {
      try Output.write(stats.text(.pretty) + "\n")
      return 0
    }
    func number(_ name: String) -> Int64 { stats[name]?.integerValue ?? 0 }
    var table = Table(["WHAT", "AMOUNT"])
    table.add(["processor", "\(number("executionMicroseconds") / 1000) ms"])
    table.add(["load", "\(number("loadMicroseconds")) us"])
    table.add(["calls", "\(number("calls"))"])
    table.add(["memory", Readable.bytes(number("memoryBytes"))])
    table.add(["memory peak", Readable.bytes(number("memoryPeakBytes"))])
    table.add(["storage", Readable.bytes(number("storageBytes"))])
    table.add(["handles", "\(number("handles"))"])
    table.add(["denied", "\(number("denied"))"])
    table.add(["rate limited", "\(number("rateLimited"))"])
    table.add(["log lines", "\(number("logLines")), \(number("droppedLogLines")) dropped"])
    table.add(["messages dropped", "\(number("droppedMessages"))"])
    if let fuel = stats["fuelUsed"]?.integerValue { table.add(["fuel", "\(fuel) used"]) }
    try Output.write(table.text)
    return 0
  }

  static let crashes = Command(
    "crashes", "Print the last failures of an app with their back-traces", options: [outputOption],
    operands: [nameOperand]
  ) { arguments in
    let answer = try await APIClient(arguments).call("GET", path(arguments, "crashes"))
    if arguments.value("output") == "json" {
      try Output.write(answer.text(.pretty) + "\n")
      return 0
    }
    for crash in answer["items"]?.arrayValue ?? [] {
      func word(_ name: String) -> String { Readable.line(crash[name]?.stringValue ?? "-") }
      let seconds = Double(crash["uptimeMilliseconds"]?.integerValue ?? 0) / 1000
      let version = word("version").isEmpty ? "" : "version \(word("version")), "
      var text = "\(word("at"))  \(word("kind")): \(word("reason")) (\(version)after \(seconds) s)\n"
      for frame in crash["backTrace"]?.arrayValue ?? [] { text += "    \(Readable.line(frame.stringValue ?? ""))\n" }
      try Output.write(text)
    }
    return 0
  }

  static let audit = Command(
    "audit", "Print what an app did that matters for security", options: [outputOption], operands: [nameOperand]
  ) { arguments in
    let answer = try await APIClient(arguments).call("GET", path(arguments, "audit"))
    if arguments.value("output") == "json" {
      try Output.write(answer.text(.pretty) + "\n")
      return 0
    }
    var table = Table(["TIME", "EVENT", "COUNT", "DETAIL"])
    for entry in answer["items"]?.arrayValue ?? [] {
      table.add([
        entry["time"]?.stringValue ?? "", entry["event"]?.stringValue ?? "",
        "\(entry["count"]?.integerValue ?? 1)", Readable.line(entry["detail"]?.stringValue ?? ""),
      ])
    }
    try Output.write(table.text)
    return 0
  }

  static let screen = Command(
    "screen", "Write what an app shows into a file, as PNG",
    operands: [nameOperand, Operand("FILE", "such as snake.png, or - for standard output", completion: .files)]
  ) { arguments in
    let response = try await APIClient(arguments).open(
      "GET", path(arguments, "screen"), headers: ["accept": "image/png"])
    let picture = try await response.body.collect(sizeMax: 64 << 20)
    let file = arguments.operand("FILE") ?? ""
    if file == "-" {
      try Output.write(picture)
    } else {
      try File.write(picture, to: file)
    }
    return 0
  }

  static let events = Command("events", "Print changes of state of all apps, from now on, one JSON object a line") {
    arguments in
    let socket = try await SocketClient(APIClient(arguments)).connect("/v1/app-events")
    while let message = try await socket.receive() {
      if case .text(let text) = message { try Output.write(text + "\n") }
    }
    return 0
  }
}
