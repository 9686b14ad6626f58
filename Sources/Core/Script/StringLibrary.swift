// The functions on strings (Lua 5.4 manual, section 6.4); those with patterns are in StringSearch.

extension Machine {
  func stringLibrary(_ builtin: Builtin, _ arguments: Arguments) throws(Trap) -> Int {
    switch builtin {
    case .stringByte where Library.has(.stringByte): return try stringByte(arguments)
    case .stringChar where Library.has(.stringChar):
      var bytes: [UInt8] = []
      for index in 0..<arguments.count {
        let value = try integer(arguments, index)
        guard value >= 0, value <= 255 else { throw bad(arguments, index, "value out of range") }
        bytes.append(UInt8(value))
      }
      return give(Value(try makeString(bytes)))
    case .stringFind where Library.has(.stringFind): return try stringFind(arguments, isFind: true)
    case .stringMatch where Library.has(.stringMatch): return try stringFind(arguments, isFind: false)
    case .stringGmatch where Library.has(.stringGmatch): return try stringGmatch(arguments)
    case .stringGsub where Library.has(.stringGsub): return try stringGsub(arguments)
    case .stringFormat where Library.has(.stringFormat): return try stringFormat(arguments)
    case .stringLength where Library.has(.stringLength):
      return give(.integer(Int64(try string(arguments, 0).pointee.count)))
    case .stringLower where Library.has(.stringLower):
      return try mapped(arguments) { Characters.isUpper($0) ? $0 + 32 : $0 }
    case .stringUpper where Library.has(.stringUpper):
      return try mapped(arguments) { Characters.isLower($0) ? $0 - 32 : $0 }
    case .stringRep where Library.has(.stringRep): return try stringRep(arguments)
    case .stringReverse where Library.has(.stringReverse):
      let text = StringObject.buffer(try string(arguments, 0))
      var buffer = takeScratch()
      defer { giveBack(&buffer) }
      try charge(text.count >> 4)
      buffer.append(contentsOf: text.reversed())
      return give(Value(try makeString(buffer)))
    case .stringSub where Library.has(.stringSub): return try stringSub(arguments)
    case .stringPack where Library.has(.stringPack): return try stringPack(arguments)
    case .stringPackSize where Library.has(.stringPackSize): return try stringPackSize(arguments)
    case .stringUnpack where Library.has(.stringUnpack): return try stringUnpack(arguments)
    default: throw leftOut(builtin)
    }
  }

  func bad(_ arguments: Arguments, _ index: Int, _ message: StaticString) -> Trap {
    running = stack[arguments.base - 1]
    return raiseArgument(index, message)
  }

  // MARK: Room to put strings together

  func takeScratch() -> [UInt8] {
    var buffer: [UInt8] = []
    swap(&buffer, &scratch)
    buffer.removeAll(keepingCapacity: true)
    return buffer
  }

  func giveBack(_ buffer: inout [UInt8]) {
    if buffer.capacity <= 4096 { swap(&buffer, &scratch) }
  }

  @inline(__always) func checkLength(_ buffer: [UInt8]) throws(Trap) {
    if buffer.count > budget.stringLength { throw .fault(.stringLength) }
  }

  // MARK: Functions

  /// First and last position, from 1, of the part of a string that two arguments name.
  private func range(_ arguments: Arguments, _ index: Int, _ count: Int, last: Int64) throws(Trap) -> (Int, Int) {
    let length = Int64(count)
    var first = try integer(arguments, index, default: 1)
    if first < 0 { first = first < -length ? 1 : length + first + 1 } else if first == 0 { first = 1 }
    var end = try integer(arguments, index + 1, default: last)
    if end > length { end = length } else if end < 0 { end = end < -length ? 0 : length + end + 1 }
    if first > length + 1 { first = length + 1 }
    return (Int(first), Int(end))
  }

  private func stringSub(_ arguments: Arguments) throws(Trap) -> Int {
    let text = try string(arguments, 0)
    _ = try integer(arguments, 1)
    let (first, last) = try range(arguments, 1, Int(text.pointee.count), last: -1)
    guard first <= last else { return give(Value(try makeString(""))) }
    return give(Value(try makeString(StringObject.bytes(text) + (first - 1), last - first + 1)))
  }

  private func stringByte(_ arguments: Arguments) throws(Trap) -> Int {
    let text = try string(arguments, 0)
    let position = try integer(arguments, 1, default: 1)
    let (first, last) = try range(arguments, 1, Int(text.pointee.count), last: position)
    guard first <= last else { return 0 }
    try charge((last - first) >> 3)
    try ensureStack(top + last - first + 1 + ThreadObject.reserve)
    for index in first...last { push(.integer(Int64(StringObject.bytes(text)[index - 1]))) }
    return last - first + 1
  }

  private func mapped(_ arguments: Arguments, _ change: (UInt8) -> UInt8) throws(Trap) -> Int {
    let text = StringObject.buffer(try string(arguments, 0))
    var buffer = takeScratch()
    defer { giveBack(&buffer) }
    try charge(text.count >> 4)
    for byte in text { buffer.append(change(byte)) }
    return give(Value(try makeString(buffer)))
  }

  private func stringRep(_ arguments: Arguments) throws(Trap) -> Int {
    let text = try string(arguments, 0)
    let count = try integer(arguments, 1)
    let separator = argument(arguments, 2).isNone ? nil : try string(arguments, 2)
    guard count > 0 else { return give(Value(try makeString(""))) }
    let unit = Int64(text.pointee.count) + Int64(separator?.pointee.count ?? 0)
    let (product, overflow) = unit.multipliedReportingOverflow(by: count)
    guard !overflow, product - Int64(separator?.pointee.count ?? 0) <= Int64(budget.stringLength) else {
      throw .fault(.stringLength)
    }
    if unit == 0 { return give(Value(try makeString(""))) }
    let total = Int(product) - Int(separator?.pointee.count ?? 0)
    try charge(total >> 4)
    var buffer = takeScratch()
    defer { giveBack(&buffer) }
    buffer.reserveCapacity(total)
    for index in 0..<count {
      buffer.append(contentsOf: StringObject.buffer(text))
      if index < count - 1, let separator { buffer.append(contentsOf: StringObject.buffer(separator)) }
    }
    return give(Value(try makeString(buffer)))
  }
}
