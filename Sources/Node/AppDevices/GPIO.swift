import CDevices
import Glibc
import Synchronization

/// Pins with two levels. A pin belongs to the app that configured it.
public final class GPIO: Sendable {
  public enum Backend: Sendable, Equatable {
    case none
    /// The host moves inputs and looks at outputs.
    case simulated(pinCount: Int32)
    /// Lines of a GPIO character device, such as `/dev/gpiochip0`.
    case chip(path: String)
  }

  /// As guests give them.
  public struct Flags: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let input = Flags(rawValue: 1)
    public static let output = Flags(rawValue: 2)
    public static let initiallyLow = Flags(rawValue: 4)
    public static let initiallyHigh = Flags(rawValue: 8)
    public static let pullUp = Flags(rawValue: 16)
    public static let pullDown = Flags(rawValue: 32)
    public static let activeLow = Flags(rawValue: 64)
    public static let activeHigh = Flags(rawValue: 128)

    /// Whether they go together. Both directions are an output whose level can be read.
    public var isValid: Bool {
      rawValue & ~255 == 0 && !isDisjoint(with: [.input, .output]) && !isSuperset(of: [.initiallyLow, .initiallyHigh])
        && !isSuperset(of: [.pullUp, .pullDown]) && !isSuperset(of: [.activeLow, .activeHigh])
        && (contains(.output) || isDisjoint(with: [.initiallyLow, .initiallyHigh]))
    }
  }

  /// A pin as the host sees it.
  public struct PinState: Sendable, Equatable {
    public var pin: Int32
    /// Who has configured it.
    public var app: String?
    public var flags: Flags
    /// The level of the wire, whatever the app calls active.
    public var isHigh: Bool
  }

  /// What an app reads, and how often it has changed since the pin was configured.
  struct Level: Sendable {
    var isActive: Bool
    var changes: UInt64
  }

  private struct Pin: Sendable {
    var user: DeviceUser
    var flags: Flags
    /// Of the chip.
    var line: OpenDevice?
    /// What an output was set to, as a level.
    var isHigh = false
    var changes: UInt64 = 0
    /// Waits that are under way.
    var waitCount = 0

    /// As the kernel's chips want them.
    var bits: UInt32 {
      var bits = flags.contains(.output) ? cdevices_gpio_output : 0
      if flags.contains(.activeLow) { bits |= cdevices_gpio_active_low }
      if flags.contains(.pullUp) { bits |= cdevices_gpio_pull_up }
      if flags.contains(.pullDown) { bits |= cdevices_gpio_pull_down }
      return UInt32(bits)
    }

    /// Has the kernel keep changes of an input. Of chips that cannot, only what is there when somebody looks is seen.
    func keepChanges(_ isWanted: Bool) {
      guard let line, !flags.contains(.output) else { return }
      let wanted = bits | (isWanted ? UInt32(cdevices_gpio_edges) : 0)
      if cdevices_gpio_change(line.raw, wanted, 0) < 0, isWanted { _ = cdevices_gpio_change(line.raw, bits, 0) }
    }

    /// Takes what the kernel has kept.
    mutating func countChanges() {
      guard let line, waitCount > 0 else { return }
      changes += UInt64(max(cdevices_gpio_changes(line.raw), 0))
    }
  }

  private struct State {
    var pins: [Int32: Pin] = [:]
    /// Levels that the host puts on wires.
    var driven: [Int32: Bool] = [:]

    func level(_ number: Int32, _ pin: Pin) -> Bool {
      if let line = pin.line, !pin.flags.contains(.output) {
        return (cdevices_gpio_get(line.raw) == 1) != pin.flags.contains(.activeLow)
      }
      return pin.flags.contains(.output) ? pin.isHigh : driven[number] ?? pin.flags.contains(.pullUp)
    }
  }

  private let backend: Backend
  private let state = Mutex(State())

  init(_ backend: Backend) { self.backend = backend }

  // MARK: Apps

  public func holds(_ pin: Int32, _ user: DeviceUser) -> Bool {
    state.withLock { $0.pins[pin]?.user === user }
  }

  /// - Throws: EBUSY for a pin of another app, EINVAL for flags that do not go together and for pins that there are not, ENODEV.
  public func configure(_ user: DeviceUser, pin: Int32, _ flags: Flags) throws(DeviceError) {
    guard flags.isValid else { throw .invalid }
    let isHigh = flags.contains(.initiallyHigh)
    try state.withLock { (state) throws(DeviceError) in
      if let other = state.pins[pin]?.user, other !== user { throw .busy }
      var own = Pin(user: user, flags: flags, isHigh: isHigh)
      switch backend {
      case .none: throw .noDevice
      case .simulated(let count): guard (0..<count).contains(pin) else { throw .invalid }
      case .chip(let path):
        guard pin >= 0 else { throw .invalid }
        // The line is free again before it is asked for in another way.
        state.pins[pin] = nil
        own.line = try Self.take(path, UInt32(pin), own)
      }
      state.pins[pin] = own
    }
  }

  private static func take(_ path: String, _ number: UInt32, _ pin: Pin) throws(DeviceError) -> OpenDevice {
    let chip = try OpenDevice(path, O_RDWR)
    let active: Int32 = pin.isHigh != pin.flags.contains(.activeLow) ? 1 : 0
    return OpenDevice(owning: try checked(cdevices_gpio_take(chip.raw, number, pin.bits, active, pin.user.app)))
  }

  /// 1 when it is active, else 0.
  public func read(_ user: DeviceUser, pin: Int32) throws(DeviceError) -> Int32 {
    try level(user, pin: pin).isActive ? 1 : 0
  }

  /// - Throws: EINVAL for an input.
  public func write(_ user: DeviceUser, pin: Int32, _ isActive: Bool) throws(DeviceError) {
    try state.withLock { (state) throws(DeviceError) in
      var own = try Self.own(state, user, pin)
      guard own.flags.contains(.output) else { throw .invalid }
      if let line = own.line { try checked(cdevices_gpio_set(line.raw, isActive ? 1 : 0)) }
      own.isHigh = isActive != own.flags.contains(.activeLow)
      state.pins[pin] = own
    }
  }

  func level(_ user: DeviceUser, pin: Int32) throws(DeviceError) -> Level {
    try state.withLock { (state) throws(DeviceError) in try Self.look(&state, user, pin) }
  }

  private static func look(_ state: inout State, _ user: DeviceUser, _ pin: Int32) throws(DeviceError) -> Level {
    var own = try own(state, user, pin)
    let isActive: Bool
    if let line = own.line {
      isActive = try checked(cdevices_gpio_get(line.raw)) == 1
      own.countChanges()
      state.pins[pin] = own
    } else {
      isActive = state.level(pin, own) != own.flags.contains(.activeLow)
    }
    return Level(isActive: isActive, changes: own.changes)
  }

  /// Changes are counted from here to ``endWait(_:pin:)``.
  func beginWait(_ user: DeviceUser, pin: Int32) throws(DeviceError) -> Level {
    try state.withLock { (state) throws(DeviceError) in
      let own = try Self.own(state, user, pin)
      state.pins[pin]?.waitCount += 1
      if own.waitCount == 0 { own.keepChanges(true) }
      do throws(DeviceError) { return try Self.look(&state, user, pin) } catch {
        Self.endWait(&state, user, pin)
        throw error
      }
    }
  }

  func endWait(_ user: DeviceUser, pin: Int32) {
    state.withLock { Self.endWait(&$0, user, pin) }
  }

  private static func endWait(_ state: inout State, _ user: DeviceUser, _ pin: Int32) {
    // The pin may have been configured anew meanwhile, or be somebody else's.
    guard var own = state.pins[pin], own.user === user, own.waitCount > 0 else { return }
    own.waitCount -= 1
    if own.waitCount == 0 { own.keepChanges(false) }
    state.pins[pin] = own
  }

  private static func own(_ state: State, _ user: DeviceUser, _ pin: Int32) throws(DeviceError) -> Pin {
    guard let own = state.pins[pin] else { throw .invalid }
    guard own.user === user else { throw .busy }
    return own
  }

  func release(_ user: DeviceUser) {
    state.withLock { state in state.pins = state.pins.filter { $0.value.user !== user } }
  }

  // MARK: The host

  /// Puts a level on the wire of a simulated pin; `nil`: nothing, so that pull-ups and pull-downs count.
  /// - Throws: EINVAL for pins that there are not, ENOTSUP for real ones.
  public func drive(_ pin: Int32, _ isHigh: Bool?) throws(DeviceError) {
    guard case .simulated(let count) = backend else { throw .notSupported }
    guard (0..<count).contains(pin) else { throw .invalid }
    let user: DeviceUser? = state.withLock { state in
      let before = state.pins[pin].map { state.level(pin, $0) }
      state.driven[pin] = isHigh
      guard var own = state.pins[pin], state.level(pin, own) != before else { return nil }
      own.changes += 1
      state.pins[pin] = own
      return own.user
    }
    user?.signal()
  }

  /// Pins that are configured or driven, in their order.
  public var pins: [PinState] {
    state.withLock { state in
      Set(state.pins.keys).union(state.driven.keys).sorted().map { number in
        guard let pin = state.pins[number] else {
          return PinState(pin: number, app: nil, flags: [], isHigh: state.driven[number] ?? false)
        }
        return PinState(pin: number, app: pin.user.app, flags: pin.flags, isHigh: state.level(number, pin))
      }
    }
  }
}

