import Foundation
import JSON
import Testing

@testable import aether

/// `aether app` on a node: what is refused before any daemon is asked, and manifests with files. What daemons answer is in the
/// tests from end to end.
@Suite struct AppOnlineCommandTests {
  private let nowhere = ["--server", "https://127.0.0.1:1"]

  private func run(_ arguments: String...) throws -> ProgramRun.Result {
    try ProgramRun.result(arguments + nowhere, group: "app")
  }

  @Test(arguments: [
    ["install"], ["start"], ["send", "lamp"], ["send", "lamp", "set", "--timeout", "soon"], ["grant", "lamp"],
    ["revoke"],
    ["list", "-o", "picture"], ["install", "x.wasm", "--node", "moon"], ["screen", "lamp"],
    ["install", "x.wasm", "--timeout", "soon"],
  ])
  func wrongUsage(_ arguments: [String]) throws {
    let result = try ProgramRun.result(arguments + nowhere, group: "app")
    #expect(result.status == 2 && result.output.isEmpty && !result.errors.isEmpty, "\(result.errors)")
  }

  @Test func filesThatAreNoApps() throws {
    let scratch = try Scratch()
    let missing = try run("install", scratch.path + "/none.wasm")
    #expect(missing.status == 3 && missing.errors.contains("none.wasm"), "\(missing.errors)")
    let text = try run("install", try scratch.write("text.wasm", "hello"))
    #expect(text.status == 3 && text.errors.contains("neither a module"), "\(text.errors)")
  }

  @Test(arguments: [["list"], ["info", "lamp"], ["stop", "lamp"], ["revoke", "lamp", "timer"], ["logs", "lamp"]])
  func nobodyThere(_ arguments: [String]) throws {
    let result = try ProgramRun.result(arguments + nowhere, group: "app")
    #expect(result.status == 7 && result.errors.contains("is aetherd running"), "\(result.errors)")
  }

  @Test func everyCommandHasHelp() throws {
    for command in AppOnlineCommands.all {
      let result = try ProgramRun.result([command.name, "--help"], group: "app")
      #expect(result.status == 0 && result.output.contains(command.summary), "\(command.name)")
    }
  }

  /// A file is read beside its manifest, and sent before the resource is.
  @Test func manifestsWithFiles() throws {
    let scratch = try Scratch()
    let module = scratch.path + "/lamp.wasm"
    try Data([0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]).write(to: URL(fileURLWithPath: module))
    let path = try scratch.write("lamp.yaml", "kind: App\nmetadata: {name: lamp}\nspec: {source: {file: lamp.wasm}}\n")
    let manifest = try #require(try Manifest.load([path]).first)
    #expect(manifest.app?.bytes == [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0] && manifest.app?.path == module)
    // Nothing is read to delete what it names.
    #expect(try Manifest.load([path], readsSources: false).first?.app == nil)
    let missing = try scratch.write(
      "none.yaml", "kind: App\nmetadata: {name: lamp}\nspec:\n  source: {file: none.wasm}\n")
    #expect { try Manifest.load([missing]) } throws: { "\($0)".contains("none.yaml:4:") }
  }
}
