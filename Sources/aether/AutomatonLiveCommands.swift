import Arguments
import Glibc
import JSON
import Model
import WebSocket

/// Commands about automata that run on a node.
enum AutomatonLiveCommands {
  static let all = [state, set, control, trace, events]

  private static let nameOperand = Operand("NAME", "which", completion: .dynamic("automata"))
  private static let outputOption = Option.value(
    "output", "o", "FORM", "Form of the result", default: "text", choices: ["text", "json"])
  private static let kindsOption = Option.value(
    "kinds", nil, "KINDS", "Only these, comma separated: state, transitions, outputs, inputs, variables, logs, errors")

  private static func path(_ arguments: ParsedArguments, _ rest: String) -> String {
    "/v1/automata/\(APIClient.segment(arguments.operand("NAME") ?? ""))/\(rest)"
  }

  static let state = Command(
    "state", "Print how a running automaton stands", options: [outputOption], operands: [nameOperand]
  ) { arguments in
    try show(try await APIClient(arguments).call("GET", path(arguments, "state")), arguments)
    return 0
  }

  static let set = Command(
    "set", "Set inputs of a running automaton, all or none",
    discussion: """
      examples:
        aether automaton set thermostat temp=17.5 window_open=false
        aether automaton set thermostat --variables cycles=0
      """,
    options: [.flag("variables", nil, "Set outputs and internal variables instead"), outputOption],
    operands: [nameOperand, Operand("INPUT=VALUE", "such as temp=17.5", .atLeastOne)]
  ) { arguments in
    var values: JSONObject = [:]
    for pair in arguments.allOperands("INPUT=VALUE") {
      guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
        throw UsageError("\"\(pair)\" is no INPUT=VALUE", path: arguments.path)
      }
      // The daemon knows the types; text that spells a value of one is such a value.
      values[String(pair[..<equals])] = .string(String(pair[pair.index(after: equals)...]))
    }
    let end = arguments.flag("variables") ? "variables" : "inputs"
    let answer = try await APIClient(arguments).call("POST", path(arguments, end), body: .object(values))
    try show(answer, arguments)
    return 0
  }

  static let control = Command(
    "control", "Pause, resume, step, stop, start or reset a running automaton",
    discussion: """
      examples:
        aether automaton control thermostat pause
        aether automaton control thermostat step 10
        aether automaton control thermostat force idle
        aether automaton control thermostat raise reset
      """,
    options: [outputOption],
    operands: [
      nameOperand,
      Operand(
        "ACTION", "pause, resume, step, stop, start, reset, force or raise",
        completion: .words(["pause", "resume", "step", "stop", "start", "reset", "force", "raise"])),
      Operand("ARGUMENT", "for step the number of ticks, for force the state, for raise the event", .optional),
    ]
  ) { arguments in
    let action = arguments.operand("ACTION") ?? ""
    let argument = arguments.operand("ARGUMENT")
    var body: JSONObject = ["action": .string(action)]
    switch (action, argument) {
    case ("step", let text?):
      guard let count = Int64(text) else {
        throw UsageError("\"\(text)\" is no number of ticks", path: arguments.path)
      }
      body["count"] = .integer(count)
    case ("force", let state?): body["state"] = .string(state)
    case ("raise", let event?): body["event"] = .string(event)
    case ("force", nil), ("raise", nil):
      throw UsageError("\(action) needs \(action == "force" ? "a state" : "an event")", path: arguments.path)
    case (_, let text?): throw UsageError("\(action) takes no argument, and \"\(text)\" is one", path: arguments.path)
    case (_, nil): break
    }
    let answer = try await APIClient(arguments).call("POST", path(arguments, "control"), body: .object(body))
    try show(answer, arguments)
    return 0
  }

  static let trace = Command(
    "trace", "Print the trace of a running automaton, one JSON object a line",
    discussion: """
      The whole trace since the automaton was started last, as far as its specification keeps it (spec.trace), and with
      --follow everything that happens. "aether automaton replay" runs it again and compares every byte.
      examples:
        aether automaton trace thermostat > t.jsonl
        aether automaton trace thermostat -n 20
        aether automaton trace thermostat -f --kinds transitions,errors
        aether automaton trace thermostat --runs
        aether automaton trace thermostat --run 3 > earlier.jsonl
      """,
    options: [
      .flag("follow", "f", "Go on with new lines"),
      .value("tail", "n", "LINES", "Only the last lines, without the header"), kindsOption,
      .flag("runs", nil, "List the starts of which traces are kept"),
      .value("run", nil, "NUMBER", "The trace of this start, instead of the last one"),
    ],
    operands: [nameOperand]
  ) { arguments in
    if arguments.flag("runs") {
      try Output.write(try await runs(arguments))
      return 0
    }
    var query: [String] = []
    if arguments.flag("follow") { query.append("follow=true") }
    for name in ["tail", "kinds", "run"] {
      if let value = arguments.value(name) { query.append("\(name)=" + APIClient.segment(value)) }
    }
    let response = try await APIClient(arguments).open(
      "GET", path(arguments, "trace" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))),
      headers: ["accept": "application/x-ndjson"])
    for try await chunk in response.body { try Output.write(chunk) }
    return 0
  }

  private static func runs(_ arguments: ParsedArguments) async throws -> String {
    let answer = try await APIClient(arguments).call("GET", path(arguments, "traces"))
    var table = Table(["RUN", "SIZE", "FILES", "BEGINS", "LAST LINE", "STATE"])
    for run in answer["items"]?.arrayValue ?? [] {
      table.add([
        "\(run["run"]?.integerValue ?? 0)", Readable.bytes(run["bytes"]?.integerValue ?? 0),
        "\(run["files"]?.integerValue ?? 0)", run["whole"]?.boolValue == true ? "at its start" : "with a snapshot",
        run["writtenAt"]?.stringValue ?? "", run["current"]?.boolValue == true ? "current" : "over",
      ])
    }
    return table.text
  }

  static let events = Command(
    "events", "Print what happens in a running automaton, from now on",
    discussion: "The first line is how it stands; then each is a line of its trace.",
    options: [kindsOption], operands: [nameOperand]
  ) { arguments in
    let query = arguments.value("kinds").map { "?kinds=" + APIClient.segment($0) } ?? ""
    let socket = try await SocketClient(APIClient(arguments)).connect(path(arguments, "events" + query))
    while let message = try await socket.receive() {
      if case .text(let text) = message { try Output.write(text + "\n") }
    }
    return 0
  }

  private static func show(_ state: JSON, _ arguments: ParsedArguments) throws {
    try Output.write(arguments.value("output") == "json" ? state.text(.pretty) + "\n" : text(state))
  }

  private static func text(_ state: JSON) -> String {
    func word(_ value: JSON?) -> String { value.map { Readable.line($0.stringValue ?? $0.text()) } ?? "-" }
    var text = "State:        \(word(state["state"]))\nExecution:    \(word(state["execution"]))\n"
    for (title, name) in [("Ticks", "ticks"), ("Transitions", "transitions"), ("Errors", "errors")] {
      text += "\(title):" + String(repeating: " ", count: 13 - title.count) + word(state[name]) + "\n"
    }
    if let error = state["lastError"] { text += "Last error:   \(word(error))\n" }
    for problem in state["connectionProblems"]?.arrayValue ?? [] { text += "Connection:   \(word(problem))\n" }
    for (title, name) in [("Inputs", "inputs"), ("Outputs", "outputs"), ("Variables", "variables")] {
      guard let members = state[name]?.objectValue?.members, !members.isEmpty else { continue }
      text += "\(title):\n" + members.map { "  \(Readable.line($0.name)): \(word($0.value))\n" }.joined()
    }
    return text
  }
}
