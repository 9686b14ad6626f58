// The functions on UTF-8 (Lua 5.4 manual, section 6.5).

extension Machine {
  func utf8Library(_ builtin: Builtin, _ arguments: Arguments) throws(Trap) -> Int {
    switch builtin {
    case .utf8Char where Library.has(.utf8Char):
      var bytes: [UInt8] = []
      for index in 0..<arguments.count {
        let value = try integer(arguments, index)
        guard value >= 0, value <= 0x7FFF_FFFF else { throw bad(arguments, index, "value out of range") }
        UTF8Code.append(UInt32(value), to: &bytes)
      }
      return give(Value(try makeString(bytes)))
    case .utf8CodePoint where Library.has(.utf8CodePoint): return try codePoints(arguments)
    case .utf8Codes where Library.has(.utf8Codes):
      let text = StringObject.buffer(try string(arguments, 0))
      if let first = text.first, first & 0xC0 == 0x80 { throw bad(arguments, 0, "invalid UTF-8 code") }
      push(Value(.utf8CodesStep, payload: argument(arguments, 1).isTrue ? 1 : 0))
      push(stack[arguments.base])
      push(.integer(0))
      return 3
    case .utf8CodesStep where Library.has(.utf8CodesStep): return try step(arguments)
    case .utf8Length where Library.has(.utf8Length): return try utf8Length(arguments)
    case .utf8Offset where Library.has(.utf8Offset): return try utf8Offset(arguments)
    default: throw leftOut(builtin)
    }
  }

  /// A position counted from the end when negative.
  private func absolute(_ position: Int64, _ count: Int) -> Int64 {
    if position >= 0 { return position }
    return position < -Int64(count) ? 0 : Int64(count) + position + 1
  }

  private func codePoints(_ arguments: Arguments) throws(Trap) -> Int {
    let text = StringObject.buffer(try string(arguments, 0))
    let first = absolute(try integer(arguments, 1, default: 1), text.count)
    let last = absolute(try integer(arguments, 2, default: first), text.count)
    guard first >= 1 else { throw bad(arguments, 1, "out of bounds") }
    guard last <= Int64(text.count) else { throw bad(arguments, 2, "out of bounds") }
    guard first <= last else { return 0 }
    let isStrict = !argument(arguments, 3).isTrue
    try ensureStack(top + Int(last - first) + 1 + ThreadObject.reserve)
    var index = Int(first - 1)
    var count = 0
    while index < Int(last) {
      guard let (value, length) = UTF8Code.decode(text, at: index, isStrict: isStrict) else {
        throw raise("invalid UTF-8 code")
      }
      push(.integer(Int64(value)))
      index += length
      count += 1
    }
    return count
  }

  private func step(_ arguments: Arguments) throws(Trap) -> Int {
    let text = StringObject.buffer(try string(arguments, 0))
    let isStrict = stack[arguments.base - 1].bits >> 32 == 0
    var index = Int(clamping: try integer(arguments, 1))
    if index > 0 {
      while index < text.count, text[index] & 0xC0 == 0x80 { index += 1 }
    }
    guard index >= 0, index < text.count else { return 0 }
    guard let (value, length) = UTF8Code.decode(text, at: index, isStrict: isStrict),
      index + length >= text.count || text[index + length] & 0xC0 != 0x80
    else { throw raise("invalid UTF-8 code") }
    push(.integer(Int64(index) + 1))
    push(.integer(Int64(value)))
    return 2
  }

  private func utf8Length(_ arguments: Arguments) throws(Trap) -> Int {
    let text = StringObject.buffer(try string(arguments, 0))
    let first = absolute(try integer(arguments, 1, default: 1), text.count)
    let last = absolute(try integer(arguments, 2, default: -1), text.count)
    guard first >= 1, first <= Int64(text.count) + 1 else { throw bad(arguments, 1, "initial position out of bounds") }
    guard last <= Int64(text.count) else { throw bad(arguments, 2, "final position out of bounds") }
    let isStrict = !argument(arguments, 3).isTrue
    var index = Int(first - 1)
    var count: Int64 = 0
    try charge(text.count >> 4)
    while index < Int(last) {
      guard let (_, length) = UTF8Code.decode(text, at: index, isStrict: isStrict) else {
        push(.null)
        push(.integer(Int64(index) + 1))
        return 2
      }
      index += length
      count += 1
    }
    return give(.integer(count))
  }

  private func utf8Offset(_ arguments: Arguments) throws(Trap) -> Int {
    let text = StringObject.buffer(try string(arguments, 0))
    var count = try integer(arguments, 1)
    let start: Int64 = count > 0 ? 1 : Int64(text.count) + 1
    let position = absolute(try integer(arguments, 2, default: start), text.count) - 1
    guard position >= 0, position <= Int64(text.count) else { throw bad(arguments, 2, "position out of bounds") }
    var index = Int(position)
    func isContinuation(_ index: Int) -> Bool { index < text.count && text[index] & 0xC0 == 0x80 }
    if count == 0 {
      while index > 0, isContinuation(index) { index -= 1 }
      return give(.integer(Int64(index) + 1))
    }
    if isContinuation(index) { throw raise("initial position is a continuation byte") }
    if count < 0 {
      while count < 0, index > 0 {
        repeat { index -= 1 } while index > 0 && isContinuation(index)
        count += 1
      }
    } else {
      count -= 1
      while count > 0, index < text.count {
        repeat { index += 1 } while isContinuation(index)
        count -= 1
      }
    }
    return give(count == 0 ? .integer(Int64(index) + 1) : .null)
  }
}
