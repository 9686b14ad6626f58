import CNet
import Glibc
import Synchronization
import TestAuthority
import Testing

@testable import Net

/// Sends a counted pattern on demand and notes how much ever waited in memory.
final class FloodHandler: ConnectionHandler, Sendable {
  let total: Int
  let sent = Atomic(0)
  let largestBacklog = Atomic(0)
  init(total: Int) { self.total = total }

  func connected(_ connection: Connection) { pump(connection) }
  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {}
  func writabilityChanged(_ isWritable: Bool, on connection: Connection) {
    if isWritable { pump(connection) }
  }
  func inputEnded(on connection: Connection) {}

  private func pump(_ connection: Connection) {
    var position = sent.load(ordering: .relaxed)
    while position < total, connection.isWritable {
      let size = min(10_007, total - position)
      connection.write(upTo: size) { buffer in
        for index in 0..<size { buffer[index] = UInt8(truncatingIfNeeded: (position + index) % 251) }
        return size
      }
      position += size
      largestBacklog.store(
        max(largestBacklog.load(ordering: .relaxed), connection.pendingOutputBytes), ordering: .relaxed)
    }
    sent.store(position, ordering: .relaxed)
    if position == total { connection.close() }
  }
}

/// Checks the pattern, pausing over and over.
final class SlowReader: ConnectionHandler, Sendable {
  let received = Atomic(0)
  let wrong = Atomic(0)
  let ended = Atomic(false)
  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
    var position = received.load(ordering: .relaxed)
    for byte in bytes {
      if byte != UInt8(truncatingIfNeeded: position % 251) { wrong.wrappingAdd(1, ordering: .relaxed) }
      position += 1
    }
    received.store(position, ordering: .relaxed)
    connection.pauseReading()
    connection.loop.schedule(after: .microseconds(200)) { connection.resumeReading() }
  }
  func closed(_ reason: CloseReason, on connection: Connection) { ended.store(true, ordering: .relaxed) }
}

@Suite(.timeLimit(.minutes(3)))
struct TransferTests {
  static func contexts(_ kind: String) throws -> (server: TLSContext?, client: TLSContext?) {
    guard kind == "tls" else { return (nil, nil) }
    let authority = try TestAuthority()
    var server = TLSConfiguration()
    server.identity = try authority.issue("server", names: "IP:127.0.0.1")
    var client = TLSConfiguration()
    client.trustRoots = authority.roots
    return (try TLSContext(server: server), try TLSContext(client: client))
  }

  @Test(arguments: ["plain", "tls", "unix"])
  func slowReaderBoundsMemory(_ kind: String) async throws {
    let group = try EventLoopGroup(count: 2)
    let contexts = try TransferTests.contexts(kind)
    var listening = ListenerOptions()
    listening.tls = contexts.server
    var connecting = ConnectOptions()
    connecting.tls = contexts.client
    let flood = FloodHandler(total: 24_000_000)
    let address: SocketAddress = kind == "unix" ? .unix(temporaryPath("flood")) : .loopback(port: 0)
    let listener = try Listener.bind(address, group: group, options: listening) { _ in flood }
    let reader = SlowReader()
    let connection = try await Connection.connect(
      to: .address(listener.address), on: group.next(), options: connecting
    ) { _ in reader }
    while !reader.ended.load(ordering: .relaxed) { try await Task.sleep(for: .milliseconds(5)) }
    let received = reader.received.load(ordering: .relaxed)
    #expect(received == flood.total)
    let wrong = reader.wrong.load(ordering: .relaxed)
    #expect(wrong == 0)
    let options = ConnectionOptions()
    let largestBacklog = flood.largestBacklog.load(ordering: .relaxed)
    #expect(largestBacklog <= options.highWaterBytes + 10_007)
    _ = connection
    await listener.close(grace: .seconds(20))
    group.shutdown()
  }

