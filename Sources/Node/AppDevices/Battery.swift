import Linux
import Synchronization

/// The node's battery.
public final class Battery: Sendable {
  public enum Source: Sendable, Equatable {
    case none
    /// Supplies of the kernel below a folder such as `/sys/class/power_supply`; the first battery counts.
    case files(root: String)
    /// What the host says.
    case simulated(Status)
  }

  public struct Status: Sendable, Equatable {
    public var percent: UInt8
    public var isCharging: Bool
    public var isLow: Bool
    public var millivolts: Int32
    /// Above 0 while it is charged.
    public var milliamperes: Int32

    public init(percent: UInt8, isCharging: Bool, isLow: Bool, millivolts: Int32, milliamperes: Int32) {
      self.percent = percent
      self.isCharging = isCharging
      self.isLow = isLow
      self.millivolts = millivolts
      self.milliamperes = milliamperes
    }

    /// As guests read it, 12 bytes.
    public var bytes: [UInt8] {
      [percent, (isCharging ? 1 : 0) | (isLow ? 2 : 0), 0, 0]
        + [millivolts, milliamperes].flatMap { number in
          [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: number >> Int32($0)) }
        }
    }
  }

  /// Percent from which down a battery is low that does not say so itself.
  public static let lowPercent: UInt8 = 15

  private let source: Mutex<Source>

  public init(_ source: Source) { self.source = Mutex(source) }

  /// - Throws: ENODEV without a battery.
  public func status() throws(DeviceError) -> Status {
    switch source.withLock({ $0 }) {
    case .none: throw .noDevice
    case .simulated(let status): return status
    case .files(let root):
      for name in ((try? Files.names(in: root)) ?? []).sorted() {
        if let status = Self.read("\(root)/\(name)") { return status }
      }
      throw .noDevice
    }
  }

  /// Puts a simulated battery in; `nil`: none.
  public func set(_ status: Status?) { source.withLock { $0 = status.map { .simulated($0) } ?? .none } }

  private static func read(_ folder: String) -> Status? {
    // Batteries of mice and keyboards have the scope "Device".
    guard (try? Files.text("\(folder)/type")) == "Battery", (try? Files.text("\(folder)/scope")) != "Device",
      let capacity = IIO.number("\(folder)/capacity")
    else { return nil }
    let percent = UInt8(min(max(capacity, 0), 100))
    let state = try? Files.text("\(folder)/status")
    let level = try? Files.text("\(folder)/capacity_level")
    // Drivers differ in the sign; the status says which way it flows.
    let microamperes = abs(IIO.number("\(folder)/current_now") ?? 0)
    return Status(
      percent: percent, isCharging: state == "Charging",
      isLow: level == "Low" || level == "Critical" || percent <= lowPercent,
      millivolts: thousandths(IIO.number("\(folder)/voltage_now") ?? 0),
      milliamperes: thousandths(state == "Discharging" ? -microamperes : microamperes))
  }

  private static func thousandths(_ number: Double) -> Int32 { Int32(min(max(number / 1000, -2e9), 2e9).rounded()) }
}
