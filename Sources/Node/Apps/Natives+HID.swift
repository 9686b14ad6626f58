import AppDevices
import Wasmtime

/// Keyboard, mouse and gamepad, with the names of older lines.
extension NativeLibrary {
  mutating func addHID() {
    addHIDSetUp()
    addKeyboard()
    addMouse()
    addGamepad()
    addReports()
  }

  private static let older: [String: String] = [
    "hid_set_transport": "akira_hid_set_transport", "hid_enable": "akira_hid_enable",
    "hid_disable": "akira_hid_disable", "hid_type_string": "akira_hid_keyboard_type",
    "hid_key_press": "akira_hid_keyboard_press", "hid_key_release": "akira_hid_keyboard_release",
  ]

  /// A function that gives 0.
  private mutating func hid(
    _ name: String, _ body: @escaping @Sendable (HID, borrowing NativeCall) throws(DeviceError) -> Void
  ) {
    let whole: Body = { (call) throws(NativeError) in
      try call.onDevice { () throws(DeviceError) in try body(call.devices.hid, call) }
      return 0
    }
    define(name, whole)
    guard let older = Self.older[name] else { return }
    for module in ["akira", "env"] { define(older, module: module, whole) }
  }

  /// The same for functions by which an app takes the device.
  private mutating func setUp(
    _ name: String, _ body: @escaping @Sendable (HID, borrowing NativeCall) throws(DeviceError) -> Void
  ) {
    let whole: Body = { (call) throws(NativeError) in
      let hid = call.devices.hid
      try call.taking(hid.holds(call.user), bytes: HID.bytesHeld) { () throws(DeviceError) in try body(hid, call) }
      return 0
    }
    define(name, whole)
    guard let older = Self.older[name] else { return }
    for module in ["akira", "env"] { define(older, module: module, whole) }
  }

  private mutating func addHIDSetUp() {
    setUp("hid_init") { (hid, call) throws(DeviceError) in
      try hid.configure(call.user, transport: call.int(0), types: call.int(1))
    }
    setUp("hid_set_transport") { (hid, call) throws(DeviceError) in
      try hid.configure(call.user, transport: call.int(0))
    }
    setUp("hid_set_device_types") { (hid, call) throws(DeviceError) in
      try hid.configure(call.user, types: call.int(0))
    }
    hid("hid_enable") { (hid, call) throws(DeviceError) in try hid.enable(call.user) }
    hid("hid_disable") { (hid, call) throws(DeviceError) in try hid.disable(call.user) }
    define("hid_is_connected") { (call) throws(NativeError) in
      try call.onDevice { () throws(DeviceError) in try call.devices.hid.isConnected(call.user) } ? 1 : 0
    }
  }

  private mutating func addKeyboard() {
    hid("hid_key_press") { (hid, call) throws(DeviceError) in try hid.press(call.user, key: call.int(0)) }
    hid("hid_key_release") { (hid, call) throws(DeviceError) in try hid.release(call.user, key: call.int(0)) }
    hid("hid_key_release_all") { (hid, call) throws(DeviceError) in try hid.releaseAllKeys(call.user) }
    hid("hid_set_modifiers") { (hid, call) throws(DeviceError) in try hid.set(call.user, modifiers: call.int(0)) }
    let type: Body = { (call) throws(NativeError) in
      let text = try call.text(0)
      try call.onDevice { () throws(DeviceError) in try call.devices.hid.type(call.user, text) }
      return 0
    }
    define("hid_type_string", type)
    for module in ["akira", "env"] { define("akira_hid_keyboard_type", module: module, type) }
  }

  private mutating func addMouse() {
    hid("hid_mouse_move") { (hid, call) throws(DeviceError) in
      try hid.moveMouse(call.user, call.int(0), call.int(1))
    }
    hid("hid_mouse_scroll") { (hid, call) throws(DeviceError) in try hid.scrollMouse(call.user, call.int(0)) }
    hid("hid_mouse_btn_press") { (hid, call) throws(DeviceError) in
      try hid.setMouse(call.user, buttons: call.int(0), true)
    }
    hid("hid_mouse_btn_release") { (hid, call) throws(DeviceError) in
      try hid.setMouse(call.user, buttons: call.int(0), false)
    }
  }

  private mutating func addGamepad() {
    hid("hid_gamepad_press") { (hid, call) throws(DeviceError) in
      try hid.setGamepad(call.user, buttons: call.int(0), true)
    }
    hid("hid_gamepad_release") { (hid, call) throws(DeviceError) in
      try hid.setGamepad(call.user, buttons: call.int(0), false)
    }
    hid("hid_gamepad_set_axis") { (hid, call) throws(DeviceError) in
      try hid.setGamepad(call.user, axis: call.int(0), call.int(1))
    }
    hid("hid_gamepad_set_dpad") { (hid, call) throws(DeviceError) in
      try hid.setGamepad(call.user, hat: call.int(0))
    }
    hid("hid_gamepad_reset") { (hid, call) throws(DeviceError) in
      try hid.setGamepad(call.user, buttons: 0, axes: [0, 0, 0, 0, 0, 0], hat: 0)
    }
    hid("hid_gamepad_send_report") { (hid, call) throws(DeviceError) in
      try hid.setGamepad(
        call.user, buttons: call.int(0),
        axes: [call.int(1), call.int(2), call.int(3), call.int(4), call.int(5), call.int(6)], hat: call.int(7))
    }
  }

  private mutating func addReports() {
    hid("hid_consumer_send") { (hid, call) throws(DeviceError) in try hid.sendConsumer(call.user, call.int(0)) }
    define("hid_send_raw_report") { (call) throws(NativeError) in
      let bytes = try call.bytes(1)
      try call.onDevice { () throws(DeviceError) in
        try call.devices.hid.sendRaw(call.user, id: call.int(0), bytes)
      }
      return 0
    }
    define("hid_fido_send") { (call) throws(NativeError) in
      let bytes = try call.bytes(0)
      try call.onDevice { () throws(DeviceError) in try call.devices.hid.sendFIDO(call.user, bytes) }
      return 0
    }
    for (name, isFIDO) in [("hid_raw_recv", false), ("hid_fido_recv", true)] {
      define(name) { (call) throws(NativeError) in
        let record = try call.onDevice { () throws(DeviceError) in
          try call.devices.hid.receive(call.user, isFIDO: isFIDO, countMax: call.room(0))
        }
        return try call.answer(record: record, in: 0)
      }
    }
    define("hid_action_register") { (call) throws(NativeError) in
      let name = try call.text(0)
      let bytes = try call.bytes(1)
      try call.onDevice { () throws(DeviceError) in
        try call.devices.hid.register(call.user, action: name, bytes)
      }
      return 0
    }
    define("hid_action_trigger") { (call) throws(NativeError) in
      let name = try call.text(0)
      try call.onDevice { () throws(DeviceError) in try call.devices.hid.play(call.user, action: name) }
      return 0
    }
  }
}
