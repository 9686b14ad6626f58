import JSON

/// The topics of a light in Home Assistant's discovery.
struct LightTopics: Sendable, Equatable {
  private let node: String
  private let id: String

  init(node: String, id: String) {
    self.node = node
    self.id = id
  }

  var config: String { "homeassistant/light/\(node)_\(id)/config" }
  var command: String { "\(node)/light/\(id)/set" }
  var state: String { "\(node)/light/\(id)/state" }

  /// Whether a text may be a part of these topics: 1 to 32 letters, digits, `_` and `-`.
  static func isName(_ text: String) -> Bool {
    (1...32).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
          || byte == 0x2D
      }
  }

  /// What announces the light.
  func configuration(name: String) -> [UInt8] {
    JSON.object([
      "schema": "json", "unique_id": .string("\(node)_\(id)"), "name": .string(name),
      "command_topic": .string(command), "state_topic": .string(state), "brightness": true,
      "supported_color_modes": ["rgb"],
    ]).bytes()
  }
}

/// What a light shows; numbers from 0 to 255.
struct LightState: Sendable, Equatable {
  var isOn: Bool
  var brightness: UInt8
  var red: UInt8
  var green: UInt8
  var blue: UInt8

  var bytes: [UInt8] {
    guard isOn else { return Array(#"{"state":"OFF"}"#.utf8) }
    return JSON.object([
      "state": "ON", "brightness": .integer(Int64(brightness)), "color_mode": "rgb",
      "color": ["r": .integer(Int64(red)), "g": .integer(Int64(green)), "b": .integer(Int64(blue))],
    ]).bytes()
  }
}

/// What somebody wants of a light; what is absent stays as it is.
struct LightCommand: Sendable, Equatable {
  struct Color: Sendable, Equatable {
    var red: UInt8
    var green: UInt8
    var blue: UInt8
  }

  static let bytesMax = 4096

  var isOn: Bool?
  var brightness: UInt8?
  var color: Color?

  /// `nil` when nothing in it can be used.
  init?(_ bytes: [UInt8]) {
    let limits = JSONLimits(depthMax: 8, sizeMax: Self.bytesMax)
    guard let json = try? JSON.parse(bytes, limits: limits), let object = json.objectValue else { return nil }
    switch object["state"]?.stringValue {
    case "ON": isOn = true
    case "OFF": isOn = false
    default: break
    }
    brightness = Self.byte(object["brightness"])
    if let parts = object["color"]?.objectValue, let red = Self.byte(parts["r"]), let green = Self.byte(parts["g"]),
      let blue = Self.byte(parts["b"])
    {
      color = Color(red: red, green: green, blue: blue)
    }
    if isOn == nil, brightness == nil, color == nil { return nil }
  }

  private static func byte(_ value: JSON?) -> UInt8? { value?.integerValue.flatMap { UInt8(exactly: $0) } }
}
