import Synchronization

/// A simulated Bluetooth Low Energy peripheral: an app offers services with characteristics; the host plays the central. It
/// belongs to the app that switched it on, and is busy while HID uses Bluetooth.
public final class BLE: Sendable {
  public struct Properties: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }
    public static let read = Properties(rawValue: 0x02)
    public static let writeWithoutResponse = Properties(rawValue: 0x04)
    public static let write = Properties(rawValue: 0x08)
    public static let notify = Properties(rawValue: 0x10)
    public static let indicate = Properties(rawValue: 0x20)
    public static let all: Properties = [.read, .writeWithoutResponse, .write, .notify, .indicate]
  }

  /// What happened, for the app.
  enum Event: Sendable {
    case connected
    case disconnected
    case written(characteristic: UInt8, [UInt8])

    /// Type, characteristic, length of 16 bits, data.
    var record: [UInt8] {
      switch self {
      case .connected: [1, 0, 0, 0]
      case .disconnected: [2, 0, 0, 0]
      case .written(let characteristic, let data):
        [3, characteristic, UInt8(truncatingIfNeeded: data.count), UInt8(data.count >> 8)] + data
      }
    }
  }

  public static let servicesMax = 4
  public static let characteristicsMax = 8
  public static let valueBytesMax = 64
  public static let nameBytesMax = 29
  public static let eventsMax = 64
  /// Notifications that wait for the central, and advertisements that wait for an app.
  public static let queueMax = 64
  /// What it holds for its app.
  public static let bytesHeld = 16384
  /// The same for one that listens.
  public static let scanBytes = 8192

  struct Characteristic: Sendable {
    var uuid: UUID128
    var properties: Properties
    var sizeMax: Int
    var value: [UInt8] = []
    var service: Int?
    var isSubscribed = false
  }

  struct Service: Sendable {
    var uuid: UUID128
    var isOffered = false
  }

  struct State {
    var owner: DeviceUser?
    var name = "Aether"
    var services: [Service] = []
    var characteristics: [Characteristic] = []
    var advertisedService: Int?
    var isAdvertising = false
    var isConnected = false
    var events: [Event] = []
    var notifications: [Notification] = []
    /// Apps that listen for advertisements, until then in nanoseconds.
    var scans: [ObjectIdentifier: Scan] = [:]
  }

  struct Scan: Sendable {
    var until: Int64
    var heard: [Nearby] = []
  }

  private let radio: BluetoothRadio
  let state = Mutex(State())

  init(radio: BluetoothRadio) { self.radio = radio }

  // MARK: Apps: on and off

  public func holds(_ user: DeviceUser) -> Bool { state.withLock { $0.owner === user } }

  /// Of no effect when the app has it on.
  /// - Throws: EBUSY while another app has it or HID uses Bluetooth.
  public func open(_ user: DeviceUser) throws(DeviceError) {
    try state.withLock { (state) throws(DeviceError) in
      if let owner = state.owner, owner !== user { throw .busy }
      try radio.take(.services)
      state.owner = user
    }
  }

  /// Everything that was made is gone; a central is disconnected.
  public func close(_ user: DeviceUser) throws(DeviceError) {
    try own(user) { (state) throws(DeviceError) in Self.reset(&state) }
    radio.giveBack(.services)
  }

  private static func reset(_ state: inout State) {
    let scans = state.scans
    state = State()
    state.scans = scans
  }

  func own<Answer: Sendable>(
    _ user: DeviceUser, _ body: (inout State) throws(DeviceError) -> Answer
  ) throws(DeviceError) -> Answer {
    try state.withLock { (state) throws(DeviceError) in
      guard let owner = state.owner else { throw .noDevice }
      guard owner === user else { throw .busy }
      return try body(&state)
    }
  }

  func release(_ user: DeviceUser) {
    let wasOwner = state.withLock { state in
      state.scans[ObjectIdentifier(user)] = nil
      guard state.owner === user else { return false }
      Self.reset(&state)
      return true
    }
    if wasOwner { radio.giveBack(.services) }
  }

  // MARK: Apps: what is offered

  /// - Throws: EINVAL for an empty name or one of more than ``nameBytesMax`` bytes.
  public func setName(_ user: DeviceUser, _ name: String) throws(DeviceError) {
    guard !name.isEmpty, name.utf8.count <= Self.nameBytesMax else { throw .invalid }
    try own(user) { (state) throws(DeviceError) in state.name = name }
  }

  /// Gives the service's number.
  /// - Throws: EINVAL for a text that is no UUID, ENOSPC when there are ``servicesMax``.
  public func makeService(_ user: DeviceUser, _ uuid: String) throws(DeviceError) -> Int32 {
    guard let uuid = UUID128(uuid) else { throw .invalid }
    return try own(user) { (state) throws(DeviceError) in
      guard state.services.count < Self.servicesMax else { throw .noSpace }
      state.services.append(Service(uuid: uuid))
      return Int32(state.services.count - 1)
    }
  }

  /// Gives the characteristic's number.
  public func makeCharacteristic(
    _ user: DeviceUser, _ uuid: String, properties: Int32, sizeMax: Int32
  ) throws(DeviceError) -> Int32 {
    let properties = Properties(rawValue: properties)
    guard let uuid = UUID128(uuid), !properties.isEmpty, properties.isSubset(of: .all),
      (1...Self.valueBytesMax).contains(Int(sizeMax))
    else { throw .invalid }
    return try own(user) { (state) throws(DeviceError) in
      guard state.characteristics.count < Self.characteristicsMax else { throw .noSpace }
      state.characteristics.append(Characteristic(uuid: uuid, properties: properties, sizeMax: Int(sizeMax)))
      return Int32(state.characteristics.count - 1)
    }
  }

  /// - Throws: EINVAL for numbers that were not given, EALREADY when the service is offered or the characteristic is in one.
  public func add(_ user: DeviceUser, characteristic: Int32, to service: Int32) throws(DeviceError) {
    try own(user) { (state) throws(DeviceError) in
      let service = try Self.index(service, state.services.count)
      let characteristic = try Self.index(characteristic, state.characteristics.count)
      guard !state.services[service].isOffered, state.characteristics[characteristic].service == nil else {
        throw .already
      }
      state.characteristics[characteristic].service = service
    }
  }

  public func offer(_ user: DeviceUser, service: Int32) throws(DeviceError) {
    try own(user) { (state) throws(DeviceError) in
      let service = try Self.index(service, state.services.count)
      guard !state.services[service].isOffered else { throw .already }
      state.services[service].isOffered = true
    }
  }

  public func advertise(_ user: DeviceUser, service: Int32) throws(DeviceError) {
    try own(user) { (state) throws(DeviceError) in
      state.advertisedService = try Self.index(service, state.services.count)
    }
  }

  public func setAdvertising(_ user: DeviceUser, _ isOn: Bool) throws(DeviceError) {
    try own(user) { (state) throws(DeviceError) in state.isAdvertising = isOn }
  }

  public func isConnected(_ user: DeviceUser) throws(DeviceError) -> Bool {
    try own(user) { (state) throws(DeviceError) in state.isConnected }
  }

  private static func index(_ number: Int32, _ count: Int) throws(DeviceError) -> Int {
    guard number >= 0, Int(number) < count else { throw .invalid }
    return Int(number)
  }

  // MARK: Apps: values and events

  /// Sets a value, and sends it to a central that has subscribed.
  /// - Throws: EINVAL for a number that was not given, EMSGSIZE for more than the characteristic's size, EAGAIN when the central
  ///   has not taken what was sent before; then the value stays as it was.
  public func write(_ user: DeviceUser, characteristic: Int32, _ bytes: [UInt8]) throws(DeviceError) {
    try own(user) { (state) throws(DeviceError) in
      let index = try Self.index(characteristic, state.characteristics.count)
      let own = state.characteristics[index]
      guard bytes.count <= own.sizeMax else { throw .messageSize }
      if state.isConnected, own.isSubscribed {
        guard state.notifications.count < Self.queueMax else { throw DeviceError(errno: 11) }
        state.notifications.append(
          Notification(uuid: own.uuid, value: bytes, isIndication: !own.properties.contains(.notify)))
      }
      state.characteristics[index].value = bytes
    }
  }

  /// - Throws: EMSGSIZE when the value has more bytes than there is room for.
  public func read(_ user: DeviceUser, characteristic: Int32, countMax: Int) throws(DeviceError) -> [UInt8] {
    try own(user) { (state) throws(DeviceError) in
      let value = state.characteristics[try Self.index(characteristic, state.characteristics.count)].value
      guard value.count <= countMax else { throw .messageSize }
      return value
    }
  }

  /// Takes the next event's record; `nil` without one. One for which there is no room stays: EMSGSIZE.
  public func nextEvent(_ user: DeviceUser, countMax: Int) throws(DeviceError) -> [UInt8]? {
    try own(user) { (state) throws(DeviceError) in
      guard let record = state.events.first?.record else { return nil }
      guard record.count <= countMax else { throw .messageSize }
      state.events.removeFirst()
      return record
    }
  }

  // MARK: Apps: listening

  /// Listens for advertisements that the host plays.
  /// - Throws: EINVAL for a time of 0 or less, EBUSY while HID uses Bluetooth.
  public func startScan(_ user: DeviceUser, milliseconds: Int32) throws(DeviceError) {
    guard milliseconds > 0 else { throw .invalid }
    guard radio.current != .hid else { throw .busy }
    let until = monotonicNanoseconds() + Int64(milliseconds) * 1_000_000
    state.withLock { $0.scans[ObjectIdentifier(user)] = Scan(until: until) }
  }

  /// Whether an app has begun to listen and not ended it.
  public func isScanning(_ user: DeviceUser) -> Bool { state.withLock { $0.scans[ObjectIdentifier(user)] != nil } }

  /// What was heard and not taken is gone.
  public func stopScan(_ user: DeviceUser) { state.withLock { $0.scans[ObjectIdentifier(user)] = nil } }

  /// Takes the next advertisement: address (6 bytes), signal strength, length, data.
  public func nextHeard(_ user: DeviceUser, countMax: Int) throws(DeviceError) -> [UInt8]? {
    try state.withLock { (state) throws(DeviceError) in
      guard var scan = state.scans[ObjectIdentifier(user)], let record = scan.heard.first?.record else { return nil }
      guard record.count <= countMax else { throw .messageSize }
      scan.heard.removeFirst()
      state.scans[ObjectIdentifier(user)] = scan
      return record
    }
  }
}

/// An identifier of 128 bits.
public struct UUID128: Sendable, Hashable, CustomStringConvertible {
  /// As they are written, the highest first.
  public let bytes: [UInt8]

  /// - Parameter text: 32 digits in groups of 8, 4, 4, 4 and 12.
  public init?(_ text: String) {
    let groups = text.split(separator: "-", omittingEmptySubsequences: false)
    guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in groups.joined().utf8 {
      let value: UInt8
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = digit - UInt8(ascii: "A") + 10
      default: return nil
      }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    self.bytes = bytes
  }

  public var description: String {
    let digits = bytes.flatMap { [$0 >> 4, $0 & 15] }.map { String($0, radix: 16) }.joined()
    var text = ""
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { text += "-" }
      text.append(digit)
    }
    return text
  }
}
