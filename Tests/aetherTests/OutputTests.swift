import Foundation
import JSON
import Model
import Testing
import YAML

@testable import aether

@Suite struct OutputTests {
  static func kind() throws -> KindDescription {
    try KindDescription([
      "kind": "Cell", "plural": "cells", "singular": "cell", "shortNames": ["c"], "summary": "A place.",
      "columns": [
        ["title": "NAME", "path": "metadata.name"], ["title": "PHASE", "path": "status.phase"],
        ["title": "UID", "path": "metadata.uid", "wide": true],
      ],
    ])
  }

  private let items: [JSON] = [
    ["kind": "Cell", "metadata": ["name": "a", "uid": "u1"], "status": ["phase": "Running"]],
    ["kind": "Cell", "metadata": ["name": "longer", "uid": "u2"], "spec": ["text": "yes", "lines": "a\nb\n"]],
  ]

  private func text(_ form: OutputForm, _ items: [JSON], asList: Bool = true) throws -> String {
    form.text(of: items, try OutputTests.kind(), asList: asList, now: .now())
  }

  @Test func tables() throws {
    #expect(try text(.table, items) == "NAME    PHASE\na       Running\nlonger  -\n")
    #expect(try text(.wide, items) == "NAME    PHASE    UID\na       Running  u1\nlonger  -        u2\n")
  }

  @Test func names() throws {
    #expect(try text(.name, items) == "cell a\ncell longer\n")
    #expect(try text(.name, []) == "")
  }

  @Test func jsonIsAListUnlessOneWasAskedFor() throws {
    #expect(try JSON.parse(text(.json, items)) == ["items": .array(items)])
    #expect(try JSON.parse(text(.json, [items[0]])) == ["items": [items[0]]])
    #expect(try JSON.parse(text(.json, [items[0]], asList: false)) == items[0])
    #expect(try JSON.parse(text(.json, [])) == ["items": []])
  }

  @Test func yamlCanBeAppliedAgain() throws {
    #expect(try YAML.parse(text(.yaml, items)).map(\.value) == items)
    #expect(try YAML.parse(text(.yaml, [])).isEmpty)
  }

  @Test func outputThatNobodyTakesIsAnError() throws {
    let full = open("/dev/full", O_WRONLY)
    defer { close(full) }
    #expect(throws: OutputFailure.system(ENOSPC)) { try Output.write([1], to: full) }
    #expect(throws: OutputFailure.system(EBADF)) { try Output.write([1], to: -1) }
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    close(ends[0])
    defer { close(ends[1]) }
    #expect(throws: OutputFailure.readerGone) { try Output.write([1], to: ends[1]) }
  }

  @Test func aSlowReaderGetsEverything() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    // As terminals sometimes are: writes would rather fail than wait.
    try #require(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0)
    let reading = ends[0]
    let reader = Task.detached {
      var total = 0
      var chunk = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = read(reading, &chunk, chunk.count)
        guard count > 0 else { return total }
        total += count
      }
    }
    try Output.write([UInt8](repeating: 7, count: 1 << 20), to: ends[1])
    close(ends[1])
    let done = DispatchSemaphore(value: 0)
    Task.detached {
      #expect(await reader.value == 1 << 20)
      done.signal()
    }
    done.wait()
    close(reading)
  }
}

@Suite struct KindTests {
  @Test func pathsAreEncoded() throws {
    let kind = try OutputTests.kind()
    #expect(kind.path() == "/v1/cells")
    #expect(kind.path("a/b") == "/v1/cells/a%2Fb")
    #expect(kind.names == ["Cell", "cells", "cell", "c"])
    #expect(APIClient.segment("../é\0 ~._-") == "..%2F%C3%A9%00%20~._-")
    #expect(APIClient.segment("") == "")
  }

  @Test func whatADaemonSaysOfAKindIsChecked() {
    #expect(throws: APIError.self) { try KindDescription(["kind": "Cell"]) }
    #expect(throws: APIError.self) { try KindDescription([]) }
    #expect(throws: APIError.self) {
      try KindDescription(["kind": "C", "plural": "c", "singular": "c", "shortNames": [1], "columns": []])
    }
  }

  @Test func explainsEveryField() throws {
    var kind = try OutputTests.kind()
    kind.schema = [
      "type": "object", "required": ["command"],
      "properties": [
        "command": ["type": "array", "items": ["type": "string"], "description": "What runs."],
        "limits": [
          "type": "object",
          "properties": ["memory": ["format": "bytes"], "processes": ["type": "integer", "minimum": 1, "maximum": 9]],
        ],
        "mode": ["enum": ["a", "b"], "default": "a"], "labels": ["type": "object"],
      ],
    ]
    #expect(
      Explanation.text(of: kind) == """
        Cell (cells, cell, c)
        A place.

        spec:
          command: list of string, required
              What runs.
          limits: object
            memory: \(Quantity.Unit.bytes.accepted)
            processes: integer from 1 to 9
          mode: a | b, default a
          labels: names with values

        """)
  }
}
