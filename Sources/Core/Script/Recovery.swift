// What happens after an error: the calls up to the next `pcall`, coroutine or run of the host are given up.

extension Machine {
  /// Gives up calls of the run that began with `level` frames on `owner`. Throws when nothing in it catches the error;
  /// the run's own frame is gone then.
  func recover(_ trap: Trap, _ owner: ThreadRef, _ level: Int32) throws(Trap) {
    var trap = trap
    while true {
      guard case .raised = trap else {
        abandon(owner, level)
        throw trap
      }
      let error = raised
      if let handled = try handle(error, owner, level, &trap) {
        if handled { return }
        continue
      }
      // No frame of this thread catches it.
      if thread == owner {
        errorLine = errorLine == 0 ? currentLine() : errorLine
        try leaveRun(owner, level, error)
      }
      try failCoroutine(error)
      if frame.pointee.continuation == .wrap {
        // The error goes on where the coroutine was called.
        thread.pointee.frameCount -= 1
        if raised.isString {
          var text = position()
          text.add(raised.string)
          _ = raise(value: text.bytes)
        }
        continue
      }
      let passed = raised
      let waiting = frame.pointee
      thread.pointee.frameCount -= 1
      stack[Int(waiting.function)] = .boolean(false)
      stack[Int(waiting.function) + 1] = passed
      adjust(Int(waiting.function), 2, waiting.wanted)
      return
    }
  }

  /// Looks for a `pcall` on the running thread. `true`: it caught the error. `false`: another error came up on the way.
  private func handle(
    _ error: Value, _ owner: ThreadRef, _ level: Int32, _ trap: inout Trap
  ) throws(Trap) -> Bool? {
    var error = error
    let lowest = thread == owner ? level : 0
    var index = thread.pointee.frameCount - 1
    while index > lowest {
      let frame = thread.pointee.frames[Int(index)]
      if frame.continuation == .protected || frame.continuation == .protectedWithHandler {
        do throws(Trap) {
          if frame.continuation == .protectedWithHandler { error = try handled(error, stack[Int(frame.extra)]) }
          try unwind(to: index, error: error)
        } catch let another {
          trap = another
          if thread.pointee.frameCount > index + 1 { thread.pointee.frameCount = index + 1 }
          // The pcall is still there: it catches an error of a `__close`, too.
          return false
        }
        let target = Int(frame.function)
        stack[target] = .boolean(false)
        stack[target + 1] = error
        adjust(target, 2, frame.wanted)
        return true
      }
      index -= 1
    }
    return nil
  }

  /// The value that the handler of an `xpcall` makes of an error; it runs above the calls that failed.
  private func handled(_ error: Value, _ handler: Value) throws(Trap) -> Value {
    if let closure = frame.pointee.closure {
      top = max(top, Int(frame.pointee.base) + Int(closure.pointee.function.pointee.registerCount))
    }
    do throws(Trap) {
      return try call(handler, error)
    } catch {
      if case .raised = error { return raised }
      throw error
    }
  }

  /// Drops frames from `level` on; closes their variables.
  private func unwind(to level: Int32, error: Value) throws(Trap) {
    let lowest = Int(thread.pointee.frames[Int(level)].base)
    held.append(error)
    defer { held.removeLast() }
    // The frame itself stays while variables are closed, so that `__close` runs above it.
    top = max(top, highestSlot())
    thread.pointee.frameCount = level + 1
    try close(lowest, error: error)
    thread.pointee.frameCount = level
  }

  private func highestSlot() -> Int {
    guard let closure = frame.pointee.closure else { return top }
    return Int(frame.pointee.base) + Int(closure.pointee.function.pointee.registerCount)
  }

  /// After a fault: every thread of the run is given up without running anything.
  private func abandon(_ owner: ThreadRef, _ level: Int32) {
    if errorLine == 0 { errorLine = currentLine() }
    while thread != owner {
      closeUpvalues(0)
      endThread()
      if errorLine == 0 { errorLine = currentLine() }
    }
    guard thread.pointee.frameCount > level else { return }
    let lowest = thread.pointee.frames[Int(level)].base
    closeUpvalues(Int(lowest))
    while thread.pointee.pendingCloseCount > 0,
      thread.pointee.pendingCloses.unsafelyUnwrapped[Int(thread.pointee.pendingCloseCount) - 1] >= lowest
    {
      thread.pointee.pendingCloseCount -= 1
    }
    thread.pointee.frameCount = level
  }

  /// Nothing in this run catches the error: its frames go, then the error goes on to whoever began the run.
  private func leaveRun(_ owner: ThreadRef, _ level: Int32, _ first: Value) throws(Trap) {
    var error = first
    while true {
      do throws(Trap) {
        try unwind(to: level, error: error)
        break
      } catch {
        guard case .raised = error else {
          abandon(owner, level)
          throw error
        }
        thread.pointee.frameCount = level + 1
      }
      error = raised
    }
    raised = error
    throw .raised
  }
}
