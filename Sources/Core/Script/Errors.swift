// Making error values with the place where they happened.

extension Machine {
  /// `NAME:LINE: ` of the innermost function when it belongs to a script; empty otherwise. Level 2 is its caller.
  func position(level: Int = 1) -> Text {
    var text = Text()
    var index = Int(thread.pointee.frameCount) - 1
    var left = level
    while index >= 0 {
      let frame = thread.pointee.frames[index]
      if frame.continuation == .tail {
        index -= 1
        continue
      }
      left -= 1
      if left == 0 {
        guard frame.closure != nil else { return text }
        text.add(programName(frame))
        text.add(":")
        text.add(Int(line(of: frame)))
        text.add(": ")
        return text
      }
      index -= 1
    }
    return text
  }

  private func programName(_ frame: Frame) -> [UInt8] {
    guard let closure = frame.closure else { return [] }
    return programs[Int(closure.pointee.function.pointee.program)].program.name
  }

  func prototype(_ function: UnsafeMutablePointer<LoadedFunction>) -> Prototype {
    programs[Int(function.pointee.program)].program.functions[Int(function.pointee.index)]
  }

  func line(of frame: Frame) -> Int32 {
    guard let closure = frame.closure, let pc = frame.pc else { return 0 }
    let function = closure.pointee.function
    let offset = max(0, pc - function.pointee.code - 1)
    let lines = prototype(function).lines
    return offset < lines.count ? Int32(lines[offset]) : 0
  }

  /// Line of the innermost function of a script, for faults.
  func currentLine() -> Int32 {
    var index = Int(thread.pointee.frameCount) - 1
    while index >= 0 {
      if thread.pointee.frames[index].closure != nil { return line(of: thread.pointee.frames[index]) }
      index -= 1
    }
    return 0
  }

  func raise(_ message: StaticString) -> Trap { raise(Text(message)) }

  /// An error with the position in front.
  func raise(_ message: Text) -> Trap {
    var text = position()
    text.add(message.bytes)
    return raise(value: text.bytes)
  }

  func raise(value bytes: [UInt8]) -> Trap {
    do throws(Trap) {
      var bytes = bytes
      if bytes.count > budget.stringLength { bytes.removeLast(bytes.count - budget.stringLength) }
      raised = Value(try makeString(bytes))
      return .raised
    } catch {
      return error
    }
  }

  // MARK: Kinds of errors

  func typeName(_ value: Value) -> StaticString {
    switch value.kind {
    case .none: return "nil"
    case .boolean: return "boolean"
    case .number: return "number"
    case .string: return "string"
    case .table: return "table"
    case .function: return "function"
    case .coroutine: return "thread"
    }
  }

  /// The type, or what `__name` says.
  func describedType(_ value: Value) -> Text {
    let name = metamethodName(value)
    if name.isString {
      var text = Text()
      text.add(name.string)
      return text
    }
    return Text(typeName(value))
  }

  private func metamethodName(_ value: Value) -> Value {
    guard value.tag == Tag.table, let metatable = value.table.pointee.metatable else { return .null }
    return metamethod(metatable, .name)
  }

  func raiseOperand(_ action: StaticString, _ value: Value, name: Text? = nil) -> Trap {
    var text = Text("attempt to ")
    text.add(action)
    text.add(" a ")
    text.add(describedType(value).bytes)
    text.add(" value")
    if let name = name ?? variableName(holding: value) {
      text.add(" (")
      text.add(name.bytes)
      text.add(")")
    }
    return raise(text)
  }

  func raiseType(_ action: StaticString, _ value: Value, slot: Int) -> Trap {
    raiseOperand(action, value, name: calledName(slot))
  }

  func raiseIndex(_ object: Value, _ key: Value) -> Trap {
    if let name = variableName(holding: object) { return raiseOperand("index", object, name: name) }
    if key.isString, StringObject.buffer(key.string).count < 60 {
      var name = Text("field '")
      name.add(key.string)
      name.add("'")
      return raiseOperand("index", object, name: name)
    }
    return raiseOperand("index", object)
  }

  func raiseComparison(_ left: Value, _ right: Value) -> Trap {
    let first = describedType(left)
    let second = describedType(right)
    var text = Text("attempt to compare ")
    if first.bytes.elementsEqual(second.bytes) {
      text.add("two ")
      text.add(first.bytes)
      text.add(" values")
    } else {
      text.add(first.bytes)
      text.add(" with ")
      text.add(second.bytes)
    }
    return raise(text)
  }

  func raiseArithmetic(
    _ operation: BinaryOperator, _ left: Value, _ right: Value
  ) -> Trap {
    switch operation {
    case .and, .or, .xor, .shiftLeft, .shiftRight:
      if left.isNumber, right.isNumber { return raiseNoInteger(Arithmetic.exactInteger(left) == nil ? left : right) }
      return raiseOperand("perform bitwise operation on", left.isNumber ? right : left)
    case .modulo where left.isNumber && right.isNumber: return raise("attempt to perform 'n%0'")
    case .floorDivide where left.isNumber && right.isNumber: return raise("attempt to divide by zero")
    default:
      if left.isString || right.isString { return raiseStringArithmetic(Event.of(operation), left, right) }
      // The operand to blame is the first one that is no number, strings that read as one included.
      return raiseOperand("perform arithmetic on", numeral(left) == nil ? left : right)
    }
  }

  func raiseNoInteger(_ value: Value) -> Trap {
    var text = Text("number")
    if let name = variableName(holding: value) {
      text.add(" (")
      text.add(name.bytes)
      text.add(")")
    }
    text.add(" has no integer representation")
    return raise(text)
  }

  func raiseStringArithmetic(_ event: Event, _ left: Value, _ right: Value) -> Trap {
    var text = Text("attempt to ")
    text.add(Text(event.name).bytes[2...])
    text.add(" a '")
    text.add(typeName(left))
    text.add("' with a '")
    text.add(typeName(right))
    text.add("'")
    return raise(text)
  }
}
