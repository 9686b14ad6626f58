import HTTP
import HTTPServer
import Net
import Testing

@Suite struct RouterTests {
  private func outcome(_ router: Router, _ method: HTTPMethod, _ path: String) async throws -> String {
    let group = try EventLoopGroup(count: 1)
    defer { Task.detached { group.shutdown() } }
    let head = HTTPRequestHead(method: method, path: path)
    let (handler, parameters) = router.match(head)
    let context = HTTPContext(peer: HTTPPeer(loop: group.loops[0], address: .loopback(port: 1)), parameters: parameters)
    do {
      let response = try await handler(HTTPRequest(head: head), context)
      guard case .bytes(let bytes) = response.body else { return "" }
      return String(decoding: bytes, as: UTF8.self)
    } catch let failure as HTTPFailure {
      return "\(failure.status.code) \(failure.headers["allow"] ?? "")"
    }
  }

  private func echo(_ name: String) -> HTTPHandler {
    .immediate { _, context in
      .text(name + context.parameters.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined())
    }
  }

  @Test func pathsAndMethods() async throws {
    let router = Router([
      Route(.get, "/v1/cells", echo("list")),
      Route(.post, "/v1/cells", echo("create")),
      Route(.get, "/v1/cells/{name}", echo("get")),
      Route(.delete, "/v1/cells/{name}", echo("delete")),
      Route(.get, "/v1/cells/special", echo("special")),
      Route(.get, "/v1/cells/{cell}/processes/{process}", echo("process")),
      Route(.get, "/static/{path...}", echo("static")),
    ])
    for (method, path, expected) in [
      (HTTPMethod.get, "/v1/cells", "list"), (.post, "/v1/cells", "create"), (.get, "/v1/cells/a", "get name=a"),
      (.head, "/v1/cells/a", "get name=a"), (.get, "/v1/cells/a%2Fb%20c", "get name=a/b c"),
      (.get, "/v1/%63ells/x", "get name=x"), (.get, "/v1/cells/special", "special"),
      (.get, "/v1/cells/a/processes/b", "process cell=a process=b"), (.get, "/static/", "static path="),
      (.get, "/static/a/b.js", "static path=a/b.js"), (.put, "/v1/cells", "405 GET, HEAD, POST"),
      (.get, "/v1/cells/", "404 "), (.get, "/v1", "404 "), (.get, "/v1//cells", "404 "), (.get, "*", "404 "),
      (.get, "/v1/cells/%zz", "400 "), (.get, "/v1/cells/%ff", "400 "), (.get, "/v1/cells/%4", "400 "),
    ] {
      #expect(try await outcome(router, method, path) == expected, "\(method) \(path)")
    }
  }

  @Test func middlewareWrapsEveryAnswer() async throws {
    let router = Router(
      [Route(.get, "/a", echo("a"))],
      middleware: [
        { request, context, next in
          do {
            return try await next(request, context)
          } catch let failure as HTTPFailure {
            throw HTTPFailure(failure.status, headers: ["allow": "seen"])
          }
        }
      ])
    #expect(try await outcome(router, .get, "/a") == "a")
    #expect(try await outcome(router, .get, "/b") == "404 seen")
    #expect(try await outcome(router, .post, "/a") == "405 seen")
  }

  @Test func percentCoding() {
    #expect(PercentCoding.encode("a/b ü") == "a%2Fb%20%C3%BC")
    #expect(PercentCoding.decode("a%2Fb%20%C3%BC") == "a/b ü")
    #expect(PercentCoding.decode("a+b", plusIsSpace: true) == "a b")
    #expect(PercentCoding.decode("%") == nil && PercentCoding.decode("%0x") == nil)
  }
}
