import Synchronization

/// A simulated keyboard, mouse and gamepad: what a real one would send is kept in a log that the host reads. It belongs to the
/// app that used it first.
public final class HID: Sendable {
  public enum Transport: Int32, Sendable {
    case none = 0
    case ble, usb, simulated
  }

  public struct DeviceTypes: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }
    public static let keyboard = DeviceTypes(rawValue: 1)
    public static let gamepad = DeviceTypes(rawValue: 2)
    public static let mouse = DeviceTypes(rawValue: 4)
    public static let all: DeviceTypes = [.keyboard, .gamepad, .mouse]
  }

  /// Numbers of reports, which USB sends before the bytes; over Bluetooth each has a characteristic of its own.
  public static let keyboardID: UInt8 = 1
  public static let mouseID: UInt8 = 2
  public static let gamepadID: UInt8 = 3
  public static let consumerID: UInt8 = 4
  /// FIDO is a device of its own, whose reports have no number.
  public static let fidoID: UInt8 = 0

  public struct Report: Sendable, Equatable {
    /// Counts from 1.
    public var number: UInt64
    public var app: String
    public var transport: Transport
    public var isFIDO: Bool
    public var id: UInt8
    public var bytes: [UInt8]
  }

  public struct Status: Sendable, Equatable {
    public var app: String?
    public var transport: Transport
    public var types: DeviceTypes
    public var isEnabled: Bool
    public var isConnected: Bool
  }

  /// Reports that the log keeps.
  public static let reportsMax = 1024
  public static let reportBytesMax = 64
  /// Reports of the host that wait for the app, of each kind.
  public static let queueMax = 16
  public static let actionsMax = 16
  public static let actionNameBytesMax = 15
  /// What it holds for its app.
  public static let bytesHeld = 8192

  struct State {
    var owner: DeviceUser?
    var transport = Transport.none
    var types = DeviceTypes.all
    var isEnabled = false
    var isConnected = false
    var devices = HIDState()
    var actions: [String: [HIDStep]] = [:]
    var rawQueue: [[UInt8]] = []
    var fidoQueue: [[UInt8]] = []

    var reports: [Report] = []
    var reportCount: UInt64 = 0

    mutating func send(_ id: UInt8, _ bytes: [UInt8], isFIDO: Bool = false) {
      reportCount += 1
      reports.append(
        Report(
          number: reportCount, app: owner?.app ?? "", transport: transport, isFIDO: isFIDO, id: id, bytes: bytes))
      if reports.count >= HID.reportsMax * 2 { reports.removeFirst(reports.count - HID.reportsMax) }
    }
  }

  private let radio: BluetoothRadio
  private let state = Mutex(State())

  init(radio: BluetoothRadio) { self.radio = radio }

  // MARK: Apps

  public func holds(_ user: DeviceUser) -> Bool { state.withLock { $0.owner === user } }

  /// Takes the device and sets it up; what is `nil` stays as it is.
  /// - Throws: EBUSY while another app has it or while it is on, EINVAL for numbers that mean nothing.
  public func configure(_ user: DeviceUser, transport: Int32? = nil, types: Int32? = nil) throws(DeviceError) {
    let chosenTypes = types.map { DeviceTypes(rawValue: $0) }
    if let chosenTypes, chosenTypes.isEmpty || !chosenTypes.isSubset(of: .all) { throw .invalid }
    let chosen = transport.map { Transport(rawValue: $0) }
    if let chosen, chosen == nil { throw .invalid }
    try state.withLock { (state) throws(DeviceError) in
      if let owner = state.owner, owner !== user { throw .busy }
      guard !state.isEnabled else { throw .busy }
      state.owner = user
      if let chosen = chosen ?? nil { state.transport = chosen }
      if let chosenTypes { state.types = chosenTypes }
    }
  }

  /// - Throws: ENODEV without a transport, EBUSY while apps' services use Bluetooth.
  public func enable(_ user: DeviceUser) throws(DeviceError) {
    try own(user) { (state) throws(DeviceError) in
      guard state.transport != .none else { throw .noDevice }
      guard !state.isEnabled else { return }
      if state.transport == .ble { try radio.take(.hid) }
      state.isEnabled = true
      state.isConnected = true
    }
  }

  /// Releases everything that is held, and disconnects.
  public func disable(_ user: DeviceUser) throws(DeviceError) {
    try own(user) { (state) throws(DeviceError) in disable(&state) }
  }

  private func disable(_ state: inout State) {
    if state.isConnected { Self.releaseAll(&state) }
    if state.isEnabled, state.transport == .ble { radio.giveBack(.hid) }
    state.isEnabled = false
    state.isConnected = false
    state.devices = HIDState()
  }

  /// Nothing stays pressed at the other end.
  private static func releaseAll(_ state: inout State) {
    let before = state.devices
    state.devices = HIDState()
    if before.keyboard != state.devices.keyboard { state.send(keyboardID, state.devices.keyboard) }
    if before.mouseButtons != 0 { state.send(mouseID, state.devices.mouse()) }
    if before.gamepad != state.devices.gamepad { state.send(gamepadID, state.devices.gamepad) }
  }

  public func isConnected(_ user: DeviceUser) throws(DeviceError) -> Bool {
    try own(user) { (state) throws(DeviceError) in state.isConnected }
  }

  /// - Throws: ENODEV for an app that has not set it up, EBUSY while another one has it.
  private func own<Answer: Sendable>(
    _ user: DeviceUser, _ body: (inout State) throws(DeviceError) -> Answer
  ) throws(DeviceError) -> Answer {
    try state.withLock { (state) throws(DeviceError) in
      guard let owner = state.owner else { throw .noDevice }
      guard owner === user else { throw .busy }
      return try body(&state)
    }
  }

  /// For what sends: connected, and of that type.
  /// - Throws: as ``own(_:_:)``; ENOTCONN while it is off or disconnected; ENOTSUP when it is not of that type.
  func sending<Answer: Sendable>(
    _ user: DeviceUser, _ types: DeviceTypes = [], _ body: (inout State) throws(DeviceError) -> Answer
  ) throws(DeviceError) -> Answer {
    try own(user) { (state) throws(DeviceError) in
      guard state.isConnected else { throw .notConnected }
      guard state.types.isSuperset(of: types) else { throw .notSupported }
      return try body(&state)
    }
  }

  // MARK: Reports of the host

  /// Takes the next report that the host has sent; `nil` without one. One that is longer than `countMax` stays: EMSGSIZE.
  public func receive(_ user: DeviceUser, isFIDO: Bool, countMax: Int) throws(DeviceError) -> [UInt8]? {
    try own(user) { (state) throws(DeviceError) in
      guard let first = isFIDO ? state.fidoQueue.first : state.rawQueue.first else { return nil }
      guard first.count <= countMax else { throw .messageSize }
      if isFIDO { state.fidoQueue.removeFirst() } else { state.rawQueue.removeFirst() }
      return first
    }
  }

  // MARK: Actions

  /// - Throws: EINVAL for a name or steps that are none, ENOSPC when there are ``actionsMax``.
  public func register(_ user: DeviceUser, action name: String, _ bytes: [UInt8]) throws(DeviceError) {
    guard !name.isEmpty, name.utf8.count <= Self.actionNameBytesMax, let steps = HIDStep.parse(bytes) else {
      throw .invalid
    }
    try own(user) { (state) throws(DeviceError) in
      guard state.actions[name] != nil || state.actions.count < Self.actionsMax else { throw .noSpace }
      state.actions[name] = steps
    }
  }

  func steps(_ user: DeviceUser, of name: String) throws(DeviceError) -> [HIDStep] {
    try own(user) { (state) throws(DeviceError) in
      guard let steps = state.actions[name] else { throw .notFound }
      return steps
    }
  }

  func release(_ user: DeviceUser) {
    state.withLock { state in
      guard state.owner === user else { return }
      disable(&state)
      let reports = state.reports
      let count = state.reportCount
      state = State()
      state.reports = reports
      state.reportCount = count
    }
  }

  // MARK: The host

  public var status: Status {
    state.withLock { state in
      Status(
        app: state.owner?.app, transport: state.transport, types: state.types, isEnabled: state.isEnabled,
        isConnected: state.isConnected)
    }
  }

  /// Reports that were sent, from a number on; the last ``reportsMax`` are kept.
  public func reports(from number: UInt64 = 0) -> [Report] {
    state.withLock { state in state.reports.suffix(Self.reportsMax).filter { $0.number >= number } }
  }

  /// Plays the other end's going and coming. Of no effect while the device is off.
  public func setConnected(_ isConnected: Bool) {
    state.withLock { state in
      guard state.isEnabled else { return }
      state.isConnected = isConnected
      if !isConnected { state.devices = HIDState() }
    }
  }

  /// Sends the app a report. False when ``queueMax`` wait, or the device is not connected, or it is too long.
  public func deliver(_ bytes: [UInt8], isFIDO: Bool = false) -> Bool {
    guard (1...Self.reportBytesMax).contains(bytes.count) else { return false }
    let (isTaken, owner) = state.withLock { state -> (Bool, DeviceUser?) in
      guard state.isConnected, (isFIDO ? state.fidoQueue.count : state.rawQueue.count) < Self.queueMax else {
        return (false, nil)
      }
      if isFIDO { state.fidoQueue.append(bytes) } else { state.rawQueue.append(bytes) }
      return (true, state.owner)
    }
    owner?.signal()
    return isTaken
  }
}
