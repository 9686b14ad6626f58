import AppProjects
import Arguments
import Glibc
import JSON
import Model

/// Commands about apps on a node.
enum AppOnlineCommands {
  static let all =
    [install, start, stop, restart, rollback, uninstall, list, info, logs, stats, grant, revoke, send, crashes, audit]
    + [events, screen]

  static let nameOperand = Operand("NAME", "which app", completion: .dynamic("apps"))
  static let outputOption = Option.value(
    "output", "o", "FORM", "Form of the result", default: "text", choices: ["text", "json"])
  private static let timeoutOption = Option.value("timeout", nil, "TIME", "How long to wait", default: "60s")

  static func path(_ arguments: ParsedArguments, _ rest: String = "") -> String {
    "/v1/apps/\(APIClient.segment(arguments.operand("NAME") ?? ""))" + (rest.isEmpty ? "" : "/\(rest)")
  }

  // MARK: Installing

  static let install = Command(
    "install", "Upload an app and install it, or replace the one of its name",
    discussion: """
      FILE is a module (.wasm) or a package (.akpkg). An upload that was cut off goes on where it stopped. An app that runs is
      replaced in place; when the new version does not come up, the one before comes back.
      examples:
        aether app install hello.akpkg
        aether app install counter.wasm --name counter
      """,
    options: [
      .value("name", nil, "NAME", "What to call it, instead of what its manifest says"),
      .value("node", nil, "NODE", "Where it runs", default: "local", choices: ["local"]),
      .flag("no-wait", nil, "Return before the node has taken it on"), timeoutOption, outputOption,
    ],
    operands: [Operand("FILE", "module or package", completion: .files)]
  ) { arguments in
    let deadline = try Waiting.deadline(arguments)
    let file = arguments.operand("FILE") ?? ""
    let client = try APIClient(arguments)
    let bytes = try AppUpload.read(file)
    let called = arguments.value("name") ?? nameOf(file, bytes)
    let upload = try await AppUpload.send(bytes, of: file, client)
    let answer = try await client.call(
      "POST", "/v1/app-uploads/\(upload)/commit?install=\(APIClient.segment(called))")
    let name = answer["resource"]?["metadata"]?["name"]?.stringValue ?? ""
    let generation = answer["resource"]?["metadata"]?["generation"]?.integerValue ?? 0
    let resource =
      arguments.flag("no-wait")
      ? answer["resource"] ?? .null : try await settled(name, generation: generation, client, deadline)
    if arguments.value("output") == "json" {
      try Output.write(resource.text(.pretty) + "\n")
    } else {
      try Output.write("app \(name) \(describe(resource))\n" + withheld(resource, from: name))
    }
    return 0
  }

  /// The name of its file, for an app whose manifest has none; "" where the node finds one.
  private static func nameOf(_ file: String, _ bytes: [UInt8]) -> String {
    guard let inspection = try? Inspection(bytes), inspection.manifest?.name.isEmpty != false,
      let last = file.split(separator: "/").last, let stem = last.split(separator: ".").first, stem.utf8.count <= 31,
      stem.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") })
    else { return "" }
    return String(stem)
  }

  /// What the app asks for and did not get, and how it gets it.
  private static func withheld(_ resource: JSON, from name: String) -> String {
    let denied = resource["status"]?["capabilities"]?["denied"]
    guard denied?.arrayValue?.isEmpty == false else { return "" }
    return "withheld: \(list(denied)); \"aether app grant \(Readable.line(name)) CAPABILITY\" gives it\n"
  }

  /// Waits until the node has taken on a specification, or has said why not.
  static func settled(
    _ name: String, generation: Int64, _ client: APIClient, _ deadline: ContinuousClock.Instant
  ) async throws -> JSON {
    var resource = JSON.null
    try await Waiting.poll(deadline) {
      resource = try await client.call("GET", "/v1/apps/\(APIClient.segment(name))")
      let status = resource["status"]
      let phase = status?["phase"]?.stringValue ?? "Pending"
      let isSeen = (status?["observedGeneration"]?.integerValue ?? 0) >= generation
      let isUnderWay = ["Pending", "Starting"].contains(phase) || status?["reason"]?.stringValue == "Installing"
      return (isSeen && !isUnderWay, "app \(name) is \(phase)")
    }
    return resource
  }

  /// `1.0 Running`, with the reason where there is one.
  private static func describe(_ resource: JSON) -> String {
    let status = resource["status"]
    let words = [status?["version"]?.stringValue, status?["phase"]?.stringValue ?? "Pending"].compactMap { $0 }
    let message = status?["message"]?.stringValue ?? ""
    return Readable.line(words.joined(separator: " ") + (message.isEmpty ? "" : ": \(message)"))
  }

