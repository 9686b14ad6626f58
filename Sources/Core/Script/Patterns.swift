/// Matches patterns (Lua 5.4 manual, section 6.4.1).
struct PatternMatch {
  let machine: Machine
  private let captures: UnsafeMutablePointer<Int>
  let subject: UnsafeBufferPointer<UInt8>
  let pattern: UnsafeBufferPointer<UInt8>
  var level = 0
  private var depth = 0

  static let capturesMax = 32
  private static let unclosed = -1
  private static let isPosition = -2
  private static let depthMax = 200
  private static let escape = UInt8(ascii: "%")

  init(_ machine: Machine, subject: UnsafeBufferPointer<UInt8>, pattern: UnsafeBufferPointer<UInt8>) {
    self.machine = machine
    captures = machine.captureRoom()
    self.subject = subject
    self.pattern = pattern
  }

  // Captures lie in a buffer of the machine: they are read before anything else can match.
  private func start(_ index: Int) -> Int { captures[2 * index] }
  private func length(_ index: Int) -> Int { captures[2 * index + 1] }
  private func set(_ index: Int, start: Int, length: Int) {
    captures[2 * index] = start
    captures[2 * index + 1] = length
  }

  /// The end of a match of the pattern from `p` at `s`; none when there is none.
  mutating func match(_ s: Int, _ p: Int) throws(Trap) -> Int? {
    depth += 1
    defer { depth -= 1 }
    guard depth <= PatternMatch.depthMax else { throw machine.raise("pattern too complex") }
    var s = s
    var p = p
    while p < pattern.count {
      try machine.charge(1)
      switch pattern[p] {
      case UInt8(ascii: "("):
        if p + 1 < pattern.count, pattern[p + 1] == UInt8(ascii: ")") {
          return try startCapture(s, p + 2, PatternMatch.isPosition)
        }
        return try startCapture(s, p + 1, PatternMatch.unclosed)
      case UInt8(ascii: ")"): return try endCapture(s, p + 1)
      case UInt8(ascii: "$") where p + 1 == pattern.count: return s == subject.count ? s : nil
      case PatternMatch.escape where p + 1 < pattern.count && pattern[p + 1] == UInt8(ascii: "b"):
        guard let end = try matchBalance(s, p + 2) else { return nil }
        s = end
        p += 4
        continue
      case PatternMatch.escape where p + 1 < pattern.count && pattern[p + 1] == UInt8(ascii: "f"):
        p += 2
        guard p < pattern.count, pattern[p] == UInt8(ascii: "[") else {
          throw machine.raise("missing '[' after '%f' in pattern")
        }
        let end = try classEnd(p)
        let previous = s == 0 ? 0 : subject[s - 1]
        let current = s < subject.count ? subject[s] : 0
        if matchesSet(previous, p, end - 1) || !matchesSet(current, p, end - 1) { return nil }
        p = end
        continue
      case PatternMatch.escape where p + 1 < pattern.count && Characters.isDigit(pattern[p + 1]):
        guard let end = try matchCapture(s, pattern[p + 1]) else { return nil }
        s = end
        p += 2
        continue
      default: break
      }
      let end = try classEnd(p)
      let suffix = end < pattern.count ? pattern[end] : 0
      switch suffix {
      case UInt8(ascii: "?"):
        if matchesOne(s, p, end), let result = try match(s + 1, end + 1) { return result }
        p = end + 1
      case UInt8(ascii: "+"): return matchesOne(s, p, end) ? try matchMany(s + 1, p, end) : nil
      case UInt8(ascii: "*"): return try matchMany(s, p, end)
      case UInt8(ascii: "-"): return try matchFew(s, p, end)
      default:
        guard matchesOne(s, p, end) else { return nil }
        s += 1
        p = end
      }
    }
    return s
  }

  private mutating func matchMany(_ s: Int, _ p: Int, _ end: Int) throws(Trap) -> Int? {
    var count = 0
    while matchesOne(s + count, p, end) { count += 1 }
    try machine.charge(count >> 2)
    while count >= 0 {
      if let result = try match(s + count, end + 1) { return result }
      count -= 1
    }
    return nil
  }

  private mutating func matchFew(_ s: Int, _ p: Int, _ end: Int) throws(Trap) -> Int? {
    var s = s
    while true {
      if let result = try match(s, end + 1) { return result }
      guard matchesOne(s, p, end) else { return nil }
      s += 1
    }
  }

  private func matchBalance(_ s: Int, _ p: Int) throws(Trap) -> Int? {
    guard p + 1 < pattern.count else { throw machine.raise("malformed pattern (missing arguments to '%b')") }
    guard s < subject.count, subject[s] == pattern[p] else { return nil }
    var open = 1
    var index = s + 1
    while index < subject.count {
      if subject[index] == pattern[p + 1] {
        open -= 1
        if open == 0 { return index + 1 }
      } else if subject[index] == pattern[p] {
        open += 1
      }
      index += 1
    }
    return nil
  }

  // MARK: Captures

  private mutating func startCapture(_ s: Int, _ p: Int, _ what: Int) throws(Trap) -> Int? {
    guard level < PatternMatch.capturesMax else { throw machine.raise("too many captures") }
    set(level, start: s, length: what)
    level += 1
    let result = try match(s, p)
    if result == nil { level -= 1 }
    return result
  }

