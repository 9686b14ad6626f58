// Coroutines have stacks of their own; switching between them takes no host stack.

extension Machine {
  /// Hands `count` values to a suspended coroutine and goes on with it.
  func resume(
    _ coroutine: ThreadRef, arguments first: Int, _ count: Int, _ kind: Continuation, resultsAt slot: Int,
    _ wanted: Int32
  ) throws(Trap) {
    if coroutine.pointee.status != .suspended {
      let message: StaticString =
        coroutine.pointee.status == .dead ? "cannot resume dead coroutine" : "cannot resume non-suspended coroutine"
      if kind == .wrap { throw raise(message) }
      stack[slot] = .boolean(false)
      stack[slot + 1] = Value(try makeString(message))
      adjust(slot, 2, wanted)
      return
    }
    try pushContinuation(kind, at: slot, resultsAt: slot, wanted: wanted)
    let from = stack
    enter(coroutine)
    if coroutine.pointee.frameCount == 0 {
      try ensureStack(count + 2 + ThreadObject.reserve)
      for index in 0..<count { stack[1 + index] = from[first + index] }
      top = count + 1
      try pushContinuation(.coroutine, at: 0, resultsAt: 0, wanted: -1)
      try begin(0, count, -1)
    } else {
      let target = Int(coroutine.pointee.yieldSlot)
      try ensureStack(target + count + 2 + ThreadObject.reserve)
      for index in 0..<count { stack[target + index] = from[first + index] }
      adjust(target, count, coroutine.pointee.yieldWanted)
    }
  }

  /// Makes a coroutine the running thread.
  private func enter(_ coroutine: ThreadRef) {
    thread.pointee.top = Int32(top)
    thread.pointee.status = .normal
    depth += thread.pointee.frameCount
    coroutine.pointee.resumer = thread
    coroutine.pointee.status = .running
    thread = coroutine
    stack = coroutine.pointee.stack
    top = Int(coroutine.pointee.top)
  }

  /// Goes back to the thread that resumed the running one.
  func leaveThread() {
    guard let resumer = thread.pointee.resumer else { return }
    thread.pointee.top = Int32(top)
    thread.pointee.resumer = nil
    thread = resumer
    depth -= thread.pointee.frameCount
    thread.pointee.status = .running
    stack = thread.pointee.stack
    top = Int(thread.pointee.top)
  }

  /// The running coroutine is over: goes back to the thread that resumed it.
  func endThread() {
    let ended = thread
    leaveThread()
    bury(ended)
  }

  /// Nothing of a coroutine that is over is kept, so that what it held can be collected.
  private func bury(_ coroutine: ThreadRef) {
    coroutine.pointee.frameCount = 0
    coroutine.pointee.status = .dead
    coroutine.pointee.top = 0
    guard let slots = coroutine.pointee.pendingCloses else { return }
    slots.deallocate()
    heapBytes -= Int(coroutine.pointee.pendingCloseCapacity) * 4
    coroutine.pointee.pendingCloses = nil
    coroutine.pointee.pendingCloseCapacity = 0
    coroutine.pointee.pendingCloseCount = 0
  }

  /// After `leaveThread`: gives values from another stack to the waiting call of `resume` or a wrapper.
  private func deliverTransfer(_ values: ValueRef, _ count: Int) throws(Trap) {
    let waiting = frame.pointee
    let target = Int(waiting.function)
    let offset = waiting.continuation == .resume ? 1 : 0
    try ensureStack(target + count + 2 + ThreadObject.reserve)
    thread.pointee.frameCount -= 1
    if offset == 1 { stack[target] = .boolean(true) }
    for index in 0..<count { stack[target + offset + index] = values[index] }
    adjust(target, count + offset, waiting.wanted)
  }

  /// `coroutine.yield` with values from `slot + 1`.
  func yield(_ slot: Int, _ count: Int, _ wanted: Int32) throws(Trap) {
    guard thread.pointee.resumer != nil else {
      throw raise(value: Text("attempt to yield from outside a coroutine").bytes)
    }
    guard thread.pointee.entries == 0 else {
      throw raise(value: Text("attempt to yield across a C-call boundary").bytes)
    }
    let values = stack + slot + 1
    thread.pointee.yieldSlot = Int32(slot)
    thread.pointee.yieldWanted = wanted
    thread.pointee.status = .suspended
    leaveThread()
    try deliverTransfer(values, count)
  }

