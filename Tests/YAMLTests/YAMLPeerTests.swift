import JSON
import PythonPeer
import Testing
import YAML

@Suite struct YAMLPeerTests {
  /// One JSON text per line: the documents that ruamel.yaml (YAML 1.2) reads from each text, `null` for a refused one.
  static let reader12 = """
    import json, sys
    from ruamel.yaml import YAML
    for text in json.load(sys.stdin):
      try: print(json.dumps(list(YAML(typ="safe", pure=True).load_all(text))))
      except Exception as error: print("null")
    """

  /// The same with PyYAML (YAML 1.1), for one document each.
  static let reader11 = """
    import json, sys, yaml
    for text in json.load(sys.stdin): print(json.dumps(yaml.safe_load(text)))
    """

  static func read(_ program: String, _ texts: [String]) throws -> [JSON] {
    let input = JSON.array(texts.map(JSON.string)).text()
    return try PythonPeer.run(program, input: input).split(separator: "\n").map { try JSON.parse(String($0)) }
  }

  @Test func agreesWithRuamel() throws {
    let texts = [
      "a: 1", "- 1\n- -2\n- +3\n- 1.5\n- 1e3\n- .5\n- 5.\n- 0o17\n- 0x1F\n- 12e-1", "[yes, no, on, off, y, n, Yes]",
      "[true, True, TRUE, false, False, FALSE, tRUE]", "[null, Null, NULL, ~, nULL]", "a:\nb: ''\nc: \"\"",
      "a: 'it''s'\nb: \"\\x41\\u00e9\\U0001F600\\n\\t\\e\"", "a: |\n  x\n   y\n\n  z\nb: >\n  x\n  y\n\n  z\n",
      "a: |+\n  x\n\nb: |-\n  x\n\nc: >-\n  a\n  b\n", "a: |2\n   x\n", "{a: [1, 2, {b: c}], d: e}", "a: &x 1\nb: *x",
      "a: &x {b: 1}\nc: [*x, *x]", "--- a\n--- b\n...\n--- c", "a: b # c\nd: e#f\n", "? a\n: b\n? c\n: d",
      "- - a\n  - b\n- c",
      "a:\n- b\n- c\nd: e", "a: plain\n  continued\n  line\n", "a: \"folded\n  line\n\n  break\"", "a: http://x/y?z=1",
      "a: !!str 1\nb: !!int '3'\nc: !!float 2\nd: !!null ''", "- [a, b]: c", "x: a: b", "a: 1\na: 2", "[a, [b], ]",
      "{a, b: }", "a: [\n  b,\n  c\n]", "key with spaces: v", "\"q\": 'r'", "'a\\nb'", "%YAML 1.2\n---\na: 1", "a: -",
      "- -",
      "a: '#x'", "a: 10.0.0.1", "a: 1_0x", "a: 2001-12-14x", "a: é😀", "-1", "text", "a: -0", "a: 0.0", "a: --1",
      "a: 1.2.3",
      "a: .", "a: +.", "a: 1e", "a: e1", "a: 0x", "a: 0xg", "a: 0o8", "a: 08", "a: 1 2",
    ]
    let expected = try Self.read(Self.reader12, texts)
    try #require(expected.count == texts.count)
    for (text, expected) in zip(texts, expected) {
      let ours = (try? YAML.parse(text)).map { JSON.array($0.map(\.value)) } ?? .null
      #expect(ours == expected, "\(text)")
    }
  }

  @Test func roundTripsRandomValues() throws {
    var random = SeededNumbers.forTest("roundTripsRandomValues")
    var values: [JSON] = []
    for _ in 0..<1500 { values.append(RandomValue.make(depth: 4, &random)) }
    for value in values {
      let text = YAML.text(value)
      #expect(try YAML.parseOne(text).value == value, "\(text)")
    }
    let stream = YAML.text(documents: Array(values.prefix(100)))
    #expect(try YAML.parse(stream).map(\.value) == Array(values.prefix(100)))
    for program in [Self.reader11, Self.reader12] {
      let texts = values.prefix(300).map { YAML.text($0) }
      let read = try Self.read(program, texts)
      try #require(read.count == texts.count)
      for (index, value) in read.enumerated() {
        let only = program == Self.reader12 ? value.arrayValue?.first : value
        #expect(only == values[index], "\(texts[index])")
      }
    }
  }

