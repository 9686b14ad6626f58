import Wasmtime

/// What functions of the C library print: into the app's log, line by line, or into its memory.
extension NativeLibrary {
  mutating func addCPrinting() {
    for name in ["printf", "vprintf"] {
      define(name) { (call) throws(NativeError) in
        let bytes = try call.printed(0, 1)
        bytes.withUnsafeBytes { call.host.write($0, isError: false) }
        return Int32(bytes.count)
      }
    }
    for name in ["sprintf", "vsprintf"] {
      define(name) { (call) throws(NativeError) in
        let bytes = try call.printed(1, 2)
        try call.write(bytes + [0], to: 0)
        return Int32(bytes.count)
      }
    }
    for name in ["snprintf", "vsnprintf"] {
      define(name) { (call) throws(NativeError) in
        let bytes = try call.printed(2, 3)
        let room = Int(call.uint(1))
        if room > 0 { try call.write(bytes.prefix(room - 1) + [0], to: 0) }
        return Int32(bytes.count)
      }
    }
    define("puts") { (call) throws(NativeError) in
      Array((try call.text(0) + "\n").utf8).withUnsafeBytes { call.host.write($0, isError: false) }
      return 0
    }
    define("putchar") { (call) throws(NativeError) in
      withUnsafeBytes(of: UInt8(truncatingIfNeeded: call.int(0))) { call.host.write($0, isError: false) }
      return call.int(0)
    }
  }
}

extension HostCall where Host == AppHost {
  /// The format at the address in one argument, filled in with what stands at the address in another.
  fileprivate borrowing func printed(_ format: Int, _ arguments: Int) throws(NativeError) -> [UInt8] {
    let (format, arguments) = (uint(format), uint(arguments))
    let bytes = try inMemory { (memory) throws(GuestFault) in
      try PrintFormat.fill(format, arguments: arguments, in: memory)
    }
    guard let bytes else { throw .messageSize }
    return bytes
  }
}
