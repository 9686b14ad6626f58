// The basic functions (Lua 5.4 manual, section 6.1).

extension Machine {
  func baseLibrary(_ builtin: Builtin, _ arguments: Arguments, _ slot: Int, _ wanted: Int32) throws(Trap) -> Int {
    switch builtin {
    case .assert where Library.has(.assert): return try assert(arguments)
    case .collectGarbage where Library.has(.collectGarbage): return try collectGarbage(arguments)
    case .error where Library.has(.error): throw try error(arguments)
    case .getMetatable where Library.has(.getMetatable):
      let value = try any(arguments, 0)
      guard let metatable = metatable(of: value) else { return give(.null) }
      let field = metamethod(metatable, .metatable)
      return give(field.isNone ? Value(metatable) : field)
    case .ipairs where Library.has(.ipairs):
      let value = try any(arguments, 0)
      push(Value(.ipairsStep))
      push(value)
      push(.integer(0))
      return 3
    case .ipairsStep where Library.has(.ipairsStep):
      let index = try integer(arguments, 1) &+ 1
      let object = argument(arguments, 0)
      let value =
        object.tag == Tag.table && object.table.pointee.metatable == nil
        ? TableObject.integerIndex(object.table, index) : try self.value(of: object, .integer(index))
      if value.isNone { return give(.null) }
      push(.integer(index))
      push(value)
      return 2
    case .next where Library.has(.next):
      let table = try table(arguments, 0)
      guard let found = TableObject.next(table, argument(arguments, 1), stack + top) else {
        throw raise("invalid key to 'next'")
      }
      if !found { return give(.null) }
      top += 2
      return 2
    case .pairs where Library.has(.pairs): return try pairs(arguments)
    case .print where Library.has(.print): return try printLine(arguments)
    case .protectedCall where Library.has(.protectedCall):
      _ = try any(arguments, 0)
      try pushContinuation(.protected, at: slot + 1, resultsAt: slot, wanted: wanted)
      try begin(slot + 1, arguments.count - 1, -1)
      return -1
    case .extendedProtectedCall where Library.has(.extendedProtectedCall):
      let handler = try function(arguments, 1)
      stack[slot + 2] = stack[slot + 1]
      stack[slot + 1] = handler
      try pushContinuation(
        .protectedWithHandler, at: slot + 2, resultsAt: slot, wanted: wanted, extra: Int32(slot + 1))
      try begin(slot + 2, arguments.count - 2, -1)
      return -1
    case .rawEqual where Library.has(.rawEqual):
      return give(.boolean(try any(arguments, 0).equals(try any(arguments, 1))))
    case .rawGet where Library.has(.rawGet):
      let table = try table(arguments, 0)
      return give(TableObject.value(table, try any(arguments, 1)))
    case .rawLength where Library.has(.rawLength):
      let value = argument(arguments, 0)
      if value.isString { return give(.integer(Int64(value.string.pointee.count))) }
      guard value.tag == Tag.table else { throw raiseArgument(0, "table or string expected") }
      return give(.integer(TableObject.border(value.table)))
    case .rawSet where Library.has(.rawSet):
      let table = try table(arguments, 0)
      try checkKey(try any(arguments, 1))
      try set(table, argument(arguments, 1), try any(arguments, 2))
      return give(Value(table))
    case .select where Library.has(.select): return try select(arguments)
    case .setMetatable where Library.has(.setMetatable): return try setMetatable(arguments)
    case .toNumber where Library.has(.toNumber): return try toNumber(arguments)
    case .toString where Library.has(.toString): return give(Value(try text(of: try any(arguments, 0))))
    case .type where Library.has(.type): return give(Value(try makeString(typeName(try any(arguments, 0)))))
    default: throw leftOut(builtin)
    }
  }

  private func assert(_ arguments: Arguments) throws(Trap) -> Int {
    if try any(arguments, 0).isTrue {
      for index in 0..<arguments.count { stack[top + index] = stack[arguments.base + index] }
      try ensureStack(top + arguments.count + ThreadObject.reserve)
      top += arguments.count
      return arguments.count
    }
    if arguments.count > 1 {
      raised = argument(arguments, 1)
      throw .raised
    }
    throw raise(value: Text("assertion failed!").bytes)
  }

  private func error(_ arguments: Arguments) throws(Trap) -> Trap {
    let level = try integer(arguments, 1, default: 1)
    let value = argument(arguments, 0)
    if value.isString, level > 0 {
      var text = position(level: Int(clamping: level))
      text.add(value.string)
      return raise(value: text.bytes)
    }
    raised = value
    return .raised
  }

  /// Collecting is the machine's business; `count` is what is alive, in KiB, so that it is the same on every target.
  private func collectGarbage(_ arguments: Arguments) throws(Trap) -> Int {
    let option = arguments.count > 0 && !argument(arguments, 0).isNone ? try string(arguments, 0) : nil
    let name = option.map { Array(StringObject.buffer($0)) } ?? []
    if name.elementsEqual(Text("count").bytes) {
      try charge(heapBytes >> 6)
      collect()
      return give(.float(Double(heapBytes) / 1024))
    }
    if name.isEmpty || name.elementsEqual(Text("collect").bytes) || name.elementsEqual(Text("step").bytes) {
      try charge(heapBytes >> 6)
      collect()
    }
    if name.elementsEqual(Text("isrunning").bytes) { return give(.boolean(true)) }
    return give(.integer(0))
  }

