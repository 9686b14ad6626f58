import CWasmtime
import Synchronization

/// Ends the calls of an instance from any thread.
public final class Interrupter: Sendable {
  private let engine: Engine
  private let flag = Atomic<Bool>(false)

  public init(engine: Engine) { self.engine = engine }

  /// The call that runs, and every later one, ends with ``Trap/Reason/stopped``; a host function that runs is finished first.
  public func stop() {
    flag.store(true, ordering: .releasing)
    engine.alert()
  }

  /// Lets calls run again.
  public func reset() { flag.store(false, ordering: .releasing) }

  public var isStopped: Bool { flag.load(ordering: .acquiring) }
}

/// What an instance may do, as 64 bits that the host gives their meaning. Changes from any thread count from the next call of
/// a host function on.
public final class Permissions: Sendable {
  // Holds across threads: an atomic; at a fixed place, so that a call reads it without touching this object.
  nonisolated(unsafe) let bits: UnsafeMutablePointer<Atomic<UInt64>>

  public init(_ mask: UInt64 = 0) {
    bits = .allocate(capacity: 1)
    bits.initialize(to: Atomic(mask))
  }

  deinit {
    bits.deinitialize(count: 1)
    bits.deallocate()
  }

  public var mask: UInt64 { bits.pointee.load(ordering: .relaxed) }
  public func set(_ mask: UInt64) { bits.pointee.store(mask, ordering: .relaxed) }
}

/// Bytes that the host holds for an instance; they count as its memory. Changes from any thread count from the next call into
/// the guest, move of the engine's clock, or `countHeld()` on.
public final class HeldMemory: Sendable {
  private let count = Atomic<Int>(0)

  public init() {}

  public var bytes: Int { count.load(ordering: .relaxed) }

  /// Adds bytes, if no more than so many are held then. False otherwise; then nothing was added.
  public func add(_ bytes: Int, upTo bytesMax: Int) -> Bool {
    var before = count.load(ordering: .relaxed)
    while true {
      let (sum, overflow) = before.addingReportingOverflow(bytes)
      guard !overflow, sum <= bytesMax else { return false }
      let (isDone, now) = count.compareExchange(expected: before, desired: sum, ordering: .relaxed)
      if isDone { return true }
      before = now
    }
  }

  public func subtract(_ bytes: Int) { count.subtract(bytes, ordering: .relaxed) }
}

/// What one instance has beside Wasmtime's store; the store owns it. Used by one thread at a time, as the store is.
final class StoreState {
  let engine: Engine
  let interrupter: Interrupter
  let permissions: Permissions
  /// Kept for the host functions.
  let host: AnyObject
  /// What Wasmtime's store points to.
  let call: UnsafeMutablePointer<CallContext>
  /// The memory that the instance exports as "memory", when it was instantiated.
  var memory: wasmtime_memory_t?
  /// The tick of the engine's clock at which calls end.
  var deadlineTick = UInt64.max
  /// Why the code is being ended, when that was decided here and not by the code itself.
  var pending: Trap.Reason?
  /// Wasmtime's, once it is made; it outlives every call.
  var store: OpaquePointer?
  private let memoryBytesMax: Int
  private let tableElementsMax: Int
  private let held: HeldMemory?
  /// As Wasmtime's limit counts it.
  private var heldBytesSeen = 0
  /// Called by code that runs, each time that the engine's clock has moved; a reason ends it.
  let onTick: (() -> Trap.Reason?)?
  /// Of functions of the host.
  var callCount: UInt64 { call.pointee.callCount }
  /// How many closures hold the memory.
  var memoryLoans = 0
  /// Arguments and result of a call into the guest. Calls may nest: a call's arguments are taken before code runs, its
  /// result is written after all code has run.
  let slots = UnsafeMutableRawPointer.allocate(byteCount: (SignatureCode.parametersMax + 1) * slotStride, alignment: 16)
  /// What the functions that the instance imports are called with.
  private var imports: UnsafeMutablePointer<ImportSlot>?

  init(engine: Engine, interrupter: Interrupter, host: AnyObject, options: InstanceOptions) {
    onTick = options.onTick
    self.engine = engine
    permissions = options.permissions ?? Permissions()
    self.interrupter = interrupter
    self.host = host
    memoryBytesMax = options.memoryBytesMax
    tableElementsMax = options.tableElementsMax
    held = options.held
    call = .allocate(capacity: 1)
    call.initialize(
      to: CallContext(
        host: Unmanaged.passUnretained(host).toOpaque(), permissions: permissions.bits, state: .passUnretained(self)))
  }

  /// Tells Wasmtime what the guest may have: its limit without what the host holds. A memory that is larger stays as it is.
  func limit() {
    guard let store else { return }
    let bytes = held?.bytes ?? 0
    heldBytesSeen = bytes
    // Below 0 would be without a limit.
    wasmtime_store_limiter(store, max(0, memoryBytesMax - bytes), tableElementsMax, 1, 1, 1)
  }

  /// The same where the host holds something else than when the limit was set.
  func countHeld() { if let held, held.bytes != heldBytesSeen { limit() } }

