import CLinux
import Glibc
import Linux
import Net

/// Carries connections from a port of the node into a cell. Its upstream sockets are made inside the cell's network
/// namespace by the supervisor, so the cell needs no interface beside its loopback.
final class PortProxy: Sendable {
  /// Connections of one port at once; more wait in the kernel's queue.
  static let connectionsMax = 1024

  let port: PublishedPort
  private let loop: EventLoop
  private let state: State

  /// Touched on the loop only.
  private final class State: @unchecked Sendable {
    // Sendable: every access is on `loop`, which is checked where it begins.
    var listener: Int32
    var watch: DescriptorWatch?
    var pumps: [ObjectIdentifier: Pump] = [:]
    var opening = 0

    init(listener: Int32) {
      self.listener = listener
    }
  }

  /// Listens on the node. Throws when the address is taken.
  init(_ port: PublishedPort, cell: Cell, loop: EventLoop) throws(NodeError) {
    let (listener, actual) = try TCP.listen(port.hostAddress, port.hostPort)
    var port = port
    port.hostPort = actual
    self.port = port
    self.loop = loop
    state = State(listener: listener)
    let cellPort = port.cellPort
    loop.execute { [self, weak cell] in
      state.watch = try? loop.register(listener, .readable) { [weak self] _ in
        guard let self, let cell else { return }
        accept(cell, cellPort)
      }
    }
  }

  /// Stops listening and cuts the connections.
  func close() {
    loop.execute { [state] in
      state.watch?.cancel()
      state.watch = nil
      if state.listener >= 0 { Glibc.close(state.listener) }
      state.listener = -1
      for pump in state.pumps.values { pump.end() }
      state.pumps = [:]
    }
  }

  private func accept(_ cell: Cell, _ cellPort: UInt16) {
    loop.preconditionInEventLoop()
    while state.pumps.count + state.opening < PortProxy.connectionsMax, state.listener >= 0 {
      let client = clinux_accept(state.listener)
      if client < 0 { return }
      state.opening += 1
      Task(executorPreference: loop) { [self, weak cell] in
        // Refused by a cell that is going: the client sees its connection closed.
        let upstream = try? await cell?.openSocket()
        loop.execute { [self] in begin(client, upstream, cellPort) }
      }
    }
    // The queue is long and we are full: look again when a connection ends.
    if state.pumps.count + state.opening >= PortProxy.connectionsMax { state.watch?.update([]) }
  }

  private func begin(_ client: Int32, _ upstream: Int32?, _ cellPort: UInt16) {
    state.opening -= 1
    guard let upstream else {
      Glibc.close(client)
      return
    }
    guard state.listener >= 0, TCP.connectLoopback(upstream, cellPort) else {
      Glibc.close(client)
      Glibc.close(upstream)
      return
    }
    let pump = Pump(client: client, upstream: upstream, loop: loop)
    state.pumps[ObjectIdentifier(pump)] = pump
    pump.start { [state] in
      state.pumps[ObjectIdentifier(pump)] = nil
      state.watch?.update(.readable)
    }
  }
}

/// Two sockets whose bytes go to each other, with back-pressure and half-close. On its loop only.
private final class Pump {
  /// Bytes that wait in one direction.
  static let bufferMax = 65_536

  private struct Side {
    var raw: Int32
    var watch: DescriptorWatch?
    /// Bytes read from the other side for this one.
    var buffer: [UInt8] = []
    var sent = 0
    var inputEnded = false
    var outputEnded = false
  }

  private var sides: [Side]
  private let loop: EventLoop
  private var onEnd: (() -> Void)?

  init(client: Int32, upstream: Int32, loop: EventLoop) {
    sides = [Side(raw: client), Side(raw: upstream)]
    self.loop = loop
  }

  func start(onEnd: @escaping () -> Void) {
    self.onEnd = onEnd
    for index in 0...1 {
      sides[index].watch = try? loop.register(sides[index].raw, index == 0 ? .readable : [.readable, .writable]) {
        [weak self] events in self?.ready(index, events)
      }
      if sides[index].watch == nil { return end() }
    }
  }

  private func ready(_ index: Int, _ events: DescriptorEvents) {
    if events.contains(.error) { return end() }
    if events.contains(.writable), !flush(index) { return end() }
    if !events.isDisjoint(with: [.readable, .hangUp]), !fill(from: index) { return end() }
    if sides[0].outputEnded && sides[1].outputEnded { return end() }
    updateInterest()
  }

