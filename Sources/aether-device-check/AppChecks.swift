import AppDevices
import AppFormat
import AppManager
import Apps
import Crypto
import Glibc
import Linux
import Synchronization
import Wasmtime

/// A WebAssembly app in the run-time, with the kernel's devices.
let appChecks: [Check] = [
  Check("app: WebAssembly drives pins and a device on a bus") {
    let chip = try SimulatedChip("wasm", lineCount: 4)
    try StubAdapter.plugIn()
    try StubAdapter.setRegister(0x50, 0x20, 0x2A)
    try chip.pull(1, true)
    let folder = "/tmp/device-check"
    for name in ["", "/cache", "/data"] { try Files.makeDirectory(folder + name) }
    var options = AppRuntime.Options(cacheFolder: folder + "/cache", dataFolder: folder + "/data")
    options.devices.gpio = .chip(path: chip.path)
    options.devices.i2c = [0: .adapter(path: StubAdapter.path)]
    let runtime = try AppRuntime(options)
    let exit = try await run(runtime, folder) {
      try eventually("the app drives its wire") { try chip.isHigh(2) }
      try equal(StubAdapter.register(0x50, 0x21), 0x2B, "the register that the app wrote")
      try chip.pull(3, true)
    }
    try equal(exit, .exited(code: 0), "the app's end")
    // What the app had is free again.
    let next = DeviceUser(app: "next")
    try runtime.services.devices.gpio.configure(next, pin: 2, .output)
    runtime.services.devices.release(next)
  }
]

/// Puts a register and one into the next one, drives pin 2 as pin 1 is, and waits for pin 3; the code of its exit says what went
/// wrong.
private let program = """
  (module
    (import "env" "gpio_configure" (func $configure (param i32 i32) (result i32)))
    (import "env" "gpio_read" (func $read (param i32) (result i32)))
    (import "env" "gpio_write" (func $write (param i32 i32) (result i32)))
    (import "env" "i2c_read_reg" (func $get (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "i2c_write_reg" (func $put (param i32 i32 i32 i32 i32) (result i32)))
    (import "akira_time" "sleep_ms" (func $sleep (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "main") (result i32)
      (if (call $configure (i32.const 1) (i32.const 1)) (then (return (i32.const 1))))
      (if (call $configure (i32.const 2) (i32.const 2)) (then (return (i32.const 2))))
      (if (call $configure (i32.const 3) (i32.const 33)) (then (return (i32.const 3))))
      (if (i32.ne (call $configure (i32.const 9) (i32.const 1)) (i32.const -22)) (then (return (i32.const 5))))
      (if (call $get (i32.const 0) (i32.const 0x50) (i32.const 0x20) (i32.const 64) (i32.const 2))
        (then (return (i32.const 6))))
      (i32.store8 (i32.const 64) (i32.add (i32.load8_u (i32.const 64)) (i32.const 1)))
      (if (call $put (i32.const 0) (i32.const 0x50) (i32.const 0x21) (i32.const 64) (i32.const 1))
        (then (return (i32.const 7))))
      (if (i32.ne (call $get (i32.const 0) (i32.const 0x33) (i32.const 0) (i32.const 64) (i32.const 1)) (i32.const -5))
        (then (return (i32.const 8))))
      (if (call $write (i32.const 2) (call $read (i32.const 1))) (then (return (i32.const 9))))
      (if (i32.ne (call $read (i32.const 2)) (i32.const 1)) (then (return (i32.const 10))))
      (loop $again
        (if (call $sleep (i32.const 20)) (then (return (i32.const 11))))
        (br_if $again (i32.eqz (call $read (i32.const 3)))))
      (i32.const 0)))
  """

/// - Parameter body: what happens while it runs.
private func run(_ runtime: AppRuntime, _ folder: String, _ body: () throws -> Void) async throws -> AppExit {
  guard let name = AppName("driver") else { throw Wrong(description: "the app's name") }
  let module = try wasm(fromText: program)
  let launch = AppLaunch(
    name: name, module: module, modulePath: "", sha256: Digest.sha256(module), manifest: AppManifest(),
    capabilities: CapabilitySet([.gpioRead, .gpioWrite, .i2c]), quotas: AppQuotas(), dataDirectory: folder + "/data")
  let (exits, ended) = AsyncStream.makeStream(of: AppExit.self)
  _ = try await runtime.start(launch) { exit in
    ended.yield(exit)
    ended.finish()
  }
  try body()
  for await exit in exits { return exit }
  throw Wrong(description: "no end of the app")
}
