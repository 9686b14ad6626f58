// The table functions (Lua 5.4 manual, section 6.6).

extension Machine {
  func tableLibrary(_ builtin: Builtin, _ arguments: Arguments) throws(Trap) -> Int {
    switch builtin {
    case .tableConcat where Library.has(.tableConcat): return try tableConcat(arguments)
    case .tableInsert where Library.has(.tableInsert): return try tableInsert(arguments)
    case .tableMove where Library.has(.tableMove): return try tableMove(arguments)
    case .tablePack where Library.has(.tablePack):
      let table = try makeTable(array: arguments.count, entries: 1)
      push(Value(table))
      for index in 0..<arguments.count {
        try setInteger(table, Int64(index) + 1, stack[arguments.base + index])
      }
      try set(table, "n", .integer(Int64(arguments.count)))
      return 1
    case .tableRemove where Library.has(.tableRemove): return try tableRemove(arguments)
    case .tableSort where Library.has(.tableSort): return try tableSort(arguments)
    case .tableUnpack where Library.has(.tableUnpack): return try tableUnpack(arguments)
    default: throw leftOut(builtin)
    }
  }

  /// `#object` for a library function.
  func length(of object: Value) throws(Trap) -> Int64 {
    let handler = metamethod(of: object, .length)
    if handler.isNone {
      if object.isString { return Int64(object.string.pointee.count) }
      guard object.tag == Tag.table else { throw raiseOperand("get length of", object) }
      return TableObject.border(object.table)
    }
    let result = try call(handler, object, object)
    guard let length = Arithmetic.exactInteger(result) else { throw raise("object length is not an integer") }
    return length
  }

  private func isPlain(_ value: Value) -> Bool { value.tag == Tag.table && value.table.pointee.metatable == nil }

  private func listElement(_ list: Value, _ index: Int64) throws(Trap) -> Value {
    isPlain(list) ? TableObject.integerIndex(list.table, index) : try value(of: list, .integer(index))
  }

  private func setListElement(_ list: Value, _ index: Int64, _ element: Value) throws(Trap) {
    if isPlain(list) {
      try setInteger(list.table, index, element)
    } else {
      push(element)
      try setValue(of: list, .integer(index), element)
      top -= 1
    }
  }

  /// The first argument: a table, or something that behaves like one.
  private func list(_ arguments: Arguments) throws(Trap) -> Value {
    let value = argument(arguments, 0)
    if value.tag != Tag.table, metamethod(of: value, .index).isNone || value.isString { _ = try table(arguments, 0) }
    return value
  }

  private func tableInsert(_ arguments: Arguments) throws(Trap) -> Int {
    let list = try list(arguments)
    let end = try length(of: list) &+ 1
    switch arguments.count {
    case 2: try setListElement(list, end, stack[arguments.base + 1])
    case 3:
      let position = try integer(arguments, 1)
      guard UInt64(bitPattern: position &- 1) < UInt64(bitPattern: end) else {
        running = stack[arguments.base - 1]
        throw raiseArgument(1, "position out of bounds")
      }
      try charge(Int(clamping: (end &- position) >> 2))
      var index = end
      while index > position {
        try setListElement(list, index, try listElement(list, index - 1))
        index -= 1
      }
      try setListElement(list, position, stack[arguments.base + 2])
    default: throw raise("wrong number of arguments to 'insert'")
    }
    return 0
  }

  private func tableRemove(_ arguments: Arguments) throws(Trap) -> Int {
    let list = try list(arguments)
    let size = try length(of: list)
    var position = try integer(arguments, 1, default: size)
    if arguments.count > 1, UInt64(bitPattern: size &+ 1 &- position) > UInt64(bitPattern: size), size &+ 1 != position
    {
      running = stack[arguments.base - 1]
      throw raiseArgument(1, "position out of bounds")
    }
    push(try listElement(list, position))
    try charge(Int(clamping: max(0, size &- position) >> 2))
    while position < size {
      try setListElement(list, position, try listElement(list, position + 1))
      position += 1
    }
    if position <= size || arguments.count > 1 { try setListElement(list, position, .null) }
    return 1
  }

  private func tableMove(_ arguments: Arguments) throws(Trap) -> Int {
    let source = try list(arguments)
    let first = try integer(arguments, 1)
    let last = try integer(arguments, 2)
    let target = try integer(arguments, 3)
    let destination = arguments.count > 4 && !argument(arguments, 4).isNone ? argument(arguments, 4) : source
    if arguments.count > 4, !argument(arguments, 4).isNone { _ = try table(arguments, 4) }
    if last >= first {
      guard first > 0 || last < .max &+ first else {
        running = stack[arguments.base - 1]
        throw raiseArgument(2, "too many elements to move")
      }
      let count = last - first + 1
      guard target <= .max - count + 1 else {
        running = stack[arguments.base - 1]
        throw raiseArgument(3, "destination wrap around")
      }
      let isSame = destination.equals(source)
      if target > last || target <= first || !isSame {
        for offset in 0..<count {
          try charge(1)
          try setListElement(destination, target + offset, try listElement(source, first + offset))
        }
      } else {
        var offset = count - 1
        while offset >= 0 {
          try charge(1)
          try setListElement(destination, target + offset, try listElement(source, first + offset))
          offset -= 1
        }
      }
    }
    return give(destination)
  }

