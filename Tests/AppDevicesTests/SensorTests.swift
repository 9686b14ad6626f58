import Glibc
import PythonPeer
import Testing

@testable import AppDevices

@Suite struct SensorTests {
  /// Files as drivers of the kernel have them.
  @Test func measuresWithTheKernel() throws {
    let root = try Folder()
    // An accelerometer with a scale for all axes, and an offset.
    try root.write("iio:device0/name", "lsm6ds3")
    try root.write("iio:device0/in_accel_x_raw", "-8192\n")
    try root.write("iio:device0/in_accel_y_raw", "0\n")
    try root.write("iio:device0/in_accel_scale", "0.000598205\n")
    try root.write("iio:device0/in_accel_y_offset", "100\n")
    try root.write("iio:device0/in_anglvel_z_raw", "1000")
    try root.write("iio:device0/in_anglvel_z_scale", "0.000152716")
    // Climate, processed by its driver: thousandths of degrees and percent, kilopascals.
    try root.write("iio:device1/in_temp_input", "23450")
    try root.write("iio:device1/in_humidityrelative_input", "41234")
    try root.write("iio:device1/in_pressure_input", "98.765432")
    // A current monitor: millivolts, milliamperes, milliwatts.
    try root.write("iio:device2/in_voltage1_raw", "1250")
    try root.write("iio:device2/in_voltage1_scale", "4")
    try root.write("iio:device2/in_current0_raw", "-150")
    try root.write("iio:device2/in_power0_raw", "nothing")
    let sensors = Sensors(.files(root: root.path))
    #expect(sensors.read(channel: 0) == -4900)
    #expect(sensors.read(channel: 1) == 60)
    #expect(sensors.read(channel: 6) == 153)
    #expect(sensors.read(channel: 13) == 23450)
    #expect(sensors.read(channel: 16) == 41234)
    #expect(sensors.read(channel: 14) == 98765)
    #expect(abs(sensors.read(channel: 23) - 215_490) < 2000)
    #expect(sensors.read(channel: 33) == 5000)
    #expect(sensors.read(channel: 35) == -150)
    for channel: Int32 in [2, 3, 36, 4, -1, 1000, .max, .min] {
      #expect(sensors.read(channel: channel) == Sensors.noValue, "\(channel)")
    }
    // Values change, and devices go.
    try root.write("iio:device1/in_temp_input", "-5000")
    #expect(sensors.read(channel: 13) == -5000)
    try root.write("iio:device1/in_temp_input", "1e300")
    #expect(sensors.read(channel: 13) == Sensors.noValue)
    unlink("\(root.path)/iio:device1/in_temp_input")
    try root.write("iio:device3/in_temp_raw", "100")
    try root.write("iio:device3/in_temp_offset", "50")
    try root.write("iio:device3/in_temp_scale", "10")
    #expect(sensors.read(channel: 13) == 1500)
    sensors.set(.temperature, 7.25)
    #expect(sensors.read(channel: 13) == 7250)
    sensors.set(.temperature, nil)
    #expect(sensors.read(channel: 13) == 1500)
    // A machine with devices uses them.
    #expect(Sensors(.automatic(root: root.path, seed: 1)).read(channel: 13) == 1500)
  }

  @Test func simulates() {
    let sensors = Sensors(.automatic(root: "/nowhere", seed: 3))
    for channel in Sensors.Channel.allCases {
      #expect(sensors.read(channel: channel.rawValue) != Sensors.noValue)
      #expect(Sensors.curve(channel, 3, 1000) == Sensors.curve(channel, 3, 1000))
      #expect(Sensors.curve(channel, 3, 1000) != Sensors.curve(channel, 4, 1000))
    }
    #expect((18_900...25_100).contains(sensors.read(channel: 13)))
    #expect(Sensors(.none).read(channel: 13) == Sensors.noValue)
  }

  @Test func batteries() throws {
    let root = try Folder()
    let battery = Battery(.files(root: root.path))
    #expect(throws: DeviceError(errno: ENODEV)) { try battery.status() }
    try root.write("AC/type", "Mains\n")
    try root.write("A0/type", "Battery\n")
    try root.write("A0/scope", "Device\n")
    try root.write("A0/capacity", "5\n")
    #expect(throws: DeviceError(errno: ENODEV)) { try battery.status() }
    try root.write("BAT0/type", "Battery\n")
    try root.write("BAT0/capacity", "80\n")
    try root.write("BAT0/status", "Discharging\n")
    try root.write("BAT0/voltage_now", "11904000\n")
    try root.write("BAT0/current_now", "1234567\n")
    #expect(
      try battery.status()
        == Battery.Status(percent: 80, isCharging: false, isLow: false, millivolts: 11904, milliamperes: -1235))
    try root.write("BAT0/status", "Charging\n")
    try root.write("BAT0/current_now", "-500000\n")
    try root.write("BAT0/capacity", "9\n")
    let status = try battery.status()
    #expect(status.bytes == [9, 3, 0, 0, 0x80, 0x2E, 0, 0, 0xF4, 1, 0, 0])
    battery.set(Battery.Status(percent: 1, isCharging: false, isLow: true, millivolts: -1, milliamperes: -2))
    #expect(try battery.status().bytes == [1, 2, 0, 0, 255, 255, 255, 255, 254, 255, 255, 255])
    battery.set(nil)
    #expect(throws: DeviceError(errno: ENODEV)) { try battery.status() }
  }

  /// Files of the kernel with anything in them.
  @Test func files() throws {
    var numbers = SeededNumbers.forTest("files")
    let root = try Folder()
    let sensors = Sensors(.files(root: root.path))
    let battery = Battery(.files(root: root.path))
    let texts = ["", "-", "nan", "inf", "1e999", "-1e18", "99999999999999999999", "0x10", "\n", "Battery", "1 2", "7"]
    let names = ["in_temp_raw", "in_temp_scale", "in_temp_offset", "in_temp_input"]
    let fields = ["type", "capacity", "voltage_now", "current_now"]
    for _ in 0..<400 {
      let text = texts.randomElement(using: &numbers) ?? ""
      let name = names.randomElement(using: &numbers) ?? ""
      try root.write("iio:device0/\(name)", text)
      let field = fields.randomElement(using: &numbers) ?? ""
      try root.write("BAT0/\(field)", texts.randomElement(using: &numbers) ?? "")
      _ = sensors.read(channel: 13)
      _ = try? battery.status()
    }
  }
}
