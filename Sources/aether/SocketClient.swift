import Glibc
import HTTP
import JSON
import Model
import Net
import WebSocket

/// WebSockets to the daemon of a context.
struct SocketClient: Sendable {
  let client: APIClient
  let loop: EventLoop

  init(_ client: APIClient) throws {
    self.client = client
    loop = try EventLoop(name: "aether-socket")
  }

  /// Opens `path` (with its query).
  ///
  /// - Throws: ``APIError``: the daemon's own when it refuses, `unavailable` when it cannot be reached.
  func connect(_ path: String, subprotocol: String? = nil) async throws -> WebSocket {
    let (isSecure, host, port) = try address()
    var options = ConnectOptions()
    if isSecure {
      var tls = TLSConfiguration()
      tls.alpn = ["http/1.1"]
      tls.trustRoots = .file(client.context.authority ?? "/etc/ssl/certs/ca-certificates.crt")
      options.tls = try TLSContext(client: tls)
    }
    var headers = HTTPHeaders()
    if let token = try await client.validToken() { headers.add("authorization", "Bearer \(token)") }
    var configuration = WebSocketConfiguration()
    configuration.messageBytes = 4 << 20
    if let subprotocol { configuration.protocols = [subprotocol] }
    do {
      return try await WebSocket.connect(
        to: .host(host, port: port), host: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)", target: path,
        headers: headers, on: loop, options: options, configuration: configuration)
    } catch let error as WebSocketError {
      if case .refused = error {
        // The same request without the upgrade tells why: the envelope is in its answer.
        _ = try await client.call("GET", path)
      }
      throw APIError(.unavailable, "\(client.context.server): \(error)")
    } catch let error as NetError {
      throw APIError(.unavailable, "\(client.context.server): \(error); is aetherd running there?")
    }
  }

  private func address() throws(APIError) -> (isSecure: Bool, host: String, port: UInt16) {
    let server = client.context.server
    let isSecure = server.hasPrefix("https://")
    let rest = server.drop { $0 != "/" }.drop { $0 == "/" }.prefix { $0 != "/" }
    let accepted = "https://ADDRESS:PORT"
    if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
      let port = rest[rest.index(after: end)...].drop { $0 == ":" }
      guard let number = port.isEmpty ? (isSecure ? 443 : 80) : UInt16(port) else {
        throw .invalid("server", "is \"\(server)\"", accepted: accepted)
      }
      return (isSecure, String(rest[rest.index(after: rest.startIndex)..<end]), number)
    }
    let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
    guard let host = parts.first, !host.isEmpty, parts.count <= 2,
      let port = parts.count == 2 ? UInt16(parts[1]) : (isSecure ? 443 : 80)
    else { throw .invalid("server", "is \"\(server)\"", accepted: accepted) }
    return (isSecure, String(host), port)
  }
}
