// Coroutines in snapshots. One that is suspended goes on at the instruction behind a call, so what it is given here must be
// what that call would have left: the checks of `ProgramCheck` hold for its registers then.

extension SnapshotReader {
  /// Calls, and what else a suspended coroutine has besides its slots.
  fileprivate struct Suspension {
    struct Call {
      var continuation = Continuation.none
      var base: Int32 = 0
      var function: Int32 = 0
      var wanted: Int32 = 0
      var extra: Int32 = 0
      /// Number of the function; none for a continuation.
      var closure: UInt32 = 0
      var place: UInt32 = 0
    }

    var top: Int32 = 0
    var slots: [Value] = []
    var calls: [Call] = []
    var yieldSlot: Int32 = 0
    var yieldWanted: Int32 = 0
    var pendingCapacity = 0
    var pending: [Int32] = []
    var open: [(upvalue: UInt32, slot: Int32)] = []
  }

  private mutating func signed() throws(Trap) -> Int32 { Int32(bitPattern: try word()) }

  private mutating func suspension() throws(Trap) -> Suspension {
    var read = Suspension()
    read.top = try signed()
    for _ in 0..<(try count(1)) { read.slots.append(try value()) }
    for _ in 0..<(try count(17)) {
      guard let continuation = Continuation(rawValue: try byte()) else { throw fail() }
      var call = Suspension.Call(continuation: continuation)
      call.base = try signed()
      call.function = try signed()
      call.wanted = try signed()
      call.extra = try signed()
      if continuation == .none {
        call.closure = try word()
        call.place = try word()
      }
      read.calls.append(call)
    }
    read.yieldSlot = try signed()
    read.yieldWanted = try signed()
    read.pendingCapacity = try capacity()
    for _ in 0..<(try count(4)) { read.pending.append(try signed()) }
    while true {
      let number = try word()
      if number == SnapshotFormat.noObject { return read }
      read.open.append((number, try signed()))
    }
  }

  /// Behind the fields of a coroutine, from its capacities on.
  mutating func skipThread(_ state: SavedThread) throws(Trap) {
    _ = try capacity()
    _ = try capacity()
    if state == .suspended { _ = try suspension() } else { _ = try value() }
  }

  mutating func fill(_ thread: ThreadRef, _ state: SavedThread) throws(Trap) {
    if state == .main { return }
    let slotCapacity = try capacity()
    let frameCapacity = try capacity()
    try machine.reserve(thread, slots: slotCapacity, frames: frameCapacity)
    guard state == .suspended else {
      thread.pointee.stack[0] = try resolved(try value())
      thread.pointee.top = 1
      return
    }
    let saved = try suspension()
    let calls = try calls(of: saved, Int(thread.pointee.stackCapacity))
    guard calls.count <= Int(thread.pointee.frameCapacity), saved.slots.count <= Int(thread.pointee.stackCapacity),
      saved.top > 0, saved.top <= thread.pointee.stackCapacity
    else { throw fail() }
    for index in saved.slots.indices { thread.pointee.stack[index] = try resolved(saved.slots[index]) }
    try fillPending(thread, saved)
    try fillOpen(thread, saved)
    for index in calls.indices { thread.pointee.frames[index] = calls[index] }
    thread.pointee.frameCount = Int32(calls.count)
    thread.pointee.top = saved.top
    thread.pointee.yieldSlot = saved.yieldSlot
    thread.pointee.yieldWanted = saved.yieldWanted
  }

  /// Variables to be closed, the innermost last.
  private mutating func fillPending(_ thread: ThreadRef, _ saved: Suspension) throws(Trap) {
    guard saved.pending.count <= saved.pendingCapacity else { throw fail() }
    var last: Int32 = -1
    for slot in saved.pending {
      guard slot > last, slot < thread.pointee.stackCapacity else { throw fail() }
      last = slot
    }
    if saved.pendingCapacity == 0 { return }
    try machine.reservePendingCloses(thread, capacity: saved.pendingCapacity)
    for (index, slot) in saved.pending.enumerated() {
      thread.pointee.pendingCloses.unsafelyUnwrapped[index] = slot
    }
    thread.pointee.pendingCloseCount = Int32(saved.pending.count)
  }

  /// Caught variables whose slots live, the highest first.
  private mutating func fillOpen(_ thread: ThreadRef, _ saved: Suspension) throws(Trap) {
    var above = Int32(clamping: saved.slots.count)
    var last: UpvalueRef?
    for (number, slot) in saved.open {
      guard number < UInt32(upvalues.count), let upvalue = upvalues[Int(number)], !upvalue.pointee.isOpen, slot >= 0,
        slot < above
      else { throw fail() }
      above = slot
      upvalue.pointee.location = thread.pointee.stack + Int(slot)
      upvalue.pointee.isOpen = true
      if let last { last.pointee.nextOpen = upvalue } else { thread.pointee.openUpvalues = upvalue }
      last = upvalue
    }
  }

  // MARK: Calls

  /// Where the results of a call go, and how many are taken.
  private struct Return: Equatable {
    var slot: Int32
    var wanted: Int32
  }

