import Script

/// The values of an engine's variables and what changed.
struct VariableStore: ~Copyable {
  /// What a value was before its last change, whether it changed, and when.
  struct Flags: Equatable {
    static var seen: UInt8 { 1 }
    /// Set after the tick's choice was made: the next tick sees it too.
    static var fresh: UInt8 { 2 }
    /// Set before the last tick, which took transitions that did not wait for it: event transitions see it still.
    static var waiting: UInt8 { 4 }
    /// A transition that waited for it was taken in this tick.
    static var used: UInt8 { 8 }
    /// Those that outlive a tick.
    static var kept: UInt8 { seen | fresh | waiting }
  }

  struct Entry {
    var value: AutomatonValue
    /// Before its last change.
    var previous: AutomatonValue
    /// When it changed last.
    var changedAt: Int64 = 0
    var flags: UInt8 = 0
  }

  var entries: FixedList<Entry>
  /// Whether any flag is set.
  var hasChanges = false

  init(_ automaton: CompiledAutomaton) {
    let variables = automaton.variables
    entries = FixedList(count: variables.count) {
      Entry(value: variables[$0].initial, previous: variables[$0].initial)
    }
  }

  func isChanged(_ index: Int) -> Bool { entries[index].flags & (Flags.seen | Flags.fresh) != 0 }

  /// Whether there is a change that transitions may take: a new one, or one that waits.
  func isPending(_ index: Int) -> Bool { entries[index].flags != 0 }

  /// A transition that waited for a change is taken.
  mutating func useUp(_ index: Int) {
    if entries[index].flags != 0 { entries[index].flags |= Flags.used }
  }

  /// Stores a value of the variable's type.
  ///
  /// - Returns: whether it differs from the one before.
  mutating func write(_ index: Int, _ value: AutomatonValue, at now: Int64, flag: UInt8, semantics: Semantics) -> Bool {
    guard !entries[index].value.isSame(value) else {
      if semantics == .compat {
        // There, writing the same value is a write without a change.
        entries[index].flags = 0
        entries[index].previous = value
      }
      return false
    }
    entries[index].previous = entries[index].value
    entries[index].value = value
    entries[index].flags |= flag
    entries[index].changedAt = now
    hasChanges = true
    return true
  }

  /// At the end of a tick.
  ///
  /// - Parameters:
  ///   - all: nothing stays (compat).
  ///   - hasFired: transitions were taken; changes that none of them waited for stay for the next tick.
  mutating func clearFlags(all: Bool, hasFired: Bool) {
    guard hasChanges else { return }
    hasChanges = false
    for index in entries.indices where entries[index].flags != 0 {
      let flag = entries[index].flags
      entries[index].flags = 0
      if all { continue }
      if flag & Flags.fresh != 0 {
        entries[index].flags = Flags.seen
      } else if hasFired && flag & Flags.used == 0 {
        entries[index].flags = Flags.waiting
      } else {
        continue
      }
      hasChanges = true
    }
  }
}

/// Conversion between the types of variables: what scripts and connections may store where.
extension AutomatonValue {
  /// The value as one of `type`.
  ///
  /// Numbers become integers by truncation and must fit; booleans become 0 and 1, numbers are true unless 0; text becomes
  /// a number when it reads as one, and numbers and booleans become text as the script language shows them.
  public func converted(to type: ValueType) -> AutomatonValue? {
    if self.type == type { return self }
    switch type {
    case .void, .table: return nil
    case .bool:
      if case .string(let text) = self {
        if text == [UInt8]("true") { return .bool(true) }
        if text == [UInt8]("false") { return .bool(false) }
      }
      return number.map { .bool($0 != 0) }
    case .int32:
      guard let integer, let value = Int32(exactly: integer) else { return nil }
      return .int32(value)
    case .int64: return integer.map { .int64($0) }
    case .float32: return number.map { .float32(Float($0)) }
    case .float64: return number.map { .float64($0) }
    case .string:
      switch self {
      case .binary(let bytes): return .string(bytes)
      case .void: return nil
      default: return .string(text)
      }
    case .binary:
      if case .string(let bytes) = self { return .binary(bytes) }
      return nil
    }
  }

  private var number: Double? {
    if case .string(let text) = self { return NumberText.parse(text)?.asNumber }
    return asDouble
  }

  private var integer: Int64? {
    switch self {
    case .int32(let value): return Int64(value)
    case .int64(let value): return value
    case .string(let text):
      guard let value = NumberText.parse(text) else { return nil }
      return value.asInteger ?? AutomatonValue.truncated(value.asFloat)
    default: return AutomatonValue.truncated(asDouble)
    }
  }

  private static func truncated(_ value: Double?) -> Int64? {
    guard let value, value >= -0x1p63, value < 0x1p63 else { return nil }
    return Int64(value)
  }

  /// As the script language's `tostring` shows it; bytes as they are.
  public var text: [UInt8] {
    var bytes: [UInt8] = []
    switch self {
    case .void: bytes = [UInt8]("nil")
    case .bool(let value): bytes = [UInt8](value ? "true" : "false")
    case .int32(let value): NumberText.append(Int64(value), to: &bytes)
    case .int64(let value): NumberText.append(value, to: &bytes)
    case .float32(let value): NumberText.appendScript(Double(value), to: &bytes)
    case .float64(let value): NumberText.appendScript(value, to: &bytes)
    case .string(let text), .binary(let text): bytes = text
    }
    return bytes
  }
}
