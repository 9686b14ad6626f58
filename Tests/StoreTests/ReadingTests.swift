import JSON
import Model
import Testing

@testable import Store

@Suite struct ReadingTests {
  let scratch = Scratch()

  @Test func listsByKindOwnerAndLabel() async throws {
    let store = try ResourceStore(path: "\(scratch.path)/db")
    for (index, owner) in ["ada", "bob", "b\u{0}", "b"].enumerated() {
      for name in ["x", "y/1", "y"] {
        try await store.create(
          resource(name, owner: owner, labels: ["tier": name == "x" ? "web" : "db", "n": "\(index)"]))
      }
      try await store.create(resource("x", owner: owner, kind: "Process", labels: ["tier": "web"]))
    }
    func names(_ page: ResourcePage) -> [String] { page.items.map { "\($0.metadata.owner):\($0.metadata.name)" } }
    func list(_ owner: String?, _ selector: String?) async throws -> [String] {
      let selector = try selector.map { try LabelSelector($0) }
      let whole = try await store.list(kind: "Cell", owner: owner, selector: selector)
      #expect(whole.continue == nil)
      #expect(whole.revision == store.revision)
      // The same in pages of every size.
      for limit in 1...4 {
        var items: [String] = []
        var next: String?
        repeat {
          let page = try await store.list(kind: "Cell", owner: owner, selector: selector, limit: limit, continue: next)
          #expect(page.items.count <= limit)
          items += names(page)
          next = page.continue
        } while next != nil
        #expect(items == names(whole))
      }
      return names(whole)
    }
    #expect(
      try await list(nil, nil) == [
        "ada:x", "ada:y", "ada:y/1", "b:x", "b:y", "b:y/1", "b\u{0}:x", "b\u{0}:y", "b\u{0}:y/1", "bob:x", "bob:y",
        "bob:y/1",
      ])
    #expect(try await list("b", nil) == ["b:x", "b:y", "b:y/1"])
    #expect(try await list(nil, "tier=web") == ["ada:x", "b:x", "b\u{0}:x", "bob:x"])
    #expect(try await list("bob", "tier=db") == ["bob:y", "bob:y/1"])
    #expect(try await list("bob", "tier!=db,n") == ["bob:x"])
    #expect(try await list(nil, "tier=db,n=0") == ["ada:y", "ada:y/1"])
    #expect(try await list(nil, "tier=none") == [])
    #expect(try await list(nil, "!tier") == [])
    #expect(try await list("nobody", nil) == [])
  }

  @Test func pagesBelongToTheirList() async throws {
    let store = try ResourceStore(path: "\(scratch.path)/db")
    for index in 0..<3 { try await store.create(resource("n\(index)")) }
    let page = try await store.list(kind: "Cell", limit: 1)
    let next = try #require(page.continue)
    try await store.delete(key("n0"))
    let rest = try await store.list(kind: "Cell", limit: 5, continue: next)
    #expect(rest.items.map(\.metadata.name) == ["n1", "n2"])
    #expect(rest.revision == 3)
    let wrong = StoreError.invalid(
      field: "continue", problem: "is not from this list", accepted: "the text that the page before gave")
    await expect(wrong) { _ = try await store.list(kind: "Process", continue: next) }
    await expect(wrong) { _ = try await store.list(kind: "Cell", owner: "ada", continue: next) }
    var generator = SeededGenerator(seed: SeededGenerator.seed())
    for _ in 0..<500 {
      var bytes = Array(next.utf8)
      for _ in 0...Int.random(in: 0...3, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...127, using: &generator)
      }
      bytes.removeLast(Int.random(in: 0...4, using: &generator))
      do { _ = try await store.list(kind: "Cell", continue: String(decoding: bytes, as: UTF8.self)) } catch {
        guard case StoreError.invalid = error else { throw error }
      }
    }
  }

  @Test func codecsKeepEverythingAndRefuseTheRest() throws {
    var full = resource("a/b", owner: "ö\u{0}", labels: ["a": "", "b": "c"], finalizers: ["f", "g"])
    full.metadata.annotations = ["note": "\u{1F600}"]
    full.metadata.uid = "u"
    full.metadata.generation = 3
    full.metadata.revision = .max
    full.metadata.createdAt = Timestamp(milliseconds: -1)
    full.metadata.deletedAt = Timestamp(milliseconds: 7)
    full.spec = [
      "null": nil, "yes": true, "no": false, "int": .integer(.min), "double": 0.1, "text": "\"",
      "list": [1, [], "x", [:]],
      "object": ["b": 1, "a": 2],
    ]
    let bytes = ResourceCodec.encode(full)
    let back = try ResourceCodec.decode(bytes)
    #expect(back == full)
    #expect(ResourceCodec.encode(back) == bytes)
    let change = Change(
      type: .updated, resource: full, previousLabels: ["x": "y"], committedAt: Timestamp(milliseconds: 12), byteCount: 0
    )
    let changeBytes = ChangeCodec.encode(change, resource: bytes)
    let changeBack = try ChangeCodec.decode(changeBytes)
    #expect(changeBack.resource == full)
    #expect(changeBack.previousLabels == ["x": "y"])
    #expect(changeBack.type == .updated)
    #expect(ChangeCodec.committedAt(changeBytes) == Timestamp(milliseconds: 12))
    for length in 0..<changeBytes.count {
      #expect(throws: DecodingFault.self) { try ChangeCodec.decode(Array(changeBytes[..<length])) }
    }
    var generator = SeededGenerator(seed: SeededGenerator.seed())
    for _ in 0..<5000 {
      var mutated = changeBytes
      for _ in 0...Int.random(in: 0...4, using: &generator) {
        mutated[Int.random(in: 0..<mutated.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      _ = try? ChangeCodec.decode(mutated)
      _ = StoreKeys.parts(mutated)
    }
  }

  @Test func keysOrderAsTheirStrings() {
    let words = ["", "\u{0}", "\u{0}\u{0}", "a", "a\u{0}", "a\u{0}b", "a\u{1}", "aa", "b", "é", "\u{10FFFF}"]
    func less(_ left: [UInt8], _ right: [UInt8]) -> Bool { left.lexicographicallyPrecedes(right) }
    for (first, left) in words.enumerated() {
      for (second, right) in words.enumerated() {
        #expect(less(StoreKeys.tuple(left, "k"), StoreKeys.tuple(right, "k")) == (first < second))
        let prefix = StoreKeys.tuple(left)
        let other = StoreKeys.tuple(right, "x", "y")
        let isInside = !less(other, prefix) && less(other, StoreKeys.end(ofPrefix: prefix))
        #expect(isInside == (first == second))
        #expect(StoreKeys.parts(other) == [right, "x", "y"])
      }
    }
  }
}
