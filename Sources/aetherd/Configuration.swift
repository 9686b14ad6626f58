import Apps
import Arguments
import Glibc
import JSON
import Model
import Mosquitto
import YAML

/// How the daemon runs: defaults, then the configuration file, then the command line.
struct Configuration: Sendable {
  /// What becomes of the work when the daemon ends.
  enum OnExit: String, Sendable, CaseIterable { case keep, stop }

  var paths: Paths
  /// Where the gateway listens, `ADDRESS:PORT`.
  var listen = "127.0.0.1:7443"
  var onExit = OnExit.keep
  var usesDevelopmentIssuer = false
  var trustDomain = "aether.local"
  var tokens = Tokens()
  var rate = Rate()
  var log = Log()
  var apps = Apps()
  var update = Update()
  /// Changes kept for watchers that were away.
  var changesKept = 100_000

  struct Tokens: Sendable {
    /// Expected `iss` claim; any when absent.
    var issuer: String?
    var audience = "aether"
    /// `https://` address or file of the JSON Web Key Set.
    var keySet: String?
  }

  struct Rate: Sendable {
    var requestsPerSecond = 200.0
    var burst = 400
  }

  struct Apps: Sendable {
    /// Apps that nobody signed are taken.
    var allowsUnsigned = false
    /// Folder of public keys, `*.pem`; that of the state when absent.
    var keys: String?
    /// Apps of one owner that run at a time.
    var runningMax = 2048
    /// The broker that apps reach; none when absent.
    var mqtt: MQTTOptions?
  }

  struct Update: Sendable {
    /// Certificates of servers with updates, PEM; those of the system when absent.
    var authority: String?
    /// After which a version on trial is confirmed by itself; never when absent.
    var confirmsAfter: Duration? = .seconds(60)
    /// How often a version may be started before it is confirmed.
    var trialStarts = 1
  }

  struct Log: Sendable {
    var level = "info"
    var format = "text"
  }

  /// Where things are. All of it moves with `--root`, so that several daemons run side by side.
  struct Paths: Sendable {
    var state: String
    var runtime: String
    var configuration: String

    static func standard(root: String?) -> Paths {
      if let root { return Paths(state: root, runtime: root + "/run", configuration: root + "/aetherd.yaml") }
      guard geteuid() != 0 else {
        return Paths(state: "/var/lib/aether", runtime: "/run/aether", configuration: "/etc/aether/aetherd.yaml")
      }
      let home = getenv("HOME").map { String(cString: $0) } ?? "/tmp"
      let state = home + "/.local/share/aether"
      return Paths(state: state, runtime: state + "/run", configuration: home + "/.config/aether/aetherd.yaml")
    }

    var store: String { state + "/store" }
    var pki: String { state + "/pki" }
    var issuer: String { state + "/issuer" }
    var audit: String { state + "/audit" }
    var node: String { state + "/node" }
    var automata: String { state + "/automata" }
    var apps: String { state + "/apps" }
    var host: String { state + "/host" }
    var control: String { runtime + "/aetherd.sock" }
  }
}

extension Configuration {
  static let options: [Option] = [
    .value("root", nil, "DIR", "Keep state, runtime files and configuration below DIR", completion: .directories),
    .value("config", "c", "FILE", "Configuration file (docs/operations.md)", completion: .files),
  ]

  static let runOptions: [Option] = [
    .value("listen", "l", "ADDRESS:PORT", "Where the gateway listens [default: 127.0.0.1:7443]"),
    .value(
      "on-exit", nil, "WHAT", "What becomes of the work when the daemon ends [default: keep]",
      choices: OnExit.allCases.map(\.rawValue)),
    .flag(
      "dev-issuer", nil, "Give a token to whoever asks on loopback. For development only; prints a warning"),
    .flag(
      "apps-allow-unsigned", nil, "Take apps that nobody signed. For development only; prints a warning"),
    .value(
      "log-level", nil, "LEVEL", "Least important messages shown", choices: ["debug", "info", "warning", "error"]),
    .value("log-format", nil, "FORM", "Form of messages", choices: ["text", "json"]),
  ]

