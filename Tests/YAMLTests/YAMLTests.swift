import JSON
import Testing
import YAML

@Suite struct YAMLTests {
  @Test func readsAManifestStream() throws {
    let text = """
      # first
      apiVersion: aether/v1
      kind: Cell
      metadata: {name: hello, labels: {"app": web}}
      spec:
        limits:
          memory: 64Mi
          cpu: 0.5
        args: ["-c", 'it''s', 3]
        text: |
          one
          two
      ---
      - yes
      - 0o17
      - 0x1F
      - 012
      - ~
      -
      """
    let documents = try YAML.parse(text)
    #expect(documents.count == 2)
    #expect(
      documents[0].value
        == [
          "apiVersion": "aether/v1", "kind": "Cell", "metadata": ["name": "hello", "labels": ["app": "web"]],
          "spec": [
            "limits": ["memory": "64Mi", "cpu": 0.5], "args": ["-c", "it's", 3], "text": "one\ntwo\n",
          ],
        ])
    #expect(documents[1].value == ["yes", 15, 31, 12, nil, nil])
  }

  @Test func findsPlaces() throws {
    let document = try YAML.parseOne(
      """
      metadata:
        labels: {app.kubernetes.io/name: x, "a": y}
      spec:
        ports:
          - host: 80
          - {host: 81, é: 1}
      """)
    func place(_ path: String) -> String {
      let found = document.location(of: path)
      return "\(found.position)" + (found.isExact ? "" : "?")
    }
    #expect(place("") == "1:1")
    #expect(place("metadata.labels.app.kubernetes.io/name") == "2:12")
    #expect(place("metadata.labels[\"a\"]") == "2:39")
    #expect(place("spec.ports[0].host") == "5:7")
    #expect(place("spec.ports.1.host") == "6:8")
    #expect(document.location(of: "spec.ports[1].host").value == YAMLPosition(line: 6, column: 14))
    #expect(place("spec.ports[1].é") == "6:18")
    #expect(place("spec.ports[2]") == "4:3?")
    #expect(place("spec.limits.memory") == "3:1?")
  }

  @Test func expandsAliases() throws {
    let value = try YAML.parseOne("a: &x {k: [1, 2]}\nb: *x\nc: &n name\nd: *n").value
    #expect(value == ["a": ["k": [1, 2]], "b": ["k": [1, 2]], "c": "name", "d": "name"])
  }

  @Test(arguments: [
    ("a: 1\nb: 2\na: 3", YAMLError.Reason.duplicateName("a", first: YAMLPosition(line: 1, column: 1)), "3:1"),
    ("a: 1\n\"a\": 3", .duplicateName("a", first: YAMLPosition(line: 1, column: 1)), "2:1"),
    ("x:\n  <<: {a: 1}", .mergeKey, "2:3"),
    ("a: *b", .unknownAnchor("b"), "1:4"),
    ("a: &b [*b]", .recursiveAnchor("b"), "1:8"),
    ("? [a]\n: b", .keyNotString, "1:3"),
    ("? {a: b}\n: b", .keyNotString, "1:3"),
    ("~: b", .keyNotString, "1:1"),
    ("&a x: 1\n*a : 2", .keyNotString, "2:1"),
    ("a: !foo b", .unsupportedTag("!foo"), "1:4"),
    ("a: !!binary aGVsbG8=", .unsupportedTag("tag:yaml.org,2002:binary"), "1:4"),
    ("a: !!set {b}", .unsupportedTag("tag:yaml.org,2002:set"), "1:4"),
    ("a: !!int x", .valueDoesNotFitTag("tag:yaml.org,2002:int"), "1:4"),
    ("a: !!bool yes", .valueDoesNotFitTag("tag:yaml.org,2002:bool"), "1:4"),
    ("a: !!map [b]", .valueDoesNotFitTag("tag:yaml.org,2002:map"), "1:4"),
    ("a: .inf", .numberNotFinite(".inf"), "1:4"),
    ("a: -.INF", .numberNotFinite("-.INF"), "1:4"),
    ("a: .nan", .numberNotFinite(".nan"), "1:4"),
    ("a: 1e999", .numberNotFinite("1e999"), "1:4"),
  ])
  func refuses(_ text: String, _ reason: YAMLError.Reason, _ position: String) {
    let error = #expect(throws: YAMLError.self) { try YAML.parse(text) }
    #expect(error?.reason == reason)
    #expect(error?.position.description == position)
  }

  @Test(arguments: [
    ("a: b: c", "1:5"), ("a:\n\t- b", "2:1"), ("a: [1, 2", "1:9"), ("a: \"x", "1:6"), ("a: 'é\u{1}'", "1:6"),
    ("- a\nb: c", "2:1"), ("%YAML 3.0\n--- a", "1:1"), ("a: @b", "1:4"),
  ])
  func pointsAtBrokenSyntax(_ text: String, _ position: String) {
    let error = #expect(throws: YAMLError.self) { try YAML.parse(text) }
    guard case .syntax? = error?.reason else {
      Issue.record("not a syntax error: \(String(describing: error))")
      return
    }
    #expect(error?.position.description == position, "\(String(describing: error))")
  }

  @Test func refusesInvalidUTF8() {
    let bytes: [UInt8] = Array("a: b\ncé: ".utf8) + [0xC3, 0x28]
    #expect(throws: YAMLError(reason: .invalidUTF8, position: YAMLPosition(line: 2, column: 5))) {
      try YAML.parse(bytes)
    }
    #expect(throws: YAMLError.self) { try YAML.parse([0xFF, 0xFE, 0x61, 0x00]) }
  }

  @Test func refusesBillionLaughs() {
    var text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
    for level in 1...12 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(aliases)]\n"
    }
    let error = #expect(throws: YAMLError.self) { try YAML.parse(text) }
    #expect(error?.reason == .tooManyNodes(100_000))
    let long = "a: &a " + String(repeating: "x", count: 1 << 20) + "\nb: [*a, *a, *a, *a, *a]"
    #expect(throws: YAMLError.self) { try YAML.parse(long) }
  }

  @Test func boundsDepthSizeAndCounts() throws {
    for deep in [
      String(repeating: "[", count: 10_000), String(repeating: "{a: ", count: 10_000),
      String(repeating: "- ", count: 10_000) + "x",
    ] {
      let error = #expect(throws: YAMLError.self) { try YAML.parse(deep) }
      #expect(error?.reason == .tooDeep(64))
    }
    let chain = (1...40).map { "a\($0): &a\($0) [[\($0 == 1 ? "x" : "*a\($0 - 1)")]]" }.joined(separator: "\n")
    #expect(throws: YAMLError.self) { try YAML.parse(chain) }
    #expect(throws: YAMLError.self) { try YAML.parse("abcdef", limits: YAMLLimits(sizeMax: 5)) }
    #expect(throws: YAMLError.self) { try YAML.parse("a: 1\nb: 2", limits: YAMLLimits(membersMax: 1)) }
    #expect(throws: YAMLError.self) { try YAML.parse("a\n---\nb\n", limits: YAMLLimits(documentsMax: 1)) }
    #expect(try YAML.parse(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)).count == 1)
  }

  @Test func readsEmptyAndMarkedTexts() throws {
    #expect(try YAML.parse("").isEmpty)
    #expect(try YAML.parse("# only a comment\n").isEmpty)
    #expect(try YAML.parse("---\n---\na").map(\.value) == [nil, "a"])
    #expect(try YAML.parse("\u{FEFF}a: 1").map(\.value) == [["a": 1]])
    #expect(throws: YAMLError.self) { try YAML.parseOne("") }
  }

  @Test func writesWhatPeopleWouldWrite() {
    let value: JSON = [
      "kind": "Cell", "memory": "64Mi", "answer": "yes", "octal": "012", "empty": "",
      "list": [1, ["a": true, "b": nil]],
      "nested": [["x", "y"], []], "none": [:], "text": "one\ntwo\n", "tail": "a\n\n", "bare": "a\nb", "path": "/bin/sh",
      "odd": " x", "colon": "a: b", "address": "10.0.0.1:80", "big": 1e20, "prose": "Hello, world",
    ]
    #expect(
      YAML.text(value) == """
        kind: Cell
        memory: 64Mi
        answer: "yes"
        octal: "012"
        empty: ""
        list:
          - 1
          - a: true
            b: null
        nested:
          - - x
            - "y"
          - []
        none: {}
        text: |
          one
          two
        tail: |+
          a

        bare: |-
          a
          b
        path: /bin/sh
        odd: " x"
        colon: "a: b"
        address: "10.0.0.1:80"
        big: 1.0e+20
        prose: Hello, world

        """)
  }
}
