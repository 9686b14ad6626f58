import AppDevices
import Glibc
import Linux

private let app = DeviceUser(app: "sensor-app")
private let root = "/sys/bus/iio/devices"

/// Sensors and analogue inputs against iio_simple_dummy and the kernel's driver of the BMP280, whose registers are i2c-stub's.
let sensorChecks: [Check] = [
  Check("sensors: a pressure sensor whose registers an app has filled") {
    try StubAdapter.plugIn()
    var options = DeviceOptions()
    options.i2c = [0: .adapter(path: StubAdapter.path)]
    options.sensors = .files(root: root)
    let devices = Devices(options)
    // Calibration and measurement of the data sheet's example (BST-BMP280-DS001, 3.12): 25.08 °C, 100,653 Pa.
    let calibration: [Int] = [27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000]
    let bytes = calibration.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    try devices.i2c.write(app, bus: 0, address: 0x76, register: 0xD0, [0x58])
    try devices.i2c.write(app, bus: 0, address: 0x76, register: 0x88, bytes)
    for (register, value) in [(Int32(0xF7), 415148), (0xFA, 519888)] {
      let measured = [UInt8(value >> 12), UInt8(value >> 4 & 255), UInt8(value << 4 & 255)]
      try devices.i2c.write(app, bus: 0, address: 0x76, register: register, measured)
    }
    devices.release(app)
    try equal(devices.sensors.read(channel: 13), Sensors.noValue, "temperature without a sensor")
    try StubAdapter.bind("bmp280", 0x76)
    try eventually("the kernel's driver has the sensor") { devices.sensors.read(.temperature) != nil }
    try equal(devices.sensors.read(channel: 13), 25080, "temperature in thousandths of a degree")
    try equal(devices.sensors.read(channel: 14), 100653, "pressure in pascals")
    try expect((56_000...56_200).contains(devices.sensors.read(channel: 23)), "altitude in millimetres")
    try equal(devices.sensors.read(channel: 0), Sensors.noValue, "acceleration, which it does not measure")
    // The cable is pulled while it is read.
    try StubAdapter.unbind(0x76)
    try equal(devices.sensors.read(channel: 13), Sensors.noValue, "temperature of a sensor that has gone")
    try StubAdapter.bind("bmp280", 0x76)
    try eventually("the sensor is found again") { devices.sensors.read(.temperature) != nil }
  },
  Check("sensors and adc: the kernel's own example of a device") {
    try shell("mkdir /sys/kernel/config/iio/devices/dummy/example")
    guard let name = try Files.names(in: root).first(where: { $0.hasPrefix("iio:device") }) else {
      throw Wrong(description: "no device below \(root)")
    }
    var options = DeviceOptions()
    options.adc = .device(path: "\(root)/\(name)")
    options.sensors = .automatic(root: root, seed: 0)
    let devices = Devices(options)
    try equal(devices.sensors.read(channel: 0), 34_000, "acceleration")
    // Raw 73, offset 7, scale 0.001333: thousandths of a volt.
    try expect(abs((devices.sensors.read(.voltage) ?? 0) - 0.000_106_64) < 1e-9, "voltage with offset and scale")
    try equal(devices.adc.readMillivolts(0), 0, "millivolts of channel 0")
    try refused(ENODEV, "channel 7") { _ = try devices.adc.read(7) }
    try shell("rmdir /sys/kernel/config/iio/devices/dummy/example")
    try refused(ENODEV, "channel 0 of a device that has gone") { _ = try devices.adc.readMillivolts(0) }
    try equal(devices.sensors.read(channel: 0), Sensors.noValue, "acceleration of a device that has gone")
  },
]
