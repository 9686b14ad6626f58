import Foundation
import JSON
import PythonPeer
import TestAuthority
import Testing

/// The daemon's own updates: packages made by the command, from a server with TLS, into a daemon that starts as another version.
@Suite(.serialized) struct HostUpdateTests {
  /// An installation with a key that it trusts, and a server with packages.
  private final class Site {
    let aether: Installation
    let authority: TestAuthority
    let server: PackageServer
    let folder: String

    init(_ update: String = "confirmAfter: never") throws {
      authority = try TestAuthority()
      _ = try authority.issue("server")
      aether = try Installation(
        configuration: """
          update: {ca: \(authority.path("ca.pem")), \(update)}
          rate: {requestsPerSecond: 100000, burst: 100000}
          apps: {allowUnsigned: true}
          """)
      folder = aether.root + "/packages"
      for path in [folder, aether.root + "/host/keys"] {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      }
      server = try PackageServer(
        folder: folder, certificate: authority.path("server.pem"), key: authority.path("server.key"))
      _ = try aether.run("app", "keygen", folder + "/key.pem")
    }

    func trustKey() throws {
      try FileManager.default.copyItem(
        atPath: folder + "/key.pem.pub", toPath: aether.root + "/host/keys/release.pem")
    }

    /// As an administrator from here on.
    func start() async throws {
      try await aether.start()
      let login = try aether.run(
        "login", "--dev", "--admin", "--server", aether.server, "--ca", aether.authority, "--user", "ada")
      guard login.status == 0 else { throw Installation.Failure("no login: \(login.errors)") }
    }

    /// A package with a program as its daemon; gives its address.
    func pack(_ version: String, program: String, key: String = "key.pem") throws -> String {
      let release = aether.root + "/release"
      try? FileManager.default.removeItem(atPath: release)
      try FileManager.default.createDirectory(atPath: release + "/bin", withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: program, toPath: release + "/bin/aetherd")
      let packed = try aether.run(
        "host", "pack", release, "--key", "\(folder)/\(key)", "--release", version, "--output", "\(folder)/\(version)")
      guard packed.status == 0 else { throw Installation.Failure("pack: \(packed.errors)") }
      return "\(server.address)/\(version)"
    }

    static let program = Installation.programs + "/aetherd"

    func status() throws -> JSON {
      let result = try aether.run("host", "update", "status", "-o", "json")
      guard result.status == 0 else { throw Installation.Failure("status: \(result.errors)") }
      return try JSON.parse(result.output)
    }

    func state() throws -> String {
      let status = try status()
      return "\(status["running"]?.stringValue ?? "") \(status["state"]?.stringValue ?? "")"
    }

    /// The file of the process.
    func executable() throws -> String {
      try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(aether.daemon?.pid ?? 0)/exe")
    }

    func end() {
      server.stop()
      aether.remove()
    }
  }

