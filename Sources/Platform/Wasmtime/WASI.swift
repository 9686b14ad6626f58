import CWasmtime
import Glibc

/// What a program of WASI preview 1 gets: nothing of the host's but what is named here.
public struct WASIOptions: Sendable {
  /// A folder of the host under a name in the guest. The guest cannot leave it, by `..` or by links.
  public struct Folder: Sendable, Equatable {
    public var hostPath: String
    public var guestPath: String
    public var isWritable: Bool

    public init(hostPath: String, guestPath: String, isWritable: Bool = false) {
      self.hostPath = hostPath
      self.guestPath = guestPath
      self.isWritable = isWritable
    }
  }

  /// Takes output as it comes; called on the thread that runs the guest.
  public typealias Sink = @Sendable ([UInt8]) -> Void

  /// The first is the program's name.
  public var arguments: [String]
  public var environment: [(name: String, value: String)]
  /// What the program reads from its input.
  public var input: [UInt8]
  /// Without one, output goes nowhere.
  public var output: Sink?
  public var errorOutput: Sink?
  public var folders: [Folder]

  public init(
    arguments: [String] = [], environment: [(name: String, value: String)] = [], input: [UInt8] = [],
    output: Sink? = nil, errorOutput: Sink? = nil, folders: [Folder] = []
  ) {
    self.arguments = arguments
    self.environment = environment
    self.input = input
    self.output = output
    self.errorOutput = errorOutput
    self.folders = folders
  }

  func apply(to context: OpaquePointer) throws(WasmtimeError) {
    guard let configuration = wasi_config_new() else { throw .outOfMemory }
    do throws(WasmtimeError) {
      try fill(configuration)
    } catch {
      wasi_config_delete(configuration)
      throw error
    }
    // Takes the configuration.
    if let error = wasmtime_context_set_wasi(context, configuration) { throw .invalidWASI(takeMessage(of: error)) }
  }

  private func fill(_ configuration: OpaquePointer) throws(WasmtimeError) {
    let named = arguments + environment.flatMap { [$0.name, $0.value] }
    if named.contains(where: { $0.utf8.contains(0) }) { throw .invalidWASI("a text with a zero byte in it") }
    guard withCStrings(arguments, { wasi_config_set_argv(configuration, arguments.count, $0) }) else {
      throw .invalidWASI("the arguments cannot be used")
    }
    let isSet = withCStrings(environment.map(\.name)) { names in
      withCStrings(environment.map(\.value)) { wasi_config_set_env(configuration, environment.count, names, $0) }
    }
    guard isSet else { throw .invalidWASI("the environment cannot be used") }
    var bytes = wasm_byte_vec_t()
    input.withUnsafeBufferPointer {
      wasm_byte_vec_new(&bytes, $0.count, UnsafeMutablePointer(mutating: $0.baseAddress))
    }
    // Takes the bytes.
    wasi_config_set_stdin_bytes(configuration, &bytes)
    if let output {
      wasi_config_set_stdout_custom(configuration, SinkBox.write, SinkBox(output).retained, SinkBox.release)
    }
    if let errorOutput {
      wasi_config_set_stderr_custom(configuration, SinkBox.write, SinkBox(errorOutput).retained, SinkBox.release)
    }
    for folder in folders {
      guard wasi_config_preopen_dir(configuration, folder.hostPath, folder.guestPath, folder.isWritable) else {
        throw .invalidWASI("\(folder.hostPath) cannot be opened as a folder")
      }
    }
  }

  private func withCStrings<Answer>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafePointer<CChar>?>?) -> Answer
  ) -> Answer {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    var pointers = copies.map { UnsafePointer($0) }
    return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress) }
  }
}

