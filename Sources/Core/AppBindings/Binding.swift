import AppABI
import AppFormat

/// A row of the table as guests' languages see it.
struct Binding: Sendable {
  let row: NativeFunction
  /// The name of the declaration: the row's own where it is free in every language, else one with a word before or after it.
  let symbol: String

  /// Every row, in the order of the table. No two have the same symbol.
  static let all: [Binding] = {
    var taken: Set<String> = []
    return NativeTable.functions.map { row in
      // Compilers know functions of these names themselves.
      var symbol = row.family == .libc || row.name == "log" ? "host_\(row.name)" : row.name
      if taken.contains(symbol) { symbol = "\(row.module)_\(row.name)" }
      if taken.contains(symbol) || symbol == "env_\(row.name)" && isOverload(row) { symbol = "\(row.name)_alt" }
      taken.insert(symbol)
      return Binding(row: row, symbol: symbol)
    }
  }()

  /// Whether an earlier row has the same module and name with other types.
  private static func isOverload(_ row: NativeFunction) -> Bool {
    NativeTable.functions(module: row.module, name: row.name).first != row
  }

  /// Rows of one chapter.
  static func of(_ family: NativeFamily) -> [Binding] { all.filter { $0.row.family == family } }

  /// Whether there is a form without addresses. The guest's language has its own memory and C library; what older lines
  /// offered has a newer name; of several types of one function the first is enough.
  var hasSafeForm: Bool {
    switch row.family {
    case .libc, .legacy, .memory: false
    default: symbol == row.name
    }
  }

  /// Functions whose result may be any number: below zero is no error.
  static let plainNumbers: Set<String> = [
    "sensor_read", "rtc_get_unix_time", "rtc_get_uptime_ms", "rf_get_rssi", "memcmp", "strcmp", "strncmp",
    "strncasecmp", "atoi", "strtol", "strtoul",
  ]

  /// Whether the result is an error when it is below zero.
  var canFail: Bool { row.result == .int32 && !Self.plainNumbers.contains(row.name) }

  /// Whether a number is an address of the guest's memory.
  func isAddress(_ parameter: NativeParameter) -> Bool {
    (row.family == .memory || row.family == .libc) && parameter.kind == .uint32
      && !["size", "count"].contains(parameter.name)
  }

  /// The name without what every function of its chapter begins with, and without words that languages keep for themselves.
  var shortName: String {
    let prefix = row.family.prefix
    let rest = row.name.hasPrefix(prefix) ? String(row.name.dropFirst(prefix.count)) : row.name
    switch rest {
    case "init": return "begin"
    case "deinit": return "end"
    default: return rest
    }
  }

  /// What a reader has to know besides the summary: `Needs ipc. At most 200 a second with its class ipc.`
  var conditions: [String] {
    var conditions: [String] = []
    if !row.capabilities.isEmpty {
      conditions.append("Needs \(CapabilityRegistry().names(of: row.capabilities).joined(separator: " or ")).")
    }
    if let rate = row.rate {
      let wait = rate.waits ? ", else it waits" : ""
      conditions.append("Rate: \(rate.callsPerSecond) a second with all of \(rate.name)\(wait).")
    }
    switch row.support {
    case .implemented: break
    case .noDevice: conditions.append("No such device on this host: ENODEV.")
    case .notBuilt: conditions.append("Not built on this host: ENOSYS.")
    case .refused: conditions.append("Refused by policy: ENOTSUP.")
    }
    return conditions
  }

  /// Errors that the host's own checks give, before the function is reached; none where the result cannot be one.
  var commonErrors: [String] {
    if row.result == .nothing || row.result == .address { return [] }
    var errors: [String] = []
    if !row.capabilities.isEmpty { errors.append("EPERM") }
    if let rate = row.rate, !rate.waits, row.limitedResult == nil { errors.append("EAGAIN") }
    if row.parameters.contains(where: { $0.lengths?.errno == 90 }) { errors.append("EMSGSIZE") }
    if row.parameters.contains(where: { $0.kind.isPointer }) { errors.append("EFAULT") }
    switch row.support {
    case .implemented: break
    case .noDevice: errors.append("ENODEV")
    case .notBuilt: errors.append("ENOSYS")
    case .refused: errors.append("ENOTSUP")
    }
    return errors
  }
}

extension NativeParameter.Kind {
  var isPointer: Bool {
    switch self {
    case .int32, .uint32, .int64: false
    default: true
    }
  }
}

extension NativeFamily {
  /// What the names of the chapter's functions begin with.
  var prefix: String {
    switch self {
    case .core, .memory, .libc, .legacy, .time: ""
    case .log: "log_"
    case .display: "display_"
    case .input: "input_"
    case .gpio: "gpio_"
    case .sensors: "sensor_"
    case .uart: "uart_"
    case .i2c: "i2c_"
    case .pwm: "pwm_"
    case .adc: "adc_"
    case .watchdog: "wdt_"
    case .timers: "timer_"
    case .storage: "storage_"
    case .files: "fs_"
    case .network: "net_"
    case .ipc: "msg_"
    case .lifecycle: "app_"
    case .settings: "settings_"
    case .crypto: "crypto_"
    case .clock: "rtc_"
    case .power: "power_"
    case .update: "ota_"
    case .mqtt: "mqtt_"
    case .hid: "hid_"
    case .ble: "ble_"
    case .radio: "rf_"
    case .wifi: "wifi_"
    case .ai: "aiinfer_"
    case .matter: "matter_"
    case .mesh: "mesh_"
    case .nfc: "nfc_"
    case .wasi: "wasi_"
    }
  }

  /// The chapter as a name space of Swift.
  var typeName: String {
    switch self {
    case .core: "Host"
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
    case .ipc: "Messages"
    case .lifecycle: "Apps"
    case .settings: "Settings"
    case .crypto: "Crypto"
    case .clock: "RTC"
    case .power: "Power"
    case .update: "Update"
    case .mqtt: "MQTT"
    case .hid: "HID"
    case .ble: "BLE"
    case .radio: "Radio"
    case .wifi: "WiFi"
    case .ai: "Inference"
    case .matter: "Matter"
    case .mesh: "Mesh"
    case .nfc: "NFC"
    case .libc: "LibC"
    case .legacy: "Older"
    case .wasi: "WASI"
    }
  }

  /// The chapter as a module of Rust.
  var moduleName: String { typeName.lowercased() }
}