  @Test func anUpdateIsTriedConfirmedAndTakenBack() async throws {
    let site = try Site()
    defer { site.end() }
    let aether = site.aether
    let url = try site.pack("0.2.0", program: Site.program)
    try await site.start()
    #expect(try site.state() == "0.1.0 idle")
    // Off without a key.
    let off = try aether.run("host", "update", "apply", url)
    #expect(off.status == 6 && off.errors.contains("has no key"), "\(off)")
    #expect(try aether.run("host", "update", "status").output.contains("updates are off"))
    try site.trustKey()
    #expect(try site.status()["enabled"] == true)

    // Nothing for those who are not administrators.
    _ = try aether.run("login", "--dev", "--server", aether.server, "--ca", aether.authority, "--user", "ada")
    for words in [["apply", url], ["confirm"], ["rollback"]] {
      let refused = try Installation.run(
        Installation.programs + "/aether", ["host", "update"] + words,
        environment: ["AETHER_CONFIG": aether.root + "/client.yaml"])
      #expect(refused.status == 6 && refused.errors.contains("role admin"), "\(refused)")
    }
    _ = try aether.run(
      "login", "--dev", "--admin", "--server", aether.server, "--ca", aether.authority, "--user", "ada")

    let applied = try aether.run("host", "update", "apply", url)
    #expect(applied.output == "0.1.0 runs; 0.2.0 is ready for the daemon's next start\n", "\(applied) \(aether.log)")
    #expect(try site.executable() == Site.program)
    try aether.apply("kind: Cell\nmetadata: {name: kept}\nspec: {}\n")

    aether.stop()
    try await site.start()
    #expect(try site.state() == "0.2.0 onTrial")
    #expect(try site.executable().hasPrefix(aether.root + "/host/versions/"))
    // It has the same state, and is asked by its old name.
    #expect(try aether.run("get", "cell", "kept").status == 0)
    let confirmed = try aether.run("host", "update", "confirm")
    #expect(confirmed.output == "0.2.0 runs; 0.2.0 was confirmed\n", "\(confirmed)")

    // Also after a kill.
    aether.kill()
    try await site.start()
    #expect(try site.state() == "0.2.0 confirmed")
    let back = try aether.run("host", "update", "rollback")
    #expect(back.output == "0.2.0 runs; 0.2.0 was rolled back: it was rolled back by hand\n", "\(back)")
    aether.stop()
    try await site.start()
    #expect(try site.state() == "0.1.0 rolledBack")
    #expect(try site.executable() == Site.program)
    #expect(try aether.run("host", "update", "rollback").errors.contains("no version to go back to"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: aether.root + "/host/versions").isEmpty)
  }

  @Test func aBrokenVersionIsLeftByItself() async throws {
    let site = try Site()
    defer { site.end() }
    let aether = site.aether
    try site.trustKey()
    try await site.start()
    // One that ends at once, and nothing more.
    #expect(try aether.run("host", "update", "apply", try site.pack("0.2.0", program: "/bin/false")).status == 0)
    aether.stop()
    let tried = try Installation.run(Site.program, ["run", "--root", aether.root])
    #expect(tried.status == 1 && tried.errors.isEmpty, "\(tried)")
    try await site.start()
    #expect(try site.state() == "0.1.0 rolledBack")
    #expect(try aether.run("host", "update", "status").output.contains("0.2.0 was rolled back: it was started and not"))

    // One that works and is killed before it was confirmed.
    #expect(try aether.run("host", "update", "apply", try site.pack("0.3.0", program: Site.program)).status == 0)
    aether.stop()
    try await site.start()
    #expect(try site.state() == "0.3.0 onTrial")
    aether.kill()
    try await site.start()
    #expect(try site.state() == "0.1.0 rolledBack")
  }

  @Test func aVersionThatWorksIsConfirmedByItself() async throws {
    let site = try Site("confirmAfter: 100ms")
    defer { site.end() }
    try site.trustKey()
    try await site.start()
    let url = try site.pack("0.2.0", program: Site.program)
    #expect(try site.aether.run("host", "update", "apply", url).status == 0)
    site.aether.stop()
    try await site.start()
    try await site.aether.wait("it is confirmed") { try site.state() == "0.2.0 confirmed" }
  }

