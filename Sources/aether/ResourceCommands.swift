import Arguments
import JSON
import Model
import YAML

/// Commands that read and declare resources.
enum ResourceCommands {
  static let all = [get, describe, apply, delete, wait, explain]

  private static let kindOperand = Operand("KIND", "such as cells, process", completion: .dynamic("kinds"))
  private static let fileOption = Option.value(
    "file", "f", "FILE", "YAML or JSON file, folder of such files, or - for standard input", isRepeatable: true,
    completion: .files)
  private static let selectorOption = Option.value(
    "selector", "l", "LABELS", "Only those with labels such as tier=web,env!=test,cache,!old")

  static let get = Command(
    "get", "Print resources",
    discussion: """
      examples:
        aether get cells
        aether get process hello/web -o yaml
        aether get processes -l app=hello -o json
      """,
    options: [OutputForm.option, selectorOption],
    operands: [kindOperand, Operand("NAME", "only these", .any, completion: .dynamic("names"))]
  ) { arguments in
    let names = arguments.allOperands("NAME")
    if !names.isEmpty, arguments.isGiven("selector") {
      throw UsageError("either NAME or --selector", path: arguments.path)
    }
    let client = try APIClient(arguments)
    let kind = try await client.kind(arguments.operand("KIND") ?? "")
    var items: [JSON] = []
    if names.isEmpty {
      items = try await client.list(kind, selector: arguments.value("selector")).items
    } else {
      for name in names { items.append(try await client.call("GET", kind.path(name))) }
    }
    try Output.resources(items, kind, OutputForm(arguments), asList: names.count != 1)
    return 0
  }

  static let describe = Command(
    "describe", "Print everything about one resource",
    operands: [kindOperand, Operand("NAME", "which", completion: .dynamic("names"))]
  ) { arguments in
    let client = try APIClient(arguments)
    let kind = try await client.kind(arguments.operand("KIND") ?? "")
    try Output.write(try await Description.text(of: kind, arguments.operand("NAME") ?? "", client))
    return 0
  }

  static let apply = Command(
    "apply", "Create or update resources from files",
    discussion: "All resources are checked before any is written, and they are written together.",
    options: [fileOption, .flag("dry-run", nil, "Check only"), OutputForm.option]
  ) { arguments in
    var manifests = try Manifest.load(try files(arguments))
    let client = try APIClient(arguments)
    for index in manifests.indices { try await manifests[index].upload(client) }
    let path = "/v1/apply" + (arguments.flag("dry-run") ? "?dryRun=true" : "")
    let answer: JSON
    do {
      answer = try await client.call("POST", path, body: .array(manifests.map(\.json)))
    } catch let error as APIError {
      throw Manifest.located(error, in: manifests)
    }
    let results = answer["results"]?.arrayValue ?? []
    switch OutputForm(arguments) {
    case .json: try Output.write(answer.text(.pretty) + "\n")
    case .yaml: try Output.write(YAML.text(documents: results.compactMap { $0["resource"] }))
    case .name, .table, .wide:
      for result in results {
        let resource = result["resource"]
        let kind = resource?["kind"]?.stringValue?.lowercased() ?? ""
        let action = arguments.flag("dry-run") ? "valid" : result["action"]?.stringValue ?? ""
        let tail = OutputForm(arguments) == .name ? "" : " \(action)"
        try Output.write("\(kind) \(resource?["metadata"]?["name"]?.stringValue ?? "")\(tail)\n")
      }
    }
    return 0
  }

  static let delete = Command(
    "delete", "Delete resources, and what is inside them",
    discussion: """
      examples:
        aether delete -f Examples/hello.yaml
        aether delete cell hello
      """,
    options: [
      fileOption, .flag("ignore-missing", nil, "Succeed when there is nothing to delete"),
      .flag("no-wait", nil, "Return before the work has stopped"),
      .value("timeout", nil, "TIME", "How long to wait", default: "60s"),
    ],
    operands: [
      Operand("KIND", "such as cell", .optional, completion: .dynamic("kinds")),
      Operand("NAME", "which", .any, completion: .dynamic("names")),
    ]
  ) { arguments in
    let deadline = try Waiting.deadline(arguments)
    let client = try APIClient(arguments)
    var targets: [(kind: KindDescription, name: String)] = []
    if arguments.isGiven("file") {
      guard arguments.operand("KIND") == nil else {
        throw UsageError("either -f or KIND and NAME", path: arguments.path)
      }
      let manifests = try Manifest.load(arguments.all("file"), readsSources: false)
      let kinds = try await client.kinds()
      // What is inside goes before what it is inside of.
      targets = try manifests.map { try $0.target(among: kinds) }.sorted { $0.name.utf8.count > $1.name.utf8.count }
    } else {
      guard let name = arguments.operand("KIND"), !arguments.allOperands("NAME").isEmpty else {
        throw UsageError("KIND and NAME, or -f FILE, are missing: what to delete", path: arguments.path)
      }
      let kind = try await client.kind(name)
      targets = arguments.allOperands("NAME").map { (kind, $0) }
    }
    var waiting: [(kind: KindDescription, name: String, uid: String)] = []
    for (kind, name) in targets {
      do {
        let answer = try await client.call("DELETE", kind.path(name))
        waiting.append((kind, name, answer["metadata"]?["uid"]?.stringValue ?? ""))
      } catch let error as APIError where error.code == .notFound && arguments.flag("ignore-missing") {
        continue
      }
      if arguments.flag("no-wait") { try Output.write("\(kind.singular) \(name) deleting\n") }
    }
    if arguments.flag("no-wait") { return 0 }
    for (kind, name, uid) in waiting {
      try await Waiting.untilGone(kind, name, uid: uid, client, deadline)
      try Output.write("\(kind.singular) \(name) deleted\n")
    }
    return 0
  }

  static let wait = Command(
    "wait", "Wait until a resource is as wanted",
    discussion: """
      examples:
        aether wait process hello/web --for phase=Running
        aether wait cell hello --for deleted
      """,
    options: [
      .value("for", nil, "WHAT", "phase=PHASE or deleted", default: "phase=Running"),
      .value("timeout", nil, "TIME", "How long to wait", default: "60s"),
    ],
    operands: [kindOperand, Operand("NAME", "which", completion: .dynamic("names"))]
  ) { arguments in
    let deadline = try Waiting.deadline(arguments)
    let goal = arguments.value("for") ?? ""
    let phase = goal.hasPrefix("phase=") ? String(goal.dropFirst("phase=".count)) : ""
    guard goal == "deleted" || !phase.isEmpty else {
      throw UsageError("--for is \"\(goal)\"; accepted: phase=PHASE, deleted", path: arguments.path)
    }
    let client = try APIClient(arguments)
    let kind = try await client.kind(arguments.operand("KIND") ?? "")
    let name = arguments.operand("NAME") ?? ""
    if phase.isEmpty {
      try await Waiting.untilGone(kind, name, uid: nil, client, deadline)
    } else {
      try await Waiting.until(kind, name, phase: phase, client, deadline)
    }
    return 0
  }

  static let explain = Command(
    "explain", "Print the fields of a kind with their meaning and default", operands: [kindOperand]
  ) { arguments in
    let client = try APIClient(arguments)
    try Output.write(Explanation.text(of: try await client.kind(arguments.operand("KIND") ?? "")))
    return 0
  }

  private static func files(_ arguments: ParsedArguments) throws -> [String] {
    guard arguments.isGiven("file") else { throw UsageError("-f FILE is missing", path: arguments.path) }
    return arguments.all("file")
  }
}
