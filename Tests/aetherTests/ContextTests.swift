import Bytes
import Foundation
import JSON
import Model
import Testing

@testable import aether

/// One after the other: they share the variable that names the file.
@Suite(.serialized) struct ContextTests {
  private let scratch: Scratch
  private var file: String { scratch.path + "/folder/config.yaml" }

  init() throws {
    scratch = try Scratch()
    setenv("AETHER_CONFIG", scratch.path + "/folder/config.yaml", 1)
  }

  private func write(_ text: String) throws {
    try FileManager.default.createDirectory(atPath: scratch.path + "/folder", withIntermediateDirectories: true)
    try text.write(toFile: file, atomically: false, encoding: .utf8)
  }

  @Test func keepsWhatWasSaved() throws {
    var contexts = try ContextFile.load()
    #expect(contexts.contexts.isEmpty && contexts.current == nil)
    let all = [
      Context(name: "local", server: "https://127.0.0.1:7443", authority: "/a b/ca.pem", token: "e.y.J"),
      Context(name: "null", server: "https://[::1]:1", developmentUser: "yes"),
      Context(name: "0x1: #\n\"é", server: "http://h", token: "-"),
    ]
    for context in all { contexts.put(context) }
    contexts.current = "null"
    try contexts.save()
    #expect(try ContextFile.load() == contexts)
    #expect(try ContextFile.load().contexts == all)
    contexts.put(Context(name: "local", server: "https://other"))
    try contexts.save()
    #expect(try ContextFile.load().contexts.map(\.server) == ["https://other", "https://[::1]:1", "http://h"])
    // Tokens are in it.
    let attributes = try FileManager.default.attributesOfItem(atPath: file)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/folder") == ["config.yaml"])
  }

  private func refusal(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "accepted"
    } catch { return (error as? APIError)?.message.replacing(scratch.path + "/folder/", with: "") ?? "\(error)" }
  }

  @Test func saysWhatIsWrongWithTheFile() throws {
    for (text, message) in [
      ("contexts: [", "config.yaml:1:"), ("contexts: []\ncolour: red", "config.yaml: colour "),
      ("contexts:\n- {name: a}", "config.yaml: contexts[0].server "), ("contexts: 7", "config.yaml: contexts "),
      ("contexts:\n- {name: a, server: b, extra: c}", "config.yaml: contexts[0].extra "), ("[]", "config.yaml: "),
    ] {
      try write(text)
      let refusal = refusal { _ = try ContextFile.load() }
      #expect(refusal.hasPrefix(message), "\(text): \(refusal)")
    }
    try write("")
    #expect(try ContextFile.load().contexts.isEmpty)
  }

  @Test func saysWhichContextsThereAre() throws {
    var contexts = try ContextFile.load()
    #expect(refusal { _ = try contexts.require(nil) } == "no context is set; `aether login` makes one")
    #expect(refusal { _ = try contexts.require("a") } == "there is no context \"a\"; there are: none")
    contexts.put(Context(name: "b", server: "https://b"))
    contexts.put(Context(name: "c", server: "https://c"))
    #expect(refusal { _ = try contexts.require("a") } == "there is no context \"a\"; there are: b, c")
    contexts.current = "c"
    #expect(try contexts.require(nil).name == "c")
    #expect(try contexts.require("b").name == "b")
  }

  @Test func expiryOfTokensIsOnlyRead() throws {
    func token(_ claims: JSON) -> String { "h.\(Base64.encode(claims.bytes(), .url)).s" }
    #expect(APIClient.expiry(of: token(["exp": 1000])) == Timestamp(milliseconds: 1_000_000))
    for odd in [
      "", "a.b", "a.!.c", token(["exp": .integer(.max)]), token(["exp": "soon"]), token([]), "a.b.c.d",
      token(["exp": .integer(.min)]),
    ] {
      #expect(APIClient.expiry(of: odd) == nil, "\(odd)")
    }
  }
}

@Suite struct ExecTests {
  @Test func endsAsTheCommandDid() throws {
    #expect(try ExecCommand.status(of: ["code": 0]) == 0)
    #expect(try ExecCommand.status(of: ["code": 255]) == 255)
    #expect(try ExecCommand.status(of: ["signal": 9]) == 137)
    #expect(try ExecCommand.status(of: ["code": .null, "signal": 15]) == 143)
    // Nothing that makes sense is no success.
    #expect(try ExecCommand.status(of: [:]) == 1)
    #expect(try ExecCommand.status(of: ["signal": .integer(.max)]) == 255)
    #expect(throws: APIError(.notFound, "gone")) {
      try ExecCommand.status(of: ["error": ["code": "NOT_FOUND", "message": "gone"]])
    }
  }
}
