/// What every object of the heap begins with.
struct ObjectHeader {
  /// The object made before this one.
  var next: ObjectRef?
  var kind: ObjectKind
  var isMarked: Bool
  /// Strings: content is unique in the machine. Tables: `flags` of metamethods known to be absent.
  var isInterned: Bool
  var flags: UInt8
  /// Number of the object in order of creation, shown by `tostring`; equal on every target. 0 for strings.
  var serial: UInt32
}

enum ObjectKind: UInt8 {
  case string, table, closure, upvalue, thread
}

typealias ObjectRef = UnsafeMutablePointer<ObjectHeader>
typealias StringRef = UnsafeMutablePointer<StringObject>
typealias TableRef = UnsafeMutablePointer<TableObject>
typealias ClosureRef = UnsafeMutablePointer<ClosureObject>
typealias UpvalueRef = UnsafeMutablePointer<UpvalueObject>
typealias ThreadRef = UnsafeMutablePointer<ThreadObject>
typealias ValueRef = UnsafeMutablePointer<Value>

/// A string; its bytes follow the object.
struct StringObject {
  var header: ObjectHeader
  /// Next string of the same bucket of the intern table.
  var chain: StringRef?
  /// Hash of the bytes; long strings: 0 until first needed.
  var hash: UInt32
  var count: Int32

  /// Strings up to this length are unique in a machine and compared by address.
  static let internedLengthMax = 40

  @inline(__always) static func bytes(_ string: StringRef) -> UnsafeMutablePointer<UInt8> {
    (UnsafeMutableRawPointer(string) + MemoryLayout<StringObject>.stride).assumingMemoryBound(to: UInt8.self)
  }

  func hasSameBytes(_ own: StringRef, _ other: StringRef) -> Bool {
    guard count == other.pointee.count else { return false }
    let left = StringObject.bytes(own)
    let right = StringObject.bytes(other)
    for index in 0..<Int(count) where left[index] != right[index] { return false }
    return true
  }

  static func buffer(_ string: StringRef) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: bytes(string), count: Int(string.pointee.count))
  }
}

/// A table: values of 1...n in an array, everything else as entries in order of insertion.
struct TableObject {
  var header: ObjectHeader
  var metatable: TableRef?
  var array: ValueRef?
  /// The last used slot is not `nil`; slots from here to the capacity are `nil`.
  var arrayCount: Int32
  var arrayCapacity: Int32
  var entries: UnsafeMutablePointer<TableEntry>?
  /// Used entries, those whose value was set to `nil` included.
  var entryCount: Int32
  var entryCapacity: Int32
  /// First entry of each chain; none while the capacity is small enough for a plain search.
  var buckets: UnsafeMutablePointer<Int32>?
}

struct TableEntry {
  var key: Value
  /// Next entry with the same bucket, -1 at the end. Lies in the padding after the key.
  var next: Int32
  var value: Value
}

/// A function of a program with the variables it has caught; these follow the object.
struct ClosureObject {
  var header: ObjectHeader
  var function: UnsafeMutablePointer<LoadedFunction>
  var upvalueCount: Int32

  @inline(__always) static func upvalues(_ closure: ClosureRef) -> UnsafeMutablePointer<UpvalueRef> {
    (UnsafeMutableRawPointer(closure) + MemoryLayout<ClosureObject>.stride).assumingMemoryBound(to: UpvalueRef.self)
  }
}

/// A caught variable: open while its slot of the stack lives, then closed with a value of its own.
struct UpvalueObject {
  var header: ObjectHeader
  /// Where the value is: a slot of the stack, or `closed` of this object.
  var location: ValueRef
  var closed: Value
  /// Next open variable of the same stack, with a lower slot.
  var nextOpen: UpvalueRef?
  var isOpen: Bool
}

/// A coroutine, or the main thread of a machine: a stack of values and a stack of calls.
struct ThreadObject {
  var header: ObjectHeader
  var status: ThreadStatus
  var stack: ValueRef
  var stackCapacity: Int32
  var frameCount: Int32
  var frames: UnsafeMutablePointer<Frame>
  var frameCapacity: Int32
  /// First slot that is not in use while the coroutine is suspended.
  var top: Int32
  var openUpvalues: UpvalueRef?
  /// Slots of variables to be closed, innermost first: the value of each slot is followed through `pendingCloses`.
  var pendingCloses: UnsafeMutablePointer<Int32>?
  var pendingCloseCount: Int32
  var pendingCloseCapacity: Int32
  /// Who waits for this coroutine.
  var resumer: ThreadRef?
  /// Runs in progress on this stack that library functions began; it cannot be suspended then.
  var entries: Int32 = 0
  /// Suspended: the slot of the call of `yield`, and how many results it wants.
  var yieldSlot: Int32 = 0
  var yieldWanted: Int32 = 0
}

extension ThreadObject {
  /// Slots that hold something as long as it does not run.
  var usedSlots: Int {
    var used = Int(top)
    for index in 0..<Int(frameCount) {
      guard let closure = frames[index].closure else { continue }
      used = max(used, Int(frames[index].base) + Int(closure.pointee.function.pointee.registerCount))
    }
    return min(used, Int(stackCapacity))
  }
}

enum ThreadStatus: UInt8 {
  case suspended, running, normal, dead
}

/// One call in progress.
struct Frame {
  /// None for a continuation: what is to be done with the results of the frame above.
  var closure: ClosureRef?
  var pc: UnsafePointer<UInt32>?
  /// Slot of register 0.
  var base: Int32
  /// Slot of the called function, where its results go.
  var function: Int32
  /// Results that the caller takes, -1 for all.
  var wanted: Int32
  /// Functions: values beyond the parameters, stored below `base`. Continuations: a slot.
  var extra: Int32
  var continuation: Continuation
}

enum Continuation: UInt8 {
  /// A function of the script.
  case none
  /// The end of a run that the host or a library function began.
  case entry
  /// `pcall`.
  case protected
  /// `xpcall`; `extra` is the slot of the handler.
  case protectedWithHandler
  /// The instruction before `pc` of the frame below wants one value.
  case operation
  /// The first call of a coroutine.
  case coroutine
  /// `coroutine.wrap` or `resume`: the results come from another thread.
  case resume, wrap
  /// A tail call of something that is not a function of the script; also ends the frame below.
  case tail
}
