import HTTP
import Net
import PythonPeer
import Testing
import WebSocket

@Suite struct WebSocketClientTests {
  static let serverProgram = """
    import asyncio, websockets, sys
    async def handle(ws):
        path = ws.request.path if hasattr(ws, "request") else ws.path
        if path == "/close":
            await ws.close(4321, "bye")
            return
        if path == "/fragments":
            await ws.send(["one ", "two ", "three"])
            await ws.send([b"1", b"2"])
        async for message in ws:
            await ws.send(message)
    async def main():
        async with websockets.serve(handle, "127.0.0.1", 0, max_size=None, select_subprotocol=lambda ws, offered: "b" if "b" in offered else None, compression=None) as server:
            print(server.sockets[0].getsockname()[1])
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    asyncio.run(main())
    """

  func withServer(_ body: (Endpoint, EventLoop) async throws -> Void) async throws {
    let peer = try PythonPeer(Self.serverProgram)
    let port = try #require(UInt16(try peer.readLine()))
    let group = try EventLoopGroup(count: 1)
    do {
      try await body(.address(.loopback(port: port)), group.loops[0])
    } catch {
      Issue.record(error)
    }
    group.shutdown()
    peer.stop()
  }

  @Test func messagesOfAllKinds() async throws {
    try await withServer { endpoint, loop in
      var configuration = WebSocketConfiguration()
      configuration.protocols = ["a", "b"]
      let socket = try await WebSocket.connect(
        to: endpoint, host: "localhost", on: loop, configuration: configuration)
      #expect(socket.subprotocol == "b")
      let messages: [WebSocketMessage] = [
        .text("héllo"), .text(""), .binary([]), .binary([0, 255]), .text(String(repeating: "x", count: 126)),
        .binary([UInt8](repeating: 7, count: 65_536)), .binary([UInt8](repeating: 9, count: 1 << 20)),
      ]
      for message in messages {
        try await socket.send(message)
        #expect(try await socket.receive() == message)
      }
      try await socket.ping([1, 2, 3])
      await socket.close(.normal, reason: "done")
      #expect(try await socket.receive() == nil)
      await #expect(throws: WebSocketError.self) { try await socket.send("late") }
    }
  }

  @Test func fragmentsAndCloseCodes() async throws {
    try await withServer { endpoint, loop in
      let fragments = try await WebSocket.connect(to: endpoint, host: "h", target: "/fragments", on: loop)
      #expect(try await fragments.receive() == .text("one two three"))
      #expect(try await fragments.receive() == .binary([49, 50]))
      await fragments.close()
      let closing = try await WebSocket.connect(to: endpoint, host: "h", target: "/close", on: loop)
      await #expect(throws: WebSocketError.closed(WebSocketCloseCode(rawValue: 4321), reason: "bye")) {
        try await closing.receive()
      }
    }
  }

  @Test func unreadMessagesHoldThePeerBack() async throws {
    try await withServer { endpoint, loop in
      var configuration = WebSocketConfiguration()
      configuration.queueBytes = 10_000
      let socket = try await WebSocket.connect(to: endpoint, host: "h", on: loop, configuration: configuration)
      let sender = Task {
        for index in 0..<300 { try await socket.send([UInt8](repeating: UInt8(index % 256), count: 50_000)) }
      }
      for index in 0..<300 {
        guard case .binary(let bytes) = try await socket.receive() else {
          Issue.record("text")
          return
        }
        #expect(bytes.count == 50_000 && bytes[0] == UInt8(index % 256))
      }
      try await sender.value
      await socket.close()
    }
  }

  @Test func cancelledReceiveEnds() async throws {
    try await withServer { endpoint, loop in
      let socket = try await WebSocket.connect(to: endpoint, host: "h", on: loop)
      let reader = Task { try await socket.receive() }
      try await Task.sleep(for: .milliseconds(50))
      reader.cancel()
      await #expect(throws: CancellationError.self) { try await reader.value }
      try await socket.send("still usable")
      #expect(try await socket.receive() == .text("still usable"))
      await socket.close()
    }
  }

  @Test func refusals() async throws {
    let group = try EventLoopGroup(count: 1)
    for (answer, expected) in [
      ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", WebSocketError.refused(status: 403)),
      (
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n",
        .invalidHandshake("wrong sec-websocket-accept")
      ),
    ] {
      let listener = try Listener.bind(.loopback(port: 0), group: group) { _ in Answer(answer) }
      await #expect(throws: expected) {
        _ = try await WebSocket.connect(to: .address(listener.address), host: "h", on: group.loops[0])
      }
      await listener.close()
    }
    group.shutdown()
  }

  final class Answer: ConnectionHandler {
    let text: String
    init(_ text: String) { self.text = text }
    func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) { connection.write(Array(text.utf8)) }
  }
}
