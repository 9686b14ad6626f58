import HTTP
import HTTPServer
import Net
import PythonPeer
import Testing
import WebSocket

/// A server with the sockets that the tests talk to.
struct SocketServer {
  let group: EventLoopGroup
  let server: HTTPServer

  init(_ configuration: WebSocketConfiguration = WebSocketConfiguration()) throws {
    group = try EventLoopGroup(count: 2)
    server = try HTTPServer.bind(
      .loopback(port: 0), group: group,
      router: Router([
        Route(.get, "/echo") { request, _ in
          try WebSocketUpgrade.response(to: request, configuration: configuration) { socket in
            for try await message in socket { try await socket.send(message) }
          }
        },
        Route(
          .get, "/callback",
          .immediate { request, _ in
            try WebSocketUpgrade.response(to: request, configuration: configuration) { _ in Echo() }
          }),
        Route(.get, "/bye") { request, _ in
          try WebSocketUpgrade.response(to: request, configuration: configuration) { socket in
            await socket.close(WebSocketCloseCode(rawValue: 4001), reason: "enough")
          }
        },
        Route(.get, "/flood") { request, _ in
          try WebSocketUpgrade.response(to: request, configuration: configuration) { socket in
            for index in 0..<200 { try await socket.send([UInt8](repeating: UInt8(index), count: 100_000)) }
          }
        },
      ]))
  }

  var port: UInt16 { server.address.port }

  func stop() async {
    await server.shutdown(grace: .seconds(5))
    group.shutdown()
  }

  final class Echo: WebSocketHandler {
    func received(_ bytes: UnsafeRawBufferPointer, isText: Bool, on socket: WebSocketConnection) {
      socket.send(bytes, isText: isText)
    }
    func closed(_ code: WebSocketCloseCode, reason: String, on socket: WebSocketConnection) {}
  }
}

@Suite struct WebSocketServerTests {
  static let clientProgram = """
    import asyncio, sys, websockets
    from websockets.exceptions import ConnectionClosed
    base = "ws://127.0.0.1:" + sys.argv[1]
    async def echo(path):
        async with websockets.connect(base + path, max_size=None, compression=None) as ws:
            for message in ["héllo", "", b"", b"\\x00\\xff", "x" * 125, "x" * 126, b"y" * 65535, b"y" * 65536, b"z" * (1 << 20)]:
                await ws.send(message)
                assert await ws.recv() == message
            await ws.send(["frag", "mented ", "mess", "age"])
            assert await ws.recv() == "fragmented message"
            pong = await ws.ping(b"payload")
            await asyncio.wait_for(pong, 30)
            await ws.close(1000, "done")
            assert ws.close_code == 1000, ws.close_code
    async def code_after(path, message, expected, **options):
        async with websockets.connect(base + path, compression=None, max_size=None, **options) as ws:
            if message is not None: await ws.send(message)
            try:
                while True: await ws.recv()
            except ConnectionClosed:
                pass
            assert ws.close_code == expected, (ws.close_code, expected)
            return ws.close_reason
    async def main():
        await echo("/echo")
        await echo("/callback")
        assert await code_after("/bye", None, 4001) == "enough"
        await code_after("/echo", b"a" * ((1 << 20) + 1), 1009)
        async with websockets.connect(base + "/flood", max_size=None, compression=None) as ws:
            await asyncio.sleep(0.3)
            for index in range(200):
                assert await ws.recv() == bytes([index]) * 100000
        # Many at once, each with its own messages.
        async def one(number):
            async with websockets.connect(base + "/echo", compression=None) as ws:
                for turn in range(20):
                    await ws.send(f"{number}-{turn}")
                    assert await ws.recv() == f"{number}-{turn}"
        await asyncio.gather(*[one(number) for number in range(50)])
    asyncio.run(main())
    print("ok")
    """

  @Test func pythonClient() async throws {
    let server = try SocketServer()
    let output = try PythonPeer.run(Self.clientProgram, ["\(server.port)"])
    #expect(output == "ok\n")
    await server.stop()
  }

