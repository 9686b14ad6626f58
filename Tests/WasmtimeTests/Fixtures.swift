import Testing
import Wasmtime

/// What host functions of the tests note.
final class Notes {
  var calls: [String] = []
}

/// One engine per set of options for all tests: making one is not what they are about.
func engine(_ options: EngineOptions = EngineOptions()) throws -> Engine { try Engine(options) }

func module(_ text: String, _ engine: Engine) throws -> Module {
  try Module(compiling: try wasm(fromText: text), engine: engine)
}

func instance(
  _ text: String, _ engine: Engine, linker: Linker<Notes> = Linker(), host: Notes = Notes(),
  options: InstanceOptions = InstanceOptions()
) throws -> Instance<Notes> {
  try Instance(try linker.link(try module(text, engine)), host: host, options: options)
}

/// The error that something ends with.
func failure(_ body: () throws -> Void) -> WasmtimeError? {
  do {
    try body()
    Issue.record("it did not fail")
    return nil
  } catch {
    return error as? WasmtimeError
  }
}

/// What an access to memory ends with, `nil` when it is inside.
func fault(_ body: () throws(GuestFault) -> Void) -> GuestFault? {
  do throws(GuestFault) {
    try body()
    return nil
  } catch {
    return error
  }
}

func isFault(_ body: () throws(GuestFault) -> Void) -> Bool { fault(body) != nil }

/// The trap that a call ends with.
func trap(_ body: () throws -> Void) -> Trap? {
  let ended = failure(body)
  if case .trap(let trap)? = ended { return trap }
  Issue.record("ended with \(String(describing: ended))")
  return nil
}

let fibonacci = """
  (module
    (func $fib (export "fib") (param i32) (result i32)
      (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
        (then (local.get 0))
        (else (i32.add
          (call $fib (i32.sub (local.get 0) (i32.const 1)))
          (call $fib (i32.sub (local.get 0) (i32.const 2))))))))
  """
let endlessLoop = #"(module (func (export "run") (loop $again (br $again))))"#
