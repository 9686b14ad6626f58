import AppDevices
import Wasmtime

/// Bluetooth Low Energy: services of an app, and listening.
extension NativeLibrary {
  mutating func addBLE() {
    addBLESetUp()
    addServices()
    addValues()
    addScan()
  }

  /// A function that gives a number.
  private mutating func ble(
    _ name: String, _ body: @escaping @Sendable (BLE, borrowing NativeCall) throws(DeviceError) -> Int32
  ) {
    define(name) { (call) throws(NativeError) in
      try call.onDevice { () throws(DeviceError) in try body(call.devices.ble, call) }
    }
  }

  /// The same with a text as argument 0.
  private mutating func ble(
    text name: String, _ body: @escaping @Sendable (BLE, borrowing NativeCall, String) throws(DeviceError) -> Int32
  ) {
    define(name) { (call) throws(NativeError) in
      let text = try call.text(0)
      return try call.onDevice { () throws(DeviceError) in try body(call.devices.ble, call, text) }
    }
  }

  private mutating func addBLESetUp() {
    define("ble_init") { (call) throws(NativeError) in
      let ble = call.devices.ble
      try call.taking(ble.holds(call.user), bytes: BLE.bytesHeld) { () throws(DeviceError) in
        try ble.open(call.user)
      }
      return 0
    }
    define("ble_deinit") { (call) throws(NativeError) in
      try call.onDevice { () throws(DeviceError) in try call.devices.ble.close(call.user) }
      call.gaveBack(bytes: BLE.bytesHeld)
      return 0
    }
    ble("ble_advertise") { (ble, call) throws(DeviceError) in
      try ble.setAdvertising(call.user, true)
      return 0
    }
    ble("ble_stop_advertise") { (ble, call) throws(DeviceError) in
      try ble.setAdvertising(call.user, false)
      return 0
    }
    ble("ble_is_connected") { (ble, call) throws(DeviceError) in try ble.isConnected(call.user) ? 1 : 0 }
  }

  private mutating func addServices() {
    ble(text: "ble_set_local_name") { (ble, call, name) throws(DeviceError) in
      try ble.setName(call.user, name)
      return 0
    }
    ble(text: "ble_service_create") { (ble, call, uuid) throws(DeviceError) in
      try ble.makeService(call.user, uuid)
    }
    ble(text: "ble_char_create") { (ble, call, uuid) throws(DeviceError) in
      try ble.makeCharacteristic(call.user, uuid, properties: call.int(1), sizeMax: call.int(2))
    }
    ble("ble_service_add_char") { (ble, call) throws(DeviceError) in
      try ble.add(call.user, characteristic: call.int(1), to: call.int(0))
      return 0
    }
    ble("ble_add_service") { (ble, call) throws(DeviceError) in
      try ble.offer(call.user, service: call.int(0))
      return 0
    }
    ble("ble_set_advertised_service") { (ble, call) throws(DeviceError) in
      try ble.advertise(call.user, service: call.int(0))
      return 0
    }
  }

  private mutating func addValues() {
    define("ble_char_write") { (call) throws(NativeError) in
      let bytes = try call.bytes(1)
      try call.onDevice { () throws(DeviceError) in
        try call.devices.ble.write(call.user, characteristic: call.int(0), bytes)
      }
      return 0
    }
    define("ble_char_read") { (call) throws(NativeError) in
      let value = try call.onDevice { () throws(DeviceError) in
        try call.devices.ble.read(call.user, characteristic: call.int(0), countMax: call.room(1))
      }
      return try call.answer(record: value, in: 1)
    }
    define("ble_event_pop") { (call) throws(NativeError) in
      let record = try call.onDevice { () throws(DeviceError) in
        try call.devices.ble.nextEvent(call.user, countMax: call.room(0))
      }
      // Guests may look at the type alone: that of no event is 0.
      if record == nil, call.room(0) >= 4 { try call.store(0 as UInt32, to: 0) }
      return try call.answer(record: record, in: 0)
    }
  }

  private mutating func addScan() {
    define("ble_scan_start") { (call) throws(NativeError) in
      let ble = call.devices.ble
      try call.taking(ble.isScanning(call.user), bytes: BLE.scanBytes) { () throws(DeviceError) in
        try ble.startScan(call.user, milliseconds: call.int(0))
      }
      return 0
    }
    define("ble_scan_stop") { (call) throws(NativeError) in
      if call.devices.ble.isScanning(call.user) {
        call.devices.ble.stopScan(call.user)
        call.gaveBack(bytes: BLE.scanBytes)
      }
      return 0
    }
    define("ble_scan_pop") { (call) throws(NativeError) in
      let record = try call.onDevice { () throws(DeviceError) in
        try call.devices.ble.nextHeard(call.user, countMax: call.room(0))
      }
      return try call.answer(record: record, in: 0)
    }
  }
}
