import JSON
import Testing

@testable import Model

@Suite struct SchemaTests {
  static let schema = """
    {"type":"object","required":["command"],"additionalProperties":false,"properties":{
      "command":{"type":"array","minItems":1,"items":{"type":"string","minLength":1}},
      "memory":{"type":["string","integer"],"format":"bytes"},
      "policy":{"type":"string","enum":["always","never"],"default":"always"},
      "root":{"oneOf":[{"type":"object","required":["host"],"additionalProperties":false,"properties":{"host":{"type":"boolean"}}},
        {"type":"object","required":["path"],"additionalProperties":false,"properties":{"path":{"type":"string","format":"absolute-path"},"mode":{"type":"string","enum":["ro","rw"],"default":"ro"}}}],"default":{"host":true}},
      "env":{"type":"object","additionalProperties":{"type":"string"}},
      "count":{"type":"integer","minimum":1,"maximum":5}}}
    """

  func load() throws -> Schema { try Schema(json: JSON.parse(SchemaTests.schema)) }

  @Test(arguments: [
    (#"{}"#, "spec.command"), (#"{"command":[]}"#, "spec.command"), (#"{"command":["a",1]}"#, "spec.command[1]"),
    (#"{"command":["a"],"x":1}"#, "spec.x"), (#"{"command":["a"],"memory":"1Q"}"#, "spec.memory"),
    (#"{"command":["a"],"policy":"no"}"#, "spec.policy"), (#"{"command":["a"],"root":{"path":"x"}}"#, "spec.root.path"),
    (#"{"command":["a"],"root":{}}"#, "spec.root"), (#"{"command":["a"],"env":{"A":1}}"#, "spec.env.A"),
    (#"{"command":["a"],"count":6}"#, "spec.count"), (#"{"command":["a"],"count":"x"}"#, "spec.count"),
    (#"{"command":["a\u0000"]}"#, "spec.command[0]"), (#"[]"#, "spec"),
  ])
  func namesTheFaultyField(_ text: String, _ field: String) throws {
    let (schema, value) = (try load(), try JSON.parse(text))
    do {
      try schema.validate(value, path: "spec")
      Issue.record("accepted \(text)")
    } catch { #expect(error.field == field) }
  }

  @Test func fillsDefaultsAtEveryLevel() throws {
    let schema = try load()
    #expect(
      schema.fillingDefaults(try JSON.parse(#"{"command":["a"],"root":{"path":"/x"}}"#))
        == ["command": ["a"], "policy": "always", "root": ["path": "/x", "mode": "ro"]])
    #expect(schema.fillingDefaults(["command": ["a"]])["root"] == ["host": true])
  }

  @Test(arguments: [
    #"{"type":"string","pattern":"x"}"#, #"{"type":"object","properties":{"a":{"type":"x"}}}"#,
    #"{"type":"integer","minimum":3,"maximum":1}"#, #"{"type":"object","required":["b"],"properties":{}}"#,
    #"{"type":"object","properties":{"a":{"type":"boolean","default":3}}}"#,
  ])
  func refusesWhatItWouldIgnore(_ text: String) throws {
    let json = try JSON.parse(text)
    #expect(throws: SchemaError.self) { try Schema(json: json) }
  }

  @Test func quantities() {
    #expect(Quantity.parse("500m", .cpu) == 500)
    #expect(Quantity.parse(.number(0.25), .cpu) == 250)
    #expect(Quantity.parse("128Mi", .bytes) == 134_217_728)
    #expect(Quantity.parse("1.5G", .bytes) == 1_500_000_000)
    #expect(Quantity.parse("1m30s", .duration) == 90_000)
    #expect(Quantity.parse(10, .duration) == 10_000)
    for (text, unit) in [
      ("", Quantity.Unit.bytes), ("Mi", .bytes), ("1Mi2Ki", .bytes), ("-1", .cpu), ("0", .cpu), ("1x", .duration),
      ("1e9", .bytes), ("9999999h", .duration), ("1.2.3", .bytes), ("٣", .bytes), ("1s2", .duration),
    ] { #expect(Quantity.parse(text, unit) == nil, "\(text)") }
  }

  @Test func selectors() throws {
    let selector = try LabelSelector("tier=web,env!=test,cache,!old")
    #expect(selector.matches(["tier": "web", "cache": ""]))
    #expect(!selector.matches(["tier": "web", "cache": "", "old": "1"]))
    #expect(!selector.matches(["tier": "web", "cache": "", "env": "test"]))
    #expect(throws: APIError.self) { try LabelSelector("a b") }
  }
}
