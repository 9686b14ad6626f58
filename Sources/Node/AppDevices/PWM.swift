import Linux
import Synchronization

/// Outputs that switch on and off evenly. A channel belongs to the app that set it.
public final class PWM: Sendable {
  public enum Backend: Sendable, Equatable {
    case none
    /// The host looks at them.
    case simulated(channelCount: Int32)
    /// A chip of the kernel, such as `/sys/class/pwm/pwmchip0`.
    case chip(path: String)
  }

  public struct ChannelState: Sendable, Equatable {
    public var channel: Int32
    public var app: String
    public var hertz: Int32
    /// How much of each period it is on.
    public var percent: Int32
    public var isOn: Bool
  }

  public static let hertz: ClosedRange<Int32> = 1...10_000_000

  private struct Channel: Sendable {
    var user: DeviceUser
    var hertz: Int32 = 0
    var percent: Int32 = 0
    var isOn = false
  }

  private let backend: Backend
  private let channels = Mutex<[Int32: Channel]>([:])

  init(_ backend: Backend) { self.backend = backend }

  // MARK: Apps

  public func holds(_ channel: Int32, _ user: DeviceUser) -> Bool {
    channels.withLock { $0[channel]?.user === user }
  }

  /// - Throws: EINVAL for numbers out of range, EBUSY for a channel of another app, ENODEV.
  public func set(_ user: DeviceUser, channel: Int32, hertz: Int32, percent: Int32) throws(DeviceError) {
    guard Self.hertz.contains(hertz), (0...100).contains(percent) else { throw .invalid }
    try channels.withLock { (channels) throws(DeviceError) in
      if let other = channels[channel]?.user, other !== user { throw .busy }
      switch backend {
      case .none: throw .noDevice
      case .simulated(let count): guard (0..<count).contains(channel) else { throw .invalid }
      case .chip(let path):
        guard channel >= 0 else { throw .invalid }
        try Self.apply(path, channel, hertz, percent)
      }
      channels[channel] = Channel(user: user, hertz: hertz, percent: percent, isOn: true)
    }
  }

  /// The channel stays the app's.
  public func disable(_ user: DeviceUser, channel: Int32) throws(DeviceError) {
    try channels.withLock { (channels) throws(DeviceError) in
      guard var own = channels[channel] else { throw .invalid }
      guard own.user === user else { throw .busy }
      if case .chip(let path) = backend { try Self.write("0", "\(path)/pwm\(channel)/enable") }
      own.isOn = false
      channels[channel] = own
    }
  }

  func release(_ user: DeviceUser) {
    channels.withLock { channels in
      for (number, channel) in channels where channel.user === user {
        channels[number] = nil
        if case .chip(let path) = backend {
          // A channel that cannot be switched off has gone with its chip.
          try? Self.write("0", "\(path)/pwm\(number)/enable")
          try? Self.write("\(number)", "\(path)/unexport")
        }
      }
    }
  }

  private static func apply(_ chip: String, _ channel: Int32, _ hertz: Int32, _ percent: Int32) throws(DeviceError) {
    let folder = "\(chip)/pwm\(channel)"
    let isNew = !Files.exists(folder)
    if isNew { try write("\(channel)", "\(chip)/export") }
    do throws(DeviceError) {
      let period = 1_000_000_000 / Int(hertz)
      let duty = period * Int(percent) / 100
      // The kernel refuses a period that is shorter than what the channel is on for; what is on goes on without a pause.
      let isShorter = (IIO.number("\(folder)/duty_cycle") ?? 0) > Double(period)
      if isShorter { try write("\(duty)", "\(folder)/duty_cycle") }
      try write("\(period)", "\(folder)/period")
      if !isShorter { try write("\(duty)", "\(folder)/duty_cycle") }
      try write("1", "\(folder)/enable")
    } catch {
      // The chip has refused it: what is not the app's is not kept.
      if isNew { try? write("\(channel)", "\(chip)/unexport") }
      throw error
    }
  }

  private static func write(_ text: String, _ path: String) throws(DeviceError) {
    do throws(LinuxError) { try Files.write(text, to: path) } catch { throw DeviceError(kernel: error.errno) }
  }

  // MARK: The host

  /// Channels that apps have, in their order.
  public var channelStates: [ChannelState] {
    channels.withLock { channels in
      channels.sorted { $0.key < $1.key }.map { number, channel in
        ChannelState(
          channel: number, app: channel.user.app, hertz: channel.hertz, percent: channel.percent, isOn: channel.isOn)
      }
    }
  }
}
