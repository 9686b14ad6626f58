import AppFormat
import Foundation
import JSON
import Testing

@testable import aether

/// `aether app`: from nothing to a signed package, and what is said when something is wrong.
@Suite struct AppCommandTests {
  private func run(_ arguments: [String]) throws -> ProgramRun.Result {
    try ProgramRun.result(arguments, group: "app")
  }

  private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

  @Test func fromNothingToASignedPackage() throws {
    let scratch = try Scratch()
    let folder = scratch.path + "/hello"
    let made = try run(["new", "hello", "--lang", "c", "--folder", folder])
    #expect(made.status == 0 && made.output.contains("main.c") && made.output.contains("app.json"), "\(made.errors)")
    #expect(try run(["new", "hello", "--folder", folder]).status == 3)

    let built = try run(["build", folder])
    #expect(built.status == 0 && built.output.contains("hello.wasm: ") && built.errors.isEmpty, "\(built.errors)")
    let module = folder + "/build/hello.wasm"
    let shown = try run(["inspect", module])
    #expect(shown.status == 0 && shown.output.contains("env.settings_get") && !shown.output.contains("warning"))

    let key = scratch.path + "/dev.pem"
    #expect(try run(["keygen", key]).output == "\(key)\n\(key).pub\n")
    #expect(try run(["keygen", key]).status == 3)
    #expect(try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int == 0o600)
    let signed = try run(["sign", "--key", key, module])
    #expect(signed.status == 0 && signed.output.contains("hello.akpkg"), "\(signed.errors)")
    let package = folder + "/build/hello.akpkg"
    #expect(try AppPackage(bytes(package)).signatures.map(\.algorithm) == [.ed25519])

    let trusted = try run(["inspect", package, "--key", key + ".pub", "-o", "json"])
    #expect(trusted.status == 0, "\(trusted.errors)")
    let json = try JSON.parse(Array(trusted.output.utf8))
    #expect(json["form"] == "package" && json["trusted"] == true && json["name"] == "hello" && json["abi"] == "1.0")
    #expect(json["warnings"] == [] && json["capabilities"]?["missing"] == [])
    // Another key did not sign it.
    let other = scratch.path + "/other.pem"
    #expect(try run(["keygen", other, "--type", "rsa2048"]).status == 0)
    #expect(try run(["inspect", package, "--key", other + ".pub"]).status == 3)
    #expect(try run(["sign", package, "-k", other, "--output", scratch.path + "/both.akpkg"]).status == 0)
    #expect(try AppPackage(bytes(scratch.path + "/both.akpkg")).signatures.count == 2)
  }

  @Test func capabilitiesThatAreMissingOrUnneededAreSaid() throws {
    let scratch = try Scratch()
    try scratch.write("app.json", #"{"name": "m", "capabilities": ["mqtt", "sorcery"]}"#)
    try scratch.write("main.c", "#include \"aether_app.h\"\nint32_t main(void) { return display_clear(0); }\n")
    let built = try run(["build", scratch.path, "-o", "json"])
    #expect(built.status == 0, "\(built.errors)")
    let json = try JSON.parse(Array(built.output.utf8))
    #expect(json["missing"] == ["display.write"] && json["unneeded"] == ["mqtt"])
    for word in ["missing capabilities: display.write (for display_clear)", "unneeded capabilities: mqtt", "sorcery"] {
      #expect(built.errors.contains(word), "\(built.errors)")
    }
  }

  @Test func packagesTakeOtherManifests() throws {
    let scratch = try Scratch()
    try scratch.write("app.json", #"{"name": "m"}"#)
    try scratch.write("main.c", "int main(void) { return 0; }\n")
    let module = scratch.path + "/m.wasm"
    #expect(try run(["build", scratch.path, "--output", module]).status == 0)
    let toml = try scratch.write("manifest.akapp", "[app]\nname = \"older\"\n[capabilities]\ntimer = true\n")
    let icon = try scratch.write("icon.bmp", "BM")
    let packed = try run(["pack", module, "--manifest", toml, "--icon", icon])
    #expect(packed.status == 0 && packed.output.contains("not signed"), "\(packed.errors)")
    let package = try AppPackage(bytes(scratch.path + "/m.akpkg"))
    #expect(package.icon == Array("BM".utf8))
    #expect(try AppManifest(json: package.manifest).capabilities == ["timer"])
    let inspected = try run(["inspect", scratch.path + "/m.akpkg"])
    #expect(inspected.output.contains("unneeded capabilities: timer") && inspected.output.contains("none"))
  }

  @Test func wrongFilesAreNamed() throws {
    let scratch = try Scratch()
    let text = try scratch.write("x.wasm", "no module")
    for arguments in [["inspect", text], ["pack", text], ["build", scratch.path], ["sign", text, "--key", text]] {
      let result = try run(arguments)
      #expect(
        result.status == 3 && result.errors.hasPrefix("aether: \(scratch.path)"), "\(arguments): \(result.errors)")
    }
    #expect(try run(["sign", text]).status == 2)
    #expect(try run(["new"]).status == 2)
    #expect(try run(["new", "x", "--lang", "cobol"]).status == 2)
    #expect(try run(["new", "../x"]).status == 3)
    #expect(try run(["--help"]).output.contains("keygen"))
  }
}
