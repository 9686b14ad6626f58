import AppDevices
import Glibc

/// Something that must hold against the kernel. Checks run one after the other and leave the simulators as they were.
struct Check: Sendable {
  var name: String
  var body: @Sendable () async throws -> Void

  init(_ name: String, _ body: @escaping @Sendable () async throws -> Void) {
    self.name = name
    self.body = body
  }
}

struct Wrong: Error, CustomStringConvertible {
  var description: String
}

func expect(_ holds: Bool, _ what: String) throws {
  guard holds else { throw Wrong(description: "not so: \(what)") }
}

func equal<Value: Equatable>(_ found: Value, _ wanted: Value, _ what: String) throws {
  guard found == wanted else { throw Wrong(description: "\(what): \(found) instead of \(wanted)") }
}

/// What `body` asks for is refused with an error number.
func refused(_ number: Int32, _ what: String, _ body: () throws -> Void) throws {
  do {
    try body()
  } catch let error as DeviceError {
    return try equal(error.errno, number, "error number of \(what)")
  }
  throw Wrong(description: "\(what) is not refused")
}

/// Waits until something is so, for as long as a slow machine may take.
func eventually(_ what: String, _ holds: () throws -> Bool) throws {
  for _ in 0..<3000 {
    if try holds() { return }
    usleep(10_000)
  }
  throw Wrong(description: "not so after 30 s: \(what)")
}

/// Runs a command of the shell and gives what it wrote, without the newline at its end.
@discardableResult
func shell(_ command: String) throws -> String {
  guard let pipe = popen(command + " 2>&1", "r") else { throw Wrong(description: "cannot start: \(command)") }
  var bytes: [UInt8] = []
  while case let byte = getc(pipe), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
  let status = pclose(pipe)
  while bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
  let text = String(decoding: bytes, as: UTF8.self)
  guard status == 0 else { throw Wrong(description: "\(command): status \(status): \(text)") }
  return text
}

/// Writes a line at once.
func say(_ line: String) {
  var line = line + "\n"
  line.withUTF8 { bytes in
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = write(STDOUT_FILENO, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
