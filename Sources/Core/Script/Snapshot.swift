// The whole heap as bytes: little-endian, the same on every target, for `restore` of a machine with the same programs.
//
// magic, version, identities of the programs, counters, roots, then all objects in the order in which they are met from
// the roots. An object is named by its number in that order.

enum SnapshotFormat {
  static let magic: UInt32 = 0x534D_4541  // "AEMS"
  static let version: UInt8 = 1
  static let noObject: UInt32 = .max
}

/// What a snapshot says of a coroutine.
enum SavedThread: UInt8 {
  /// Not begun: its function is kept.
  case ready
  case dead
  /// It has yielded: its stacks are kept.
  case suspended
  /// Not a coroutine, but the thread of the machine itself.
  case main

  init(_ thread: ThreadRef, isMain: Bool) {
    if isMain {
      self = .main
    } else if thread.pointee.status == .dead {
      self = .dead
    } else {
      self = thread.pointee.frameCount == 0 ? .ready : .suspended
    }
  }
}

extension Machine {
  /// Everything that scripts can see: globals, tables, functions with their variables, coroutines, kept values.
  ///
  /// Collects first. Refused while running.
  public func snapshot() throws(ScriptFault) -> [UInt8] {
    guard !isRunning else { throw ScriptFault(code: .busy, message: Text("the machine is running").bytes, line: 0) }
    top = 0
    resultCount = 0
    raised = .null
    collect()
    if isResting { pendingMarks = [] }
    var writer = SnapshotWriter(machine: self)
    return writer.write()
  }
}

private struct SnapshotWriter {
  let machine: Machine
  var bytes: [UInt8] = []
  /// Objects met so far, in order, and a hash table from their addresses to their numbers.
  private var objects: [ObjectRef] = []
  private var buckets = [Int32](repeating: -1, count: 256)
  private var chain: [Int32] = []

  init(machine: Machine) { self.machine = machine }

  mutating func write() -> [UInt8] {
    put(SnapshotFormat.magic)
    bytes.append(SnapshotFormat.version)
    put(UInt32(machine.programs.count))
    for program in machine.programs { put(program.program.identity) }
    put(machine.serial)
    bytes.append(machine.installed.rawValue)
    put(UInt32(machine.mainThread.pointee.stackCapacity))
    put(UInt32(machine.mainThread.pointee.frameCapacity))
    put(Value(machine.globals))
    put(machine.stringMetatable.map { Value($0) } ?? .null)
    put(UInt32(machine.pins.count))
    for value in machine.pins { put(value) }
    put(UInt32(machine.freePins.count))
    for pin in machine.freePins { put(UInt32(pin)) }
    var index = 0
    while index < objects.count {
      put(objects[index])
      index += 1
    }
    // The number of objects stands at the end: it is known only now.
    put(UInt32(objects.count))
    return bytes
  }

  private mutating func put(_ value: UInt32) {
    for shift: UInt32 in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
  }

  private mutating func put(_ value: UInt64) {
    put(UInt32(truncatingIfNeeded: value))
    put(UInt32(truncatingIfNeeded: value >> 32))
  }

  private mutating func put(_ value: Value) {
    bytes.append(UInt8(truncatingIfNeeded: value.tag))
    switch value.tag {
    case Tag.none, Tag.no, Tag.yes: break
    case Tag.integer, Tag.native: put(value.bits)
    case Tag.float: put(value.float.isNaN ? Elementary.notANumber.bitPattern : value.bits)
    default: put(number(value.object))
    }
  }

  private mutating func number(_ object: ObjectRef) -> UInt32 {
    let hash = Int(Hash.mix(UInt64(UInt(bitPattern: object)) >> 3) & UInt32(buckets.count - 1))
    var index = buckets[hash]
    while index >= 0 {
      if objects[Int(index)] == object { return UInt32(index) }
      index = chain[Int(index)]
    }
    let new = Int32(objects.count)
    objects.append(object)
    chain.append(buckets[hash])
    buckets[hash] = new
    if objects.count > buckets.count * 2 { grow() }
    return UInt32(new)
  }

  private mutating func grow() {
    buckets = [Int32](repeating: -1, count: buckets.count * 4)
    for (index, object) in objects.enumerated() {
      let hash = Int(Hash.mix(UInt64(UInt(bitPattern: object)) >> 3) & UInt32(buckets.count - 1))
      chain[index] = buckets[hash]
      buckets[hash] = Int32(index)
    }
  }

