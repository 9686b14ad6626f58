import Arguments
import Glibc
import JSON
import Model
import Version

/// Commands about the daemon that is meant, and who one is there.
enum ContextCommands {
  static let all = [login, config, version]

  static let login = Command(
    "login", "Make or change a context, and check that it works",
    discussion: """
      examples:
        aether login --dev                                      a daemon started with --dev-issuer on this machine
        aether login --server https://10.0.0.5:7443 --ca ca.crt --token-file token
      """,
    options: [
      .flag("dev", nil, "Ask the development issuer for a token, now and whenever it has expired"),
      .value("user", nil, "NAME", "User for the development issuer [default: the name of this account]"),
      .flag("admin", nil, "Ask it for the rights of an administrator, which updates of the host need"),
      .value("token-file", nil, "FILE", "File with a token, or - for standard input", completion: .files),
      .value("timeout", nil, "TIME", "How long to wait for the daemon", default: "10s"),
    ]
  ) { arguments in
    var file = try ContextFile.load()
    let name = arguments.value("context") ?? "local"
    let server = arguments.value("server") ?? "https://127.0.0.1:7443"
    guard APIClient.isAddress(server) else {
      throw UsageError("--server is \"\(server)\"; accepted: https://ADDRESS:PORT", path: arguments.path)
    }
    let authority = try arguments.value("ca") ?? (arguments.isGiven("server") ? nil : LocalDaemon.authority())
    var context = Context(name: name, server: server, authority: authority)
    if arguments.flag("dev") {
      context.developmentUser = arguments.value("user") ?? LocalDaemon.accountName()
      context.isDevelopmentAdministrator = arguments.flag("admin")
    } else if let path = arguments.value("token-file"), let bytes = try File.read(path) {
      context.token = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
    } else {
      throw UsageError("--dev or --token-file FILE is missing", path: arguments.path)
    }
    let deadline = try Waiting.deadline(arguments)
    let candidate = context
    try await Waiting.poll(deadline) {
      do {
        _ = try await APIClient(candidate).open("GET", "/readyz", headers: ["accept": "*/*"])
        return (true, "")
      } catch let error as APIError where error.code == .unavailable {
        return (false, error.message)
      }
    }
    if let user = context.developmentUser { context.token = try await APIClient(context).developmentToken(user: user) }
    _ = try await APIClient(context).call("GET", "/v1/version")
    file.put(context)
    file.current = name
    try file.save()
    try Output.write("context \(name): \(server)\(context.developmentUser.map { " as \($0)" } ?? "")\n")
    return 0
  }

  static let config = Command(
    "config", "Show or choose contexts",
    subcommands: [
      Command("list", "List the contexts") { _ in
        let file = try ContextFile.load()
        var table = Table(["", "NAME", "SERVER", "USER"])
        for context in file.contexts {
          table.add([
            context.name == file.current ? "*" : " ", context.name, context.server, context.developmentUser ?? "",
          ])
        }
        try Output.write(table.text)
        return 0
      },
      Command(
        "use", "Choose the context that commands mean by default",
        operands: [Operand("NAME", "which", completion: .dynamic("contexts"))]
      ) { arguments in
        var file = try ContextFile.load()
        file.current = try file.require(arguments.operand("NAME")).name
        try file.save()
        return 0
      },
      Command(
        "delete", "Forget a context", operands: [Operand("NAME", "which", completion: .dynamic("contexts"))]
      ) { arguments in
        var file = try ContextFile.load()
        let name = try file.require(arguments.operand("NAME")).name
        file.contexts.removeAll { $0.name == name }
        if file.current == name { file.current = nil }
        try file.save()
        return 0
      },
      Command("path", "Print the file that holds the contexts") { _ in
        try Output.write(ContextFile.path + "\n")
        return 0
      },
    ])

  static let version = Command("version", "Print the versions of this command and of the daemon") { arguments in
    try Output.write("aether \(Version.current)\n")
    let answer = try await APIClient(arguments).call("GET", "/v1/version")
    try Output.write("aetherd \(answer["version"]?.stringValue ?? "unknown")\n")
    for feature in answer["features"]?.arrayValue ?? [] where feature["available"]?.boolValue == false {
      try Output.write("  without \(feature["name"]?.stringValue ?? ""): \(feature["reason"]?.stringValue ?? "")\n")
    }
    return 0
  }
}

/// Where a daemon of this machine with every default keeps what its clients need.
enum LocalDaemon {
  static func authority() throws -> String {
    let home = getenv("HOME").map { String(cString: $0) } ?? ""
    let candidates = ["/var/lib/aether/pki/bundle.pem", home + "/.local/share/aether/pki/bundle.pem"]
    return geteuid() == 0 ? candidates[0] : candidates.first { access($0, R_OK) == 0 } ?? candidates[1]
  }

  static func accountName() -> String {
    let name =
      getenv("USER").map { String(cString: $0) } ?? getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) }
      ?? ""
    let plain = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
    return plain.isEmpty ? "user" : plain
  }
}
