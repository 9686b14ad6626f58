import JSON
import Testing

@testable import Model

@Suite struct ResourceTests {
  @Test func roundTrips() throws {
    var resource = Resource(
      kind: "Cell",
      metadata: Metadata(
        name: "a/b", owner: "ada", labels: ["tier": "web"], annotations: ["note": "x"], uid: "u1", generation: 3,
        revision: 9, createdAt: Timestamp(milliseconds: 1_700_000_000_123), finalizers: ["node"]),
      spec: ["x": 1], status: ["phase": "Running"])
    resource.metadata.deletedAt = Timestamp(milliseconds: 1)
    #expect(try Resource(json: JSON.parse(resource.json.text())) == resource)
  }

  @Test(arguments: [
    (#"{"kind":"Cell","metadata":{"name":"a","owner":1}}"#, "metadata.owner"),
    (#"{"kind":"Cell","metadata":{}}"#, "metadata.name"),
    (#"{"metadata":{"name":"a"}}"#, "kind"),
    (#"{"kind":"Cell","metadata":{"name":"a"},"sepc":{}}"#, "sepc"),
    (#"{"kind":"Cell","metadata":{"name":"a","lables":{}}}"#, "metadata.lables"),
    (#"{"kind":"Cell","metadata":{"name":"a","labels":{"x":1}}}"#, "metadata.labels.x"),
    (#"{"apiVersion":"v2","kind":"Cell","metadata":{"name":"a"}}"#, "apiVersion"),
    (#"{"kind":"Cell","metadata":{"name":"a"},"spec":[]}"#, "spec"),
  ])
  func namesTheFaultyField(_ text: String, _ field: String) throws {
    let json = try JSON.parse(text)
    do {
      _ = try Resource(json: json)
      Issue.record("accepted")
    } catch { #expect(error.field == field) }
  }

  @Test func names() {
    for name in ["a", "hello/web", "A-1/b2"] { #expect(ResourceName.isValid(name)) }
    for name in [
      "", "/", "a/", "/a", "a//b", "-a", "a-", "..", "a/../b", "a_b", "é", "a\0", String(repeating: "a", count: 64),
      "1/2/3/4/5/6/7/8/9",
    ] {
      #expect(!ResourceName.isValid(name))
    }
    #expect(ResourceName.parent("a/b/c") == "a/b")
    #expect(ResourceName.leaf("a/b/c") == "c")
    #expect(ResourceName.parent("a") == nil)
  }

  @Test func timestamps() {
    #expect(Timestamp(milliseconds: 0).description == "1970-01-01T00:00:00.000Z")
    #expect(Timestamp(milliseconds: 951_782_400_000).description == "2000-02-29T00:00:00.000Z")
    #expect(Timestamp(milliseconds: -1).description == "1969-12-31T23:59:59.999Z")
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let time = Timestamp(milliseconds: Int64.random(in: -60_000_000_000_000...200_000_000_000_000, using: &generator))
      #expect(Timestamp(time.description) == time)
    }
    for text in ["2023-02-29T00:00:00Z", "2023-01-01T24:00:00Z", "2023-01-01T00:00:00", "2023-1-1T00:00:00Z", ""] {
      #expect(Timestamp(text) == nil)
    }
    #expect(Timestamp("2024-01-01T00:00:00.5Z")?.milliseconds == 1_704_067_200_500)
  }

  @Test func envelopeRoundTrips() {
    let error = APIError.invalid("spec.cpu", "is -1", accepted: "a positive number")
    #expect(APIError(envelope: error.json(requestID: "r")) == error)
  }
}