  @Test(arguments: ["plain", "tls"])
  func filesBetweenBytes(_ kind: String) async throws {
    let group = try EventLoopGroup(count: 2)
    let contexts = try TransferTests.contexts(kind)
    let path = temporaryPath("file")
    let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    #expect(content.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == content.count)
    unlink(path)
    let file = OpenFile(descriptor: descriptor)
    final class Sender: ConnectionHandler, Sendable {
      let file: OpenFile
      let announced: Int64
      init(_ file: OpenFile, _ announced: Int64) { (self.file, self.announced) = (file, announced) }
      func connected(_ connection: Connection) {
        connection.write("<")
        connection.sendFile(file, offset: 0, length: announced)
        connection.write("|")
        connection.sendFile(file, offset: 100, length: 50)
        connection.write(">")
        connection.close()
      }
      func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {}
    }
    for (announced, complete) in [(Int64(3_000_000), true), (Int64(3_000_001), false)] {
      var listening = ListenerOptions()
      listening.tls = contexts.server
      let listener = try Listener.bind(.loopback(port: 0), group: group, options: listening) { _ in
        Sender(file, announced)
      }
      var connecting = ConnectOptions()
      connecting.tls = contexts.client
      let collector = Collector()
      do {
        _ = try await Connection.connect(to: .address(listener.address), on: group.next(), options: connecting) { _ in
          collector
        }
      } catch {
        // A slow client may learn of the reset before it knows that it was connected.
        if complete { throw error }
        await listener.close(grace: .seconds(20))
        continue
      }
      let reason = await collector.waitClosed()
      if complete {
        let expected = Array("<".utf8) + content + Array("|".utf8) + content[100..<150] + Array(">".utf8)
        #expect(collector.bytes == expected)
        #expect(reason == .closed)
      } else {
        // The peer must not take a cut stream for a complete one.
        #expect(reason != .closed)
      }
      await listener.close(grace: .seconds(20))
    }
    group.shutdown()
  }

  /// A request body may end before the response starts.
  @Test func halfClose() async throws {
    let group = try EventLoopGroup(count: 2)
    final class AnswerAtEnd: ConnectionHandler {
      var size = 0
      func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) { size += bytes.count }
      func inputEnded(on connection: Connection) {
        connection.write(Array("\(size)".utf8))
        connection.close()
      }
    }
    let listener = try Listener.bind(.loopback(port: 0), group: group) { _ in AnswerAtEnd() }
    let collector = Collector()
    let connection = try await Connection.connect(to: .address(listener.address), on: group.next()) { _ in collector }
    await connection.loop.run {
      connection.write([UInt8](repeating: 1, count: 100_000))
      connection.endOutput()
    }
    #expect(await collector.waitClosed() == .closed)
    #expect(String(decoding: collector.bytes, as: UTF8.self) == "100000")
    await listener.close(grace: .seconds(20))
    group.shutdown()
  }

  /// An answer sent before the request was read in full arrives whole, although unread bytes remain.
  @Test func earlyAnswerIsNotLost() async throws {
    let group = try EventLoopGroup(count: 2)
    final class Refuser: ConnectionHandler {
      func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
        connection.write("too large")
        connection.close()
      }
    }
    let listener = try Listener.bind(.loopback(port: 0), group: group) { _ in Refuser() }
    for _ in 0..<20 {
      let collector = Collector()
      let connection = try await Connection.connect(to: .address(listener.address), on: group.next()) { _ in collector }
      await connection.loop.run { connection.write([UInt8](repeating: 1, count: 1_000_000)) }
      _ = await collector.waitClosed()
      #expect(String(decoding: collector.bytes, as: UTF8.self) == "too large")
    }
    await listener.close(grace: .seconds(20))
    group.shutdown()
  }

  @Test func hardLimitEndsAHeedlessWriter() async throws {
    let group = try EventLoopGroup(count: 1)
    let listener = try Listener.bind(.loopback(port: 0), group: group) { connection in
      connection.pauseReading()
      return EchoHandler()
    }
    var options = ConnectOptions()
    options.connection.outputBytesMax = 1_000_000
    let collector = Collector()
    let connection = try await Connection.connect(
      to: .address(listener.address), on: group.next(), options: options
    ) { _ in collector }
    await connection.loop.run {
      for _ in 0..<20 { connection.write([UInt8](repeating: 0, count: 100_000)) }
      #expect(!connection.isOpen)
    }
    #expect(await collector.waitClosed() == .outputOverflow)
    await listener.close()
    group.shutdown()
  }
}
