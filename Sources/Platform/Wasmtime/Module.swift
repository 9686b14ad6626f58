import CWasmtime
import Linux

/// What a module takes from or gives to its surroundings.
public enum ExternType: Sendable, Hashable {
  case function(Signature)
  /// A function with vectors, references or several results, which cannot be called from here.
  case otherFunction
  /// In pages of 64 KiB.
  case memory(pagesMin: UInt64, pagesMax: UInt64?)
  case table
  case global
  case tag
}

/// A validated and compiled module. May be used from any thread and instantiated any number of times.
public final class Module: @unchecked Sendable {
  // Holds across threads: Wasmtime's module is immutable and may be shared between threads.
  public struct Import: Sendable, Hashable {
    public var module: String
    public var name: String
    public var type: ExternType

    public init(module: String, name: String, type: ExternType) {
      self.module = module
      self.name = name
      self.type = type
    }
  }

  public struct Export: Sendable, Hashable {
    public var name: String
    public var type: ExternType

    public init(name: String, type: ExternType) {
      self.name = name
      self.type = type
    }
  }

  public let engine: Engine
  public let imports: [Import]
  public let exports: [Export]
  let handle: OpaquePointer

  /// Validates and compiles; takes milliseconds per 100 KB, so not on an event loop.
  public convenience init(compiling wasm: [UInt8], engine: Engine) throws(WasmtimeError) {
    var handle: OpaquePointer?
    let error = wasm.withUnsafeBufferPointer {
      wasmtime_module_new(engine.handle, UnsafeMutablePointer(mutating: $0.baseAddress), $0.count, &handle)
    }
    if let error { throw .invalidModule(takeMessage(of: error)) }
    guard let handle else { throw .outOfMemory }
    self.init(owning: handle, engine: engine)
  }

  /// Takes code that ``serialized()`` gave, in microseconds.
  ///
  /// The code is machine code and runs as it is: only bytes from a place that nobody else can write to may come here.
  /// - Throws: ``WasmtimeError/incompatibleCode(_:)`` when version, options or processor differ.
  public convenience init(trustedCode: [UInt8], engine: Engine) throws(WasmtimeError) {
    var handle: OpaquePointer?
    let error = trustedCode.withUnsafeBufferPointer {
      wasmtime_module_deserialize(engine.handle, UnsafeMutablePointer(mutating: $0.baseAddress), $0.count, &handle)
    }
    if let error { throw .incompatibleCode(takeMessage(of: error)) }
    guard let handle else { throw .outOfMemory }
    self.init(owning: handle, engine: engine)
  }

  /// The same from a file, which is mapped: what is not used is not read. Nobody may change the file while the module is there.
  convenience init(trustedFile file: borrowing FileDescriptor, engine: Engine) throws(WasmtimeError) {
    var handle: OpaquePointer?
    if let error = wasmtime_module_deserialize_file(engine.handle, "/proc/self/fd/\(file.raw)", &handle) {
      throw .incompatibleCode(takeMessage(of: error))
    }
    guard let handle else { throw .outOfMemory }
    self.init(owning: handle, engine: engine)
  }

  /// Whether the bytes are a module that this engine accepts, without compiling it.
  public static func validate(_ wasm: [UInt8], engine: Engine) throws(WasmtimeError) {
    let error = wasm.withUnsafeBufferPointer {
      wasmtime_module_validate(engine.handle, UnsafeMutablePointer(mutating: $0.baseAddress), $0.count)
    }
    if let error { throw .invalidModule(takeMessage(of: error)) }
  }

  private init(owning handle: OpaquePointer, engine: Engine) {
    self.handle = handle
    self.engine = engine
    imports = Self.imports(of: handle)
    exports = Self.exports(of: handle)
  }

  deinit { wasmtime_module_delete(handle) }

  /// The compiled code, for ``init(trustedCode:engine:)``.
  public func serialized() throws(WasmtimeError) -> [UInt8] {
    var bytes = wasm_byte_vec_t()
    if let error = wasmtime_module_serialize(handle, &bytes) { throw .other(takeMessage(of: error)) }
    defer { wasm_byte_vec_delete(&bytes) }
    return Array(UnsafeBufferPointer(start: bytes.data, count: bytes.size))
  }

