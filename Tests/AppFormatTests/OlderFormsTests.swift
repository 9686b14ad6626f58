import JSON
import PythonPeer
import Testing

@testable import AppFormat

/// Manifests of older lines: TOML, and the custom section of images of machine code.
@Suite struct OlderFormsTests {
  // MARK: TOML

  static let whole = """
    # An app of the first line
    [app]
    name = "weather"
    version = '1.2.3'
    author = "A \\"B\\" C"
    email = "a@b"
    description = "Shows the weather"
    binary = "weather.wasm"
    auto_start = true
    auto_restart = true
    priority = 0

    [capabilities]
    display.write = true
    "sensor.read" = true
    network.http = false   # not this one

    [resources]
    heap_kb = 1_28
    stack_kb = 64
    storage_quota_kb = 512
    tags = ["a", 'b', 3, [true, false], ]

    [signature]
    algorithm = "ed25519"
    signature = "AAAA"
    """

  @Test func manifestsInTOMLAreRead() throws {
    let legacy = try LegacyManifest(Array(Self.whole.utf8))
    #expect(legacy.signatureAlgorithm == "ed25519")
    let manifest = try AppManifest(json: JSON.object(legacy.json).bytes())
    #expect(manifest.name == "weather" && manifest.version == "1.2.3" && manifest.author == "A \"B\" C")
    #expect(manifest.capabilities == ["display.write", "sensor.read"])
    #expect(manifest.isAutostarted && manifest.restart.isEnabled && manifest.priority == 1)
    #expect(manifest.heapKilobytes == 128 && manifest.stackKilobytes == 64)
    #expect(try LegacyManifest([]).json["capabilities"] == [])
    #expect(try LegacyManifest(Array("[app]\r\nname = \"x\"\r\n".utf8)).json["name"] == "x")
  }

  @Test(arguments: [
    ("[app", 1, "]"), ("[app]\nname", 2, "="), ("\n\nname = ", 3, "value"), ("a = \"b", 1, "end"),
    ("[app]\nname = 5", 2, "text"), ("[app]\nauto_start = 1", 2, "true or false"),
    ("[app]\npriority = 11", 2, "0 to 10"), ("[capabilities]\nx = \"y\"", 2, "true or false"),
    ("a = 1\na = 2", 2, "twice"), ("a = 1 2", 1, "nothing"), ("[[app]]", 1, "tables"), ("a = 1.5x", 1, "number"),
    ("a = \"\\q\"", 1, "backslash"), ("a = [1 2]", 1, "]"), ("= 1", 1, "key"), ("a = \"\"\"b", 1, "end"),
  ]) func wrongLinesAreNamed(_ text: String, _ line: Int, _ reason: String) throws {
    do throws(AppFormatError) {
      _ = try LegacyManifest(Array(text.utf8))
      Issue.record("accepted: \(text)")
    } catch {
      guard case .manifestLine(let found, let said) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(found == line && said.contains(reason), "\(text): \(error)")
    }
  }

  @Test func fieldsFollowTheRulesOfToday() {
    #expect(throws: AppFormatError.self) {
      try LegacyManifest(Array("[app]\nname = \"\(String(repeating: "x", count: 32))\"".utf8))
    }
    #expect(throws: AppFormatError.self) { try LegacyManifest([UInt8](repeating: 0x23, count: 65537)) }
    #expect(throws: AppFormatError.invalidText(offset: 0)) { try LegacyManifest([0xFF]) }
  }

  // MARK: Images

  private func image(_ sections: [(type: Int, body: [UInt8])]) -> [UInt8] {
    var bytes: [UInt8] = [0x00, 0x61, 0x6F, 0x74, 3, 0, 0, 0]
    for section in sections {
      while bytes.count % 4 != 0 { bytes.append(0) }
      bytes += number(section.type, 4) + number(section.body.count, 4) + section.body
    }
    return bytes
  }

  private func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 0xFF) } }

  private func custom(_ name: String, _ contents: String, subType: Int = 0, hasZero: Bool = false) -> [UInt8] {
    let name = Array(name.utf8) + (hasZero ? [0] : [])
    return number(subType, 4) + number(name.count, 2) + name + Array(contents.utf8)
  }

  @Test(arguments: [false, true]) func manifestsInImagesAreRead(_ hasZero: Bool) throws {
    let bytes = image([
      (0, [1, 2, 3]), (100, custom("other", "{")), (100, custom(".akira.manifest", "{", subType: 1)),
      (100, custom(".akira.manifest", #"{"name": "first"}"#, hasZero: hasZero)),
      (100, custom(".akira.manifest", #"{"name": "second"}"#)), (5, [9]),
    ])
    #expect(try AppManifest.embedded(inImage: bytes)?.name == "first")
    #expect(try AheadOfTimeImage(bytes).sections.map(\.type) == [0, 100, 100, 100, 100, 5])
    #expect(try AppManifest.embedded(inImage: image([(0, [1])])) == nil)
    #expect(try AppManifest.embedded(inImage: image([])) == nil)
    #expect(AheadOfTimeImage.begins(bytes))
  }

  @Test func cutImagesAreRefused() throws {
    let bytes = image([(0, [1, 2, 3, 4]), (100, custom(".akira.manifest", #"{"name": "x"}"#))])
    #expect(throws: AppFormatError.self) { try AppManifest.embedded(inImage: Array(bytes.dropLast())) }
    #expect(throws: AppFormatError.notAModule) { try AheadOfTimeImage(Array(bytes[..<7])) }
    #expect(throws: AppFormatError.notAModule) { try AheadOfTimeImage(ModuleOutline.magic + [1, 0, 0, 0]) }
    for body in [[0, 0], number(0, 4), number(0, 4) + [1], number(0, 4) + number(9, 2) + [65]] {
      #expect(throws: AppFormatError.self) { try AheadOfTimeImage(image([(100, body)])) }
    }
  }

  // MARK: Random changes

  @Test func changedBytesNeverCrash() throws {
    var random = SeededNumbers.forTest("changed manifests of older lines")
    let seeds = [
      Array(Self.whole.utf8),
      image([(0, [1, 2, 3]), (100, custom(".akira.manifest", #"{"name": "x", "capabilities": []}"#)), (5, [9])]),
    ]
    for _ in 0..<4000 {
      var bytes = seeds[Int(random.next() % 2)]
      for _ in 0..<(1 + random.next() % 6) where !bytes.isEmpty {
        let position = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 4 {
        case 0: bytes.removeSubrange(position..<min(bytes.count, position + Int(random.next() % 8)))
        case 1: bytes[position] ^= 1 << UInt8(random.next() % 8)
        case 2: bytes.insert(contentsOf: Array("[]\"'=#.\n\\".utf8).shuffled(using: &random).prefix(2), at: position)
        default: bytes[position] = UInt8(truncatingIfNeeded: random.next())
        }
      }
      _ = try? LegacyManifest(bytes)
      _ = try? AppManifest.embedded(inImage: bytes)
    }
  }
}
