import Foundation
import GRPC
import Net
import Protobuf
import PythonPeer
import Synchronization
import Testing

/// Python's grpcio as a server.
final class PythonServer {
  let peer: PythonPeer
  let identities: Identities?
  let group: EventLoopGroup
  let address: SocketAddress

  init(_ transport: Transport) throws {
    group = try EventLoopGroup(count: 2)
    identities = transport.isSecure ? try Identities() : nil
    let path = temporarySocket()
    peer = try PythonPeer(
      PythonPrograms.server,
      [
        PythonPrograms.folder, transport.isUnix ? "unix:\(path)" : "127.0.0.1:0", identities?.authority.directory ?? "",
        "serve",
      ])
    let port = try UInt16(peer.readLine()) ?? 0
    address = transport.isUnix ? .unix(path) : .loopback(port: port)
  }

  func client(
    identity: TLSConfiguration.Identity? = nil, anonymous: Bool = false,
    _ change: (inout GRPCClientConfiguration) -> Void = { _ in }
  ) throws -> AetherInterop.InteropClient {
    var configuration = GRPCClientConfiguration()
    if let identities {
      configuration.connect.tls = try identities.client(anonymous ? nil : identity ?? identities.identity("client"))
      configuration.connect.peerName = .host("localhost")
    }
    configuration.limits.receivedMessageBytes = 8 << 20
    change(&configuration)
    return AetherInterop.InteropClient(GRPCClient(.address(address), on: group.next(), configuration: configuration))
  }

  func stop() {
    peer.stop()
    group.shutdown()
    // A killed server leaves its socket.
    if case .unix(let path) = address { unlink(path) }
  }
}

func text(_ text: String, _ body: [UInt8] = []) -> AetherInterop.Text {
  var message = AetherInterop.Text()
  message.text = text
  message.body = body
  return message
}

func failure<Result>(_ call: () async throws -> Result) async -> GRPCError? {
  do {
    _ = try await call()
    return nil
  } catch {
    return error as? GRPCError
  }
}

