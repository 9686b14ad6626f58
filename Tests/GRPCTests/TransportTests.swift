import Foundation
import GRPC
import HTTP
import HTTPServer
import Net
import PythonPeer
import Testing

/// What lies below the calls: connections, streams, pings, and answers that are not gRPC's.
@Suite(.timeLimit(.minutes(5))) struct TransportTests {
  /// Python that speaks HTTP/2 frame by frame.
  private static let frames = """
    import socket, sys

    def frame(kind, flags, stream, payload):
      return len(payload).to_bytes(3, 'big') + bytes([kind, flags]) + stream.to_bytes(4, 'big') + payload

    def connect():
      host, port = sys.argv[1].split(':')
      s = socket.create_connection((host, int(port)), timeout=60)
      s.sendall(b'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n' + frame(4, 0, 0, b''))
      return s

    def frames(s):
      data = b''
      while True:
        while len(data) >= 9 and len(data) >= 9 + int.from_bytes(data[:3], 'big'):
          size = 9 + int.from_bytes(data[:3], 'big')
          yield data[3], data[4], int.from_bytes(data[5:9], 'big'), data[9:size]
          data = data[size:]
        piece = s.recv(65536)
        if not piece: return
        data += piece

    """

  /// Runs curl against a server with each line of arguments; gives its output.
  private func curl(_ server: InteropServer, _ requests: [[String]]) throws -> String {
    try PythonPeer.run(
      """
      import json, subprocess, sys
      for arguments in json.loads(sys.argv[2]):
        path = arguments.pop(0)
        print(subprocess.run(['curl', '-sS', '--max-time', '60', '-o', '/dev/null'] + arguments +
          ['http://' + sys.argv[1] + path], check=True, capture_output=True, text=True).stdout)
      """,
      [server.target, String(decoding: try JSONEncoder().encode(requests), as: UTF8.self)])
  }

  @Test func requestsThatAreNoCalls() async throws {
    let server = try InteropServer(.tcp)
    let echo = "/aether.interop.Interop/Echo"
    let http2 = ["--http2-prior-knowledge", "-w", "%{http_code} %header{grpc-status}"]
    let call = ["-X", "POST", "-H", "content-type: application/grpc"]
    let output = try curl(
      server,
      [
        [echo] + http2 + ["-H", "content-type: application/json", "-d", "{}"],
        [echo] + http2 + ["-H", "content-type: application/grpcx", "-d", "{}"],
        [echo] + http2 + ["-H", "content-type: application/grpc"],
        [echo, "--http1.1", "-w", "%{http_code}"] + call,
        [echo] + http2 + call + ["-H", "grpc-timeout: 1 year"],
        [echo, "--http2-prior-knowledge", "-w", "%header{grpc-status} %header{grpc-accept-encoding}"] + call
          + ["-H", "grpc-encoding: zstd"],
        ["/nobody/Nothing"] + http2 + call,
        // No message, and a part of one.
        [echo] + http2 + call, [echo] + http2 + call + ["--data-binary", "x"],
      ])
    #expect(output == "415 \n415 \n405 \n505\n200 13\n12 identity\n200 12\n200 13\n200 13\n")
    await server.stop()
  }

  @Test func earlyAnswersEndTheRequest() async throws {
    let server = try InteropServer(.tcp)
    let output = try PythonPeer.run(
      Self.frames + """
        def field(name, value): return bytes([0, len(name)]) + name + bytes([len(value)]) + value
        block = (field(b':method', b'POST') + field(b':scheme', b'http') + field(b':authority', b'a') +
          field(b':path', b'/nobody/Nothing') + field(b'content-type', b'application/grpc') + field(b'te', b'trailers'))
        with connect() as s:
          s.sendall(frame(1, 4, 1, block))
          for kind, flags, stream, payload in frames(s):
            if kind == 1: print('headers', flags & 1)
            if kind == 3:
              print('reset', int.from_bytes(payload, 'big'))
              break
        """, [server.target])
    #expect(output == "headers 1\nreset 0\n")
    await server.stop()
  }

  @Test func answersThatAreNotOfGRPC() async throws {
    let group = try EventLoopGroup(count: 1)
    let server = try HTTPServer.bind(.loopback(port: 0), group: group) { stream in
      let status = stream.request.headers["x-status"].flatMap { Int($0) } ?? 200
      stream.respond(
        HTTPResponseHead(status: HTTPStatus(status), headers: ["content-type": "text/html"]), content: Array("x".utf8))
    }
    let client = AetherInterop.InteropClient(GRPCClient(.address(server.address), on: group.next()))
    let codes: [(Int, GRPCStatusCode)] = [
      (400, .internal), (401, .unauthenticated), (403, .permissionDenied), (404, .unimplemented), (418, .unknown),
      (429, .unavailable), (502, .unavailable), (503, .unavailable), (504, .unavailable), (200, .unknown),
    ]
    for (status, code) in codes {
      let options = GRPCCallOptions(metadata: Interop.metadata([("x-status", "\(status)")]))
      #expect(await failure { try await client.echo(text("x"), options: options) }?.code == code, "\(status)")
    }
    await client.client.close()
    await server.shutdown(grace: .seconds(5))
    group.shutdown()
  }

  @Test func callsHaveTheRightNumberOfMessages() async throws {
    let server = try InteropServer(.tcp)
    let client = try server.client().client
    var count = AetherInterop.Count()
    count.count = 1 << 40
    // One reply is expected, and very many come.
    let flooded = await failure {
      let _: AetherInterop.Count = try await client.unary("/aether.interop.Interop/Numbers", count)
    }
    #expect(flooded?.code == .internal)
    try await server.wait(cancelled: 1)
    for requests in [0, 2] {
      let upload: GRPCUploadCall<AetherInterop.Text, AetherInterop.Text> = try await client.clientStreaming(
        "/aether.interop.Interop/Echo")
      for _ in 0..<requests { try? await upload.send(text("x")) }
      #expect(await failure { try await upload.finish() }?.code == .internal)
    }
    await client.close()
    await server.stop()
  }

  @Test func metadataOfACallWithOneReply() async throws {
    let server = try InteropServer(.tcp)
    let client = try server.client()
    let (ends, continuation) = AsyncStream.makeStream(of: (GRPCMetadata, GRPCMetadata).self)
    var options = GRPCCallOptions(metadata: Interop.metadata([("x-text", "some text")]))
    options.metadata.add("x-bytes-bin", bytes: [1, 2, 3])
    options.onEnd = { continuation.yield(($0, $1)) }
    var received = ends.makeAsyncIterator()
    _ = try await client.echo(text("metadata"), options: options)
    let (initial, trailing) = try #require(await received.next())
    #expect(initial["x-initial"] == "some text")
    #expect(trailing.bytes("x-trailing-bin") == [3, 2, 1])
    // A failure has trailing metadata only.
    #expect(await failure { try await client.echo(text("fail"), options: options) }?.code == .failedPrecondition)
    let (none, why) = try #require(await received.next())
    #expect(none.isEmpty)
    #expect(why["x-why"] == "because")
    await client.client.close()
    await server.stop()
  }

  @Test func cancelReachesTheHandler() async throws {
    let server = try InteropServer(.tcpMutualTLS)
    let client = try server.client()
    let polling = Task { try await client.echo(text("poll")) }
    try await server.wait(started: 1)
    polling.cancel()
    #expect(await failure { try await polling.value }?.code == .cancelled)
    try await server.wait(cancelled: 1)
    // A deadline, kept on both sides.
    let late = await failure {
      try await client.echo(text("poll"), options: GRPCCallOptions(timeout: .milliseconds(200)))
    }
    #expect(late?.code == .deadlineExceeded)
    try await server.wait(cancelled: 2)
    // Replies that nobody holds any more.
    var count = AetherInterop.Count()
    count.count = 1 << 40
    for try await number in try await client.numbers(count) where number.count == 10 { break }
    try await server.wait(cancelled: 3)
    // The longest deadline there is.
    let patient = GRPCCallOptions(timeout: .seconds(99_999_999 * 3600))
    #expect(try await client.echo(text("time"), options: patient).text == "some")
    await client.client.close()
    await server.stop()
  }

  /// The interop service with an `Echo` that answers at once.
  private struct Immediate: GRPCService {
    static var serviceName: String { Interop.serviceName }
    static var descriptors: [EmbeddedDescriptor] { Interop.descriptors }
    var methods: [GRPCMethod] { [.immediate("Echo", echo)] }

    func echo(_ request: AetherInterop.Text, _ context: GRPCContext) throws -> AetherInterop.Text {
      switch request.text {
      case "fail": throw GRPCError(.notFound, "nothing")
      case "crash": throw Interop.Unexpected()
      default:
        context.setTrailingMetadata(Interop.metadata([("x-text", context.metadata["x-text"] ?? "")]))
        return request
      }
    }
  }

  @Test func handlersThatAnswerAtOnce() async throws {
    let group = try EventLoopGroup(count: 2)
    let server = try GRPCServer.bind(.loopback(port: 0), group: group, services: [Immediate()])
    let client = AetherInterop.InteropClient(GRPCClient(.address(server.address), on: group.next()))
    let (ends, continuation) = AsyncStream.makeStream(of: GRPCMetadata.self)
    let options = GRPCCallOptions(metadata: Interop.metadata([("x-text", "some")])) { continuation.yield($1) }
    let big = text("big", [UInt8](repeating: 3, count: 3 << 20))
    #expect(try await client.echo(big, options: options) == big)
    var received = ends.makeAsyncIterator()
    #expect(await received.next()?["x-text"] == "some")
    #expect(await failure { try await client.echo(text("fail")) } == GRPCError(.notFound, "nothing"))
    let crashed = await failure { try await client.echo(text("crash")) }
    #expect(crashed?.code == .unknown)
    #expect(crashed?.message.contains("Unexpected") == false)
    await client.client.close()
    await server.shutdown(grace: .seconds(5))
    group.shutdown()
  }

  @Test func moreCallsThanTheServerTakesAtOnce() async throws {
    var configuration = HTTPServerConfiguration()
    configuration.limits.http2.concurrentStreams = 4
    let server = try InteropServer(.tcp, configuration: configuration)
    let client = try server.client()
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for number in 0..<200 {
        tasks.addTask {
          let reply = try await client.echo(text("\(number)"))
          #expect(reply.text == "\(number)")
        }
      }
      try await tasks.waitForAll()
    }
    let waiting = (0..<4).map { _ in Task { try await client.echo(text("wait")) } }
    try await server.wait(started: 4)
    let late = await failure {
      try await client.echo(text("fifth"), options: GRPCCallOptions(timeout: .milliseconds(300)))
    }
    #expect(late?.code == .deadlineExceeded)
    for task in waiting { task.cancel() }
    #expect(try await client.echo(text("after")).text == "after")
    await client.client.close()
    await server.stop()
  }

  @Test func drainedClientFindsTheNextServer() async throws {
    let path = temporarySocket()
    let group = try EventLoopGroup(count: 2)
    let interop = Interop()
    let first = try GRPCServer.bind(.unix(path), group: group, services: [interop])
    var configuration = GRPCClientConfiguration()
    configuration.backoffMin = .milliseconds(10)
    configuration.backoffMax = .milliseconds(100)
    let client = AetherInterop.InteropClient(
      GRPCClient(.address(.unix(path)), on: group.next(), configuration: configuration))
    let held = Task { try await client.echo(text("hold")) }
    while interop.started.load(ordering: .relaxed) == 0 { try await Task.sleep(for: .milliseconds(10)) }
    async let stopped: Void = first.shutdown(grace: .seconds(120))
    while true {
      guard let error = await failure({ try await client.echo(text("new")) }) else { continue }
      #expect(error.code == .unavailable)
      break
    }
    let second = try GRPCServer.bind(.unix(path), group: group, services: [interop])
    let options = GRPCCallOptions(timeout: .seconds(60), waitForReady: true)
    #expect(try await client.echo(text("next"), options: options).text == "next")
    interop.released.store(true, ordering: .relaxed)
    #expect(try await held.value.text == "hold")
    await stopped
    await client.client.close()
    await second.shutdown(grace: .seconds(5))
    group.shutdown()
  }

  @Test func aServerWithoutHTTP2IsGivenUp() async throws {
    final class Mute: ConnectionHandler {
      func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {}
    }
    let group = try EventLoopGroup(count: 1)
    let listener = try Listener.bind(.loopback(port: 0), group: group) { _ in Mute() }
    var configuration = GRPCClientConfiguration()
    configuration.connect.timeout = .milliseconds(300)
    let client = AetherInterop.InteropClient(
      GRPCClient(.address(listener.address), on: group.next(), configuration: configuration))
    let error = await failure { try await client.echo(text("x")) }
    #expect(error?.code == .unavailable)
    #expect(error?.message == "the server sent no HTTP/2 settings in time")
    await client.client.close()
    await listener.close()
    group.shutdown()
  }

  @Test func keepalivePingsAreAnswered() async throws {
    let server = try InteropServer(.tcp)
    #expect(try ServerTests.python(server, "keepalive") == "ok\n")
    await server.stop()
  }

  @Test func pingsWithoutEndAreRefused() async throws {
    let server = try InteropServer(.tcp)
    let output = try PythonPeer.run(
      Self.frames + """
        def codes(pings):
          with connect() as s:
            s.sendall(frame(6, 0, 0, b'pingping') * pings)
            answers, codes = 0, []
            for kind, flags, stream, payload in frames(s):
              if kind == 6: answers += 1
              if kind == 7: codes.append(int.from_bytes(payload[4:8], 'big'))
              if codes or answers == pings: return codes
        print(codes(90), codes(150))
        """, [server.target])
    // ENHANCE_YOUR_CALM
    #expect(output == "[] [11]\n")
    #expect(try await server.client().echo(text("still")).text == "still")
    await server.stop()
  }
}
