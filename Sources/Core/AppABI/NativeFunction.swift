import AppFormat

/// One function that a host offers to guests: a row of the table from which the host's imports, the checks of arguments, the
/// headers and bindings for guests, and the reference page are made.
public struct NativeFunction: Sendable, Equatable {
  /// The import's module, such as "env".
  public var module: String
  public var name: String
  public var parameters: [NativeParameter]
  public var result: NativeResult
  /// One of these must be granted; empty: none is needed.
  public var capabilities: CapabilitySet
  /// The token bucket that a call takes from.
  public var rate: RateClass?
  public var family: NativeFamily
  public var support: NativeSupport
  /// What a guest gets when its calls of the rate class are used up, where an error would be taken for a value; `nil`: −EAGAIN.
  public var limitedResult: Int32?
  /// What it does and gives, for people: one line.
  public var summary: String

  /// The types of the WebAssembly function.
  public var types: [NativeType] { parameters.flatMap(\.kind.types) }

  /// What a guest gets instead of a result when the call is not carried out for that reason, which is a number of Linux.
  /// Functions that give an address give none; those of WASI have numbers of their own.
  public func refusal(_ errno: Int32) -> Int32 {
    if family == .wasi { return WASIErrno.number(linux: errno) }
    return result == .address ? 0 : -errno
  }
}

/// A number of WebAssembly.
public enum NativeType: UInt8, Sendable, Equatable {
  case i32, i64
}

public struct NativeParameter: Sendable, Equatable {
  public var name: String
  public var kind: Kind
  /// Of bytes and buffers; looked at before the address is.
  public var lengths: LengthLimit?

  public enum Kind: Sendable, Equatable {
    case int32
    case uint32
    case int64
    /// The address of a text that ends with a zero byte, of at most ``NativeTable/textBytesMax`` bytes.
    case text
    /// Address and length of bytes that the host reads.
    case bytes
    /// Address and length of bytes that the host writes.
    case buffer
    /// Address of so many bytes that the host reads.
    case input(Int32)
    /// Address of so many bytes that the host writes.
    case output(Int32)
    /// Address of bytes that the host writes, as many as the bytes before it have.
    case outputLike
    /// Address and length of memory that host and guest share until it is given back.
    case shared

    public var types: [NativeType] {
      switch self {
      case .int32, .uint32, .text, .input, .output, .outputLike: [.i32]
      case .int64: [.i64]
      case .bytes, .buffer, .shared: [.i32, .i32]
      }
    }
  }
}

/// How many bytes a parameter may have, and what a guest gets for others.
public struct LengthLimit: Sendable, Equatable {
  public var range: ClosedRange<UInt32>
  /// Positive.
  public var errno: Int32

  /// −EINVAL for others.
  static func valid(_ range: ClosedRange<UInt32>) -> LengthLimit { LengthLimit(range: range, errno: 22) }
  /// −EMSGSIZE for others.
  static func message(_ range: ClosedRange<UInt32>) -> LengthLimit { LengthLimit(range: range, errno: 90) }
}

public enum NativeResult: Sendable, Equatable {
  case nothing
  /// Zero or more, or a negative error number.
  case int32
  case int64
  /// An address in the guest's memory; 0: none.
  case address
}

/// Calls of one class share a token bucket: so many a second, and as many at once.
public enum RateClass: UInt8, Sendable, CaseIterable {
  case display, sensor, rf, network, storage, ipc, log

  /// Of the reference, but for the log, which it does not limit.
  public var callsPerSecond: Int {
    switch self {
    case .display: 100
    case .sensor: 50
    case .rf: 20
    case .network: 30
    case .storage: 40
    case .ipc: 200
    case .log: 200
    }
  }

  /// Whether a call that comes too early waits for its turn, as with a slow device; else it is refused. The reference limits
  /// neither: its apps draw and read files in loops that take no refusal for an answer.
  public var waits: Bool { self == .display || self == .storage }

  public var name: String {
    switch self {
    case .display: "display"
    case .sensor: "sensor"
    case .rf: "rf"
    case .network: "network"
    case .storage: "storage"
    case .ipc: "ipc"
    case .log: "log"
    }
  }
}

/// What a host does with a call.
public enum NativeSupport: Sendable, Equatable {
  case implemented
  /// There is no such device on this host: −ENODEV.
  case noDevice
  /// Not built: −ENOSYS.
  case notBuilt
  /// Not offered by policy, since it is made for attacks: −ENOTSUP.
  case refused

  /// What a call gives as its error, positive.
  public var errno: Int32 {
    switch self {
    case .implemented: 0
    case .noDevice: 19
    case .notBuilt: 38
    case .refused: 95
    }
  }
}

/// Chapters of the table.
public enum NativeFamily: UInt8, Sendable, CaseIterable {
  case core, log, time, memory, display, input, gpio, sensors, uart, i2c, pwm, adc, watchdog, timers, storage, files
  case network, ipc, lifecycle, settings, crypto, clock, power, update, mqtt, hid, ble, radio, wifi, ai, matter, mesh
  case nfc, libc, legacy, wasi

  public var title: String {
    switch self {
    case .core: "Core"
    case .log: "Log"
    case .time: "Time"
    case .memory: "Memory"
    case .display: "Display"
    case .input: "Input"
    case .gpio: "GPIO"
    case .sensors: "Sensors"
    case .uart: "UART"
    case .i2c: "I2C"
    case .pwm: "PWM"
    case .adc: "ADC"
    case .watchdog: "Watchdog"
    case .timers: "Timers"
    case .storage: "Storage"
    case .files: "Files"
    case .network: "Network"
    case .ipc: "Messages between apps"
    case .lifecycle: "Apps"
    case .settings: "Settings"
    case .crypto: "Cryptography"
    case .clock: "Clock"
    case .power: "Power"
    case .update: "Update of the host"
    case .mqtt: "MQTT"
    case .hid: "HID"
    case .ble: "Bluetooth Low Energy"
    case .radio: "Radio"
    case .wifi: "Wi-Fi, raw"
    case .ai: "Inference"
    case .matter: "Matter"
    case .mesh: "Mesh"
    case .nfc: "NFC"
    case .libc: "C library"
    case .legacy: "Older import sets"
    case .wasi: "WASI preview 1"
    }
  }

  /// What holds for all of the chapter; "": nothing but what its rows say.
  public var summary: String {
    switch self {
    case .display:
      "Colours are RGB565; coordinates may lie outside, what is drawn is clipped. The app that draws first has the screen until it "
        + "ends, others get EBUSY. The rate class counts only what reaches the panel: drawing goes into memory, and is as fast as "
        + "the app computes."
    case .input: "Events go to the app that has the screen; when none has it, to all apps that ask."
    case .gpio, .uart, .i2c, .pwm: "What an app has taken is its own until it gives it back or ends; others get EBUSY."
    case .hid: "Simulated; one app has it at a time. Reports are kept for the host."
    case .ble: "Simulated; one app has it at a time, and none while HID uses Bluetooth."
    default: ""
    }
  }
}

/// A number that guests know by name.
public struct NativeConstant: Sendable, Equatable {
  public var name: String
  public var value: Int32
  public var summary: String

  public init(_ name: String, _ value: Int32, _ summary: String = "") {
    self.name = name
    self.value = value
    self.summary = summary
  }
}
