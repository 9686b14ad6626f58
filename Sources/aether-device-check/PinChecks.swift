import AppDevices
import Glibc
import Linux

private func pins(_ path: String) -> Devices {
  var options = DeviceOptions()
  options.gpio = .chip(path: path)
  return Devices(options)
}

private let app = DeviceUser(app: "pin-app")
private let other = DeviceUser(app: "other-app")

/// GPIO against gpio-sim.
let pinChecks: [Check] = [
  Check("gpio: inputs follow the wire") {
    let chip = try SimulatedChip("inputs", lineCount: 8)
    let devices = pins(chip.path)
    try devices.gpio.configure(app, pin: 3, .input)
    try devices.gpio.configure(app, pin: 4, [.input, .activeLow])
    for isHigh in [true, false, true] {
      try chip.pull(3, isHigh)
      try chip.pull(4, isHigh)
      try equal(devices.gpio.read(app, pin: 3), isHigh ? 1 : 0, "pin 3 when the wire is high: \(isHigh)")
      try equal(devices.gpio.read(app, pin: 4), isHigh ? 0 : 1, "pin 4, active low, when the wire is high: \(isHigh)")
      try equal(devices.gpio.pins.map(\.isHigh), [isHigh, isHigh], "levels that the host sees")
    }
    try refused(EINVAL, "a write to an input") { try devices.gpio.write(app, pin: 3, true) }
  },
  Check("gpio: the app's resistors reach the chip") {
    let chip = try SimulatedChip("bias", lineCount: 4)
    let devices = pins(chip.path)
    try devices.gpio.configure(app, pin: 0, [.input, .pullUp])
    try equal(chip.pulled(0), "pull-up", "the line")
    try equal(devices.gpio.read(app, pin: 0), 1, "the pin")
    try devices.gpio.configure(app, pin: 0, [.input, .pullDown])
    try equal(chip.pulled(0), "pull-down", "the line")
    try equal(devices.gpio.read(app, pin: 0), 0, "the pin")
  },
  Check("gpio: outputs drive the wire") {
    let chip = try SimulatedChip("outputs", lineCount: 4)
    let devices = pins(chip.path)
    try devices.gpio.configure(app, pin: 0, [.output, .initiallyHigh])
    try devices.gpio.configure(app, pin: 1, [.output, .initiallyLow])
    try devices.gpio.configure(app, pin: 2, [.output, .initiallyHigh, .activeLow])
    try equal((0..<3).map(chip.isHigh), [true, false, true], "wires at the beginning")
    try equal((0..<3).map { try devices.gpio.read(app, pin: $0) }, [1, 0, 0], "pins at the beginning")
    for pin: Int32 in 0..<3 { try devices.gpio.write(app, pin: pin, true) }
    try equal((0..<3).map(chip.isHigh), [true, true, false], "wires of active pins")
    for pin: Int32 in 0..<3 { try devices.gpio.write(app, pin: pin, false) }
    try equal((0..<3).map(chip.isHigh), [false, false, true], "wires of inactive pins")
    try equal(devices.gpio.pins.map(\.isHigh), [false, false, true], "levels that the host sees")
    try devices.gpio.configure(app, pin: 0, .input)
    try chip.pull(0, true)
    try equal(devices.gpio.read(app, pin: 0), 1, "the output as an input")
  },
  Check("gpio: edges wake, also when they are over") {
    let chip = try SimulatedChip("edges", lineCount: 4)
    let devices = pins(chip.path)
    try devices.gpio.configure(app, pin: 1, .input)
    try devices.gpio.configure(app, pin: 2, [.input, .activeLow])
    try chip.pull(2, true)
    do {
      let rise = try PinWait(devices.gpio, app, pin: 1, .high)
      let change = try PinWait(devices.gpio, app, pin: 1, .any)
      let active = try PinWait(devices.gpio, app, pin: 2, .high)
      try expect(!rise.isOver() && !change.isOver() && !active.isOver(), "nothing has happened")
      try expect(shell("cat /proc/interrupts").contains("pin-app"), "the kernel watches the line")
      try chip.pull(1, true)
      try chip.pull(1, false)
      try eventually("a rise that is over is seen") { try rise.isOver() }
      try eventually("a change that is over is seen") { try change.isOver() }
      try expect(!active.isOver(), "another pin")
      try chip.pull(2, false)
      try chip.pull(2, true)
      try eventually("a wire that was low for a moment has been active") { try active.isOver() }
      try equal(devices.gpio.read(app, pin: 1), 0, "the pin")
    }
    try expect(!shell("cat /proc/interrupts").contains("pin-app"), "the kernel watches no line that nobody waits for")
    try chip.pull(1, true)
    try equal(devices.gpio.read(app, pin: 1), 1, "the pin after the wait")
    try chip.pull(1, false)
    let next = try PinWait(devices.gpio, app, pin: 1, .high)
    try expect(!next.isOver(), "what was before the wait does not count")
    try devices.gpio.configure(app, pin: 3, .output)
    let output = try PinWait(devices.gpio, app, pin: 3, .high)
    try devices.gpio.write(app, pin: 3, true)
    try expect(output.isOver(), "the level of an output")
  },
  Check("gpio: lines that are absent or taken") {
    let chip = try SimulatedChip("taken", lineCount: 4)
    let (devices, rival) = (pins(chip.path), pins(chip.path))
    try refused(EINVAL, "line 4 of 4") { try devices.gpio.configure(app, pin: 4, .input) }
    try refused(ENODEV, "a chip that there is not") { try pins("/dev/gpiochip9").gpio.configure(app, pin: 0, .input) }
    try rival.gpio.configure(other, pin: 0, .output)
    try refused(EBUSY, "a line of another program") { try devices.gpio.configure(app, pin: 0, .input) }
    try expect(!devices.gpio.holds(0, app), "a refused line is not held")
    try devices.gpio.configure(app, pin: 1, .input)
    try refused(EBUSY, "a line of another app") { try devices.gpio.configure(other, pin: 1, .input) }
    rival.release(other)
    try devices.gpio.configure(app, pin: 0, .output)
    devices.release(app)
    try rival.gpio.configure(other, pin: 0, .input)
    rival.release(other)
  },
  Check("gpio: a chip that goes while an app has its lines") {
    let chip = try SimulatedChip("removed", lineCount: 4)
    let devices = pins(chip.path)
    try devices.gpio.configure(app, pin: 0, .input)
    try devices.gpio.configure(app, pin: 1, [.output, .initiallyHigh])
    let wait = try PinWait(devices.gpio, app, pin: 0, .high)
    try chip.pullOut()
    try refused(ENODEV, "a read") { _ = try devices.gpio.read(app, pin: 0) }
    try refused(ENODEV, "a write") { try devices.gpio.write(app, pin: 1, false) }
    try refused(ENODEV, "a wait") { _ = try wait.isOver() }
    try equal(devices.gpio.pins.count, 2, "pins that the host sees")
    try refused(ENODEV, "another configuration") { try devices.gpio.configure(app, pin: 0, .input) }
    try chip.plugIn()
    try refused(ENODEV, "a line of the chip that has gone") { try devices.gpio.write(app, pin: 1, false) }
    try devices.gpio.configure(app, pin: 1, [.output, .initiallyHigh])
    try expect(chip.isHigh(1), "the new chip's wire")
  },
]
