import Foundation
import HTTP
import HTTPServer
import Net
import PythonPeer
import Synchronization

/// A server with the routes that the tests ask for, and what its handlers saw.
final class TestServer: Sendable {
  let group: EventLoopGroup
  let server: HTTPServer
  let seen: Seen

  final class Seen: Sendable {
    let bytesWritten = Atomic<Int>(0)
    let cancelled = Atomic<Int>(0)
    let started = Atomic<Int>(0)
    /// Lets `/slow` end.
    let released = Atomic<Bool>(false)
  }

  init(_ limits: HTTPServerLimits = HTTPServerLimits(), tls: TLSContext? = nil, files: StaticFiles? = nil) throws {
    group = try EventLoopGroup(count: 2)
    let seen = Seen()
    self.seen = seen
    var configuration = HTTPServerConfiguration()
    configuration.limits = limits
    configuration.renderFailure = { failure, request in
      var headers = failure.headers
      headers.set("content-type", "application/json")
      return HTTPResponse(
        status: failure.status, headers: headers,
        body: .bytes(Array(#"{"status":\#(failure.status.code),"path":"\#(request?.path ?? "?")"}"#.utf8)))
    }
    var routes = Self.routes(seen)
    if let files { routes.append(Route(.get, "/static/{path...}", files.handler)) }
    server = try HTTPServer.bind(
      .loopback(port: 0), group: group, tls: tls, configuration: configuration, router: Router(routes))
  }

  var port: UInt16 { server.address.port }

  func stop() async {
    await server.shutdown(grace: .milliseconds(100))
    group.shutdown()
  }

  /// Runs a Python program with the port as first argument; gives its output.
  func python(_ program: String, _ arguments: [String] = []) throws -> String {
    try PythonPeer.run(program, ["\(port)"] + arguments)
  }

  private static func routes(_ seen: Seen) -> [Route] {
    [
      Route(.get, "/sync", .immediate { _, _ in .text("sync") }),
      Route(.get, "/async") { _, _ in
        await Task.yield()
        return .text("async")
      },
      Route(.post, "/echo") { request, _ in
        let body = try await request.body.collect(upTo: 64 << 20)
        return HTTPResponse(contentType: "application/octet-stream", body)
      },
      Route(.post, "/stream-echo") { request, _ in
        HTTPResponse(
          body: .stream(length: nil) { writer in
            for try await piece in request.body { try await writer.write(piece) }
          })
      },
      Route(.post, "/count") { request, _ in
        var count = 0
        for try await piece in request.body { count += piece.count }
        return .text("\(count)")
      },
      Route(.post, "/ignore") { _, _ in .text("ignored") },
      Route(.post, "/never-reads") { _, _ in
        seen.started.add(1, ordering: .relaxed)
        do {
          try await Task.sleep(for: .seconds(600))
        } catch {
          seen.cancelled.add(1, ordering: .relaxed)
        }
        return .text("")
      },
      Route(.get, "/bytes/{count}") { _, context in
        guard let count = Int(context.parameter("count")) else { throw HTTPFailure(.badRequest) }
        return HTTPResponse(
          body: .stream(length: count) { writer in
            var left = count
            while left > 0 {
              let size = min(left, 100_000)
              try await writer.write([UInt8](repeating: 97, count: size))
              left -= size
            }
          })
      },
      Route(.get, "/endless") { _, _ in
        HTTPResponse(
          body: .stream(length: nil) { writer in
            let piece = [UInt8](repeating: 98, count: 10_000)
            do {
              while true {
                try await writer.write(piece)
                seen.bytesWritten.add(piece.count, ordering: .relaxed)
              }
            } catch {
              seen.cancelled.add(1, ordering: .relaxed)
              throw error
            }
          })
      },
      Route(.get, "/slow") { _, _ in
        seen.started.add(1, ordering: .relaxed)
        while !seen.released.load(ordering: .relaxed) { try await Task.sleep(for: .milliseconds(10)) }
        return .text("slow but done")
      },
      Route(.get, "/short") { _, _ in
        HTTPResponse(body: .stream(length: 100) { writer in try await writer.write("only this") })
      },
      Route(.get, "/throws") { _, _ in throw CocoaError(.fileNoSuchFile) },
    ]
  }
}

/// Waits until `condition` holds; false after half a minute.
func eventually(_ condition: @Sendable () -> Bool) async -> Bool {
  for _ in 0..<3000 {
    if condition() { return true }
    try? await Task.sleep(for: .milliseconds(10))
  }
  return false
}