/// Our client with Python's grpcio as its server, and with our own where grpcio cannot be made to do what is asked.
@Suite(.timeLimit(.minutes(5))) struct ClientTests {
  @Test(arguments: Transport.allCases)
  func everyKindOfCall(_ transport: Transport) async throws {
    let server = try PythonServer(transport)
    let client = try server.client()
    #expect(try await client.echo(text("hi")).text == "hi")
    #expect(try await client.echo(text("")) == text(""))
    var count = AetherInterop.Count()
    count.count = 1000
    var numbers: [Int64] = []
    for try await number in try await client.numbers(count) { numbers.append(number.count) }
    #expect(numbers == Array(1...1000))

    let upload = try await client.total()
    for size in 0..<300 { try await upload.send(text("", [UInt8](repeating: 1, count: size))) }
    #expect(try await upload.finish().count == 299 * 300 / 2)

    let chat = try await client.chat()
    var heard = chat.replies.makeAsyncIterator()
    for round in 0..<200 {
      try await chat.send(text("\(round)"))
      #expect(try await heard.next()?.text == "\(round)")
    }
    chat.finishSending()
    #expect(try await heard.next() == nil)

    let big = text("", (0..<(4 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    #expect(try await client.echo(big) == big)
    await client.client.close()
    server.stop()
  }

  @Test func statusMetadataAndDeadlines() async throws {
    let server = try PythonServer(.tcpMutualTLS)
    let client = try server.client()
    let failed = await failure { try await client.echo(text("fail")) }
    #expect(failed?.code == .failedPrecondition)
    #expect(failed?.message == "Grüße, 100 %\n")
    #expect(try failed?.details.first?.unpack(AetherInterop.Text.self)?.text == "detail")
    #expect(await failure { try await client.echo(text("crash")) }?.code == .unknown)

    #expect(try await client.echo(text("time")).text == "none")
    #expect(try await client.echo(text("time"), options: GRPCCallOptions(timeout: .seconds(60))).text == "some")
    let late = await failure {
      try await client.echo(text("wait"), options: GRPCCallOptions(timeout: .milliseconds(300)))
    }
    #expect(late?.code == .deadlineExceeded)

    var metadata = GRPCMetadata()
    metadata.add("x-text", "some text")
    metadata.add("x-bytes-bin", bytes: Array(0...255))
    // A unary call seen as a stream of one, which tells its metadata.
    let replies: GRPCReplies<AetherInterop.Text> = try await client.client.serverStreaming(
      "/aether.interop.Interop/Echo", text("metadata"), options: GRPCCallOptions(metadata: metadata))
    #expect(try await replies.initialMetadata["x-initial"] == "some text")
    for try await reply in replies { #expect(reply.text == "metadata") }
    #expect(await replies.trailingMetadata.bytes("x-trailing-bin") == (0...255).reversed())

    let chat = try await client.chat()
    try await chat.send(text("a"))
    try await chat.send(text("fail"))
    let ended = await failure { for try await _ in chat.replies {} }
    #expect(ended?.code == .outOfRange)
    #expect(ended?.message == "enough")

    let task = Task { try await client.echo(text("wait")) }
    try await Task.sleep(for: .milliseconds(200))
    task.cancel()
    #expect(await failure { try await task.value }?.code == .cancelled)
    // The connection goes on.
    #expect(try await client.echo(text("after")).text == "after")
    await client.client.close()
    #expect(await failure { try await client.echo(text("closed")) }?.code == .unavailable)
    server.stop()
  }

  @Test func aThousandStreams() async throws {
    let server = try PythonServer(.tcpMutualTLS)
    let client = try server.client()
    let chats = try await withThrowingTaskGroup(of: GRPCDuplexCall<AetherInterop.Text, AetherInterop.Text>.self) {
      tasks in
      for number in 0..<1000 {
        tasks.addTask {
          let chat = try await client.chat()
          try await chat.send(text("\(number)"))
          var iterator = chat.replies.makeAsyncIterator()
          #expect(try await iterator.next()?.text == "\(number)")
          return chat
        }
      }
      return try await tasks.reduce(into: []) { $0.append($1) }
    }
    for chat in chats { chat.finishSending() }
    for chat in chats { for try await _ in chat.replies {} }
    await client.client.close()
    server.stop()
  }

  @Test func refusalIsUnavailable() async throws {
    let server = try PythonServer(.tcpMutualTLS)
    let identities = try #require(server.identities)
    let foreign = identities.identity("client", of: identities.foreign)
    for client in [
      try server.client(anonymous: true), try server.client(identity: identities.identity("expired")),
      try server.client(identity: foreign),
    ] {
      let options = GRPCCallOptions(timeout: .seconds(30))
      #expect(await failure { try await client.echo(text("x"), options: options) }?.code == .unavailable)
    }
    // Nobody listens.
    let nobody = AetherInterop.InteropClient(
      GRPCClient(.address(.unix("/nonexistent/socket")), on: server.group.next()))
    #expect(await failure { try await nobody.echo(text("x")) }?.code == .unavailable)
    server.stop()
  }

  @Test func drainedServerFinishesCalls() async throws {
    let server = try PythonServer(.tcp)
    let client = try server.client()
    let chat = try await client.chat()
    var replies = chat.replies.makeAsyncIterator()
    try await chat.send(text("one"))
    #expect(try await replies.next()?.text == "one")
    try server.peer.write("drain\n")
    #expect(try server.peer.readLine() == "draining")
    // The call goes on although the server said GOAWAY.
    try await chat.send(text("two"))
    #expect(try await replies.next()?.text == "two")
    chat.finishSending()
    #expect(try await replies.next() == nil)
    #expect(try server.peer.readLine() == "drained")
    #expect(await failure { try await client.echo(text("x")) }?.code == .unavailable)
    server.stop()
  }

  @Test func waitsForAServerThatComes() async throws {
    let path = temporarySocket()
    let group = try EventLoopGroup(count: 2)
    var configuration = GRPCClientConfiguration()
    configuration.backoffMin = .milliseconds(20)
    configuration.backoffMax = .milliseconds(100)
    let client = AetherInterop.InteropClient(
      GRPCClient(.address(.unix(path)), on: group.next(), configuration: configuration))
    let waiting = Task {
      try await client.echo(text("patient"), options: GRPCCallOptions(timeout: .seconds(60), waitForReady: true))
    }
    try await Task.sleep(for: .milliseconds(200))
    let first = try GRPCServer.bind(.unix(path), group: group, services: [Interop()])
    #expect(try await waiting.value.text == "patient")
    // A server that is replaced is found again.
    await first.shutdown(grace: .seconds(5))
    let second = try GRPCServer.bind(.unix(path), group: group, services: [Interop()])
    let again = try await client.echo(
      text("again"), options: GRPCCallOptions(timeout: .seconds(60), waitForReady: true))
    #expect(again.text == "again")
    await second.shutdown(grace: .seconds(5))
    group.shutdown()
  }

  @Test func aSilentServerIsGivenUp() async throws {
    let group = try EventLoopGroup(count: 1)
    let own = try InteropServer(.tcp)
    let why = await failure { try await own.client().echo(text("fail")) }
    #expect(why?.metadata["x-why"] == "because")
    await own.stop()
    // Answers HTTP/2 settings, and then nothing, not even pings.
    final class Silent: ConnectionHandler {
      var greeted = false
      func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
        if !greeted { connection.write([0, 0, 0, 4, 0, 0, 0, 0, 0]) }
        greeted = true
      }
    }
    let listener = try Listener.bind(.loopback(port: 0), group: group) { _ in Silent() }
    var configuration = GRPCClientConfiguration()
    configuration.keepaliveInterval = .milliseconds(100)
    configuration.keepaliveTimeout = .milliseconds(100)
    let client = AetherInterop.InteropClient(
      GRPCClient(.address(listener.address), on: group.next(), configuration: configuration))
    let lost = await failure { try await client.echo(text("x")) }
    #expect(lost?.code == .unavailable)
    #expect(lost?.message == "the server does not answer pings")
    await listener.close()
    group.shutdown()
  }

  @Test func ownServerHoldsAFastWriterBack() async throws {
    let server = try InteropServer(.unixMutualTLS)
    let client = try server.client()
    // Nobody reads the replies, so neither side may take more than its bounds.
    let chat = try await client.chat()
    let piece = text("", [UInt8](repeating: 7, count: 100_000))
    let sent = Atomic(0)
    let writer = Task {
      for _ in 0..<1000 {
        try await chat.send(piece)
        sent.wrappingAdd(1, ordering: .relaxed)
      }
      chat.finishSending()
    }
    var last = -1
    while last != sent.load(ordering: .relaxed) {
      last = sent.load(ordering: .relaxed)
      try await Task.sleep(for: .milliseconds(500))
    }
    #expect(last < 100)
    var received = 0
    for try await reply in chat.replies {
      #expect(reply == piece)
      received += 1
    }
    #expect(received == 1000)
    try await writer.value
    await client.client.close()
    await server.stop()
  }

  @Test func limits() async throws {
    var limits = GRPCLimits()
    limits.receivedMessageBytes = 1000
    let server = try InteropServer(.tcp, limits: limits)
    let client = try server.client { $0.limits.receivedMessageBytes = 500 }
    #expect(
      await failure { try await client.echo(text("", [UInt8](repeating: 0, count: 2000))) }?.code == .resourceExhausted)
    #expect(
      await failure { try await client.echo(text("", [UInt8](repeating: 0, count: 700))) }?.code == .resourceExhausted)
    #expect(try await client.echo(text("", [UInt8](repeating: 0, count: 300))).body.count == 300)
    await server.stop()
  }
}
