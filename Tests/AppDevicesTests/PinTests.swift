import CDevices
import Glibc
import Linux
import PythonPeer
import Synchronization
import Testing

@testable import AppDevices

@Suite struct PinTests {
  let user = DeviceUser(app: "app")
  let other = DeviceUser(app: "other")

  @Test func pinsReadAndDrive() throws {
    let gpio = GPIO(.simulated(pinCount: 8))
    try gpio.configure(user, pin: 0, [.input, .pullUp])
    #expect(try gpio.read(user, pin: 0) == 1)
    try gpio.drive(0, false)
    #expect(try gpio.read(user, pin: 0) == 0)
    try gpio.drive(0, nil)
    #expect(try gpio.read(user, pin: 0) == 1)
    try gpio.configure(user, pin: 1, [.input, .activeLow, .pullUp])
    #expect(try gpio.read(user, pin: 1) == 0)
    try gpio.configure(user, pin: 2, [.output, .initiallyHigh])
    try gpio.configure(user, pin: 3, [.output, .activeLow])
    try gpio.write(user, pin: 3, true)
    #expect(try gpio.read(user, pin: 2) == 1)
    #expect(gpio.pins.map(\.isHigh) == [true, true, true, false])
    try gpio.write(user, pin: 3, false)
    #expect(gpio.pins[3] == GPIO.PinState(pin: 3, app: "app", flags: [.output, .activeLow], isHigh: true))
    #expect(throws: DeviceError(errno: EINVAL)) { try gpio.write(user, pin: 0, true) }
    #expect(throws: DeviceError(errno: EINVAL)) { try gpio.read(user, pin: 7) }
    #expect(throws: DeviceError(errno: EINVAL)) { try gpio.configure(user, pin: 8, .input) }
    #expect(throws: DeviceError(errno: EBUSY)) { try gpio.configure(other, pin: 0, .input) }
    #expect(throws: DeviceError(errno: EBUSY)) { try gpio.read(other, pin: 0) }
    gpio.release(user)
    try gpio.configure(other, pin: 0, .input)
    #expect(gpio.pins.count == 1)
  }

  @Test func flagsGoTogether() {
    let valid = (Int32(0)...300).filter { GPIO.Flags(rawValue: $0).isValid }
    #expect(valid.contains(1) && valid.contains(2) && valid.contains(3) && valid.contains(2 | 8 | 64))
    for flags: Int32 in [0, 4, 16, 1 | 4, 2 | 4 | 8, 1 | 16 | 32, 1 | 64 | 128, 256, 257, -1] {
      #expect(!GPIO.Flags(rawValue: flags).isValid, "\(flags)")
    }
  }

  @Test func waitsForEdges() throws {
    let gpio = GPIO(.simulated(pinCount: 8))
    let wakes = Mutex(0)
    let sleeper = DeviceUser(app: "sleeper") { wakes.withLock { $0 += 1 } }
    try gpio.configure(sleeper, pin: 4, .input)
    let high = try PinWait(gpio, sleeper, pin: 4, .high)
    let low = try PinWait(gpio, sleeper, pin: 4, .low)
    let any = try PinWait(gpio, sleeper, pin: 4, .any)
    #expect(try [high.isOver(), low.isOver(), any.isOver()] == [false, true, false])
    // A pulse that is over when somebody looks has been there.
    try gpio.drive(4, true)
    try gpio.drive(4, false)
    #expect(wakes.withLock { $0 } == 2)
    #expect(try [high.isOver(), any.isOver()] == [true, true])
  }

