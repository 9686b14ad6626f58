import GRPC
import Glibc
import HTTP
import HTTPServer
import Net
import WebSocket

final class EchoHandler: WebSocketHandler {
  func received(_ bytes: UnsafeRawBufferPointer, isText: Bool, on socket: WebSocketConnection) {
    socket.send(bytes, isText: isText)
  }
  func closed(_ code: WebSocketCloseCode, reason: String, on socket: WebSocketConnection) {}
}

/// A server for load generators: `/json` (answered at once), `/async` (through a task), `/bytes/{count}`, `/upload`, and a
/// WebSocket that echoes (`/echo`), and gRPC's health service.
@main
struct BenchServer {
  static func main() async throws {
    var port: UInt16 = 0
    var loops = 1
    var clientAuthority: String?
    var certificate: (chain: String, key: String)?
    var arguments = CommandLine.arguments.dropFirst().makeIterator()
    while let argument = arguments.next() {
      switch argument {
      case "--port": port = arguments.next().flatMap { UInt16($0) } ?? port
      case "--tls": certificate = (arguments.next() ?? "", arguments.next() ?? "")
      case "--client-ca": clientAuthority = arguments.next()
      case "--loops": loops = arguments.next().flatMap { Int($0) } ?? loops
      default:
        print("usage: aether-bench-server [--port N] [--loops N] [--tls CHAIN.pem KEY.pem [--client-ca CA.pem]]")
        exit(2)
      }
    }
    let json = HTTPResponse.json(#"{"message":"Hello, World!","items":[1,2,3]}"#)
    let router = Router([
      Route(.get, "/json", .immediate { _, _ in json }),
      Route(.get, "/async") { _, _ in json },
      Route(
        .get, "/echo",
        .immediate { request, _ in
          try WebSocketUpgrade.response(to: request) { (_: WebSocketConnection) in EchoHandler() }
        }),
      Route(.get, "/bytes/{count}") { _, context in
        guard let count = Int(context.parameter("count")) else { throw HTTPFailure(.badRequest) }
        return HTTPResponse(
          body: .stream(length: count) { writer in
            let piece = [UInt8](repeating: 120, count: 32 * 1024)
            var left = count
            while left > 0 {
              try await writer.write(Array(piece.prefix(left)))
              left -= piece.count
            }
          })
      },
      Route(.post, "/upload") { request, _ in
        var count = 0
        for try await piece in request.body { count += piece.count }
        return .text("\(count)\n")
      },
    ])
    let group = try EventLoopGroup(count: loops)
    let tls = try certificate.map { paths in
      var configuration = TLSConfiguration()
      configuration.identity = .init(chain: .file(paths.chain), key: .file(paths.key))
      configuration.alpn = HTTPServer.alpn
      if let clientAuthority {
        configuration.trustRoots = .file(clientAuthority)
        configuration.clientCertificates = .required
      }
      return try TLSContext(server: configuration)
    }
    let calls = GRPCRouter([GRPCHealth()])
    let server = try HTTPServer.bind(.loopback(port: port), group: group, tls: tls) { stream in
      if GRPCRouter.isCall(stream.request) { calls.accept(stream) } else { router.accept(stream) }
    }
    print("listening on \(server.address)")
    fflush(nil)
    while true { try await Task.sleep(for: .seconds(3600)) }
  }
}
