/// What a metatable may define (Lua 5.4 manual, section 2.4). The first eight are remembered as absent per table.
enum Event: UInt8 {
  case index, newIndex, equal, length, call, less, lessOrEqual, concatenate
  case add, subtract, multiply, modulo, power, divide, floorDivide, and, or, xor, shiftLeft, shiftRight
  case negate, bitNot, close, name, toString, pairs, metatable

  static let count = 27

  var name: StaticString {
    switch self {
    case .index: return "__index"
    case .newIndex: return "__newindex"
    case .equal: return "__eq"
    case .length: return "__len"
    case .call: return "__call"
    case .less: return "__lt"
    case .lessOrEqual: return "__le"
    case .concatenate: return "__concat"
    case .add: return "__add"
    case .subtract: return "__sub"
    case .multiply: return "__mul"
    case .modulo: return "__mod"
    case .power: return "__pow"
    case .divide: return "__div"
    case .floorDivide: return "__idiv"
    case .and: return "__band"
    case .or: return "__bor"
    case .xor: return "__bxor"
    case .shiftLeft: return "__shl"
    case .shiftRight: return "__shr"
    case .negate: return "__unm"
    case .bitNot: return "__bnot"
    case .close: return "__close"
    case .name: return "__name"
    case .toString: return "__tostring"
    case .pairs: return "__pairs"
    case .metatable: return "__metatable"
    }
  }

  static func of(_ operation: BinaryOperator) -> Event {
    Event(rawValue: Event.add.rawValue + operation.rawValue) ?? .add
  }
}

extension Machine {
  @inline(__always) func metamethod(_ metatable: TableRef, _ event: Event) -> Value {
    if event.rawValue < 8, metatable.pointee.header.flags & (1 << event.rawValue) != 0 { return .null }
    let value = TableObject.entryValue(metatable, eventName(event))
    if value.tag == Tag.none, event.rawValue < 8 { metatable.pointee.header.flags |= 1 << event.rawValue }
    return value
  }

  func metatable(of value: Value) -> TableRef? {
    if value.tag == Tag.table { return value.table.pointee.metatable }
    if value.isString {
      if stringMetatable == nil { installStringLibrary() }
      return stringMetatable
    }
    return nil
  }

  func metamethod(of value: Value, _ event: Event) -> Value {
    guard let metatable = metatable(of: value) else { return .null }
    return metamethod(metatable, event)
  }

  // MARK: Calling

  /// Calls a metamethod for the current instruction of the script, which `finishOperation` completes.
  func callForOperation(_ handler: Value, _ first: Value, _ second: Value, _ third: Value? = nil) throws(Trap) {
    let current = frame.pointee
    let registers = current.closure.map { Int($0.pointee.function.pointee.registerCount) } ?? 0
    let slot = Int(current.base) + registers
    try ensureStack(slot + 8 + ThreadObject.reserve)
    stack[slot] = handler
    stack[slot + 1] = first
    stack[slot + 2] = second
    var count = 2
    if let third {
      stack[slot + 3] = third
      count = 3
    }
    top = slot + 1 + count
    try pushContinuation(.operation, at: slot, resultsAt: slot, wanted: -1)
    try begin(slot, count, -1)
  }

  /// Completes the instruction before `pc` with the value that its metamethod gave.
  func finishOperation(_ value: Value) {
    let current = frame
    guard let pc = current.pointee.pc else { return }
    let instruction = Instruction(word: (pc - 1).pointee)
    switch instruction.opcode {
    case .equal, .less, .lessOrEqual, .equalConstant, .equalInteger, .lessInteger, .lessOrEqualInteger, .greaterInteger,
      .greaterOrEqualInteger:
      if value.isTrue != instruction.k {
        current.pointee.pc = pc + 1
      }
    case .setGlobal, .setTable, .setField, .setInteger: break
    default: stack[Int(current.pointee.base) + instruction.a] = value
    }
  }

  // MARK: Fields

  /// `object[key]` for an instruction of the script.
  func index(_ object: Value, _ key: Value, into slot: Int) throws(Trap) {
    var object = object
    for _ in 0..<100 {
      let handler: Value
      if object.tag == Tag.table {
        let value = TableObject.value(object.table, key)
        if value.tag != Tag.none {
          stack[slot] = value
          return
        }
        guard let metatable = object.table.pointee.metatable else {
          stack[slot] = .null
          return
        }
        handler = metamethod(metatable, .index)
        if handler.tag == Tag.none {
          stack[slot] = .null
          return
        }
      } else {
        handler = metamethod(of: object, .index)
        if handler.tag == Tag.none { throw raiseIndex(object, key) }
      }
      if handler.isFunction { return try callForOperation(handler, object, key) }
      object = handler
    }
    throw raise("'__index' chain too long; possibly a loop")
  }

  /// `object[key] = value` for an instruction of the script.
  func setIndex(_ object: Value, _ key: Value, _ value: Value) throws(Trap) {
    var object = object
    for _ in 0..<100 {
      let handler: Value
      if object.tag == Tag.table {
        let table = object.table
        var found: Value = .null
        if table.pointee.metatable != nil { found = TableObject.value(table, key) }
        if found.tag == Tag.none, let metatable = table.pointee.metatable {
          handler = metamethod(metatable, .newIndex)
        } else {
          handler = .null
        }
        if handler.tag == Tag.none {
          try checkKey(key)
          return try set(table, key, value)
        }
      } else {
        handler = metamethod(of: object, .newIndex)
        if handler.tag == Tag.none { throw raiseIndex(object, key) }
      }
      if handler.isFunction { return try callForOperation(handler, object, key, value) }
      object = handler
    }
    throw raise("'__newindex' chain too long; possibly a loop")
  }

  func checkKey(_ key: Value) throws(Trap) {
    if key.tag == Tag.none { throw raise("table index is nil") }
    if key.tag == Tag.float, key.float.isNaN { throw raise("table index is NaN") }
  }

  /// `object[key]` for a library function.
  func value(of object: Value, _ key: Value) throws(Trap) -> Value {
    var object = object
    for _ in 0..<100 {
      let handler: Value
      if object.tag == Tag.table {
        let value = TableObject.value(object.table, key)
        if value.tag != Tag.none { return value }
        guard let metatable = object.table.pointee.metatable else { return .null }
        handler = metamethod(metatable, .index)
        if handler.tag == Tag.none { return .null }
      } else {
        handler = metamethod(of: object, .index)
        if handler.tag == Tag.none { throw raiseIndex(object, key) }
      }
      if handler.isFunction { return try call(handler, object, key) }
      object = handler
    }
    throw raise("'__index' chain too long; possibly a loop")
  }

  /// `object[key] = value` for a library function. All three are on the stack.
  func setValue(of object: Value, _ key: Value, _ value: Value) throws(Trap) {
    if object.tag == Tag.table {
      let table = object.table
      if table.pointee.metatable == nil || TableObject.value(table, key).tag != Tag.none {
        try checkKey(key)
        return try set(table, key, value)
      }
    }
    let handler = metamethod(of: object, .newIndex)
    if handler.tag == Tag.none {
      guard object.tag == Tag.table else { throw raiseIndex(object, key) }
      try checkKey(key)
      return try set(object.table, key, value)
    }
    if handler.isFunction {
      let slot = top
      try ensureStack(slot + 5 + ThreadObject.reserve)
      stack[slot] = handler
      stack[slot + 1] = object
      stack[slot + 2] = key
      stack[slot + 3] = value
      top = slot + 4
      try run(slot, 3)
      top = slot
      return
    }
    try setValue(of: handler, key, value)
  }
}
