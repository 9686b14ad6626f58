import CWasmtime

/// A host function that refuses to go on: the guest's code ends there.
public struct HostTrap: Error, Sendable, Equatable {
  public var message: String
  public init(_ message: String) { self.message = message }
}

/// One call of a host function, while it lasts.
public struct HostCall<Host: AnyObject>: ~Copyable {
  @usableFromInline let frame: HostFrame

  @inlinable @inline(__always) init(_ frame: HostFrame) { self.frame = frame }

  /// The object that the instance was made with.
  @inlinable @inline(__always) public var host: Host {
    // Holds: a linker of this `Host` is the only way from a host function to an instance, which keeps its host.
    Unmanaged<Host>.fromOpaque(frame.host).takeUnretainedValue()
  }

  /// What the instance may do, as its ``Permissions`` say now: one load, without touching the host.
  @inlinable @inline(__always) public var permissions: UInt64 { frame.permissions }

  /// Gives the result of a function that was defined with a body of nothing. The type must be the signature's.
  @inlinable @inline(__always) public borrowing func answer<Value: GuestValue>(_ value: Value) {
    precondition(frame.result == Value.type, "an answer of another type than the signature says")
    value.put(into: frame.slots)
  }

  /// Lends the guest's memory. Calls into the guest are refused meanwhile.
  @discardableResult
  public borrowing func withMemory<Answer>(
    _ body: (borrowing GuestMemory) throws(GuestFault) -> Answer
  ) throws(GuestFault) -> Answer {
    try frame.state.takeUnretainedValue().withMemory(
      wasmtime_caller_context(frame.caller), caller: frame.caller, body)
  }

  /// Why the call should not wait any longer, for functions that block: they look every few milliseconds.
  public var reasonToEnd: Trap.Reason? { frame.state.takeUnretainedValue().reasonToEnd }

  /// Calls end when the engine's clock has moved by so many ticks from now; `nil`: never.
  public borrowing func setDeadline(_ ticks: UInt64?) { frame.state.takeUnretainedValue().setDeadline(ticks) }

  /// Bytes that the guest's memory has now.
  public var memorySize: Int {
    wasmtime_caller_context(frame.caller).map { frame.state.takeUnretainedValue().memorySize($0) } ?? 0
  }

  /// Adds pages of 64 KiB to the guest's memory and gives the address of the first one; `nil` where the instance may not have
  /// them.
  public borrowing func growMemory(pages: UInt32) -> UInt32? {
    let state = frame.state.takeUnretainedValue()
    guard state.memoryLoans == 0, let context = wasmtime_caller_context(frame.caller), var memory = state.memory else {
      return nil
    }
    var before = 0
    if let error = wasmtime_memory_grow(context, &memory, Int(pages), &before) {
      wasmtime_error_delete(error)
      return nil
    }
    return UInt32(exactly: before * 65536)
  }

  /// Ends the guest for that reason, when a blocking function has seen it.
  public borrowing func end(_ reason: Trap.Reason) -> HostTrap {
    frame.state.takeUnretainedValue().pending = reason
    return HostTrap(reason.description)
  }

  /// How many arguments the function has.
  @inlinable @inline(__always) public var argumentCount: Int { frame.count }

  /// Argument `index` of a function whose signature says that it is of this type.
  @inlinable @inline(__always) public borrowing func argument<Value: GuestValue>(
    _ index: Int, _ type: Value.Type = Value.self
  ) -> Value {
    precondition(index >= 0 && index < frame.count)
    return Value(slot: frame.slots + index * HostFrame.stride)
  }
}

/// What Wasmtime passes to a host function, and what the instance has for it.
@usableFromInline struct HostFrame {
  @usableFromInline static var stride: Int { 16 }
  @usableFromInline let slots: UnsafeMutableRawPointer
  @usableFromInline let host: UnsafeMutableRawPointer
  /// Parameters of the signature.
  @usableFromInline let count: Int
  @usableFromInline let result: ValueType?
  @usableFromInline let permissions: UInt64
  let caller: OpaquePointer
  let state: Unmanaged<StoreState>

  init(
    slots: UnsafeMutableRawPointer, count: Int, result: ValueType?, permissions: UInt64, host: UnsafeMutableRawPointer,
    caller: OpaquePointer, state: Unmanaged<StoreState>
  ) {
    self.slots = slots
    self.count = count
    self.result = result
    self.permissions = permissions
    self.host = host
    self.caller = caller
    self.state = state
  }

  /// Takes the next argument.
  @inlinable @inline(__always) static func next<Value: GuestValue>(
    _ type: Value.Type, _ cursor: inout UnsafeMutableRawPointer
  ) -> Value {
    defer { cursor += stride }
    return Value(slot: cursor)
  }
}

/// A function of the host with its name and types.
final class HostFunction: Sendable {
  typealias Body = @Sendable (HostFrame) throws(HostTrap) -> Void
  let module: String
  let name: String
  let signature: Signature
  let parameterCount: Int
  let result: ValueType?
  let body: Body

  init(_ module: String, _ name: String, _ signature: Signature, _ body: @escaping Body) {
    self.module = module
    self.name = name
    self.signature = signature
    parameterCount = signature.parameters.count
    result = signature.result
    self.body = body
  }

  /// What Wasmtime calls: `environment` is the function, the slots hold arguments and take the result.
  static let entry:
    @convention(c) (
      UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<wasmtime_val_raw_t>?, Int
    ) -> UnsafeMutableRawPointer? = { environment, caller, slots, _ in
      // Wasmtime gives all three; a slot pointer of nothing is given for functions without arguments and result.
      guard let environment, let caller, let data = wasmtime_context_get_data(wasmtime_caller_context(caller)) else {
        return nil
      }
      let state = Unmanaged<StoreState>.fromOpaque(data)
      return Unmanaged<HostFunction>.fromOpaque(environment)._withUnsafeGuaranteedRef { function in
        let frame = state._withUnsafeGuaranteedRef {
          $0.callCount &+= 1
          return HostFrame(
            slots: UnsafeMutableRawPointer(slots) ?? environment, count: function.parameterCount,
            result: function.result, permissions: $0.permissions.mask, host: $0.hostPointer, caller: caller,
            state: state)
        }
        do throws(HostTrap) {
          try function.body(frame)
          return nil
        } catch {
          let state = state.takeUnretainedValue()
          if state.pending == nil { state.pending = .host(error.message) }
          return wasmtime_trap_new(error.message, error.message.utf8.count).map { UnsafeMutableRawPointer($0) }
        }
      }
    }
}
