import Glibc
import Testing

@testable import AppDevices

@Suite struct HIDTests {
  let devices = Devices()
  let user = DeviceUser(app: "app")
  var hid: HID { devices.hid }

  func enable(_ transport: Int32 = 3, _ types: Int32 = 7) throws {
    try hid.configure(user, transport: transport, types: types)
    try hid.enable(user)
  }

  /// Reports since a number, with their id before the bytes.
  func sent(_ number: UInt64 = 1) -> [[UInt8]] { hid.reports(from: number).map { [$0.id] + $0.bytes } }

  @Test func keyboard() throws {
    try enable()
    try hid.press(user, key: 0x04)
    try hid.press(user, key: 0x04)
    try hid.press(user, key: 0xE1)
    try hid.press(user, key: 0x05)
    try hid.release(user, key: 0x04)
    try hid.set(user, modifiers: 0x81)
    try hid.releaseAllKeys(user)
    #expect(
      sent() == [
        [1, 0, 0, 4, 0, 0, 0, 0, 0], [1, 2, 0, 4, 0, 0, 0, 0, 0], [1, 2, 0, 4, 5, 0, 0, 0, 0],
        [1, 2, 0, 5, 0, 0, 0, 0, 0], [1, 0x81, 0, 5, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0],
      ])
    for key: Int32 in 0x10...0x15 { try hid.press(user, key: key) }
    #expect(throws: DeviceError(errno: ENOSPC)) { try hid.press(user, key: 0x20) }
    #expect(throws: DeviceError(errno: ENOSPC)) { try hid.type(user, "a") }
    for key: Int32 in [0, 3, 0xE8, -1, .max] {
      #expect(throws: DeviceError(errno: EINVAL)) { try hid.press(user, key: key) }
    }
  }

  @Test func types() throws {
    try enable()
    try hid.type(user, "aZ 0!\n~")
    let keys = sent().map { [$0[1], $0[3]] }
    let expected: [[UInt8]] = [[0, 4], [2, 0x1D], [0, 0x2C], [0, 0x27], [2, 0x1E], [0, 0x28], [2, 0x35]]
    #expect(keys == expected.flatMap { [$0, [0, 0]] })
    #expect(throws: DeviceError(errno: EINVAL)) { try hid.type(user, "naïve") }
    #expect(throws: DeviceError(errno: EINVAL)) { try hid.type(user, "") }
    #expect(hid.reports().count == 14)
    for code in UInt32(32)..<127 {
      let character = try #require(Unicode.Scalar(code))
      #expect(USKeyboard.key(for: character) != nil, "\(character)")
    }
    let all = (UInt32(32)..<127).compactMap { Unicode.Scalar($0).flatMap { USKeyboard.key(for: $0) } }
    #expect(Set(all.map { Int($0.usage) * 2 + ($0.isShifted ? 1 : 0) }).count == 95)
  }

  @Test func mouse() throws {
    try enable()
    try hid.moveMouse(user, 300, -5)
    try hid.setMouse(user, buttons: 1, true)
    try hid.scrollMouse(user, -200)
    try hid.setMouse(user, buttons: 1, false)
    #expect(
      sent() == [
        [2, 0, 127, 251, 0], [2, 0, 127, 0, 0], [2, 0, 46, 0, 0], [2, 1, 0, 0, 0], [2, 1, 0, 0, 129],
        [2, 1, 0, 0, 183], [2, 0, 0, 0, 0],
      ])
    #expect(throws: DeviceError(errno: EINVAL)) { try hid.moveMouse(user, .max, 0) }
    #expect(throws: DeviceError(errno: EINVAL)) { try hid.setMouse(user, buttons: 32, true) }
  }

  @Test func gamepad() throws {
    try enable()
    try hid.setGamepad(user, axis: 0, -2)
    try hid.setGamepad(user, axis: 5, 0x1234)
    try hid.setGamepad(user, buttons: 0x8001, true)
    try hid.setGamepad(user, hat: 8)
    try hid.setGamepad(user, buttons: 1, false)
    try hid.setGamepad(user, buttons: 3, axes: [1, 2, 3, 4, 5, 6], hat: 0)
    let axes: [UInt8] = [0xFE, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0]
    #expect(
      sent() == [
        [3] + axes + [0, 0, 0, 0, 0, 0], [3] + axes + [0x34, 0x12, 0, 0, 0, 0],
        [3] + axes + [0x34, 0x12, 1, 0x80, 0, 0], [3] + axes + [0x34, 0x12, 1, 0x80, 8, 0],
        [3] + axes + [0x34, 0x12, 0, 0x80, 8, 0], [3, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 3, 0, 0, 0],
      ])
    #expect(throws: DeviceError(errno: EINVAL)) { try hid.setGamepad(user, axis: 6, 0) }
    #expect(throws: DeviceError(errno: EINVAL)) { try hid.setGamepad(user, axis: 0, 40000) }
    #expect(throws: DeviceError(errno: EINVAL)) { try hid.setGamepad(user, hat: 9) }
  }

  @Test func otherReports() throws {
    try enable(2)
    try hid.sendConsumer(user, 0xE9)
    try hid.sendRaw(user, id: 9, [1, 2, 3])
    try hid.sendFIDO(user, [5])
    #expect(sent() == [[4, 0xE9, 0], [4, 0, 0], [9, 1, 2, 3], [0, 5] + [UInt8](repeating: 0, count: 63)])
    #expect(hid.reports().map(\.isFIDO) == [false, false, false, true])
    #expect(hid.reports().allSatisfy { $0.transport == .usb && $0.app == "app" })
    #expect(throws: DeviceError(errno: EMSGSIZE)) { try hid.sendRaw(user, id: 9, [UInt8](repeating: 0, count: 65)) }
    #expect(throws: DeviceError(errno: EINVAL)) { try hid.sendRaw(user, id: 256, [1]) }
    // The other direction.
    #expect(try hid.receive(user, isFIDO: false, countMax: 64) == nil)
    #expect(hid.deliver([1, 2, 3]) && hid.deliver([9], isFIDO: true))
    #expect(throws: DeviceError(errno: EMSGSIZE)) { try hid.receive(user, isFIDO: false, countMax: 2) }
    #expect(try hid.receive(user, isFIDO: false, countMax: 64) == [1, 2, 3])
    #expect(try hid.receive(user, isFIDO: true, countMax: 64) == [9])
    for _ in 0..<HID.queueMax { #expect(hid.deliver([1])) }
    #expect(!hid.deliver([1]) && !hid.deliver([]) && !hid.deliver([UInt8](repeating: 0, count: 65), isFIDO: true))
  }

  @Test func actions() throws {
    try enable()
    // Control and C, a media key, a click, a gamepad's button.
    let steps: [UInt8] = [1, 1, 6, 0, 2, 0, 0xCD, 0, 3, 2, 0, 0, 4, 0, 0x80, 0]
    try hid.register(user, action: "copy", steps)
    try hid.play(user, action: "copy")
    #expect(
      sent() == [
        [1, 1, 0, 6, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0], [4, 0xCD, 0], [4, 0, 0], [2, 2, 0, 0, 0],
        [2, 0, 0, 0, 0], [3] + [UInt8](repeating: 0, count: 12) + [0x80, 0, 0, 0],
        [3] + [UInt8](repeating: 0, count: 16),
      ])
    #expect(throws: DeviceError(errno: ENOENT)) { try hid.play(user, action: "paste") }
    for bytes: [UInt8] in [[], [1, 0, 6], [5, 0, 0, 0], [1, 0, 0, 1], [UInt8](repeating: 2, count: 36)] {
      #expect(throws: DeviceError(errno: EINVAL)) { try hid.register(user, action: "bad", bytes) }
    }
    #expect(throws: DeviceError(errno: EINVAL)) { try hid.register(user, action: "a name too long!", steps) }
    for index in 1..<HID.actionsMax { try hid.register(user, action: "\(index)", steps) }
    #expect(throws: DeviceError(errno: ENOSPC)) { try hid.register(user, action: "more", steps) }
    try hid.register(user, action: "copy", steps)
  }

  @Test func states() throws {
    let other = DeviceUser(app: "other")
    #expect(throws: DeviceError(errno: ENODEV)) { try hid.enable(user) }
    #expect(throws: DeviceError(errno: EINVAL)) { try hid.configure(user, transport: 4) }
    #expect(throws: DeviceError(errno: EINVAL)) { try hid.configure(user, types: 8) }
    #expect(throws: DeviceError(errno: EINVAL)) { try hid.configure(user, types: 0) }
    try hid.configure(user, types: 4)
    #expect(throws: DeviceError(errno: EBUSY)) { try hid.configure(other, types: 4) }
    #expect(throws: DeviceError(errno: ENODEV)) { try hid.enable(user) }
    try hid.configure(user, transport: 1)
    #expect(throws: DeviceError(errno: ENOTCONN)) { try hid.moveMouse(user, 1, 1) }
    try hid.enable(user)
    #expect(throws: DeviceError(errno: EBUSY)) { try hid.configure(user, transport: 2) }
    #expect(throws: DeviceError(errno: ENOTSUP)) { try hid.press(user, key: 4) }
    // One radio.
    #expect(throws: DeviceError(errno: EBUSY)) { try devices.ble.open(other) }
    #expect(throws: DeviceError(errno: EBUSY)) { try devices.ble.startScan(other, milliseconds: 100) }
    try hid.setMouse(user, buttons: 3, true)
    hid.setConnected(false)
    #expect(throws: DeviceError(errno: ENOTCONN)) { try hid.moveMouse(user, 1, 1) }
    hid.setConnected(true)
    try hid.setMouse(user, buttons: 2, true)
    // At the end nothing stays pressed, and everything is free.
    devices.release(user)
    #expect(sent().last == [2, 0, 0, 0, 0])
    #expect(hid.status == HID.Status(app: nil, transport: .none, types: .all, isEnabled: false, isConnected: false))
    try devices.ble.open(other)
    try hid.configure(user, transport: 1, types: 1)
    #expect(throws: DeviceError(errno: EBUSY)) { try hid.enable(user) }
    try hid.configure(user, transport: 3)
    try hid.enable(user)
  }

  @Test func keepsTheLastReports() throws {
    try enable()
    for _ in 0..<20 { try hid.scrollMouse(user, 32767) }
    let reports = hid.reports()
    #expect(reports.count == HID.reportsMax)
    let count: UInt64 = 20 * 259
    #expect(reports.last?.number == count)
    #expect(hid.reports(from: count).count == 1)
  }
}

