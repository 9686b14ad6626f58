import CWasmtime

/// Wasmtime's own calls, without any of our checks: what the wrapper is compared with.
final class RawGuest {
  private let engine: OpaquePointer?
  private let store: OpaquePointer?
  private let context: OpaquePointer?
  private var instance = wasmtime_instance_t()

  /// - Parameter wasm: a module that imports `env.check`, which takes and gives an i32.
  init?(_ wasm: [UInt8]) {
    let configuration = wasm_config_new()
    wasmtime_config_epoch_interruption_set(configuration, true)
    engine = wasm_engine_new_with_config(configuration)
    store = wasmtime_store_new(engine, nil, nil)
    context = wasmtime_store_context(store)
    wasmtime_context_set_epoch_deadline(context, 1 << 40)
    var module: OpaquePointer?
    var bytes = wasm
    guard wasmtime_module_new(engine, &bytes, bytes.count, &module) == nil else { return nil }
    defer { wasmtime_module_delete(module) }
    let linker = wasmtime_linker_new(engine)
    defer { wasmtime_linker_delete(linker) }
    var parameters = wasm_valtype_vec_t()
    var results = wasm_valtype_vec_t()
    var number = wasm_valtype_new(0)
    wasm_valtype_vec_new(&parameters, 1, &number)
    number = wasm_valtype_new(0)
    wasm_valtype_vec_new(&results, 1, &number)
    let type = wasm_functype_new(&parameters, &results)
    defer { wasm_functype_delete(type) }
    let error = wasmtime_linker_define_func_unchecked(
      linker, "env", 3, "check", 5, type,
      { _, _, slots, _ in
        if let slots { slots[0].i32 &+= 1 }
        return nil
      }, nil, nil)
    guard error == nil else { return nil }
    var trap: OpaquePointer?
    guard wasmtime_linker_instantiate(linker, context, module, &instance, &trap) == nil, trap == nil else { return nil }
  }

  deinit {
    wasmtime_store_delete(store)
    wasm_engine_delete(engine)
  }

  func function(_ name: String) -> wasmtime_func_t? {
    var item = wasmtime_extern_t()
    guard wasmtime_instance_export_get(context, &instance, name, name.utf8.count, &item) else { return nil }
    return item.of.func
  }

  @inline(__always) func call(_ function: inout wasmtime_func_t, _ slot: inout wasmtime_val_raw_t) -> Bool {
    var trap: OpaquePointer?
    return wasmtime_func_call_unchecked(context, &function, &slot, 1, &trap) == nil && trap == nil
  }
}

/// A slot with a number in it.
struct CWasmtimeSlot {
  var value: wasmtime_val_raw_t
  init(_ number: Int32) {
    value = wasmtime_val_raw_t()
    value.i32 = number
  }
}