  private static func imports(of handle: OpaquePointer) -> [Import] {
    var list = wasm_importtype_vec_t()
    wasmtime_module_imports(handle, &list)
    defer { wasm_importtype_vec_delete(&list) }
    return UnsafeBufferPointer(start: list.data, count: list.size).map { item in
      Import(
        module: text(wasm_importtype_module(item)), name: text(wasm_importtype_name(item)),
        type: ExternType(wasm_importtype_type(item)))
    }
  }

  private static func exports(of handle: OpaquePointer) -> [Export] {
    var list = wasm_exporttype_vec_t()
    wasmtime_module_exports(handle, &list)
    defer { wasm_exporttype_vec_delete(&list) }
    return UnsafeBufferPointer(start: list.data, count: list.size).map { item in
      Export(name: text(wasm_exporttype_name(item)), type: ExternType(wasm_exporttype_type(item)))
    }
  }
}

extension ExternType {
  init(_ type: OpaquePointer?) {
    switch UInt32(wasm_externtype_kind(type)) {
    case WASM_EXTERN_FUNC.rawValue:
      self = Signature(wasm_externtype_as_functype(type)).map { .function($0) } ?? .otherFunction
    case WASM_EXTERN_MEMORY.rawValue:
      let memory = wasm_externtype_as_memorytype(type)
      var most = 0
      let isBounded = wasmtime_memorytype_maximum(memory, &most)
      self = .memory(
        pagesMin: UInt64(wasmtime_memorytype_minimum(memory)), pagesMax: isBounded ? UInt64(most) : nil)
    case WASM_EXTERN_TABLE.rawValue: self = .table
    case WASM_EXTERN_GLOBAL.rawValue: self = .global
    default: self = .tag
    }
  }
}

extension Signature {
  /// `nil` when the function has types that do not cross the boundary.
  init?(_ type: OpaquePointer?) {
    func types(_ list: UnsafeMutablePointer<wasm_valtype_vec_t>?) -> [ValueType]? {
      guard let list = list?.pointee else { return nil }
      var types: [ValueType] = []
      for item in UnsafeBufferPointer(start: list.data, count: list.size) {
        // `wasm_valtype_kind` would be simpler, but ends the process when it meets a vector.
        var type = wasmtime_valtype_t()
        wasmtime_valtype_new(item, &type)
        defer { wasmtime_valtype_delete(&type) }
        guard let type = ValueType(rawValue: type.kind) else { return nil }
        types.append(type)
      }
      return types
    }
    guard let parameters = types(wasm_functype_params(type)), let results = types(wasm_functype_results(type)),
      results.count <= 1
    else { return nil }
    self.init(parameters, results.first)
  }

  /// Wasmtime's form; the caller owns it.
  func makeType() -> OpaquePointer? {
    func list(_ types: [ValueType]) -> wasm_valtype_vec_t {
      var list = wasm_valtype_vec_t()
      var items = types.map { wasm_valtype_new($0.rawValue) }
      wasm_valtype_vec_new(&list, items.count, &items)
      return list
    }
    var parameters = list(parameters)
    var results = list(result.map { [$0] } ?? [])
    return wasm_functype_new(&parameters, &results)
  }
}

/// The text of a name that Wasmtime keeps.
func text(_ bytes: UnsafeMutablePointer<wasm_byte_vec_t>?) -> String {
  guard let bytes = bytes?.pointee else { return "" }
  return String(decoding: UnsafeBufferPointer(start: bytes.data, count: bytes.size), as: UTF8.self)
}

/// The text of an error, which is freed.
func takeMessage(of error: OpaquePointer) -> String {
  var bytes = wasm_byte_vec_t()
  wasmtime_error_message(error, &bytes)
  defer {
    wasm_byte_vec_delete(&bytes)
    wasmtime_error_delete(error)
  }
  return text(&bytes)
}

/// WebAssembly's text format as a binary module.
public func wasm(fromText source: String) throws(WasmtimeError) -> [UInt8] {
  var bytes = wasm_byte_vec_t()
  var source = source
  let error = source.withUTF8 { utf8 in
    utf8.withMemoryRebound(to: CChar.self) { wasmtime_wat2wasm($0.baseAddress, $0.count, &bytes) }
  }
  if let error { throw .invalidText(takeMessage(of: error)) }
  defer { wasm_byte_vec_delete(&bytes) }
  return Array(UnsafeBufferPointer(start: bytes.data, count: bytes.size))
}
