import Foundation

/// A Python program that a test talks to: the reference for a format, or the other end of a connection.
public final class PythonPeer {
  public struct Failure: Error, CustomStringConvertible {
    public var description: String
  }

  /// `AETHER_PYTHON`, else the virtual environment that set-up makes below the package root.
  public static var interpreter: String {
    ProcessInfo.processInfo.environment["AETHER_PYTHON"]
      ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent(".build/venv/bin/python3").path
  }

  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var buffered = Data()

  /// Starts `python3 -u -c program arguments...`; it lives until `stop()` or until this value is gone.
  public init(_ program: String, _ arguments: [String] = []) throws {
    process.executableURL = URL(fileURLWithPath: Self.interpreter)
    process.arguments = ["-u", "-c", program] + arguments
    process.standardInput = input
    process.standardOutput = output
    try process.run()
  }

  deinit { stop() }

  public func stop() {
    guard process.isRunning else { return }
    // Not SIGTERM: threads of the dispatch library block it, and a child started from one inherits that.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// The next line that the program writes, without its end. Blocks.
  public func readLine() throws -> String {
    while true {
      if let end = buffered.firstIndex(of: 0x0A) {
        let line = buffered[buffered.startIndex..<end]
        buffered = Data(buffered[buffered.index(after: end)...])
        return String(decoding: line, as: UTF8.self)
      }
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { throw Failure(description: "the Python program ended") }
      buffered += more
    }
  }

  public func write(_ text: String) throws {
    try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
  }

  /// Runs a program to its end.
  /// - Returns: what it wrote to its standard output.
  /// - Throws: `Failure` unless it exits with 0.
  public static func run(_ program: String, _ arguments: [String] = [], input text: String = "") throws -> String {
    let peer = try PythonPeer(program, arguments)
    // Written beside the reading, since either pipe may fill up.
    let writer = Thread {
      try? peer.input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
      try? peer.input.fileHandleForWriting.close()
    }
    writer.start()
    let written = peer.output.fileHandleForReading.readDataToEndOfFile()
    peer.process.waitUntilExit()
    guard peer.process.terminationStatus == 0 else {
      throw Failure(description: "python3 exited with \(peer.process.terminationStatus)")
    }
    return String(decoding: written, as: UTF8.self)
  }
}

// The members are set once; `Process`, `Pipe` and the buffer are used by one test at a time.
extension PythonPeer: @unchecked Sendable {}

/// Numbers that a seed determines (SplitMix64).
public struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  /// The seed in `AETHER_SEED`, else a new one; printed, so that a failure can be repeated.
  public static func forTest(_ name: String) -> SeededNumbers {
    let seed =
      ProcessInfo.processInfo.environment["AETHER_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...9_999_999)
    print("\(name): AETHER_SEED=\(seed)")
    return SeededNumbers(seed: seed)
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

extension SeededNumbers {
  /// The bytes with one to four changes, some of them to bytes that texts, numbers and lengths break at.
  public mutating func damage(_ sound: [UInt8]) -> [UInt8] {
    var bytes = sound
    for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
      switch Int.random(in: 0..<5, using: &self) {
      case 0: bytes[.random(in: 0..<bytes.count, using: &self)] = .random(in: 0...255, using: &self)
      case 1: bytes[.random(in: 0..<bytes.count, using: &self)] ^= 1 << UInt8.random(in: 0..<8, using: &self)
      case 2: bytes.removeLast(.random(in: 1...bytes.count, using: &self))
      case 3: bytes.insert(.random(in: 0...255, using: &self), at: .random(in: 0...bytes.count, using: &self))
      default:
        let breaking: [UInt8] = [0, 0x22, 0x7B, 0x7F, 0x80, 0xFF]
        bytes[.random(in: 0..<bytes.count, using: &self)] = breaking.randomElement(using: &self) ?? 0
      }
    }
    return bytes
  }
}