@Suite struct BLETests {
  static let serviceText = "D5B1B7E2-7F5A-4EEF-8FD0-1A2B3C4D5E71"
  static let firstText = "d5b1b7e3-7f5a-4eef-8fd0-1a2b3c4d5e72"
  static let secondText = "d5b1b7e4-7f5a-4eef-8fd0-1a2b3c4d5e73"

  @Test func identifiers() throws {
    let uuid = try #require(UUID128(Self.serviceText))
    #expect(uuid.bytes.first == 0xD5 && uuid.bytes.last == 0x71)
    #expect(uuid.description == Self.serviceText.lowercased())
    let short = String(Self.serviceText.dropLast())
    for text in ["", "180f", short, short + "g", short + "é", Self.serviceText + "0"] {
      #expect(UUID128(text) == nil)
    }
  }

  /// A whole session with a central.
  @Test func session() throws {
    let devices = Devices()
    let ble = devices.ble
    let user = DeviceUser(app: "app")
    let other = DeviceUser(app: "other")
    #expect(throws: DeviceError(errno: ENODEV)) { try ble.setAdvertising(user, true) }
    try ble.open(user)
    try ble.open(user)
    #expect(throws: DeviceError(errno: EBUSY)) { try ble.open(other) }
    try ble.setName(user, "thermometer")
    #expect(throws: DeviceError(errno: EINVAL)) { try ble.setName(user, String(repeating: "x", count: 30)) }
    let service = try ble.makeService(user, Self.serviceText)
    let first = try ble.makeCharacteristic(user, Self.firstText, properties: 0x02 | 0x10, sizeMax: 8)
    let second = try ble.makeCharacteristic(user, Self.secondText, properties: 0x04 | 0x08, sizeMax: 64)
    for (properties, size): (Int32, Int32) in [(0, 8), (1, 8), (0x40, 8), (2, 0), (2, 65), (2, -1)] {
      #expect(throws: DeviceError(errno: EINVAL)) {
        try ble.makeCharacteristic(user, Self.firstText, properties: properties, sizeMax: size)
      }
    }
    try ble.add(user, characteristic: first, to: service)
    #expect(throws: DeviceError(errno: EALREADY)) { try ble.add(user, characteristic: first, to: service) }
    #expect(throws: DeviceError(errno: EINVAL)) { try ble.add(user, characteristic: 7, to: service) }
    try ble.add(user, characteristic: second, to: service)
    try ble.offer(user, service: service)
    #expect(throws: DeviceError(errno: EALREADY)) { try ble.offer(user, service: service) }
    try ble.advertise(user, service: service)
    #expect(ble.advertisement == nil)
    #expect(throws: BLE.CentralError.notAdvertised) { try ble.connect() }
    try ble.setAdvertising(user, true)

