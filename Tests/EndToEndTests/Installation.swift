import Foundation
import HTTPClient
import JSON
import Testing

/// A daemon of its own, in a folder of its own, with the real programs.
final class Installation {
  let root: String
  let port: Int
  private(set) var daemon: Child?
  private let configuration: String?
  /// The user, by number, that the daemon runs as; nil is the one of the tests.
  private let user: Int?

  /// The folder with the programs that this test was built beside.
  static let programs =
    Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }?
    .deletingLastPathComponent().path ?? (CommandLine.arguments[0] as NSString).deletingLastPathComponent

  init(configuration: String? = nil, user: Int? = nil) throws {
    root = "/tmp/aether-e2e-\(UUID().uuidString.prefix(8).lowercased())"
    port = try Installation.freePort()
    self.configuration = configuration
    self.user = user
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    if let configuration { try configuration.write(toFile: root + "/aetherd.yaml", atomically: true, encoding: .utf8) }
    guard let user else { return }
    // The programs are copied to where that user may read them.
    try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: Installation.programs + "/aetherd", toPath: programs + "/aetherd")
    let helper = ProcessInfo.processInfo.environment["AETHER_INIT"] ?? ".build/libexec/aether-init"
    try FileManager.default.copyItem(atPath: helper, toPath: programs + "/aether-init")
    chown(root, uid_t(user), gid_t(user))
  }

  private var programs: String { user == nil ? Installation.programs : root + "/bin" }

  static func freePort() throws -> Int {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let port = Int.random(in: 20_000..<32_000, using: &generator)
      let raw = loopbackSocket(port) { bind($0, $1, $2) }
      close(raw)
      if raw >= 0 { return port }
    }
    throw Failure("no free port")
  }

  /// A connection to the daemon that says nothing; -1 when there is none.
  func connect() -> Int32 { Installation.loopbackSocket(port) { Glibc.connect($0, $1, $2) } }

  private static func loopbackSocket(
    _ port: Int, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    if status == 0 { return raw }
    close(raw)
    return -1
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  var server: String { "https://127.0.0.1:\(port)" }
  var authority: String { root + "/pki/bundle.pem" }

  // MARK: Programs

  func start(onExit: String = "stop") async throws {
    var words = [
      programs + "/aetherd", "run", "--root", root, "--dev-issuer", "--on-exit", onExit, "--listen",
      "127.0.0.1:\(port)", "--log-format", "json",
    ]
    if let user { words = ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"] + words }
    daemon = try Child(
      words[0], Array(words.dropFirst()),
      environment: user == nil ? [:] : ["AETHER_INIT": programs + "/aether-init", "HOME": root],
      output: root + "/log", errors: root + "/log")
    // Waits for the daemon as a user's script would.
    let login = try run("login", "--dev", "--server", server, "--ca", authority, "--user", "ada", "--timeout", "60s")
    guard login.status == 0 else { throw Failure("no login: \(login.errors) \(self.log)") }
  }

  var log: String { (try? String(contentsOfFile: root + "/log", encoding: .utf8)) ?? "" }

  func kill() {
    daemon?.end(SIGKILL)
    daemon = nil
  }

  /// Ends the daemon and its work.
  func stop() {
    daemon?.end(SIGTERM)
    daemon = nil
  }

  struct Result {
    var status: Int32
    var output: String
    var errors: String
  }

  /// Runs `aether`.
  @discardableResult
  func run(_ arguments: String..., input: String? = nil, meanwhile: () -> Void = {}) throws -> Result {
    try Installation.run(
      Installation.programs + "/aether", arguments, environment: ["AETHER_CONFIG": root + "/client.yaml"], input: input,
      meanwhile: meanwhile)
  }

  static func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], input: String? = nil,
    meanwhile: () -> Void = {}
  ) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try (input ?? "").write(toFile: folder + "/input", atomically: false, encoding: .utf8)
    // Files rather than pipes, so that no amount of output can stop the program.
    let child = try Child(
      program, arguments, environment: environment, input: folder + "/input", output: folder + "/output",
      errors: folder + "/errors")
    meanwhile()
    let status = child.wait()
    func text(_ name: String) throws -> String { try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) }
    return Result(status: status, output: try text("output"), errors: try text("errors"))
  }

  func apply(_ manifest: String) throws {
    let result = try run("apply", "-f", "-", input: manifest)
    guard result.status == 0 else { throw Failure("apply: \(result.errors)") }
  }

  func status(_ kind: String, _ name: String) throws -> JSON {
    let result = try run("get", kind, name, "-o", "json")
    guard result.status == 0 else { throw Failure("get \(kind) \(name): \(result.errors)") }
    return try JSON.parse(result.output)["status"] ?? .null
  }

  /// Asks until `condition` holds, for at most a minute.
  func wait(_ what: String, _ condition: () throws -> Bool) async throws {
    for _ in 0..<600 {
      if try condition() { return }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw Failure("still not: \(what)\n\(log.suffix(3000))")
  }

  // MARK: What is left

  /// Processes, mounts, control groups and sockets of this installation.
  func remains() throws -> [String] {
    var found: [String] = []
    for pid in try FileManager.default.contentsOfDirectory(atPath: "/proc") where Int(pid) != nil {
      guard let command = try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8) else { continue }
      if command.contains(root) { found.append("process \(pid) \(command.replacing("\0", with: " "))") }
    }
    let mounts = try String(contentsOfFile: "/proc/mounts", encoding: .utf8)
    found += mounts.split(separator: "\n").filter { $0.contains(root) }.map { "mount \($0)" }
    if let paths = FileManager.default.enumerator(atPath: root + "/run") {
      for case let path as String in paths where path.hasSuffix(".sock") { found.append("socket \(path)") }
    }
    for uid in try declaredUIDs() {
      for hierarchy in try FileManager.default.contentsOfDirectory(atPath: "/sys/fs/cgroup") {
        let folder = "/sys/fs/cgroup/\(hierarchy)"
        for group in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where group.hasPrefix("aether-") {
          if FileManager.default.fileExists(atPath: "\(folder)/\(group)/\(uid)") {
            found.append("control group \(folder)/\(group)/\(uid)")
          }
        }
      }
    }
    return found
  }

  private var knownUIDs: Set<String> = []

  /// Remembers the cells that exist now, so that `remains` can look for their groups later.
  func rememberCells() throws {
    let result = try run("get", "cells", "-o", "json")
    for item in try JSON.parse(result.output)["items"]?.arrayValue ?? [] {
      if let uid = item["metadata"]?["uid"]?.stringValue { knownUIDs.insert(uid) }
    }
  }

  private func declaredUIDs() throws -> Set<String> { knownUIDs }

  /// Ends everything, whatever the state.
  func remove() {
    if daemon == nil, FileManager.default.fileExists(atPath: root + "/store") {
      // A last daemon takes over what one that was killed left, and ends it.
      daemon = try? Child(
        Installation.programs + "/aetherd",
        ["run", "--root", root, "--dev-issuer", "--on-exit", "stop", "--listen", "127.0.0.1:\(port)"],
        output: "/dev/null", errors: "/dev/null")
      _ = try? run("login", "--dev", "--server", server, "--ca", authority, "--user", "ada", "--timeout", "30s")
    }
    stop()
    try? FileManager.default.removeItem(atPath: root)
  }
}
