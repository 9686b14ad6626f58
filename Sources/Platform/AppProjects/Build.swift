import AppFormat
import AppSDK
import JSON

/// What a build made.
public struct BuiltApp: Sendable {
  public var path: String
  public var bytes: [UInt8]
  public var outline: ModuleOutline

  /// Bytes of the code, of constant data, and of the whole module.
  public var sizes: (code: Int, data: Int, whole: Int) {
    func size(_ id: UInt8) -> Int { outline.sections.filter { $0.id == id }.reduce(0) { $0 + $1.contents.count } }
    return (size(10), size(11), bytes.count)
  }
}

extension Project {
  /// Compiles and links the app, and puts its manifest into it.
  ///
  /// - Parameters:
  ///   - output: the module; `nil`: `build/NAME.wasm` in the project's folder.
  ///   - workFolder: for what compilers make on the way; `nil`: `build` in the project's folder.
  public func build(
    output: String? = nil, workFolder: String? = nil, tools: ToolSearch = .standard
  ) throws(ProjectError) -> BuiltApp {
    let work = workFolder ?? "\(folder)/build"
    let sdk = "\(work)/sdk"
    try Disk.makeFolder(sdk)
    for file in AppSDK.files(for: settings.language) { try Disk.write(file.bytes, to: "\(sdk)/\(file.path)") }
    let builder = Builder(project: self, work: work, sdk: sdk, log: "\(work)/log", tools: tools)
    let objects =
      switch settings.language {
      case .c: try builder.compileC()
      case .swift: try builder.compileSwift()
      case .rust: try builder.compileRust()
      }
    let linked = "\(work)/linked.wasm"
    try builder.link(objects, to: linked)
    let path = output ?? "\(work)/\(name).wasm"
    let code = try Disk.read(linked)
    let built: BuiltApp
    do throws(AppFormatError) {
      let bytes = try AppManifest.embed(manifest.bytes(), in: code)
      built = BuiltApp(path: path, bytes: bytes, outline: try ModuleOutline(bytes))
    } catch {
      throw .format(path: path, error)
    }
    try Disk.write(built.bytes, to: path)
    return built
  }
}

/// Calls the compilers. The flags are those of the reference's SDK where it has any: no C library, no entry, `main` exported.
private struct Builder {
  let project: Project
  let work: String
  let sdk: String
  let log: String
  let tools: ToolSearch

  func compileC() throws(ProjectError) -> [String] {
    let clang = try tools.clang()
    var objects: [String] = []
    for (index, source) in try project.sources().enumerated() {
      objects.append(try compile("\(project.folder)/\(source)", clang, as: "source\(index).o"))
    }
    return objects + [try compile("\(sdk)/aether_guest.c", clang, as: "aether_guest.o")]
  }

  /// Instructions of the first version only, so that small interpreters run the app, too.
  private func compile(_ source: String, _ clang: String, as object: String) throws(ProjectError) -> String {
    let path = "\(work)/\(object)"
    try ToolRun.run(
      clang,
      [
        "--target=wasm32", "-mcpu=mvp", "-Os", "-std=c17", "-ffreestanding", "-ffunction-sections", "-fdata-sections",
        "-Wall", "-Wextra", "-I", sdk, "-c", source, "-o", path,
      ], log: log)
    return path
  }

  func compileSwift() throws(ProjectError) -> [String] {
    let compiler = try tools.swiftCompiler()
    let clang = try tools.clang()
    let object = "\(work)/app.o"
    try ToolRun.run(
      compiler,
      [
        "-target", "wasm32-unknown-none-wasm", "-enable-experimental-feature", "Embedded",
        "-enable-experimental-feature", "Extern", "-wmo", "-parse-as-library", "-Osize", "-swift-version", "6",
        "-Xfrontend", "-function-sections", "-Xfrontend", "-disable-stack-protector", "-module-name", "App",
        "-c", "\(sdk)/AetherApp.swift", "\(sdk)/Guest.swift",
      ] + project.sources().map { "\(project.folder)/\($0)" } + ["-o", object], log: log)
    var objects = [object]
    for name in ["aether_guest", "aether_heap"] {
      objects.append(try compile("\(sdk)/\(name).c", clang, as: "\(name).o"))
    }
    // Text that is compared, sorted or used as a key needs these.
    let tables =
      Disk.folder(of: compiler) + "/../lib/swift/embedded/wasm32-unknown-none-wasm/libswiftUnicodeDataTables.a"
    return objects + (Disk.isThere(tables) ? [tables] : [])
  }

  func compileRust() throws(ProjectError) -> [String] {
    let compiler = try tools.rustCompiler(log: log)
    let flags = [
      "--target", "wasm32-unknown-unknown", "--edition", "2021", "-C", "opt-level=s", "-C", "panic=abort",
    ]
    try ToolRun.run(
      compiler,
      flags + ["--crate-name", "aether_app", "--crate-type", "rlib", "--out-dir", work, "\(sdk)/lib.rs"], log: log)
    let archive = "\(work)/app.a"
    let sources = try project.sources()
    try ToolRun.run(
      compiler,
      flags + [
        "--crate-name", "app", "--crate-type", "staticlib", "-C", "lto=fat", "--extern",
        "aether_app=\(work)/libaether_app.rlib", "\(project.folder)/\(sources[0])", "-o", archive,
      ], log: log)
    return [archive]
  }

  /// The stack comes first: when it overflows, the next write is outside of memory and traps.
  func link(_ objects: [String], to path: String) throws(ProjectError) {
    var arguments = [
      "--no-entry", "--gc-sections", "--strip-all", "--stack-first", "-z", "stack-size=\(project.stackBytes)",
      "--export=main",
    ]
    if project.settings.memoryBytesMax > 0 { arguments.append("--max-memory=\(project.settings.memoryBytesMax)") }
    try ToolRun.run(try tools.linker(), arguments + ["-o", path] + objects, log: log)
  }
}
