import CDevices
import Glibc
import Synchronization

/// Devices on I2C buses, with registers of one byte. A device belongs to the first app that reached it.
public final class I2C: Sendable {
  public enum Backend: Sendable, Equatable {
    /// Devices that the host attaches.
    case simulated
    /// An adapter, such as `/dev/i2c-1`.
    case adapter(path: String)
  }

  /// Bytes of one transfer.
  public static let transferMax = 256
  public static let addresses: ClosedRange<Int32> = 0...0x7F

  private struct Place: Hashable {
    var bus: Int32
    var address: Int32
  }

  private struct State {
    var users: [Place: DeviceUser] = [:]
    /// Of simulated devices, 256 each.
    var registers: [Place: [UInt8]] = [:]
  }

  private let backends: [Int32: Backend]
  private let state = Mutex(State())

  init(_ backends: [Int32: Backend]) { self.backends = backends }

  // MARK: Apps

  public func holds(bus: Int32, address: Int32, _ user: DeviceUser) -> Bool {
    state.withLock { $0.users[Place(bus: bus, address: address)] === user }
  }

  /// - Throws: ENODEV without such a bus, EBUSY for a device of another app or of a driver of the kernel, EIO for one that does
  ///   not answer, ENOTSUP for an adapter that cannot do it, EINVAL.
  public func read(
    _ user: DeviceUser, bus: Int32, address: Int32, register: Int32, count: Int
  ) throws(DeviceError) -> [UInt8] {
    try transfer(user, bus, address, register, count) { (place, adapter) throws(DeviceError) in
      guard let adapter else {
        return try state.withLock { (state) throws(DeviceError) in
          guard let registers = state.registers[place] else { throw .io }
          return (0..<count).map { registers[(Int(register) + $0) % 256] }
        }
      }
      var bytes = [UInt8](repeating: 0, count: count)
      let status = bytes.withUnsafeMutableBufferPointer {
        cdevices_i2c_read(adapter.raw, UInt8(address), UInt8(register), $0.baseAddress, $0.count)
      }
      try Self.answered(status)
      return bytes
    }
  }

  public func write(
    _ user: DeviceUser, bus: Int32, address: Int32, register: Int32, _ bytes: [UInt8]
  ) throws(DeviceError) {
    try transfer(user, bus, address, register, bytes.count) { (place, adapter) throws(DeviceError) in
      guard let adapter else {
        return try state.withLock { (state) throws(DeviceError) in
          guard var registers = state.registers[place] else { throw .io }
          for (offset, byte) in bytes.enumerated() { registers[(Int(register) + offset) % 256] = byte }
          state.registers[place] = registers
        }
      }
      let status = bytes.withUnsafeBufferPointer {
        cdevices_i2c_write(adapter.raw, UInt8(address), UInt8(register), $0.baseAddress, $0.count)
      }
      try Self.answered(status)
    }
  }

  /// A device that does not answer stays free.
  private func transfer<Answer>(
    _ user: DeviceUser, _ bus: Int32, _ address: Int32, _ register: Int32, _ count: Int,
    _ body: (Place, OpenDevice?) throws(DeviceError) -> Answer
  ) throws(DeviceError) -> Answer {
    guard let backend = backends[bus] else { throw .noDevice }
    guard Self.addresses.contains(address), (0...255).contains(register), (1...Self.transferMax).contains(count) else {
      throw .invalid
    }
    let place = Place(bus: bus, address: address)
    let isNew = try state.withLock { (state) throws(DeviceError) -> Bool in
      if let other = state.users[place], other !== user { throw .busy }
      let isNew = state.users[place] == nil
      state.users[place] = user
      return isNew
    }
    do throws(DeviceError) {
      // Open for this transfer alone: the kernel keeps the device's address with the open file, and an adapter that is pulled
      // out waits until nobody has it open.
      guard case .adapter(let path) = backend else { return try body(place, nil) }
      return try body(place, try OpenDevice(path, O_RDWR))
    } catch {
      if isNew { state.withLock { $0.users[place] = nil } }
      throw error
    }
  }

  /// What adapters say of a device that does not answer differs (Documentation/i2c/fault-codes.rst).
  private static func answered(_ status: Int32) throws(DeviceError) {
    try checked(status == -ENXIO || status == -ENODEV ? -EIO : status)
  }

  func release(_ user: DeviceUser) {
    state.withLock { state in state.users = state.users.filter { $0.value !== user } }
  }

  // MARK: The host

  /// Attaches a device to a simulated bus, or gives it other registers; those that are not given are 0.
  /// - Throws: ENODEV without such a bus, ENOTSUP for a real one, EINVAL.
  public func attach(bus: Int32, address: Int32, registers: [UInt8] = []) throws(DeviceError) {
    guard let backend = backends[bus] else { throw .noDevice }
    guard backend == .simulated else { throw .notSupported }
    guard Self.addresses.contains(address), registers.count <= 256 else { throw .invalid }
    state.withLock { state in
      state.registers[Place(bus: bus, address: address)] =
        registers + [UInt8](repeating: 0, count: 256 - registers.count)
    }
  }

  public func detach(bus: Int32, address: Int32) {
    state.withLock { $0.registers[Place(bus: bus, address: address)] = nil }
  }

  /// The 256 registers of a simulated device.
  public func registers(bus: Int32, address: Int32) -> [UInt8]? {
    state.withLock { $0.registers[Place(bus: bus, address: address)] }
  }
}
