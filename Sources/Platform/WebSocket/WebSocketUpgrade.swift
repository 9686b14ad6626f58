import COpenSSL
import HTTP
import HTTPServer
import Net

/// The opening handshake of a server (RFC 6455 section 4.2).
public enum WebSocketUpgrade {
  /// Answers an upgrade request. `makeHandler` is called on the connection's loop.
  /// - Throws: `HTTPFailure` 400, 405 or 426 for a request that is no proper WebSocket handshake.
  public static func response(
    to request: HTTPRequest, configuration: WebSocketConfiguration = WebSocketConfiguration(),
    headers: HTTPHeaders = HTTPHeaders(),
    makeHandler: @escaping @Sendable (WebSocketConnection) -> any WebSocketHandler
  ) throws(HTTPFailure) -> HTTPResponse {
    let key = try checkedKey(request.head)
    let offered = request.headers.values(of: "sec-websocket-protocol").joined(separator: ",").split(separator: ",")
      .map { WebSocketHandshake.trimmed($0) }
    let subprotocol = configuration.protocols.first { offered.contains($0) }
    var headers = headers
    headers.set("upgrade", "websocket")
    headers.set("connection", "Upgrade")
    headers.set("sec-websocket-accept", WebSocketHandshake.accept(for: key))
    if let subprotocol { headers.set("sec-websocket-protocol", subprotocol) }
    let box = WebSocketConnection.ConfigurationBox(configuration)
    return HTTPResponse(
      status: .switchingProtocols, headers: headers,
      body: .upgrade { connection in
        let socket = WebSocketConnection(connection, role: .server, configuration: box, subprotocol: subprotocol)
        socket.handler = makeHandler(socket)
        return socket
      })
  }

  /// Answers an upgrade request with an async body, run as a task on the connection's loop. When it returns the socket
  /// is closed with 1000, when it throws with 1011.
  public static func response(
    to request: HTTPRequest, configuration: WebSocketConfiguration = WebSocketConfiguration(),
    headers: HTTPHeaders = HTTPHeaders(), body: @escaping @Sendable (WebSocket) async throws -> Void
  ) throws(HTTPFailure) -> HTTPResponse {
    try response(to: request, configuration: configuration, headers: headers) { connection in
      let socket = WebSocket(connection, queueBytesMax: configuration.queueBytes)
      Task(executorPreference: connection.loop) {
        do {
          try await body(socket)
          await socket.close()
        } catch {
          await socket.close(.internalError)
        }
      }
      return socket
    }
  }

  private static func checkedKey(_ head: HTTPRequestHead) throws(HTTPFailure) -> String {
    guard head.method == .get else { throw HTTPFailure(.methodNotAllowed, headers: ["allow": "GET"]) }
    guard head.version == .http1_1, head.headers.contains("upgrade", token: "websocket"),
      head.headers.contains("connection", token: "upgrade")
    else {
      throw HTTPFailure(
        .upgradeRequired, "a WebSocket upgrade is needed here",
        headers: ["upgrade": "websocket", "connection": "Upgrade"])
    }
    guard head.headers["sec-websocket-version"] == "13" else {
      throw HTTPFailure(
        .upgradeRequired, "WebSocket version 13 is needed", headers: ["sec-websocket-version": "13"])
    }
    let keys = head.headers.values(of: "sec-websocket-key")
    guard keys.count == 1, WebSocketHandshake.isKey(keys[0]) else {
      throw HTTPFailure(.badRequest, "sec-websocket-key must be 16 bytes in base64")
    }
    return keys[0]
  }
}

/// What both sides of the handshake compute.
enum WebSocketHandshake {
  /// RFC 6455 section 1.3.
  static func accept(for key: String) -> String {
    let text = Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
    var digest = [UInt8](repeating: 0, count: 20)
    EVP_Digest(text, text.count, &digest, nil, EVP_sha1(), nil)
    return base64(digest)
  }

  static func newKey() -> String {
    base64((0..<16).map { _ in UInt8.random(in: 0...255) })
  }

  /// Sixteen bytes in base64 are 22 characters and two pads.
  static func isKey(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count == 24, bytes[22] == UInt8(ascii: "="), bytes[23] == UInt8(ascii: "=") else { return false }
    return bytes[..<22].allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
        true
      default: false
      }
    }
  }

  static func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return String(text)
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
    let count = EVP_EncodeBlock(&text, bytes, Int32(bytes.count))
    return String(decoding: text.prefix(Int(count)), as: UTF8.self)
  }
}
