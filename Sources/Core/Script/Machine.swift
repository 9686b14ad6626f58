/// Runs scripts: one heap, one set of globals, any number of programs.
///
/// A machine does one thing at a time; it belongs to whoever runs it. All of its work is determined by the programs,
/// the values put in and the host functions: two machines that get the same do the same, on every target.
public final class Machine {
  public let host: ScriptHost
  public var budget: Budget {
    didSet { collectAt = min(max(heapBytes, collectAt), budget.memory) }
  }

  /// A power of two.
  private static var firstInternCapacity: Int { 16 }

  // Heap
  var objects: ObjectRef?
  var heapBytes = 0
  var collectAt = 1 << 14
  var isCollectionPaused = false
  var hasCoroutines = false
  /// Collects at every few allocations, to find values that nothing keeps; for tests.
  var collectsAlways = false {
    didSet { collectAt = collectsAlways ? 0 : heapBytes }
  }
  var serial: UInt32 = 0
  var internBuckets: UnsafeMutablePointer<StringRef?>
  var internCapacity = Machine.firstInternCapacity
  var internCount = 0
  var pendingMarks: [ObjectRef] = []

  // Roots
  var thread: ThreadRef
  let mainThread: ThreadRef
  var globals: TableRef
  var stringMetatable: TableRef?
  var raised: Value = .null
  /// A function whose variables are being caught.
  var unfinished: Value = .null
  /// Values that are needed after others have run.
  var held: [Value] = []
  var pins: [Value] = []
  var freePins: [Int32] = []
  /// Names of metamethods, there before the first table has a metatable.
  private(set) var eventNames: UnsafeMutablePointer<Value>?
  var programs: [LoadedProgram] = []

  // The running thread
  var stack: ValueRef
  /// First slot above the values of a library function or of an open list of values.
  var top = 0

  // Budgets of the current run
  var fuel: Int64 = 0
  var depth: Int32 = 0
  var nesting: Int32 = 0
  var isRunning = false
  /// Slots that the stack of the main thread has while the machine rests; 0 while it does not.
  private(set) var restingSlots = 0
  var isResting: Bool { restingSlots > 0 }
  public internal(set) var logBytes = 0
  var resultCount = 0
  var errorLine: Int32 = 0

  /// Bytes that library functions put together; a stack, since they call each other.
  var scratch: [UInt8] = []
  /// Start and length of the captures of the last pattern.
  private(set) var captures: UnsafeMutablePointer<Int>?
  /// Where short strings are put together.
  private var shortRoom: UnsafeMutablePointer<UInt8>?
  var installed: Installed = []
  /// A fault that a host function has caused.
  var hostFault: ScriptFault.Code?
  /// The library function that an error is about.
  var running: Value?

  public init(host: ScriptHost, budget: Budget = Budget()) {
    self.host = host
    self.budget = budget
    internBuckets = UnsafeMutablePointer<StringRef?>.allocate(capacity: Machine.firstInternCapacity)
    internBuckets.initialize(repeating: nil, count: Machine.firstInternCapacity)
    let header = ObjectHeader(next: nil, kind: .thread, isMarked: false, isInterned: false, flags: 0, serial: 0)
    mainThread = Machine.allocateThread(
      header, stack: ThreadObject.firstStackCapacity, frames: ThreadObject.firstFrameCapacity)
    thread = mainThread
    thread.pointee.status = .running
    stack = thread.pointee.stack
    globals = TableRef.allocate(capacity: 1)
    globals.initialize(
      to: TableObject(
        header: ObjectHeader(next: nil, kind: .table, isMarked: false, isInterned: false, flags: 0, serial: 0),
        metatable: nil, array: nil, arrayCount: 0, arrayCapacity: 0, entries: nil, entryCount: 0, entryCapacity: 0,
        buckets: nil))
    objects = UnsafeMutableRawPointer(globals).assumingMemoryBound(to: ObjectHeader.self)
    heapBytes = ThreadObject.cost(mainThread) + Cost.table
    collectAt = min(collectAt, budget.memory)
  }

  /// Makes the names of metamethods, which are looked up in metatables alone: before the first table gets one.
  func nameEvents() throws(Trap) {
    guard !installed.contains(.events) else { return }
    installed.insert(.events)
    let names = eventNames ?? UnsafeMutablePointer<Value>.allocate(capacity: Event.count)
    names.initialize(repeating: .null, count: Event.count)
    eventNames = names
    for index in (0..<Event.count).reversed() {
      guard let event = Event(rawValue: UInt8(index)) else { continue }
      names[index] = Value(try makeString(event.name))
    }
  }

  /// The name of a metamethod; `nil` while no table can have any.
  @inline(__always) func eventName(_ event: Event) -> Value {
    guard let eventNames else { return .null }
    return eventNames[Int(event.rawValue)]
  }

