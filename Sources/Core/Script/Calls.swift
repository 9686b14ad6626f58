// Entering and leaving functions. Calls between functions of the script take no host stack.

extension Machine {
  @inline(__always) var frame: UnsafeMutablePointer<Frame> {
    thread.pointee.frames + Int(thread.pointee.frameCount - 1)
  }

  // MARK: Room

  /// Makes slots below `end` usable.
  @inline(__always) func ensureStack(_ end: Int) throws(Trap) {
    #if DEBUG
      if collectsAlways { return try growStack(end) }
    #endif
    if end > Int(thread.pointee.stackCapacity) { try growStack(end) }
  }

  private func growStack(_ end: Int) throws(Trap) {
    let old = Int(thread.pointee.stackCapacity)
    guard end < 4_000_000 else { throw .fault(.callDepth) }
    // Under test the stack moves every time.
    try resizeStack(end > old ? max(end, old * 2) : old)
  }

  private func resizeStack(_ capacity: Int) throws(Trap) {
    let old = Int(thread.pointee.stackCapacity)
    try account((capacity - old) * Cost.slot)
    let slots = ValueRef.allocate(capacity: capacity)
    slots.update(from: stack, count: old)
    (slots + old).initialize(repeating: .null, count: capacity - old)
    var open = thread.pointee.openUpvalues
    while let upvalue = open {
      upvalue.pointee.location = slots + (upvalue.pointee.location - stack)
      open = upvalue.pointee.nextOpen
    }
    stack.deallocate()
    stack = slots
    thread.pointee.stack = slots
    thread.pointee.stackCapacity = Int32(capacity)
  }

  /// Makes the stacks of a thread at least so large, for a snapshot.
  func reserve(_ thread: ThreadRef, slots: Int, frames: Int) throws(Trap) {
    let kept = self.thread
    self.thread = thread
    stack = thread.pointee.stack
    defer {
      self.thread = kept
      stack = kept.pointee.stack
    }
    if slots > Int(thread.pointee.stackCapacity) { try resizeStack(slots) }
    while frames > Int(thread.pointee.frameCapacity) { try growFrames() }
  }

  @inline(__always) private func pushFrame(_ new: Frame) throws(Trap) {
    if thread.pointee.frameCount >= thread.pointee.frameCapacity { try growFrames() }
    if thread.pointee.frameCount + depth >= budget.callDepth { throw .fault(.callDepth) }
    thread.pointee.frames[Int(thread.pointee.frameCount)] = new
    thread.pointee.frameCount += 1
  }

  private func growFrames() throws(Trap) {
    let old = Int(thread.pointee.frameCapacity)
    try account(old * Cost.frame)
    let frames = UnsafeMutablePointer<Frame>.allocate(capacity: old * 2)
    frames.update(from: thread.pointee.frames, count: old)
    thread.pointee.frames.deallocate()
    thread.pointee.frames = frames
    thread.pointee.frameCapacity = Int32(old * 2)
  }

  /// What is to be done with the results of the function that is called next at `slot`.
  func pushContinuation(
    _ kind: Continuation, at slot: Int, resultsAt function: Int, wanted: Int32, extra: Int32 = 0
  ) throws(Trap) {
    try pushFrame(
      Frame(
        closure: nil, pc: nil, base: Int32(slot), function: Int32(function), wanted: wanted, extra: extra,
        continuation: kind))
  }

  // MARK: Calling

  /// Calls what lies in `slot` with the `count` values above it. Afterwards either its frame is on top, or it was a
  /// library function and its results are in place.
  func begin(_ slot: Int, _ count: Int, _ wanted: Int32) throws(Trap) {
    var count = count
    for _ in 0..<16 {
      let callee = stack[slot]
      switch callee.tag {
      case Tag.closure: return try enter(callee.closure, slot, count, wanted)
      case Tag.native: return try callNative(callee, slot, count, wanted)
      case Tag.wrapper:
        return try resume(callee.thread, arguments: slot + 1, count, .wrap, resultsAt: slot, wanted)
      case Tag.matcher: return try callMatcher(callee.table, slot, wanted)
      default:
        let handler = metamethod(of: callee, .call)
        if handler.tag == Tag.none { break }
        try ensureStack(slot + count + 2 + ThreadObject.reserve)
        var index = slot + count
        while index >= slot {
          stack[index + 1] = stack[index]
          index -= 1
        }
        stack[slot] = handler
        count += 1
        top = slot + 1 + count
        continue
      }
      throw raiseType("call", callee, slot: slot)
    }
    throw raise("'__call' chain too long")
  }

  @inline(__always) func enter(_ closure: ClosureRef, _ slot: Int, _ count: Int, _ wanted: Int32) throws(Trap) {
    let function = closure.pointee.function
    let parameters = Int(function.pointee.parameterCount)
    let registers = Int(function.pointee.registerCount)
    if function.pointee.hasVarargs { return try enterVarargs(closure, slot, count, wanted) }
    let base = slot + 1
    try ensureStack(base + registers + ThreadObject.reserve)
    var index = count
    while index < parameters {
      stack[base + index] = .null
      index += 1
    }
    try pushFrame(
      Frame(
        closure: closure, pc: function.pointee.code, base: Int32(base), function: Int32(slot), wanted: wanted, extra: 0,
        continuation: .none))
  }

