import CWasmtime

/// The functions that a host offers to modules. A value: collect them once, then link modules against it from any thread.
///
/// Types are checked when a module is linked. After that a call passes its arguments without being checked.
public struct Linker<Host: AnyObject>: Sendable {
  /// Whether modules may import WASI preview 1.
  public var offersWASI = false
  /// How programs of WASI sleep until a time of the monotonic clock in nanoseconds, or shorter; without it in short steps, in
  /// which deadlines go on.
  public var sleepsInWASI: (@Sendable (borrowing HostCall<Host>, UInt64) throws(HostTrap) -> Void)?
  private var functions: [FunctionName: [HostFunction]] = [:]

  public init() {}

  /// Offers a function. The types come from the closure; `Nothing` is the result of one that gives nothing.
  ///
  /// One name may be offered with several signatures: a module gets the one that it imports.
  @inlinable @inline(__always)
  public mutating func define<each Parameter: GuestValue, Answer: GuestResult>(
    _ module: String, _ name: String,
    _ body: @escaping @Sendable (borrowing HostCall<Host>, repeat each Parameter) throws(HostTrap) -> Answer
  ) throws(WasmtimeError) {
    var parameters: [ValueType] = []
    repeat parameters.append((each Parameter).type)
    try add(module, name, Signature(parameters, Answer.resultType)) { (frame) throws(HostTrap) in
      var cursor = frame.slots
      let answer = try body(HostCall<Host>(frame), repeat HostFrame.next((each Parameter).self, &cursor))
      answer.put(into: frame.slots)
    }
  }

  /// Offers a function whose types come from a table. The body reads its arguments from the call and gives a value of the
  /// signature's type; another type of value ends the guest.
  public mutating func define(
    _ module: String, _ name: String, _ signature: Signature,
    _ body: @escaping @Sendable (borrowing HostCall<Host>) throws(HostTrap) -> Value?
  ) throws(WasmtimeError) {
    try add(module, name, signature) { (frame) throws(HostTrap) in
      let answer = try body(HostCall<Host>(frame))
      guard answer?.type == signature.result else {
        throw HostTrap("\(module).\(name) gave another type than \(signature) says")
      }
      answer?.put(into: frame.slots)
    }
  }

  /// The fastest form, for functions that are called millions of times a second: the body reads its arguments from the call
  /// and gives the result with ``HostCall/answer(_:)``; without an answer the guest gets its own first argument.
  @inlinable @inline(__always)
  public mutating func define(
    _ module: String, _ name: String, _ signature: Signature,
    answering body: @escaping @Sendable (borrowing HostCall<Host>) throws(HostTrap) -> Void
  ) throws(WasmtimeError) {
    try add(module, name, signature) { (frame) throws(HostTrap) in try body(HostCall<Host>(frame)) }
  }

  @usableFromInline mutating func add(
    _ module: String, _ name: String, _ signature: Signature,
    _ body: @escaping @Sendable (HostFrame) throws(HostTrap) -> Void
  ) throws(WasmtimeError) {
    let key = FunctionName(module: module, name: name)
    if functions[key]?.contains(where: { $0.signature == signature }) == true {
      throw .duplicateFunction(module: module, name: name)
    }
    functions[key, default: []].append(HostFunction(module, name, signature, body))
  }

  /// Finds everything that the module imports; the instances made of it see nothing else of the host.
  public func link(_ module: Module) throws(WasmtimeError) -> LinkedModule<Host> {
    guard let handle = wasmtime_linker_new(module.engine.handle) else { throw .outOfMemory }
    defer { wasmtime_linker_delete(handle) }
    var needsWASI = false
    var defined: Set<FunctionName> = []
    for item in module.imports {
      let key = FunctionName(module: item.module, name: item.name)
      guard let candidates = functions[key] else {
        guard offersWASI, item.module == wasiModule else {
          throw .missingImport(module: item.module, name: item.name)
        }
        needsWASI = true
        continue
      }
      guard let function = candidates.first(where: { item.type == .function($0.signature) }) else {
        throw .importMismatch(
          module: item.module, name: item.name, wanted: item.type.description,
          offered: candidates.map(\.signature.description).joined(separator: " or "))
      }
      if defined.insert(key).inserted { try Self.define(function, in: handle) }
    }
    if needsWASI { try defineWASI(in: handle, except: defined) }
    var linked: OpaquePointer?
    if let error = wasmtime_linker_instantiate_pre(handle, module.handle, &linked) {
      let text = takeMessage(of: error)
      // Everything but WASI was found before; Wasmtime names the function as `module::name`.
      let unknown = module.imports.first { $0.module == wasiModule && text.contains("\(wasiModule)::\($0.name)`") }
      throw unknown.map { .missingImport(module: $0.module, name: $0.name) } ?? .other(text)
    }
    guard let linked else { throw .outOfMemory }
    return LinkedModule(owning: linked, module: module, usesWASI: needsWASI)
  }