  /// Sends raw frames after a handshake and gives what the server answers until it closes.
  static let rawProgram = """
    import socket, sys
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
    s.sendall(b"GET /callback HTTP/1.1\\r\\nHost: a\\r\\nConnection: keep-alive, Upgrade\\r\\nUpgrade: WebSocket\\r\\n"
              b"Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n" + bytes.fromhex(sys.argv[2]))
    data = b""
    while True:
        try: more = s.recv(65536)
        except ConnectionError: break
        if not more: break
        data += more
    head, rest = data.split(b"\\r\\n\\r\\n", 1)
    assert b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head.lower().replace(b"s3pplmbitxaq9kygzzhzrbk+xoo=", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), head
    print(rest.hex())
    """

  @Test(arguments: [
    ("8101 41", "880203ea"),  // not masked: 1002
    ("8182 00000000 c328 ", "880203ef"),  // not UTF-8: 1007
    ("0180 00000000 0180 00000000", "880203ea"),  // a new message inside another: 1002
    ("8080 00000000", "880203ea"),  // a continuation of nothing
    ("c180 00000000", "880203ea"),  // reserved bit
    ("8380 00000000", "880203ea"),  // unknown opcode
    ("0980 00000000", "8800"),  // fragmented ping: refused while reading the frame's head, closed without a code
    ("89fe 007e 00000000", "8800"),  // ping of 126 bytes
    ("8882 00000000 03ed", "880203ea"),  // close with a code that may not be sent (1005)
    ("81ff 8000000000000000 00000000", "8800"),  // length with the top bit
    ("8182 00000000 4142 8880 00000000", "810241428800"),  // frames sent ahead of the answer; close without a code
    ("8882 00000000 03e8", "880203e8"),
  ])
  func brokenFrames(frames: String, answer: String) async throws {
    let server = try SocketServer()
    let output = try PythonPeer.run(
      Self.rawProgram, ["\(server.port)", frames.filter { $0 != " " }])
    #expect(output.hasPrefix(answer), "\(frames) -> \(output)")
    await server.stop()
  }

  @Test func refusedHandshakes() async throws {
    let server = try SocketServer()
    let program = """
      import http.client, sys
      good = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
      for change in [{"Connection": "close"}, {"Upgrade": "h2c"}, {"Sec-WebSocket-Version": "8"}, {"Sec-WebSocket-Key": "short"}]:
          connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
          connection.request("GET", "/echo", headers=good | change)
          response = connection.getresponse()
          print(response.status, response.getheader("sec-websocket-version"))
          response.read()
      """
    let output = try PythonPeer.run(program, ["\(server.port)"])
    #expect(output == "426 None\n426 None\n426 13\n400 None\n")
    await server.stop()
  }

  @Test func silentPeerIsPingedAndGivenUp() async throws {
    var configuration = WebSocketConfiguration()
    configuration.pingInterval = .milliseconds(200)
    let server = try SocketServer(configuration)
    // The raw client answers no ping: it sees one (8900), then the end.
    let output = try PythonPeer.run(Self.rawProgram, ["\(server.port)", ""])
    #expect(output == "8900\n")
    await server.stop()
  }

  @Test func mutatedFramesNeverCrash() async throws {
    var numbers = SeededNumbers.forTest("mutatedFramesNeverCrash")
    let server = try SocketServer()
    let program = """
      import socket, sys
      for line in sys.stdin:
          s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
          s.sendall(b"GET /callback HTTP/1.1\\r\\nHost: a\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n"
                    b"Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n")
          try:
              s.recv(4096)
              s.sendall(bytes.fromhex(line))
              s.shutdown(socket.SHUT_WR)
              while s.recv(65536): pass
          except ConnectionError: pass
          s.close()
      print("ok")
      """
    var lines = ""
    for _ in 0..<1500 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 1...6, using: &numbers) {
        let opcode = [0, 1, 2, 8, 9, 10][Int.random(in: 0..<6, using: &numbers)]
        let count = Int.random(in: 0...130, using: &numbers)
        bytes.append(UInt8(opcode) | (Bool.random(using: &numbers) ? 0x80 : 0))
        bytes += count < 126 ? [0x80 | UInt8(count)] : [0xfe, 0, UInt8(count)]
        bytes += [1, 2, 3, 4]
        bytes += (0..<count).map { UInt8(truncatingIfNeeded: $0) & 0x7f ^ UInt8($0 % 4 + 1) }
      }
      for _ in 0..<Int.random(in: 0...4, using: &numbers) {
        bytes[Int.random(in: 0..<bytes.count, using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
      }
      lines += bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\n"
    }
    #expect(try PythonPeer.run(program, ["\(server.port)"], input: lines) == "ok\n")
    await server.stop()
  }
}