  private mutating func endCapture(_ s: Int, _ p: Int) throws(Trap) -> Int? {
    var index = level - 1
    while index >= 0, length(index) != PatternMatch.unclosed { index -= 1 }
    guard index >= 0 else { throw machine.raise("invalid pattern capture") }
    set(index, start: start(index), length: s - start(index))
    let result = try match(s, p)
    if result == nil { set(index, start: start(index), length: PatternMatch.unclosed) }
    return result
  }

  private func matchCapture(_ s: Int, _ digit: UInt8) throws(Trap) -> Int? {
    let index = Int(digit) - 49
    guard index >= 0, index < level, length(index) != PatternMatch.unclosed else {
      var text = Text("invalid capture index %")
      text.add(index + 1)
      throw machine.raise(text)
    }
    let count = max(0, length(index))
    guard subject.count - s >= count else { return nil }
    for offset in 0..<count where subject[start(index) + offset] != subject[s + offset] { return nil }
    return s + count
  }

  /// A capture as a value, the whole match when there are none. The value is not yet in a slot.
  func capture(_ index: Int, _ s: Int, _ e: Int) throws(Trap) -> Value {
    if index >= level {
      guard index == 0 else {
        var text = Text("invalid capture index %")
        text.add(index + 1)
        throw machine.raise(text)
      }
      return try text(s, e - s)
    }
    if length(index) == PatternMatch.isPosition { return .integer(Int64(start(index)) + 1) }
    if length(index) == PatternMatch.unclosed { throw machine.raise("unfinished capture") }
    return try text(start(index), length(index))
  }

  private func text(_ start: Int, _ count: Int) throws(Trap) -> Value {
    Value(try machine.makeString(subject.baseAddress.map { $0 + start }, count))
  }

  /// Pushes all captures; the whole match when there are none and `wholeIfNone`. Gives their number.
  func pushCaptures(_ s: Int, _ e: Int, wholeIfNone: Bool) throws(Trap) -> Int {
    let count = level == 0 && wholeIfNone ? 1 : level
    try machine.ensureStack(machine.top + count + ThreadObject.reserve)
    for index in 0..<count { machine.push(try capture(index, s, e)) }
    return count
  }

  // MARK: Single characters

  private func classEnd(_ p: Int) throws(Trap) -> Int {
    var index = p + 1
    if pattern[p] == PatternMatch.escape {
      guard index < pattern.count else { throw machine.raise("malformed pattern (ends with '%')") }
      return index + 1
    }
    guard pattern[p] == UInt8(ascii: "[") else { return index }
    if index < pattern.count, pattern[index] == UInt8(ascii: "^") { index += 1 }
    repeat {
      guard index < pattern.count else { throw machine.raise("malformed pattern (missing ']')") }
      let byte = pattern[index]
      index += 1
      if byte == PatternMatch.escape { index += 1 }
      guard index < pattern.count || byte == UInt8(ascii: "]") else {
        throw machine.raise("malformed pattern (missing ']')")
      }
    } while index >= pattern.count || pattern[index] != UInt8(ascii: "]")
    return index + 1
  }

  @inline(__always) private func matchesOne(_ s: Int, _ p: Int, _ end: Int) -> Bool {
    guard s < subject.count else { return false }
    let byte = subject[s]
    switch pattern[p] {
    case UInt8(ascii: "."): return true
    case PatternMatch.escape: return PatternMatch.matchesClass(byte, pattern[p + 1])
    case UInt8(ascii: "["): return matchesSet(byte, p, end - 1)
    default: return pattern[p] == byte
    }
  }

  private static func matchesClass(_ byte: UInt8, _ name: UInt8) -> Bool {
    let result: Bool
    switch name | 0x20 {
    case UInt8(ascii: "a"): result = Characters.isLetter(byte)
    case UInt8(ascii: "c"): result = Characters.isControl(byte)
    case UInt8(ascii: "d"): result = Characters.isDigit(byte)
    case UInt8(ascii: "g"): result = Characters.isGraphic(byte)
    case UInt8(ascii: "l"): result = Characters.isLower(byte)
    case UInt8(ascii: "p"): result = Characters.isPunctuation(byte)
    case UInt8(ascii: "s"): result = Characters.isSpace(byte)
    case UInt8(ascii: "u"): result = Characters.isUpper(byte)
    case UInt8(ascii: "w"): result = Characters.isLetter(byte) || Characters.isDigit(byte)
    case UInt8(ascii: "x"): result = Characters.isHexadecimal(byte)
    default: return name == byte
    }
    guard Characters.isLetter(name) else { return name == byte }
    return Characters.isUpper(name) ? !result : result
  }

  /// `last` is the closing bracket of the set that begins at `p`.
  private func matchesSet(_ byte: UInt8, _ p: Int, _ last: Int) -> Bool {
    var index = p + 1
    var found = true
    if pattern[index] == UInt8(ascii: "^") {
      found = false
      index += 1
    }
    while index < last {
      if pattern[index] == PatternMatch.escape {
        index += 1
        if PatternMatch.matchesClass(byte, pattern[index]) { return found }
        index += 1
      } else if index + 2 < last, pattern[index + 1] == UInt8(ascii: "-") {
        if pattern[index] <= byte, byte <= pattern[index + 2] { return found }
        index += 3
      } else {
        if pattern[index] == byte { return found }
        index += 1
      }
    }
    return !found
  }
}