  private mutating func put(_ object: ObjectRef) {
    let raw = UnsafeMutableRawPointer(object)
    bytes.append(object.pointee.kind.rawValue)
    switch object.pointee.kind {
    case .string:
      let string = raw.assumingMemoryBound(to: StringObject.self)
      put(UInt32(string.pointee.count))
      bytes.append(contentsOf: StringObject.buffer(string))
    case .table: put(raw.assumingMemoryBound(to: TableObject.self))
    case .closure:
      let closure = raw.assumingMemoryBound(to: ClosureObject.self)
      put(object.pointee.serial)
      put(UInt32(closure.pointee.function.pointee.program))
      put(UInt32(closure.pointee.function.pointee.index))
      for index in 0..<Int(closure.pointee.upvalueCount) {
        put(
          number(
            UnsafeMutableRawPointer(ClosureObject.upvalues(closure)[index])
              .assumingMemoryBound(to: ObjectHeader.self)))
      }
    case .upvalue:
      let upvalue = raw.assumingMemoryBound(to: UpvalueObject.self)
      // The value of an open one is that of its slot, which the coroutine has.
      put(upvalue.pointee.isOpen ? .null : upvalue.pointee.closed)
    case .thread: put(raw.assumingMemoryBound(to: ThreadObject.self))
    }
  }

  private mutating func put(_ thread: ThreadRef) {
    put(thread.pointee.header.serial)
    let state = SavedThread(thread, isMain: thread == machine.mainThread)
    bytes.append(state.rawValue)
    if state == .main { return }
    put(UInt32(thread.pointee.stackCapacity))
    put(UInt32(thread.pointee.frameCapacity))
    guard state == .suspended else { return put(state == .ready ? thread.pointee.stack[0] : .null) }
    put(thread.pointee.top)
    let used = thread.pointee.usedSlots
    put(UInt32(used))
    for index in 0..<used { put(thread.pointee.stack[index]) }
    put(UInt32(thread.pointee.frameCount))
    for index in 0..<Int(thread.pointee.frameCount) {
      let frame = thread.pointee.frames[index]
      bytes.append(frame.continuation.rawValue)
      for field in [frame.base, frame.function, frame.wanted, frame.extra] { put(field) }
      guard let closure = frame.closure, let pc = frame.pc else { continue }
      put(number(UnsafeMutableRawPointer(closure).assumingMemoryBound(to: ObjectHeader.self)))
      put(UInt32(pc - closure.pointee.function.pointee.code))
    }
    put(thread.pointee.yieldSlot)
    put(thread.pointee.yieldWanted)
    put(UInt32(thread.pointee.pendingCloseCapacity))
    put(UInt32(thread.pointee.pendingCloseCount))
    for index in 0..<Int(thread.pointee.pendingCloseCount) {
      put(thread.pointee.pendingCloses.unsafelyUnwrapped[index])
    }
    var open = thread.pointee.openUpvalues
    while let upvalue = open {
      put(number(UnsafeMutableRawPointer(upvalue).assumingMemoryBound(to: ObjectHeader.self)))
      put(Int32(upvalue.pointee.location - thread.pointee.stack))
      open = upvalue.pointee.nextOpen
    }
    put(SnapshotFormat.noObject)
  }

  private mutating func put(_ value: Int32) { put(UInt32(bitPattern: value)) }

  private mutating func put(_ table: TableRef) {
    put(table.pointee.header.serial)
    put(table.pointee.metatable.map { Value($0) } ?? .null)
    put(UInt32(table.pointee.arrayCapacity))
    put(UInt32(table.pointee.arrayCount))
    for index in 0..<Int(table.pointee.arrayCount) { put(table.pointee.array.unsafelyUnwrapped[index]) }
    put(UInt32(table.pointee.entryCapacity))
    put(UInt32(table.pointee.entryCount))
    for index in 0..<Int(table.pointee.entryCount) {
      // Removed entries stay: they decide where a key goes that is set again.
      put(table.pointee.entries.unsafelyUnwrapped[index].key)
      put(table.pointee.entries.unsafelyUnwrapped[index].value)
    }
  }
}
