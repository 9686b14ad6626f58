import AppABI
import AppFormat
import AppManager
import Bytes
import Crypto
import Glibc
import Net
import PythonPeer
import Synchronization
import TestAuthority
import Testing

@testable import Apps

@Suite struct NetworkTests {
  /// Messages of many sizes through rings that they do not fit into together, there and back.
  @Test func streamsEcho() async throws {
    try await onThread {
      let (peer, port) = try Peers.start(Peers.echo)
      defer { peer.stop() }
      var numbers = SeededNumbers.forTest("streamsEcho")
      let guest = try NetworkGuest()
      // A capacity that no message ends at.
      let stream = try guest.open(0, ringBytes: 3019)
      #expect(try guest.connect(stream, "127.0.0.1", port) == 0)
      #expect(try guest.wait(for: 1) == [1, Int(stream), 0])
      var sent: [UInt8] = []
      var received: [UInt8] = []
      let end = monotonicNanoseconds() + 60_000_000_000
      while received.count < 100_000, monotonicNanoseconds() < end {
        if sent.count < 100_000 {
          let message = (0..<Int.random(in: 0...1400, using: &numbers)).map { _ in
            UInt8.random(in: 0...255, using: &numbers)
          }
          if try guest.write(message) { sent += message }
        }
        _ = try guest.guest.call("net_tx_flush", stream)
        while let message = try guest.read() { received += message }
        if Bool.random(using: &numbers) { _ = try guest.guest.call("delay", 500) }
      }
      while received.count < sent.count, monotonicNanoseconds() < end {
        _ = try guest.guest.call("delay", 1000)
        while let message = try guest.read() { received += message }
      }
      #expect(received == sent)
      while try !guest.write(Array("bye".utf8)) { _ = try guest.guest.call("delay", 1000) }
      #expect(try guest.wait(for: 2) == [2, Int(stream), 0])
      #expect(try guest.read() == Array("bye".utf8))
      #expect(try guest.guest.call("net_close", stream) == 0)
      #expect(try guest.guest.call("net_close", stream) == -EBADF)
      #expect(guest.guest.host.handles.count == 0)
    }
  }

  @Test func datagramsKeepTheirBounds() async throws {
    try await onThread {
      let (peer, port) = try Peers.start(Peers.datagrams)
      defer { peer.stop() }
      let guest = try NetworkGuest()
      let stream = try guest.open(1)
      #expect(try guest.connect(stream, "127.0.0.1", port) == 0)
      _ = try guest.wait(for: 1)
      for size in [1, 700, 1500] {
        let message = [UInt8](repeating: UInt8(size & 255), count: size)
        #expect(try guest.write(message))
        #expect(try guest.guest.call("net_tx_flush", stream) == 1)
        _ = try guest.wait(for: 3)
        #expect(try guest.read() == message)
      }
      #expect(try guest.write([UInt8](repeating: 1, count: 1501)))
      #expect(try guest.guest.call("net_tx_flush", stream) == 0)
      #expect(try guest.event() == [5, Int(stream), Int(EMSGSIZE)])
    }
  }

  /// A guest that answers whoever has sent it a datagram, and one that takes connections.
  @Test func servesOthers() async throws {
    try await onThread {
      let guest = try NetworkGuest()
      let port = try Self.freePort()
      let datagrams = try guest.open(1)
      #expect(try guest.guest.call("net_bind", datagrams, port) == 0)
      #expect(try guest.guest.call("net_bind", datagrams, port) == -EALREADY)
      let second = try guest.guest.call("net_open", 1)
      #expect(try guest.guest.call("net_bind", second, port) == -EADDRINUSE)
      let asker = try PythonPeer(
        """
        import socket, sys
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(30)
        s.sendto(b'hello', ('127.0.0.1', int(sys.argv[1])))
        print(s.recvfrom(100)[0].decode())
        """, ["\(port)"])
      defer { asker.stop() }
      _ = try guest.wait(for: 3)
      #expect(try guest.read() == Array("hello".utf8))
      #expect(try guest.write(Array("answer".utf8)))
      #expect(try guest.guest.call("net_tx_flush", datagrams) == 1)
      #expect(try asker.readLine() == "answer")

      let listening = try guest.guest.call("net_open", 0)
      #expect(try guest.guest.call("net_listen", listening, 4) == -EINVAL)
      #expect(try guest.guest.call("net_bind", listening, port) == 0)
      #expect(try guest.guest.call("net_listen", listening, 4) == 0)
      let client = try PythonPeer(
        """
        import socket, sys
        s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 30)
        s.sendall(b'question')
        print(s.recv(100).decode())
        """, ["\(port)"])
      defer { client.stop() }
      let accepted = try guest.wait(for: 4)
      #expect(accepted[1] == Int(listening))
      let stream = Int32(accepted[2])
      #expect(try guest.guest.call("net_tx_bind", stream, 30720, 1024) == 0)
      #expect(try guest.guest.call("net_rx_bind", stream, 32768, 1024) == 0)
      #expect(try guest.wait(for: 3) == [3, Int(stream), 0])
      #expect(try guest.read(ringAt: 32768) == Array("question".utf8))
      #expect(try guest.write(Array("reply".utf8), ringAt: 30720))
      // What is in the ring when a stream is closed is sent.
      #expect(try guest.guest.call("net_close", stream) == 0)
      #expect(try client.readLine() == "reply")
    }
  }