  /// The function of the running coroutine has returned.
  func finishCoroutine(_ first: Int, _ count: Int) throws(Trap) {
    let values = stack + first
    let ended = thread
    leaveThread()
    // The values are on its stack until they are handed over.
    defer { bury(ended) }
    try deliverTransfer(values, count)
  }

  /// An error ends the running coroutine; its variables are closed. The error is in `raised`.
  func failCoroutine(_ error: Value) throws(Trap) {
    closeAll(error)
    endThread()
  }

  /// Closes all variables of the running thread, whatever errors come up; the last error is in `raised`.
  private func closeAll(_ error: Value?) {
    var error = error
    if let closure = frame.pointee.closure {
      top = max(top, Int(frame.pointee.base) + Int(closure.pointee.function.pointee.registerCount))
    }
    if let error { raised = error }
    let level = thread.pointee.frameCount
    while true {
      do throws(Trap) {
        try close(0, error: error)
        break
      } catch {
        if case .fault = error {
          thread.pointee.pendingCloseCount = 0
          closeUpvalues(0)
          break
        }
        thread.pointee.frameCount = level
      }
      error = raised
    }
    if let error { raised = error }
  }

  /// `coroutine.close`: gives the error value when closing a variable, or the coroutine before, had failed.
  func closeCoroutine(_ coroutine: ThreadRef) throws(Trap) -> Value? {
    if coroutine.pointee.status == .dead { return nil }
    if coroutine.pointee.frameCount == 0 {
      bury(coroutine)
      return nil
    }
    let kept = raised
    held.append(kept)
    defer { held.removeLast() }
    raised = .null
    enter(coroutine)
    closeAll(nil)
    endThread()
    let error = raised
    raised = kept
    return error.isNone ? nil : error
  }

  func makeCoroutine(_ function: Value) throws(Trap) -> ThreadRef {
    let coroutine = try makeThread()
    coroutine.pointee.stack[0] = function
    coroutine.pointee.top = 1
    return coroutine
  }

  // MARK: Library

  func coroutineLibrary(_ builtin: Builtin, _ slot: Int, _ count: Int, _ wanted: Int32) throws(Trap) -> Int {
    let arguments = Arguments(base: slot + 1, count: count)
    switch builtin {
    case .coroutineCreate where Library.has(.coroutineCreate):
      let function = try self.function(arguments, 0)
      return give(Value(try makeCoroutine(function)))
    case .coroutineWrap where Library.has(.coroutineWrap):
      let function = try self.function(arguments, 0)
      let coroutine = try makeCoroutine(function)
      return give(Value(bits: Value(coroutine).bits, tag: Tag.wrapper))
    case .coroutineResume where Library.has(.coroutineResume):
      let coroutine = try self.coroutine(arguments, 0)
      try resume(coroutine, arguments: slot + 2, max(0, count - 1), .resume, resultsAt: slot, wanted)
      return -1
    case .coroutineYield where Library.has(.coroutineYield):
      try yield(slot, count, wanted)
      return -1
    case .coroutineStatus where Library.has(.coroutineStatus):
      let name: StaticString
      switch try self.coroutine(arguments, 0).pointee.status {
      case .suspended: name = "suspended"
      case .running: name = "running"
      case .normal: name = "normal"
      case .dead: name = "dead"
      }
      return give(Value(try makeString(name)))
    case .coroutineIsYieldable where Library.has(.coroutineIsYieldable):
      return give(.boolean(thread != mainThread && thread.pointee.entries == 0))
    case .coroutineRunning where Library.has(.coroutineRunning):
      push(Value(thread))
      push(.boolean(thread == mainThread))
      return 2
    case .coroutineClose where Library.has(.coroutineClose):
      let coroutine = try self.coroutine(arguments, 0)
      guard coroutine.pointee.status == .suspended || coroutine.pointee.status == .dead else {
        var text = Text("cannot close a ")
        text.add(coroutine.pointee.status == .running ? "running" : "normal")
        text.add(" coroutine")
        throw raise(text)
      }
      if let error = try closeCoroutine(coroutine) {
        push(.boolean(false))
        push(error)
        return 2
      }
      return give(.boolean(true))
    default: throw leftOut(builtin)
    }
  }

  private func coroutine(_ arguments: Arguments, _ index: Int) throws(Trap) -> ThreadRef {
    let value = argument(arguments, index)
    guard value.tag == Tag.thread else {
      running = stack[arguments.base - 1]
      throw raiseArgument(index, expected: "thread", value, isMissing: index >= arguments.count)
    }
    return value.thread
  }
}
