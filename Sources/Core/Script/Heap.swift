// Objects are made and counted here. The count of bytes is that of the cost table below, not of the allocator, so that
// it is equal on every target.
//
// Rule of the heap: every allocation may collect. Whoever holds a new object across another allocation first puts it
// into a slot of the stack (`push`), a table or another place that `Collector` looks at.

/// What objects count against the memory budget, in bytes.
enum Cost {
  static let string = 32
  static let table = 80
  static let slot = 16
  static let entry = 32
  static let bucket = 4
  static let closure = 40
  static let upvalueReference = 8
  static let upvalue = 48
  static let thread = 96
  static let frame = 40
}

extension Machine {
  /// Counts `bytes` that are about to be allocated; collects when it is time for it.
  @inline(__always) func account(_ bytes: Int) throws(Trap) {
    heapBytes += bytes
    if heapBytes > collectAt { try collectOrFail(bytes) }
  }

  private func collectOrFail(_ bytes: Int) throws(Trap) {
    if !isCollectionPaused { collect() }
    if heapBytes > budget.memory {
      heapBytes -= bytes
      throw .fault(.memory)
    }
  }

  /// Puts a new object into the list of all objects. The caller fills in the rest.
  @inline(__always) private func begin(_ kind: ObjectKind, serial: UInt32) -> ObjectHeader {
    ObjectHeader(next: objects, kind: kind, isMarked: false, isInterned: false, flags: 0, serial: serial)
  }

  private func nextSerial() -> UInt32 {
    serial &+= 1
    return serial
  }

  func makeTable(array: Int = 0, entries: Int = 0) throws(Trap) -> TableRef {
    try account(Cost.table)
    let table = TableRef.allocate(capacity: 1)
    table.initialize(
      to: TableObject(
        header: begin(.table, serial: nextSerial()), metatable: nil, array: nil, arrayCount: 0, arrayCapacity: 0,
        entries: nil, entryCount: 0, entryCapacity: 0, buckets: nil))
    objects = UnsafeMutableRawPointer(table).assumingMemoryBound(to: ObjectHeader.self)
    if array > 0 || entries > 0 {
      push(Value(table))
      if array > 0 { try growArray(table, to: array) }
      if entries > 0 { try resizeEntries(table, to: entries) }
      top -= 1
    }
    return table
  }

  func makeClosure(_ function: UnsafeMutablePointer<LoadedFunction>, upvalues count: Int) throws(Trap) -> ClosureRef {
    try account(Cost.closure + Cost.upvalueReference * count)
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: MemoryLayout<ClosureObject>.stride + MemoryLayout<UpvalueRef>.stride * count,
      alignment: MemoryLayout<ClosureObject>.alignment)
    let closure = raw.bindMemory(to: ClosureObject.self, capacity: 1)
    closure.initialize(
      to: ClosureObject(header: begin(.closure, serial: nextSerial()), function: function, upvalueCount: 0))
    objects = raw.assumingMemoryBound(to: ObjectHeader.self)
    return closure
  }

  func makeUpvalue() throws(Trap) -> UpvalueRef {
    try account(Cost.upvalue)
    let upvalue = UpvalueRef.allocate(capacity: 1)
    // The location is set to the object's own value at once, or by the caller to a slot of the stack.
    upvalue.initialize(
      to: UpvalueObject(
        header: begin(.upvalue, serial: 0), location: stack, closed: .null, nextOpen: nil, isOpen: false))
    upvalue.pointee.location = UpvalueObject.closedValue(upvalue)
    objects = UnsafeMutableRawPointer(upvalue).assumingMemoryBound(to: ObjectHeader.self)
    return upvalue
  }

  func makeThread() throws(Trap) -> ThreadRef {
    let stackCapacity = ThreadObject.firstStackCapacity
    let frameCapacity = ThreadObject.firstFrameCapacity
    hasCoroutines = true
    try account(Cost.thread + stackCapacity * Cost.slot + frameCapacity * Cost.frame)
    let thread = Machine.allocateThread(
      begin(.thread, serial: nextSerial()), stack: stackCapacity, frames: frameCapacity)
    objects = UnsafeMutableRawPointer(thread).assumingMemoryBound(to: ObjectHeader.self)
    return thread
  }

  static func allocateThread(_ header: ObjectHeader, stack: Int, frames: Int) -> ThreadRef {
    let thread = ThreadRef.allocate(capacity: 1)
    let slots = ValueRef.allocate(capacity: stack)
    slots.initialize(repeating: .null, count: stack)
    thread.initialize(
      to: ThreadObject(
        header: header, status: .suspended, stack: slots, stackCapacity: Int32(stack), frameCount: 0,
        frames: UnsafeMutablePointer<Frame>.allocate(capacity: frames), frameCapacity: Int32(frames), top: 0,
        openUpvalues: nil, pendingCloses: nil, pendingCloseCount: 0, pendingCloseCapacity: 0, resumer: nil))
    return thread
  }

  /// Gives the memory of an object back.
  func release(_ object: ObjectRef) {
    let raw = UnsafeMutableRawPointer(object)
    switch object.pointee.kind {
    case .string:
      let string = raw.assumingMemoryBound(to: StringObject.self)
      heapBytes -= Cost.string + Int(string.pointee.count)
    case .table:
      let table = raw.assumingMemoryBound(to: TableObject.self)
      heapBytes -= TableObject.cost(table)
      table.pointee.array?.deallocate()
      table.pointee.entries?.deallocate()
      table.pointee.buckets?.deallocate()
    case .closure:
      let closure = raw.assumingMemoryBound(to: ClosureObject.self)
      heapBytes -= Cost.closure + Cost.upvalueReference * Int(closure.pointee.upvalueCount)
    case .upvalue:
      heapBytes -= Cost.upvalue
    case .thread:
      let thread = raw.assumingMemoryBound(to: ThreadObject.self)
      heapBytes -= ThreadObject.cost(thread)
      thread.pointee.stack.deallocate()
      thread.pointee.frames.deallocate()
      thread.pointee.pendingCloses?.deallocate()
    }
    raw.deallocate()
  }
}

extension UpvalueObject {
  @inline(__always) static func closedValue(_ upvalue: UpvalueRef) -> ValueRef {
    // After header and location, aligned to 8 bytes; a test compares it with the layout of the type.
    (UnsafeMutableRawPointer(upvalue) + (MemoryLayout<ObjectHeader>.size + MemoryLayout<ValueRef>.size + 7) / 8 * 8)
      .assumingMemoryBound(to: Value.self)
  }
}

extension ThreadObject {
  static let firstStackCapacity = 48
  static let firstFrameCapacity = 8
  /// Slots above the registers of a function that library functions may use without asking.
  static let reserve = 24

  static func cost(_ thread: ThreadRef) -> Int {
    Cost.thread + Int(thread.pointee.stackCapacity) * Cost.slot + Int(thread.pointee.frameCapacity) * Cost.frame
      + Int(thread.pointee.pendingCloseCapacity) * 4
  }
}

extension TableObject {
  static func cost(_ table: TableRef) -> Int {
    Cost.table + Int(table.pointee.arrayCapacity) * Cost.slot + Int(table.pointee.entryCapacity) * Cost.entry
      + (table.pointee.buckets == nil ? 0 : Int(table.pointee.entryCapacity) * Cost.bucket)
  }
}