    let uuid = try #require(UUID128(Self.serviceText))
    let advertisement = try #require(ble.advertisement)
    #expect(advertisement.data == [2, 1, 6, 17, 7] + uuid.bytes.reversed())
    #expect(advertisement.response == [12, 9] + Array("thermometer".utf8))
    #expect(advertisement.data.count <= 31 && advertisement.response.count <= 31)

    try ble.connect()
    #expect(ble.advertisement == nil)
    #expect(try ble.isConnected(user))
    let offered = try ble.discover()
    #expect(offered.map(\.uuid) == [uuid])
    #expect(offered[0].characteristics.map(\.number) == [0, 1])
    let (a, b) = (offered[0].characteristics[0].uuid, offered[0].characteristics[1].uuid)
    // Values from the app.
    try ble.write(user, characteristic: first, [21])
    #expect(try ble.read(a) == [21])
    #expect(ble.takeNotifications().isEmpty)
    try ble.subscribe(a)
    try ble.write(user, characteristic: first, [22, 0])
    #expect(ble.takeNotifications() == [BLE.Notification(uuid: a, value: [22, 0], isIndication: false)])
    #expect(throws: DeviceError(errno: EMSGSIZE)) {
      try ble.write(user, characteristic: first, [UInt8](repeating: 0, count: 9))
    }
    #expect(throws: BLE.CentralError.notPermitted) { try ble.subscribe(b) }
    #expect(throws: BLE.CentralError.notPermitted) { try ble.read(b) }
    #expect(throws: BLE.CentralError.notPermitted) { try ble.write(a, [1]) }
    #expect(throws: BLE.CentralError.noCharacteristic) { try ble.read(uuid) }
    // Values from the central.
    try ble.write(b, [1, 2, 3])
    try ble.write(b, [], withResponse: false)
    #expect(try ble.read(user, characteristic: second, countMax: 64) == [])
    #expect(throws: BLE.CentralError.tooLong) { try ble.write(b, [UInt8](repeating: 0, count: 65)) }
    #expect(try ble.nextEvent(user, countMax: 68) == [1, 0, 0, 0])
    #expect(throws: DeviceError(errno: EMSGSIZE)) { try ble.nextEvent(user, countMax: 6) }
    #expect(try ble.nextEvent(user, countMax: 7) == [3, 1, 3, 0, 1, 2, 3])
    #expect(try ble.nextEvent(user, countMax: 68) == [3, 1, 0, 0])
    #expect(try ble.nextEvent(user, countMax: 68) == nil)
    // An app that does not read its events.
    for _ in 0..<62 { try ble.write(b, [1]) }
    #expect(throws: BLE.CentralError.busy) { try ble.write(b, [1]) }
    try ble.write(b, [1], withResponse: false)
    for _ in 0..<BLE.queueMax { try ble.write(user, characteristic: first, [1]) }
    #expect(throws: DeviceError(errno: EAGAIN)) { try ble.write(user, characteristic: first, [1]) }

    try ble.disconnect()
    #expect(throws: BLE.CentralError.notConnected) { try ble.disconnect() }
    #expect(throws: BLE.CentralError.notConnected) { try ble.discover() }
    #expect(ble.advertisement != nil)
    for _ in 0..<62 { _ = try ble.nextEvent(user, countMax: 68) }
    #expect(try ble.nextEvent(user, countMax: 68) == [2, 0, 0, 0])
    devices.release(user)
    #expect(ble.advertisement == nil && !ble.holds(user))
    try ble.open(other)
    #expect(try ble.makeService(other, Self.serviceText) == 0)
    try ble.close(other)
  }

  @Test func limits() throws {
    let ble = Devices().ble
    let user = DeviceUser(app: "app")
    try ble.open(user)
    for number in 0..<Int32(BLE.servicesMax) { #expect(try ble.makeService(user, Self.serviceText) == number) }
    #expect(throws: DeviceError(errno: ENOSPC)) { try ble.makeService(user, Self.serviceText) }
    for number in 0..<Int32(BLE.characteristicsMax) {
      #expect(try ble.makeCharacteristic(user, Self.firstText, properties: 2, sizeMax: 1) == number)
    }
    #expect(throws: DeviceError(errno: ENOSPC)) {
      try ble.makeCharacteristic(user, Self.firstText, properties: 2, sizeMax: 1)
    }
    #expect(throws: DeviceError(errno: EINVAL)) { try ble.read(user, characteristic: 8, countMax: 64) }
    #expect(throws: DeviceError(errno: EINVAL)) { try ble.read(user, characteristic: -1, countMax: 64) }
  }

  @Test func listens() throws {
    let ble = Devices().ble
    let user = DeviceUser(app: "app")
    let nearby = try #require(BLE.Nearby(address: [1, 2, 3, 4, 5, 6], signal: -70, data: [2, 1, 6]))
    #expect(BLE.Nearby(address: [1], signal: 0, data: []) == nil)
    #expect(ble.advertiseNearby(nearby) == 0)
    #expect(throws: DeviceError(errno: EINVAL)) { try ble.startScan(user, milliseconds: 0) }
    try ble.startScan(user, milliseconds: .max)
    #expect(ble.advertiseNearby(nearby) == 1)
    #expect(throws: DeviceError(errno: EMSGSIZE)) { try ble.nextHeard(user, countMax: 10) }
    #expect(try ble.nextHeard(user, countMax: 11) == [1, 2, 3, 4, 5, 6, 186, 3, 2, 1, 6])
    #expect(try ble.nextHeard(user, countMax: 11) == nil)
    for _ in 0..<BLE.queueMax { #expect(ble.advertiseNearby(nearby) == 1) }
    #expect(ble.advertiseNearby(nearby) == 0)
    ble.stopScan(user)
    #expect(try ble.nextHeard(user, countMax: 64) == nil)
  }
}