  /// There are no such devices here: what is asked for is an error, and nothing is held.
  @Test func missingDevices() throws {
    let gpio = GPIO(.chip(path: "/dev/gpiochip77"))
    #expect(throws: DeviceError(errno: ENODEV)) { try gpio.configure(user, pin: 0, .input) }
    #expect(!gpio.holds(0, user))
    let file = GPIO(.chip(path: "/dev/null"))
    #expect(throws: DeviceError(errno: ENODEV)) { try file.configure(user, pin: 0, [.output, .initiallyHigh]) }
    #expect(cdevices_gpio_get(-1) == -EBADF && cdevices_gpio_set(-1, 1) == -EBADF)
    let i2c = I2C([1: .adapter(path: "/dev/i2c-77"), 2: .adapter(path: "/dev/null")])
    for bus: Int32 in [0, 1, 2] {
      #expect(throws: DeviceError(errno: ENODEV)) {
        try i2c.read(user, bus: bus, address: 0x40, register: 0, count: 2)
      }
      #expect(throws: DeviceError(errno: ENODEV)) {
        try i2c.write(user, bus: bus, address: 0x40, register: 0, [1])
      }
      #expect(!i2c.holds(bus: bus, address: 0x40, user))
    }
    let pwm = PWM(.chip(path: "/sys/class/pwm/pwmchip77"))
    #expect(throws: DeviceError(errno: ENODEV)) { try pwm.set(user, channel: 0, hertz: 50, percent: 10) }
    let adc = ADC(.device(path: "/sys/bus/iio/devices/iio:device77"))
    #expect(throws: DeviceError(errno: ENODEV)) { try adc.read(0) }
    let uart = UART([0: .device(path: "/dev/ttyS99"), 1: .device(path: "/dev/null")])
    for port: Int32 in [0, 1, 2] {
      #expect(throws: DeviceError(errno: ENODEV)) { try uart.open(user, port: port, baud: 9600) }
    }
    let none = (GPIO(.none), PWM(.none), ADC(.none))
    #expect(throws: DeviceError(errno: ENODEV)) { try none.0.configure(user, pin: 0, .input) }
    #expect(throws: DeviceError(errno: ENODEV)) { try none.1.set(user, channel: 0, hertz: 1, percent: 1) }
    #expect(throws: DeviceError(errno: ENODEV)) { try none.2.readMillivolts(0) }
  }

  @Test func registersOfDevices() throws {
    let i2c = I2C([0: .simulated])
    #expect(throws: DeviceError(errno: EIO)) { try i2c.read(user, bus: 0, address: 0x48, register: 0, count: 1) }
    #expect(!i2c.holds(bus: 0, address: 0x48, user))
    try i2c.attach(bus: 0, address: 0x48, registers: [1, 2, 3])
    #expect(try i2c.read(user, bus: 0, address: 0x48, register: 1, count: 3) == [2, 3, 0])
    try i2c.write(user, bus: 0, address: 0x48, register: 255, [9, 8])
    #expect(i2c.registers(bus: 0, address: 0x48)?.first == 8 && i2c.registers(bus: 0, address: 0x48)?.last == 9)
    #expect(throws: DeviceError(errno: EBUSY)) { try i2c.read(other, bus: 0, address: 0x48, register: 0, count: 1) }
    i2c.release(user)
    #expect(try i2c.read(other, bus: 0, address: 0x48, register: 0, count: 256).count == 256)
    for (address, register, count) in [(128, 0, 1), (-1, 0, 1), (0x48, 256, 1), (0x48, 0, 0), (0x48, 0, 257)] {
      #expect(throws: DeviceError(errno: EINVAL)) {
        try i2c.read(other, bus: 0, address: Int32(address), register: Int32(register), count: count)
      }
    }
    i2c.detach(bus: 0, address: 0x48)
    #expect(throws: DeviceError(errno: EIO)) { try i2c.write(other, bus: 0, address: 0x48, register: 0, [0]) }
  }

  func read(_ uart: UART, _ handle: Int32, _ count: Int, by user: DeviceUser? = nil) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = try bytes.withUnsafeMutableBytes { try uart.read(user ?? self.user, handle, $0) }
    return Array(bytes.prefix(got))
  }

  @Test func simulatedPorts() throws {
    let uart = UART([0: .simulated, 1: .loopback])
    #expect(throws: DeviceError(errno: ENOTCONN)) { try uart.feed(0, [1]) }
    let handle = try uart.open(user, port: 0, baud: 115200)
    #expect(throws: DeviceError(errno: EBUSY)) { try uart.open(other, port: 0, baud: 9600) }
    #expect(throws: DeviceError(errno: EBADF)) { try read(uart, handle, 4, by: other) }
    #expect(throws: DeviceError(errno: EINVAL)) { try uart.open(user, port: 1, baud: 0) }
    #expect(try read(uart, handle, 4) == [])
    #expect(try uart.feed(0, Array("hello".utf8)) == 5)
    #expect(try read(uart, handle, 3) == Array("hel".utf8))
    #expect(try read(uart, handle, 9) == Array("lo".utf8))
    #expect(try uart.feed(0, [UInt8](repeating: 5, count: 5000)) == UART.receivedMax)
    #expect(uart.portStates[0] == UART.PortState(port: 0, app: "app", baud: 115200, overrunCount: 904))
    #expect(try Array("out".utf8).withUnsafeBytes { try uart.write(user, handle, $0) } == 3)
    #expect(uart.takeSent(0) == Array("out".utf8) && uart.takeSent(0) == [])
    for _ in 0..<3 {
      _ = try [UInt8](repeating: 7, count: 60000).withUnsafeBytes { try uart.write(user, handle, $0) }
    }
    #expect(uart.takeSent(0).count == UART.sentMax)
    let echo = try uart.open(user, port: 1, baud: 9600)
    #expect(try Array("echo".utf8).withUnsafeBytes { try uart.write(user, echo, $0) } == 4)
    #expect(try read(uart, echo, 10) == Array("echo".utf8))
    try uart.close(user, echo)
    #expect(throws: DeviceError(errno: EBADF)) { try uart.close(user, echo) }
    uart.release(user)
    _ = try uart.open(other, port: 0, baud: 9600)
    #expect(try read(uart, 0, 10, by: other) == [])
  }

  /// A serial line of the kernel, with a peer at its other end.
  @Test func realPort() throws {
    let peer = try PythonPeer(
      """
      import os, sys
      controller, line = os.openpty()
      print(os.ttyname(line))
      sys.stdin.readline()
      os.write(controller, bytes([0, 3, 10, 13, 17, 19, 4, 127, 255]))
      got = b""
      while len(got) < 9:
          got += os.read(controller, 64)
      print(got.hex())
      sys.stdin.readline()
      """)
    defer { peer.stop() }
    let path = try peer.readLine()
    let uart = UART([3: .device(path: path)])
    let handle = try uart.open(user, port: 3, baud: 74880)
    #expect(try read(uart, handle, 8) == [])
    // Bytes that a terminal would change go through as they are.
    let bytes: [UInt8] = [0, 3, 10, 13, 17, 19, 4, 127, 255]
    try peer.write("go\n")
    var got: [UInt8] = []
    let isDone = ScreenTests.wait {
      got += (try? read(uart, handle, 64)) ?? []
      return got.count >= bytes.count
    }
    #expect(isDone && got == bytes)
    #expect(try bytes.withUnsafeBytes { try uart.write(user, handle, $0) } == bytes.count)
    #expect(try peer.readLine() == "00030a0d1113047fff")
    // The kernel keeps the speed, also one that is not of the usual ones.
    let line = try OpenDevice(path, O_RDWR | O_NOCTTY | O_NONBLOCK)
    #expect(cdevices_serial_speed(line.raw) == 74880)
    #expect(throws: DeviceError(errno: ENOTSUP)) { try uart.feed(3, [1]) }
    // A line that has gone is not a quiet one.
    try peer.write("end\n")
    let isGone = ScreenTests.wait {
      do { _ = try read(uart, handle, 8) } catch { return error as? DeviceError == DeviceError(errno: EIO) }
      return false
    }
    #expect(isGone)
    try uart.close(user, handle)
    #expect(throws: DeviceError(errno: ENODEV)) { try uart.open(user, port: 3, baud: 9600) }
  }

  @Test func pulses() throws {
    let pwm = PWM(.simulated(channelCount: 2))
    try pwm.set(user, channel: 1, hertz: 1000, percent: 25)
    #expect(throws: DeviceError(errno: EBUSY)) { try pwm.set(other, channel: 1, hertz: 1, percent: 1) }
    #expect(throws: DeviceError(errno: EBUSY)) { try pwm.disable(other, channel: 1) }
    for (channel, hertz, percent) in [(2, 1, 1), (-1, 1, 1), (0, 0, 1), (0, 10_000_001, 1), (0, 1, 101), (0, 1, -1)] {
      #expect(throws: DeviceError(errno: EINVAL)) {
        try pwm.set(user, channel: Int32(channel), hertz: Int32(hertz), percent: Int32(percent))
      }
    }
    try pwm.disable(user, channel: 1)
    #expect(
      pwm.channelStates == [PWM.ChannelState(channel: 1, app: "app", hertz: 1000, percent: 25, isOn: false)])
    pwm.release(user)
    #expect(pwm.channelStates.isEmpty)
  }

  @Test func pulsesOfTheKernel() throws {
    let root = try Folder()
    try root.write("pwmchip0/export", "")
    try root.write("pwmchip0/unexport", "")
    for name in ["period", "duty_cycle", "enable"] { try root.write("pwmchip0/pwm2/\(name)", "0") }
    let pwm = PWM(.chip(path: root.path + "/pwmchip0"))
    try pwm.set(user, channel: 2, hertz: 50, percent: 75)
    // The files keep the last write from their beginning, as long as it is.
    #expect(try root.read("pwmchip0/pwm2/period") == "20000000")
    #expect(try root.read("pwmchip0/pwm2/duty_cycle") == "15000000")
    #expect(try root.read("pwmchip0/pwm2/enable") == "1")
    #expect(throws: DeviceError(errno: ENODEV)) { try pwm.set(user, channel: 1, hertz: 50, percent: 75) }
    #expect(try root.read("pwmchip0/export") == "1")
    pwm.release(user)
    #expect(try root.read("pwmchip0/pwm2/enable") == "0")
    #expect(try root.read("pwmchip0/unexport") == "2")
  }

  @Test func voltages() throws {
    let adc = ADC(.simulated(channelCount: 4))
    #expect(try adc.read(0) == 0)
    try adc.set(3, millivolts: 1650)
    #expect(try adc.readMillivolts(3) == 1650)
    #expect(try adc.read(3) == 2048)
    try adc.set(3, millivolts: 3300)
    #expect(try adc.read(3) == 4095)
    #expect(throws: DeviceError(errno: EINVAL)) { try adc.read(4) }
    #expect(throws: DeviceError(errno: EINVAL)) { try adc.set(0, millivolts: 3301) }
    let root = try Folder()
    try root.write("in_voltage1_raw", "1000")
    try root.write("in_voltage_scale", "0.805664062")
    let real = ADC(.device(path: root.path))
    #expect(try real.readMillivolts(1) == 806)
    #expect(try real.read(1) == 1000)
    #expect(throws: DeviceError(errno: ENODEV)) { try real.read(0) }
  }
}

/// A folder with files that is gone with the test.
final class Folder {
  let path: String

  init() throws {
    path = "/tmp/aether-devices-\(UInt32.random(in: 0 ... .max))"
    try Files.makeDirectory(path)
  }

  func write(_ name: String, _ text: String) throws {
    if let slash = name.lastIndex(of: "/") { try Files.makeDirectories("\(path)/\(name[..<slash])") }
    try Files.replace("\(path)/\(name)", with: Array(text.utf8))
  }

  func read(_ name: String) throws -> String { try Files.text("\(path)/\(name)") }

  deinit { _ = try? Files.removeTree(path) }
}