  /// The calls of a coroutine, the outermost first, when each is where the one below expects it.
  private mutating func calls(of saved: Suspension, _ capacity: Int) throws(Trap) -> [Frame] {
    guard saved.calls.first?.continuation == .coroutine else { throw fail() }
    var frames: [Frame] = []
    for call in saved.calls {
      let frame: Frame
      switch call.continuation {
      case .none: frame = try function(call, frames, capacity)
      case .protected, .protectedWithHandler:
        frame = Suspension.continuation(call)
        let handler: Int32 = call.continuation == .protected ? 0 : 1
        guard try expected(frames) == Return(slot: call.function, wanted: call.wanted),
          call.base == call.function + 1 + handler, call.extra == (call.function + 1) * handler
        else { throw fail() }
      case .operation:
        frame = Suspension.continuation(call)
        guard let below = frames.last, let closure = below.closure, call.function == call.base, call.wanted == -1,
          call.base == below.base + closure.pointee.function.pointee.registerCount,
          Suspension.isOperation(Suspension.lastInstruction(below))
        else { throw fail() }
      case .tail:
        frame = Suspension.continuation(call)
        guard let below = frames.last, let instruction = Suspension.lastInstruction(below),
          instruction.opcode == .tailCall, call.function == below.function, call.wanted == below.wanted,
          call.base == below.base + Int32(instruction.a)
        else { throw fail() }
      case .coroutine:
        frame = Suspension.continuation(call)
        guard frames.isEmpty, call.base == 0, call.function == 0, call.wanted == -1 else { throw fail() }
      case .entry, .resume, .wrap: throw fail()
      }
      guard frame.base >= 0, Int(frame.base) + ThreadObject.reserve <= capacity else { throw fail() }
      frames.append(frame)
    }
    guard try expected(frames) == Return(slot: saved.yieldSlot, wanted: saved.yieldWanted),
      Int(saved.yieldSlot) + ThreadObject.reserve <= capacity
    else { throw fail() }
    return frames
  }

  private mutating func function(
    _ call: Suspension.Call, _ below: [Frame], _ capacity: Int
  ) throws(Trap) -> Frame {
    guard try expected(below) == Return(slot: call.function, wanted: call.wanted), call.closure < UInt32(values.count),
      values[Int(call.closure)].tag == Tag.closure
    else { throw fail() }
    let closure = values[Int(call.closure)].closure
    let function = closure.pointee.function.pointee
    let code = machine.programs[Int(function.program)].program.functions[Int(function.index)].code
    let isAbove =
      function.hasVarargs
      ? call.base > call.function && call.extra >= 0 && call.extra < call.base - call.function
      : call.base == call.function + 1 && call.extra == 0
    guard isAbove, call.place > 0, call.place < UInt32(code.count), call.base < 1 << 24,
      Int(call.base) + Int(function.registerCount) + ThreadObject.reserve <= capacity
    else { throw fail() }
    return Frame(
      closure: closure, pc: function.code + Int(call.place), base: call.base, function: call.function,
      wanted: call.wanted, extra: call.extra, continuation: .none)
  }

  /// What the innermost of these calls expects of one that it waits for.
  private mutating func expected(_ frames: [Frame]) throws(Trap) -> Return {
    guard let last = frames.last else { throw fail() }
    guard let instruction = Suspension.lastInstruction(last) else { return Return(slot: last.base, wanted: -1) }
    switch instruction.opcode {
    case .call: return Return(slot: last.base + Int32(instruction.a), wanted: Int32(instruction.c) - 1)
    case .genericCall: return Return(slot: last.base + Int32(instruction.a) + 4, wanted: Int32(instruction.c))
    default: throw fail()
    }
  }
}

extension SnapshotReader.Suspension {
  fileprivate static func continuation(_ call: Call) -> Frame {
    Frame(
      closure: nil, pc: nil, base: call.base, function: call.function, wanted: call.wanted, extra: call.extra,
      continuation: call.continuation)
  }

  /// The one that a function is at; none for a continuation.
  fileprivate static func lastInstruction(_ frame: Frame) -> Instruction? {
    frame.pc.map { Instruction(word: ($0 - 1).pointee) }
  }

  /// Whether `finishOperation` completes the instruction.
  fileprivate static func isOperation(_ instruction: Instruction?) -> Bool {
    switch instruction?.opcode {
    case .getGlobal, .getField, .getTable, .getInteger, .method, .setGlobal, .setTable, .setField, .setInteger, .negate,
      .bitNot, .length, .addInteger, .add, .subtract, .multiply, .modulo, .power, .divide, .floorDivide, .and, .or,
      .xor,
      .shiftLeft, .shiftRight, .addConstant, .subtractConstant, .multiplyConstant, .moduloConstant, .powerConstant,
      .divideConstant, .floorDivideConstant, .andConstant, .orConstant, .xorConstant, .equal, .less, .lessOrEqual,
      .equalConstant, .equalInteger, .lessInteger, .lessOrEqualInteger, .greaterInteger, .greaterOrEqualInteger:
      true
    default: false
    }
  }
}
