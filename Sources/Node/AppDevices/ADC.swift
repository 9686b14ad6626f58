import Synchronization

/// Inputs that measure a voltage, of 12 bits up to 3,300 mV. Every app may read every channel.
public final class ADC: Sendable {
  public enum Backend: Sendable, Equatable {
    case none
    /// The host sets the voltages.
    case simulated(channelCount: Int32)
    /// A device of the kernel's industrial I/O, such as `/sys/bus/iio/devices/iio:device0`.
    case device(path: String)
  }

  public static let referenceMillivolts: Int32 = 3300
  public static let rawMax: Int32 = 4095

  private let backend: Backend
  private let millivolts = Mutex<[Int32: Int32]>([:])

  init(_ backend: Backend) { self.backend = backend }

  /// - Throws: EINVAL for a channel that there is not, ENODEV.
  public func readMillivolts(_ channel: Int32) throws(DeviceError) -> Int32 {
    switch backend {
    case .none: throw .noDevice
    case .simulated(let count):
      guard (0..<count).contains(channel) else { throw .invalid }
      return millivolts.withLock { $0[channel] ?? 0 }
    case .device(let path):
      guard channel >= 0 else { throw .invalid }
      guard let value = IIO.value(path, "in_voltage\(channel)"), abs(value) < 1e9 else { throw .noDevice }
      return Int32(value.rounded())
    }
  }

  /// 0 to ``rawMax``.
  public func read(_ channel: Int32) throws(DeviceError) -> Int32 {
    let value = Int64(try readMillivolts(channel))
    let raw = (value * Int64(Self.rawMax) + Int64(Self.referenceMillivolts) / 2) / Int64(Self.referenceMillivolts)
    return Int32(min(max(raw, 0), Int64(Self.rawMax)))
  }

  /// Sets the voltage of a simulated channel.
  /// - Throws: EINVAL for one that there is not or more than ``referenceMillivolts``, ENOTSUP for a real one.
  public func set(_ channel: Int32, millivolts value: Int32) throws(DeviceError) {
    guard case .simulated(let count) = backend else { throw .notSupported }
    guard (0..<count).contains(channel), (0...Self.referenceMillivolts).contains(value) else { throw .invalid }
    millivolts.withLock { $0[channel] = value }
  }
}
