import CLinux

/// Builds one message for a supervisor (aether_init_protocol.h).
struct InitRequest {
  private(set) var bytes: [UInt8]

  init(_ kind: ai_kind, request: UInt32, capacity: Int = 512) {
    bytes = []
    bytes.reserveCapacity(capacity)
    append(kind.rawValue)
    append(request)
  }

  private mutating func append<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  private mutating func begin(_ tag: ai_tag, _ count: Int) {
    append(UInt16(truncatingIfNeeded: tag.rawValue))
    append(UInt16(0))
    append(UInt32(truncatingIfNeeded: count))
  }

  mutating func field(_ tag: ai_tag, _ value: [UInt8]) {
    begin(tag, value.count)
    bytes.append(contentsOf: value)
  }

  mutating func field(_ tag: ai_tag, _ text: String) {
    begin(tag, text.utf8.count + 1)
    bytes.append(contentsOf: text.utf8)
    bytes.append(0)
  }

  mutating func field<each Number: FixedWidthInteger>(_ tag: ai_tag, numbers: repeat each Number) {
    var count = 0
    for number in repeat each numbers { count += MemoryLayout.size(ofValue: number) }
    begin(tag, count)
    for number in repeat each numbers { append(number) }
  }

  mutating func mount(_ step: MountStep) {
    let strings = [step.source, step.target, step.options]
    begin(AI_TAG_MOUNT, 8 + strings.reduce(0) { $0 + $1.utf8.count + 1 })
    append(step.operation.rawValue)
    append(step.attributes.rawValue)
    for string in strings {
      bytes.append(contentsOf: string.utf8)
      bytes.append(0)
    }
  }

  /// The whole message would not be accepted.
  var isTooLong: Bool { bytes.count > Int(AI_MESSAGE_MAX) }
}

/// What a supervisor said. Parsing copies; nothing is read outside the message.
struct InitReply: Sendable {
  struct Failure: Sendable, Equatable {
    var step: UInt32
    var errno: Int32
    var detail: String
  }

  var kind: UInt32
  var request: UInt32
  var id: String?
  var state: ai_state?
  var failure: Failure?
  var version: UInt32?
  /// Roles of the descriptors that came along, in order.
  var roles: [UInt8] = []

  /// nil when the message is not well formed.
  init?(_ message: [UInt8]) {
    var reader = Reader(bytes: message[...])
    guard let kind: UInt32 = reader.number(), let request: UInt32 = reader.number() else { return nil }
    self.kind = kind
    self.request = request
    while !reader.bytes.isEmpty {
      guard let tag: UInt16 = reader.number(), let zero: UInt16 = reader.number(), zero == 0,
        let count: UInt32 = reader.number(), let value = reader.take(Int(count))
      else { return nil }
      var field = Reader(bytes: value)
      switch UInt32(tag) {
      case AI_TAG_ID.rawValue:
        guard let text = field.text() else { return nil }
        id = text
      case AI_TAG_STATE.rawValue:
        guard value.count == MemoryLayout<ai_state>.size else { return nil }
        state = value.withUnsafeBytes { $0.loadUnaligned(as: ai_state.self) }
      case AI_TAG_FAILURE.rawValue:
        guard let step: UInt32 = field.number(), let errno: Int32 = field.number(), let detail = field.text() else {
          return nil
        }
        failure = Failure(step: step, errno: errno, detail: detail)
      case AI_TAG_VERSION.rawValue:
        guard let number: UInt32 = field.number() else { return nil }
        version = number
      case AI_TAG_FD_ROLES.rawValue:
        roles = Array(value)
      default: return nil
      }
    }
  }

  private struct Reader {
    var bytes: ArraySlice<UInt8>

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
      guard count >= 0, count <= bytes.count else { return nil }
      defer { bytes = bytes.dropFirst(count) }
      return bytes.prefix(count)
    }

    mutating func number<Number: FixedWidthInteger>() -> Number? {
      guard let raw = take(MemoryLayout<Number>.size) else { return nil }
      return Number(littleEndian: raw.withUnsafeBytes { $0.loadUnaligned(as: Number.self) })
    }

    /// The rest, as text that ends with a NUL.
    mutating func text() -> String? {
      guard bytes.last == 0 else { return nil }
      let text = bytes.dropLast()
      return text.contains(0) ? nil : String(decoding: text, as: UTF8.self)
    }
  }
}
