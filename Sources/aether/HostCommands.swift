import AppFormat
import AppProjects
import Arguments
import HostPackages
import JSON
import Model
import Version

/// Commands about the machine that a daemon runs on.
enum HostCommands {
  static let all = [
    Command("host", "Update the machine that the daemon runs on", subcommands: [update, pack])
  ]

  private static let path = "/v1/host/update"

  private static let output: Option = .value(
    "output", "o", "FORM", "Form of the answer", default: "text", choices: ["text", "json"])

  static let update = Command(
    "update", "See, begin, confirm and take back an update",
    discussion: """
      An update is fetched, checked, and runs from the daemon's next start on; nothing is restarted by it. What does not
      show that it works is left again at the start after that. All but `status` need the role admin.
      """,
    subcommands: [
      Command("status", "Where the update stands", options: [output]) { arguments in
        try show(try await APIClient(arguments).call("GET", path), arguments)
      },
      Command(
        "apply", "Fetch an update, check it, and have it ready for the next start",
        discussion: "example:  aether host update apply https://updates.example.com/aether-0.2.0.aehost",
        options: [
          .value("timeout", nil, "TIME", "How long to wait for it; 0s does not wait", default: "30m"), output,
        ],
        operands: [Operand("URL", "where the package is, https only")]
      ) { arguments in
        let deadline = try Waiting.deadline(arguments)
        let client = try APIClient(arguments)
        var status = try await client.call("POST", path, body: ["url": .string(arguments.operand("URL") ?? "")])
        if arguments.value("timeout") != "0s" {
          try await Waiting.poll(deadline) {
            status = try await client.call("GET", path)
            let state = status["state"]?.stringValue ?? ""
            return (!["receiving", "validating", "installing"].contains(state), "the update is \(text(status))")
          }
        }
        _ = try show(status, arguments)
        return status["state"] == "failed" ? 1 : 0
      },
      Command("confirm", "Keep the version that is on trial", options: [output]) { arguments in
        try show(try await APIClient(arguments).call("POST", path + "/confirm"), arguments)
      },
      Command(
        "rollback", "Go back to the version before, from the daemon's next start on", options: [output]
      ) { arguments in
        try show(try await APIClient(arguments).call("POST", path + "/rollback"), arguments)
      },
    ])

  static let pack = Command(
    "pack", "Make a package of a folder that hosts can be updated from",
    discussion: """
      The folder has bin/aetherd and what belongs to it, such as bin/aether-init and lib/aether/libwasmtime.so. Hosts take
      the package when the key's public half is among host/keys/*.pem of their state; `aether app keygen` makes keys.

      example:  aether host pack build/host --key release.pem --release 0.2.0
      """,
    options: [
      .value("key", "k", "FILE", "Private key, Ed25519 or RSA with 2048 bits", completion: .files),
      .value("release", "r", "VERSION", "Version that the package has, MAJOR.MINOR.PATCH", default: Version.current),
      .value(
        "output", "o", "FILE", "Where to write it [default: aether-VERSION-ARCHITECTURE.aehost]", completion: .files),
    ],
    operands: [Operand("FOLDER", "what to pack", completion: .directories)]
  ) { arguments in
    guard let keyPath = arguments.value("key") else { throw UsageError("--key FILE is needed", path: arguments.path) }
    let text = arguments.value("release") ?? ""
    guard let version = HostVersion(text) else {
      throw UsageError("--release is \"\(text)\"; accepted: MAJOR.MINOR.PATCH", path: arguments.path)
    }
    let folder = arguments.operand("FOLDER") ?? "."
    do {
      let key = try Packaging.key(keyPath)
      let manifest = try HostPackager.manifest(of: folder, version: version)
      let path = arguments.value("output") ?? "aether-\(version)-\(manifest.architecture.rawValue).aehost"
      try HostPackager.write(manifest, of: folder, signedBy: key, to: path)
      if !manifest.files.contains(where: { $0.path == "bin/aether-init" }) {
        Output.error("\(folder) has no bin/aether-init: hosts that have none elsewhere would start no cells")
      }
      try Output.write("\(path): \(version) for \(manifest.architecture.rawValue), \(manifest.size) bytes in files\n")
      return 0
    } catch let error as ProjectError {
      Output.error(error.description)
    } catch let error as HostPackageError {
      Output.error(error.description)
    }
    return 3
  }

  private static func show(_ status: JSON, _ arguments: ParsedArguments) throws -> Int32 {
    try Output.write(arguments.value("output") == "json" ? status.text() + "\n" : text(status) + "\n")
    return 0
  }

  /// A line for people.
  static func text(_ status: JSON) -> String {
    func word(_ name: String) -> String { status[name]?.stringValue ?? "" }
    let release = word("release")
    let running = "\(word("running")) runs"
    let reason = status["reason"]?.stringValue.map { ": \($0)" } ?? ""
    switch word("state") {
    case "receiving": return "\(running); an update is received, \(status["percent"]?.integerValue ?? 0) %"
    case "validating": return "\(running); an update is checked"
    case "installing": return "\(running); an update is unpacked"
    case "ready": return "\(running); \(release) is ready for the daemon's next start"
    case "onTrial": return "\(running), on trial: confirm it, or roll it back to \(word("previous"))"
    case "confirmed": return "\(running); \(release) was confirmed"
    case "rolledBack": return "\(running); \(release) was rolled back\(reason)"
    case "failed": return "\(running); the update failed\(reason)"
    default:
      return status["enabled"]?.boolValue == false
        ? "\(running); updates are off: host/keys of the daemon's state has no key"
        : "\(running); no update is under way"
    }
  }
}
