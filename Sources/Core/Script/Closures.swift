// Functions as values, caught variables, variables to be closed.

extension Machine {
  /// A new function of `parent`, whose registers begin at slot `base`.
  func makeClosure(
    _ function: UnsafeMutablePointer<LoadedFunction>, in parent: ClosureRef, _ base: Int
  ) throws(Trap) -> ClosureRef {
    let program = programs[Int(function.pointee.program)].program
    let count = program.functions[Int(function.pointee.index)].upvalues.count
    let closure = try makeClosure(function, upvalues: count)
    // The function is kept by this slot while its variables are made. Only as many as are filled in are looked at.
    unfinished = Value(closure)
    defer { unfinished = .null }
    for index in 0..<count {
      let source = program.functions[Int(function.pointee.index)].upvalues[index]
      let upvalue =
        source.isLocalOfParent
        ? try openUpvalue(base + Int(source.index)) : ClosureObject.upvalues(parent)[Int(source.index)]
      (ClosureObject.upvalues(closure) + index).initialize(to: upvalue)
      closure.pointee.upvalueCount = Int32(index + 1)
    }
    return closure
  }

  /// The open variable of a slot; made when there is none yet.
  private func openUpvalue(_ slot: Int) throws(Trap) -> UpvalueRef {
    let location = stack + slot
    var previous: UpvalueRef?
    var next = thread.pointee.openUpvalues
    while let upvalue = next, upvalue.pointee.location >= location {
      if upvalue.pointee.location == location { return upvalue }
      previous = upvalue
      next = upvalue.pointee.nextOpen
    }
    let upvalue = try makeUpvalue()
    upvalue.pointee.location = location
    upvalue.pointee.isOpen = true
    upvalue.pointee.nextOpen = next
    if let previous { previous.pointee.nextOpen = upvalue } else { thread.pointee.openUpvalues = upvalue }
    return upvalue
  }

  /// Gives caught variables from a slot on a value of their own.
  func closeUpvalues(_ slot: Int) {
    let level = stack + slot
    while let upvalue = thread.pointee.openUpvalues, upvalue.pointee.location >= level {
      thread.pointee.openUpvalues = upvalue.pointee.nextOpen
      Machine.close(upvalue)
    }
  }

  static func close(_ upvalue: UpvalueRef) {
    upvalue.pointee.closed = upvalue.pointee.location.pointee
    upvalue.pointee.location = UpvalueObject.closedValue(upvalue)
    upvalue.pointee.isOpen = false
    upvalue.pointee.nextOpen = nil
  }

  // MARK: Variables to be closed

  func addPendingClose(_ slot: Int) throws(Trap) {
    let value = stack[slot]
    if !value.isTrue { return }
    if metamethod(of: value, .close).tag == Tag.none {
      var text = Text("variable '")
      text.add(localName(slot) ?? Text("?").bytes)
      text.add("' got a non-closable value")
      throw raise(text)
    }
    let count = Int(thread.pointee.pendingCloseCount)
    if count == Int(thread.pointee.pendingCloseCapacity) {
      try reservePendingCloses(thread, capacity: max(4, count * 2))
    }
    thread.pointee.pendingCloses.unsafelyUnwrapped[count] = Int32(slot)
    thread.pointee.pendingCloseCount += 1
  }

  /// Makes room for so many variables to be closed, more than there is.
  func reservePendingCloses(_ thread: ThreadRef, capacity: Int) throws(Trap) {
    try account((capacity - Int(thread.pointee.pendingCloseCapacity)) * 4)
    let slots = UnsafeMutablePointer<Int32>.allocate(capacity: capacity)
    if let old = thread.pointee.pendingCloses {
      slots.update(from: old, count: Int(thread.pointee.pendingCloseCount))
      old.deallocate()
    }
    thread.pointee.pendingCloses = slots
    thread.pointee.pendingCloseCapacity = Int32(capacity)
  }

  /// Ends all variables from a slot on: calls `__close` of those to be closed, innermost first.
  func close(_ slot: Int, error: Value?) throws(Trap) {
    if thread.pointee.pendingCloseCount == 0 { return closeUpvalues(slot) }
    held.append(error ?? .null)
    defer { held.removeLast() }
    while thread.pointee.pendingCloseCount > 0 {
      let last = Int(thread.pointee.pendingCloses.unsafelyUnwrapped[Int(thread.pointee.pendingCloseCount) - 1])
      if last < slot { break }
      thread.pointee.pendingCloseCount -= 1
      let value = stack[last]
      let handler = metamethod(of: value, .close)
      closeUpvalues(last)
      if let closure = frame.pointee.closure {
        top = max(top, Int(frame.pointee.base) + Int(closure.pointee.function.pointee.registerCount))
      }
      let keptTop = top
      if handler.tag == Tag.none {
        throw raise("metamethod 'close' is missing")
      }
      _ = try call(handler, value, error ?? .null)
      top = keptTop
    }
    closeUpvalues(slot)
  }
}