  static let uninstall = Command(
    "uninstall", "Stop an app and remove it with its data",
    options: [.flag("no-wait", nil, "Return before it is gone"), timeoutOption], operands: [nameOperand]
  ) { arguments in
    let deadline = try Waiting.deadline(arguments)
    let client = try APIClient(arguments)
    let kind = try await client.kind("app")
    let name = arguments.operand("NAME") ?? ""
    let answer = try await client.call("DELETE", kind.path(name))
    if !arguments.flag("no-wait") {
      try await Waiting.untilGone(kind, name, uid: answer["metadata"]?["uid"]?.stringValue ?? "", client, deadline)
    }
    try Output.write("app \(name) \(arguments.flag("no-wait") ? "is being uninstalled" : "uninstalled")\n")
    return 0
  }

  // MARK: Running

  private static func control(_ action: String, _ summary: String, _ discussion: String = "") -> Command {
    Command(action, summary, discussion: discussion, options: [outputOption], operands: [nameOperand]) { arguments in
      let state = try await APIClient(arguments).call(
        "POST", path(arguments, "control"), body: ["action": .string(action)])
      if arguments.value("output") == "json" {
        try Output.write(state.text(.pretty) + "\n")
      } else {
        let words = [state["version"]?.stringValue ?? "", state["state"]?.stringValue ?? ""].filter { !$0.isEmpty }
        try Output.write(Readable.line("app \(arguments.operand("NAME") ?? "") \(words.joined(separator: " "))") + "\n")
      }
      return 0
    }
  }

  static let start = control("start", "Start an app and wait until it is up")
  static let stop = control("stop", "Stop an app", "It stays stopped, also when the daemon is started again.")
  static let restart = control("restart", "Stop an app if it runs, and start it")
  static let rollback = control(
    "rollback", "Put the version before the current one in its place",
    "The same again takes that back. What is declared stays; a changed declaration installs anew.")

  static let send = Command(
    "send", "Send a command to a running app and print its answer",
    discussion: """
      The app gets COMMAND and, behind a space, ARGUMENTS. What it understands is in "aether app info".
      examples:
        aether app send counter add 5
        aether app send thermostat set '{"target": 21}'
      """,
    options: [.value("timeout", nil, "SECONDS", "How long to wait for the answer, 1 to 60", default: "5")],
    operands: [nameOperand, Operand("COMMAND", "such as set"), Operand("ARGUMENTS", "text or JSON", .optional)]
  ) { arguments in
    guard let seconds = Int64(arguments.value("timeout") ?? "") else {
      throw UsageError("--timeout is \"\(arguments.value("timeout") ?? "")\"; accepted: 1 to 60", path: arguments.path)
    }
    var body: JSONObject = [
      "command": .string(arguments.operand("COMMAND") ?? ""), "timeoutSeconds": .integer(seconds),
    ]
    if let text = arguments.operand("ARGUMENTS") { body["arguments"] = .string(text) }
    let reply = try await APIClient(arguments).call("POST", path(arguments, "commands"), body: .object(body))
    let answer = reply["answer"] ?? reply["answerBase64"] ?? .null
    try Output.write(Readable.whole(answer.stringValue ?? answer.text()) + "\n")
    return 0
  }

  // MARK: Rights

  private static func rights(_ word: String, _ summary: String, _ discussion: String) -> Command {
    Command(
      word, summary, discussion: discussion, options: [timeoutOption, outputOption],
      operands: [nameOperand, Operand("CAPABILITY", "such as network.use, storage.* or *", .atLeastOne)]
    ) { arguments in
      let deadline = try Waiting.deadline(arguments)
      let client = try APIClient(arguments)
      let names = arguments.allOperands("CAPABILITY").map { JSON.string($0) }
      let declared = try await client.call(
        "POST", path(arguments, "capabilities"), body: .object(JSONObject([(word, .array(names))])))
      let resource = try await settled(
        arguments.operand("NAME") ?? "", generation: declared["metadata"]?["generation"]?.integerValue ?? 0, client,
        deadline)
      let capabilities = resource["status"]?["capabilities"] ?? [:]
      if arguments.value("output") == "json" {
        try Output.write(capabilities.text(.pretty) + "\n")
      } else {
        try Output.write("granted: \(list(capabilities["granted"]))\ndenied:  \(list(capabilities["denied"]))\n")
      }
      return 0
    }
  }

  static let grant = rights(
    "grant", "Allow an app capabilities that its manifest asks for", "A running app has them at once.")
  static let revoke = rights("revoke", "Take capabilities from an app", "A running app loses them at once.")

  static func list(_ names: JSON?) -> String {
    let words = (names?.arrayValue ?? []).compactMap(\.stringValue)
    return words.isEmpty ? "-" : Readable.whole(words.joined(separator: " "))
  }
}