  // MARK: Rest

  /// Gives back memory that only a run needs; the next run takes it again. Nothing that scripts can see changes: bytes are
  /// counted as before, and what the stack of the main thread still names stays alive as long as it would have.
  public func rest() {
    pendingMarks = []
    if scratch.isEmpty { scratch = [] }
    guard !isRunning, !isResting, thread == mainThread, mainThread.pointee.frameCount == 0 else { return }
    guard mainThread.pointee.openUpvalues == nil else { return }
    var count = Int(mainThread.pointee.stackCapacity)
    while count > max(1, top), !stack[count - 1].isObject { count -= 1 }
    restingSlots = count
    moveMainStack(from: Int(mainThread.pointee.stackCapacity), to: count)
    mainThread.pointee.frames.deallocate()
  }

  /// Before the stack of the main thread is used.
  @inline(__always) func wake() { if isResting { makeStacks() } }

  private func makeStacks() {
    moveMainStack(from: restingSlots, to: Int(mainThread.pointee.stackCapacity))
    restingSlots = 0
    mainThread.pointee.frames = UnsafeMutablePointer<Frame>.allocate(capacity: Int(mainThread.pointee.frameCapacity))
  }

  private func moveMainStack(from old: Int, to new: Int) {
    let slots = ValueRef.allocate(capacity: new)
    slots.initialize(from: stack, count: min(old, new))
    if new > old { (slots + old).initialize(repeating: .null, count: new - old) }
    stack.deallocate()
    stack = slots
    mainThread.pointee.stack = slots
  }

  deinit {
    wake()
    while let object = objects {
      objects = object.pointee.next
      release(object)
    }
    release(UnsafeMutableRawPointer(mainThread).assumingMemoryBound(to: ObjectHeader.self))
    internBuckets.deallocate()
    eventNames?.deallocate()
    shortRoom?.deallocate()
    captures?.deallocate()
    for program in programs { program.release() }
  }

  /// Room for a short string, there from the first one on that is put together.
  @inline(__always) func shortBuffer() -> UnsafeMutablePointer<UInt8> {
    if let shortRoom { return shortRoom }
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: StringObject.internedLengthMax)
    shortRoom = room
    return room
  }

  /// Room for the captures of a pattern, there from the first pattern on.
  func captureRoom() -> UnsafeMutablePointer<Int> {
    if let captures { return captures }
    let room = UnsafeMutablePointer<Int>.allocate(capacity: 2 * PatternMatch.capturesMax)
    captures = room
    return room
  }

  /// Bytes of the heap, garbage included.
  public var heapSize: Int { heapBytes }

  /// Counts output against the budget; hosts call it before they take a line.
  func chargeLog(_ bytes: Int) throws(Trap) {
    logBytes += bytes
    if logBytes > budget.logVolume { throw .fault(.logVolume) }
  }

  func resetLog() { logBytes = 0 }

  /// Takes instructions for work that a library function does in one go.
  @inline(__always) func charge(_ units: Int) throws(Trap) {
    fuel -= Int64(units)
    if fuel < 0 { throw .fault(.instructions) }
  }

  @inline(__always) func push(_ value: Value) {
    stack[top] = value
    top += 1
  }

  @inline(__always) func pop() -> Value {
    top -= 1
    return stack[top]
  }
}

/// A program in a machine: constants are values of its heap.
struct LoadedProgram {
  let program: Program
  let functions: UnsafeMutablePointer<LoadedFunction>

  func release() {
    for index in 0..<program.functions.count {
      functions[index].constants.deallocate()
      functions[index].hints.deallocate()
    }
    functions.deallocate()
  }
}

/// What a machine asks of its surroundings. Subclasses answer the functions they have registered.
open class ScriptHost {
  public init() {}

  /// A function of the host is called. Arguments are read from `call`, results put back with `call.give`.
  open func call(_ function: UInt16, _ call: borrowing HostCall) throws(HostError) {
    throw HostError("no such function of the host")
  }

  /// One line of `print`, without its end.
  open func print(_ line: [UInt8]) {}

  /// The next 64 bits of the random stream of this machine.
  open func random() -> UInt64 { 0 }
}

/// What a function of the host reports instead of results: an error that the script may catch.
public struct HostError: Error, Sendable {
  public var message: [UInt8]
  /// Whether `NAME:LINE:` of the call is put in front.
  public var hasPosition: Bool

  public init(_ message: StaticString) {
    self.message = Text(message).bytes
    hasPosition = true
  }

  public init(message: [UInt8], hasPosition: Bool = true) {
    self.message = message
    self.hasPosition = hasPosition
  }
}
