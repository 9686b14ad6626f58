import Glibc
import TestAuthority
import Testing

@testable import Net

/// Echoes, and remembers what the client showed.
final class IdentityHandler: ConnectionHandler {
  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
    let certificate = connection.peerCertificate
    let answer = "\(connection.negotiatedALPN ?? "-") \(certificate?.commonName ?? "-") \(certificate?.spiffeID ?? "-")"
    connection.write(Array(answer.utf8))
    connection.close()
  }
}

@Suite(.timeLimit(.minutes(3)))
struct TLSTests {
  let authority: TestAuthority
  let group: EventLoopGroup

  init() throws {
    authority = try TestAuthority()
    group = try EventLoopGroup(count: 2)
  }

  func server(_ change: (inout TLSConfiguration) -> Void = { _ in }) throws -> TLSContext {
    var configuration = TLSConfiguration()
    configuration.identity = try authority.issue(
      "server", names: "DNS:localhost,IP:127.0.0.1,URI:spiffe://test.example/server")
    configuration.trustRoots = authority.roots
    configuration.alpn = ["h2", "http/1.1"]
    change(&configuration)
    return try TLSContext(server: configuration)
  }

  func client(
    _ identity: TLSConfiguration.Identity? = nil, _ change: (inout TLSConfiguration) -> Void = { _ in }
  ) throws -> TLSContext {
    var configuration = TLSConfiguration()
    configuration.identity = identity
    configuration.trustRoots = authority.roots
    change(&configuration)
    return try TLSContext(client: configuration)
  }

  func listen(_ context: TLSContext, _ address: SocketAddress = .loopback(port: 0)) throws -> Listener {
    var options = ListenerOptions()
    options.tls = context
    return try Listener.bind(address, group: group, options: options) { _ in IdentityHandler() }
  }

  /// Sends one request; gives the answer and how it ended.
  func ask(
    _ listener: Listener, _ context: TLSContext, _ peer: TLSPeerName? = nil
  ) async throws -> (answer: String, reason: CloseReason?) {
    var options = ConnectOptions()
    options.tls = context
    options.peerName = peer
    let collector = Collector()
    let connection = try await Connection.connect(
      to: .address(listener.address), on: group.next(), options: options
    ) { _ in collector }
    await connection.loop.run { connection.write("who am I?") }
    let reason = await collector.waitClosed()
    return (String(decoding: collector.bytes, as: UTF8.self), reason)
  }

  @Test(arguments: ["tcp", "unix"])
  func mutualTLS(_ kind: String) async throws {
    let context = try server { $0.clientCertificates = .required }
    let listener = try listen(context, kind == "unix" ? .unix(temporaryPath("tls")) : .loopback(port: 0))
    let identity = try authority.issue("alice", names: "URI:spiffe://test.example/alice")
    let client = try client(identity) { $0.alpn = ["http/1.1", "h2"] }
    for peer in [.spiffeID("spiffe://test.example/server"), .trustDomain("test.example"), .host("localhost")]
      as [TLSPeerName]
    {
      let (answer, reason) = try await ask(listener, client, peer)
      #expect(answer == "h2 alice spiffe://test.example/alice")
      #expect(reason == .closed)
    }
    await listener.close(grace: .seconds(20))
    group.shutdown()
  }

  @Test func serverIdentityIsChecked() async throws {
    let listener = try listen(try server())
    let client = try client()
    #expect(try await ask(listener, client).answer == "- - -")  // by IP address
    await #expect(throws: NetError.self) { try await ask(listener, client, .host("example.org")) }
    await #expect(
      throws: NetError.tls(
        .wrongPeer(expected: .spiffeID("spiffe://test.example/x"), found: ["spiffe://test.example/server"]))
    ) {
      try await ask(listener, client, .spiffeID("spiffe://test.example/x"))
    }
    await #expect(throws: NetError.self) { try await ask(listener, client, .trustDomain("test")) }
    let stranger = try TestAuthority()
    let suspicious = try self.client { $0.trustRoots = stranger.roots }
    await #expect(throws: NetError.self) { try await ask(listener, suspicious) }
    await listener.close(grace: .seconds(20))
    group.shutdown()
  }

  /// The client must be told by an alert, not by a lost connection.
  @Test(arguments: ["absent", "foreign", "expired"])
  func clientCertificateIsRefusedWithAnAlert(_ kind: String) async throws {
    let listener = try listen(try server { $0.clientCertificates = .required })
    let stranger = try TestAuthority()
    let identity: TLSConfiguration.Identity? =
      switch kind {
      case "absent": nil
      case "foreign": try stranger.issue("mallory", names: "URI:spiffe://test.example/alice")
      default: try authority.issue("late", names: "URI:spiffe://test.example/late", days: -1)
      }
    let client = try client(identity)
    for _ in 0..<20 {
      let (answer, reason) = try await ask(listener, client)
      #expect(answer == "")
      guard case .tls(.refused(let text))? = reason else {
        Issue.record("ended with \(String(describing: reason))")
        continue
      }
      #expect(text.contains("alert"))
    }
    // The loops' other connections are not harmed by the failures.
    let good = try self.client(try authority.issue("bob", names: "URI:spiffe://test.example/bob"))
    #expect(try await ask(listener, good).answer == "- bob spiffe://test.example/bob")
    await listener.close(grace: .seconds(20))
    group.shutdown()
  }

  @Test func reloadAppliesToNewConnections() async throws {
    let context = try server { $0.clientCertificates = .none }
    let listener = try listen(context)
    let client = try client()
    #expect(try context.reloadIfChanged() == false)
    _ = try authority.issue("server", names: "DNS:renamed")
    #expect(try context.reloadIfChanged() == true)
    #expect(try await ask(listener, client, .host("renamed")).answer == "- - -")
    await #expect(throws: NetError.self) { try await ask(listener, client, .host("localhost")) }
    // A file that cannot be used leaves the old certificate in service.
    guard let file = fopen(authority.path("server.pem"), "w") else { return }
    fputs("nonsense", file)
    fclose(file)
    #expect(throws: TLSError.self) { try context.reload() }
    #expect(try await ask(listener, client, .host("renamed")).answer == "- - -")
    await listener.close(grace: .seconds(20))
    group.shutdown()
  }

  @Test func configurationErrorsNameTheCulprit() throws {
    #expect(throws: TLSError.configuration("a server needs an identity")) {
      try TLSContext(server: TLSConfiguration())
    }
    var configuration = TLSConfiguration()
    configuration.identity = .init(chain: .file("/nonexistent/cert.pem"), key: .file("/nonexistent/key.pem"))
    #expect(throws: TLSError.configuration("certificate /nonexistent/cert.pem: No such file or directory")) {
      try TLSContext(server: configuration)
    }
    let one = try authority.issue("one", names: "DNS:one")
    let two = try authority.issue("two", names: "DNS:two")
    configuration.identity = .init(chain: one.chain, key: two.key)
    #expect(throws: TLSError.self) { try TLSContext(server: configuration) }
    group.shutdown()
  }

  @Test func garbageInsteadOfAHandshake() async throws {
    let listener = try listen(try server())
    let collector = Collector()
    let plain = try await Connection.connect(to: .address(listener.address), on: group.next()) { _ in collector }
    await plain.loop.run { plain.write("GET / HTTP/1.1\r\n\r\n") }
    #expect(await collector.waitClosed() != nil)
    await listener.close(grace: .seconds(20))
    #expect(listener.connectionCount == 0)
    group.shutdown()
  }
}
