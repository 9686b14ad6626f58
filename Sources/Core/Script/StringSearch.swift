// find, match, gmatch and gsub.

extension Machine {
  private static func isPlain(_ pattern: UnsafeBufferPointer<UInt8>) -> Bool {
    for byte in pattern {
      switch byte {
      case UInt8(ascii: "^"), UInt8(ascii: "$"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"),
        UInt8(ascii: "."), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"),
        UInt8(ascii: "%"), UInt8(ascii: "-"):
        return false
      default: break
      }
    }
    return true
  }

  private func search(
    _ text: UnsafeBufferPointer<UInt8>, _ wanted: UnsafeBufferPointer<UInt8>, from start: Int
  ) throws(Trap) -> Int? {
    if wanted.isEmpty { return start }
    guard text.count - start >= wanted.count else { return nil }
    let first = wanted[0]
    var index = start
    let last = text.count - wanted.count
    try charge((last - start) >> 4)
    while index <= last {
      if text[index] == first {
        var offset = 1
        while offset < wanted.count, text[index + offset] == wanted[offset] { offset += 1 }
        if offset == wanted.count { return index }
        try charge(offset >> 4)
      }
      index += 1
    }
    return nil
  }

  func stringFind(_ arguments: Arguments, isFind: Bool) throws(Trap) -> Int {
    let text = StringObject.buffer(try string(arguments, 0))
    let pattern = StringObject.buffer(try string(arguments, 1))
    var start = try integer(arguments, 2, default: 1)
    if start < 0 {
      start = start < -Int64(text.count) ? 1 : Int64(text.count) + start + 1
    } else if start == 0 {
      start = 1
    }
    guard start <= Int64(text.count) + 1 else { return give(.null) }
    if isFind, argument(arguments, 3).isTrue || Machine.isPlain(pattern) {
      guard let found = try search(text, pattern, from: Int(start) - 1) else { return give(.null) }
      push(.integer(Int64(found) + 1))
      push(.integer(Int64(found + pattern.count)))
      return 2
    }
    let isAnchored = pattern.first == UInt8(ascii: "^")
    var index = Int(start) - 1
    var match = PatternMatch(self, subject: text, pattern: pattern)
    repeat {
      match.level = 0
      if let end = try match.match(index, isAnchored ? 1 : 0) {
        guard isFind else { return try match.pushCaptures(index, end, wholeIfNone: true) }
        push(.integer(Int64(index) + 1))
        push(.integer(Int64(end)))
        return 2 + (try match.pushCaptures(index, end, wholeIfNone: false))
      }
      index += 1
    } while index <= text.count && !isAnchored
    return give(.null)
  }

  /// The state of an iterator: text, pattern, next position, end of the last match.
  func stringGmatch(_ arguments: Arguments) throws(Trap) -> Int {
    let text = try string(arguments, 0)
    _ = try string(arguments, 1)
    var start = try integer(arguments, 2, default: 1)
    let length = Int64(text.pointee.count)
    if start < 0 { start = start < -length ? 1 : length + start + 1 } else if start == 0 { start = 1 }
    if start > length + 1 { start = length + 2 }
    let state = try makeTable(array: 4)
    push(Value(state))
    try setInteger(state, 1, stack[arguments.base])
    try setInteger(state, 2, stack[arguments.base + 1])
    try setInteger(state, 3, .integer(start - 1))
    try setInteger(state, 4, .integer(-1))
    return give(Value(bits: Value(state).bits, tag: Tag.matcher))
  }

  /// A call of the iterator of `gmatch`, which lies in `slot`.
  func callMatcher(_ state: TableRef, _ slot: Int, _ wanted: Int32) throws(Trap) {
    try charge(1)
    top = slot + 1
    try ensureStack(top + ThreadObject.reserve)
    let subject = TableObject.integerIndex(state, 1)
    let wantedPattern = TableObject.integerIndex(state, 2)
    let next = TableObject.integerIndex(state, 3)
    let last = TableObject.integerIndex(state, 4)
    // Only a snapshot that was made up could have something else here.
    guard subject.isString, wantedPattern.isString, next.isInteger, last.isInteger, next.integer >= 0 else {
      throw raise("damaged iterator")
    }
    let text = StringObject.buffer(subject.string)
    let pattern = StringObject.buffer(wantedPattern.string)
    let lastEnd = last.integer
    var index = Int(clamping: next.integer)
    var match = PatternMatch(self, subject: text, pattern: pattern)
    while index <= text.count {
      match.level = 0
      if let end = try match.match(index, 0), Int64(end) != lastEnd {
        try setInteger(state, 3, .integer(Int64(end)))
        try setInteger(state, 4, .integer(Int64(end)))
        let count = try match.pushCaptures(index, end, wholeIfNone: true)
        deliver(top - count, count, to: slot, wanted)
        return
      }
      index += 1
    }
    try setInteger(state, 3, .integer(Int64(text.count) + 1))
    stack[slot] = .null
    adjust(slot, 1, wanted)
  }

  func stringGsub(_ arguments: Arguments) throws(Trap) -> Int {
    let text = StringObject.buffer(try string(arguments, 0))
    let pattern = StringObject.buffer(try string(arguments, 1))
    let replacement = argument(arguments, 2)
    guard replacement.isNumber || replacement.isString || replacement.isTable || replacement.isFunction else {
      running = stack[arguments.base - 1]
      throw raiseArgument(
        2, expected: "string/function/table", replacement, isMissing: arguments.count < 3)
    }
    if replacement.isNumber { _ = try string(arguments, 2) }
    let limit = try integer(arguments, 3, default: Int64(text.count) + 1)
    let isAnchored = pattern.first == UInt8(ascii: "^")
    var buffer = takeScratch()
    defer { giveBack(&buffer) }
    var match = PatternMatch(self, subject: text, pattern: pattern)
    var index = 0
    var lastEnd = -1
    var count: Int64 = 0
    while count < limit {
      match.level = 0
      if let end = try match.match(index, isAnchored ? 1 : 0), end != lastEnd {
        count += 1
        try addReplacement(stack[arguments.base + 2], match, index, end, &buffer)
        index = end
        lastEnd = end
      } else if index < text.count {
        buffer.append(text[index])
        index += 1
      } else {
        break
      }
      try checkLength(buffer)
      if isAnchored { break }
    }
    if index < text.count { buffer.append(contentsOf: text[index...]) }
    try checkLength(buffer)
    push(Value(try makeString(buffer)))
    push(.integer(count))
    return 2
  }

  private func addReplacement(
    _ replacement: Value, _ match: PatternMatch, _ start: Int, _ end: Int, _ buffer: inout [UInt8]
  ) throws(Trap) {
    let kept = top
    let value: Value
    if replacement.isString {
      try addText(replacement.string, match, start, end, &buffer)
      return
    } else if replacement.isTable {
      push(try match.capture(0, start, end))
      value = try self.value(of: replacement, stack[kept])
    } else {
      push(replacement)
      let count = try match.pushCaptures(start, end, wholeIfNone: true)
      try run(kept, count)
      value = resultCount > 0 ? stack[kept] : .null
    }
    top = kept
    if !value.isTrue {
      buffer.append(contentsOf: match.subject[start..<end])
    } else if value.isString {
      buffer.append(contentsOf: StringObject.buffer(value.string))
    } else if value.tag == Tag.integer {
      Numbers.append(value.integer, to: &buffer)
    } else if value.tag == Tag.float {
      Numbers.append(value.float, to: &buffer)
    } else {
      var text = Text("invalid replacement value (a ")
      text.add(typeName(value))
      text.add(")")
      throw raise(text)
    }
  }

  private func addText(
    _ replacement: StringRef, _ match: PatternMatch, _ start: Int, _ end: Int, _ buffer: inout [UInt8]
  ) throws(Trap) {
    let text = StringObject.buffer(replacement)
    var index = 0
    while index < text.count {
      let byte = text[index]
      index += 1
      guard byte == UInt8(ascii: "%") else {
        buffer.append(byte)
        continue
      }
      let next = index < text.count ? text[index] : 0
      index += 1
      if next == UInt8(ascii: "%") {
        buffer.append(next)
      } else if next == UInt8(ascii: "0") {
        buffer.append(contentsOf: match.subject[start..<end])
      } else if Characters.isDigit(next) {
        let value = try match.capture(Int(next) - 49, start, end)
        if value.isString {
          buffer.append(contentsOf: StringObject.buffer(value.string))
        } else {
          Numbers.append(value.integer, to: &buffer)
        }
      } else {
        throw raise("invalid use of '%' in replacement string")
      }
    }
  }
}
