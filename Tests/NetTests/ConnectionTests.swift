import CNet
import Glibc
import Synchronization
import Testing

@testable import Net

func openDescriptorCount() -> Int {
  guard let directory = opendir("/proc/self/fd") else { return -1 }
  defer { closedir(directory) }
  var count = 0
  while readdir(directory) != nil { count += 1 }
  return count
}

@Suite(.timeLimit(.minutes(3)), .serialized)
struct ConnectionTests {
  @Test func refusedAndTimedOut() async throws {
    let loop = try EventLoop()
    // A bound socket that does not listen: nobody else can take the port meanwhile.
    let silent = cnet_socket(AF_INET, Int32(SOCK_STREAM.rawValue))
    defer { close(silent) }
    _ = SocketAddress.loopback(port: 0).withSockaddr { bind(silent, $0, $1) }
    let address = try #require(SocketAddress.local(of: silent))
    await #expect(throws: NetError.system(call: "connect", errno: ECONNREFUSED)) {
      try await Connection.connect(to: .address(address), on: loop) { _ in EchoHandler() }
    }
    // A full backlog drops further connection attempts silently.
    listen(silent, 0)
    var fillers: [Int32] = []
    for _ in 0..<4 {
      let filler = cnet_socket(AF_INET, Int32(SOCK_STREAM.rawValue))
      _ = address.withSockaddr { connect(filler, $0, $1) }
      fillers.append(filler)
    }
    try await Task.sleep(for: .milliseconds(20))
    var options = ConnectOptions()
    options.timeout = .milliseconds(100)
    await #expect(throws: NetError.connectTimeout) {
      try await Connection.connect(to: .address(address), on: loop, options: options) { _ in EchoHandler() }
    }
    for filler in fillers { close(filler) }
    await #expect(throws: NetError.self) {
      try await Connection.connect(to: .address(.unix("/nonexistent/socket")), on: loop) { _ in EchoHandler() }
    }
    await #expect(throws: NetError.self) {
      try await Connection.connect(to: .host("no-such-host.invalid", port: 1), on: loop) { _ in EchoHandler() }
    }
    loop.shutdown()
  }

  /// `localhost` often means ::1 first, where nobody listens.
  @Test func fallsThroughToTheNextAddress() async throws {
    let group = try EventLoopGroup(count: 1)
    let listener = try Listener.bind(.loopback(port: 0), group: group) { _ in EchoHandler() }
    let collector = Collector()
    let connection = try await Connection.connect(
      to: .host("localhost", port: listener.address.port), on: group.next()
    ) { _ in collector }
    await connection.loop.run {
      #expect(connection.remoteAddress == listener.address)
      connection.write("x")
    }
    await collector.wait(bytes: 1)
    await listener.close()
    group.shutdown()
  }

  @Test func thousandsOfConnectionsLeakNothing() async throws {
    let group = try EventLoopGroup(count: 2)
    let before = openDescriptorCount()
    let listener = try Listener.bind(.loopback(port: 0), group: group) { _ in EchoHandler() }
    for round in 0..<20 {
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        for index in 0..<100 {
          tasks.addTask {
            let collector = Collector()
            let connection = try await Connection.connect(
              to: .address(listener.address), on: group.next()
            ) { _ in collector }
            await connection.loop.run { connection.write("ping") }
            await collector.wait(bytes: 4)
            await connection.loop.run {
              if (round + index) % 3 == 0 { connection.abort() } else { connection.close() }
            }
            _ = await collector.waitClosed()
          }
        }
        try await tasks.waitForAll()
      }
    }
    await listener.close(grace: .seconds(20))
    #expect(listener.connectionCount == 0)
    while await group.loops[0].run({ group.loops[0].registeredSources.count }) > 0 { await Task.yield() }
    while await group.loops[1].run({ group.loops[1].registeredSources.count }) > 0 { await Task.yield() }
    #expect(openDescriptorCount() <= before + 2)
    group.shutdown()
  }

  @Test func idleTimeoutIsLazyAndExact() async throws {
    let loops = try EventLoopGroup(count: 1, clock: .manual)
    let loop = loops.loops[0]
    let listener = try Listener.bind(.unix("@aether-idle-\(getpid())"), group: loops) { _ in EchoHandler() }
    var options = ConnectOptions()
    options.connection.idleTimeout = .seconds(10)
    let collector = Collector()
    let connection = try await Connection.connect(
      to: .address(listener.address), on: loop, options: options
    ) { _ in collector }
    await loop.advance(by: .seconds(6))
    await loop.run { connection.write("ping") }
    await collector.wait(bytes: 4)
    await loop.advance(by: .seconds(9))
    #expect(collector.reason == nil)
    await loop.advance(by: .seconds(1))
    #expect(await collector.waitClosed() == .idleTimeout)
    await listener.close()
    loops.shutdown()
  }

  @Test func connectionLimitHoldsAndRecovers() async throws {
    let group = try EventLoopGroup(count: 1)
    var options = ListenerOptions()
    options.connectionsMax = 3
    let listener = try Listener.bind(.loopback(port: 0), group: group, options: options) { _ in EchoHandler() }
    var open: [Connection] = []
    var collectors: [Collector] = []
    for _ in 0..<6 {
      let collector = Collector()
      let connection = try await Connection.connect(to: .address(listener.address), on: group.next()) { _ in collector }
      await connection.loop.run { connection.write("x") }
      open.append(connection)
      collectors.append(collector)
    }
    for collector in collectors[..<3] { await collector.wait(bytes: 1) }
    try await Task.sleep(for: .milliseconds(100))
    #expect(listener.connectionCount == 3)
    #expect(collectors[3...].allSatisfy { $0.bytes.isEmpty })
    for connection in open[..<3] { await connection.loop.run { connection.close() } }
    for collector in collectors[3...] { await collector.wait(bytes: 1) }
    await listener.close()
    group.shutdown()
  }

  @Test func unixSocketFiles() async throws {
    let group = try EventLoopGroup(count: 1)
    let path = temporaryPath("unix")
    var options = ListenerOptions()
    options.unixMode = 0o600
    let first = try Listener.bind(.unix(path), group: group, options: options) { _ in EchoHandler() }
    var info = stat()
    #expect(stat(path, &info) == 0 && info.st_mode & 0o777 == 0o600)
    #expect(throws: NetError.addressInUse("unix:\(path)")) {
      try Listener.bind(.unix(path), group: group) { _ in EchoHandler() }
    }
    await first.close()
    #expect(stat(path, &info) != 0)
    // What a killed process leaves behind.
    let stale = cnet_socket(AF_UNIX, Int32(SOCK_STREAM.rawValue))
    _ = SocketAddress.unix(path).withSockaddr { bind(stale, $0, $1) }
    close(stale)
    let second = try Listener.bind(.unix(path), group: group) { _ in EchoHandler() }
    await second.close()
    // A file of another kind is left alone.
    close(open(path, O_CREAT | O_WRONLY, 0o600))
    #expect(throws: NetError.addressInUse("unix:\(path)")) {
      try Listener.bind(.unix(path), group: group) { _ in EchoHandler() }
    }
    #expect(unlink(path) == 0)
    group.shutdown()
  }

  @Test func portInUse() async throws {
    let group = try EventLoopGroup(count: 1)
    let listener = try Listener.bind(.loopback(port: 0), group: group) { _ in EchoHandler() }
    #expect(throws: NetError.addressInUse("\(listener.address)")) {
      try Listener.bind(listener.address, group: group) { _ in EchoHandler() }
    }
    await listener.close()
    group.shutdown()
  }

  /// After an upgrade, bytes go to the new handler.
  @Test func handlerIsReplaced() async throws {
    final class Upgrading: ConnectionHandler {
      func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
        connection.replaceHandler(EchoHandler())
        connection.write("upgraded ")
      }
    }
    let group = try EventLoopGroup(count: 1)
    let listener = try Listener.bind(.loopback(port: 0), group: group) { _ in Upgrading() }
    let collector = Collector()
    let connection = try await Connection.connect(to: .address(listener.address), on: group.next()) { _ in collector }
    await connection.loop.run { connection.write("go") }
    await collector.wait(bytes: 9)
    await connection.loop.run { connection.write("echo") }
    await collector.wait(bytes: 13)
    #expect(String(decoding: collector.bytes, as: UTF8.self) == "upgraded echo")
    await listener.close()
    group.shutdown()
  }

  @Test func shutdownOfTheLoopEndsConnections() async throws {
    let group = try EventLoopGroup(count: 1)
    let other = try EventLoop()
    let listener = try Listener.bind(.loopback(port: 0), group: group) { _ in EchoHandler() }
    let collector = Collector()
    _ = try await Connection.connect(to: .address(listener.address), on: other) { _ in collector }
    other.shutdown()
    #expect(await collector.waitClosed() == .loopShutDown)
    await listener.close(grace: .seconds(20))
    group.shutdown()
  }
}
