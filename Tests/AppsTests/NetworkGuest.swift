import AppABI
import AppFormat
import AppManager
import Glibc
import Net
import PythonPeer

@testable import Apps

extension NativeTable {
  static func names(_ families: NativeFamily...) -> [String] {
    functions.filter { families.contains($0.family) && $0.module == "env" }.map(\.name)
  }
}

/// A guest that uses the network, as the reference's SDK does.
final class NetworkGuest {
  let guest: Guest

  init(
    _ services: AppServices = AppServices(dataFolder: ""), isLocal: Bool = true,
    policy: NetworkPolicy = NetworkPolicy(),
    quotas: AppQuotas = AppQuotas()
  ) throws {
    guest = try Guest(calling: NativeTable.names(.network) + ["delay"], quotas: quotas, services: services)
    guest.host.network.rules.policy = policy
    guest.host.network.rules.allowsLocalAddresses = isLocal
  }

  /// Opens a stream with rings of so many bytes.
  func open(_ kind: Int32, txAt tx: Int32 = 8192, rxAt rx: Int32 = 20480, ringBytes: Int32 = 4096) throws -> Int32 {
    let stream = try guest.call("net_open", kind)
    guard stream >= 0 else { throw Failure(text: "net_open: \(stream)") }
    for (name, address) in [("net_tx_bind", tx), ("net_rx_bind", rx)] {
      guard try guest.call(name, stream, address, ringBytes) == 0 else { throw Failure(text: name) }
    }
    return stream
  }

  func connect(_ stream: Int32, _ host: String, _ port: Int32) throws -> Int32 {
    try guest.call("net_connect", stream, guest.text(host), port)
  }

  /// The next event, which is waited for: type, stream and extra.
  func event() throws -> [Int] {
    let end = monotonicNanoseconds() + 30_000_000_000
    while monotonicNanoseconds() < end {
      let taken = try guest.call("net_event_pop", 512, 4)
      if taken < 0 { throw Failure(text: "net_event_pop: \(taken)") }
      if taken == 1 {
        let bytes = try guest.bytes(at: 512, 4)
        return [Int(bytes[0]), Int(bytes[1]), Int(bytes[2]) | Int(bytes[3]) << 8]
      }
      _ = try guest.call("delay", 2000)
    }
    throw Failure(text: "no event")
  }

  /// Takes events until one of this type.
  func wait(for type: Int) throws -> [Int] {
    while true {
      let next = try event()
      if next[0] == type { return next }
      if next[0] == 5 { throw Failure(text: "failed: \(next)") }
    }
  }

  private func number(_ address: Int32) throws -> UInt32 {
    try guest.bytes(at: address, 4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  private func store(_ number: UInt32, _ address: Int32) throws {
    try guest.put((0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }, at: address)
  }

  /// Writes a message into a ring. False when there is no room.
  func write(_ message: [UInt8], ringAt address: Int32 = 8192) throws -> Bool {
    let (written, read, capacity) = (try number(address), try number(address + 4), try number(address + 8))
    // A test may have scribbled over the header.
    guard (1...65536).contains(capacity), message.count + 2 <= Int(capacity) - Int(written &- read) else {
      return false
    }
    let bytes = [UInt8(message.count & 255), UInt8(message.count >> 8)] + message
    let start = written % capacity
    let first = min(bytes.count, Int(capacity - start))
    try guest.put(Array(bytes[..<first]), at: address + 16 + Int32(start))
    try guest.put(Array(bytes[first...]), at: address + 16)
    try store(written &+ UInt32(bytes.count), address)
    return true
  }

  func isEmpty(ringAt address: Int32) throws -> Bool { try number(address) == number(address + 4) }

  /// Reads a message from a ring; `nil` without one.
  func read(ringAt address: Int32 = 20480) throws -> [UInt8]? {
    let (written, read, capacity) = (try number(address), try number(address + 4), try number(address + 8))
    let used = Int(written &- read)
    guard used >= 2, (1...65536).contains(capacity) else { return nil }
    let data = try guest.bytes(at: address + 16, Int32(capacity))
    func byte(_ offset: Int) -> UInt8 { data[Int((read &+ UInt32(offset)) % capacity)] }
    let count = Int(byte(0)) | Int(byte(1)) << 8
    guard used >= count + 2 else { throw Failure(text: "half a message in a ring") }
    try store(read &+ UInt32(count + 2), address + 4)
    return (0..<count).map { byte($0 + 2) }
  }
}

/// Servers in Python that print their port first.
enum Peers {
  static let echo = """
    import socket, sys, threading
    server = socket.create_server(('127.0.0.1', 0))
    print(server.getsockname()[1], flush=True)
    def serve(client):
      while True:
        data = client.recv(65536)
        if not data: break
        client.sendall(data)
        if data.endswith(b'bye'): break
      client.close()
    while True:
      client, _ = server.accept()
      threading.Thread(target=serve, args=(client,), daemon=True).start()
    """

  static let datagrams = """
    import socket
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(('127.0.0.1', 0))
    print(server.getsockname()[1], flush=True)
    while True:
      data, peer = server.recvfrom(4096)
      server.sendto(data, peer)
    """

  static let tls = """
    import socket, ssl, sys, threading
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server = socket.create_server(('127.0.0.1', 0))
    print(server.getsockname()[1], flush=True)
    def serve(client):
      try:
        with context.wrap_socket(client, server_side=True) as tls:
          while True:
            data = tls.recv(65536)
            if not data: break
            tls.sendall(data)
      except OSError: pass
    while True:
      client, _ = server.accept()
      threading.Thread(target=serve, args=(client,), daemon=True).start()
    """

  static func start(_ program: String, _ arguments: [String] = []) throws -> (peer: PythonPeer, port: Int32) {
    let peer = try PythonPeer(program, arguments)
    guard let port = Int32(try peer.readLine()) else { throw Failure(text: "no port") }
    return (peer, port)
  }
}