  deinit {
    slots.deallocate()
    imports?.deallocate()
    call.deallocate()
  }

  /// Called once. The functions themselves are kept by the linked module, which the instance keeps.
  func makeImportSlots(_ count: Int) -> UnsafeMutablePointer<ImportSlot> {
    let slots = UnsafeMutablePointer<ImportSlot>.allocate(capacity: max(1, count))
    imports = slots
    return slots
  }

  /// What the store keeps, and lets go of at its end.
  func retainedData() -> UnsafeMutableRawPointer {
    _ = Unmanaged.passRetained(self)
    return UnsafeMutableRawPointer(call)
  }

  static func state(of data: UnsafeMutableRawPointer) -> Unmanaged<StoreState> {
    data.assumingMemoryBound(to: CallContext.self).pointee.state
  }

  func setDeadline(_ ticks: UInt64?) {
    guard let ticks else { return deadlineTick = .max }
    let (tick, overflow) = engine.tick.addingReportingOverflow(ticks)
    deadlineTick = overflow ? .max : tick
  }

  /// Why code must end now, if it must.
  var reasonToEnd: Trap.Reason? {
    if interrupter.isStopped { return .stopped }
    return engine.tick >= deadlineTick ? .deadline : nil
  }

  func memorySize(_ context: OpaquePointer) -> Int {
    guard var memory else { return 0 }
    return wasmtime_memory_data_size(context, &memory)
  }

  /// Lends the memory; `caller` finds it while a start function runs, before the instance is known.
  func withMemory<Answer>(
    _ context: OpaquePointer?, caller: OpaquePointer?,
    _ body: (borrowing GuestMemory) throws(GuestFault) -> Answer
  ) throws(GuestFault) -> Answer {
    if memory == nil, let caller {
      var item = wasmtime_extern_t()
      if wasmtime_caller_export_get(caller, "memory", 6, &item), item.kind == externMemory { memory = item.of.memory }
    }
    memoryLoans += 1
    defer { memoryLoans -= 1 }
    guard var memory else { return try body(GuestMemory(base: nil, size: 0)) }
    let base = wasmtime_memory_data(context, &memory)
    return try body(GuestMemory(base: base, size: wasmtime_memory_data_size(context, &memory)))
  }
}

// Values of `wasmtime_extern_kind_t`, which the wheel gives in Python only (wasmtime/extern.h).
let externFunction: UInt8 = 0
let externMemory: UInt8 = 3

/// Called by running code when the engine's clock has moved or stores were alerted: goes on, or ends with an error.
let epochCallback:
  @convention(c) (
    OpaquePointer?, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?, UnsafeMutablePointer<UInt8>?
  ) -> UnsafeMutableRawPointer? = { _, data, delta, kind in
    guard let data else { return nil }
    let state = StoreState.state(of: data).takeUnretainedValue()
    let reason = state.onTick?() ?? state.reasonToEnd
    state.countHeld()
    if let reason {
      state.pending = reason
      return wasmtime_error_new("ended").map { UnsafeMutableRawPointer($0) }
    }
    delta?.pointee = 1
    kind?.pointee = 0  // WASMTIME_UPDATE_DEADLINE_CONTINUE (wasmtime/store.h)
    return nil
  }

extension Trap.Frame {
  /// The frames of a list that Wasmtime gave, which is freed.
  static func take(_ list: inout wasm_frame_vec_t) -> [Trap.Frame] {
    defer { wasm_frame_vec_delete(&list) }
    return UnsafeBufferPointer(start: list.data, count: list.size).map { frame in
      let name = wasmtime_frame_func_name(frame)
      return Trap.Frame(
        function: name == nil ? nil : text(name), functionIndex: wasm_frame_func_index(frame),
        moduleOffset: Int(wasm_frame_module_offset(frame)))
    }
  }
}

extension StoreState {
  /// What a call that did not return ended with; frees both.
  func failure(_ error: OpaquePointer?, _ trap: OpaquePointer?) -> WasmtimeError {
    defer { pending = nil }
    var frames = wasm_frame_vec_t()
    if let trap {
      wasm_trap_trace(trap, &frames)
      var code: UInt8 = 0
      let reason = pending ?? (wasmtime_trap_code(trap, &code) ? Trap.Reason(code: code) : .host(message(of: trap)))
      // The frames refer to the trap.
      defer { wasm_trap_delete(trap) }
      return .trap(Trap(reason: reason, frames: Trap.Frame.take(&frames)))
    }
    guard let error else { return .outOfMemory }
    guard let pending else {
      let text = takeMessage(of: error)
      return text.contains("limit") ? .limit(text) : .other(text)
    }
    wasmtime_error_wasm_trace(error, &frames)
    defer { wasmtime_error_delete(error) }
    return .trap(Trap(reason: pending, frames: Trap.Frame.take(&frames)))
  }

  private func message(of trap: OpaquePointer) -> String {
    var bytes = wasm_byte_vec_t()
    wasm_trap_message(trap, &bytes)
    defer { wasm_byte_vec_delete(&bytes) }
    return String(decoding: UnsafeBufferPointer(start: bytes.data, count: max(0, bytes.size - 1)), as: UTF8.self)
  }
}
