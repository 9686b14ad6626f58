import AppFormat
import AppSDK
import AppSigning
import Crypto
import Foundation
import JSON
import Testing

@testable import AppProjects

/// A project's way from nothing to a signed package.
@Suite struct ProjectTests {
  @Test(arguments: AppSDK.Language.allCases) func aNewProjectBuilds(_ language: AppSDK.Language) throws {
    let folder = try TestFolder()
    try Project.new("hello", language, in: folder.path + "/hello")
    let built = try Project(folder: folder.path + "/hello").build()
    #expect(built.path.hasSuffix("/build/hello.wasm"))
    #expect(built.outline.exports.contains { $0.name == "main" && $0.kind == .function })
    #expect(built.outline.memories == [ModuleOutline.Limits(min: 1, max: nil)])
    #expect(built.sizes.whole < 40_000, "\(language): \(built.sizes)")

    let inspection = try Inspection(built.bytes)
    let manifest = try #require(inspection.manifest)
    #expect(manifest.name == "hello" && manifest.abi == .host && manifest.memoryQuota == 262_144)
    #expect(inspection.missing == [] && inspection.unneeded == [] && inspection.undefinedCapabilities == [])
    #expect(inspection.imports.contains { $0.name == "settings_get" && $0.verdict == .known([.settings]) })
    // What is for the tools only does not go into the binary.
    let section = try #require(built.outline.custom(AppManifest.sectionName))
    #expect(try JSON.parse(Array(built.bytes[section.contents]))["build"] == nil)
    // A second time nothing is in the way.
    #expect(try Project(folder: folder.path + "/hello").build().bytes == built.bytes)
    #expect(throws: ProjectError.self) { try Project.new("hello", language, in: folder.path + "/hello") }
  }

  @Test func namesThatAreNoFilesAreRefused() throws {
    let folder = try TestFolder()
    for name in ["", "Hello", "a/b", "1a", "..", String(repeating: "a", count: 32)] {
      #expect(throws: ProjectError.self, "\(name)") { try Project.new(name, .c, in: folder.path + "/x") }
    }
    #expect(!Disk.isThere(folder.path + "/x"))
  }

  @Test func stackAndMemoryAreAsSet() throws {
    let folder = try TestFolder()
    try folder.write(
      "app.json", #"{"name": "m", "build": {"language": "c", "stack": 131072, "memory_max": 262144}}"#)
    try folder.write("main.c", "#include \"aether_app.h\"\nint32_t main(void) { return 7; }\n")
    let built = try Project(folder: folder.path).build()
    #expect(built.outline.memories == [ModuleOutline.Limits(min: 2, max: 4)])
  }

  @Test func whatTheCompilerSaysIsShown() throws {
    let folder = try TestFolder()
    try folder.write("app.json", #"{"name": "m"}"#)
    try folder.write("main.c", "int32_t main(void) { return 7; }\n")
    do {
      _ = try Project(folder: folder.path).build()
      Issue.record("built")
    } catch {
      #expect("\(error)".contains("main.c:1") && "\(error)".contains("int32_t"), "\(error)")
    }
    // A function that is nowhere is an error of the linker, not an import that no host has.
    try folder.write("main.c", "int other(void);\nint main(void) { return other(); }\n")
    do {
      _ = try Project(folder: folder.path).build()
      Issue.record("built")
    } catch {
      #expect("\(error)".contains("other"), "\(error)")
    }
  }

  @Test func toolsThatAreMissingAreNamed() throws {
    let folder = try TestFolder()
    let none = ToolSearch(folders: [folder.path])
    for (language, tool, package) in [
      (AppSDK.Language.c, "clang", "clang"), (.swift, "swiftc", "swift.org"),
      (.rust, "rustc", "libstd-rust-dev-wasm32"),
    ] {
      try Project.new("a", language, in: "\(folder.path)/\(language)")
      do {
        _ = try Project(folder: "\(folder.path)/\(language)").build(tools: none)
        Issue.record("built")
      } catch {
        #expect("\(error)".contains(tool) && "\(error)".contains(package), "\(error)")
      }
    }
  }

  @Test(arguments: [
    (#"{"version": "1"}"#, "an app has a name"),
    (#"{"name": "a", "build": {"language": "go"}}"#, "c, swift or rust"),
    (#"{"name": "a", "build": {"stack": 100}}"#, "build.stack"),
    (#"{"name": "a", "build": {"memory_max": 1}}"#, "build.memory_max"),
    (#"{"name": "a", "build": {"speed": 1}}"#, "build.speed"),
    (#"{"name": "a", "build": {"sources": ["-x"]}}"#, "build.sources"),
    (#"{"name": 5}"#, "name"), ("[]", "manifest"),
  ]) func wrongProjectsAreNamed(_ manifest: String, _ wanted: String) throws {
    let folder = try TestFolder()
    try folder.write("app.json", manifest)
    try folder.write("main.c", "int main(void) { return 0; }\n")
    do {
      _ = try Project(folder: folder.path)
      Issue.record("accepted: \(manifest)")
    } catch {
      #expect("\(error)".contains(wanted), "\(error)")
    }
  }

  @Test func projectsOfTheOlderKindBuild() throws {
    let folder = try TestFolder()
    try folder.write(
      "manifest.akapp",
      """
      [app]
      name = "older"   # of the first line
      auto_start = true
      [capabilities]
      display.write = true
      "network.http" = false
      [resources]
      heap_kb = 128
      """)
    try folder.write(
      "src/main.c", "#include \"aether_app.h\"\nint32_t main(void) { return display_clear(0); }\n")
    let inspection = try Inspection(try Project(folder: folder.path).build().bytes)
    #expect(inspection.manifest?.name == "older" && inspection.manifest?.isAutostarted == true)
    #expect(inspection.manifest?.capabilities == ["display.write"] && inspection.missing.isEmpty)
  }
}
