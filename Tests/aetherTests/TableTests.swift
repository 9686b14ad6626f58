import JSON
import Model
import Testing

@testable import aether

@Suite struct TableTests {
  @Test func columnsAreAsWideAsTheirWidestCell() {
    var table = Table(["NAME", "PHASE", "MESSAGE"])
    table.add(["a", "Running", "fine"])
    table.add(["a-long-name", "", "x y"])
    #expect(
      table.text == """
        NAME         PHASE    MESSAGE
        a            Running  fine
        a-long-name  -        x y

        """)
    #expect(Table(["NAME", "PHASE"]).text == "NAME  PHASE\n")
  }

  @Test(
    arguments: [
      (0, "0"), (1023, "1023"), (1024, "1Ki"), (1536, "1.5Ki"), (10 * 1024 + 512, "11Ki"), (1_048_575, "1Mi"),
      (1_048_576, "1Mi"), (134_217_728, "128Mi"), (Int64.max, "8388608Ti"),
    ] as [(Int64, String)])
  func bytes(_ count: Int64, _ text: String) { #expect(Readable.bytes(count) == text) }

  @Test(
    arguments: [(0, "0m"), (1, "1m"), (999, "999m"), (1000, "1"), (1500, "1.5"), (64_000, "64")] as [(Int64, String)])
  func cpu(_ millicores: Int64, _ text: String) { #expect(Readable.cpu(millicores) == text) }

  @Test(
    arguments: [
      (-5, "0s"), (0, "0s"), (59, "59s"), (60, "1m"), (312, "5m12s"), (3600, "1h"), (3660, "1h1m"), (3601, "1h"),
      (36_061, "10h"), (273_600, "3d4h"), (8_640_000, "100d"),
    ] as [(Int, String)])
  func age(_ seconds: Int, _ text: String) { #expect(Readable.age(.seconds(seconds)) == text) }

  @Test func textFromElsewhereCannotSteerTheTerminal() {
    #expect(Readable.line("a\u{1B}[2Jb\r\u{9B}31m\u{7}") == "a[2Jb31m")
    #expect(Readable.line("two\nlines\tand a tab") == "two\\nlines and a tab")
    #expect(Readable.line("abc\u{202E}txt.exe\u{2066}") == "abctxt.exe")
    #expect(Readable.line(String(repeating: "x", count: 500)).count == 120)
    #expect(Readable.whole(String(repeating: "x", count: 500)).count == 500)
    #expect(Readable.plain("a\nb\u{1B}") == "a\nb")
    // Emoji of several scalars, and scripts written from the right, stay as they are.
    #expect(Readable.line("👩‍👩‍👧 שלום") == "👩‍👩‍👧 שלום")
  }

  @Test func cellsOfResources() throws {
    let resource: JSON = [
      "metadata": ["name": "a", "createdAt": "2026-01-02T03:04:05Z"],
      "spec": ["memory": 134_217_728, "cpu": 500, "ports": [80, "x\u{1B}y"], "flag": true],
      "status": ["message": "one\ntwo", "nothing": .null],
    ]
    let now = try #require(Timestamp("2026-01-02T03:09:17Z"))
    func cell(_ path: String, _ format: String) throws -> String {
      try PrinterColumn(json: ["title": "T", "path": .string(path), "format": .string(format), "wide": false])
        .cell(of: resource, now: now)
    }
    #expect(try cell("metadata.name", "text") == "a")
    #expect(try cell("metadata.createdAt", "age") == "5m12s")
    #expect(try cell("spec.memory", "bytes") == "128Mi")
    #expect(try cell("spec.cpu", "cpu") == "500m")
    #expect(try cell("spec.cpu", "integer") == "500")
    #expect(try cell("spec.ports", "list") == "80 xy")
    #expect(try cell("spec.flag", "text") == "true")
    #expect(try cell("status.message", "text") == "one\\ntwo")
    // What is not there, or is something else than was said.
    for (path, format) in [
      ("status.nothing", "text"), ("metadata.name.deeper", "text"), ("status", "age"), ("metadata.name", "age"),
      ("metadata.name", "bytes"), ("spec.ports", "integer"), ("metadata.name", "list"),
    ] {
      #expect(try cell(path, format) == "-", "\(path) as \(format)")
    }
  }
}
