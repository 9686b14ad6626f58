import AutomatonRuns
import Foundation
import Runner
import Testing

/// Where the same source runs.
enum TargetPlace: String, CaseIterable {
  case linux, cortexM4, node, chromium

  struct Failure: Error, CustomStringConvertible { var description: String }

  /// Answers of `Runner` to requests, from this target.
  func answers(_ requests: [[UInt8]]) throws -> [[UInt8]] {
    switch self {
    case .linux: return requests.map { Runner.answer($0) }
    case .cortexM4: return try Images.cortexM4.get().answers(requests)
    case .node: return try Images.web.get().inNode(requests)
    case .chromium: return try Images.web.get().inChromium(requests)
    }
  }
}

/// What is built for the targets, once per run of the tests.
enum Images {
  static let cortexM4 = Result { try Firmware() }
  static let web = Result { try WebModule() }

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
}

/// Length (u32, little endian) and bytes, one after the other.
enum Records {
  static func join(_ parts: [[UInt8]]) -> Data {
    var data = Data()
    for part in parts {
      for shift in [0, 8, 16, 24] { data.append(UInt8(truncatingIfNeeded: part.count >> shift)) }
      data.append(contentsOf: part)
    }
    return data
  }

  static func split(_ data: Data) -> [[UInt8]] {
    let bytes = Array(data)
    var parts: [[UInt8]] = []
    var at = 0
    while at + 4 <= bytes.count {
      let length = (0..<4).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
      guard at + 4 + length <= bytes.count else { break }
      parts.append(Array(bytes[(at + 4)..<(at + 4 + length)]))
      at += 4 + length
    }
    return parts
  }
}

/// Two texts are the same; says the first line that is not.
func expectSame(_ expected: [UInt8], _ actual: [UInt8], _ what: String) {
  guard let difference = TraceComparison.firstDifference(expected, actual) else { return }
  Issue.record(
    """
    \(what), line \(difference.line): \(difference.right ?? "nothing")
    expected: \(difference.left ?? "nothing")
    """)
}

/// Runs a program of the machine to its end, killed after ten minutes.
/// - Returns: what it wrote to its standard output.
@discardableResult func runProgram(_ program: String, _ arguments: [String], input: String = "") throws -> Data {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("aether-targets-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["timeout", "-k", "5", "600", program] + arguments
  process.currentDirectoryURL = Images.root
  let inputFile = folder.appendingPathComponent("input")
  try Data(input.utf8).write(to: inputFile)
  process.standardInput = try FileHandle(forReadingFrom: inputFile)
  let output = folder.appendingPathComponent("output")
  let errors = folder.appendingPathComponent("errors")
  for file in [output, errors] { try Data().write(to: file) }
  process.standardOutput = try FileHandle(forWritingTo: output)
  process.standardError = try FileHandle(forWritingTo: errors)
  try process.run()
  process.waitUntilExit()
  let written = try Data(contentsOf: output)
  guard process.terminationStatus == 0 else {
    let text = String(decoding: try Data(contentsOf: errors).suffix(2000), as: UTF8.self)
    throw TargetPlace.Failure(
      description: """
        \(program) \(arguments.joined(separator: " ").prefix(200)) exited with \(process.terminationStatus): \(text)
        \(String(decoding: written.suffix(1000), as: UTF8.self))
        """)
  }
  return written
}

/// A folder for one run, with a file of requests.
struct Workspace: ~Copyable {
  let folder: URL
  var requests: URL { folder.appendingPathComponent("requests") }
  var answers: URL { folder.appendingPathComponent("answers") }

  init(_ parts: [[UInt8]]) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("aether-targets-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Records.join(parts).write(to: requests)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }
}

/// Images in QEMU, on a board with a Cortex-M4.
struct Firmware {
  init() throws { try runProgram("scripts/build-firmware", []) }

  /// Runs an image until it ends.
  /// - Returns: what it wrote to its console.
  static func run(_ image: String, files: [String], input: String = "") throws -> String {
    let arguments = ([image] + files).map { ",arg=\($0)" }.joined()
    let console = try runProgram(
      "qemu-system-arm",
      [
        "-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "stdio", "-semihosting-config",
        "enable=on,target=native\(arguments)", "-kernel",
        Images.root.appendingPathComponent(".build/firmware/\(image).elf").path,
      ], input: input)
    return String(decoding: console, as: UTF8.self)
  }

  func answers(_ requests: [[UInt8]]) throws -> [[UInt8]] {
    let workspace = try Workspace(requests)
    let console = try Firmware.run("corpus-runner", files: [workspace.requests.path, workspace.answers.path])
    let answers = Records.split(try Data(contentsOf: workspace.answers))
    guard answers.count == requests.count else {
      throw TargetPlace.Failure(description: "\(answers.count) answers: \(console)")
    }
    return answers
  }
}

/// The WebAssembly module and its loader.
struct WebModule {
  private let module: URL

  init() throws {
    try runProgram("scripts/build-wasm", [])
    module = Images.root.appendingPathComponent(".build/web/aether.wasm")
  }

  func inNode(_ requests: [[UInt8]]) throws -> [[UInt8]] {
    let workspace = try Workspace(requests)
    try runProgram("node", ["Web/run.mjs", module.path, workspace.requests.path, workspace.answers.path])
    return Records.split(try Data(contentsOf: workspace.answers))
  }

  /// A page with everything in it, loaded without a server; its text afterwards is the answers.
  func inChromium(_ requests: [[UInt8]]) throws -> [[UInt8]] {
    let workspace = try Workspace(requests)
    let loader = try Data(contentsOf: Images.root.appendingPathComponent("Web/aether.mjs")).base64EncodedString()
    let page = """
      <!doctype html><meta charset="utf-8"><body>not finished</body>
      <script type="module">
      import { compile, instantiate, join, split } from "data:text/javascript;base64,\(loader)";
      const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      try {
        const module = await compile(bytes("\(try Data(contentsOf: module).base64EncodedString())"));
        const answers = [];
        for (const request of split(bytes("\(Records.join(requests).base64EncodedString())")))
          answers.push((await instantiate(module))(request));
        let text = "";
        for (const byte of join(answers)) text += String.fromCharCode(byte);
        document.body.textContent = "answers:" + btoa(text) + ":";
      } catch (error) {
        document.body.textContent = "failed: " + error;
      }
      </script>
      """
    let file = workspace.folder.appendingPathComponent("page.html")
    try Data(page.utf8).write(to: file)
    let dump = String(
      decoding: try runProgram(
        "chromium",
        [
          "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
          "--user-data-dir=\(workspace.folder.path)/profile", "--virtual-time-budget=100000000", "--dump-dom",
          "file://\(file.path)",
        ]), as: UTF8.self)
    let parts = dump.split(separator: ":")
    guard let start = parts.firstIndex(where: { $0.hasSuffix("answers") }), start + 1 < parts.count,
      let data = Data(base64Encoded: String(parts[start + 1]))
    else { throw TargetPlace.Failure(description: "chromium shows: \(dump.suffix(500))") }
    return Records.split(data)
  }
}
