import CWasmtime
import Synchronization

/// A host function that refuses to go on: the guest's code ends there.
public struct HostTrap: Error, Sendable, Equatable {
  public var message: String
  public init(_ message: String) { self.message = message }
}

/// How a call of a host function went, as Wasmtime wants to know it.
public struct HostOutcome {
  /// A trap of Wasmtime's, which takes it.
  @usableFromInline let trap: UnsafeMutableRawPointer?

  @inlinable @inline(__always) init(trap: UnsafeMutableRawPointer?) { self.trap = trap }
  /// The guest goes on.
  @inlinable @inline(__always) public static var done: HostOutcome { HostOutcome(trap: nil) }
}

/// One call of a host function, while it lasts.
public struct HostCall<Host: AnyObject>: ~Copyable {
  @usableFromInline let frame: HostFrame

  @inlinable @inline(__always) init(_ frame: HostFrame) { self.frame = frame }

  /// The object that the instance was made with.
  @inlinable @inline(__always) public var host: Host {
    // Holds: a linker of this `Host` is the only way from a host function to an instance, which keeps its host.
    Unmanaged<Host>.fromOpaque(frame.context.pointee.host).takeUnretainedValue()
  }

  /// What the instance may do, as its ``Permissions`` say now: one load, without touching the host.
  @inlinable @inline(__always) public var permissions: UInt64 {
    frame.context.pointee.permissions.pointee.load(ordering: .relaxed)
  }

  /// Gives the result of a function and goes on with the guest. The type must be the signature's.
  @inlinable @inline(__always) public borrowing func answer<Value: GuestValue>(_ value: Value) -> HostOutcome {
    assert(frame.result == Value.type, "an answer of another type than the signature says")
    value.put(into: frame.slots)
    return .done
  }

  /// Ends the guest.
  public borrowing func fail(_ error: HostTrap) -> HostOutcome { frame.fail(error) }

  /// Lends the guest's memory. Calls into the guest are refused meanwhile.
  @discardableResult
  public borrowing func withMemory<Answer>(
    _ body: (borrowing GuestMemory) throws(GuestFault) -> Answer
  ) throws(GuestFault) -> Answer {
    try frame.state.withMemory(
      wasmtime_caller_context(frame.caller), caller: frame.caller, body)
  }

  /// Bytes that the guest's memory has now.
  public var memorySize: Int {
    wasmtime_caller_context(frame.caller).map { frame.state.memorySize($0) } ?? 0
  }

  /// What the host has taken for the guest during this call counts from now on, and not only with the engine's clock.
  public borrowing func countHeld() { frame.state.countHeld() }

  /// Adds pages of 64 KiB to the guest's memory and gives the address of the first one; `nil` where the instance may not have
  /// them.
  public borrowing func growMemory(pages: UInt32) -> UInt32? {
    let state = frame.state
    guard state.memoryLoans == 0, let context = wasmtime_caller_context(frame.caller), var memory = state.memory else {
      return nil
    }
    state.countHeld()
    var before = 0
    if let error = wasmtime_memory_grow(context, &memory, Int(pages), &before) {
      wasmtime_error_delete(error)
      return nil
    }
    return UInt32(exactly: before * 65536)
  }

  /// Ends the guest for that reason, when a blocking function has seen it.
  public borrowing func end(_ reason: Trap.Reason) -> HostTrap {
    frame.state.pending = reason
    return HostTrap(reason.description)
  }

  /// How many arguments the function has.
  @inlinable @inline(__always) public var argumentCount: Int { frame.count }

  /// Argument `index` of a function whose signature says that it is of this type. Checked in debug builds, as answers are.
  @inlinable @inline(__always) public borrowing func argument<Value: GuestValue>(
    _ index: Int, _ type: Value.Type = Value.self
  ) -> Value {
    assert(index >= 0 && index < frame.count)
    return Value(slot: frame.slots + index * HostFrame.stride)
  }
}

