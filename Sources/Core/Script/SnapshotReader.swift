// Reading snapshots. Everything is checked; a machine that refuses one is as it was before.

extension Machine {
  /// Replaces all state by that of a snapshot of a machine with the same programs, loaded in the same order.
  /// References, chunks and slots of that machine are valid here afterwards; those of this machine are not.
  public func restore(_ bytes: [UInt8]) throws(ScriptFault) {
    guard !isRunning else { throw ScriptFault(code: .busy, message: Text("the machine is running").bytes, line: 0) }
    wake()
    top = 0
    let keptBudget = budget
    // Old and new state exist side by side for a moment.
    budget.memory = keptBudget.memory + heapBytes
    isCollectionPaused = true
    let before = heapBytes
    defer {
      isCollectionPaused = false
      budget = keptBudget
      collect()
    }
    var reader = SnapshotReader(machine: self, bytes: bytes)
    do throws(Trap) {
      try reader.read()
    } catch {
      let message: StaticString
      if case .fault(.memory) = error {
        message = "snapshot needs more memory than the budget"
      } else {
        message = reader.problem
      }
      throw ScriptFault(code: .snapshot, message: Text(message).bytes, line: 0)
    }
    guard heapBytes - before <= keptBudget.memory else {
      throw ScriptFault(
        code: .snapshot, message: Text("snapshot needs more memory than the budget").bytes, line: 0)
    }
    reader.install()
  }
}

struct SnapshotReader {
  let machine: Machine
  let bytes: [UInt8]
  var offset = 0
  var problem: StaticString = "snapshot is damaged"
  private(set) var values: [Value] = []
  private(set) var upvalues: [UpvalueRef?] = []
  private var serial: UInt32 = 0
  private var installed: Installed = []
  private var hasMetatables = false
  private var stackCapacity = 0
  private var frameCapacity = 0
  private var roots: [Value] = []
  private var freePins: [Int32] = []

  init(machine: Machine, bytes: [UInt8]) {
    self.machine = machine
    self.bytes = bytes
  }

  mutating func fail(_ message: StaticString = "snapshot is damaged") -> Trap {
    problem = message
    return .fault(.snapshot)
  }

  // MARK: Fields

  mutating func byte() throws(Trap) -> UInt8 {
    guard offset < bytes.count else { throw fail() }
    offset += 1
    return bytes[offset - 1]
  }

  mutating func word() throws(Trap) -> UInt32 {
    guard bytes.count - offset >= 4 else { throw fail() }
    defer { offset += 4 }
    return UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
      | UInt32(bytes[offset + 3]) << 24
  }

  private mutating func longWord() throws(Trap) -> UInt64 {
    let low = try word()
    return UInt64(low) | UInt64(try word()) << 32
  }

  /// A number of things of which each takes at least `size` bytes.
  mutating func count(_ size: Int) throws(Trap) -> Int {
    let count = try word()
    guard count <= UInt32((bytes.count - offset) / size) else { throw fail() }
    return Int(count)
  }

  mutating func capacity() throws(Trap) -> Int {
    let value = try word()
    guard value < 1 << 26 else { throw fail() }
    return Int(value)
  }

  /// A value whose object, if it names one, is given as its number for now.
  mutating func value() throws(Trap) -> Value {
    let tag = UInt32(try byte())
    switch tag {
    case Tag.none, Tag.no, Tag.yes: return Value(bits: 0, tag: tag)
    case Tag.integer, Tag.native, Tag.float: return Value(bits: try longWord(), tag: tag)
    case Tag.shortString...Tag.matcher: return Value(bits: UInt64(try word()), tag: tag)
    default: throw fail()
    }
  }

  /// The value with the object itself.
  mutating func resolved(_ value: Value) throws(Trap) -> Value {
    guard value.tag >= Tag.shortString else { return value }
    guard value.bits < UInt64(values.count) else { throw fail() }
    let object = values[Int(value.bits)]
    let isRight: Bool
    switch value.tag {
    case Tag.shortString, Tag.longString, Tag.table, Tag.closure, Tag.thread: isRight = object.tag == value.tag
    case Tag.wrapper: isRight = object.tag == Tag.thread
    default: isRight = object.tag == Tag.table
    }
    guard isRight else { throw fail() }
    return Value(bits: object.bits, tag: value.tag)
  }

  // MARK: Whole

  mutating func read() throws(Trap) {
    guard try word() == SnapshotFormat.magic else { throw fail("not a snapshot") }
    guard try byte() == SnapshotFormat.version else { throw fail("snapshot of another version") }
    guard try word() == UInt32(machine.programs.count) else { throw fail("snapshot of other programs") }
    for program in machine.programs where try longWord() != program.program.identity {
      throw fail("snapshot of other programs")
    }
    serial = try word()
    installed = Installed(rawValue: try byte())
    stackCapacity = try capacity()
    frameCapacity = try capacity()
    roots = [try value(), try value()]
    for _ in 0..<(try count(1)) { roots.append(try value()) }
    for _ in 0..<(try count(4)) {
      let pin = try word()
      guard pin < UInt32(roots.count - 2) else { throw fail() }
      freePins.append(Int32(pin))
    }
    try readObjects()
    for index in roots.indices { roots[index] = try resolved(roots[index]) }
    guard installed.contains(.events) || !hasMetatables else { throw fail() }
    guard roots[0].tag == Tag.table, roots[1].tag == Tag.table || roots[1].tag == Tag.none else { throw fail() }
  }

