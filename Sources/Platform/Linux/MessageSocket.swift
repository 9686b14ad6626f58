import CLinux
import Glibc

/// A Unix SEQPACKET socket: whole messages, with descriptors.
public struct MessageSocket: ~Copyable, Sendable {
  public let descriptor: FileDescriptor

  public init(owning raw: Int32) {
    descriptor = FileDescriptor(owning: raw)
  }

  /// Two connected ends; the first does not block.
  public static func pair() throws(LinuxError) -> (Int32, Int32) {
    var first: Int32 = -1
    var second: Int32 = -1
    _ = try check(clinux_socketpair(Int32(SOCK_SEQPACKET.rawValue), &first, &second), "socketpair")
    return (first, second)
  }

  /// A socket bound to `name` in `directory`, not yet listening. The length of the directory's path does not matter.
  public static func bound(in directory: borrowing FileDescriptor, name: String) throws(LinuxError) -> MessageSocket {
    let socket = MessageSocket(owning: try check(clinux_seqpacket(), "socket"))
    _ = try check(clinux_bind(socket.descriptor.raw, "/proc/self/fd/\(directory.raw)/\(name)"), "bind", name)
    return socket
  }

  public static func connected(in directory: borrowing FileDescriptor, name: String) throws(LinuxError) -> MessageSocket
  {
    let socket = MessageSocket(owning: try check(clinux_seqpacket(), "socket"))
    _ = try check(clinux_connect(socket.descriptor.raw, "/proc/self/fd/\(directory.raw)/\(name)"), "connect", name)
    return socket
  }

  /// Who is at the other end, or was when it began to listen.
  public func peer() throws(LinuxError) -> (pid: Int32, uid: UInt32) {
    var pid: Int32 = 0
    var uid: UInt32 = 0
    _ = try check(clinux_peer(descriptor.raw, &pid, &uid), "SO_PEERCRED")
    return (pid, uid)
  }

  /// Sends one message; the descriptors are duplicated, the caller keeps its own.
  public func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws(LinuxError) {
    try MessageSocket.send(bytes, descriptors: descriptors, to: descriptor.raw)
  }

  public static func send(_ bytes: [UInt8], descriptors: [Int32], to raw: Int32) throws(LinuxError) {
    let sent = bytes.withUnsafeBytes {
      clinux_send(raw, $0.baseAddress, $0.count, descriptors, Int32(descriptors.count))
    }
    if sent < 0 { throw LinuxError("send", errno: Int32(-sent)) }
  }

  public enum Received {
    /// The descriptors belong to the receiver.
    case message([UInt8], descriptors: [Int32])
    case nothingNow
    case end
  }

  public static func receive(from raw: Int32) throws(LinuxError) -> Received {
    var descriptors = [Int32](repeating: -1, count: 16)
    var count = Int32(descriptors.count)
    var length = 0
    // The supervisor's answers are small; what does not fit is not from it.
    let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, used in
      length = clinux_receive(raw, buffer.baseAddress, buffer.count, &descriptors, &count)
      used = max(0, length)
    }
    if length == -Int(EAGAIN) { return .nothingNow }
    if length == -Int(ECONNRESET) { return .end }
    if length < 0 { throw LinuxError("receive", errno: Int32(-length)) }
    return length == 0 ? .end : .message(bytes, descriptors: Array(descriptors.prefix(Int(count))))
  }
}