  /// The parameters are copied above the arguments, which stay below as `...`.
  private func enterVarargs(_ closure: ClosureRef, _ slot: Int, _ count: Int, _ wanted: Int32) throws(Trap) {
    let function = closure.pointee.function
    let parameters = Int(function.pointee.parameterCount)
    let base = slot + 1 + count
    top = max(top, base)
    try ensureStack(base + Int(function.pointee.registerCount) + ThreadObject.reserve)
    for index in 0..<parameters {
      if index < count {
        stack[base + index] = stack[slot + 1 + index]
        stack[slot + 1 + index] = .null
      } else {
        stack[base + index] = .null
      }
    }
    try pushFrame(
      Frame(
        closure: closure, pc: function.pointee.code, base: Int32(base), function: Int32(slot), wanted: wanted,
        extra: Int32(max(0, count - parameters)), continuation: .none))
  }

  func tailCall(_ slot: Int, _ count: Int) throws(Trap) {
    let current = frame.pointee
    let callee = stack[slot]
    guard callee.tag == Tag.closure else {
      // A library function, or one found through __call: called here, then its results are returned.
      thread.pointee.frameCount -= 1
      let target = Int(current.function)
      // Errors name the line of this function, so that its frame stays for library functions.
      thread.pointee.frameCount += 1
      try pushContinuation(.tail, at: slot, resultsAt: target, wanted: current.wanted)
      try begin(slot, count, -1)
      return
    }
    let target = Int(current.function)
    for index in 0...count { stack[target + index] = stack[slot + index] }
    top = target + 1 + count
    thread.pointee.frameCount -= 1
    try enter(callee.closure, target, count, current.wanted)
  }

  func copyVarargs(_ frame: UnsafeMutablePointer<Frame>, _ slot: Int, _ wanted: Int) throws(Trap) {
    let available = Int(frame.pointee.extra)
    let first = Int(frame.pointee.base) - available
    let count = wanted < 0 ? available : wanted
    if wanted < 0 {
      top = max(top, slot)
      try ensureStack(slot + count + ThreadObject.reserve)
      top = slot + count
    }
    for index in 0..<count { stack[slot + index] = index < available ? stack[first + index] : .null }
  }

  // MARK: Results

  /// Moves `count` results to `target` and makes them `wanted` many.
  @inline(__always) func deliver(_ first: Int, _ count: Int, to target: Int, _ wanted: Int32) {
    if first != target {
      for index in 0..<count { stack[target + index] = stack[first + index] }
    }
    adjust(target, count, wanted)
  }

  @inline(__always) func adjust(_ target: Int, _ count: Int, _ wanted: Int32) {
    if wanted < 0 {
      top = target + count
      return
    }
    var index = count
    while index < Int(wanted) {
      stack[target + index] = .null
      index += 1
    }
  }

  /// While a continuation is on top, does what it stands for with the results of the call above it, which lie from its
  /// `base` up to `top`. Gives `false` when the run has ended.
  func settle() throws(Trap) -> Bool {
    while true {
      let current = frame.pointee
      if current.closure != nil { return true }
      let first = Int(current.base)
      let target = Int(current.function)
      let count = top - first
      switch current.continuation {
      case .none: return true
      case .entry:
        thread.pointee.frameCount -= 1
        resultCount = count
        return false
      case .protected, .protectedWithHandler:
        thread.pointee.frameCount -= 1
        stack[target] = .boolean(true)
        if first != target + 1 { for index in 0..<count { stack[target + 1 + index] = stack[first + index] } }
        adjust(target, count + 1, current.wanted)
      case .tail:
        thread.pointee.frameCount -= 2
        deliver(first, count, to: target, current.wanted)
      case .operation:
        thread.pointee.frameCount -= 1
        finishOperation(count > 0 ? stack[first] : .null)
      case .coroutine:
        try finishCoroutine(first, count)
      case .resume, .wrap:
        // Results were put in place by whoever switched back to this thread.
        thread.pointee.frameCount -= 1
      }
    }
  }

  // MARK: Runs

  /// Calls what lies in `slot` and carries it out to its end; results lie from `slot`, `resultCount` of them.
  func run(_ slot: Int, _ count: Int) throws(Trap) {
    guard nesting < budget.nestedRuns else { throw .fault(.callDepth) }
    nesting += 1
    defer { nesting -= 1 }
    let owner = thread
    let level = owner.pointee.frameCount
    owner.pointee.entries += 1
    defer { owner.pointee.entries -= 1 }
    do throws(Trap) {
      try pushContinuation(.entry, at: slot, resultsAt: slot, wanted: -1)
      try begin(slot, count, -1)
    } catch {
      guard owner.pointee.frameCount > level else { throw error }
      try recover(error, owner, level)
    }
    while true {
      do throws(Trap) {
        try interpret()
        return
      } catch {
        try recover(error, owner, level)
      }
    }
  }

  /// Calls a value in the middle of a library function; gives its first result. Arguments are on the stack from `top`.
  func call(_ function: Value, _ first: Value, _ second: Value? = nil) throws(Trap) -> Value {
    let slot = top
    try ensureStack(slot + 4 + ThreadObject.reserve)
    stack[slot] = function
    stack[slot + 1] = first
    var count = 1
    if let second {
      stack[slot + 2] = second
      count = 2
    }
    top = slot + 1 + count
    try run(slot, count)
    let result = resultCount > 0 ? stack[slot] : .null
    top = slot
    return result
  }
}
