// Mark and sweep, all at once. Slots of the stack above those in use are emptied, so that no slot ever names an object
// that was freed.

extension Machine {
  func collect() {
    markRoots()
    while let object = pendingMarks.popLast() { traverse(object) }
    if hasCoroutines { closeUpvaluesOfLostCoroutines() }
    forgetUnmarkedStrings()
    sweep()
    collectAt = collectsAlways ? heapBytes + 100 : min(max(heapBytes * 2, 1 << 14), budget.memory)
  }

  private func markRoots() {
    mark(globals)
    if let stringMetatable { mark(stringMetatable) }
    mark(raised)
    mark(unfinished)
    for value in held { mark(value) }
    for value in pins { mark(value) }
    if let eventNames { for index in 0..<Event.count { mark(eventNames[index]) } }
    for program in programs {
      for index in 0..<program.program.functions.count {
        let function = program.functions[index]
        for constant in 0..<Int(function.constantCount) { mark(function.constants[constant]) }
      }
    }
    traverse(mainThread)
    var current: ThreadRef? = thread
    while let running = current {
      mark(running)
      current = running.pointee.resumer
    }
  }

  @inline(__always) private func mark(_ value: Value) {
    if value.isObject { mark(value.object) }
  }

  @inline(__always) private func mark(_ table: TableRef) {
    mark(UnsafeMutableRawPointer(table).assumingMemoryBound(to: ObjectHeader.self))
  }

  private func mark(_ thread: ThreadRef) {
    if thread != mainThread { mark(UnsafeMutableRawPointer(thread).assumingMemoryBound(to: ObjectHeader.self)) }
  }

  private func mark(_ object: ObjectRef) {
    if object.pointee.isMarked { return }
    object.pointee.isMarked = true
    if object.pointee.kind != .string { pendingMarks.append(object) }
  }

  private func traverse(_ object: ObjectRef) {
    let raw = UnsafeMutableRawPointer(object)
    switch object.pointee.kind {
    case .string: break
    case .table:
      let table = raw.assumingMemoryBound(to: TableObject.self)
      if let metatable = table.pointee.metatable { mark(metatable) }
      for index in 0..<Int(table.pointee.arrayCount) { mark(table.pointee.array.unsafelyUnwrapped[index]) }
      for index in 0..<Int(table.pointee.entryCount) {
        // Keys of removed entries stay too: `next` may still be asked for what follows them.
        mark(table.pointee.entries.unsafelyUnwrapped[index].key)
        mark(table.pointee.entries.unsafelyUnwrapped[index].value)
      }
    case .closure:
      let closure = raw.assumingMemoryBound(to: ClosureObject.self)
      for index in 0..<Int(closure.pointee.upvalueCount) {
        mark(
          UnsafeMutableRawPointer(ClosureObject.upvalues(closure)[index]).assumingMemoryBound(to: ObjectHeader.self))
      }
    case .upvalue:
      mark(raw.assumingMemoryBound(to: UpvalueObject.self).pointee.location.pointee)
    case .thread: traverse(raw.assumingMemoryBound(to: ThreadObject.self))
    }
  }

  private func traverse(_ thread: ThreadRef) {
    let slots = thread.pointee.stack
    if thread == self.thread { thread.pointee.top = Int32(top) }
    for index in 0..<Int(thread.pointee.frameCount) {
      guard let closure = thread.pointee.frames[index].closure else { continue }
      mark(UnsafeMutableRawPointer(closure).assumingMemoryBound(to: ObjectHeader.self))
    }
    let capacity = isResting && thread == mainThread ? restingSlots : Int(thread.pointee.stackCapacity)
    let used = min(thread.pointee.usedSlots, capacity)
    for index in 0..<used { mark(slots[index]) }
    for index in used..<capacity { slots[index] = .null }
    if let resumer = thread.pointee.resumer { mark(resumer) }
    var open = thread.pointee.openUpvalues
    while let upvalue = open {
      mark(UnsafeMutableRawPointer(upvalue).assumingMemoryBound(to: ObjectHeader.self))
      open = upvalue.pointee.nextOpen
    }
  }

  /// Variables that functions have caught outlive the stack of a coroutine that nobody can reach any more.
  private func closeUpvaluesOfLostCoroutines() {
    var next = objects
    while let object = next {
      next = object.pointee.next
      guard object.pointee.kind == .thread, !object.pointee.isMarked else { continue }
      let thread = UnsafeMutableRawPointer(object).assumingMemoryBound(to: ThreadObject.self)
      while let upvalue = thread.pointee.openUpvalues {
        thread.pointee.openUpvalues = upvalue.pointee.nextOpen
        Machine.close(upvalue)
      }
    }
  }

  private func sweep() {
    var kept: ObjectRef?
    var next = objects
    var last: ObjectRef?
    while let object = next {
      next = object.pointee.next
      if object.pointee.isMarked {
        object.pointee.isMarked = false
        if let last { last.pointee.next = object } else { kept = object }
        last = object
      } else {
        release(object)
      }
    }
    last?.pointee.next = nil
    objects = kept
  }
}
