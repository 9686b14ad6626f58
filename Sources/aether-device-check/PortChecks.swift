import AppDevices
import Glibc
import Linux

private let app = DeviceUser(app: "port-app")
private let other = DeviceUser(app: "other-app")

private func ports() -> Devices {
  var options = DeviceOptions()
  options.uart = [1: .device(path: "/dev/ttyS1"), 2: .device(path: "/dev/ttyS2")]
  return Devices(options)
}

/// UART against the kernel's driver of the 16550. The machine joins its second and its third port.
let portChecks: [Check] = [
  Check("uart: two ports with a cable between them") {
    let uart = ports().uart
    let first = try uart.open(app, port: 1, baud: 115200)
    let second = try uart.open(other, port: 2, baud: 115200)
    let bytes = (0..<512).map { UInt8(truncatingIfNeeded: $0) }
    try send(uart, app, first, bytes)
    try equal(receive(uart, other, second, bytes.count), bytes, "bytes of the first port")
    try send(uart, other, second, Array("back\r\n".utf8))
    try equal(receive(uart, app, first, 6), Array("back\r\n".utf8), "bytes of the second port")
    try uart.close(app, first)
    try uart.close(other, second)
  },
  Check("uart: speeds that the hardware does not have") {
    let uart = ports().uart
    try refused(EINVAL, "4 Mbit/s") { _ = try uart.open(app, port: 1, baud: 4_000_000) }
    let handle = try uart.open(app, port: 1, baud: 9600)
    try expect(shell("stty -F /dev/ttyS1").contains("speed 9600 baud"), "9600 baud")
    try uart.close(app, handle)
    try refused(ENODEV, "a port without hardware") {
      var options = DeviceOptions()
      options.uart = [3: .device(path: "/dev/ttyS3")]
      _ = try Devices(options).uart.open(app, port: 3, baud: 9600)
    }
  },
  Check("uart: what another program has left on the line") {
    let uart = ports().uart
    // The settings are the line's as long as somebody has it open.
    let keeper = try FileDescriptor.open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_NONBLOCK)
    try shell("stty -F /dev/ttyS1 crtscts parenb parodd cstopb ixon ixoff ixany inpck inlcr igncr icrnl echo icanon")
    let handle = try uart.open(app, port: 1, baud: 115200)
    let settings = try shell("stty -a -F /dev/ttyS1").split(whereSeparator: \.isWhitespace)
    for name in ["crtscts", "parenb", "cstopb", "ixon", "ixoff", "ixany", "inpck", "icrnl", "echo", "icanon", "opost"] {
      try expect(settings.contains { $0 == "-\(name)" || $0 == "-\(name);" }, "\(name) is off")
    }
    try uart.close(app, handle)
    withExtendedLifetime(keeper) {}
  },
  Check("uart: a port that goes while an app has it") {
    let uart = ports().uart
    let handle = try uart.open(app, port: 1, baud: 115200)
    try equal(receive(uart, app, handle, 0), [], "bytes of a quiet line")
    let device = try shell("readlink -f /sys/class/tty/ttyS1/device")
    guard let name = device.split(separator: "/").last else { throw Wrong(description: device) }
    try Files.write(String(name), to: "\(device)/driver/unbind")
    try refused(EIO, "a read") {
      _ = try readOnce(uart, app, handle, 16)
    }
    try refused(EIO, "a write") { try send(uart, app, handle, [1]) }
    try uart.close(app, handle)
  },
]

private func send(_ uart: UART, _ user: DeviceUser, _ handle: Int32, _ bytes: [UInt8]) throws {
  var sent = 0
  try eventually("all bytes are sent") {
    sent += try bytes[sent...].withUnsafeBytes { try uart.write(user, handle, $0) }
    return sent == bytes.count
  }
}

private func readOnce(_ uart: UART, _ user: DeviceUser, _ handle: Int32, _ count: Int) throws -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  let got = try bytes.withUnsafeMutableBytes { try uart.read(user, handle, $0) }
  return Array(bytes[..<got])
}

private func receive(_ uart: UART, _ user: DeviceUser, _ handle: Int32, _ count: Int) throws -> [UInt8] {
  var bytes: [UInt8] = []
  try eventually("\(count) bytes have come") {
    bytes += try readOnce(uart, user, handle, 64)
    return bytes.count >= count
  }
  return bytes
}
