import JSON
import Protobuf
import Testing

@Suite struct JSONMappingTests {
  @Test func writesTheSpecifiedForms() throws {
    let message = Test.Scalars(
      aDouble: .infinity, aFloat: 0.1, anInt64: -5, aUint64: .max, aString: "é", someBytes: [0xFB, 0xFF], mood: .good)
    #expect(
      try message.jsonText() == """
        {"aDouble":"Infinity","aFloat":0.1,"anInt64":"-5","aUint64":"18446744073709551615","aString":"é",\
        "someBytes":"+/8=","mood":"MOOD_GOOD"}
        """)
    var options = ProtobufJSONOptions()
    options.writesSchemaNames = true
    options.writesEnumNumbers = true
    #expect(try Test.Scalars(anInt64: 1, mood: .bad).jsonText(options) == #"{"an_int64":"1","mood":-3}"#)
    options.writesDefaults = true
    #expect(try Other.Elsewhere().jsonText(options) == #"{"name":""}"#)
  }

  @Test func readsWhatTheSpecificationAllows() throws {
    let text = """
      {"a_double": "1.5", "aFloat": "NaN", "anInt32": 1e2, "anInt64": 12, "aUint32": "7", "aUint64": "1e1",
       "aBool": true, "someBytes": "-_8", "mood": 4, "aString": null}
      """
    let message = try Test.Scalars(jsonText: text)
    #expect(message.aDouble == 1.5)
    #expect(message.aFloat.isNaN)
    #expect(message.anInt32 == 100)
    #expect(message.anInt64 == 12)
    #expect(message.aUint32 == 7)
    #expect(message.aUint64 == 10)
    #expect(message.someBytes == [0xFB, 0xFF])
    #expect(message.mood == .mood4)
  }

  @Test func errorsNameTheField() {
    func problem(_ text: String) -> String {
      do throws(ProtobufError) {
        _ = try Test.Everything(jsonText: text)
        return "accepted"
      } catch {
        return error.description
      }
    }
    let whole32 = "expected a whole number from -2147483648 to 2147483647"
    #expect(problem(#"{"nope": 1}"#) == "nope: unknown field")
    #expect(problem(#"{"scalars": {"anInt32": 1.5}}"#) == "scalars.anInt32: \(whole32)")
    #expect(problem(#"{"scalars": {"anInt32": 2147483648}}"#) == "scalars.anInt32: \(whole32)")
    #expect(problem(#"{"scalars": {"anInt32": " 1"}}"#) == "scalars.anInt32: \(whole32)")
    #expect(problem(#"{"scalars": {"aFloat": 1e39}}"#) == "scalars.aFloat: the number does not fit 32 bits")
    #expect(problem(#"{"scalars": {"aBool": "true"}}"#) == "scalars.aBool: expected true or false")
    #expect(problem(#"{"scalars": {"someBytes": "?"}}"#) == "scalars.someBytes: expected a string in base64")
    #expect(problem(#"{"scalars": {"mood": "MOOD_X"}}"#) == "scalars.mood: no value is named \"MOOD_X\"")
    #expect(problem(#"{"scalars": {"aBool": true, "a_bool": true}}"#) == "scalars.a_bool: the field is given twice")
    #expect(
      problem(#"{"lists": {"messages": [{}, {"aString": 1}]}}"#)
        == "lists.messages[1].aString: expected a string, found integer")
    #expect(problem(#"{"lists": {"int32s": [null]}}"#) == "lists.int32s[0]: null is not allowed inside arrays and maps")
    #expect(problem(#"{"maps": {"bools": {"yes": 1}}}"#) == "maps.bools[\"yes\"]: the key is not true or false")
    #expect(problem(#"{"maps": {"int32s": {"1": 1, "01": 1}}}"#) == "maps.int32s[\"01\"]: the key appears twice")
    #expect(
      problem(#"{"choice": {"aBool": true, "aString": ""}}"#)
        == "choice.aString: another field of the same oneof is also set")
    #expect(problem("[]") == "expected an object, found array")
    #expect(problem("{").hasPrefix("not JSON: "))
    let deep = String(repeating: #"{"left":"#, count: 10_000) + "{}" + String(repeating: "}", count: 10_000)
    #expect(problem(#"{"tree":\#(deep)}"#).hasPrefix("not JSON: nested deeper"))
  }

  @Test func unknownsCanBeIgnored() throws {
    var options = ProtobufJSONOptions()
    options.ignoresUnknown = true
    let text = #"{"x": {"y": 1}, "scalars": {"mood": "NEW", "anInt32": 3}, "lists": {"moods": ["NEW", "MOOD_BAD"]}}"#
    let message = try Test.Everything(jsonText: text, options: options)
    #expect(message == Test.Everything(scalars: Test.Scalars(anInt32: 3), lists: Test.Lists(moods: [.bad])))
    #expect(throws: ProtobufError.self) { try Test.Everything(jsonText: text) }
  }

  @Test func timestampsFollowRFC3339() throws {
    let pairs: [(String, Int64, Int32)] = [
      ("1970-01-01T00:00:00Z", 0, 0), ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
      ("9999-12-31T23:59:59.999999999Z", 253_402_300_799, 999_999_999),
      ("2000-02-29T12:30:15.250Z", 951_827_415, 250_000_000),
      ("1969-12-31T23:59:59.000001Z", -1, 1000),
    ]
    for (text, seconds, nanos) in pairs {
      #expect(WellKnown.Timestamp(rfc3339: text) == WellKnown.Timestamp(seconds: seconds, nanos: nanos))
      #expect(WellKnown.Timestamp(seconds: seconds, nanos: nanos).rfc3339 == text)
    }
    #expect(
      WellKnown.Timestamp(rfc3339: "1970-01-01T02:00:00.1+02:00") == WellKnown.Timestamp(seconds: 0, nanos: 100_000_000)
    )
    for text in [
      "", "1970-01-01", "1970-13-01T00:00:00Z", "1970-02-30T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:00:00",
      "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00.1234567890Z", "0000-01-01T00:00:00Z", "1970-01-01T00:00:00ZZ",
      "0001-01-01T00:00:00+01:00", "1970-01-01 00:00:00Z",
    ] { #expect(WellKnown.Timestamp(rfc3339: text) == nil, "\(text)") }
    #expect(WellKnown.Timestamp(millisecondsSince1970: -1) == WellKnown.Timestamp(seconds: -1, nanos: 999_000_000))
  }

  @Test func anyMessagesAreBoundedInDepth() throws {
    var any = WellKnown.AnyMessage(packing: WellKnown.Empty())
    for _ in 0..<3 { any = WellKnown.AnyMessage(packing: any) }
    let text = try any.jsonText()
    #expect(try WellKnown.AnyMessage(jsonText: text) == any)
    for _ in 0..<1000 { any = WellKnown.AnyMessage(packing: any) }
    #expect(throws: ProtobufError.tooDeep(16)) { try any.jsonText() }
    #expect(throws: ProtobufError.self) {
      try WellKnown.AnyMessage(jsonText: #"{"@type":"type.googleapis.com/no.Such"}"#)
    }
  }
}
