import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(3))) struct HTTPClientFailureTests {
  let server: TestServer
  let client: HTTPClient

  init() throws {
    server = try TestServer.shared.get()
    client = try HTTPClient()
  }

  func kind(_ url: String, _ change: (inout HTTPClient.Options) -> Void = { _ in }) async -> HTTPClientError.Kind? {
    var options = HTTPClient.Options()
    change(&options)
    return await failureKind(HTTPClient.Request("GET", url, options: options), client)
  }

  @Test func saysWhatFailed() async {
    #expect(await kind(server.refused) == .connectionRefused)
    #expect(await kind("http://no-such-host.invalid/") == .nameResolution)
    #expect(await kind(server.plain + "/partial") == .connectionLost)
    #expect(await kind(server.plain + "/nothing") == .connectionLost)
    #expect(await kind(server.plain + "/garbage") == .protocolViolation)
    #expect(await kind("ftp://127.0.0.1/") == .invalidRequest)
    #expect(await kind("file:///etc/passwd") == .invalidRequest)
    #expect(await kind("http://") == .invalidRequest)
    #expect(await kind("http://a b/") == .invalidRequest)
  }

  @Test func refusesWhatWouldBreakTheHead() async {
    let requests = [
      HTTPClient.Request("GET\r\nX: y", server.plain), HTTPClient.Request("GET", server.plain + "/\r\nX: y"),
      HTTPClient.Request("GET", server.plain, headers: ["X": "a\r\nY: b"]),
      HTTPClient.Request("GET", server.plain, headers: ["X\n": "a"]),
      HTTPClient.Request("GET", server.plain, headers: ["": "a"]),
      HTTPClient.Request("GET", server.plain, options: HTTPClient.Options(bearer: "a\nb")),
      HTTPClient.Request("HEAD", server.plain, body: .bytes([1])),
    ]
    for request in requests { #expect(await failureKind(request, client) == .invalidRequest) }
  }

  @Test func timesOut() async {
    #expect(await kind(server.silent) { $0.connectTimeout = .milliseconds(300) } == .timeout(.connect))
    #expect(await kind(server.plain + "/wait") { $0.totalTimeout = .milliseconds(300) } == .timeout(.total))
    #expect(await kind(server.plain + "/stall") { $0.totalTimeout = .milliseconds(300) } == .timeout(.total))
    let rate = HTTPClient.Rate(bytesPerSecond: 10, over: .seconds(1))
    #expect(await kind(server.plain + "/stall") { $0.minimumRate = rate } == .timeout(.stalled))
  }

  @Test(arguments: [true, false]) func provesWhoItIs(_ inMemory: Bool) async throws {
    func pem(_ name: String) throws -> HTTPClient.PEM { inMemory ? try server.pem(name) : .file(server.path(name)) }
    let tls = HTTPClient.TLS(
      authority: try pem("ca.pem"), certificate: try pem("client.pem"), key: try pem("client.key"))
    let request = HTTPClient.Request("GET", server.mutualTLS + "/echo", options: HTTPClient.Options(tls: tls))
    let answer = try await client.fetch(request)
    #expect(answer.status == 200)
    #expect(answer.text.contains("\"common\": \"client\""))
  }

  @Test func refusesServersThatItDoesNotTrust() async throws {
    let (own, foreign) = (try server.pem("ca.pem"), try server.pem("foreign-ca.pem"))
    #expect(await kind(server.serverTLS + "/echo") { $0.tls.authority = own } == nil)
    #expect(await kind(server.serverTLS + "/echo") { $0.tls.authority = foreign } == .serverNotTrusted)
    #expect(await kind(server.serverTLS + "/echo") == .serverNotTrusted)
    let byAddress = server.serverTLS.replacing("localhost", with: "127.0.0.1") + "/echo"
    #expect(await kind(byAddress) { $0.tls.authority = own } == .serverNotTrusted)
    let anyHost = HTTPClient.TLS(authority: own, verifiesHostName: false)
    #expect(await kind(byAddress) { $0.tls = anyHost } == nil)
    let foreignAnyHost = HTTPClient.TLS(authority: foreign, verifiesHostName: false)
    #expect(await kind(byAddress) { $0.tls = foreignAnyHost } == .serverNotTrusted)
  }

  @Test func isRefusedWithoutAGoodCertificate() async throws {
    let authority = try server.pem("ca.pem")
    let foreign = HTTPClient.TLS(
      authority: authority, certificate: try server.pem("foreign.pem"), key: try server.pem("foreign.key"))
    for tls in [HTTPClient.TLS(authority: authority), foreign] {
      let kind = await kind(server.mutualTLS + "/echo") { $0.tls = tls }
      // TLS 1.3 tells late; the alert may be lost when the server closes at once.
      #expect(kind == .tlsHandshake || kind == .connectionLost)
    }
    let mismatched = HTTPClient.TLS(
      authority: authority, certificate: try server.pem("client.pem"), key: try server.pem("foreign.key"))
    #expect(await kind(server.mutualTLS + "/echo") { $0.tls = mismatched } == .badCredentials)
    let broken = HTTPClient.TLS(authority: authority, certificate: .text("no PEM"), key: .text("no PEM"))
    #expect(await kind(server.mutualTLS + "/echo") { $0.tls = broken } == .badCredentials)
    #expect(await kind(server.serverTLS) { $0.tls.authority = .file("/no/such/file") } == .badCredentials)
    #expect(
      await kind(server.plain.replacing("http:", with: "https:")) { $0.tls.authority = authority } == .tlsHandshake)
  }

  @Test func speaksHTTP2() async throws {
    var options = HTTPClient.Options()
    options.tls.authority = try server.pem("ca.pem")
    let (client, sent) = (client, options)
    let (protocolURL, bigURL) = (server.http2 + "/protocol", server.http2 + "/big")
    let answers = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<40 {
        group.addTask { try await client.fetch(HTTPClient.Request("GET", protocolURL, options: sent)).text }
      }
      var answers: Set<String> = []
      for try await answer in group { answers.insert(answer) }
      return answers
    }
    #expect(answers.count == 1, "one connection carries all streams: \(answers)")
    #expect(answers.allSatisfy { $0.hasPrefix("HTTP/2.0/") })
    let response = try await client.send(HTTPClient.Request("GET", bigURL, options: options))
    try await Task.sleep(for: .milliseconds(300))
    #expect(try await response.body.collect(sizeMax: 8 << 20).count == 8 << 20)
    options.version = .http1
    let old = try await client.fetch(HTTPClient.Request("GET", server.http2 + "/protocol", options: options))
    #expect(old.text.hasPrefix("HTTP/1.1/"))
  }
}
