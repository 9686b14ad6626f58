import Glibc
import Linux
import Synchronization

/// What the node measures, as thousandths of each channel's unit.
public final class Sensors: Sendable {
  /// Channels with the reference's numbers.
  public enum Channel: Int32, Sendable, CaseIterable {
    /// Metres per square second.
    case accelerationX = 0
    case accelerationY, accelerationZ
    /// Radians per second.
    case rotationX = 4
    case rotationY, rotationZ
    /// Gauss.
    case magneticX = 8
    case magneticY, magneticZ
    /// Degrees Celsius.
    case temperature = 13
    /// Kilopascals.
    case pressure = 14
    /// Percent.
    case humidity = 16
    /// Metres above the sea, from the pressure of a standard atmosphere.
    case altitude = 23
    /// Volts, amperes, watts.
    case voltage = 33
    case current = 35
    case power = 36
  }

  public enum Source: Sendable, Equatable {
    case none
    /// Slow curves that the time and a number determine, and what the host sets.
    case simulated(seed: UInt64)
    /// Devices of the kernel's industrial I/O below a folder such as `/sys/bus/iio/devices`.
    case files(root: String)
    /// `files` when there is a device below the folder, else `simulated`.
    case automatic(root: String, seed: UInt64)
  }

  /// What guests get for a channel without a value.
  public static let noValue = Int32.min

  private struct State {
    /// Set by the host, in the channels' units.
    var set: [Channel: Double] = [:]
    /// Where a channel was found.
    var places: [Channel: Place] = [:]
  }

  private struct Place: Sendable {
    var folder: String
    var name: String
  }

  private let source: Source
  private let state = Mutex(State())

  init(_ source: Source) {
    switch source {
    case .automatic(let root, let seed):
      let hasDevices = (try? Files.names(in: root))?.contains { $0.hasPrefix("iio:device") } ?? false
      self.source = hasDevices ? .files(root: root) : .simulated(seed: seed)
    default: self.source = source
    }
  }

  /// Thousandths of the channel's unit, or ``noValue``.
  public func read(channel number: Int32) -> Int32 {
    guard let channel = Channel(rawValue: number), let value = read(channel) else { return Self.noValue }
    return Int32(exactly: (value * 1000).rounded()) ?? Self.noValue
  }

  /// In the channel's unit.
  public func read(_ channel: Channel) -> Double? {
    if let value = state.withLock({ $0.set[channel] }) { return value }
    switch source {
    case .none, .automatic: return nil
    case .simulated(let seed): return Self.curve(channel, seed, Double(monotonicNanoseconds()) / 1e9)
    case .files(let root):
      if channel == .altitude { return measured(.pressure, root).map(Self.altitude) }
      return measured(channel, root)
    }
  }

  /// Gives a channel a value of its unit, whatever its source says; `nil`: the source's again.
  public func set(_ channel: Channel, _ value: Double?) { state.withLock { $0.set[channel] = value } }

  // MARK: Simulated

  /// - Parameter seconds: of any clock.
  static func curve(_ channel: Channel, _ seed: UInt64, _ seconds: Double) -> Double {
    let (middle, swing, period): (Double, Double, Double)
    switch channel {
    case .accelerationX, .accelerationY: (middle, swing, period) = (0, 0.4, 7)
    case .accelerationZ: (middle, swing, period) = (9.81, 0.1, 5)
    case .rotationX, .rotationY, .rotationZ: (middle, swing, period) = (0, 0.2, 11)
    case .magneticX: (middle, swing, period) = (0.21, 0.02, 31)
    case .magneticY: (middle, swing, period) = (0.02, 0.02, 37)
    case .magneticZ: (middle, swing, period) = (0.43, 0.02, 41)
    case .temperature: (middle, swing, period) = (22, 3, 600)
    case .pressure: (middle, swing, period) = (101.3, 0.8, 1800)
    case .humidity: (middle, swing, period) = (45, 10, 900)
    case .altitude: return altitude(curve(.pressure, seed, seconds))
    case .voltage: (middle, swing, period) = (3.8, 0.2, 1200)
    case .current: (middle, swing, period) = (0.12, 0.05, 60)
    case .power: return curve(.voltage, seed, seconds) * curve(.current, seed, seconds)
    }
    // Where in its period each channel begins.
    let mixed = (seed &+ UInt64(channel.rawValue + 1)) &* 0x9E37_79B9_7F4A_7C15
    let phase = Double(mixed >> 11) / Double(1 << 53)
    return middle + swing * sin(2 * .pi * (seconds / period + phase))
  }

  /// The international barometric formula.
  private static func altitude(_ kilopascals: Double) -> Double {
    44330 * (1 - pow(max(kilopascals, 0) / 101.325, 0.1903))
  }

  // MARK: Measured

  private func measured(_ channel: Channel, _ root: String) -> Double? {
    if let place = state.withLock({ $0.places[channel] }), let value = IIO.value(place.folder, place.name) {
      return value * Self.unit(channel)
    }
    let folders = ((try? Files.names(in: root)) ?? []).filter { $0.hasPrefix("iio:device") }.sorted()
    for folder in folders {
      for name in Self.names(channel) {
        guard let value = IIO.value("\(root)/\(folder)", name) else { continue }
        state.withLock { $0.places[channel] = Place(folder: "\(root)/\(folder)", name: name) }
        return value * Self.unit(channel)
      }
    }
    state.withLock { $0.places[channel] = nil }
    return nil
  }

  private static func names(_ channel: Channel) -> [String] {
    switch channel {
    case .accelerationX: ["in_accel_x"]
    case .accelerationY: ["in_accel_y"]
    case .accelerationZ: ["in_accel_z"]
    case .rotationX: ["in_anglvel_x"]
    case .rotationY: ["in_anglvel_y"]
    case .rotationZ: ["in_anglvel_z"]
    case .magneticX: ["in_magn_x"]
    case .magneticY: ["in_magn_y"]
    case .magneticZ: ["in_magn_z"]
    case .temperature: ["in_temp_ambient", "in_temp", "in_temp0"]
    case .pressure: ["in_pressure", "in_pressure0"]
    case .humidity: ["in_humidityrelative", "in_humidityrelative0"]
    case .altitude: []
    case .voltage: ["in_voltage", "in_voltage0", "in_voltage1"]
    case .current: ["in_current", "in_current0", "in_current1"]
    case .power: ["in_power", "in_power0", "in_power1"]
    }
  }

  /// What the kernel's unit is in the channel's.
  private static func unit(_ channel: Channel) -> Double {
    switch channel {
    case .temperature, .humidity, .voltage, .current, .power: 0.001
    default: 1
    }
  }
}
