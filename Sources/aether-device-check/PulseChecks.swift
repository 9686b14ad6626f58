import AppDevices
import Glibc
import Linux

private let app = DeviceUser(app: "pulse-app")

/// PWM against the kernel's driver of the PCA9685, whose registers are i2c-stub's.
let pulseChecks: [Check] = [
  Check("pwm: period and duty reach the chip") {
    let (chip, devices) = try pulses()
    try devices.pwm.set(app, channel: 2, hertz: 50, percent: 75)
    try equal(file(chip, 2, "period"), "20000000", "period")
    try equal(file(chip, 2, "duty_cycle"), "15000000", "duty")
    try equal(file(chip, 2, "enable"), "1", "enable")
    // 25 MHz / 4096 / 50 Hz - 1; 4096 steps of a period.
    try equal(StubAdapter.register(0x40, 0xFE), 121, "divider")
    try equal(offStep(2), 3072, "step of the end of a pulse")
    // To shorter and to longer periods, without a pause at 0.
    for (hertz, percent, step) in [(Int32(200), Int32(50), 2048), (1000, 100, nil), (60, 25, 1024)] as [(_, _, Int?)] {
      try devices.pwm.set(app, channel: 2, hertz: hertz, percent: percent)
      try equal(file(chip, 2, "period"), "\(1_000_000_000 / hertz)", "period of \(hertz) Hz")
      if let step { try equal(offStep(2), step, "end of a pulse at \(hertz) Hz, \(percent) %") }
    }
    try devices.pwm.disable(app, channel: 2)
    try equal(file(chip, 2, "enable"), "0", "enable")
    try expect(StubAdapter.register(0x40, 0x06 + 4 * 2 + 3) & 0x10 != 0, "the chip's output is off")
    devices.release(app)
    try expect(!Files.exists("\(chip)/pwm2"), "the channel is given back")
  },
  Check("pwm: channels and rates that there are not") {
    let (chip, devices) = try pulses()
    try refused(ENODEV, "channel 99") { try devices.pwm.set(app, channel: 99, hertz: 50, percent: 10) }
    try refused(EINVAL, "a rate that the chip does not have") {
      try devices.pwm.set(app, channel: 1, hertz: 100_000, percent: 10)
    }
    try expect(!Files.exists("\(chip)/pwm1"), "a refused channel is not kept")
    try expect(!devices.pwm.holds(1, app), "a refused channel is not held")
  },
  Check("pwm: a chip that goes while an app has a channel") {
    let (_, devices) = try pulses()
    try devices.pwm.set(app, channel: 0, hertz: 50, percent: 10)
    try StubAdapter.unbind(0x40)
    try refused(ENODEV, "another rate") { try devices.pwm.set(app, channel: 0, hertz: 60, percent: 10) }
    try refused(ENODEV, "switching it off") { try devices.pwm.disable(app, channel: 0) }
    devices.release(app)
  },
]

private func pulses() throws -> (chip: String, Devices) {
  try StubAdapter.plugIn()
  try StubAdapter.bind("pca9685", 0x40)
  guard let name = try Files.names(in: "/sys/class/pwm").first else { throw Wrong(description: "no chip") }
  var options = DeviceOptions()
  options.pwm = .chip(path: "/sys/class/pwm/\(name)")
  return ("/sys/class/pwm/\(name)", Devices(options))
}

private func file(_ chip: String, _ channel: Int, _ name: String) throws -> String {
  try Files.text("\(chip)/pwm\(channel)/\(name)")
}

/// LEDn_OFF of the PCA9685: where in a period of 4096 steps the pulse ends.
private func offStep(_ channel: Int) throws -> Int {
  let low = try StubAdapter.register(0x40, 0x06 + 4 * channel + 2)
  return try StubAdapter.register(0x40, 0x06 + 4 * channel + 3) << 8 | low
}
