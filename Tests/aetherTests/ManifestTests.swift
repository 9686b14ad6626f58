import Automata
import AutomatonFiles
import Bytes
import Foundation
import JSON
import Model
import Testing

@testable import aether

@Suite struct ManifestTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private let two = """
    # A cell, and what runs in it.
    kind: Cell
    metadata:
      name: hello
    spec:
      limits: {memory: 1Q}
    ---
    kind: Process
    metadata: {name: hello/web}
    spec:
      command: [/bin/true]
      environment:
        a.b/c: "1"
      ports:
        - port: 80
        - port: 0
    """

  @Test func readsDocumentsFilesAndFolders() throws {
    let file = try scratch.write("b.yaml", two)
    #expect(try Manifest.load([file]).map(\.name) == ["hello", "hello/web"])
    try scratch.write("a.yml", "kind: Cell\nmetadata: {name: first}\n---\n---\n# nothing\n")
    try scratch.write("c.json", #"{"kind": "Cell", "metadata": {"name": "last"}}"#)
    try scratch.write("notes.txt", "[")
    #expect(try Manifest.load([scratch.path]).map(\.name) == ["first", "hello", "hello/web", "last"])
    #expect(try Manifest.load([scratch.path]).map(\.kind) == ["Cell", "Cell", "Process", "Cell"])
  }

  @Test func aPlainAutomatonBecomesAResource() throws {
    let source = "config: {name: my_lamp.2}\nautomata: {states: {a: {}}}\n"
    let file = try scratch.write("lamp.yaml", source)
    let manifest = try #require(try Manifest.load([file]).first)
    #expect(manifest.kind == "Automaton" && manifest.name == "my-lamp-2")
    #expect(manifest.json["spec"]?["source"] == ["file": "lamp.yaml", "text": .string(source)])
    let error = APIError(
      .invalid, "spec.source: lamp.yaml:2:1: error: one\nlamp.yaml:2:9: error: two", field: "spec.source")
    #expect(located(error, [manifest]) == "lamp.yaml:2:1: error: one\nlamp.yaml:2:9: error: two")
    // Without a name it is called as its file; a system of automata is none itself.
    #expect(
      try Manifest.load([scratch.write("hall lamp.yaml", "automata: {states: {a: {}}}")]).first?.name == "hall-lamp")
    #expect(try Manifest.load([scratch.write("s.yaml", "system: {automata: {}}\nautomata: {}")]).first?.kind == "")
    #expect(Manifest.resourceName("--ä--") == "automaton")
  }

  private func refusal(_ paths: String...) -> String {
    do {
      _ = try Manifest.load(paths)
      return "accepted"
    } catch let error as APIError {
      return error.code == .invalid ? error.message.replacing(scratch.path + "/", with: "") : "\(error)"
    } catch { return "\(error)" }
  }

  @Test func saysWhatCannotBeRead() throws {
    #expect(refusal("\(scratch.path)/nothing.yaml") == "nothing.yaml: No such file or directory")
    #expect(refusal(try scratch.write("empty.yaml", "# nothing\n")) == "empty.yaml: no resources in there")
    #expect(refusal(try scratch.write("bad.yaml", "kind: Cell\nspec: [1,\n")).hasPrefix("bad.yaml:3:"))
    #expect(refusal(try scratch.write("twice.yaml", "kind: Cell\nkind: Cell\n")).hasPrefix("twice.yaml:2:1"))
    try FileManager.default.createDirectory(atPath: scratch.path + "/folder", withIntermediateDirectories: true)
    #expect(refusal(scratch.path + "/folder") == "folder: no resources in there")
  }

  private func located(_ error: APIError, _ manifests: [Manifest]) -> String {
    Manifest.located(error, in: manifests).message.replacing(scratch.path + "/", with: "")
  }

  @Test func errorsOfTheDaemonPointIntoTheFile() throws {
    let manifests = try Manifest.load([try scratch.write("two.yaml", two)])
    // As the API says it of one resource among several.
    func among(_ index: Int, _ field: String?, _ problem: String) -> APIError {
      APIError(
        .invalid, "[\(index)]: \(field.map { "\($0) " } ?? "")\(problem)",
        field: "[\(index)]" + (field.map { ".\($0)" } ?? ""))
    }
    #expect(
      located(among(0, "spec.limits.memory", "is \"1Q\""), manifests) == "two.yaml:6:12: spec.limits.memory is \"1Q\"")
    #expect(located(among(1, "spec.ports[1].port", "is 0"), manifests) == "two.yaml:16:7: spec.ports[1].port is 0")
    #expect(
      located(among(1, "spec.environment.a.b/c", "is bad"), manifests) == "two.yaml:13:5: spec.environment.a.b/c is bad"
    )
    // A field that is missing: the object that lacks it.
    #expect(located(among(1, "spec.user", "is missing"), manifests) == "two.yaml:10:1: spec.user is missing")
    #expect(located(among(1, nil, "no such kind"), manifests) == "two.yaml:8:1: no such kind")
    // Of the only resource.
    #expect(
      located(.invalid("spec.command", "is missing"), [manifests[1]]) == "two.yaml:11:3: spec.command is missing")
    // Not about a place in these files.
    for error in [
      APIError(.unavailable, "the store is away"), .invalid("dryRun", "is maybe"), among(7, "spec", "is odd"),
      APIError(.invalid, "odd", field: "[99999999999999999999].spec"), APIError(.invalid, "odd", field: "["),
    ] {
      #expect(Manifest.located(error, in: manifests) == error)
    }
  }

  /// A daemon may name any field; the answer is a place or the error as it is, never a crash.
  @Test func anyFieldMayBeNamed() throws {
    let seed = ProcessInfo.processInfo.environment["AETHER_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 32)
    print("anyFieldMayBeNamed: AETHER_SEED=\(seed)")
    var state = seed | 1
    func next(_ count: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state >> 33) % count
    }
    let manifests = try Manifest.load([try scratch.write("two.yaml", two)])
    let parts = [
      "[", "]", ".", "0", "1", "-1", "18446744073709551616", "spec", "ports", "\"", "é", " ", "", "a.b/c", "\0",
    ]
    for _ in 0..<5000 {
      let field = (0..<next(8)).map { _ in parts[next(parts.count)] }.joined()
      let message = (0..<next(4)).map { _ in parts[next(parts.count)] }.joined()
      let error = Manifest.located(APIError(.invalid, message, field: field), in: manifests)
      #expect(error.code == .invalid)
    }
  }

  /// The file that a manifest names is read here and sent: text with its lines, everything else as an artifact.
  @Test func sourcesAreReadBesideTheManifest() throws {
    let text = "config: {name: lamp}\nautomata: {states: {a: {}}}\n"
    _ = try scratch.write("lamp.yaml", text)
    let manifest = "kind: Automaton\nmetadata: {name: hall}\nspec:\n  tick: 10ms\n  source: {file: lamp.yaml}\n"
    let file = try scratch.write("hall.yaml", manifest)
    let read = try #require(try Manifest.load([file]).first)
    #expect(read.json["spec"]?["source"] == ["file": "lamp.yaml", "text": .string(text)])
    #expect(read.json["spec"]?["tick"] == "10ms")
    let error = APIError(.invalid, "spec.source: lamp.yaml:2:1: error: one", field: "spec.source")
    #expect(located(error, [read]) == "lamp.yaml:2:1: error: one")
    // Nothing is read for deleting.
    #expect(try Manifest.load([file], readsSources: false).first?.json["spec"]?["source"] == ["file": "lamp.yaml"])

    let model = try AutomatonFile.load(Array(text.utf8)).automaton
    let artifact = Artifact(kind: .model, label: [], payload: ModelCodec.encode(model)).encode()
    try Data(artifact).write(to: URL(fileURLWithPath: scratch.path + "/lamp.aeth"))
    let binary = try scratch.write("binary.yaml", manifest.replacing("lamp.yaml", with: "lamp.aeth"))
    #expect(
      try Manifest.load([binary]).first?.json["spec"]?["source"]
        == ["file": "lamp.aeth", "artifact": .string(Base64.encode(artifact))])

    for (name, message) in [
      ("none.yaml", "m.yaml:5:12: spec.source.file cannot be read: none.yaml: No such file or directory"),
      ("bad.yaml", "bad.yaml:2:11: error: automata needs \"states\""),
    ] {
      _ = try scratch.write("bad.yaml", "config: {name: x}\nautomata: {stats: {}}\n")
      let path = try scratch.write("m.yaml", manifest.replacing("lamp.yaml", with: name))
      do {
        _ = try Manifest.load([path])
        Issue.record("read \(name)")
      } catch let error as APIError {
        let found = error.message.replacing(scratch.path + "/", with: "")
        #expect(found.hasPrefix(message), "\(found)")
      }
    }
  }

  @Test func whatDeleteMeans() throws {
    let kinds = [try OutputTests.kind()]
    let file = try scratch.write(
      "d.yaml",
      "kind: Cell\nmetadata: {name: a}\n---\nmetadata:\n  name: b\n---\nkind: Celll\n---\nkind: Cell\nmetadata: {}\n")
    let manifests = try Manifest.load([file])
    let target = try manifests[0].target(among: kinds)
    #expect(target.kind.plural == "cells" && target.name == "a")
    for (index, message) in [
      (1, "d.yaml:4:1: kind is missing"), (2, "d.yaml:7:1: kind is \"Celll\"; accepted: Cell"),
      (3, "d.yaml:10:1: metadata.name is missing"),
    ] {
      do {
        _ = try manifests[index].target(among: kinds)
        Issue.record("accepted \(index)")
      } catch { #expect(error.message.replacing(scratch.path + "/", with: "") == message) }
    }
  }
}