  /// - Throws: ``UsageError`` for a wrong option, ``APIError`` for a wrong configuration file.
  init(_ arguments: ParsedArguments) throws {
    paths = Paths.standard(root: try arguments.value("root").map(Configuration.absolute))
    let file = arguments.value("config")
    if let file { paths.configuration = file }
    if let text = try Configuration.read(paths.configuration, mustExist: file != nil) {
      try apply(fileText: text, file: paths.configuration)
    }
    if let listen = arguments.value("listen") { self.listen = listen }
    if let onExit = arguments.value("on-exit").flatMap(OnExit.init(rawValue:)) { self.onExit = onExit }
    if arguments.flag("dev-issuer") { usesDevelopmentIssuer = true }
    if arguments.flag("apps-allow-unsigned") { apps.allowsUnsigned = true }
    if let level = arguments.value("log-level") { log.level = level }
    if let format = arguments.value("log-format") { log.format = format }
  }

  static func absolute(_ path: String) throws -> String {
    if path.hasPrefix("/") { return path }
    guard let directory = getcwd(nil, 0) else {
      throw UsageError("\(path) is relative and the working directory is gone")
    }
    defer { free(directory) }
    return String(cString: directory) + "/" + path
  }

  private static func read(_ path: String, mustExist: Bool) throws -> [UInt8]? {
    guard let file = fopen(path, "r") else {
      guard errno == ENOENT && !mustExist else {
        throw APIError(.invalid, "configuration file \(path): \(String(cString: strerror(errno)))")
      }
      return nil
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < 1 << 20 {
      let count = fread(&chunk, 1, chunk.count, file)
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    return bytes
  }

  private mutating func apply(fileText: [UInt8], file: String) throws {
    let documents: [YAMLDocument]
    do { documents = try YAML.parse(fileText) } catch {
      throw APIError(.invalid, "\(file):\(error)")
    }
    guard let document = documents.first, !document.value.isNull else { return }
    do { try apply(document.value) } catch {
      let position = error.field.map { "\(document.location(of: $0).position): " } ?? " "
      throw APIError(.invalid, "\(file):\(position)\(error.message)", field: error.field, accepted: error.accepted)
    }
  }

  private mutating func apply(_ json: JSON) throws(APIError) {
    var reader = try FieldReader(json, path: "")
    if let listen = try reader.optionalString("listen") { self.listen = listen }
    if let text = try reader.optionalString("onExit") {
      guard let value = OnExit(rawValue: text) else {
        throw .invalid("onExit", "is \"\(text)\"", accepted: "keep, stop")
      }
      onExit = value
    }
    if let domain = try reader.optionalString("trustDomain") { trustDomain = domain }
    if let kept = try reader.optionalInteger("changesKept") {
      guard (1000...10_000_000).contains(kept) else {
        throw .invalid("changesKept", "is \(kept)", accepted: "1000 to 10000000")
      }
      changesKept = Int(kept)
    }
    if let value = try reader.optionalObject("tokens") {
      var inner = try FieldReader(value, path: "tokens")
      tokens.issuer = try inner.optionalString("issuer")
      if let audience = try inner.optionalString("audience") { tokens.audience = audience }
      tokens.keySet = try inner.optionalString("keySet")
      try inner.refuseUnknown()
    }
    if let value = try reader.optionalObject("rate") {
      var inner = try FieldReader(value, path: "rate")
      if let number = try inner.optionalInteger("requestsPerSecond") {
        guard (1...1_000_000).contains(number) else {
          throw .invalid("rate.requestsPerSecond", "is \(number)", accepted: "1 to 1000000")
        }
        rate.requestsPerSecond = Double(number)
      }
      if let number = try inner.optionalInteger("burst") {
        guard (1...1_000_000).contains(number) else {
          throw .invalid("rate.burst", "is \(number)", accepted: "1 to 1000000")
        }
        rate.burst = Int(number)
      }
      try inner.refuseUnknown()
    }
    if let value = try reader.optionalObject("apps") {
      var inner = try FieldReader(value, path: "apps")
      if let flag = try inner.optionalBool("allowUnsigned") { apps.allowsUnsigned = flag }
      apps.keys = try inner.optionalString("keys")
      if let folder = apps.keys, !folder.hasPrefix("/") {
        throw .invalid("apps.keys", "is \"\(folder)\"", accepted: "an absolute path")
      }
      if let count = try inner.optionalInteger("runningMax") {
        guard (1...65_536).contains(count) else {
          throw .invalid("apps.runningMax", "is \(count)", accepted: "1 to 65536")
        }
        apps.runningMax = Int(count)
      }
      if let value = try inner.optionalObject("mqtt") { apps.mqtt = try Self.broker(value) }
      try inner.refuseUnknown()
    }
    if let value = try reader.optionalObject("update") { update = try Self.update(value) }
    if let value = try reader.optionalObject("log") {
      var inner = try FieldReader(value, path: "log")
      if let level = try inner.optionalString("level") { log.level = level }
      if let format = try inner.optionalString("format") { log.format = format }
      try inner.refuseUnknown()
    }
    try reader.refuseUnknown()
  }

  private static func update(_ value: JSON) throws(APIError) -> Update {
    var reader = try FieldReader(value, path: "update")
    var update = Update()
    if let file = try reader.optionalString("ca") {
      guard file.hasPrefix("/") else { throw .invalid("update.ca", "is \"\(file)\"", accepted: "an absolute path") }
      update.authority = file
    }
    if let time = reader.optional("confirmAfter") {
      if time == "never" {
        update.confirmsAfter = nil
      } else {
        guard let milliseconds = Quantity.parse(time, .duration) else {
          throw .invalid(
            "update.confirmAfter", "is \(time.text())", accepted: "never, or \(Quantity.Unit.duration.accepted)")
        }
        update.confirmsAfter = .milliseconds(milliseconds)
      }
    }
    if let count = try reader.optionalInteger("trialStarts") {
      guard (1...100).contains(count) else {
        throw .invalid("update.trialStarts", "is \(count)", accepted: "1 to 100")
      }
      update.trialStarts = Int(count)
    }
    try reader.refuseUnknown()
    return update
  }

  private static func broker(_ value: JSON) throws(APIError) -> MQTTOptions {
    var reader = try FieldReader(value, path: "apps.mqtt")
    guard let host = try reader.optionalString("host"), !host.isEmpty else {
      throw .invalid("apps.mqtt.host", "is missing", accepted: "the broker's name or address")
    }
    let isSecure = try reader.optionalBool("tls") ?? true
    var client = MosquittoClient.Options(host: host, port: isSecure ? 8883 : 1883, security: isSecure ? .tls : .plain)
    if let port = try reader.optionalInteger("port") {
      guard let number = UInt16(exactly: port), number > 0 else {
        throw .invalid("apps.mqtt.port", "is \(port)", accepted: "1 to 65535")
      }
      client.port = number
    }
    if let file = try reader.optionalString("ca") {
      guard isSecure, file.hasPrefix("/") else {
        throw .invalid("apps.mqtt.ca", "is \"\(file)\"", accepted: "an absolute path, and only with tls")
      }
      client.security = .tlsTrusting(file: file)
    }
    client.user = try reader.optionalString("user")
    var options = MQTTOptions(client: client, passwordFile: try reader.optionalString("passwordFile"))
    if let node = try reader.optionalString("node") { options.node = node }
    let topics = try reader.stringArray("topics")
    if !topics.isEmpty { options.topics = topics }
    try reader.refuseUnknown()
    return options
  }
}
