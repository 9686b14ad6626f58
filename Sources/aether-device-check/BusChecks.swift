import AppDevices
import Glibc
import Linux
import Synchronization

private let app = DeviceUser(app: "bus-app")
private let other = DeviceUser(app: "other-app")

/// What two threads count.
private final class Tally: Sendable {
  let mixed = Mutex(0)
  let ended = Mutex(0)
}

private func bus() -> Devices {
  var options = DeviceOptions()
  options.i2c = [1: .adapter(path: StubAdapter.path)]
  return Devices(options)
}

/// I2C against i2c-stub.
let busChecks: [Check] = [
  Check("i2c: registers of a device") {
    try StubAdapter.plugIn()
    try registers()
  },
  Check("i2c: registers of a device through an adapter that moves single bytes") {
    // I2C_FUNC_SMBUS_BYTE_DATA
    try StubAdapter.plugIn(functions: "0x180000")
    try registers()
  },
  Check("i2c: an adapter that cannot reach registers") {
    // I2C_FUNC_SMBUS_QUICK
    try StubAdapter.plugIn(functions: "0x10000")
    let devices = bus()
    try refused(ENOTSUP, "a read") { _ = try devices.i2c.read(app, bus: 1, address: 0x50, register: 0, count: 1) }
  },
  Check("i2c: a device that does not answer") {
    try StubAdapter.plugIn()
    let devices = bus()
    try refused(EIO, "a read") { _ = try devices.i2c.read(app, bus: 1, address: 0x33, register: 0, count: 1) }
    try refused(EIO, "a write") { try devices.i2c.write(app, bus: 1, address: 0x33, register: 0, [1, 2]) }
    try expect(!devices.i2c.holds(bus: 1, address: 0x33, app), "it is not held")
    try refused(ENODEV, "a bus that there is not") {
      _ = try devices.i2c.read(app, bus: 2, address: 0x50, register: 0, count: 1)
    }
  },
  Check("i2c: apps at two devices of one adapter do not meet") {
    try StubAdapter.plugIn()
    let devices = bus()
    let tally = Tally()
    for (user, address, value) in [(app, Int32(0x50), UInt8(0x11)), (other, 0x51, 0x22)] {
      try devices.i2c.write(user, bus: 1, address: address, register: 0, [UInt8](repeating: value, count: 64))
      try Thread.start(name: "bus-\(address)") { [i2c = devices.i2c] in
        for _ in 0..<3000 {
          let bytes = try? i2c.read(user, bus: 1, address: address, register: 0, count: 8)
          if bytes != [UInt8](repeating: value, count: 8) { tally.mixed.withLock { $0 += 1 } }
        }
        tally.ended.withLock { $0 += 1 }
      }
    }
    try eventually("both have ended") { tally.ended.withLock { $0 } == 2 }
    try equal(tally.mixed.withLock { $0 }, 0, "reads that saw the other device")
  },
  Check("i2c: a device that a driver of the kernel has") {
    try StubAdapter.plugIn()
    let devices = bus()
    try StubAdapter.bind("pca9685", 0x40)
    try refused(EBUSY, "a read") { _ = try devices.i2c.read(app, bus: 1, address: 0x40, register: 0, count: 1) }
    try refused(EBUSY, "a write") { try devices.i2c.write(app, bus: 1, address: 0x40, register: 0, [1]) }
    try StubAdapter.unbind(0x40)
    _ = try devices.i2c.read(app, bus: 1, address: 0x40, register: 0, count: 1)
  },
  Check("i2c: an adapter that goes while an app has a device") {
    try StubAdapter.plugIn()
    let devices = bus()
    try devices.i2c.write(app, bus: 1, address: 0x50, register: 0, [7])
    // The kernel waits for everybody who has an adapter open, which nobody has between transfers.
    try StubAdapter.pullOut()
    try refused(ENODEV, "a read") { _ = try devices.i2c.read(app, bus: 1, address: 0x50, register: 0, count: 1) }
    try expect(devices.i2c.holds(bus: 1, address: 0x50, app), "it is still the app's")
    try StubAdapter.plugIn()
    try equal(devices.i2c.read(app, bus: 1, address: 0x50, register: 0, count: 1), [0], "the new adapter's register")
  },
]

/// Writes and reads, one byte and many, and compares with what another program finds there.
private func registers() throws {
  let i2c = bus().i2c
  try i2c.write(app, bus: 1, address: 0x50, register: 0x10, [0xA5])
  try equal(StubAdapter.register(0x50, 0x10), 0xA5, "register 0x10")
  try StubAdapter.setRegister(0x50, 0x11, 0x5A)
  try equal(i2c.read(app, bus: 1, address: 0x50, register: 0x10, count: 3), [0xA5, 0x5A, 0], "three registers")
  let many = (0..<100).map { UInt8($0) ^ 0x80 }
  try i2c.write(app, bus: 1, address: 0x51, register: 0x40, many)
  for offset in [0, 31, 32, 33, 63, 64, 99] {
    try equal(StubAdapter.register(0x51, 0x40 + offset), Int(many[offset]), "register \(0x40 + offset)")
  }
  try equal(i2c.read(app, bus: 1, address: 0x51, register: 0x40, count: 100), many, "100 registers")
  let whole = try i2c.read(app, bus: 1, address: 0x51, register: 0, count: 256)
  try equal(Array(whole[0x40..<0x40 + 100]), many, "all registers")
  try equal(StubAdapter.register(0x50, 0x40), 0, "the other device")
}