  private static func define(_ function: HostFunction, in linker: OpaquePointer) throws(WasmtimeError) {
    let type = function.signature.makeType()
    defer { wasm_functype_delete(type) }
    let error = wasmtime_linker_define_func_unchecked(
      linker, function.module, function.module.utf8.count, function.name, function.name.utf8.count, type,
      HostFunction.entry, Unmanaged.passRetained(function).toOpaque(),
      { if let pointer = $0 { Unmanaged<HostFunction>.fromOpaque(pointer).release() } })
    if let error { throw .other(takeMessage(of: error)) }
  }

  /// Wasmtime's WASI, but for what the host defines itself and for `poll_oneoff`, in which a guest could sleep beyond its
  /// deadline and could not be stopped.
  private func defineWASI(
    in linker: OpaquePointer, except own: Set<FunctionName>
  ) throws(WasmtimeError) {
    let replaced = own.filter { $0.module == wasiModule }
    guard replaced.isEmpty else {
      throw .other("\(wasiModule) is either the host's or Wasmtime's, not both: \(replaced.map(\.name).sorted())")
    }
    if let error = wasmtime_linker_define_wasi(linker) { throw .other(takeMessage(of: error)) }
    wasmtime_linker_allow_shadowing(linker, true)
    let signature = Signature([.i32, .i32, .i32, .i32], .i32)
    let sleep = sleepsInWASI
    try Self.define(
      HostFunction(wasiModule, "poll_oneoff", signature) { (frame) throws(HostTrap) in
        let call = HostCall<Host>(frame)
        let errno = try wasiPoll(
          call, subscriptions: call.argument(0), events: call.argument(1), count: call.argument(2),
          countOut: call.argument(3), sleep: sleep)
        errno.put(into: frame.slots)
      }, in: linker)
  }
}

struct FunctionName: Hashable, Sendable {
  var module: String
  var name: String
}

extension ExternType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .function(let signature): signature.description
    case .otherFunction: "function with vectors, references or several results"
    case .memory: "memory"
    case .table: "table"
    case .global: "global"
    case .tag: "tag"
    }
  }
}

extension Value {
  func put(into slot: UnsafeMutableRawPointer) {
    switch self {
    case .i32(let value): value.put(into: slot)
    case .i64(let value): value.put(into: slot)
    case .f32(let value): value.put(into: slot)
    case .f64(let value): value.put(into: slot)
    }
  }

  init(_ type: ValueType, slot: UnsafeMutableRawPointer) {
    switch type {
    case .i32: self = .i32(Int32(slot: slot))
    case .i64: self = .i64(Int64(slot: slot))
    case .f32: self = .f32(Float(slot: slot))
    case .f64: self = .f64(Double(slot: slot))
    }
  }
}

/// A module with everything that it imports. May be instantiated from any thread.
public final class LinkedModule<Host: AnyObject>: @unchecked Sendable {
  // Holds across threads: Wasmtime's `InstancePre` is immutable; host functions are Sendable closures.
  public let module: Module
  let usesWASI: Bool
  let handle: OpaquePointer

  init(owning handle: OpaquePointer, module: Module, usesWASI: Bool) {
    self.handle = handle
    self.module = module
    self.usesWASI = usesWASI
  }

  deinit { wasmtime_instance_pre_delete(handle) }
}
