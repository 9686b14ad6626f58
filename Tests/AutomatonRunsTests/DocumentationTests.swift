import Foundation
import Testing

/// Everything that docs/automata.md shows is what runs give.
///
/// `AETHER_UPDATE=1` writes into the page what they give now; look at the difference before it is committed.
@Suite struct DocumentationTests {
  private static let page =
    ProcessInfo.processInfo.environment["AETHER_PAGE"]
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("docs/automata.md").path
  private static let isUpdating = ProcessInfo.processInfo.environment["AETHER_UPDATE"] == "1"

  @Test func examplesGiveWhatThePageSays() throws {
    let page = try DocumentationPage(try String(contentsOfFile: Self.page, encoding: .utf8))
    #expect(page.runs.count >= 12)
    var results: [Int: [String]] = [:]
    for (index, example) in page.runs.enumerated() {
      do {
        var run = try DocumentationRun(example, of: page)
        results[index] = try run.result(page)
      } catch {
        Issue.record("line \(example.start): \(error)")
        continue
      }
      if Self.isUpdating { continue }
      #expect(results[index] == example.expected, "line \(example.start): \(example.commands[0])")
    }
    if Self.isUpdating { try page.text(with: results).write(toFile: Self.page, atomically: true, encoding: .utf8) }
  }
}
