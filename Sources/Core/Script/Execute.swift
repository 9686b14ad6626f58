// The loop that carries out instructions.
//
// `credit` is the rest of the instruction budget plus the number of the current instruction (its address / 4), so that
// every step forward costs one unit without any work; a jump adds its distance. The budget is looked at where a program
// can go on for ever: at jumps back, calls and returns. What is left is the same on every target.

extension Machine {
  @inline(__always) private static func number(_ pc: UnsafePointer<UInt32>) -> Int64 {
    Int64(truncatingIfNeeded: UInt(bitPattern: pc) >> 2)
  }

  /// Goes on with the top frame until the continuation `entry` is reached.
  ///
  /// One function on purpose: all arms share `pc`, `credit`, `base` and `constants`, which are its locals; what needs more
  /// than a few lines stands in other files.
  func interpret() throws(Trap) {
    reload: while true {
      let frame = thread.pointee.frames + Int(thread.pointee.frameCount - 1)
      guard let closure = frame.pointee.closure else {
        if try settle() { continue reload }
        return
      }
      let function = closure.pointee.function
      let base = stack + Int(frame.pointee.base)
      let constants = function.pointee.constants
      let hints = function.pointee.hints
      var pc = frame.pointee.pc.unsafelyUnwrapped
      var credit = fuel + Machine.number(pc)
      if fuel < 0 { throw .fault(.instructions) }

      while true {
        let i = Instruction(word: pc.pointee)
        pc += 1
        let ra = base + i.a
        switch i.opcode {
        // MARK: Loading
        case .move: ra.pointee = base[i.b]
        case .loadInteger: ra.pointee = .integer(Int64(i.signedBx))
        case .loadFloat: ra.pointee = .float(Double(i.signedBx))
        case .loadConstant: ra.pointee = constants[i.bx]
        case .loadFalse: ra.pointee = .boolean(false)
        case .loadFalseSkip:
          ra.pointee = .boolean(false)
          pc += 1
          credit += 1
        case .loadTrue: ra.pointee = .boolean(true)
        case .loadNil: for index in 0...i.b { ra[index] = .null }
        case .getUpvalue: ra.pointee = ClosureObject.upvalues(closure)[i.b].pointee.location.pointee
        case .setUpvalue: ClosureObject.upvalues(closure)[i.b].pointee.location.pointee = ra.pointee

        // MARK: Tables
        case .getGlobal:
          let object = ClosureObject.upvalues(closure)[i.b].pointee.location.pointee
          let key = constants[i.c]
          if object.tag == Tag.table {
            let value = TableObject.field(object.table, key, hints + i.c)
            if value.tag != Tag.none || object.table.pointee.metatable == nil {
              ra.pointee = value
              continue
            }
          }
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          try index(object, key, into: ra - stack)
          continue reload
        case .getField:
          let object = base[i.b]
          let key = constants[i.c]
          if object.tag == Tag.table {
            let value = TableObject.field(object.table, key, hints + i.c)
            if value.tag != Tag.none || object.table.pointee.metatable == nil {
              ra.pointee = value
              continue
            }
          }
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          try index(object, key, into: ra - stack)
          continue reload
        case .getTable:
          let object = base[i.b]
          let key = base[i.c]
          if object.tag == Tag.table {
            let value =
              key.tag == Tag.integer
              ? TableObject.integerIndex(object.table, key.integer) : TableObject.value(object.table, key)
            if value.tag != Tag.none || object.table.pointee.metatable == nil {
              ra.pointee = value
              continue
            }
          }
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          try index(object, key, into: ra - stack)
          continue reload
        case .getInteger:
          let object = base[i.b]
          if object.tag == Tag.table {
            let value = TableObject.integerIndex(object.table, Int64(i.c))
            if value.tag != Tag.none || object.table.pointee.metatable == nil {
              ra.pointee = value
              continue
            }
          }
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          try index(object, .integer(Int64(i.c)), into: ra - stack)
          continue reload
        case .setGlobal:
          let object = ClosureObject.upvalues(closure)[i.a].pointee.location.pointee
          let value = i.k ? constants[i.c] : base[i.c]
          if object.tag == Tag.table,
            let location = TableObject.fieldLocation(object.table, constants[i.b], hints + i.b)
          {
            location.pointee = value
            continue
          }
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          try setIndex(object, constants[i.b], value)
          continue reload
        case .setField:
          let object = ra.pointee
          let value = i.k ? constants[i.c] : base[i.c]
          if object.tag == Tag.table,
            let location = TableObject.fieldLocation(object.table, constants[i.b], hints + i.b)
          {
            location.pointee = value
            continue
          }
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          try setIndex(object, constants[i.b], value)
          continue reload
        case .setTable, .setInteger:
          let object = ra.pointee
          let key = i.opcode == .setTable ? base[i.b] : .integer(Int64(i.b))
          let value = i.k ? constants[i.c] : base[i.c]
          if object.tag == Tag.table && key.tag == Tag.integer {
            let table = object.table
            let index = UInt64(bitPattern: key.integer &- 1)
            let count = UInt64(UInt32(bitPattern: table.pointee.arrayCount))
            if index < count && value.tag != Tag.none {
              let location = table.pointee.array.unsafelyUnwrapped + Int(truncatingIfNeeded: index)
              if location.pointee.tag != Tag.none || table.pointee.metatable == nil {
                location.pointee = value
                continue
              }
            } else if index == count && value.tag != Tag.none && table.pointee.metatable == nil {
              frame.pointee.pc = pc
              try appendToArray(table, value)
              continue
            }
          }
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          try setIndex(object, key, value)
          continue reload
        case .newTable:
          let more = Int(truncatingIfNeeded: pc.pointee >> 7)
          pc += 1
          credit += 1
          frame.pointee.pc = pc
          let table = try makeTable()
          ra.pointee = Value(table)
          if i.b > 0 { try resizeEntries(table, to: 1 << (i.b - 1)) }
          let count = i.c | more << 8
          if count > 0 { try growArray(table, to: count) }
        case .method:
          let object = base[i.b]
          let key = i.k ? constants[i.c] : base[i.c]
          ra[1] = object
          if object.tag == Tag.table, i.k {
            let value = TableObject.field(object.table, key, hints + i.c)
            if value.tag != Tag.none {
              ra.pointee = value
              continue
            }
            // The usual class: a metatable whose __index is a table with the method.
            if let metatable = object.table.pointee.metatable {
              let parent = metamethod(metatable, .index)
              if parent.tag == Tag.table {
                let value = TableObject.field(parent.table, key, hints + i.c)
                if value.tag != Tag.none {
                  ra.pointee = value
                  continue
                }
              }
            }
          }
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          try index(object, key, into: ra - stack)
          continue reload

        // MARK: Arithmetic
        case .addInteger:
          let b = base[i.b]
          if b.tag == Tag.integer {
            ra.pointee = .integer(b.integer &+ i.signedC)
          } else if b.tag == Tag.float {
            ra.pointee = .float(b.float + Double(i.signedC))
          } else {
            frame.pointee.pc = pc
            fuel = credit - Machine.number(pc)
            try arithmetic(.add, b, .integer(i.signedC), isFlipped: i.k, into: ra - stack)
            continue reload
          }
        case .add, .addConstant:
          let b = base[i.b]
          let c = i.opcode == .add ? base[i.c] : constants[i.c]
          if b.tag == Tag.integer && c.tag == Tag.integer {
            ra.pointee = .integer(b.integer &+ c.integer)
          } else if b.tag == Tag.float && c.tag == Tag.float {
            ra.pointee = .float(b.float + c.float)
          } else {
            frame.pointee.pc = pc
            fuel = credit - Machine.number(pc)
            if try arithmetic(.add, b, c, isFlipped: i.k, into: ra - stack) { continue reload }
          }
        case .subtract, .subtractConstant:
          let b = base[i.b]
          let c = i.opcode == .subtract ? base[i.c] : constants[i.c]
          if b.tag == Tag.integer && c.tag == Tag.integer {
            ra.pointee = .integer(b.integer &- c.integer)
          } else if b.tag == Tag.float && c.tag == Tag.float {
            ra.pointee = .float(b.float - c.float)
          } else {
            frame.pointee.pc = pc
            fuel = credit - Machine.number(pc)
            if try arithmetic(.subtract, b, c, isFlipped: i.k, into: ra - stack) { continue reload }
          }
        case .multiply, .multiplyConstant:
          let b = base[i.b]
          let c = i.opcode == .multiply ? base[i.c] : constants[i.c]
          if b.tag == Tag.integer && c.tag == Tag.integer {
            ra.pointee = .integer(b.integer &* c.integer)
          } else if b.tag == Tag.float && c.tag == Tag.float {
            ra.pointee = .float(b.float * c.float)
          } else {
            frame.pointee.pc = pc
            fuel = credit - Machine.number(pc)
            if try arithmetic(.multiply, b, c, isFlipped: i.k, into: ra - stack) { continue reload }
          }
        case .divide, .divideConstant:
          let b = base[i.b]
          let c = i.opcode == .divide ? base[i.c] : constants[i.c]
          if b.tag == Tag.float && c.tag == Tag.float {
            ra.pointee = .float(b.float / c.float)
          } else {
            frame.pointee.pc = pc
            fuel = credit - Machine.number(pc)
            if try arithmetic(.divide, b, c, isFlipped: i.k, into: ra - stack) { continue reload }
          }
        case .modulo, .moduloConstant:
          let b = base[i.b]
          let c = i.opcode == .modulo ? base[i.c] : constants[i.c]
          if b.tag == Tag.integer && c.tag == Tag.integer && c.integer > 0 {
            let remainder = b.integer % c.integer
            ra.pointee = .integer(remainder < 0 ? remainder + c.integer : remainder)
          } else {
            frame.pointee.pc = pc
            fuel = credit - Machine.number(pc)
            if try arithmetic(.modulo, b, c, isFlipped: i.k, into: ra - stack) { continue reload }
          }
        case .floorDivide, .floorDivideConstant:
          let b = base[i.b]
          let c = i.opcode == .floorDivide ? base[i.c] : constants[i.c]
          if b.tag == Tag.integer && c.tag == Tag.integer && c.integer != 0 {
            ra.pointee = .integer(Arithmetic.floorDivide(b.integer, c.integer))
          } else {
            frame.pointee.pc = pc
            fuel = credit - Machine.number(pc)
            if try arithmetic(.floorDivide, b, c, isFlipped: i.k, into: ra - stack) { continue reload }
          }
        case .and, .andConstant:
          let b = base[i.b]
          let c = i.opcode == .and ? base[i.c] : constants[i.c]
          if b.tag == Tag.integer && c.tag == Tag.integer {
            ra.pointee = .integer(b.integer & c.integer)
          } else {
            frame.pointee.pc = pc
            fuel = credit - Machine.number(pc)
            if try arithmetic(.and, b, c, isFlipped: i.k, into: ra - stack) { continue reload }
          }
        case .or, .orConstant, .xor, .xorConstant, .power, .powerConstant:
          let isConstant = i.opcode == .orConstant || i.opcode == .xorConstant || i.opcode == .powerConstant
          let operation: BinaryOperator =
            switch i.opcode {
            case .or, .orConstant: .or
            case .xor, .xorConstant: .xor
            default: .power
            }
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          let c = isConstant ? constants[i.c] : base[i.c]
          if try arithmetic(operation, base[i.b], c, isFlipped: i.k, into: ra - stack) { continue reload }
        case .shiftLeft, .shiftRight:
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          let operation: BinaryOperator = i.opcode == .shiftLeft ? .shiftLeft : .shiftRight
          if try arithmetic(operation, base[i.b], base[i.c], isFlipped: false, into: ra - stack) { continue reload }
        case .negate:
          let b = base[i.b]
          if b.tag == Tag.integer {
            ra.pointee = .integer(0 &- b.integer)
          } else if b.tag == Tag.float {
            ra.pointee = .float(-b.float)
          } else {
            frame.pointee.pc = pc
            fuel = credit - Machine.number(pc)
            try negate(b, into: ra - stack)
            continue reload
          }
        case .bitNot:
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          try bitNot(base[i.b], into: ra - stack)
          continue reload
        case .not: ra.pointee = .boolean(!base[i.b].isTrue)
        case .length:
          let b = base[i.b]
          if b.isString {
            ra.pointee = .integer(Int64(b.string.pointee.count))
          } else if b.tag == Tag.table && b.table.pointee.metatable == nil {
            ra.pointee = .integer(TableObject.border(b.table))
          } else {
            frame.pointee.pc = pc
            fuel = credit - Machine.number(pc)
            try length(b, into: ra - stack)
            continue reload
          }
        case .concatenate:
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          try concatenate(ra - stack, i.b)
          continue reload

        // MARK: Jumps and tests
        case .close:
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          try close(ra - stack, error: nil)
          continue reload
        case .toBeClosed:
          frame.pointee.pc = pc
          try addPendingClose(ra - stack)
        case .jump:
          let distance = i.sj
          pc += distance
          credit += Int64(distance)
          if distance < 0 && credit < Machine.number(pc) { throw exhausted(pc) }
        case .equal, .equalConstant:
          let b = i.opcode == .equal ? base[i.b] : constants[i.b]
          var condition = ra.pointee.equals(b)
          if !condition && ra.pointee.tag == Tag.table && b.tag == Tag.table {
            frame.pointee.pc = pc
            fuel = credit - Machine.number(pc)
            guard let known = try equalByMetamethod(ra.pointee, b) else { continue reload }
            condition = known
          }
          if condition != i.k {
            pc += 1
            credit += 1
          } else {
            let distance = Instruction(word: pc.pointee).sj
            pc += distance + 1
            credit += Int64(distance)
            if distance < 0 && credit < Machine.number(pc) { throw exhausted(pc) }
          }
        case .equalInteger:
          let a = ra.pointee
          let condition =
            a.tag == Tag.integer ? a.integer == i.signedB : a.tag == Tag.float && a.float == Double(i.signedB)
          if condition != i.k {
            pc += 1
            credit += 1
          } else {
            let distance = Instruction(word: pc.pointee).sj
            pc += distance + 1
            credit += Int64(distance)
            if distance < 0 && credit < Machine.number(pc) { throw exhausted(pc) }
          }
        case .less, .lessOrEqual:
          let a = ra.pointee
          let b = base[i.b]
          let condition: Bool
          if a.tag == Tag.integer && b.tag == Tag.integer {
            condition = i.opcode == .less ? a.integer < b.integer : a.integer <= b.integer
          } else if a.tag == Tag.float && b.tag == Tag.float {
            condition = i.opcode == .less ? a.float < b.float : a.float <= b.float
          } else {
            frame.pointee.pc = pc
            fuel = credit - Machine.number(pc)
            guard let known = try compare(i.opcode == .less ? .less : .lessOrEqual, a, b) else { continue reload }
            condition = known
          }
          if condition != i.k {
            pc += 1
            credit += 1
          } else {
            let distance = Instruction(word: pc.pointee).sj
            pc += distance + 1
            credit += Int64(distance)
            if distance < 0 && credit < Machine.number(pc) { throw exhausted(pc) }
          }
        case .lessInteger, .lessOrEqualInteger, .greaterInteger, .greaterOrEqualInteger:
          let a = ra.pointee
          let condition: Bool
          if a.tag == Tag.integer {
            switch i.opcode {
            case .lessInteger: condition = a.integer < i.signedB
            case .lessOrEqualInteger: condition = a.integer <= i.signedB
            case .greaterInteger: condition = a.integer > i.signedB
            default: condition = a.integer >= i.signedB
            }
          } else {
            frame.pointee.pc = pc
            fuel = credit - Machine.number(pc)
            guard let known = try compareImmediate(i, a) else { continue reload }
            condition = known
          }
          if condition != i.k {
            pc += 1
            credit += 1
          } else {
            let distance = Instruction(word: pc.pointee).sj
            pc += distance + 1
            credit += Int64(distance)
            if distance < 0 && credit < Machine.number(pc) { throw exhausted(pc) }
          }
        case .test:
          if ra.pointee.isTrue != i.k {
            pc += 1
            credit += 1
          } else {
            let distance = Instruction(word: pc.pointee).sj
            pc += distance + 1
            credit += Int64(distance)
            if distance < 0 && credit < Machine.number(pc) { throw exhausted(pc) }
          }
        case .testSet:
          let b = base[i.b]
          if b.isTrue != i.k {
            pc += 1
            credit += 1
          } else {
            ra.pointee = b
            let distance = Instruction(word: pc.pointee).sj
            pc += distance + 1
            credit += Int64(distance)
            if distance < 0 && credit < Machine.number(pc) { throw exhausted(pc) }
          }

        // MARK: Calls
        case .call:
          let slot = ra - stack
          let count = i.b != 0 ? i.b - 1 : top - slot - 1
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          if ra.pointee.tag == Tag.closure {
            try enter(ra.pointee.closure, slot, count, Int32(truncatingIfNeeded: i.c) - 1)
            continue reload
          }
          try begin(slot, count, Int32(truncatingIfNeeded: i.c) - 1)
          continue reload
        case .tailCall:
          let slot = ra - stack
          let count = i.b != 0 ? i.b - 1 : top - slot - 1
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          if i.k { closeUpvalues(Int(frame.pointee.base)) }
          try tailCall(slot, count)
          continue reload
        case .returnOne:
          let target = Int(frame.pointee.function)
          let wanted = frame.pointee.wanted
          fuel = credit - Machine.number(pc)
          thread.pointee.frameCount -= 1
          stack[target] = ra.pointee
          if wanted != 1 { adjust(target, 1, wanted) }
          continue reload
        case .returnNone:
          let target = Int(frame.pointee.function)
          let wanted = frame.pointee.wanted
          fuel = credit - Machine.number(pc)
          thread.pointee.frameCount -= 1
          if wanted != 0 { adjust(target, 0, wanted) }
          continue reload
        case .returns:
          var count = i.b - 1
          let first = ra - stack
          if count < 0 { count = top - first }
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          if i.k {
            top = first + count
            try close(Int(frame.pointee.base), error: nil)
          }
          let current = thread.pointee.frames[Int(thread.pointee.frameCount - 1)]
          thread.pointee.frameCount -= 1
          deliver(first, count, to: Int(current.function), current.wanted)
          continue reload

        // MARK: Loops
        case .forPrepare:
          frame.pointee.pc = pc
          if try !prepareLoop(ra) {
            pc += i.bx + 1
            credit += Int64(i.bx + 1)
          }
        case .forLoop:
          if ra[2].tag == Tag.integer {
            let left = ra[1].bits
            if left > 0 {
              let next = ra[0].integer &+ ra[2].integer
              // Whole values: in code from elsewhere other values may stand here.
              ra[1] = .integer(Int64(bitPattern: left - 1))
              ra[0] = .integer(next)
              ra[3] = .integer(next)
              pc -= i.bx
              credit -= Int64(i.bx)
              if credit < Machine.number(pc) { throw exhausted(pc) }
            }
          } else {
            let step = ra[2].float
            let next = ra[0].float + step
            if step > 0 ? next <= ra[1].float : ra[1].float <= next {
              ra[0] = .float(next)
              ra[3] = .float(next)
              pc -= i.bx
              credit -= Int64(i.bx)
              if credit < Machine.number(pc) { throw exhausted(pc) }
            }
          }
        case .genericPrepare:
          frame.pointee.pc = pc
          if ra[3].tag != Tag.none { try addPendingClose(ra - stack + 3) }
          pc += i.bx
          credit += Int64(i.bx)
        case .genericCall:
          if ra.pointee.tag == Tag.native && ra.pointee.bits == UInt64(Builtin.next.rawValue) && ra[1].tag == Tag.table
          {
            frame.pointee.pc = pc
            try stepThrough(ra[1].table, ra, i.c)
            continue
          }
          ra[4] = ra[0]
          ra[5] = ra[1]
          ra[6] = ra[2]
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          try begin(ra - stack + 4, 2, Int32(truncatingIfNeeded: i.c))
          continue reload
        case .genericLoop:
          if ra[4].tag != Tag.none {
            ra[2] = ra[4]
            pc -= i.bx
            credit -= Int64(i.bx)
            if credit < Machine.number(pc) { throw exhausted(pc) }
          }

        // MARK: Lists, functions
        case .setList:
          let slot = ra - stack
          var count = i.b
          if count == 0 { count = top - slot - 1 }
          var last = i.c
          if i.k {
            last |= Int(truncatingIfNeeded: pc.pointee >> 7) << 8
            pc += 1
            credit += 1
          }
          frame.pointee.pc = pc
          try storeList(ra.pointee, slot, count, after: last)
        case .closure:
          frame.pointee.pc = pc
          ra.pointee = Value(try makeClosure(function.pointee.functions + i.bx, in: closure, base - stack))
        case .varargs:
          frame.pointee.pc = pc
          fuel = credit - Machine.number(pc)
          try copyVarargs(frame, ra - stack, i.c - 1)
          continue reload
        case .prepareVarargs, .extraArgument: break
        }
      }
    }
  }

  /// The instruction budget ended at a jump back.
  private func exhausted(_ pc: UnsafePointer<UInt32>) -> Trap {
    thread.pointee.frames[Int(thread.pointee.frameCount - 1)].pc = pc + 1
    fuel = -1
    return .fault(.instructions)
  }
}
