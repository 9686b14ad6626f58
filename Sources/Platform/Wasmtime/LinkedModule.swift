import CWasmtime

/// A module with everything that it imports. May be instantiated from any thread.
public final class LinkedModule<Host: AnyObject>: @unchecked Sendable {
  // Holds across threads: nothing changes behind `init` but Wasmtime's types, which it guards by locks of its own.
  public let module: Module
  let usesWASI: Bool
  private let imports: [LinkedImport]
  private let wasi: WASILinker?

  init(module: Module, imports: [LinkedImport], usesWASI: Bool, wasi: WASILinker?) {
    self.module = module
    self.imports = imports
    self.usesWASI = usesWASI
    self.wasi = wasi
  }

  deinit {
    for item in imports {
      if case .host(_, let type) = item { wasm_functype_delete(type) }
    }
  }

  /// Makes an instance in the store of `state`, whose functions know that it is theirs, and runs the module's start function.
  func instantiate(_ state: StoreState, _ context: OpaquePointer) throws(WasmtimeError) -> wasmtime_instance_t {
    let slots = state.makeImportSlots(imports.count)
    var externs: [wasmtime_extern_t] = []
    externs.reserveCapacity(imports.count)
    for (index, item) in imports.enumerated() {
      switch item {
      case .host(let function, let type):
        (slots + index).initialize(
          to: ImportSlot(context: state.call, function: Unmanaged.passUnretained(function)))
        var extern = wasmtime_extern_t()
        extern.kind = externFunction
        wasmtime_func_new_unchecked(context, type, HostFunction.entry, slots + index, nil, &extern.of.func)
        externs.append(extern)
      case .wasi(let name):
        guard let extern = wasi?.find(name, context) else { throw .missingImport(module: wasiModule, name: name) }
        externs.append(extern)
      }
    }
    var instance = wasmtime_instance_t()
    var trap: OpaquePointer?
    let error = wasmtime_instance_new(context, module.handle, &externs, externs.count, &instance, &trap)
    if error != nil || trap != nil { throw state.failure(error, trap) }
    return instance
  }
}

/// Where something comes from that a module imports, in the order of its imports.
enum LinkedImport {
  /// With Wasmtime's form of its type, which is of one engine.
  case host(HostFunction, OpaquePointer)
  case wasi(String)

  init(_ function: HostFunction) throws(WasmtimeError) {
    guard let type = function.signature.makeType() else { throw .outOfMemory }
    self = .host(function, type)
  }
}

/// Wasmtime's own functions of WASI.
final class WASILinker: Sendable {
  // Holds across threads: not changed behind `init`.
  nonisolated(unsafe) private let handle: OpaquePointer

  init(_ engine: Engine) throws(WasmtimeError) {
    guard let handle = wasmtime_linker_new(engine.handle) else { throw .outOfMemory }
    self.handle = handle
    if let error = wasmtime_linker_define_wasi(handle) { throw .other(takeMessage(of: error)) }
  }

  deinit { wasmtime_linker_delete(handle) }

  func find(_ name: String, _ context: OpaquePointer) -> wasmtime_extern_t? {
    var extern = wasmtime_extern_t()
    let found = wasmtime_linker_get(
      handle, context, wasiModule, wasiModule.utf8.count, name, name.utf8.count, &extern)
    return found ? extern : nil
  }
}
