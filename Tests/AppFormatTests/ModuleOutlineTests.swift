import AppFormat
import Bytes
import PythonPeer
import Testing

@Suite struct ModuleOutlineTests {
  @Test func partsAreFound() throws {
    let outline = try ModuleOutline(sampleModule)
    #expect(outline.sections.map(\.id) == [1, 2, 3, 5, 7, 10, 0])
    #expect(!outline.isOutOfOrder)
    #expect(
      outline.imports.map { "\($0.module).\($0.name)" } == [
        "env.storage_read", "env.memory", "env.table", "env.global",
      ])
    #expect(outline.imports[0].kind == .function(.init([.i32, .i64], [.i32])))
    #expect(outline.imports[1].kind == .memory(.init(min: 1, max: 16)))
    #expect(outline.memories == [.init(min: 2, max: nil)])
    #expect(outline.exports.map(\.name) == ["main", "memory"])
    #expect(outline.exports.map(\.kind) == [.function, .memory])
    let note = try #require(outline.custom("note"))
    #expect(Array(sampleModule[note.contents]) == [1, 2, 3])
    #expect(outline.identity == SHA256.digest(sampleModule))
  }

  @Test func headersAreChecked() {
    for (bytes, error): ([UInt8], AppFormatError) in [
      ([], .notAModule), (Array(sampleModule[..<7]), .notAModule), ([0x7F] + sampleModule.dropFirst(), .notAModule),
      ([0, 0x61, 0x6F, 0x74, 1, 0, 0, 0], .aheadOfTimeImage),
      ([0, 0x61, 0x73, 0x6D, 13, 0, 1, 0], .moduleVersion(65549)),
    ] { #expect(throws: error) { try ModuleOutline(bytes) } }
  }

  @Test func sectionsStayWithinTheBytes() throws {
    let header = Array(sampleModule[..<8])
    _ = try ModuleOutline(header)
    #expect(throws: AppFormatError.truncated(offset: 9)) { try ModuleOutline(header + [1]) }
    #expect(throws: AppFormatError.truncated(offset: 9)) { try ModuleOutline(header + [1, 3, 0, 0]) }
    #expect(throws: AppFormatError.truncated(offset: 9)) {
      try ModuleOutline(header + [0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F])
    }
    #expect(throws: AppFormatError.invalidNumber(offset: 9)) {
      try ModuleOutline(header + [0, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F])
    }
    #expect(throws: AppFormatError.invalidNumber(offset: 9)) {
      try ModuleOutline(header + [0, 0x80, 0x80, 0x80, 0x80, 0x80, 0])
    }
    #expect(throws: AppFormatError.sectionSize(offset: 8)) { try ModuleOutline(header + [1, 2, 0, 0]) }
    #expect(throws: AppFormatError.invalidText(offset: 11)) { try ModuleOutline(header + [0, 2, 1, 0xFF]) }
    #expect(throws: AppFormatError.invalidKind(0x50, offset: 11)) { try ModuleOutline(header + [1, 2, 1, 0x50]) }
    #expect(throws: AppFormatError.invalidKind(255, offset: 8)) { try ModuleOutline(header + [255, 0]) }
    #expect(throws: AppFormatError.invalidIndex(3, offset: 15)) {
      try ModuleOutline(header + [2, 7, 1, 1, 0x61, 1, 0x62, 0, 3])
    }
  }

  @Test func anotherOrderIsNoted() throws {
    let header = Array(sampleModule[..<8])
    #expect(try ModuleOutline(header + [5, 1, 0, 1, 1, 0]).isOutOfOrder)
    #expect(try ModuleOutline(header + [1, 1, 0, 1, 1, 0]).isOutOfOrder)
    // The count of data segments (12) stands between elements and code, tags (13) behind memories.
    #expect(
      try !ModuleOutline(header + [5, 1, 0, 13, 1, 0, 6, 1, 0, 9, 1, 0, 12, 1, 0, 10, 1, 0, 11, 1, 0]).isOutOfOrder)
  }

  @Test func aManifestIsReplaced() throws {
    let manifest = Array(sampleManifest.utf8)
    let once = try AppManifest.embed(manifest, in: sampleModule)
    let other = Array(#"{"name":"other"}"#.utf8)
    let twice = try AppManifest.embed(other, in: once)
    #expect(try AppManifest.embed(manifest, in: twice) == once)
    // Section 0, size, length of the name (15), name, JSON to the end of the section.
    let start = sampleModule.count
    #expect(twice[start..<start + 3].elementsEqual([0, UInt8(16 + other.count), 15]))
    #expect(Array(twice[(start + 3)...]) == Array(".akira.manifest".utf8) + other)
    let outline = try ModuleOutline(twice)
    #expect(outline.custom("note") != nil)
    #expect(try AppManifest.embedded(in: twice, outline)?.name == "other")
    #expect(try AppManifest.embedded(in: sampleModule, ModuleOutline(sampleModule)) == nil)
  }

  @Test func whatIsInTheBinaryWinsCompletely() throws {
    let inside = try AppManifest.embed(Array(#"{"capabilities":["timer"]}"#.utf8), in: sampleModule)
    let beside = Array(#"{"capabilities":["*"],"memory_quota":9}"#.utf8)
    let (manifest, isEmbedded) = try AppManifest.effective(module: inside, ModuleOutline(inside), sidecar: beside)
    #expect(isEmbedded)
    #expect(manifest.capabilities == ["timer"])
    #expect(manifest.memoryQuota == 0)
    let (outside, _) = try AppManifest.effective(module: sampleModule, ModuleOutline(sampleModule), sidecar: beside)
    #expect(outside.capabilities == ["*"])
    let (none, _) = try AppManifest.effective(module: sampleModule, ModuleOutline(sampleModule), sidecar: nil)
    #expect(none == AppManifest())
    #expect(throws: AppFormatError.manifestTooLarge(bytes: 512, bytesMax: 511)) {
      let long = Array("{\(String(repeating: " ", count: 510))}".utf8)
      return try AppManifest.effective(module: sampleModule, ModuleOutline(sampleModule), sidecar: long).isEmbedded
    }
  }

  @Test func damagedModulesAreRefusedOrRead() throws {
    var random = SeededNumbers.forTest(#function)
    let sound = try AppManifest.embed(Array(sampleManifest.utf8), in: sampleModule)
    var read = 0
    for _ in 0..<5000 {
      let bytes = random.damage(sound)
      do throws(AppFormatError) {
        let outline = try ModuleOutline(bytes)
        read += 1
        #expect(outline.sections.allSatisfy { $0.contents.upperBound <= bytes.count })
        _ = try AppManifest.embedded(in: bytes, outline)
      } catch {
        #expect(error.errno < 0)
      }
    }
    print("damagedModulesAreRefusedOrRead: \(read) of 5000 were read")
  }
}