  /// First all objects are made, then what they hold is filled in.
  private mutating func readObjects() throws(Trap) {
    guard bytes.count >= offset + 4 else { throw fail() }
    let start = offset
    offset = bytes.count - 4
    let total = try word()
    offset = start
    guard total <= UInt32(bytes.count - start) else { throw fail() }
    var starts: [Int] = []
    for _ in 0..<total {
      starts.append(offset)
      try make()
    }
    guard offset == bytes.count - 4 else { throw fail() }
    for index in starts.indices {
      offset = starts[index]
      try fill(index)
    }
  }

  private mutating func make() throws(Trap) {
    var upvalue: UpvalueRef?
    switch ObjectKind(rawValue: try byte()) {
    case .string:
      let length = try count(1)
      let text = Array(bytes[offset..<offset + length])
      offset += length
      values.append(Value(try machine.makeString(text)))
    case .table:
      let table = try machine.makeTable()
      table.pointee.header.serial = try word()
      values.append(Value(table))
      _ = try value()
      _ = try capacity()
      for _ in 0..<(try count(1)) { _ = try value() }
      _ = try capacity()
      for _ in 0..<(try count(2)) {
        _ = try value()
        _ = try value()
      }
    case .closure: try makeClosure()
    case .upvalue:
      upvalue = try machine.makeUpvalue()
      values.append(.null)
      _ = try value()
    case .thread:
      let serial = try word()
      guard let state = SavedThread(rawValue: try byte()) else { throw fail() }
      if state == .main {
        values.append(Value(machine.mainThread))
        break
      }
      let thread = try machine.makeThread()
      thread.pointee.header.serial = serial
      if state == .dead { thread.pointee.status = .dead }
      values.append(Value(thread))
      try skipThread(state)
    case nil: throw fail()
    }
    upvalues.append(upvalue)
  }

  private mutating func makeClosure() throws(Trap) {
    let serial = try word()
    let program = Int(clamping: try word())
    let index = Int(clamping: try word())
    guard program < machine.programs.count, index < machine.programs[program].program.functions.count else {
      throw fail()
    }
    let count = machine.programs[program].program.functions[index].upvalues.count
    let closure = try machine.makeClosure(machine.programs[program].functions + index, upvalues: count)
    closure.pointee.header.serial = serial
    values.append(Value(closure))
    for _ in 0..<count { _ = try word() }
  }

  private mutating func fill(_ index: Int) throws(Trap) {
    switch ObjectKind(rawValue: try byte()) {
    case .table: try fill(values[index].table)
    case .closure:
      offset += 12
      let closure = values[index].closure
      let function = closure.pointee.function.pointee
      let count = machine.programs[Int(function.program)].program.functions[Int(function.index)].upvalues.count
      for position in 0..<count {
        let number = Int(clamping: try word())
        guard number < upvalues.count, let upvalue = upvalues[number] else { throw fail() }
        (ClosureObject.upvalues(closure) + position).initialize(to: upvalue)
        closure.pointee.upvalueCount = Int32(position + 1)
      }
    case .upvalue:
      guard let upvalue = upvalues[index] else { throw fail() }
      upvalue.pointee.closed = try resolved(try value())
    case .thread:
      offset += 4
      guard let state = SavedThread(rawValue: try byte()) else { throw fail() }
      try fill(values[index].thread, state)
    default: break
    }
  }

  private mutating func fill(_ table: TableRef) throws(Trap) {
    offset += 4
    let metatable = try resolved(try value())
    guard metatable.tag == Tag.table || metatable.tag == Tag.none else { throw fail() }
    if metatable.tag == Tag.table {
      hasMetatables = true
      table.pointee.metatable = metatable.table
    }
    let arrayCapacity = try capacity()
    let arrayCount = try count(1)
    guard arrayCount <= arrayCapacity else { throw fail() }
    if arrayCapacity > 0 { try machine.growArray(table, exactly: arrayCapacity) }
    for index in 0..<arrayCount {
      table.pointee.array.unsafelyUnwrapped[index] = try resolved(try value())
    }
    if arrayCount > 0 {
      guard table.pointee.array.unsafelyUnwrapped[arrayCount - 1].tag != Tag.none else { throw fail() }
    }
    table.pointee.arrayCount = Int32(arrayCount)
    let entryCapacity = try capacity()
    let entryCount = try count(2)
    guard entryCount <= entryCapacity, entryCapacity & (entryCapacity - 1) == 0, entryCapacity != 1 else {
      throw fail()
    }
    if entryCapacity > 0 { try machine.resizeEntries(table, to: entryCapacity) }
    for _ in 0..<entryCount {
      let key = try resolved(try value())
      let value = try resolved(try value())
      try add(table, key, value)
    }
  }

  private mutating func add(_ table: TableRef, _ key: Value, _ value: Value) throws(Trap) {
    guard key.tag != Tag.none, !(key.tag == Tag.float && key.float.isNaN) else { throw fail() }
    guard TableObject.normalized(key).tag == key.tag, TableObject.find(table, key) < 0 else { throw fail() }
    if key.tag == Tag.integer, value.tag != Tag.none, key.integer >= 1,
      key.integer <= Int64(table.pointee.arrayCount) + 1
    {
      throw fail()
    }
    machine.insertEntry(table, key, value)
  }

  /// Puts the new state in place of the old one.
  func install() {
    machine.globals = roots[0].table
    machine.stringMetatable = roots[1].tag == Tag.table ? roots[1].table : nil
    machine.pins = Array(roots[2...])
    machine.freePins = freePins
    machine.serial = serial
    machine.installed = installed.subtracting(.events)
    if installed.contains(.events) { _ = try? machine.nameEvents() }
    machine.resultCount = 0
    machine.raised = .null
    // The stack of the main thread only ever grows; running out of the budget here shows in the next run.
    _ = try? machine.reserve(machine.mainThread, slots: stackCapacity, frames: frameCapacity)
  }
}
