import Glibc
import Synchronization
import Testing

@testable import Net

/// Sends back what it receives.
final class EchoHandler: ConnectionHandler {
  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
    if !connection.write(bytes) { connection.pauseReading() }
  }
  func writabilityChanged(_ isWritable: Bool, on connection: Connection) {
    if isWritable { connection.resumeReading() }
  }
}

/// Collects what arrives, for a test to wait on.
final class Collector: ConnectionHandler, Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var ended = false
    var reason: CloseReason?
    var waiters: [(Int, CheckedContinuation<Void, Never>)] = []
  }
  private let state = Mutex(State())

  var bytes: [UInt8] { state.withLock { $0.bytes } }
  var reason: CloseReason? { state.withLock { $0.reason } }
  var inputHasEnded: Bool { state.withLock { $0.ended } }

  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
    change { $0.bytes.append(contentsOf: bytes) }
  }
  func inputEnded(on connection: Connection) {
    change { $0.ended = true }
    connection.close()
  }
  func closed(_ reason: CloseReason, on connection: Connection) {
    change { $0.reason = reason }
  }

  private func change(_ body: (inout State) -> Void) {
    let ready = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      body(&state)
      let done = state.reason != nil
      let ready = state.waiters.filter { done || state.bytes.count >= $0.0 }.map(\.1)
      state.waiters.removeAll { done || state.bytes.count >= $0.0 }
      return ready
    }
    for waiter in ready { waiter.resume() }
  }

  /// Waits for that many bytes in all, or for the end.
  func wait(bytes count: Int) async {
    await withCheckedContinuation { continuation in
      let now = state.withLock { state -> Bool in
        if state.reason != nil || state.bytes.count >= count { return true }
        state.waiters.append((count, continuation))
        return false
      }
      if now { continuation.resume() }
    }
  }

  func waitClosed() async -> CloseReason? {
    await wait(bytes: .max)
    return reason
  }
}

func temporaryPath(_ name: String) -> String {
  "/tmp/aether-net-\(getpid())-\(UInt32.random(in: 0 ... .max))-\(name)"
}

@Suite(.timeLimit(.minutes(2)))
struct EchoTests {
  @Test(arguments: ["127.0.0.1:0", "[::1]:0", "unix"])
  func echoes(_ place: String) async throws {
    let address: SocketAddress = place == "unix" ? .unix(temporaryPath("echo")) : try SocketAddress(parsing: place)
    let group = try EventLoopGroup(count: 2)
    let listener = try Listener.bind(address, group: group) { _ in EchoHandler() }
    for _ in 0..<10 {
      let collector = Collector()
      let connection = try await Connection.connect(to: .address(listener.address), on: group.next()) { _ in collector }
      await connection.loop.run {
        connection.write("hello ")
        connection.write("world")
      }
      await collector.wait(bytes: 11)
      #expect(String(decoding: collector.bytes, as: UTF8.self) == "hello world")
      await connection.loop.run { connection.close() }
      #expect(await collector.waitClosed() == .closed)
    }
    await listener.close(grace: .seconds(20))
    #expect(listener.connectionCount == 0)
    group.shutdown()
  }
}
