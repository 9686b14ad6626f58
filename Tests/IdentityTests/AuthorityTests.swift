import Crypto
import Foundation
import PythonPeer
import Testing

@testable import Identity

/// A directory that is gone after the test.
func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("aether-identity-\(UUID())").path
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}

func permissions(_ path: String) throws -> Int {
  try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber).intValue
}

private func contents(_ directory: String) throws -> [String: Data] {
  var files: [String: Data] = [:]
  for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
    files[name] = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)"))
  }
  return files
}

private let day = Duration.seconds(86_400)

@Suite struct SPIFFEIDTests {
  @Test func parses() throws {
    let id = try SPIFFEID("spiffe://aether.local/node/worker-1")
    #expect(id.trustDomain == "aether.local" && id.path == "/node/worker-1")
    #expect(id.description == "spiffe://aether.local/node/worker-1")
    #expect(try WorkloadIdentity(id) == .node("worker-1"))
    #expect(try WorkloadIdentity.gateway("a").spiffeID(in: "t").description == "spiffe://t/gateway/a")
    #expect(try SPIFFEID("spiffe://t").path == "")
  }

  @Test(arguments: [
    "", "spiffe://", "SPIFFE://t/a", "spiffe://T/a", "spiffe://t/", "spiffe://t//a", "spiffe://t/a/", "spiffe://t/./a",
    "spiffe://t/../a", "spiffe://t:80/a", "spiffe://u@t/a", "spiffe://t/a?b", "spiffe://t/a#b", "spiffe://t/a%20b",
    "https://t/a", "spiffe://t/é",
  ])
  func refuses(_ uri: String) { #expect(throws: IdentityError.self) { try SPIFFEID(uri) } }

  @Test func refusesWorkloadNames() throws {
    for name in ["", "..", "a/b", "a b"] {
      #expect(throws: IdentityError.self) { try WorkloadIdentity.node(name).spiffeID(in: "t") }
    }
    #expect(throws: IdentityError.self) { try WorkloadIdentity(SPIFFEID("spiffe://t/other/a")) }
  }
}

@Suite struct AuthorityTests {
  @Test func issuesIdentities() throws {
    let authority = try CertificateAuthority.make()
    let key = try PrivateKey.generate(.ed25519)
    let node = try authority.issue(.node("n1"), for: key.publicKey, names: [.dns("n1")])
    try authority.anchors.verify(node, for: .serverAuth)
    try authority.anchors.verify(node, for: .clientAuth)
    #expect(try WorkloadIdentity(SPIFFEID(of: node)) == .node("n1"))
    let client = try authority.issue(.client("cli"), for: key.publicKey)
    try authority.anchors.verify(client, for: .clientAuth)
    #expect(throws: CryptoError.self) { try authority.anchors.verify(client, for: .serverAuth) }
    // A request cannot choose its identity.
    let request = try CertificateRequest(
      subject: DistinguishedName(commonName: "root"), altNames: [.uri("spiffe://aether.local/daemon/root")], key: key)
    #expect(try SPIFFEID(of: authority.issue(.node("n2"), for: request)).path == "/node/n2")
    #expect(throws: IdentityError.self) { try authority.issue(.node("n"), for: key.publicKey, names: [.uri("x:y")]) }
  }

  @Test func ensureMakesOnceAndKeeps() async throws {
    try await withTemporaryDirectory { root in
      let first = try PKIDirectory.ensure(root: root)
      #expect(first.renewed == ["server", "client"])
      let before = try contents("\(root)/pki")
      #expect(
        Set(before.keys) == [
          ".lock", "bundle.pem", "ca.key", "ca.pem", "client.key", "client.pem", "server.key", "server.pem",
        ])
      for name in before.keys where name != ".lock" {
        #expect(try permissions("\(root)/pki/\(name)") == (name.hasSuffix(".key") ? 0o600 : 0o644))
      }
      let second = try PKIDirectory.ensure(root: root)
      #expect(second.renewed.isEmpty)
      #expect(try contents("\(root)/pki") == before)
    }
  }