/// A wait for a level of a pin, as long as it is kept.
public final class PinWait: Sendable {
  public enum Edge: Int32, Sendable {
    case low = 0
    case high, any
  }

  private let gpio: GPIO
  private let user: DeviceUser
  private let pin: Int32
  private let edge: Edge
  private let before: GPIO.Level

  /// Begins now. - Throws: EINVAL for a pin that the app has not configured.
  public init(_ gpio: GPIO, _ user: DeviceUser, pin: Int32, _ edge: Edge) throws(DeviceError) {
    self.gpio = gpio
    self.user = user
    self.pin = pin
    self.edge = edge
    before = try gpio.beginWait(user, pin: pin)
  }

  deinit { gpio.endWait(user, pin: pin) }

  /// Whether the level is there, or has been. Of real pins whose chip does not report changes, only what is there now is seen.
  public func isOver() throws(DeviceError) -> Bool {
    let now = try gpio.level(user, pin: pin)
    // The first change leads to the level that was not there, and a level that was there at the beginning counts, too.
    if now.changes != before.changes { return true }
    switch edge {
    case .low: return !now.isActive
    case .high: return now.isActive
    case .any: return now.isActive != before.isActive
    }
  }
}

extension GPIO {
  /// Nanoseconds between two looks at real pins, whose changes are counted and wake nobody; `nil`: changes wake.
  public var pollNanoseconds: Int64? {
    if case .chip = backend { 10_000_000 } else { nil }
  }
}
