import Foundation
import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(3))) struct HTTPClientTests {
  let server: TestServer
  let client: HTTPClient

  init() throws {
    server = try TestServer.shared.get()
    client = try HTTPClient()
  }

  struct Echo: Decodable {
    var method: String
    var headers: [String]
    var length: Int
    var sha256: String
    var peer: Int
    var common: String
  }

  struct Floods: Decodable {
    var sent: Int
    var closed: Int
    var started: Int
  }

  func echo(_ request: HTTPClient.Request) async throws -> Echo {
    let answer = try await client.fetch(request)
    #expect(answer.status == 200)
    return try JSONDecoder().decode(Echo.self, from: Data(answer.body))
  }

  func floods() async throws -> Floods {
    let answer = try await client.fetch(HTTPClient.Request("GET", server.plain + "/floods"))
    return try JSONDecoder().decode(Floods.self, from: Data(answer.body))
  }

  @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) func sendsEveryMethod(_ method: String)
    async throws
  {
    let echo = try await echo(
      HTTPClient.Request(method, server.plain + "/echo?x=1", headers: ["X-One": "1", "X-None": ""]))
    #expect(echo.method == method)
    #expect(echo.length == 0)
    #expect(echo.headers.contains("X-One: 1"))
    #expect(echo.headers.contains("X-None: "))
    #expect(!echo.headers.contains { $0.hasPrefix("Content-Type") || $0.hasPrefix("Expect") })
  }

  @Test func readsHeadersOfAHeadRequest() async throws {
    let answer = try await client.fetch(HTTPClient.Request("HEAD", server.plain + "/echo"))
    #expect(answer.status == 200)
    #expect(answer.body.isEmpty)
    #expect(answer.headers.all("set-cookie") == ["a=1", "b=2"])
    #expect(answer.headers["X-EMPTY"]?.isEmpty == true)
    #expect(Int(answer.headers["content-length"] ?? "") ?? 0 > 10)
  }

  @Test func sendsBytesAndBearer() async throws {
    var options = HTTPClient.Options()
    options.bearer = "token"
    let body = [UInt8](repeating: 0x61, count: 3_000_000)
    let echo = try await echo(
      HTTPClient.Request(
        "POST", server.plain + "/echo", headers: ["Content-Type": "text/plain"], body: .bytes(body), options: options))
    #expect(echo.length == body.count)
    #expect(echo.headers.contains("Authorization: Bearer token"))
    #expect(echo.headers.contains("Content-Type: text/plain"))
  }

  @Test(arguments: [nil, 2_000_000]) func streamsRequestBodies(_ length: Int?) async throws {
    let request = HTTPClient.Request(
      "PUT", server.plain + "/echo",
      body: .stream(length: length) { writer in
        for index in 0..<20 {
          try await writer.write([UInt8](repeating: UInt8(index), count: 100_000))
          if index % 7 == 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
      })
    let echo = try await echo(request)
    #expect(echo.length == 2_000_000)
    #expect(echo.headers.contains(length == nil ? "Transfer-Encoding: chunked" : "Content-Length: 2000000"))
  }

  @Test func reportsAFailedBodyProducer() async throws {
    struct Broken: Error {}
    let request = HTTPClient.Request("PUT", server.plain + "/echo", body: .stream { _ in throw Broken() })
    #expect(await failureKind(request, client) == .requestBody)
  }

  @Test func stopsTheProducerWhenTheServerAnswersEarly() async throws {
    let request = HTTPClient.Request(
      "PUT", server.plain + "/early",
      body: .stream { writer in while true { try await writer.write([UInt8](repeating: 0, count: 65536)) } })
    // The server closes at once, so that either its answer or the loss of the connection comes first.
    do {
      #expect(try await client.fetch(request).status == 413)
    } catch {
      #expect(error.kind == .connectionLost)
    }
  }

  @Test func deliversChunksAsTheyAreSent() async throws {
    let response = try await client.send(HTTPClient.Request("GET", server.plain + "/gated?key=chunks"))
    #expect(response.status == 200)
    var body = response.body.makeAsyncIterator()
    // The server sends the second part only after this side has the first one and has asked for more.
    #expect(try await body.next() == Array("first".utf8))
    #expect(try await client.fetch(HTTPClient.Request("GET", server.plain + "/open?key=chunks")).status == 200)
    #expect(try await body.next() == Array("second".utf8))
    #expect(try await body.next() == nil)
    #expect(try await body.next() == nil)
  }

  @Test func aSlowReaderHoldsTheSenderUp() async throws {
    let before = try await floods()
    var response: HTTPClient.Response? = try await client.send(HTTPClient.Request("GET", server.plain + "/flood"))
    var last = -1
    for _ in 0..<200 {
      let sent = try await floods().sent
      if sent == last, sent > before.sent { break }
      last = sent
      try await Task.sleep(for: .milliseconds(300))
    }
    // Our buffer and the two socket buffers of the kernel; without back-pressure this grows without end.
    #expect(last - before.sent < 32 << 20)
    var received = 0
    var chunkMax = 0
    if let body = response?.body {
      for try await chunk in body {
        received += chunk.count
        chunkMax = max(chunkMax, chunk.count)
        if received > 64 << 20 { break }
      }
    }
    #expect(received > 64 << 20)
    #expect(chunkMax <= (256 + 16) << 10)
    response = nil
    #expect(try await eventually { try await floods().closed > before.closed })
  }

  @Test func cancelledTaskClosesTheConnection() async throws {
    let client = client
    let url = server.plain + "/flood"
    let before = try await floods()
    let task = Task { () -> HTTPClientError? in
      do {
        for try await _ in try await client.send(HTTPClient.Request("GET", url)).body {}
        return nil
      } catch {
        return error as? HTTPClientError
      }
    }
    #expect(try await eventually { try await floods().started > before.started })
    task.cancel()
    #expect(await task.value?.kind == .cancelled)
    #expect(try await eventually { try await floods().closed > before.closed })
  }

  @Test func cancelEndsTheWaitForAHead() async throws {
    let client = client
    let url = server.plain + "/wait"
    let task = Task { await failureKind(HTTPClient.Request("GET", url), client) }
    try await Task.sleep(for: .milliseconds(100))
    task.cancel()
    #expect(await task.value == .cancelled)
    let early = Task { () -> HTTPClientError.Kind? in
      withUnsafeCurrentTask { $0?.cancel() }
      return await failureKind(HTTPClient.Request("GET", url), client)
    }
    #expect(await early.value == .cancelled)
  }

  @Test func reusesConnections() async throws {
    var peers: Set<Int> = []
    for _ in 0..<5 { peers.insert(try await echo(HTTPClient.Request("GET", server.plain + "/echo")).peer) }
    #expect(peers.count == 1)
  }

  @Test func runsManyRequestsAtOnce() async throws {
    let client = client
    let url = server.plain + "/chunks?n=20"
    let sizes = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<60 { group.addTask { try await client.fetch(HTTPClient.Request("GET", url)).body.count } }
      var sizes: Set<Int> = []
      for try await size in group { sizes.insert(size) }
      return sizes
    }
    #expect(sizes == [10 * 8 + 10 * 9])
  }

  @Test func followsRedirectsOnlyWhenAsked() async throws {
    let url = server.plain + "/redirect?to=/status?code=203"
    #expect(try await client.fetch(HTTPClient.Request("GET", url)).headers["location"] == "/status?code=203")
    var options = HTTPClient.Options()
    options.redirectsMax = 3
    #expect(try await client.fetch(HTTPClient.Request("GET", url, options: options)).status == 203)
    #expect(try await client.fetch(HTTPClient.Request("POST", url, options: options)).status == 302)
    let loop = HTTPClient.Request("GET", server.plain + "/loop", options: options)
    #expect(await failureKind(loop, client) == .tooManyRedirects)
    let toFile = HTTPClient.Request("GET", server.plain + "/redirect?to=file:///etc/passwd", options: options)
    #expect(await failureKind(toFile, client) == .protocolViolation)
  }

  @Test func speaksOverAUnixSocket() async throws {
    var options = HTTPClient.Options()
    options.unixSocketPath = server.unixSocketPath
    #expect(
      try await client.fetch(HTTPClient.Request("GET", "http://local/status?code=202", options: options)).status == 202)
    options.unixSocketPath = server.path("no-such-socket")
    #expect(
      await failureKind(HTTPClient.Request("GET", "http://local/", options: options), client) == .connectionFailed)
  }

  @Test func boundsACollectedBody() async throws {
    let request = HTTPClient.Request("GET", server.plain + "/large?n=100000")
    let error = await #expect(throws: HTTPClientError.self) { try await client.fetch(request, bodyMax: 99_999) }
    #expect(error?.kind == .responseTooLarge)
    #expect(try await client.fetch(request, bodyMax: 100_000).body.count == 100_000)
  }

  @Test func closeEndsEverything() async throws {
    let other = try HTTPClient()
    let response = try await other.send(HTTPClient.Request("GET", server.plain + "/stall"))
    other.close()
    let error = await #expect(throws: HTTPClientError.self) { try await response.body.collect(sizeMax: 1000) }
    #expect(error?.kind == .clientClosed)
    #expect(await failureKind(HTTPClient.Request("GET", server.plain + "/echo"), other) == .clientClosed)
  }

  @Test func aDroppedClientFinishesWhatRuns() async throws {
    var other: HTTPClient? = try HTTPClient()
    let response = try await other?.send(HTTPClient.Request("GET", server.plain + "/chunks?n=5&s=0.05"))
    other = nil
    #expect(try await response?.body.collect(sizeMax: 1000).count == 40)
  }

}

func failureKind(_ request: HTTPClient.Request, _ client: HTTPClient) async -> HTTPClientError.Kind? {
  do {
    _ = try await client.fetch(request)
    return nil
  } catch {
    print("\(error)")
    return error.kind
  }
}

/// Whether the condition comes true within some 30 seconds.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
  for _ in 0..<300 {
    if try await condition() { return true }
    try await Task.sleep(for: .milliseconds(100))
  }
  return false
}
