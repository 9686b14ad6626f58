/// What apps do with the simulated keyboard, mouse and gamepad. Each call that changes something sends the report of its device.
extension HID {
  /// Of one move or turn, either way: several reports.
  public static let moveMax: ClosedRange<Int32> = -32767...32767

  // MARK: Keyboard

  /// - Parameter key: a usage of the keyboard page; 0xE0 to 0xE7 are modifiers.
  /// - Throws: EINVAL for other numbers, ENOSPC when six keys are held.
  public func press(_ user: DeviceUser, key: Int32) throws(DeviceError) {
    guard (0x04...0xE7).contains(key) else { throw .invalid }
    try sending(user, .keyboard) { (state) throws(DeviceError) in
      let before = state.devices
      if key >= 0xE0 {
        state.devices.modifiers |= 1 << UInt8(key - 0xE0)
      } else if !state.devices.keys.contains(UInt8(key)) {
        guard state.devices.keys.count < HIDState.keysMax else { throw .noSpace }
        state.devices.keys.append(UInt8(key))
      }
      Self.sendKeyboard(&state, before)
    }
  }

  public func release(_ user: DeviceUser, key: Int32) throws(DeviceError) {
    guard (0x04...0xE7).contains(key) else { throw .invalid }
    try sending(user, .keyboard) { (state) throws(DeviceError) in
      let before = state.devices
      if key >= 0xE0 {
        state.devices.modifiers &= ~(1 << UInt8(key - 0xE0))
      } else {
        state.devices.keys.removeAll { $0 == UInt8(key) }
      }
      Self.sendKeyboard(&state, before)
    }
  }

  public func releaseAllKeys(_ user: DeviceUser) throws(DeviceError) {
    try sending(user, .keyboard) { (state) throws(DeviceError) in
      let before = state.devices
      state.devices.keys = []
      state.devices.modifiers = 0
      Self.sendKeyboard(&state, before)
    }
  }

  public func set(_ user: DeviceUser, modifiers: Int32) throws(DeviceError) {
    guard let modifiers = UInt8(exactly: modifiers) else { throw .invalid }
    try sending(user, .keyboard) { (state) throws(DeviceError) in
      let before = state.devices
      state.devices.modifiers = modifiers
      Self.sendKeyboard(&state, before)
    }
  }

  private static func sendKeyboard(_ state: inout State, _ before: HIDState) {
    if before.keyboard != state.devices.keyboard { state.send(keyboardID, state.devices.keyboard) }
  }

  /// - Throws: EINVAL for an empty text or one with a character that the keyboard does not have, and then nothing is typed;
  ///   ENOSPC when six keys are held.
  public func type(_ user: DeviceUser, _ text: String) throws(DeviceError) {
    var keys: [(usage: UInt8, isShifted: Bool)] = []
    for character in text.unicodeScalars {
      guard let key = USKeyboard.key(for: character) else { throw .invalid }
      keys.append(key)
    }
    guard !keys.isEmpty else { throw .invalid }
    try sending(user, .keyboard) { (state) throws(DeviceError) in
      guard state.devices.keys.count < HIDState.keysMax else { throw .noSpace }
      for key in keys { Self.tap(&state, key.usage, key.isShifted ? USKeyboard.shift : 0) }
    }
  }

  private static func tap(_ state: inout State, _ usage: UInt8, _ modifiers: UInt8) {
    state.send(keyboardID, state.devices.keyboard(pressing: usage, modifiers: modifiers))
    state.send(keyboardID, state.devices.keyboard)
  }

  // MARK: Mouse

  public func moveMouse(_ user: DeviceUser, _ x: Int32, _ y: Int32) throws(DeviceError) {
    guard Self.moveMax.contains(x), Self.moveMax.contains(y) else { throw .invalid }
    try sending(user, .mouse) { (state) throws(DeviceError) in
      var rest = (x: x, y: y)
      repeat {
        let step = (x: Int8(max(-127, min(127, rest.x))), y: Int8(max(-127, min(127, rest.y))))
        rest = (rest.x - Int32(step.x), rest.y - Int32(step.y))
        state.send(Self.mouseID, state.devices.mouse(step.x, step.y))
      } while rest != (0, 0)
    }
  }

  public func scrollMouse(_ user: DeviceUser, _ steps: Int32) throws(DeviceError) {
    guard Self.moveMax.contains(steps) else { throw .invalid }
    try sending(user, .mouse) { (state) throws(DeviceError) in
      var rest = steps
      repeat {
        let step = Int8(max(-127, min(127, rest)))
        rest -= Int32(step)
        state.send(Self.mouseID, state.devices.mouse(wheel: step))
      } while rest != 0
    }
  }

  /// - Parameter buttons: 1 left, 2 right, 4 middle, 8 back, 16 forward.
  public func setMouse(_ user: DeviceUser, buttons: Int32, _ isPressed: Bool) throws(DeviceError) {
    guard (1...31).contains(buttons) else { throw .invalid }
    try sending(user, .mouse) { (state) throws(DeviceError) in
      let before = state.devices.mouseButtons
      state.devices.mouseButtons = isPressed ? before | UInt8(buttons) : before & ~UInt8(buttons)
      if state.devices.mouseButtons != before { state.send(Self.mouseID, state.devices.mouse()) }
    }
  }