  @Test func tlsChecksCertificateAndName() async throws {
    let authority = try TestAuthority()
    _ = try authority.issue("good", names: "DNS:good.example")
    let other = try TestAuthority()
    let good = [authority.path("good.pem"), authority.path("good.key")]
    let roots = [(authority.roots, "good.example"), (authority.roots, "other.example"), (other.roots, "good.example")]
    for (index, (trusted, name)) in roots.enumerated() {
      let services = AppServices(dataFolder: "")
      var options = NetworkHost.Options()
      options.trustRoots = trusted
      options.resolve = { (_, port) in [.loopback(port: port)] }
      services.network.configure(options)
      try await onThread {
        let (peer, port) = try Peers.start(Peers.tls, good)
        defer { peer.stop() }
        let guest = try NetworkGuest(services)
        let stream = try guest.open(2)
        #expect(try guest.connect(stream, name, port) == 0)
        guard index == 0 else {
          #expect(try guest.event() == [5, Int(stream), Int(EPROTO)])
          return
        }
        _ = try guest.wait(for: 1)
        #expect(try guest.write(Array("secret".utf8)))
        _ = try guest.wait(for: 3)
        #expect(try guest.read() == Array("secret".utf8))
      }
    }
  }

  /// Neither side takes more than its bounds while the other one does not read, and nothing is lost.
  @Test func slowSidesHoldTheOtherUp() async throws {
    try await onThread {
      let peer = try PythonPeer(
        """
        import socket, sys, hashlib
        server = socket.create_server(('127.0.0.1', 0))
        print(server.getsockname()[1], flush=True)
        client, _ = server.accept()
        client.sendall(bytes(i * 7 % 251 for i in range(1000000)))
        sys.stdin.readline()
        total, digest = 0, hashlib.sha256()
        while data := client.recv(65536):
          total += len(data)
          digest.update(data)
        print(total, digest.hexdigest())
        """)
      defer { peer.stop() }
      guard let port = Int32(try peer.readLine()) else { throw Failure(text: "no port") }
      let guest = try NetworkGuest()
      let stream = try guest.open(0, ringBytes: 2064)
      #expect(try guest.connect(stream, "127.0.0.1", port) == 0)
      _ = try guest.wait(for: 1)
      // The ring is full and stays so while the guest does not read.
      for _ in 0..<50 { _ = try guest.guest.call("delay", 2000) }
      var received: [UInt8] = []
      let end = monotonicNanoseconds() + 120_000_000_000
      while received.count < 1_000_000, monotonicNanoseconds() < end {
        var hasRead = false
        while let message = try guest.read() {
          received += message
          hasRead = true
        }
        _ = try guest.guest.call(hasRead ? "net_tx_flush" : "delay", hasRead ? stream : 500)
      }
      #expect(received == (0..<1_000_000).map { UInt8($0 * 7 % 251) })
      // Now the other way round: the peer has not begun to read. The kernel takes some megabytes, then nobody does.
      var sent: [UInt8] = []
      let message = (0..<1400).map { UInt8($0 % 241) }
      var refusals = 0
      while refusals < 200, monotonicNanoseconds() < end {
        if try guest.write(message) {
          sent += message
          refusals = 0
        } else {
          refusals += 1
          _ = try guest.guest.call("delay", 1000)
        }
      }
      #expect(refusals == 200)
      try peer.write("read\n")
      for _ in 0..<100 {
        while try !guest.write(message) { _ = try guest.guest.call("delay", 500) }
        sent += message
      }
      while try !guest.isEmpty(ringAt: 8192) { _ = try guest.guest.call("delay", 500) }
      #expect(try guest.guest.call("net_close", stream) == 0)
      #expect(try peer.readLine() == "\(sent.count) \(Self.digest(sent))")
    }
  }

