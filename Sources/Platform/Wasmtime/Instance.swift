import CWasmtime

/// What one instance may use.
public struct InstanceOptions {
  /// Of the linear memory; growing beyond gives the guest −1.
  public var memoryBytesMax: Int
  /// What counts as the instance's memory beside the linear one.
  public var held: HeldMemory?
  public var tableElementsMax: Int
  /// Ticks of the engine's clock from now after which calls end; `nil`: never.
  public var deadline: UInt64?
  /// The fuel that it begins with, for engines that count it.
  public var fuel: UInt64?
  /// Stops it from other threads; one may serve several instances.
  public var interrupter: Interrupter?
  /// What host functions see as ``HostCall/permissions``; none by default.
  public var permissions: Permissions?
  /// Called on the guest's thread while it runs, each time that the engine's clock has moved. It may wait, which holds the
  /// guest up; a reason ends it.
  public var onTick: (() -> Trap.Reason?)?

  public init(
    memoryBytesMax: Int = 64 << 20, held: HeldMemory? = nil, tableElementsMax: Int = 10_000, deadline: UInt64? = nil,
    fuel: UInt64? = nil, interrupter: Interrupter? = nil, permissions: Permissions? = nil,
    onTick: (() -> Trap.Reason?)? = nil
  ) {
    self.memoryBytesMax = memoryBytesMax
    self.held = held
    self.tableElementsMax = tableElementsMax
    self.deadline = deadline
    self.fuel = fuel
    self.interrupter = interrupter
    self.permissions = permissions
    self.onTick = onTick
  }
}

/// A running module with memory of its own. Used by one thread at a time.
///
/// It keeps its host; a host that keeps its instance must let go of it in the end.
public final class Instance<Host: AnyObject> {
  public let linked: LinkedModule<Host>
  public let interrupter: Interrupter
  let state: StoreState
  let store: OpaquePointer
  let context: OpaquePointer
  private var handle = wasmtime_instance_t()

  /// Makes the instance and runs the module's start function.
  public init(_ linked: LinkedModule<Host>, host: Host, options: InstanceOptions = InstanceOptions())
    throws(WasmtimeError)
  {
    let engine = linked.module.engine
    if options.fuel != nil, !engine.options.countsFuel { throw .fuelNotCounted }
    if options.deadline != nil, !engine.options.isInterruptible {
      throw .invalidOption("deadline", accepted: "with interruptible engines only")
    }
    self.linked = linked
    interrupter = options.interrupter ?? Interrupter(engine: engine)
    state = StoreState(engine: engine, interrupter: interrupter, host: host, options: options)
    let data = state.retainedData()
    let store = wasmtime_store_new(
      engine.handle, data, { if let data = $0 { StoreState.state(of: data).release() } })
    guard let store, let context = wasmtime_store_context(store) else { throw .outOfMemory }
    self.store = store
    self.context = context
    state.store = store
    state.limit()
    if engine.options.isInterruptible {
      wasmtime_store_epoch_deadline_callback(store, epochCallback, data, nil)
      wasmtime_context_set_epoch_deadline(context, 1)
      setDeadline(options.deadline)
    }
    if engine.options.countsFuel { try setFuel(options.fuel ?? 0) }
    handle = try linked.instantiate(state, context)
    var item = wasmtime_extern_t()
    if wasmtime_instance_export_get(context, &handle, "memory", 6, &item), item.kind == externMemory {
      state.memory = item.of.memory
    }
  }

  deinit { wasmtime_store_delete(store) }

  /// Calls end when the engine's clock has moved by so many ticks from now; `nil`: never.
  public func setDeadline(_ ticks: UInt64?) { state.setDeadline(ticks) }

  /// What is left of the fuel.
  public func fuel() throws(WasmtimeError) -> UInt64 {
    var fuel = 0
    if let error = wasmtime_context_get_fuel(context, &fuel) {
      wasmtime_error_delete(error)
      throw .fuelNotCounted
    }
    return UInt64(UInt(bitPattern: fuel))
  }

  public func setFuel(_ fuel: UInt64) throws(WasmtimeError) {
    if let error = wasmtime_context_set_fuel(context, Int(bitPattern: UInt(fuel))) {
      wasmtime_error_delete(error)
      throw .fuelNotCounted
    }
  }

  /// Bytes that the linear memory has now.
  public var memorySize: Int { state.memorySize(context) }

  /// What the host holds for it counts as it is now.
  public func countHeld() { state.countHeld() }

  /// How often the guest has called functions of the host.
  public var callCount: UInt64 { state.callCount }

  /// Lends the memory, which is empty when the module exports none as "memory". Calls into the guest are refused meanwhile.
  @discardableResult
  public func withMemory<Answer>(
    _ body: (borrowing GuestMemory) throws(GuestFault) -> Answer
  ) throws(GuestFault) -> Answer {
    try state.withMemory(context, caller: nil, body)
  }

