import AppFormat
import Automata
import AutomataHost
import AutomatonFiles
import Bytes
import JSON
import Model
import Testing

@testable import Control

@Suite struct KindTests {
  func check(_ kind: String, _ name: String, _ spec: String) throws -> APIError? {
    let resource = Resource(kind: kind, metadata: Metadata(name: name, owner: "o"), spec: try JSON.parse(spec))
    do throws(APIError) {
      try KindRegistry.standard.require(kind).check(resource, previous: nil)
      return nil
    } catch { return error }
  }

  @Test func everyKindLoads() throws {
    #expect(KindRegistry.standard.kinds.map(\.kind) == ["Cell", "Process", "Automaton", "App"])
    #expect(
      KindRegistry.standard["cells"]?.columns.filter { !$0.isWide }.map(\.title)
        == ["NAME", "PHASE", "CPU", "MEMORY", "RESTARTS", "AGE"])
    #expect(
      KindRegistry.standard["process"]?.columns.filter { !$0.isWide }.map(\.title)
        == ["NAME", "PHASE", "PID", "RESTARTS", "EXIT", "AGE"])
    for kind in KindRegistry.standard.kinds { #expect(kind.finalizers == ["aether/node"]) }
  }

  @Test(arguments: [
    ("Cell", "a", #"{"ports":[{"port":1,"hostPort":2},{"port":3,"hostPort":2}]}"#, "spec.ports[1].hostPort"),
    ("Cell", "a", #"{"ports":[{"port":1,"hostPort":2}],"namespaces":{"network":false}}"#, "spec.ports"),
    ("Cell", "a", #"{"hostname":"h","namespaces":{"uts":false}}"#, "spec.hostname"),
    ("Cell", "a", #"{"mounts":[{"tmpfs":1,"target":"/t"},{"tmpfs":2,"target":"/t"}]}"#, "spec.mounts[1].target"),
    ("Cell", "a", #"{"limits":{"memory":"1Q"}}"#, "spec.limits.memory"),
    ("Cell", "../a", "{}", "metadata.name"),
    ("Process", "p", #"{"command":["x"]}"#, "metadata.name"),
    ("Process", "a/p", #"{"command":[""]}"#, "spec.command[0]"),
    ("Process", "a/p", #"{"command":["x"],"capabilities":["FLY"]}"#, "spec.capabilities[0]"),
    ("Process", "a/p", #"{"command":["x"],"environment":{"A=B":""}}"#, "spec.environment"),
    ("Process", "a/p", #"{"command":["x"],"restart":{"backoffMin":"1m"}}"#, "spec.restart.backoffMin"),
    ("Process", "a/p", #"{"command":["x"],"tty":true,"stdin":"x"}"#, "spec.stdin"),
  ])
  func refuses(_ kind: String, _ name: String, _ spec: String, _ field: String) throws {
    #expect(try check(kind, name, spec)?.field == field)
  }

  static let digest = String(repeating: "0a", count: 32)

  /// What an app's specification may say, and which field is named where it does not fit.
  @Test(arguments: [
    (#"{"artifact":"DIGEST"}"#, "", nil),
    (#"{"artifact":"sha256:DIGEST"}"#, #","capabilities":["*"],"autostart":false,"priority":9"#, nil),
    (#"{"data":"AGFzbQEAAAA="}"#, #","manifest":{"name":"x","capabilities":["timer"]}"#, nil),
    (#"{"data":"AGFzbQEAAAA="}"#, #","quotas":{"memory":"1Mi","cpu":"500m","executionTimeout":"1s","handles":4}"#, nil),
    (#"{"data":"AGFzbQEAAAA="}"#, #","restart":{"policy":"never"},"arguments":["a"],"environment":{"A":"b"}"#, nil),
    (#"{"data":"AGFzbQEAAAA="}"#, #","trust":{"unsigned":"refuse"}"#, nil),
    (#"{"data":"AGFzbQEAAAA="}"#, #","quotas":{"fuel":1}"#, nil),
    (#"{"data":"AGFzbQEAAAA="}"#, #","quotas":{"fuel":1000000000000000}"#, nil),
    (#"{"artifact":"DIGEST"}"#, #","quotas":{"fuel":0}"#, "spec.quotas.fuel"),
    (#"{"artifact":"DIGEST"}"#, #","quotas":{"fuel":1000000000000001}"#, "spec.quotas.fuel"),
    (#"{"artifact":"DIGEST"}"#, #","quotas":{"fuel":"1G"}"#, "spec.quotas.fuel"),
    ("{}", "", "spec.source"),
    (#"{"file":"x.wasm"}"#, "", "spec.source.file"),
    (#"{"artifact":"DIGEST","data":"AGFzbQEAAAA="}"#, "", "spec.source"),
    (#"{"artifact":"GIGEST01DIGEST"}"#, "", "spec.source.artifact"),
    (#"{"data":"%%%%%%%%"}"#, "", "spec.source.data"),
    (#"{"data":"aGVsbG8gd29ybGQ="}"#, "", "spec.source.data"),
    (#"{"artifact":"DIGEST"}"#, #","capabilities":["timer","fly"]"#, "spec.capabilities[1]"),
    (#"{"artifact":"DIGEST"}"#, #","quotas":{"memory":"1Ki"}"#, "spec.quotas.memory"),
    (#"{"artifact":"DIGEST"}"#, #","quotas":{"cpu":2}"#, "spec.quotas.cpu"),
    (#"{"artifact":"DIGEST"}"#, #","quotas":{"executionTimeout":"1h"}"#, "spec.quotas.executionTimeout"),
    (#"{"artifact":"DIGEST"}"#, #","quotas":{"handles":0}"#, "spec.quotas.handles"),
    (#"{"artifact":"DIGEST"}"#, #","restart":{"policy":"always"}"#, "spec.restart.policy"),
    (#"{"artifact":"DIGEST"}"#, #","restart":{"delay":"25h"}"#, "spec.restart.delay"),
    (#"{"artifact":"DIGEST"}"#, #","environment":{"A=B":""}"#, "spec.environment"),
    (#"{"artifact":"DIGEST"}"#, #","manifest":{"capabilities":"timer"}"#, "spec.manifest.capabilities"),
    (#"{"artifact":"DIGEST"}"#, #","trust":{"unsigned":"perhaps"}"#, "spec.trust.unsigned"),
    (#"{"artifact":"DIGEST"}"#, #","colour":"red""#, "spec.colour"),
  ])
  func apps(_ source: String, _ rest: String, _ field: String?) throws {
    let spec = #"{"source":\#(source)\#(rest)}"#.replacing("GIGEST01DIGEST", with: String(repeating: "x", count: 64))
    #expect(try check("App", "a", spec.replacing("DIGEST", with: KindTests.digest))?.field == field)
  }

  @Test(arguments: ["a/b", "a-name-that-is-longer-than-31-characters", "a_b"])
  func namesOfApps(_ name: String) throws {
    #expect(try check("App", name, #"{"source":{"data":"AGFzbQEAAAA="}}"#)?.field == "metadata.name")
  }

  /// The bytes and their digest are the same source, whatever the spelling.
  @Test func sourcesOfApps() throws {
    let module: [UInt8] = [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]
    let data = try AppSpec(["source": ["data": .string(Base64.encode(module))]])
    let artifact = try AppSpec(["source": ["artifact": .string("sha256:\(data.source.digest.uppercased())")]])
    #expect(data.source == .data(module) && artifact.source == .artifact(data.source.digest))
    #expect(data.fingerprint == artifact.fingerprint)
    let other = try AppSpec(["source": ["artifact": .string(data.source.digest)], "autostart": false])
    #expect(other.fingerprint != artifact.fingerprint)
  }

  /// Without a list an app gets nothing privileged.
  @Test func ceilingsOfApps() throws {
    let registry = CapabilityRegistry()
    func ceiling(_ names: JSON?) throws -> CapabilitySet {
      var spec: JSONObject = ["source": ["artifact": .string(KindTests.digest)]]
      spec["capabilities"] = names
      return try AppSpec(.object(spec)).ceiling(registry)
    }
    #expect(try ceiling(nil).contains(.timer) && !ceiling(nil).containsAny(of: .privileged))
    #expect(try ceiling(["*"]) == registry.registered)
    #expect(try ceiling([]) == [])
    #expect(try ceiling(["storage.*", "network.use"]) == [.storageRead, .storageWrite, .network])
  }

  static let automaton =
    #"{"source":"config: {name: x}\nautomata: {states: {a: {}}}\nvariables: {i: {type: int, direction: input}}""#

  @Test(arguments: [
    ("}", nil),
    (#","inputs":{"i":3},"tick":"10ms","errorPolicy":{"action":"faultState","state":"a"}}"#, nil),
    (#","inputs":{"j":3}}"#, "spec.inputs.j"),
    (#","inputs":{"i":"much"}}"#, "spec.inputs.i"),
    (#","inputs":{"i":1.5}}"#, "spec.inputs.i"),
    (#","inputs":{"i":[]}}"#, "spec.inputs.i"),
    (#","tick":"2h"}"#, "spec.tick"),
    (#","budget":{"memory":"1Ki"}}"#, "spec.budget.memory"),
    (#","errorPolicy":{"action":"faultState"}}"#, "spec.errorPolicy.state"),
    (#","errorPolicy":{"action":"faultState","state":"b"}}"#, "spec.errorPolicy.state"),
    (#","connections":[{"from":"a","to":"i"}]}"#, "spec.connections[0].from"),
    (#","connections":[{"from":"a/b","to":"j"}]}"#, "spec.connections[0].to"),
    (#","connections":[{"from":"a/b","to":"i","transform":"scale"}]}"#, "spec.connections[0].amount"),
    (#","connections":[{"from":"a/b","to":"i"},{"from":"c/d","to":"i"}]}"#, "spec.connections[1].to"),
    (#","color":"red"}"#, "spec.color"),
    (#","restart":{"policy":"onFailure","limit":3},"trace":{"maxSize":"16Ki","maxFiles":1}}"#, nil),
    (#","restart":{"policy":"always"}}"#, "spec.restart.policy"),
    (#","trace":{"maxSize":"1Ki"}}"#, "spec.trace.maxSize"),
    (#","trace":{"maxFiles":0}}"#, "spec.trace.maxFiles"),
  ])
  func automata(_ rest: String, _ field: String?) throws {
    #expect(try check("Automaton", "a", KindTests.automaton + rest)?.field == field)
  }

  /// Every form of a source is read; the daemon reads no file, and every refusal names its field.
  @Test func formsOfASource() throws {
    let text = "config: {name: x}\nautomata: {states: {a: {}}}"
    func check(_ source: JSON) throws -> APIError? {
      try self.check("Automaton", "a", JSON.object(["source": source]).text())
    }
    #expect(try check(["text": .string(text)]) == nil)
    #expect(try check(["text": .string(text), "file": "x.yaml"]) == nil)
    let model = try AutomatonFile.load(Array(text.utf8)).automaton
    let artifact = Artifact(kind: .model, label: [], payload: ModelCodec.encode(model)).encode()
    #expect(try check(["artifact": .string(Base64.encode(artifact))]) == nil)

    func refused(_ source: JSON, _ field: String, _ words: String, _ place: SourceLocation = #_sourceLocation) throws {
      let error = try #require(try check(source), sourceLocation: place)
      #expect(error.field == field && error.message.contains(words), "\(error)", sourceLocation: place)
    }
    try refused(["file": "x.yaml"], "spec.source.file", "the daemon reads none")
    try refused(["text": .string(text), "artifact": ""], "spec.source", "text and artifact")
    try refused(["artifact": "%%%"], "spec.source.artifact", "Base64")
    try refused(["artifact": .string(Base64.encode(Array(text.utf8)))], "spec.source.artifact", "no artifact")
    try refused(["artifact": .string(Base64.encode(Array(artifact.dropLast(3))))], "spec.source", "damaged")
    try refused(["text": .string(text), "colour": "red"], "spec.source.colour", "file, text")
    try refused(["text": 3], "spec.source.text", "string")
    try refused(["text": "config: {}\nautomata: {stats: {}}", "file": "x.yaml"], "spec.source", "x.yaml:2:")
  }

  /// The place of an error in a script is that in the file.
  @Test func placesOfErrors() throws {
    let spec = try AutomatonSpec([
      "source": [
        "file": "x.yaml",
        "text": """
        config: {name: x}
        automata:
          states:
            a:
              code: |
                local one = 1
                error("no")
          transitions:
            go: {from: a, to: a, condition: "x()"}
        """,
      ]
    ])
    #expect(spec.place(of: ScriptFailure(script: "body of a", line: 2, message: "")) == "x.yaml:7:9")
    #expect(spec.place(of: ScriptFailure(script: "condition of go", line: 1, message: "")) == "x.yaml:9:38")
    #expect(spec.place(of: ScriptFailure(script: "body of b", line: 1, message: "")) == nil)
  }

  @Test func faultsOfASourceHaveAPlace() throws {
    let error = try check("Automaton", "a", #"{"source":"config: {name: x}\nautomata:\n  states: {a: {colour: 1}}"}"#)
    #expect(error?.field == "spec.source")
    #expect(error?.message.contains("3:16: error: ") == true, "\(error?.message ?? "")")
    // A document is as good as its text.
    #expect(try check("Automaton", "a", #"{"source":{"config":{"name":"x"},"automata":{"states":{"a":{}}}}}"#) == nil)
  }

  private func automaton(_ name: String, _ connections: String) throws -> Resource {
    let source =
      #"config: {name: x}\nautomata: {states: {a: {}}}\n"#
      + #"variables: {i: {type: int, direction: input}, o: {type: int, direction: output}, t: {type: string, direction: output}}"#
    return Resource(
      kind: "Automaton", metadata: Metadata(name: name, owner: "o"),
      spec: try JSON.parse(#"{"source":"\#(source)","connections":\#(connections)}"#))
  }

  @Test func connectionsAreCheckedAmongPeers() throws {
    let rule = try #require(KindRegistry.standard.require("Automaton").peers)
    let first = try automaton("first", #"[{"from":"second/o","to":"i"}]"#)
    func refusal(_ connections: String) throws -> APIError? {
      let second = try automaton("second", connections)
      #expect(rule.isNeeded(second))
      do throws(APIError) {
        try rule.check(second, [first])
        return nil
      } catch { return error }
    }
    #expect(try refusal(#"[{"from":"other/o","to":"i"}]"#) == nil)
    #expect(try refusal(#"[{"from":"first/o","to":"i","delayed":true}]"#) == nil)
    let cycle = try refusal(#"[{"from":"first/o","to":"i"}]"#)
    #expect(cycle?.field == "spec.connections")
    #expect(cycle?.message.contains("first -> second -> first") == true)
    #expect(try refusal(#"[{"from":"first/p","to":"i","delayed":true}]"#)?.field == "spec.connections[0].from")
    let type = try refusal(#"[{"from":"first/t","to":"i","delayed":true}]"#)
    #expect(type?.message == "spec.connections[0].transform gives string, and \"i\" takes int")
    #expect(
      try refusal(#"[{"from":"first/t","to":"i","delayed":true,"transform":"negate"}]"#)?.field
        == "spec.connections[0].transform")
  }

  @Test func accepts() throws {
    #expect(
      try check("Cell", "a", #"{"ports":[{"port":1,"hostPort":2},{"port":1,"hostPort":2,"hostAddress":"::1"}]}"#) == nil
    )
    #expect(try check("Process", "a/p", #"{"command":["x"],"capabilities":["NET_RAW"],"stdin":"x"}"#) == nil)
  }

  @Test func specificationsAreTyped() throws {
    let cell = try CellSpec(
      JSON.parse(#"{"limits":{"cpu":"500m","memory":"1Ki"},"mounts":[{"tmpfs":"1Ki","target":"/t"}]}"#))
    #expect(cell.limits.cpuMillicores == 500)
    #expect(cell.limits.memoryBytes == 1024)
    #expect(cell.mounts == [CellSpec.Mount(source: .tmpfs(sizeBytes: 1024), target: "/t")])
    #expect(cell.namespaces.network && !cell.namespaces.user)
    let process = try ProcessSpec(JSON.parse(#"{"command":["x"],"stop":{"signal":"SIGINT","gracePeriod":"1s"}}"#))
    #expect(process.stop == StopRule(signal: 2, gracePeriod: .seconds(1)))
    #expect(process.restart.limit == nil && process.restart.policy == .always)
  }

  @Test func fingerprintsNameWhatNeedsANewOne() throws {
    func cell(_ text: String) throws -> CellSpec { try CellSpec(JSON.parse(text)) }
    let plain = try cell("{}")
    #expect(try cell(#"{"root":{"path":"/","mode":"readOnly"},"paused":true}"#).fingerprint == plain.fingerprint)
    #expect(try cell(#"{"limits":{"cpu":1}}"#).fingerprint == plain.fingerprint)
    #expect(try cell(#"{"limits":{"cpu":1}}"#).liveFingerprint != plain.liveFingerprint)
    #expect(try cell(#"{"hostname":"h"}"#).fingerprint != plain.fingerprint)
    func process(_ text: String) throws -> Fingerprint { try ProcessSpec(JSON.parse(text)).fingerprint }
    #expect(try process(#"{"command":["x"],"restart":{"policy":"never"}}"#) == process(#"{"command":["x"],"user":0}"#))
    #expect(try process(#"{"command":["x"]}"#) != process(#"{"command":["x"],"user":1}"#))
  }

  @Test func waitsDoubleUpToTheLast() {
    let backoff = Backoff(first: .milliseconds(100), last: .seconds(30))
    #expect((1...4).map { backoff.delay(failures: $0) } == [100, 200, 400, 800].map { .milliseconds($0) })
    #expect(backoff.delay(failures: 1000) == .seconds(30))
    for failures in 1...50 {
      let spread = backoff.spreadDelay(failures: failures, workload: "w")
      #expect(spread <= backoff.delay(failures: failures) && spread >= backoff.delay(failures: failures) * 3 / 4)
    }
  }
}