  // MARK: Gamepad

  /// Changes the gamepad's state by a closure.
  private func gamepad(_ user: DeviceUser, _ change: (inout HIDState) -> Void) throws(DeviceError) {
    try sending(user, .gamepad) { (state) throws(DeviceError) in
      let before = state.devices.gamepad
      change(&state.devices)
      if state.devices.gamepad != before { state.send(Self.gamepadID, state.devices.gamepad) }
    }
  }

  /// - Parameter buttons: a bit for each: A 1, B 2, X 4, Y 8, LB 0x10, RB 0x20, BACK 0x40, START 0x80, HOME 0x100, L3 0x200,
  ///   R3 0x400, the pad 0x1000 to 0x8000.
  public func setGamepad(_ user: DeviceUser, buttons: Int32, _ isPressed: Bool) throws(DeviceError) {
    guard let buttons = UInt16(exactly: buttons), buttons != 0 else { throw .invalid }
    try gamepad(user) { devices in
      devices.padButtons = isPressed ? devices.padButtons | buttons : devices.padButtons & ~buttons
    }
  }

  public func setGamepad(_ user: DeviceUser, axis: Int32, _ value: Int32) throws(DeviceError) {
    guard (0..<6).contains(axis), let value = Int16(exactly: value) else { throw .invalid }
    try gamepad(user) { $0.axes[Int(axis)] = value }
  }

  public func setGamepad(_ user: DeviceUser, hat: Int32) throws(DeviceError) {
    guard (0...8).contains(hat) else { throw .invalid }
    try gamepad(user) { $0.hat = UInt8(hat) }
  }

  /// The whole state at once; the report is sent in any case.
  public func setGamepad(_ user: DeviceUser, buttons: Int32, axes: [Int32], hat: Int32) throws(DeviceError) {
    guard let buttons = UInt16(exactly: buttons), axes.count == 6, (0...8).contains(hat) else { throw .invalid }
    let values = axes.compactMap { Int16(exactly: $0) }
    guard values.count == 6 else { throw .invalid }
    try sending(user, .gamepad) { (state) throws(DeviceError) in
      state.devices.padButtons = buttons
      state.devices.axes = values
      state.devices.hat = UInt8(hat)
      state.send(Self.gamepadID, state.devices.gamepad)
    }
  }

  // MARK: Others

  /// A media key (HID usage tables, page 12), pressed and released.
  public func sendConsumer(_ user: DeviceUser, _ usage: Int32) throws(DeviceError) {
    guard let usage = UInt16(exactly: usage), usage != 0 else { throw .invalid }
    try sending(user) { (state) throws(DeviceError) in Self.consumer(&state, usage) }
  }

  private static func consumer(_ state: inout State, _ usage: UInt16) {
    state.send(consumerID, [UInt8(truncatingIfNeeded: usage), UInt8(usage >> 8)])
    state.send(consumerID, [0, 0])
  }

  /// - Throws: EINVAL for no bytes or an id that does not fit, EMSGSIZE for more than ``reportBytesMax``.
  public func sendRaw(_ user: DeviceUser, id: Int32, _ bytes: [UInt8]) throws(DeviceError) {
    guard let id = UInt8(exactly: id), !bytes.isEmpty else { throw .invalid }
    guard bytes.count <= Self.reportBytesMax else { throw .messageSize }
    try sending(user) { (state) throws(DeviceError) in state.send(id, bytes) }
  }

  /// A packet of CTAP over HID, which always has 64 bytes: shorter ones are filled with zeros.
  public func sendFIDO(_ user: DeviceUser, _ bytes: [UInt8]) throws(DeviceError) {
    guard !bytes.isEmpty else { throw .invalid }
    guard bytes.count <= Self.reportBytesMax else { throw .messageSize }
    let packet = bytes + [UInt8](repeating: 0, count: Self.reportBytesMax - bytes.count)
    try sending(user) { (state) throws(DeviceError) in state.send(Self.fidoID, packet, isFIDO: true) }
  }

  /// Plays a named sequence; each step is pressed and released.
  /// - Throws: ENOENT without such a sequence, ENOTSUP when a step is of a device that is not offered, and then none is played.
  public func play(_ user: DeviceUser, action name: String) throws(DeviceError) {
    let steps = try steps(user, of: name)
    var types: DeviceTypes = []
    for step in steps {
      switch step {
      case .key: types.insert(.keyboard)
      case .mouse: types.insert(.mouse)
      case .gamepad: types.insert(.gamepad)
      case .consumer: break
      }
    }
    try sending(user, types) { (state) throws(DeviceError) in
      for step in steps {
        let before = state.devices
        switch step {
        case .key(let usage, let modifiers): Self.tap(&state, usage, modifiers)
        case .consumer(let usage): Self.consumer(&state, usage)
        case .mouse(let buttons):
          state.devices.mouseButtons |= buttons
          state.send(Self.mouseID, state.devices.mouse())
          state.devices = before
          state.send(Self.mouseID, state.devices.mouse())
        case .gamepad(let buttons):
          state.devices.padButtons |= buttons
          state.send(Self.gamepadID, state.devices.gamepad)
          state.devices = before
          state.send(Self.gamepadID, state.devices.gamepad)
        }
      }
    }
  }
}