  @Test func ensureRenewsAndRepairs() async throws {
    try await withTemporaryDirectory { root in
      let start = UnixTime.now()
      func ensure(_ names: PKIDirectory.Names = .init(), after: Duration = .zero) throws -> [String] {
        try PKIDirectory.ensure(root: root, names: names, now: start.adding(after)).renewed
      }
      _ = try ensure()
      let oldServer = try String(contentsOfFile: "\(root)/pki/server.pem", encoding: .utf8)
      #expect(try ensure(after: day * 59).isEmpty)
      #expect(try ensure(after: day * 61) == ["server", "client"])
      #expect(try ensure(after: day * 61).isEmpty)
      // Another name for the server: only the server's certificate changes.
      var names = PKIDirectory.Names()
      names.serverNames.append(.dns("host.example"))
      #expect(try ensure(names, after: day * 61) == ["server"])
      // A lost, a foreign and an unreadable key.
      try FileManager.default.removeItem(atPath: "\(root)/pki/client.key")
      #expect(try ensure(names, after: day * 61) == ["client"])
      try PrivateKey.generate(.p256).store("\(root)/pki/client.key")
      #expect(try ensure(names, after: day * 61) == ["client"])
      try Data("garbage".utf8).write(to: URL(fileURLWithPath: "\(root)/pki/server.pem"))
      #expect(try ensure(names, after: day * 61) == ["server"])
      // The authority is renewed on its key: what it issued before still leads to it.
      let late = day * 3500
      #expect(try ensure(names, after: late) == ["server", "client"])
      let bundle = try Certificate(pem: String(contentsOfFile: "\(root)/pki/bundle.pem", encoding: .utf8))
      #expect(bundle.notAfter > start.adding(late + day * 3000))
      let old = try Certificate(pem: oldServer)
      try TrustAnchors([try Certificate(pem: String(contentsOfFile: "\(root)/pki/ca.pem", encoding: .utf8))])
        .verify(
          try CertificateAuthority.open("\(root)/pki", now: start.adding(late)).issue(
            .node("x"), for: old.publicKey, now: start.adding(late)), for: .clientAuth, at: start.adding(late))
      #expect(try CertificateAuthority.open("\(root)/pki", now: start.adding(late)).certificate == bundle)
    }
  }

  @Test func refusesContradictions() async throws {
    try await withTemporaryDirectory { root in
      _ = try PKIDirectory.ensure(root: root)
      #expect(throws: IdentityError.self) {
        try PKIDirectory.ensure(root: root, names: PKIDirectory.Names(trustDomain: "other.example"))
      }
      let key = "\(root)/pki/ca.key"
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
      #expect(throws: IdentityError.crypto(.fileTooOpen(path: key, mode: 0o644))) {
        try PKIDirectory.ensure(root: root)
      }
      try PrivateKey.generate(.p256).store(key)
      #expect(throws: IdentityError.self) { try PKIDirectory.ensure(root: root) }
      try FileManager.default.removeItem(atPath: key)
      #expect(throws: IdentityError.self) { try PKIDirectory.ensure(root: root) }
    }
  }

  @Test func concurrentStartsAgree() async throws {
    try await withTemporaryDirectory { root in
      let prints = try await withThrowingTaskGroup(of: (String, Int).self) { group in
        for _ in 0..<8 {
          group.addTask {
            let made = try PKIDirectory.ensure(root: root)
            return (made.authority.certificate.fingerprintHex, made.renewed.count)
          }
        }
        var results: [(String, Int)] = []
        for try await result in group { results.append(result) }
        return results
      }
      #expect(Set(prints.map(\.0)).count == 1)
      #expect(prints.map(\.1).reduce(0, +) == 2)
    }
  }

  /// Python's `ssl` shakes hands with itself on our files: TLS 1.3, both sides authenticated, host name checked.
  @Test func mutualTLSWorks() async throws {
    try await withTemporaryDirectory { root in
      _ = try PKIDirectory.ensure(root: root)
      _ = try PKIDirectory.ensure(root: "\(root)/foreign")
      let program = """
        import ssl, sys
        ours, foreign = sys.argv[1] + "/pki/", sys.argv[1] + "/foreign/pki/"
        def shake(client_files, name):
          s = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
          s.load_cert_chain(ours + "server.pem", ours + "server.key")
          s.load_verify_locations(ours + "bundle.pem"); s.verify_mode = ssl.CERT_REQUIRED
          c = ssl.create_default_context(cafile=ours + "bundle.pem")
          if client_files: c.load_cert_chain(client_files + "client.pem", client_files + "client.key")
          a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
          client, server = c.wrap_bio(a, b, server_hostname=name), s.wrap_bio(b, a, server_side=True)
          done = [False, False]
          for _ in range(20):
            for i, side in enumerate((client, server)):
              if not done[i]:
                try: side.do_handshake(); done[i] = True
                except ssl.SSLWantReadError: pass
          assert all(done)
          return client.version(), [v for k, v in server.getpeercert()["subjectAltName"]]
        for name in ("localhost", "127.0.0.1", "::1"):
          print(shake(ours, name))
        for files, name in ((None, "localhost"), (foreign, "localhost"), (ours, "elsewhere")):
          try: shake(files, name)
          except (ssl.SSLError, AssertionError) as e: print("refused")
        """
      let expected =
        String(repeating: "('TLSv1.3', ['spiffe://aether.local/client/local'])\n", count: 3)
        + String(repeating: "refused\n", count: 3)
      #expect(try PythonPeer.run(program, [root]) == expected)
    }
  }
}
