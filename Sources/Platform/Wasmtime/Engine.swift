import CWasmtime
import Glibc
import Synchronization

/// Compiles modules and keeps their code. One per set of options serves a whole process; every call may come from any thread.
public final class Engine: @unchecked Sendable {
  // Holds across threads: Wasmtime's engine may be shared between threads, and everything else here is constant or atomic.
  public let options: EngineOptions
  let handle: OpaquePointer
  private let ticks = Atomic<UInt64>(0)

  /// - Throws: ``WasmtimeError/invalidOption(_:accepted:)``, and `outOfAddressSpace` where a pool cannot be mapped.
  public init(_ options: EngineOptions = EngineOptions()) throws(WasmtimeError) {
    try options.validate()
    if case .pooling(let pool) = options.allocation {
      try Self.requireAddressSpace(UInt64(pool.instances) * Self.slotBytes)
    }
    guard let configuration = wasm_config_new() else { throw .outOfMemory }
    Self.apply(options, to: configuration)
    // Takes the configuration.
    guard let handle = wasm_engine_new_with_config(configuration) else { throw .outOfMemory }
    self.options = options
    self.handle = handle
  }

  deinit { wasm_engine_delete(handle) }

  /// Wasmtime's version.
  public static var version: String { AETHER_WASMTIME_VERSION }

  /// The stack that a thread needs to run guests: what they may use themselves, and room for host functions. On a thread with
  /// less, a deep recursion ends the process instead of the guest.
  public var threadStackBytes: Int { options.stackBytesMax + (256 << 10) }

  /// How often the engine's clock has moved.
  public var tick: UInt64 { ticks.load(ordering: .relaxed) }

  /// Moves the clock that deadlines are counted in. Who owns the engine calls this at a steady pace, such as every 10 ms.
  public func advance() {
    ticks.wrappingAdd(1, ordering: .relaxed)
    wasmtime_engine_increment_epoch(handle)
  }

  /// Makes every running store look at its deadline and whether it was stopped, without moving the clock.
  func alert() { wasmtime_engine_increment_epoch(handle) }

  /// What one slot of a pool takes of the address space: 4 GiB and guard regions.
  private static var slotBytes: UInt64 { (4 << 30) + (64 << 20) }

  /// Wasmtime ends the process when a pool cannot be mapped; so it is tried before.
  private static func requireAddressSpace(_ bytes: UInt64) throws(WasmtimeError) {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard let region = mmap(nil, Int(bytes), PROT_NONE, flags, -1, 0), region != MAP_FAILED else {
      throw .outOfAddressSpace(bytes: bytes)
    }
    munmap(region, Int(bytes))
  }

  private static func apply(_ options: EngineOptions, to configuration: OpaquePointer) {
    wasmtime_config_strategy_set(
      configuration,
      UInt8(
        options.compiler == .winch ? WASMTIME_STRATEGY_WINCH.rawValue : WASMTIME_STRATEGY_CRANELIFT.rawValue))
    wasmtime_config_cranelift_opt_level_set(configuration, UInt8(WASMTIME_OPT_LEVEL_SPEED.rawValue))
    // Somebody waits for Winch, and it is fast. Cranelift works in the background, by one thread for one module: it must not
    // take every processor of the node.
    wasmtime_config_parallel_compilation_set(configuration, options.compiler == .winch)
    wasmtime_config_epoch_interruption_set(configuration, options.isInterruptible)
    wasmtime_config_consume_fuel_set(configuration, options.countsFuel)
    if options.canonicalizesNaN { wasmtime_config_cranelift_nan_canonicalization_set(configuration, true) }
    wasmtime_config_max_wasm_stack_set(configuration, options.stackBytesMax)

    // What both compilers can do, so that the choice of the compiler never decides whether a module is valid. Threads are
    // left out on purpose: while a host function runs, nothing else changes the guest's memory.
    wasmtime_config_wasm_threads_set(configuration, false)
    wasmtime_config_shared_memory_set(configuration, false)
    wasmtime_config_wasm_tail_call_set(configuration, false)
    wasmtime_config_wasm_function_references_set(configuration, false)
    wasmtime_config_wasm_gc_set(configuration, false)
    wasmtime_config_wasm_exceptions_set(configuration, false)
    wasmtime_config_wasm_memory64_set(configuration, false)
    wasmtime_config_wasm_multi_memory_set(configuration, false)
    wasmtime_config_wasm_custom_page_sizes_set(configuration, false)
    wasmtime_config_wasm_wide_arithmetic_set(configuration, false)
    wasmtime_config_wasm_stack_switching_set(configuration, false)
    wasmtime_config_wasm_relaxed_simd_set(configuration, false)

    switch options.allocation {
    case .onDemand(let reservation):
      wasmtime_config_memory_reservation_set(configuration, Int(reservation))
      if reservation < 4 << 30 { wasmtime_config_memory_guard_size_set(configuration, 65536) }
    case .pooling(let pool):
      let settings = wasmtime_pooling_allocation_config_new()
      wasmtime_pooling_allocation_config_total_core_instances_set(settings, pool.instances)
      wasmtime_pooling_allocation_config_total_memories_set(settings, pool.instances)
      wasmtime_pooling_allocation_config_total_tables_set(settings, pool.instances)
      wasmtime_pooling_allocation_config_max_memories_per_module_set(settings, 1)
      wasmtime_pooling_allocation_config_max_tables_per_module_set(settings, 1)
      wasmtime_pooling_allocation_config_max_memory_size_set(settings, Int(pool.memoryBytesMax))
      wasmtime_pooling_allocation_config_table_elements_set(settings, Int(pool.tableElementsMax))
      wasmtime_pooling_allocation_strategy_set(configuration, settings)
      wasmtime_pooling_allocation_config_delete(settings)
    }
  }
}
