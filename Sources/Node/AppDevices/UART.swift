import CDevices
import Glibc
import Synchronization

/// Serial ports. A port belongs to the app that opened it until it closes it or ends; its number is the handle.
public final class UART: Sendable {
  public enum Backend: Sendable, Equatable {
    /// The host writes what the app reads, and reads what it writes.
    case simulated
    /// The app reads what it writes.
    case loopback
    /// A serial line, such as `/dev/ttyS1`.
    case device(path: String)
  }

  /// Bytes that wait for the app; more are dropped and counted.
  public static let receivedMax = 4096
  /// Bytes that wait for the host; the oldest are dropped.
  public static let sentMax = 65536
  public static let bauds: ClosedRange<Int32> = 50...4_000_000

  public struct PortState: Sendable, Equatable {
    public var port: Int32
    public var app: String?
    public var baud: Int32
    /// Bytes that came when there was no room.
    public var overrunCount: UInt64
  }

  private struct Port: Sendable {
    var user: DeviceUser?
    var baud: Int32 = 0
    var file: OpenDevice?
    var received: [UInt8] = []
    var sent: [UInt8] = []
    var overruns: UInt64 = 0

    /// Gives how many bytes there was room for.
    mutating func receive(_ bytes: some Collection<UInt8>) -> Int {
      let taken = min(bytes.count, UART.receivedMax - received.count)
      received += bytes.prefix(taken)
      overruns += UInt64(bytes.count - taken)
      return taken
    }
  }

  private let backends: [Int32: Backend]
  private let ports: Mutex<[Int32: Port]>

  init(_ backends: [Int32: Backend]) {
    self.backends = backends
    ports = Mutex(backends.mapValues { _ in Port() })
  }

  // MARK: Apps

  /// - Throws: ENODEV without such a port, EBUSY when it is open, EINVAL for a speed outside of ``bauds`` or that its hardware
  ///   does not have.
  public func open(_ user: DeviceUser, port: Int32, baud: Int32) throws(DeviceError) -> Int32 {
    guard Self.bauds.contains(baud) else { throw .invalid }
    try ports.withLock { (ports) throws(DeviceError) in
      guard var own = ports[port], let backend = backends[port] else { throw .noDevice }
      guard own.user == nil else { throw .busy }
      if case .device(let path) = backend {
        do throws(DeviceError) {
          let file = try OpenDevice(path, O_RDWR | O_NOCTTY | O_NONBLOCK)
          try checked(cdevices_serial_configure(file.raw, UInt32(baud)))
          own.file = file
        } catch {
          // The kernel has files for ports whose hardware there is not.
          throw error == .io ? .noDevice : error
        }
      }
      own.user = user
      own.baud = baud
      own.received = []
      ports[port] = own
    }
    return port
  }

  /// Gives how many bytes were taken.
  /// - Throws: EBADF for a port that the app has not opened, EIO.
  public func write(_ user: DeviceUser, _ handle: Int32, _ bytes: UnsafeRawBufferPointer) throws(DeviceError) -> Int {
    try ports.withLock { (ports) throws(DeviceError) in
      var own = try Self.own(ports, user, handle)
      guard bytes.count > 0 else { return 0 }
      if let file = own.file {
        let count = Glibc.write(file.raw, bytes.baseAddress, bytes.count)
        if count >= 0 { return count }
        if errno == EAGAIN || errno == EINTR { return 0 }
        throw DeviceError(kernel: errno)
      }
      if backends[handle] == .loopback {
        let count = own.receive(bytes)
        ports[handle] = own
        return count
      }
      let kept = bytes.suffix(Self.sentMax)
      if own.sent.count + kept.count > Self.sentMax {
        own.sent.removeFirst(own.sent.count + kept.count - Self.sentMax)
      }
      own.sent += kept
      ports[handle] = own
      return bytes.count
    }
  }

  /// Reads what is there, without waiting. Gives the number of bytes, 0 without any.
  /// - Throws: EBADF for a port that the app has not opened, EIO for one that has gone.
  public func read(
    _ user: DeviceUser, _ handle: Int32, _ bytes: UnsafeMutableRawBufferPointer
  ) throws(DeviceError) -> Int {
    try ports.withLock { (ports) throws(DeviceError) in
      var own = try Self.own(ports, user, handle)
      guard bytes.count > 0 else { return 0 }
      if let file = own.file {
        let count = Glibc.read(file.raw, bytes.baseAddress, bytes.count)
        if count > 0 { return count }
        if count == 0 {
          if try checked(cdevices_serial_is_gone(file.raw)) == 1 { throw .io }
          return 0
        }
        if errno == EAGAIN || errno == EINTR { return 0 }
        throw DeviceError(kernel: errno)
      }
      let count = min(bytes.count, own.received.count)
      bytes.copyBytes(from: own.received[..<count])
      own.received.removeFirst(count)
      ports[handle] = own
      return count
    }
  }

  public func close(_ user: DeviceUser, _ handle: Int32) throws(DeviceError) {
    try ports.withLock { (ports) throws(DeviceError) in
      ports[handle] = Self.closed(try Self.own(ports, user, handle))
    }
  }

  private static func own(
    _ ports: [Int32: Port], _ user: DeviceUser, _ handle: Int32
  ) throws(DeviceError) -> Port {
    guard let own = ports[handle], own.user === user else { throw .badHandle }
    return own
  }

  /// What was sent stays for the host.
  private static func closed(_ port: Port) -> Port {
    var port = port
    port.user = nil
    port.file = nil
    port.received = []
    return port
  }

  func release(_ user: DeviceUser) {
    ports.withLock { ports in
      for (number, port) in ports where port.user === user { ports[number] = Self.closed(port) }
    }
  }

  // MARK: The host

  /// Sends bytes to the app that has a simulated port open. Gives how many there was room for.
  /// - Throws: ENODEV without such a port, ENOTSUP for a real one, ENOTCONN when nobody has opened it.
  public func feed(_ port: Int32, _ bytes: [UInt8]) throws(DeviceError) -> Int {
    try ports.withLock { (ports) throws(DeviceError) in
      guard var own = ports[port] else { throw .noDevice }
      if case .device = backends[port] { throw .notSupported }
      guard own.user != nil else { throw .notConnected }
      let count = own.receive(bytes)
      ports[port] = own
      return count
    }
  }

  /// Takes what apps have sent on a simulated port.
  public func takeSent(_ port: Int32) -> [UInt8] {
    ports.withLock { ports in
      guard var own = ports[port] else { return [] }
      defer { ports[port] = own }
      let sent = own.sent
      own.sent = []
      return sent
    }
  }

  public var portStates: [PortState] {
    ports.withLock { ports in
      ports.sorted { $0.key < $1.key }.map { number, port in
        PortState(port: number, app: port.user?.app, baud: port.baud, overrunCount: port.overruns)
      }
    }
  }
}
