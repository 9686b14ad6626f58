import CWasmtime

/// How an engine compiles and runs modules. Compiled code fits engines with equal options only.
public struct EngineOptions: Sendable, Hashable {
  public enum Compiler: String, Sendable, CaseIterable {
    /// One pass: compiles about seven times as fast, the code runs at about half the speed.
    case winch
    /// Optimising.
    case cranelift
  }

  public enum Allocation: Sendable, Hashable {
    /// Memory is mapped for each instance. Of the address space, `reservationBytes` are set aside for each linear memory;
    /// 4 GiB make bounds checks unnecessary, less lets more instances fit into one process.
    case onDemand(reservationBytes: UInt64 = 4 << 30)
    /// A fixed number of slots, mapped once and used again: the fastest start. What does not fit into a slot is refused.
    case pooling(Pool)
  }

  public struct Pool: Sendable, Hashable {
    /// Instances at the same time, 1 to 10 000.
    public var instances: UInt32
    /// Of each linear memory, 64 KiB to 4 GiB.
    public var memoryBytesMax: UInt64
    /// Of each table.
    public var tableElementsMax: UInt32

    public init(instances: UInt32 = 1000, memoryBytesMax: UInt64 = 64 << 20, tableElementsMax: UInt32 = 10_000) {
      self.instances = instances
      self.memoryBytesMax = memoryBytesMax
      self.tableElementsMax = tableElementsMax
    }
  }

  public var compiler: Compiler
  /// Stores have deadlines and can be stopped from other threads. Without it only fuel ends a loop.
  public var isInterruptible: Bool
  /// Every instruction uses fuel, equally in every run: a budget that can be repeated. Costs about a third of the speed.
  public var countsFuel: Bool
  /// Not-a-number results always have the same bits, so that runs repeat on other processors. Cranelift only.
  public var canonicalizesNaN: Bool
  /// What WebAssembly may use of a thread's stack, 16 KiB to 16 MiB. The thread needs 256 KiB more, for host functions.
  public var stackBytesMax: Int
  public var allocation: Allocation

  public init(
    compiler: Compiler = .cranelift, isInterruptible: Bool = true, countsFuel: Bool = false,
    canonicalizesNaN: Bool = false, stackBytesMax: Int = 512 << 10, allocation: Allocation = .onDemand()
  ) {
    self.compiler = compiler
    self.isInterruptible = isInterruptible
    self.countsFuel = countsFuel
    self.canonicalizesNaN = canonicalizesNaN
    self.stackBytesMax = stackBytesMax
    self.allocation = allocation
  }

  /// What compiled code depends on, for the names of cached files.
  var fingerprint: String {
    var memory: String
    switch allocation {
    case .onDemand(let reservation): memory = "reservation \(reservation)"
    case .pooling(let pool): memory = "pool \(pool.memoryBytesMax)"
    }
    memory += isInterruptible ? " interruptible" : ""
    memory += countsFuel ? " fuel" : ""
    memory += canonicalizesNaN ? " canonical" : ""
    return "wasmtime \(AETHER_WASMTIME_VERSION) \(compiler.rawValue) \(memory)"
  }

  /// Refuses what would make Wasmtime end the process: it has no other answer to options that it does not accept.
  func validate() throws(WasmtimeError) {
    func check(_ isValid: Bool, _ option: String, _ accepted: String) throws(WasmtimeError) {
      if !isValid { throw .invalidOption(option, accepted: accepted) }
    }
    try check((16 << 10...16 << 20).contains(stackBytesMax), "stackBytesMax", "16 KiB to 16 MiB")
    try check(!canonicalizesNaN || compiler == .cranelift, "canonicalizesNaN", "with Cranelift only")
    switch allocation {
    case .onDemand(let reservation):
      try check(
        reservation <= 4 << 30 && reservation.isMultiple(of: 65536), "reservationBytes",
        "multiples of 64 KiB up to 4 GiB")
    case .pooling(let pool):
      try check((1...10_000).contains(pool.instances), "instances", "1 to 10000")
      try check(
        (65536...4 << 30).contains(pool.memoryBytesMax) && pool.memoryBytesMax.isMultiple(of: 65536), "memoryBytesMax",
        "multiples of 64 KiB up to 4 GiB")
      try check(pool.tableElementsMax <= 1_000_000, "tableElementsMax", "up to 1000000")
    }
  }
}