  /// Reads what `index` sent into the other side's buffer and tries to pass it on. False: broken.
  private func fill(from index: Int) -> Bool {
    let other = 1 - index
    while !sides[index].inputEnded, sides[other].buffer.count < Pump.bufferMax {
      var count = 0
      let raw = sides[index].raw
      let piece = [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, used in
        count = recv(raw, buffer.baseAddress, buffer.count, 0)
        used = max(0, count)
      }
      if count == 0 { sides[index].inputEnded = true }
      if count < 0 {
        if errno == EINTR { continue }
        if errno == EAGAIN || errno == ENOTCONN { break }
        return false
      }
      sides[other].buffer += piece
    }
    return flush(other)
  }

  /// Sends what waits for `index`; at the end of the other side's input, ends this one's output. False: broken.
  private func flush(_ index: Int) -> Bool {
    while sides[index].sent < sides[index].buffer.count {
      let raw = sides[index].raw
      let count = sides[index].buffer[sides[index].sent...].withUnsafeBytes {
        send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0 {
        if errno == EINTR { continue }
        return errno == EAGAIN || errno == ENOTCONN
      }
      sides[index].sent += count
    }
    sides[index].buffer.removeAll(keepingCapacity: true)
    sides[index].sent = 0
    if sides[1 - index].inputEnded, !sides[index].outputEnded {
      sides[index].outputEnded = true
      shutdown(sides[index].raw, Int32(SHUT_WR))
    }
    return true
  }

  private func updateInterest() {
    for index in 0...1 {
      var interest: DescriptorEvents = []
      if !sides[index].inputEnded, sides[1 - index].buffer.count < Pump.bufferMax { interest.insert(.readable) }
      if !sides[index].buffer.isEmpty { interest.insert(.writable) }
      sides[index].watch?.update(interest)
    }
  }

  func end() {
    for index in 0...1 where sides[index].raw >= 0 {
      sides[index].watch?.cancel()
      sides[index].watch = nil
      close(sides[index].raw)
      sides[index].raw = -1
    }
    let ended = onEnd
    onEnd = nil
    ended?()
  }
}

/// TCP sockets without blocking.
enum TCP {
  /// A listening socket and its port.
  static func listen(_ address: String, _ port: UInt16) throws(NodeError) -> (Int32, UInt16) {
    guard let target = SocketAddress(literal: address, port: port) else {
      throw .invalid(field: "ports.hostAddress", message: "a literal IPv4 or IPv6 address is needed")
    }
    let subject = "\(address):\(port)"
    let isSix = address.contains(":")
    let raw = socket(
      isSix ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard raw >= 0 else { throw .failed(step: "socket", subject: subject, errno: errno) }
    var yes: Int32 = 1
    setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
    let bound: Int32
    if isSix {
      var six = sockaddr_in6()
      six.sin6_family = sa_family_t(AF_INET6)
      six.sin6_port = port.bigEndian
      inet_pton(AF_INET6, address, &six.sin6_addr)
      bound = withUnsafePointer(to: &six) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(raw, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
      }
    } else {
      var four = ipv4(port)
      inet_pton(AF_INET, address, &four.sin_addr)
      bound = withUnsafePointer(to: &four) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
    guard bound == 0, Glibc.listen(raw, 512) == 0 else {
      let error = errno
      close(raw)
      throw .failed(step: "listen", subject: subject, errno: error)
    }
    _ = target
    return (raw, localPort(raw) ?? port)
  }

  private static func ipv4(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    return address
  }

  private static func localPort(_ raw: Int32) -> UInt16? {
    var storage = sockaddr_in6()
    var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let status = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(raw, $0, &size) }
    }
    // The port is at the same place in both families.
    return status == 0 ? UInt16(bigEndian: storage.sin6_port) : nil
  }

  /// Begins to connect to 127.0.0.1 in the socket's namespace. False: refused at once.
  static func connectLoopback(_ raw: Int32, _ port: UInt16) -> Bool {
    var address = ipv4(port)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    return status == 0 || errno == EINPROGRESS
  }
}

extension Cell {
  /// Listens on every published port; none when one of them cannot be had.
  func publishPorts() async throws(NodeError) {
    do throws(NodeError) {
      for port in ports {
        proxies.append(try PortProxy(port, cell: self, loop: portLoop))
      }
    } catch {
      closePorts()
      throw error
    }
    publishedPorts = proxies.map(\.port)
  }

  func closePorts() {
    for proxy in proxies { proxy.close() }
    proxies = []
    publishedPorts = []
  }
}