  private func tableConcat(_ arguments: Arguments) throws(Trap) -> Int {
    let list = try list(arguments)
    let separator = argument(arguments, 1).isNone ? nil : try string(arguments, 1)
    let first = try integer(arguments, 2, default: 1)
    let last = argument(arguments, 3).isNone ? try length(of: list) : try integer(arguments, 3)
    var buffer = takeScratch()
    defer { giveBack(&buffer) }
    var index = first
    while index <= last {
      try charge(1)
      let element = try listElement(list, index)
      if element.isString {
        buffer.append(contentsOf: StringObject.buffer(element.string))
      } else if element.tag == Tag.integer {
        Numbers.append(element.integer, to: &buffer)
      } else if element.tag == Tag.float {
        Numbers.append(element.float, to: &buffer)
      } else {
        var text = Text("invalid value (")
        text.add(typeName(element))
        text.add(") at index ")
        text.add(index)
        text.add(" in table for 'concat'")
        throw raise(text)
      }
      if index < last, let separator { buffer.append(contentsOf: StringObject.buffer(separator)) }
      try checkLength(buffer)
      if index == .max { break }
      index += 1
    }
    return give(Value(try makeString(buffer)))
  }

  private func tableUnpack(_ arguments: Arguments) throws(Trap) -> Int {
    let list = argument(arguments, 0)
    let first = try integer(arguments, 1, default: 1)
    let last = argument(arguments, 2).isNone ? try length(of: list) : try integer(arguments, 2)
    guard first <= last else { return 0 }
    let count = last.subtractingReportingOverflow(first)
    guard !count.overflow, count.partialValue < 1_000_000 else { throw raise("too many results to unpack") }
    let total = Int(count.partialValue) + 1
    try charge(total >> 2)
    try ensureStack(top + total + ThreadObject.reserve)
    for offset in 0..<total { push(try listElement(list, first &+ Int64(offset))) }
    return total
  }

  // MARK: Sorting

  private func tableSort(_ arguments: Arguments) throws(Trap) -> Int {
    let list = try list(arguments)
    let count = try length(of: list)
    guard count > 1 else { return 0 }
    guard count < Int64(Int32.max) else { throw raiseArgument(0, "array too big") }
    let comparator = argument(arguments, 1).isNone ? nil : try function(arguments, 1)
    try quickSort(list, 1, count, comparator)
    return 0
  }

  private func isBefore(_ left: Value, _ right: Value, _ comparator: Value?) throws(Trap) -> Bool {
    try charge(1)
    if let comparator { return try call(comparator, left, right).isTrue }
    return try isLess(left, right)
  }

  private func swapElements(_ list: Value, _ first: Int64, _ second: Int64, _ one: Value, _ other: Value) throws(Trap) {
    push(one)
    push(other)
    try setListElement(list, first, other)
    try setListElement(list, second, one)
    top -= 2
  }

  /// Quicksort with the middle of three as pivot; the smaller part first, so that the depth stays logarithmic.
  private func quickSort(
    _ list: Value, _ first: Int64, _ last: Int64, _ comparator: Value?
  ) throws(Trap) {
    var low = first
    var high = last
    while low < high {
      try orderEnds(list, low, high, comparator)
      if high - low == 1 { return }
      let middle = low + (high - low) / 2
      try orderEnds(list, low, middle, comparator)
      try orderEnds(list, middle, high, comparator)
      if high - low == 2 { return }
      let pivot = try listElement(list, middle)
      push(pivot)
      try swapElements(list, middle, high - 1, pivot, try listElement(list, high - 1))
      let border = try partition(list, low, high, pivot, comparator)
      top -= 1
      if border - low < high - border {
        try quickSort(list, low, border - 1, comparator)
        low = border + 1
      } else {
        try quickSort(list, border + 1, high, comparator)
        high = border - 1
      }
    }
  }

  private func orderEnds(_ list: Value, _ low: Int64, _ high: Int64, _ comparator: Value?) throws(Trap) {
    let first = try listElement(list, low)
    push(first)
    let second = try listElement(list, high)
    push(second)
    if try isBefore(second, first, comparator) { try swapElements(list, low, high, first, second) }
    top -= 2
  }