  /// A function that the module exports.
  public func function(_ name: String) throws(WasmtimeError) -> ExportedFunction<Host> {
    let export = linked.module.exports.first { $0.name == name }
    guard case .function(let signature)? = export?.type else { throw .missingExport(name) }
    var item = wasmtime_extern_t()
    guard wasmtime_instance_export_get(context, &handle, name, name.utf8.count, &item), item.kind == externFunction
    else {
      throw .missingExport(name)
    }
    return ExportedFunction(instance: self, name: name, signature: signature, handle: item.of.func)
  }
}

/// A function of a guest. Its types are compared with those of the call as one number.
public struct ExportedFunction<Host: AnyObject> {
  public let name: String
  public let signature: Signature
  private let instance: Instance<Host>
  private let handle: wasmtime_func_t
  private let slotCount: Int
  @usableFromInline let code: UInt64?
  @usableFromInline let slots: UnsafeMutableRawPointer

  init(instance: Instance<Host>, name: String, signature: Signature, handle: wasmtime_func_t) {
    self.instance = instance
    self.name = name
    self.signature = signature
    self.handle = handle
    slotCount = max(1, signature.parameters.count)
    code = signature.code
    slots = instance.state.slots
  }

  /// Calls it with up to 15 arguments.
  @inlinable
  public func call<each Argument: GuestValue, Answer: GuestResult>(
    _ arguments: repeat each Argument, giving: Answer.Type = Answer.self
  ) throws(WasmtimeError) -> Answer {
    var types: [ValueType] = []
    repeat types.append((each Argument).type)
    try check(types, Answer.resultType, types.count <= SignatureCode.parametersMax ? SignatureCode(types) : nil)
    var cursor = slots
    repeat Self.put(each arguments, &cursor)
    try run(slots)
    return Answer(slot: slots)
  }

  // The same without packs, which the compiler does not turn into plain code: half the time of a call.

  @inlinable public func call<Answer: GuestResult>(
    giving: Answer.Type = Answer.self
  ) throws(WasmtimeError) -> Answer {
    try check([], Answer.resultType, SignatureCode())
    try run(slots)
    return Answer(slot: slots)
  }

  @inlinable public func call<A: GuestValue, Answer: GuestResult>(
    _ a: A, giving: Answer.Type = Answer.self
  ) throws(WasmtimeError) -> Answer {
    var code = SignatureCode()
    code.append(A.type)
    try check([A.type], Answer.resultType, code)
    a.put(into: slots)
    try run(slots)
    return Answer(slot: slots)
  }

  @inlinable public func call<A: GuestValue, B: GuestValue, Answer: GuestResult>(
    _ a: A, _ b: B, giving: Answer.Type = Answer.self
  ) throws(WasmtimeError) -> Answer {
    var code = SignatureCode()
    code.append(A.type)
    code.append(B.type)
    try check([A.type, B.type], Answer.resultType, code)
    a.put(into: slots)
    b.put(into: slots + HostFrame.stride)
    try run(slots)
    return Answer(slot: slots)
  }

  @inlinable @inline(__always) func check(
    _ types: @autoclosure () -> [ValueType], _ result: ValueType?, _ offered: SignatureCode?
  ) throws(WasmtimeError) {
    guard let code, offered?.finish(result) == code else {
      throw .callMismatch(
        function: name, wanted: signature.description, offered: Signature(types(), result).description)
    }
  }

  /// Calls it with values whose types are known at run time only.
  public func call(values arguments: [Value]) throws(WasmtimeError) -> Value? {
    guard arguments.map(\.type) == signature.parameters else {
      throw .callMismatch(
        function: name, wanted: signature.description, offered: Signature(arguments.map(\.type)).description)
    }
    let slots = UnsafeMutableRawPointer.allocate(byteCount: max(1, arguments.count) * slotStride, alignment: 16)
    defer { slots.deallocate() }
    for (index, argument) in arguments.enumerated() { argument.put(into: slots + index * slotStride) }
    try run(slots)
    return signature.result.map { Value($0, slot: slots) }
  }

  @inlinable @inline(__always) static func put(_ value: some GuestValue, _ cursor: inout UnsafeMutableRawPointer) {
    value.put(into: cursor)
    cursor += HostFrame.stride
  }

  @usableFromInline func run(_ slots: UnsafeMutableRawPointer) throws(WasmtimeError) {
    let state = instance.state
    guard state.memoryLoans == 0 else { throw .memoryInUse }
    state.countHeld()
    var trap: OpaquePointer?
    var handle = handle
    let error = wasmtime_func_call_unchecked(
      instance.context, &handle, slots.assumingMemoryBound(to: wasmtime_val_raw_t.self),
      slotCount, &trap)
    if error != nil || trap != nil { throw state.failure(error, trap) }
  }
}
