import Foundation
import Testing

/// Devices of a real kernel: the program `aether-device-check` runs in a virtual machine whose kernel has simulators of chips,
/// buses and sensors, and drivers for them (scripts/device-machine).
@Suite struct MachineTests {
  /// The machine is made from Debian's packages for this processor; programs that a sanitizer watches need more than it has.
  static let isPossible: Bool = {
    #if arch(x86_64)
      !(ProcessInfo.processInfo.environment["AETHER_TEST_FLAGS"] ?? "").contains("sanitize")
    #else
      false
    #endif
  }()
  /// Emulation takes 20 s on a quiet machine.
  static let timeoutSeconds = 600

  @Test(.enabled(if: isPossible)) func drivesDevicesOfTheKernel() throws {
    let folder = try Folder()
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let machine = Process()
    machine.executableURL = package.appendingPathComponent("scripts/device-machine")
    machine.arguments = [folder.path, try checkPath()]
    machine.standardInput = FileHandle.nullDevice
    let console = Pipe()
    machine.standardOutput = console
    machine.standardError = console
    try machine.run()
    let process = machine.processIdentifier
    let watch = DispatchSource.makeTimerSource()
    watch.schedule(deadline: .now() + .seconds(Self.timeoutSeconds))
    watch.setEventHandler { kill(process, SIGKILL) }
    watch.resume()
    defer { watch.cancel() }
    let text = String(decoding: try console.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    machine.waitUntilExit()

    let lines = text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == "\r" } }
    let failures = lines.filter { $0.contains("check failed: ") }
    for failure in failures { Issue.record("\(failure)") }
    let announced = lines.compactMap { $0.hasPrefix("checks: ") ? Int($0.dropFirst(8)) : nil }.first
    let passed = lines.filter { $0.contains("check passed: ") }
    let isWhole = announced == passed.count + failures.count && lines.contains { $0.hasPrefix("checks done: ") }
    #expect(isWhole, "the console ended with: \(lines.suffix(30).joined(separator: "\n"))")
    for family in ["gpio", "i2c", "pwm", "sensors", "uart", "app"] {
      #expect(passed.contains { $0.contains("check passed: \(family)") }, "\(family)")
    }
  }

  /// The program that runs in the machine.
  func checkPath() throws -> String {
    let candidates = CommandLine.arguments.filter { $0.contains(".xctest") } + ["/proc/self/exe"]
    for candidate in candidates {
      guard let real = realpath(candidate, nil) else { continue }
      defer { free(real) }
      let path = URL(fileURLWithPath: String(cString: real)).deletingLastPathComponent().path + "/aether-device-check"
      if FileManager.default.isExecutableFile(atPath: path) { return path }
    }
    throw MissingProgram()
  }

  struct MissingProgram: Error {}
}
