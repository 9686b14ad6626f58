/// The state of the devices that HID offers, and the bytes of their reports.
struct HIDState: Sendable {
  static let keysMax = 6

  var modifiers: UInt8 = 0
  var keys: [UInt8] = []
  var mouseButtons: UInt8 = 0
  var axes = [Int16](repeating: 0, count: 6)
  var padButtons: UInt16 = 0
  /// 0 at rest, 1 to 8 clockwise from up.
  var hat: UInt8 = 0

  /// Modifiers, one byte of nothing, six keys.
  var keyboard: [UInt8] { keyboard(pressing: nil, modifiers: 0) }

  func keyboard(pressing key: UInt8?, modifiers more: UInt8) -> [UInt8] {
    let all = keys + (key.map { [$0] } ?? [])
    return [modifiers | more, 0] + all.prefix(Self.keysMax)
      + [UInt8](repeating: 0, count: max(0, Self.keysMax - all.count))
  }

  /// Buttons, steps to the right, steps downwards, steps of the wheel.
  func mouse(_ x: Int8 = 0, _ y: Int8 = 0, wheel: Int8 = 0) -> [UInt8] {
    [mouseButtons, UInt8(bitPattern: x), UInt8(bitPattern: y), UInt8(bitPattern: wheel)]
  }

  /// Six axes of 16 bits, buttons of 16 bits, hat, one byte of nothing.
  var gamepad: [UInt8] {
    let numbers = axes.map { UInt16(bitPattern: $0) } + [padButtons]
    return numbers.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] } + [hat, 0]
  }
}

/// The keys of a US keyboard (HID usage tables, page 7).
enum USKeyboard {
  static let shift: UInt8 = 0x02

  /// Usage, and whether shift is held; `nil` for what it has no key for.
  static func key(for character: Unicode.Scalar) -> (usage: UInt8, isShifted: Bool)? {
    switch character {
    case "a"..."z": return (UInt8(character.value - 97 + 4), false)
    case "A"..."Z": return (UInt8(character.value - 65 + 4), true)
    case "1"..."9": return (UInt8(character.value - 49 + 0x1E), false)
    case "0": return (0x27, false)
    case "\n", "\r": return (0x28, false)
    case "\u{1B}": return (0x29, false)
    case "\u{08}": return (0x2A, false)
    case "\t": return (0x2B, false)
    case " ": return (0x2C, false)
    default: break
    }
    if let index = Array(")!@#$%^&*(".unicodeScalars).firstIndex(of: character) {
      return (index == 0 ? 0x27 : UInt8(0x1D + index), true)
    }
    // From 0x2D on; 0x32 is of other keyboards.
    if let index = Array("-=[]\\\0;'`,./".unicodeScalars).firstIndex(of: character), index != 5 {
      return (UInt8(0x2D + index), false)
    }
    if let index = Array("_+{}|\0:\"~<>?".unicodeScalars).firstIndex(of: character), index != 5 {
      return (UInt8(0x2D + index), true)
    }
    return nil
  }
}

/// One step of a named sequence: four bytes of kind, `a`, and `b` with the lower byte first.
enum HIDStep: Sendable, Equatable {
  /// Kind 1: a key with modifiers, pressed and released.
  case key(usage: UInt8, modifiers: UInt8)
  /// Kind 2: a media key.
  case consumer(UInt16)
  /// Kind 3: buttons of the mouse.
  case mouse(UInt8)
  /// Kind 4: buttons of the gamepad.
  case gamepad(UInt16)

  static let bytes = 4
  static let countMax = 8

  /// `nil` when the bytes are not whole steps, or not of a kind.
  static func parse(_ bytes: [UInt8]) -> [HIDStep]? {
    guard !bytes.isEmpty, bytes.count % Self.bytes == 0, bytes.count <= countMax * Self.bytes else { return nil }
    var steps: [HIDStep] = []
    for at in stride(from: 0, to: bytes.count, by: Self.bytes) {
      let a = bytes[at + 1]
      let b = UInt16(bytes[at + 2]) | UInt16(bytes[at + 3]) << 8
      switch bytes[at] {
      case 1:
        guard (0x04...0xDF).contains(b) else { return nil }
        steps.append(.key(usage: UInt8(b), modifiers: a))
      case 2: steps.append(.consumer(b))
      case 3: steps.append(.mouse(a))
      case 4: steps.append(.gamepad(b))
      default: return nil
      }
    }
    return steps
  }
}