private final class SinkBox: Sendable {
  private let sink: WASIOptions.Sink
  init(_ sink: @escaping WASIOptions.Sink) { self.sink = sink }
  var retained: UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }

  static let write: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?, Int) -> Int = {
    box, bytes, count in
    guard let box else { return -Int(EIO) }
    Unmanaged<SinkBox>.fromOpaque(box).takeUnretainedValue().sink(
      Array(UnsafeBufferPointer(start: bytes, count: count)))
    return count
  }
  static let release: @convention(c) (UnsafeMutableRawPointer?) -> Void = {
    if let box = $0 { Unmanaged<SinkBox>.fromOpaque(box).release() }
  }
}

let wasiModule = "wasi_snapshot_preview1"

/// What `poll_oneoff` waits for.
private struct Wish {
  var userData: UInt64
  var type: UInt8
  /// When it is due, in nanoseconds of the monotonic clock; `nil`: at once.
  var due: UInt64?
}

/// `poll_oneoff` of WASI preview 1: sleeps as the linker says, else in short steps, so that deadlines and stops end it. Descriptors are always ready:
/// they are files, bytes in memory and sinks.
///
/// - Returns: WASI's error number.
func wasiPoll<Host>(
  _ call: borrowing HostCall<Host>, subscriptions: UInt32, events: UInt32, count: UInt32, countOut: UInt32,
  sleep: ((borrowing HostCall<Host>, UInt64) throws(HostTrap) -> Void)? = nil
) throws(HostTrap) -> Int32 {
  // Error numbers and layouts: WASI preview 1, witx/typenames.witx (subscription: 48 bytes, event: 32).
  let success: Int32 = 0
  let fault: Int32 = 21
  let invalid: Int32 = 28
  guard count > 0, count <= 1024 else { return invalid }
  let start = nanoseconds(CLOCK_MONOTONIC)
  var wishes: [Wish] = []
  do throws(GuestFault) {
    wishes = try call.withMemory { (memory) throws(GuestFault) in
      var wishes: [Wish] = []
      for index in 0..<count {
        let address = UInt64(subscriptions) + UInt64(index) * 48
        guard address + 48 <= UInt64(memory.size) else {
          throw GuestFault(address: subscriptions, count: UInt64(count) * 48, memorySize: memory.size)
        }
        let base = UInt32(address)
        let type = try memory.load(UInt8.self, at: base + 8)
        var due: UInt64?
        if type == 0 {
          let clock = try memory.load(UInt32.self, at: base + 16)
          let time = try memory.load(UInt64.self, at: base + 24)
          let isAbsolute = try memory.load(UInt16.self, at: base + 40) & 1 == 1
          let now = isAbsolute ? nanoseconds(clock == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC) : 0
          let (sum, overflow) = start.addingReportingOverflow(time > now ? time - now : 0)
          due = overflow ? .max : sum
        }
        wishes.append(Wish(userData: try memory.load(UInt64.self, at: base), type: type, due: due))
      }
      return wishes
    }
  } catch {
    return fault
  }
  var ready: [Wish] = []
  while true {
    let now = nanoseconds(CLOCK_MONOTONIC)
    ready = wishes.filter { $0.due.map { $0 <= now } ?? true }
    if !ready.isEmpty { break }
    if let sleep {
      try sleep(call, wishes.compactMap(\.due).min() ?? now)
      continue
    }
    if let reason = call.reasonToEnd { throw call.end(reason) }
    let next = wishes.compactMap(\.due).min() ?? now
    usleep(UInt32(min(2000, (next - now) / 1000 + 1)))
  }
  do throws(GuestFault) {
    try call.withMemory { (memory) throws(GuestFault) in
      var bytes: [UInt8] = []
      for wish in ready {
        var event = [UInt8](repeating: 0, count: 32)
        for byte in 0..<8 { event[byte] = UInt8(truncatingIfNeeded: wish.userData >> (8 * UInt64(byte))) }
        event[10] = wish.type
        bytes += event
      }
      try memory.write(bytes, at: events)
      try memory.store(UInt32(ready.count), at: countOut)
    }
  } catch {
    return fault
  }
  return success
}

private func nanoseconds(_ clock: clockid_t) -> UInt64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
