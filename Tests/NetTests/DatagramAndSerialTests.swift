import CNet
import Glibc
import Synchronization
import Testing

@testable import Net

@Suite(.timeLimit(.minutes(2)))
struct DatagramAndSerialTests {
  @Test(arguments: ["127.0.0.1:0", "[::1]:0"])
  func udpEcho(_ text: String) async throws {
    let loop = try EventLoop()
    let address = try SocketAddress(parsing: text)
    let server = try await UDPEndpoint.bind(address, on: loop) { bytes, peer, endpoint in
      _ = try? endpoint.send(bytes, to: peer)
    }
    let answers = Mutex<Set<[UInt8]>>([])
    let client = try await UDPEndpoint.bind(address, on: loop) { bytes, peer, _ in
      answers.withLock { _ = $0.insert(Array(bytes)) }
    }
    let target = server.localAddress
    let messages = (0..<100).map { index in [UInt8](repeating: UInt8(index), count: index * 20) }
    for message in messages {
      // Datagrams may be lost; repeat until the answer is there.
      while !answers.withLock({ $0.contains(message) }) {
        try await loop.run { () throws(NetError) in _ = try client.send(message, to: target) }
        try await Task.sleep(for: .milliseconds(1))
      }
    }
    try await loop.run { () throws(NetError) in
      _ = try client.send([UInt8](repeating: 0, count: UDPEndpoint.datagramBytesMax + 1), to: target)
    }
    while await loop.run({ server.oversizedCount }) == 0 { try await Task.sleep(for: .milliseconds(1)) }
    await loop.run {
      server.close()
      server.close()
      client.close()
    }
    loop.shutdown()
  }

  @Test func serialLineOverAPseudoTerminal() async throws {
    let loop = try EventLoop()
    var name = [CChar](repeating: 0, count: 128)
    let device = cnet_pty_open(&name, name.count)
    try #require(device >= 0)
    let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let received = Mutex<[UInt8]>([])
    let closed = Mutex<NetError??>(nil)
    let port = try await SerialPort.open(path: path, SerialConfiguration(baud: 115_200), on: loop) { event, _ in
      switch event {
      case .received(let bytes): received.withLock { $0 += bytes }
      case .closed(let error): closed.withLock { $0 = error }
      }
    }
    // All byte values pass unchanged in both directions: the line is raw.
    let all = (0...255).map { UInt8($0) }
    #expect(await loop.run { port.write(all) })
    var echoed: [UInt8] = []
    while echoed.count < all.count {
      var buffer = [UInt8](repeating: 0, count: 512)
      let count = read(device, &buffer, buffer.count)
      if count > 0 { echoed += buffer[..<count] } else { try await Task.sleep(for: .milliseconds(1)) }
    }
    #expect(echoed == all)
    #expect(write(device, all, all.count) == all.count)
    while received.withLock({ $0.count }) < all.count { try await Task.sleep(for: .milliseconds(1)) }
    #expect(received.withLock { $0 } == all)
    // More than the line takes waits, and a bound refuses the rest.
    let big = [UInt8](repeating: 7, count: 600_000)
    #expect(await loop.run { port.write(big) })
    #expect(await loop.run { !port.write(big) })
    close(device)
    while closed.withLock({ $0 == nil }) { try await Task.sleep(for: .milliseconds(1)) }
    #expect(closed.withLock { $0 ?? nil } != nil)
    await #expect(throws: NetError.self) {
      try await SerialPort.open(path: "/dev/null", on: loop) { _, _ in }
    }
    await #expect(throws: NetError.self) {
      try await SerialPort.open(path: path, SerialConfiguration(baud: 12_345), on: loop) { _, _ in }
    }
    loop.shutdown()
  }
}
