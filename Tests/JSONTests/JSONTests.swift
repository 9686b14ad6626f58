import JSON
import Testing

@Suite struct JSONTests {
  @Test func parsesEveryKind() throws {
    let text = #"{"a":[1,-2.5,1e3,true,false,null,"x\n\u00e9\ud83d\ude00"],"b":{}}"#
    let value = try JSON.parse(text)
    #expect(value["a"] == [1, -2.5, .number(1000), true, false, nil, "x\né😀"])
    #expect(value["b"] == .object(JSONObject()))
    #expect(try JSON.parse(value.text()) == value)
    #expect(try JSON.parse(value.text(.pretty)) == value)
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\":1,}", "01", "1.", "-", "\"\u{1}\"", "\"\\x\"", "\"\\ud800\"", "nul", "1 2",
    "{\"a\":1,\"a\":2}", "{1:2}", "1e999",
  ])
  func refuses(_ text: String) {
    #expect(throws: JSONError.self) { try JSON.parse(text) }
  }

  @Test func refusesInvalidUTF8() {
    #expect(throws: JSONError(reason: .invalidUTF8, offset: 2)) { try JSON.parse([0x22, 0xFF, 0x22]) }
  }

  @Test func boundsDepthAndSize() {
    let deep = String(repeating: "[", count: 10_000)
    #expect(throws: JSONError(reason: .tooDeep(64), offset: 64)) { try JSON.parse(deep) }
    #expect(throws: JSONError(reason: .tooLarge(3), offset: 3)) {
      try JSON.parse("12345", limits: JSONLimits(sizeMax: 3))
    }
  }

  @Test func canonicalTextIgnoresOrder() throws {
    let left = try JSON.parse(#"{"b":1,"a":{"d":2,"c":3}}"#)
    let right = try JSON.parse(#"{"a":{"c":3,"d":2},"b":1}"#)
    #expect(left == right)
    #expect(left.text(.canonical) == right.text(.canonical))
  }
}