  private func partition(
    _ list: Value, _ low: Int64, _ high: Int64, _ pivot: Value, _ comparator: Value?
  ) throws(Trap) -> Int64 {
    var left = low
    var right = high - 1
    while true {
      var first: Value = .null
      repeat {
        left += 1
        first = try listElement(list, left)
        if left >= high { throw raise("invalid order function for sorting") }
        push(first)
        defer { top -= 1 }
        if try !isBefore(first, pivot, comparator) { break }
      } while true
      var second: Value = .null
      push(first)
      repeat {
        right -= 1
        second = try listElement(list, right)
        if right < low { throw raise("invalid order function for sorting") }
        push(second)
        defer { top -= 1 }
        if try !isBefore(pivot, second, comparator) { break }
      } while true
      top -= 1
      if right < left {
        try swapElements(list, left, high - 1, try listElement(list, left), try listElement(list, high - 1))
        return left
      }
      try swapElements(list, left, right, first, second)
    }
  }

  // MARK: Instructions of the loop that work on tables

  /// `{...}` and the like: values above the table go to the places after `last`.
  func storeList(_ list: Value, _ slot: Int, _ count: Int, after last: Int) throws(Trap) {
    // Of code that was compiled elsewhere nobody knows that it is one.
    guard list.tag == Tag.table else { throw raiseType("index", list, slot: slot) }
    let table = list.table
    if last + count > Int(table.pointee.arrayCapacity), count > 0 { try growArray(table, to: last + count) }
    var gap = Int(table.pointee.arrayCount)
    while gap < last && count > 0 {
      table.pointee.array.unsafelyUnwrapped[gap] = .null
      gap += 1
    }
    for index in 0..<count {
      let value = stack[slot + 1 + index]
      // Places are filled whatever lies before them: a constructor may hold nil in between.
      table.pointee.array.unsafelyUnwrapped[last + index] = value
      if value.tag != Tag.none, last + index >= Int(table.pointee.arrayCount) {
        table.pointee.arrayCount = Int32(last + index + 1)
      }
    }
  }

  /// One step of a loop over `next`. The control variable says where it stands.
  @inline(__always) func stepThrough(_ table: TableRef, _ ra: ValueRef, _ wanted: Int) throws(Trap) {
    guard let found = TableObject.next(table, ra[2], ra + 4) else { throw raise("invalid key to 'next'") }
    if !found { ra[4] = .null }
    var index = found ? 2 : 1
    while index < wanted {
      ra[4 + index] = .null
      index += 1
    }
  }

  /// Makes the first three registers of a numeric loop ready: index, count of further rounds (or limit), step.
  func prepareLoop(_ ra: ValueRef) throws(Trap) -> Bool {
    let start = ra[0]
    let limit = ra[1]
    let step = ra[2]
    if start.tag == Tag.integer, step.tag == Tag.integer {
      if step.integer == 0 { throw raise("'for' step is zero") }
      guard let last = try integerLimit(limit, start.integer, step.integer) else { return false }
      let isUp = step.integer > 0
      if isUp ? start.integer > last : start.integer < last { return false }
      let distance =
        isUp
        ? UInt64(bitPattern: last) &- UInt64(bitPattern: start.integer)
        : UInt64(bitPattern: start.integer) &- UInt64(bitPattern: last)
      let size = isUp ? UInt64(step.integer) : step.integer.magnitude
      ra[1] = Value(bits: distance / size, tag: Tag.integer)
      ra[3] = start
      return true
    }
    guard let last = loopNumber(limit) else { throw raiseLoop("limit", limit) }
    guard let size = loopNumber(step) else { throw raiseLoop("step", step) }
    guard let first = loopNumber(start) else { throw raiseLoop("initial value", start) }
    if size == 0 { throw raise("'for' step is zero") }
    if size > 0 ? last < first : first < last { return false }
    ra[0] = .float(first)
    ra[1] = .float(last)
    ra[2] = .float(size)
    ra[3] = .float(first)
    return true
  }

  private func loopNumber(_ value: Value) -> Double? { value.asNumber }

  private func raiseLoop(_ part: StaticString, _ value: Value) -> Trap {
    var text = Text("bad 'for' ")
    text.add(part)
    text.add(" (number expected, got ")
    text.add(typeName(value))
    text.add(")")
    return raise(text)
  }

  /// The limit as an integer; none when the loop does not run at all.
  private func integerLimit(_ limit: Value, _ start: Int64, _ step: Int64) throws(Trap) -> Int64? {
    if limit.tag == Tag.integer { return limit.integer }
    guard let value = loopNumber(limit) else { throw raiseLoop("limit", limit) }
    if value.isNaN { return nil }
    let rounded = step < 0 ? Numbers.ceiling(value) : Numbers.floor(value)
    if let exact = Numbers.exactInteger(rounded) { return exact }
    if value > 0 { return step < 0 ? nil : .max }
    return step > 0 ? nil : .min
  }
}
