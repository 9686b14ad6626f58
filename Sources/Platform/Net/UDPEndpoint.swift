import CNet
import Glibc

/// A bound UDP socket on a loop.
public final class UDPEndpoint: EventSource, @unchecked Sendable {
  // Sendable: mutable state is touched on `loop` only, which every method checks.
  public typealias Receiver = (_ bytes: UnsafeRawBufferPointer, _ peer: SocketAddress, _ endpoint: UDPEndpoint) -> Void

  /// The largest datagram that is accepted; longer ones are dropped and counted.
  public static let datagramBytesMax = 2_048
  private static let batchMax = 32
  private static let batchesPerTurnMax = 8

  public let loop: EventLoop
  public let localAddress: SocketAddress
  /// Datagrams dropped because they were longer than `datagramBytesMax`.
  public private(set) var oversizedCount = 0
  private var descriptor: Int32
  private var receiver: Receiver?

  /// Binds to the address; `receiver` is called on the loop for each datagram, whose bytes are valid during the call.
  public static func bind(
    _ address: SocketAddress, on loop: EventLoop,
    receiver: @escaping @Sendable (UnsafeRawBufferPointer, SocketAddress, UDPEndpoint) -> Void
  ) async throws(NetError) -> UDPEndpoint {
    guard !address.isUnix else { throw .invalidAddress("\(address)") }
    return try await loop.run { () throws(NetError) in
      let descriptor = cnet_socket(address.family, Int32(SOCK_DGRAM.rawValue))
      guard descriptor >= 0 else { throw .system(call: "socket", errno: -descriptor) }
      let code = address.withSockaddr { Glibc.bind(descriptor, $0, $1) == 0 ? 0 : errno }
      guard code == 0, let actual = SocketAddress.local(of: descriptor) else {
        Glibc.close(descriptor)
        throw code == EADDRINUSE ? .addressInUse("\(address)") : .system(call: "bind", errno: code)
      }
      let endpoint = UDPEndpoint(loop: loop, descriptor: descriptor, localAddress: actual, receiver: receiver)
      do throws(NetError) {
        try loop.insert(endpoint, descriptor: descriptor, interest: .readable)
      } catch {
        endpoint.closeDescriptor()
        throw error
      }
      return endpoint
    }
  }

  private init(loop: EventLoop, descriptor: Int32, localAddress: SocketAddress, receiver: @escaping Receiver) {
    self.loop = loop
    self.descriptor = descriptor
    self.localAddress = localAddress
    self.receiver = receiver
  }

  /// Hands one datagram to the kernel; false when its buffer is full (the datagram is lost, as on the network).
  @discardableResult
  public func send(_ bytes: UnsafeRawBufferPointer, to peer: SocketAddress) throws(NetError) -> Bool {
    loop.preconditionInEventLoop()
    guard descriptor >= 0 else { throw .closed(.closed) }
    let sent = peer.withSockaddr { cnet_send_to(descriptor, bytes.baseAddress, bytes.count, $0, $1) }
    if sent >= 0 { return true }
    let code = Int32(-sent)
    // A refusal belongs to an earlier datagram (ICMP); this one was not sent either.
    if code == EAGAIN || code == ENOBUFS || code == ECONNREFUSED { return false }
    throw .system(call: "sendto", errno: code)
  }

  @discardableResult
  public func send(_ bytes: [UInt8], to peer: SocketAddress) throws(NetError) -> Bool {
    let outcome = bytes.withUnsafeBytes { raw -> Result<Bool, NetError> in
      do throws(NetError) { return .success(try send(raw, to: peer)) } catch { return .failure(error) }
    }
    return try outcome.get()
  }

  /// Gives up the socket. Harmless when repeated.
  public func close() {
    loop.preconditionInEventLoop()
    guard descriptor >= 0 else { return }
    loop.remove(descriptor)
    closeDescriptor()
    receiver = nil
  }

  private func closeDescriptor() {
    Glibc.close(descriptor)
    descriptor = -1
  }

  override func loopWillShutDown() { close() }

  override func ready(_ events: DescriptorEvents) {
    let slot = UDPEndpoint.datagramBytesMax
    let buffer = loop.readBuffer
    let capacity = min(UDPEndpoint.batchMax, buffer.count / slot)
    withUnsafeTemporaryAllocation(of: cnet_datagram.self, capacity: capacity) { datagrams in
      for _ in 0..<UDPEndpoint.batchesPerTurnMax {
        guard descriptor >= 0 else { return }
        let count = cnet_receive(descriptor, datagrams.baseAddress, buffer.baseAddress, slot, Int32(capacity))
        guard count > 0 else { return }
        for index in 0..<Int(count) { deliver(&datagrams[index], buffer, at: index * slot) }
        if Int(count) < capacity { return }
      }
    }
  }

  private func deliver(_ datagram: inout cnet_datagram, _ buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
    if datagram.truncated != 0 {
      oversizedCount += 1
      return
    }
    guard let peer = SocketAddress(&datagram.peer, length: datagram.peer_length) else { return }
    let bytes = UnsafeRawBufferPointer(rebasing: buffer[offset..<offset + Int(datagram.length)])
    receiver?(bytes, peer, self)
  }
}
