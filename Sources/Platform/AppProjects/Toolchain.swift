import AppSDK
import Glibc

/// Where compilers are looked for.
public struct ToolSearch: Sendable {
  /// Folders with programs, the first one first.
  public var folders: [String]

  public init(folders: [String]) { self.folders = folders }

  /// PATH, and where toolchains of Swift are put.
  public static var standard: ToolSearch {
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
    return ToolSearch(
      folders: path.split(separator: ":").map(String.init) + [
        "/opt/swift/usr/bin", "/usr/local/swift/usr/bin", "/usr/libexec/swift/bin", "/usr/bin",
      ])
  }

  /// Every program of one of these names.
  func all(_ names: [String]) -> [String] {
    names.flatMap { name in folders.map { "\($0)/\(name)" }.filter(Disk.isExecutable) }
  }

  func first(_ names: [String]) -> String? { all(names).first }

  /// The folder with the programs of a Swift toolchain.
  var swiftFolder: String? {
    all(["swift"]).map { Disk.folder(of: Disk.resolved($0)) }.first { Disk.isExecutable("\($0)/swiftc") }
  }

  // MARK: What each language needs

  func clang() throws(ProjectError) -> String {
    if let folder = swiftFolder, Disk.isExecutable("\(folder)/clang") { return "\(folder)/clang" }
    if let clang = first(["clang"] + Self.versions("clang")) { return clang }
    throw .missingTool("clang", install: "install Swift (https://www.swift.org/install/linux) or the package clang")
  }

  func linker() throws(ProjectError) -> String {
    if let folder = swiftFolder, Disk.isExecutable("\(folder)/wasm-ld") { return "\(folder)/wasm-ld" }
    if let linker = first(["wasm-ld"] + Self.versions("wasm-ld")) { return linker }
    throw .missingTool("wasm-ld", install: "install Swift (https://www.swift.org/install/linux) or the package lld")
  }

  func swiftCompiler() throws(ProjectError) -> String {
    if let folder = swiftFolder { return "\(folder)/swiftc" }
    throw .missingTool("swiftc", install: "install Swift 6.3 from https://www.swift.org/install/linux")
  }

  /// The first `rustc` that has the library of the target.
  func rustCompiler(log: String) throws(ProjectError) -> String {
    for compiler in all(["rustc"]) {
      guard let root = try? ToolRun.output(compiler, ["--print", "sysroot"], log: log) else { continue }
      let folder = root.trimmingNewline + "/lib/rustlib/wasm32-unknown-unknown/lib"
      if !Disk.files(in: folder, endingIn: ".rlib").isEmpty { return compiler }
    }
    throw .missingTool(
      "rustc for wasm32-unknown-unknown",
      install: "install the packages rustc and libstd-rust-dev-wasm32, or: rustup target add wasm32-unknown-unknown")
  }

  private static func versions(_ name: String) -> [String] { (14...22).reversed().map { "\(name)-\($0)" } }
}

extension String {
  var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}

/// Runs a program to its end; what it writes goes into a file.
enum ToolRun {
  static func run(_ program: String, _ arguments: [String], log: String) throws(ProjectError) {
    let (status, text) = try end(program, arguments, log: log)
    guard status == 0 else {
      let name = program.split(separator: "/").last.map(String.init) ?? program
      throw .tool(name, status: status, output: text)
    }
  }

  static func output(_ program: String, _ arguments: [String], log: String) throws(ProjectError) -> String {
    let (status, text) = try end(program, arguments, log: log)
    guard status == 0 else { throw .tool(program, status: status, output: text) }
    return text
  }

  private static func end(
    _ program: String, _ arguments: [String], log: String
  ) throws(ProjectError) -> (status: Int32, output: String) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
    defer { for word in words { free(word) } }
    words.append(nil)
    var child: pid_t = 0
    let failure = posix_spawn(&child, program, &actions, nil, words, environ)
    guard failure == 0 else { throw .system(path: program, errno: failure) }
    var state: Int32 = 0
    while waitpid(child, &state, 0) < 0 {
      if errno != EINTR { throw .system(path: program, errno: errno) }
    }
    let text = String(decoding: try Disk.read(log), as: UTF8.self)
    // The lowest seven bits name the signal that ended it, 0 for none.
    let signal = state & 0x7F
    return (signal == 0 ? state >> 8 & 0xFF : 128 + signal, text)
  }
}