  @Test func whatMayNotRunIsRefused() async throws {
    let site = try Site()
    defer { site.end() }
    let aether = site.aether
    try site.trustKey()
    try await site.start()
    func refusal(_ url: String) throws -> String {
      let result = try aether.run("host", "update", "apply", url)
      #expect(result.status == 1, "\(result)")
      return result.output
    }
    _ = try aether.run("app", "keygen", site.folder + "/other.pem")
    #expect(
      try refusal(try site.pack("0.2.0", program: Site.program, key: "other.pem")).contains("no trusted key made"))
    // The same program for another machine.
    let foreign = aether.root + "/foreign"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: Site.program))
    bytes[18] = bytes[18] == 62 ? 183 : 62
    try bytes.write(to: URL(fileURLWithPath: foreign))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: foreign)
    #expect(try refusal(try site.pack("0.2.1", program: foreign)).contains("this machine is"))
    #expect(try refusal(try site.pack("0.0.9", program: Site.program)).contains("older than 0.1.0"))
    #expect(try refusal("\(site.server.address)/none").contains("status 404"))
    let plain = try aether.run("host", "update", "apply", "http://127.0.0.1/x")
    #expect(plain.status == 3 && plain.errors.contains("an https:// address"), "\(plain)")
    #expect(try site.state() == "0.1.0 failed")

    // A download that breaks off goes on where it ended, also in the next daemon.
    let url = try site.pack("0.2.2", program: Site.program)
    try "10000000".write(toFile: site.folder + "/0.2.2.cut", atomically: true, encoding: .utf8)
    var requests: [String] = []
    #expect(try refusal(url).contains("0.2.2"))
    aether.kill()
    try FileManager.default.removeItem(atPath: site.folder + "/0.2.2.cut")
    try await site.start()
    #expect(try aether.run("host", "update", "apply", url).output.contains("0.2.2 is ready"))
    while requests.filter({ $0.hasPrefix("/0.2.2") }).count < 6 { requests.append(try site.server.request()) }
    #expect(requests.last == "/0.2.2 bytes=10000000-", "\(requests)")
    #expect(requests.filter { $0 == "/0.2.2 -" }.count == 1, "\(requests)")
  }

  /// What an app with the right does, and one without it does not.
  @Test func anAppUpdatesTheHost() async throws {
    let site = try Site()
    defer { site.end() }
    let aether = site.aether
    try site.trustKey()
    try await site.start()
    let url = try site.pack("0.2.0", program: Site.program)
    let source = """
      #define IMPORT(name) __attribute__((import_module("env"), import_name(name)))
      IMPORT("printf_native") int say(const char *text);
      IMPORT("ota_check") int check(const char *url);
      IMPORT("ota_fetch_and_apply") int apply(const char *url);
      IMPORT("ota_get_state") int state(void);
      IMPORT("ota_confirm") int confirm(void);
      IMPORT("ota_rollback") int rollback(void);
      static char text[] = "what -000";
      static void tell(const char *what, int value) {
        for (int i = 0; i < 4; i++) text[i] = what[i];
        text[5] = value < 0 ? '-' : '+';
        if (value < 0) value = -value;
        for (int i = 8; i > 5; i--, value /= 10) text[i] = '0' + value % 10;
        say(text);
      }
      __attribute__((export_name("main"))) int run(void) {
        tell("none", apply("\(site.server.address)/none"));
        tell("chck", check("\(url)"));
        tell("aply", apply("\(url)"));
        tell("stat", state());
        tell("conf", confirm());
        tell("back", rollback());
        tell("stat", state());
        return 0;
      }
      """
    let module = try AppPrograms.build(
      "1.0", capabilities: ["ota.trigger"], name: "updater", source: source, in: aether.root)
    func lines(_ name: String, _ capabilities: String) async throws -> [Substring] {
      try aether.apply(
        """
        kind: App
        metadata: {name: \(name)}
        spec: {source: {file: \(module)}, capabilities: [\(capabilities)], restart: {policy: never}}
        """)
      try await aether.wait("\(name) has ended") {
        try ["Completed", "Failed"].contains(aether.status("app", name)["phase"]?.stringValue)
      }
      return try aether.run("app", "logs", name).output.split(separator: "\n")
    }
    #expect(
      try await lines("updater", "ota.trigger") == [
        "none -005", "chck +001", "aply +000", "stat +005", "conf -114", "back +000", "stat +000",
      ])
    let denied = try await lines("other", "")
    #expect(denied.allSatisfy { $0.hasSuffix("-001") } && denied.count == 7, "\(denied)")
    #expect(try aether.run("app", "audit", "other").output.contains("CAPABILITY_DENIED"))
  }
}