  @Test func mutatedTextNeverCrashes() throws {
    var random = SeededNumbers.forTest("mutatedTextNeverCrashes")
    let seeds: [[UInt8]] =
      (0..<20).map { _ in Array(YAML.text(RandomValue.make(depth: 4, &random)).utf8) } + [
        Array(
          "a: &x {b: [1, 2]}\nc: *x\nd: !!str 5\n? e\n: |+\n  x\n\n---\n%TAG ! tag:x,2002:\n--- !foo >2-\n   b\n...\n"
            .utf8)
      ]
    let spice = Array("[]{}:,-?&*!|>'\"%@`#\n\t \\~<.0x\u{85}\u{2028}é".utf8) + [0, 0xFF, 0xC3, 0xF0]
    for _ in 0..<4000 {
      var bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        let at = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0 where at < bytes.count: bytes.remove(at: at)
        case 1 where at < bytes.count: bytes[at] = spice[Int.random(in: 0..<spice.count, using: &random)]
        default: bytes.insert(spice[Int.random(in: 0..<spice.count, using: &random)], at: at)
        }
      }
      if let documents = try? YAML.parse(bytes) {
        for document in documents {
          let again = try YAML.parseOne(YAML.text(document.value)).value
          #expect(again == document.value, "\(String(decoding: bytes, as: UTF8.self))")
        }
      }
    }
  }
}

enum RandomValue {
  static let words = [
    "", "a", "yes", "No", "null", "~", "true", "1", "-1", "0x10", "1e3", "1_000", "12:30", "2001-12-14", "<<", "=", "-",
    "- a", "a: b", "a:", "a #b", "#a", " a", "a ", "|", ">", "&a", "*a", "!a", "%a", "@a", "`a", "'", "\"", "[a]",
    "{a}",
    "line\n", "two\nlines", "a\n\n", "\n", "\n\na", " a\nb", "a\n b\n", "a\n \nb", "a\tb", "\ta\nb", "a\r\nb", "\u{0}",
    "\u{7F}",
    "\u{85}", "\u{A0}x", "\u{2028}", "a\u{2028}\nb", "\u{FEFF}a", "é", "😀\n😀", "---", "---\n...", "...", "10.0.0.1",
    "64Mi", "?",
    "? a", "a,b", ".inf", ".5", "+1", "0b1", "0o7", "1.", "e3", "\\n", "\u{FFFF}", "\u{1F}", "a\n\tb", "a\n-b\n# c\n",
    "1k", "0g",
    "NaN", "y", "ON",
  ]

  static func text(_ random: inout SeededNumbers) -> String {
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<6: return words[Int.random(in: 0..<words.count, using: &random)]
    case 6: return String(repeating: "long ", count: Int.random(in: 100...300, using: &random)) + "end"
    default:
      let alphabet = Array("ab01 :-#\n'\".,[]{}?!&*|>%@~=<\\/é\t".unicodeScalars)
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...12, using: &random) {
        text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
      }
      return String(text)
    }
  }

  static func make(depth: Int, _ random: inout SeededNumbers) -> JSON {
    switch Int.random(in: 0..<(depth > 0 ? 10 : 6), using: &random) {
    case 0: return [.null, .bool(true), .bool(false)][Int.random(in: 0..<3, using: &random)]
    case 1:
      let edges: [Int64] = [0, 1, -1, .max, .min, 1000]
      return .integer(
        Bool.random(using: &random)
          ? edges[Int.random(in: 0..<6, using: &random)] : .random(in: -9999...9999, using: &random))
    case 2:
      let edges = [0.0, 1.0, -2.5, 1e20, 1e-20, Double.leastNonzeroMagnitude, 1.7976931348623157e308, 0.1]
      return .number(edges[Int.random(in: 0..<edges.count, using: &random)])
    case 3...5: return .string(text(&random))
    case 6, 7: return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in make(depth: depth - 1, &random) })
    default:
      var object = JSONObject()
      for _ in 0..<Int.random(in: 0...4, using: &random) { object[text(&random)] = make(depth: depth - 1, &random) }
      return .object(object)
    }
  }
}