  @Test func streamsAndHandlesAndMemoryAreLimited() async throws {
    try await onThread {
      let guest = try NetworkGuest()
      for index: Int32 in 0..<16 { #expect(try guest.guest.call("net_open", index % 3) == index) }
      #expect(try guest.guest.call("net_open", 0) == -EMFILE)
      #expect(try guest.guest.call("net_open", 3) == -EINVAL)
      #expect(guest.guest.counters.handles.load(ordering: .relaxed) == 16)
      #expect(try guest.guest.call("net_close", 3) == 0)
      #expect(try guest.guest.call("net_open", 0) == 3)
      #expect(try NetworkGuest(quotas: AppQuotas(handlesMax: 0)).guest.call("net_open", 0) == -EMFILE)
      #expect(try NetworkGuest(quotas: AppQuotas(memoryBytesMax: 128 << 10)).guest.call("net_open", 0) == -ENOMEM)
      let held = guest.guest.host
      held.close()
      #expect(held.handles.count == 0)
    }
  }

  @Test func addressIsGivenAsText() throws {
    let guest = try Guest(calling: ["net_get_ip"])
    #expect(try guest.call("net_get_ip", 512, 15) == -EINVAL)
    let answer = try guest.call("net_get_ip", 512, 16)
    if answer == 0 {
      let address = try #require(SocketAddress(literal: try guest.string(at: 512), port: 1))
      #expect(!address.isLocal)
    } else {
      #expect(answer == -ENODATA)
    }
  }

  @Test func allowanceOfBytes() {
    var allowance = ByteAllowance(bytesPerSecond: 1000, now: 0)
    func take(_ count: Int, at milliseconds: Int64) -> Bool { allowance.take(count, now: milliseconds * 1_000_000) }
    #expect(take(1000, at: 0))
    #expect(!take(500, at: 400))
    #expect(allowance.isEmpty)
    #expect(allowance.next == 420_000_000)
    #expect(take(500, at: 500))
    // More than a second's bytes take all, and what they lack.
    #expect(!take(1500, at: 1000))
    #expect(take(1500, at: 2000))
    #expect(!take(1, at: 2400))
    #expect(take(1, at: 2600))
    allowance = ByteAllowance(bytesPerSecond: nil, now: 0)
    #expect(take(.max, at: 0))
    #expect(!allowance.isEmpty)
  }

  /// An app that only sleeps: its rings are served meanwhile.
  @Test func sleepingAppsSendAndReceive() async throws {
    let bench = try Bench()
    let (peer, port) = try Peers.start(Peers.echo)
    defer { peer.stop() }
    let text = """
      (module
        (import "env" "net_open" (func $open (param i32) (result i32)))
        (import "env" "net_connect" (func $connect (param i32 i32 i32) (result i32)))
        (import "env" "net_tx_bind" (func $tx (param i32 i32 i32) (result i32)))
        (import "env" "net_rx_bind" (func $rx (param i32 i32 i32) (result i32)))
        (import "akira_time" "sleep_ms" (func $sleep (param i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 16) "127.0.0.1\\00")
        (func (export "main") (result i32)
          (drop (call $open (i32.const 0)))
          (drop (call $tx (i32.const 0) (i32.const 1024) (i32.const 1040)))
          (drop (call $rx (i32.const 0) (i32.const 4096) (i32.const 1040)))
          (if (call $connect (i32.const 0) (i32.const 16) (i32.const \(port))) (then (return (i32.const 90))))
          ;; A message of one byte, 77.
          (i32.store16 (i32.const 1040) (i32.const 1))
          (i32.store8 (i32.const 1042) (i32.const 77))
          (i32.store (i32.const 1024) (i32.const 3))
          (loop $again
            (drop (call $sleep (i32.const 5)))
            (br_if $again (i32.eqz (i32.load (i32.const 4096)))))
          (i32.load8_u (i32.const 4114))))
      """
    var launch = try bench.launch("sleeper", text, [.network])
    launch.allowsLocalAddresses = true
    #expect(try await bench.run(launch) == .exited(code: 77))
    launch.allowsLocalAddresses = false
    #expect(try await bench.run(launch) == .exited(code: 90))
  }

  static func freePort() throws -> Int32 {
    let text = try PythonPeer.run(
      """
      import socket, random
      while True:
        port = random.randrange(20000, 32000)
        try:
          with socket.create_server(('', port)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
            u.bind(('', port))
        except OSError: continue
        print(port, end='')
        break
      """)
    guard let port = Int32(text) else { throw Failure(text: "no port") }
    return port
  }

  private static func digest(_ bytes: [UInt8]) -> String { Hex.encode(Digest.sha256(bytes)) }
}
