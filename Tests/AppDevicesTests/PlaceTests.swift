import Testing

@testable import AppDevices

@Suite struct FontTests {
  @Test func hasEveryCharacter() {
    #expect(FontTable.glyphs.count == 96)
    #expect(FontTable.glyphs.allSatisfy { $0.count == FontTable.rows })
  }
}