  private func pairs(_ arguments: Arguments) throws(Trap) -> Int {
    let value = try any(arguments, 0)
    let handler = metamethod(of: value, .pairs)
    if handler.isNone {
      if value.tag != Tag.table { _ = try table(arguments, 0) }
      push(Value(.next))
      push(value)
      push(.null)
      return 3
    }
    let slot = top
    stack[slot] = handler
    stack[slot + 1] = value
    top = slot + 2
    try run(slot, 1)
    for index in resultCount..<max(3, resultCount) { stack[slot + index] = .null }
    top = slot + 3
    return 3
  }

  private func printLine(_ arguments: Arguments) throws(Trap) -> Int {
    var line: [UInt8] = []
    for index in 0..<arguments.count {
      let text = try text(of: stack[arguments.base + index])
      if index > 0 { line.append(9) }
      line.append(contentsOf: StringObject.buffer(text))
    }
    try chargeLog(line.count + 1)
    host.print(line)
    return 0
  }

  private func select(_ arguments: Arguments) throws(Trap) -> Int {
    let first = argument(arguments, 0)
    if first.isString, StringObject.buffer(first.string).elementsEqual([UInt8(ascii: "#")]) {
      return give(.integer(Int64(arguments.count - 1)))
    }
    var index = try integer(arguments, 0)
    if index < 0 {
      index += Int64(arguments.count)
    } else if index > Int64(arguments.count) {
      index = Int64(arguments.count)
    }
    guard index >= 1 else {
      running = stack[arguments.base - 1]
      throw raiseArgument(0, "index out of range")
    }
    // The results already lie on top of the stack.
    return arguments.count - Int(index)
  }

  private func setMetatable(_ arguments: Arguments) throws(Trap) -> Int {
    let table = try table(arguments, 0)
    let value = argument(arguments, 1)
    guard value.isNone && arguments.count > 1 || value.tag == Tag.table else {
      running = stack[arguments.base - 1]
      throw raiseArgument(1, expected: "nil or table", value, isMissing: arguments.count < 2)
    }
    if let current = table.pointee.metatable, !metamethod(current, .metatable).isNone {
      throw raise("cannot change a protected metatable")
    }
    try nameEvents()
    table.pointee.metatable = value.tag == Tag.table ? value.table : nil
    return give(Value(table))
  }

  private func toNumber(_ arguments: Arguments) throws(Trap) -> Int {
    if argument(arguments, 1).isNone {
      let value = try any(arguments, 0)
      return give(numeral(value) ?? .null)
    }
    let base = try integer(arguments, 1)
    let value = argument(arguments, 0)
    guard value.isString else {
      running = stack[arguments.base - 1]
      throw raiseArgument(0, expected: "string", value, isMissing: arguments.count == 0)
    }
    guard base >= 2, base <= 36 else {
      running = stack[arguments.base - 1]
      throw raiseArgument(1, "base out of range")
    }
    let text = StringObject.buffer(value.string)
    var index = 0
    var end = text.count
    while index < end, Characters.isSpace(text[index]) { index += 1 }
    while end > index, Characters.isSpace(text[end - 1]) { end -= 1 }
    var isNegative = false
    if index < end, text[index] == UInt8(ascii: "-") {
      isNegative = true
      index += 1
    }
    guard index < end else { return give(.null) }
    var result: Int64 = 0
    while index < end {
      let byte = text[index]
      let digit: Int64
      if Characters.isDigit(byte) {
        digit = Int64(byte - 48)
      } else if Characters.isLetter(byte) {
        digit = Int64((byte | 0x20) - 87)
      } else {
        return give(.null)
      }
      guard digit < base else { return give(.null) }
      result = result &* base &+ digit
      index += 1
    }
    return give(.integer(isNegative ? 0 &- result : result))
  }

  // MARK: Text of values

  /// What `tostring` gives.
  func text(of value: Value) throws(Trap) -> StringRef {
    if value.isString { return value.string }
    if value.isNumber { return try numberString(value) }
    let handler = metamethod(of: value, .toString)
    if !handler.isNone {
      let result = try call(handler, value)
      if result.isString {
        // Kept by a slot until the caller is done with it.
        push(result)
        return result.string
      }
      if result.isNumber { return try numberString(result) }
      throw raise("'__tostring' must return a string")
    }
    return try makeString(plainText(value))
  }

  /// The text of a value without metamethods other than `__name`. Tables, functions and coroutines have numbers that
  /// are the same on every target.
  func plainText(_ value: Value) -> [UInt8] {
    var bytes: [UInt8] = []
    switch value.tag {
    case Tag.none: return Text("nil").bytes
    case Tag.no: return Text("false").bytes
    case Tag.yes: return Text("true").bytes
    case Tag.integer: Numbers.append(value.integer, to: &bytes)
    case Tag.float: Numbers.append(value.float, to: &bytes)
    case Tag.shortString, Tag.longString: return Array(StringObject.buffer(value.string))
    default:
      var text = describedType(value)
      if value.tag == Tag.native { text.add(": builtin: ") } else { text.add(": 0x") }
      let number =
        value.tag == Tag.native ? UInt32(truncatingIfNeeded: value.bits & 0xFFFF) : value.object.pointee.serial
      for shift: UInt32 in [28, 24, 20, 16, 12, 8, 4, 0] {
        let digit = UInt8(number >> shift & 15)
        text.add(digit < 10 ? 48 + digit : 87 + digit)
      }
      return text.bytes
    }
    return bytes
  }
}
