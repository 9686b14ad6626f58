import AppABI
import AppFormat
import AppManager
import Crypto
import Glibc
import Linux
import Wasmtime

@testable import Apps

/// Modules that pass their arguments on to functions of the table.
enum Caller {
  /// Exports one function for each row, called `module.name`, and a memory of one page. No two rows may have the same name.
  static func module(for rows: [NativeFunction]) -> String {
    var text = "(module\n"
    for (index, row) in rows.enumerated() {
      text += "  (import \"\(row.module)\" \"\(row.name)\" (func $f\(index) \(types(row))))\n"
    }
    text += "  (memory (export \"memory\") 1)\n"
    for (index, row) in rows.enumerated() {
      let arguments = row.types.indices.map { "(local.get \($0))" }.joined(separator: " ")
      text += "  (func (export \"\(row.module).\(row.name)\") \(types(row)) (call $f\(index) \(arguments)))\n"
    }
    return text + ")"
  }

  private static func types(_ row: NativeFunction) -> String {
    let result =
      row.family == .wasi && row.result == .nothing ? "" : row.result == .int64 ? "(result i64)" : "(result i32)"
    let parameters = row.types.map { $0 == .i64 ? "i64" : "i32" }.joined(separator: " ")
    return "\(parameters.isEmpty ? "" : "(param \(parameters)) ")\(result)"
  }

  /// Whether a call of it ends the guest.
  static func ends(_ row: NativeFunction) -> Bool {
    ["exit", "abort", "abortStackOverflow", "nullFunc_X", "longjmp", "__cxa_throw"].contains(row.name)
  }

  /// Rows in as few groups as it takes for no group to have a name twice.
  static func groups(_ rows: [NativeFunction]) -> [[NativeFunction]] {
    var groups: [[NativeFunction]] = []
    for row in rows {
      if let index = groups.firstIndex(where: { !$0.contains { $0.module == row.module && $0.name == row.name } }) {
        groups[index].append(row)
      } else {
        groups.append([row])
      }
    }
    return groups
  }
}

/// An app whose functions a test calls itself, on its own thread.
final class Guest {
  let host: AppHost
  let instance: Instance<AppHost>
  let counters = AppCounters()
  let audit = AuditLog()
  let permissions: Permissions

  static let engine = Result { try Engine(EngineOptions(compiler: .winch)) }
  private static let linker = Result { try NativeLibrary().linker() }

  /// - Parameter text: a module in the text format.
  init(
    _ text: String, name: String = "guest", _ capabilities: CapabilitySet = .core, quotas: AppQuotas = AppQuotas(),
    services: AppServices = AppServices(dataFolder: ""), folder: String = "", memoryBytesMax: Int? = nil,
    heapBytesMax: Int? = nil
  ) throws {
    let engine = try Self.engine.get()
    permissions = Permissions(capabilities.mask)
    let interrupter = Interrupter(engine: engine)
    host = AppHost(
      name: name, quotas: quotas, log: AppLog(), audit: audit, counters: counters, interrupter: interrupter,
      waker: Waker(), services: services, watch: ExecutionWatch(limit: .seconds(5), percent: nil, waker: Waker()),
      folder: folder, memoryBytesMax: memoryBytesMax, heapBytesMax: heapBytesMax)
    let many = RateClass.allCases.map { ($0, 1_000_000_000) }
    host.buckets = TokenBuckets(overrides: Dictionary(uniqueKeysWithValues: many), now: 0)
    let linked = try Self.linker.get().link(Module(compiling: try wasm(fromText: text), engine: engine))
    instance = try Instance(
      linked, host: host,
      options: InstanceOptions(
        memoryBytesMax: host.memory.bytesMax, held: host.memory.held, interrupter: interrupter, permissions: permissions
      ))
    host.instance = instance
  }

  /// With all functions of these names.
  convenience init(
    calling names: [String], name: String = "guest", _ capabilities: CapabilitySet = .core,
    quotas: AppQuotas = AppQuotas(), services: AppServices = AppServices(dataFolder: ""), folder: String = "",
    memoryBytesMax: Int? = nil
  ) throws {
    let rows = names.compactMap { NativeTable.functions(module: "env", name: $0).first }
    try self.init(
      Caller.module(for: rows), name: name, capabilities, quotas: quotas, services: services, folder: folder,
      memoryBytesMax: memoryBytesMax)
  }

  deinit { host.close() }

  func call(_ name: String, _ arguments: Int32...) throws -> Int32 {
    guard case .i32(let answer)? = try instance.function("env.\(name)").call(values: arguments.map { .i32($0) })
    else { throw Failure(text: "\(name) gave nothing") }
    return answer
  }

  /// Writes a text with a zero byte, and gives the address.
  @discardableResult
  func text(_ text: String, at address: Int32 = 1024) throws -> Int32 {
    try put(Array(text.utf8) + [0], at: address)
  }

  @discardableResult
  func put(_ bytes: [UInt8], at address: Int32) throws -> Int32 {
    try instance.withMemory { (memory) throws(GuestFault) in
      try memory.write(bytes, at: UInt32(bitPattern: address))
    }
    return address
  }

  func bytes(at address: Int32, _ count: Int32) throws -> [UInt8] {
    try instance.withMemory { (memory) throws(GuestFault) in
      try memory.read(at: UInt32(bitPattern: address), count: UInt32(bitPattern: count))
    }
  }

  func string(at address: Int32) throws -> String {
    try instance.withMemory { (memory) throws(GuestFault) in
      try memory.text(at: UInt32(bitPattern: address), lengthMax: 65535)
    }
  }
}

/// A folder that is gone with the test.
final class Scratch {
  let path: String

  init() {
    path = "/tmp/aether-apps-\(SecureRandom.bytes(6).map { String($0, radix: 16) }.joined())"
    mkdir(path, 0o700)
  }

  deinit { _ = try? Files.removeTree(path) }
}

/// Random numbers from a seed that is printed, or given as AETHER_SEED.
struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init() {
    let seed = getenv("AETHER_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...UInt64.max)
    print("AETHER_SEED=\(seed)")
    state = seed | 1
  }

  /// xorshift64*.
  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }
}

/// Runs a body on a thread of its own, as apps do, so that what it waits for has the others.
func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
  try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
    do {
      try Thread.start(name: "guest", stackBytes: 4 << 20) { continuation.resume(with: Result { try body() }) }
    } catch { continuation.resume(throwing: error) }
  }
}