/// What host functions need of an instance at every call, at a place that does not move.
@usableFromInline struct CallContext {
  /// The host, without counting references.
  @usableFromInline let host: UnsafeMutableRawPointer
  @usableFromInline let permissions: UnsafeMutablePointer<Atomic<UInt64>>
  let state: Unmanaged<StoreState>
  /// Calls so far.
  var callCount: UInt64 = 0
}

/// A host function for one instance: what Wasmtime passes to ``HostFunction/entry``. Asking Wasmtime's store for its instance
/// instead takes a third of a call's time.
struct ImportSlot {
  let context: UnsafeMutablePointer<CallContext>
  let function: Unmanaged<HostFunction>
}

/// A call before it is known whose it is: four words, which go through registers.
public struct HostFrame {
  @usableFromInline static var stride: Int { 16 }
  @usableFromInline let slots: UnsafeMutableRawPointer
  @usableFromInline let context: UnsafeMutablePointer<CallContext>
  @usableFromInline let function: Unmanaged<HostFunction>
  @usableFromInline let caller: OpaquePointer

  @inlinable @inline(__always) init(
    slots: UnsafeMutableRawPointer, context: UnsafeMutablePointer<CallContext>, function: Unmanaged<HostFunction>,
    caller: OpaquePointer
  ) {
    self.slots = slots
    self.context = context
    self.function = function
    self.caller = caller
  }

  /// The call. `Host` must be that of the linker, which is checked in debug builds.
  @inlinable @inline(__always) public func call<Host: AnyObject>(of host: Host.Type) -> HostCall<Host> {
    assert(Unmanaged<AnyObject>.fromOpaque(context.pointee.host).takeUnretainedValue() is Host)
    return HostCall<Host>(self)
  }

  var state: StoreState { context.pointee.state.takeUnretainedValue() }

  /// Ends the guest. Apart, so that a call that goes well saves no registers for it.
  @usableFromInline @inline(never) func fail(_ error: HostTrap) -> HostOutcome {
    if state.pending == nil { state.pending = .host(error.message) }
    return HostOutcome(trap: wasmtime_trap_new(error.message, error.message.utf8.count).map { .init($0) })
  }
  /// Parameters of the signature.
  @inlinable @inline(__always) var count: Int { function._withUnsafeGuaranteedRef { $0.parameterCount } }
  @inlinable @inline(__always) var result: ValueType? { function._withUnsafeGuaranteedRef { $0.result } }

  /// Takes the next argument.
  @inlinable @inline(__always) static func next<Value: GuestValue>(
    _ type: Value.Type, _ cursor: inout UnsafeMutableRawPointer
  ) -> Value {
    defer { cursor += stride }
    return Value(slot: cursor)
  }
}

/// A function of the host with its name and types.
@usableFromInline final class HostFunction: Sendable {
  typealias Body = @Sendable (HostFrame) -> HostOutcome
  let module: String
  let name: String
  let signature: Signature
  @usableFromInline let parameterCount: Int
  @usableFromInline let result: ValueType?
  let body: Body

  init(_ module: String, _ name: String, _ signature: Signature, _ body: @escaping Body) {
    self.module = module
    self.name = name
    self.signature = signature
    parameterCount = signature.parameters.count
    result = signature.result
    self.body = body
  }

  /// What Wasmtime calls: `environment` is an ``ImportSlot``, the slots hold arguments and take the result.
  static let entry:
    @convention(c) (
      UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<wasmtime_val_raw_t>?, Int
    ) -> UnsafeMutableRawPointer? = { environment, caller, slots, _ in
      // Wasmtime gives what it was given, and a caller; a slot pointer of nothing for functions without arguments and result.
      let environment = environment.unsafelyUnwrapped
      let slot = environment.assumingMemoryBound(to: ImportSlot.self)
      let context = slot.pointee.context
      let function = slot.pointee.function
      context.pointee.callCount &+= 1
      return function._withUnsafeGuaranteedRef {
        $0.body(
          HostFrame(
            slots: UnsafeMutableRawPointer(slots) ?? environment, context: context, function: function,
            caller: caller.unsafelyUnwrapped)
        ).trap
      }
    }
}
