import CWasmtime

/// A module with everything that it imports. May be instantiated from any thread.
public final class LinkedModule<Host: AnyObject>: @unchecked Sendable {
  // Holds across threads: nothing changes behind `init` but Wasmtime's types, which it guards by locks of its own.
  public let module: Module
  /// Imports in whose place the linker's ``Linker/missing`` stands.
  public let absent: [Module.Import]
  private let imports: [LinkedImport]

  init(module: Module, imports: [LinkedImport], absent: [Module.Import]) {
    self.module = module
    self.imports = imports
    self.absent = absent
  }

  deinit { for item in imports { wasm_functype_delete(item.type) } }

  /// Makes an instance in the store of `state`, whose functions know that it is theirs, and runs the module's start function.
  func instantiate(_ state: StoreState, _ context: OpaquePointer) throws(WasmtimeError) -> wasmtime_instance_t {
    let slots = state.makeImportSlots(imports.count)
    var externs: [wasmtime_extern_t] = []
    externs.reserveCapacity(imports.count)
    for (index, item) in imports.enumerated() {
      (slots + index).initialize(
        to: ImportSlot(context: state.call, function: Unmanaged.passUnretained(item.function)))
      var extern = wasmtime_extern_t()
      extern.kind = externFunction
      wasmtime_func_new_unchecked(context, item.type, HostFunction.entry, slots + index, nil, &extern.of.func)
      externs.append(extern)
    }
    var instance = wasmtime_instance_t()
    var trap: OpaquePointer?
    let error = wasmtime_instance_new(context, module.handle, &externs, externs.count, &instance, &trap)
    if error != nil || trap != nil { throw state.failure(error, trap) }
    return instance
  }
}

/// What a module imports, in the order of its imports.
struct LinkedImport {
  let function: HostFunction
  /// Wasmtime's form of its type, which is of one engine; deleted with the linked module.
  let type: OpaquePointer

  init(_ function: HostFunction) throws(WasmtimeError) {
    guard let type = function.signature.makeType() else { throw .outOfMemory }
    self.function = function
    self.type = type
  }
}
