import CNet
import Glibc

/// How a serial line is set: always raw, 8 data bits.
public struct SerialConfiguration: Sendable {
  public enum Parity: Sendable { case none, even, odd }

  /// Bits per second, one of the standard rates from 1200 to 4,000,000.
  public var baud: UInt32
  public var parity = Parity.none
  /// 1 or 2.
  public var stopBits = 1
  /// RTS/CTS.
  public var hardwareFlowControl = false

  public init(baud: UInt32 = 115_200) {
    self.baud = baud
  }
}

/// A serial line (or pseudo terminal) on a loop.
public final class SerialPort: EventSource, @unchecked Sendable {
  // Sendable: mutable state is touched on `loop` only, which every method checks.

  /// Output bytes that may wait; `write` refuses more.
  public static let pendingBytesMax = 1_048_576

  public enum Event {
    /// Valid during the call only.
    case received(UnsafeRawBufferPointer)
    /// The line is gone, by `close` (nil) or by a failure; the last event.
    case closed(NetError?)
  }

  public let loop: EventLoop
  public let path: String
  private var descriptor: Int32
  private var output = OutputQueue()
  private var isWaitingForWritable = false
  private var handler: ((Event, SerialPort) -> Void)?

  /// Opens and sets the line; `handler` is called on the loop.
  public static func open(
    path: String, _ configuration: SerialConfiguration = SerialConfiguration(), on loop: EventLoop,
    handler: @escaping @Sendable (Event, SerialPort) -> Void
  ) async throws(NetError) -> SerialPort {
    try await loop.run { () throws(NetError) in
      let parity =
        switch configuration.parity {
        case .none: cnet_parity_none
        case .even: cnet_parity_even
        case .odd: cnet_parity_odd
        }
      let descriptor = cnet_serial_open(
        path, configuration.baud, parity, Int32(clamping: configuration.stopBits),
        configuration.hardwareFlowControl ? 1 : 0)
      guard descriptor >= 0 else { throw .system(call: "open serial line \(path)", errno: -descriptor) }
      let port = SerialPort(loop: loop, path: path, descriptor: descriptor, handler: handler)
      do throws(NetError) {
        try loop.insert(port, descriptor: descriptor, interest: .readable)
      } catch {
        Glibc.close(descriptor)
        throw error
      }
      return port
    }
  }

  private init(
    loop: EventLoop, path: String, descriptor: Int32, handler: @escaping (Event, SerialPort) -> Void
  ) {
    self.loop = loop
    self.path = path
    self.descriptor = descriptor
    self.handler = handler
  }

  /// Bytes that wait to be sent.
  public var pendingBytes: Int { output.count }

  /// Sends or queues a copy of `bytes`; false, and nothing queued, when too much waits already or the line is gone.
  @discardableResult
  public func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    loop.preconditionInEventLoop()
    guard descriptor >= 0, output.count + bytes.count <= SerialPort.pendingBytesMax else { return false }
    output.append(bytes, pool: &loop.outputPool)
    if !isWaitingForWritable { flush() }
    return true
  }

  @discardableResult
  public func write(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { write($0) } }

  /// Gives up the line; what waits is dropped. Harmless when repeated.
  public func close() {
    loop.preconditionInEventLoop()
    end(nil)
  }

  override func loopWillShutDown() { end(.loopShutDown) }

  override func ready(_ events: DescriptorEvents) {
    if events.contains(.writable) { flush() }
    guard descriptor >= 0, !events.isDisjoint(with: [.readable, .hangUp, .error]) else { return }
    let buffer = loop.readBuffer
    let count = read(descriptor, buffer.baseAddress, buffer.count)
    if count > 0 {
      handler?(.received(UnsafeRawBufferPointer(start: buffer.baseAddress, count: count)), self)
    } else if count == 0 {
      end(.closed(.closed))
    } else if errno != EAGAIN && errno != EINTR {
      // EIO: the other side of a pseudo terminal is closed, or the adapter was pulled.
      end(.system(call: "read", errno: errno))
    }
  }

  private func flush() {
    while descriptor >= 0, !output.isEmpty {
      let bytes = output.readable
      let count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
      if count >= 0 {
        output.consume(count, pool: &loop.outputPool)
      } else if errno == EAGAIN || errno == EINTR {
        break
      } else {
        end(.system(call: "write", errno: errno))
        return
      }
    }
    let waits = !output.isEmpty
    if descriptor >= 0, waits != isWaitingForWritable {
      isWaitingForWritable = waits
      loop.changeInterest(of: descriptor, to: waits ? [.readable, .writable] : .readable)
    }
  }

  private func end(_ error: NetError?) {
    guard descriptor >= 0 else { return }
    loop.remove(descriptor)
    Glibc.close(descriptor)
    descriptor = -1
    output.removeAll(pool: &loop.outputPool)
    let last = handler
    handler = nil
    last?(.closed(error), self)
  }
}
