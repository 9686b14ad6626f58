/// What an app may ask a host to do. The numbers are bits of a mask of 64 and never change.
public enum Capability: UInt8, Sendable, CaseIterable {
  case displayWrite = 0
  case inputRead = 1
  case inputWrite = 2
  case sensorRead = 3
  case rfTransceive = 4
  case ble = 5
  case storageRead = 6
  case storageWrite = 7
  case network = 8
  case gpioRead = 9
  case gpioWrite = 10
  case timer = 11
  case uart = 12
  case i2c = 13
  case pwm = 14
  case hid = 15
  case appControl = 16
  case ipc = 17
  case appSwitch = 18
  case memory = 19
  case appInfo = 20
  case powerRead = 21
  case powerControl = 22
  case settings = 23
  case adc = 24
  case wdt = 25
  case fsRead = 26
  case fsWrite = 27
  case crypto = 28
  case rtcRead = 29
  case rtcWrite = 30
  case otaTrigger = 31
  case aiInfer = 32
  case matter = 33
  case wifiInject = 34
  case mqtt = 35
  case bleScan = 36
  case bleSpam = 37
  case mesh = 38
  /// Reserved.
  case sync = 39

  /// As manifests spell it.
  public var name: String {
    switch self {
    case .displayWrite: "display.write"
    case .inputRead: "input.read"
    case .inputWrite: "input.write"
    case .sensorRead: "sensor.read"
    case .rfTransceive: "rf.transceive"
    case .ble: "ble"
    case .storageRead: "storage.read"
    case .storageWrite: "storage.write"
    case .network: "network"
    case .gpioRead: "gpio.read"
    case .gpioWrite: "gpio.write"
    case .timer: "timer"
    case .uart: "uart"
    case .i2c: "i2c"
    case .pwm: "pwm"
    case .hid: "hid"
    case .appControl: "app.control"
    case .ipc: "ipc"
    case .appSwitch: "app.switch"
    case .memory: "memory"
    case .appInfo: "app.info"
    case .powerRead: "power.read"
    case .powerControl: "power.control"
    case .settings: "settings"
    case .adc: "adc"
    case .wdt: "wdt"
    case .fsRead: "fs.read"
    case .fsWrite: "fs.write"
    case .crypto: "crypto"
    case .rtcRead: "rtc.read"
    case .rtcWrite: "rtc.write"
    case .otaTrigger: "ota.trigger"
    case .aiInfer: "ai.infer"
    case .matter: "matter"
    case .wifiInject: "wifi.inject"
    case .mqtt: "mqtt"
    case .bleScan: "ble.scan"
    case .bleSpam: "ble.spam"
    case .mesh: "mesh"
    case .sync: "sync"
    }
  }

  /// Other spellings of single capabilities.
  static let aliases: [(name: String, capability: Capability)] = [
    ("display.read", .displayWrite), ("bt.shell", .ble), ("memory.alloc", .memory), ("network.connect", .network),
    ("network.use", .network), ("settings.read", .settings), ("settings.write", .settings),
  ]

  /// What `<prefix>.*` stands for.
  static let wildcards: [(prefix: String, members: CapabilitySet)] = [
    ("display", [.displayWrite]), ("input", [.inputRead, .inputWrite]), ("sensor", [.sensorRead]),
    ("rf", [.rfTransceive]), ("storage", [.storageRead, .storageWrite]), ("gpio", [.gpioRead, .gpioWrite]),
    ("network", [.network]), ("power", [.powerRead, .powerControl]), ("fs", [.fsRead, .fsWrite]),
    ("rtc", [.rtcRead, .rtcWrite]), ("settings", [.settings]), ("matter", [.matter]), ("mqtt", [.mqtt]),
    ("mesh", [.mesh]), ("sync", [.sync]), ("bt", [.ble, .hid, .bleScan, .bleSpam]),
    ("hw", [.timer, .uart, .i2c, .pwm]),
  ]
}

/// A set of capabilities: 64 bits, 0 to 47 for the core, 48 to 63 for vendors.
public struct CapabilitySet: Sendable, Hashable, SetAlgebra {
  public var mask: UInt64

  @inlinable public init() { mask = 0 }
  @inlinable public init(mask: UInt64) { self.mask = mask }
  public init(_ capability: Capability) { mask = 1 << UInt64(capability.rawValue) }
  public init(arrayLiteral capabilities: Capability...) {
    mask = capabilities.reduce(0) { $0 | 1 << UInt64($1.rawValue) }
  }

  /// Every capability that has a number here.
  public static let core = CapabilitySet(mask: Capability.allCases.reduce(0) { $0 | 1 << UInt64($1.rawValue) })
  /// What granting an app that nobody signed is worth a note in the audit log.
  public static let privileged: CapabilitySet = [
    .rfTransceive, .ble, .network, .wifiInject, .otaTrigger, .hid, .storageWrite, .fsWrite, .settings, .crypto,
    .powerControl, .matter, .mqtt, .wdt, .mesh,
  ]

  @inlinable @inline(__always) public func contains(_ capability: Capability) -> Bool {
    mask & 1 << UInt64(capability.rawValue) != 0
  }
  /// Whether one of these is in the set: the check of a call that several capabilities allow.
  @inlinable @inline(__always) public func containsAny(of other: CapabilitySet) -> Bool { mask & other.mask != 0 }

  public func union(_ other: CapabilitySet) -> CapabilitySet { CapabilitySet(mask: mask | other.mask) }
  public func intersection(_ other: CapabilitySet) -> CapabilitySet { CapabilitySet(mask: mask & other.mask) }
  public func symmetricDifference(_ other: CapabilitySet) -> CapabilitySet { CapabilitySet(mask: mask ^ other.mask) }
  public mutating func formUnion(_ other: CapabilitySet) { mask |= other.mask }
  public mutating func formIntersection(_ other: CapabilitySet) { mask &= other.mask }
  public mutating func formSymmetricDifference(_ other: CapabilitySet) { mask ^= other.mask }
  @discardableResult public mutating func insert(
    _ capability: Capability
  ) -> (inserted: Bool, memberAfterInsert: Capability) {
    defer { formUnion([capability]) }
    return (!contains(capability), capability)
  }
  @discardableResult public mutating func remove(_ capability: Capability) -> Capability? {
    defer { mask &= ~(1 << UInt64(capability.rawValue)) }
    return contains(capability) ? capability : nil
  }
  @discardableResult public mutating func update(with capability: Capability) -> Capability? {
    insert(capability).inserted ? nil : capability
  }

  /// The core capabilities in it, lowest bit first.
  public var capabilities: [Capability] { Capability.allCases.filter { contains($0) } }
}
