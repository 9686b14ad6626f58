import Linux

private func hex(_ number: some BinaryInteger) -> String { "0x" + String(number, radix: 16) }

/// Removes every simulator, so that the next check begins as the first one did. Fails while somebody has an adapter open.
func removeSimulators() throws {
  let chips = "/sys/kernel/config/gpio-sim"
  for name in try Files.names(in: chips) {
    try Files.write("0", to: "\(chips)/\(name)/live")
    try shell("rmdir \(chips)/\(name)/bank \(chips)/\(name)")
  }
  let examples = "/sys/kernel/config/iio/devices/dummy"
  for name in try Files.names(in: examples) { try shell("rmdir \(examples)/\(name)") }
  if Files.exists("/sys/module/i2c_stub") { try StubAdapter.pullOut() }
}

/// A chip of the kernel's gpio-sim, made and moved through its files (Documentation/admin-guide/gpio/gpio-sim.rst).
final class SimulatedChip {
  private let folder: String
  /// Where the lines are pulled and looked at; changes with every ``isLive``.
  private var lines = ""
  /// A link to the character device, as udev makes them: a chip that comes back while somebody had its lines has another number.
  let path: String

  init(_ name: String, lineCount: Int) throws {
    folder = "/sys/kernel/config/gpio-sim/\(name)"
    path = "/tmp/chip-\(name)"
    try Files.makeDirectory(folder)
    try Files.makeDirectory(folder + "/bank")
    try Files.write("\(lineCount)", to: folder + "/bank/num_lines")
    try plugIn()
  }

  func plugIn() throws {
    try Files.write("1", to: folder + "/live")
    let chip = try Files.text(folder + "/bank/chip_name")
    lines = "/sys/devices/platform/\(try Files.text(folder + "/dev_name"))/\(chip)"
    try shell("ln -sfn /dev/\(chip) \(path)")
  }

  func pullOut() throws { try Files.write("0", to: folder + "/live") }

  /// Puts a level on the wire of an input.
  func pull(_ line: Int, _ isHigh: Bool) throws {
    try Files.write(isHigh ? "pull-up" : "pull-down", to: "\(lines)/sim_gpio\(line)/pull")
  }

  func pulled(_ line: Int) throws -> String { try Files.text("\(lines)/sim_gpio\(line)/pull") }

  /// The level of the wire.
  func isHigh(_ line: Int) throws -> Bool { try Files.text("\(lines)/sim_gpio\(line)/value") == "1" }
}

/// The kernel's i2c-stub: an SMBus adapter with chips of 256 registers, which keep what is written into them.
enum StubAdapter {
  static let path = "/dev/i2c-0"
  static let chips: [Int32] = [0x40, 0x50, 0x51, 0x76]

  /// - Parameter functions: bits of I2C_FUNCS that it has; `nil`: all that it can.
  static func plugIn(functions: String? = nil) throws {
    let addresses = chips.map(hex).joined(separator: ",")
    try shell("insmod /modules/i2c-stub.ko chip_addr=\(addresses)" + (functions.map { " functionality=\($0)" } ?? ""))
    try eventually("\(path) exists") { Files.exists(path) }
  }

  /// Refused by the kernel while somebody has the adapter open.
  static func pullOut() throws { try shell("rmmod i2c_stub") }

  /// Gives a chip a driver of the kernel.
  static func bind(_ driver: String, _ address: Int32) throws {
    try Files.write("\(driver) \(hex(address))", to: "/sys/bus/i2c/devices/i2c-0/new_device")
  }

  static func unbind(_ address: Int32) throws {
    try Files.write(hex(address), to: "/sys/bus/i2c/devices/i2c-0/delete_device")
  }

  /// A register as another program reads it.
  static func register(_ address: Int32, _ register: Int) throws -> Int {
    let text = try shell("i2cget -f -y 0 \(hex(address)) \(hex(register)) b")
    guard text.hasPrefix("0x"), let value = Int(text.dropFirst(2), radix: 16) else {
      throw Wrong(description: "i2cget: \(text)")
    }
    return value
  }

  static func setRegister(_ address: Int32, _ register: Int, _ value: Int) throws {
    try shell("i2cset -f -y 0 \(hex(address)) \(hex(register)) \(hex(value)) b")
  }
}
