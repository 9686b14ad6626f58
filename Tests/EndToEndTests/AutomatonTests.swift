import Foundation
import JSON
import PythonPeer
import Testing

/// Automata on a node, with the real daemon and the real command line.
@Suite(.serialized) struct AutomatonTests {
  static let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Examples/automata").path

  private func state(_ aether: Installation, _ name: String) throws -> JSON {
    let result = try aether.run("automaton", "state", name, "-o", "json")
    guard result.status == 0 else { throw Installation.Failure("state \(name): \(result.errors)") }
    return try JSON.parse(result.output)
  }

  @Test func thermostatOnANode() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    try await aether.start()
    let file = AutomatonTests.examples + "/thermostat.yaml"
    let applied = try aether.run("apply", "-f", file)
    #expect(applied.output == "automaton thermostat created\n", "\(applied.errors)")
    #expect(try aether.run("wait", "automaton", "thermostat", "--timeout", "60s").status == 0)
    #expect(try aether.run("apply", "-f", file).output == "automaton thermostat unchanged\n")
    let table = try aether.run("get", "automata").output
    #expect(
      table.split(separator: "\n").first.map { $0.split(separator: " ").joined(separator: " ") }
        == "NAME PHASE STATE TRANSITIONS ERRORS AGE")
    #expect(table.contains("idle"))

    // An input changes the state; the status and the trace tell of it.
    #expect(try aether.run("automaton", "set", "thermostat", "temp=17.5").output.contains("temp: 17.5"))
    try await aether.wait("it heats") { try state(aether, "thermostat")["state"] == "heating" }
    #expect(try state(aether, "thermostat")["outputs"]?["heater"] == true)
    try await aether.wait("the status shows it") {
      try aether.status("automaton", "thermostat")["outputs"]?["heater"] == true
    }
    let trace = try aether.run("automaton", "trace", "thermostat").output
    #expect(trace.hasPrefix(#"{"trace":"aether/v1","name":"thermostat""#))
    #expect(trace.contains(#""kind":"transition","transition":"too_cold","from":"idle","to":"heating""#))
    try replays(aether, "thermostat", "live.jsonl")
    #expect(try aether.run("automaton", "trace", "thermostat", "-n", "1").output.split(separator: "\n").count == 1)
    #expect(
      try aether.run("automaton", "trace", "thermostat", "--kinds", "transitions").output.split(separator: "\n").count
        == 1)
    #expect(try aether.run("describe", "automaton", "thermostat").output.contains("heater"))

    // Killed and started again, it goes on.
    let folder = aether.root + "/automata"
    try await aether.wait("a snapshot is written") {
      try FileManager.default.contentsOfDirectory(atPath: folder + "/snapshots").contains { $0.hasSuffix(".snapshot") }
    }
    try await Task.sleep(for: .seconds(2))
    aether.kill()
    try await aether.start()
    try await aether.wait("it goes on") { (try? state(aether, "thermostat")["execution"]) == "running" }
    let after = try state(aether, "thermostat")
    #expect(after["state"] == "heating" && after["variables"]?["cycles"] == 1 && after["inputs"]?["temp"] == 17.5)
    // The traces of both lives are kept, and each can be run again.
    let runs = try aether.run("automaton", "trace", "thermostat", "--runs").output.split(separator: "\n")
    #expect(runs.count == 3 && runs[1].hasSuffix("over") && runs[2].hasSuffix("current"), "\(runs)")
    try replays(aether, "thermostat", "first.jsonl", "--run", "1")
    try replays(aether, "thermostat", "second.jsonl")
    let unknown = try aether.run("automaton", "trace", "thermostat", "--run", "9")
    #expect(unknown.status == 3 && unknown.errors.contains("accepted: 1, 2"), "\(unknown.errors)")

    // Control.
    #expect(try aether.run("automaton", "control", "thermostat", "pause").output.contains("paused"))
    #expect(try aether.run("automaton", "control", "thermostat", "pause").status == 3)
    try await aether.wait("the phase is paused") { try aether.status("automaton", "thermostat")["phase"] == "Paused" }
    #expect(try aether.run("automaton", "control", "thermostat", "resume").status == 0)
    #expect(try aether.run("automaton", "control", "thermostat", "force", "idle").output.contains("State:        idle"))
    #expect(
      try aether.run("automaton", "control", "thermostat", "force", "warm").errors.contains("accepted: idle, heating"))
    #expect(
      try aether.run("automaton", "set", "thermostat", "pressure=1").errors.contains(
        "accepted: temp, window_open, reset"))
    #expect(try aether.run("automaton", "set", "thermostat", "temp=much").errors.contains("accepted: double"))
    #expect(try aether.run("automaton", "set", "thermostat", "--variables", "cycles=7").output.contains("cycles: 7"))

    #expect(try aether.run("delete", "-f", file).output == "automaton thermostat deleted\n")
    #expect(try aether.run("get", "automata", "-o", "name").output == "")
    for part in ["snapshots", "traces"] {
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)").isEmpty)
    }
  }

  /// What `aether automaton trace` prints is replayed byte for byte.
  private func replays(_ aether: Installation, _ name: String, _ file: String, _ arguments: String...) throws {
    let path = "\(aether.root)/\(file)"
    let trace = try Installation.run(
      Installation.programs + "/aether", ["automaton", "trace", name] + arguments,
      environment: ["AETHER_CONFIG": aether.root + "/client.yaml"])
    try trace.output.write(toFile: path, atomically: true, encoding: .utf8)
    let replay = try aether.run("automaton", "replay", path)
    #expect(replay.status == 0 && replay.output.hasPrefix("identical: "), "\(replay.output) \(replay.errors)")
  }

  /// An error of a script stops it: the status says where; a start, or the restart policy, brings it back.
  @Test func errorsOfScripts() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    try await aether.start()
    let source = """
      config: {name: frail}
      automata:
        error_policy: stop
        states:
          run:
            code: |
              local twice = 2 * x
              if twice < 0 then error("negative") end
        transitions:
          stay: {from: run, to: run, condition: "false"}
      variables:
        x: {type: double, direction: input}
      """
    try source.write(toFile: aether.root + "/frail.yaml", atomically: true, encoding: .utf8)
    let manifest = aether.root + "/hall.yaml"
    try "kind: Automaton\nmetadata: {name: hall}\nspec:\n  tick: 10ms\n  source: {file: frail.yaml}\n"
      .write(toFile: manifest, atomically: true, encoding: .utf8)
    #expect(try aether.run("apply", "-f", manifest).output == "automaton hall created\n")
    #expect(try aether.run("wait", "automaton", "hall", "--timeout", "60s").status == 0)
    #expect(try aether.run("automaton", "set", "hall", "x=-1").status == 0)
    try await aether.wait("it has failed") { try aether.status("automaton", "hall")["phase"] == "Failed" }
    let status = try aether.status("automaton", "hall")
    #expect(status["reason"] == "ScriptError")
    #expect(
      status["message"]?.stringValue?.hasPrefix("frail.yaml:8:9: body of run:2: negative; ") == true, "\(status)")
    #expect(try aether.run("describe", "automaton", "hall").output.contains("frail.yaml:8:9: body of run:2: negative"))
    #expect(try aether.run("automaton", "set", "hall", "x=1").status == 0)
    #expect(try aether.run("automaton", "control", "hall", "start").output.contains("Execution:    running"))
    try await aether.wait("it runs") { try aether.status("automaton", "hall")["phase"] == "Running" }
    try replays(aether, "hall", "hall.jsonl")

    let text =
      try String(contentsOfFile: manifest, encoding: .utf8)
      + "  restart: {policy: onFailure, backoffMin: 10ms, backoffMax: 50ms}\n"
    try text.write(toFile: manifest, atomically: true, encoding: .utf8)
    #expect(try aether.run("apply", "-f", manifest).output == "automaton hall updated\n")
    #expect(try aether.run("automaton", "set", "hall", "x=-1").status == 0)
    try await aether.wait("it was restarted") {
      (try aether.status("automaton", "hall")["restarts"]?.integerValue ?? 0) >= 3
    }
    #expect(try aether.run("automaton", "set", "hall", "x=1").status == 0)
    try await aether.wait("it runs again") { try aether.status("automaton", "hall")["phase"] == "Running" }

    // The daemon reads no files of its machine.
    let refused = try aether.run(
      "apply", "-f", "-", input: "{kind: Automaton, metadata: {name: a}, spec: {source: {file: /etc/hostname, x: 1}}}")
    #expect(refused.status == 3 && refused.errors.contains("spec.source.x"), "\(refused.errors)")
  }

  @Test func faultsInTheSourceHaveTheirPlaceInTheFile() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    try await aether.start()
    let file = aether.root + "/lamp.yaml"
    try """
    config: {name: my lamp}
    automata:
      states:
        off: {}
        on: {cod: "x"}
      transitions:
        go: {from: off, to: onn}
    """.write(toFile: file, atomically: true, encoding: .utf8)
    let refused = try aether.run("apply", "-f", file)
    #expect(refused.status == 3)
    #expect(refused.errors.contains("\(file):5:10: error: "), "\(refused.errors)")
    #expect(refused.errors.contains("\(file):7:25: error: "), "\(refused.errors)")
  }

  private func stage(_ name: String, _ connections: String, factor: Int = 1) -> String {
    """
    kind: Automaton
    metadata: {name: \(name)}
    spec:
      tick: 10ms
      source:
        config: {name: stage}
        automata:
          states: {run: {}}
          transitions:
            go: {from: run, to: run, type: event, event: {triggers: [{signal: x, trigger: on_change}]}, body: "y = x + \(factor)"}
        variables:
          x: {type: double, direction: input}
          y: {type: double, direction: output}
      connections: \(connections)
    """
  }

  @Test func connectionsReloadsAndOwners() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    try await aether.start()
    try aether.apply(
      [
        stage("first", "[]"), stage("second", "[{from: first/y, to: x, transform: scale, amount: 10}]"),
        stage("third", "[{from: second/y, to: x}]"),
      ].joined(separator: "\n---\n"))
    for name in ["first", "second", "third"] {
      #expect(try aether.run("wait", "automaton", name, "--timeout", "60s").status == 0)
    }
    #expect(try aether.run("automaton", "set", "first", "x=4").status == 0)
    try await aether.wait("the value has come through") { try state(aether, "third")["outputs"]?["y"] == 52.0 }

    let cycle = try aether.run("apply", "-f", "-", input: stage("first", "[{from: third/y, to: x}]"))
    #expect(cycle.status == 3)
    #expect(cycle.errors.contains("first -> second -> third -> first"), "\(cycle.errors)")
    #expect(
      try aether.run("apply", "-f", "-", input: stage("first", "[{from: third/z, to: x, delayed: true}]")).errors
        .contains(
          "accepted: y"))

    // A changed source is loaded while it runs; values of equal variables stay.
    try aether.apply(stage("third", "[{from: second/y, to: x}]", factor: 100))
    try await aether.wait("the new source runs") {
      let status = try aether.status("automaton", "third")
      return status["observedGeneration"] == 2 && status["phase"] == "Running"
    }
    #expect(try state(aether, "third")["inputs"]?["x"] == 51.0)

    // Connections that carry nothing any more say so at both ends.
    let renamed = stage("first", "[]").replacing("    y: {type", with: "    z: {type").replacing("y = x", with: "z = x")
    try aether.apply(renamed)
    let broken = #"first/y -> x"#
    for name in ["first", "second"] {
      try await aether.wait("\(name) tells of it") {
        try aether.status("automaton", name)["reason"] == "ConnectionBroken"
      }
      let text = try aether.run("describe", "automaton", name).output
      #expect(text.contains(broken) && text.contains("Connected") && text.contains("accepted: z"), "\(text)")
    }
    try aether.apply(stage("first", "[]"))
    try await aether.wait("it is whole again") {
      let conditions = try aether.status("automaton", "second")["conditions"]?.arrayValue ?? []
      return conditions.contains { $0["type"] == "Connected" && $0["status"] == "True" }
    }
    #expect(try aether.run("automaton", "set", "first", "x=5").status == 0)
    try await aether.wait("the new source acts") { try state(aether, "third")["outputs"]?["y"] == 161.0 }

    #expect(try PythonPeer.run(AutomatonTests.liveProgram, ["\(aether.port)", aether.authority]) == "ok\n")
  }

  /// Owners do not see each other's automata; the WebSocket tells of every output; the trace is streamed.
  static let liveProgram =
    APIPrograms.prelude + #"""

      import asyncio, websockets
      ada, eve = token_of("ada"), token_of("eve")
      def status(token, method, path, body=None):
          return call(method, path, body, token)[0].status

      for path in ["state", "trace", "events"]:
          assert status(eve, "GET", "/v1/automata/first/" + path) == 404, path
      assert status(eve, "POST", "/v1/automata/first/inputs", {"x": 1}) == 404
      assert status(eve, "POST", "/v1/automata/first/control", {"action": "stop"}) == 404
      for body in [[], {}, {"x": []}, {"x": "a"}, {"x": {}}, {"z": 1}]:
          assert status(ada, "POST", "/v1/automata/first/inputs", body) == 400, body
      for body in [{"action": "fly"}, {}, {"action": "step", "count": 0}, {"action": "force"}, {"action": "pause", "x": 1}]:
          assert status(ada, "POST", "/v1/automata/first/control", body) == 400, body
      assert status(ada, "GET", "/v1/automata/first/trace?kinds=colours") == 400
      assert status(ada, "GET", "/v1/automata/first/events") == 200

      async def watch():
          url = f"wss://127.0.0.1:{port}/v1/automata/first/events?kinds=outputs"
          async with websockets.connect(url, ssl=tls, additional_headers={"authorization": "Bearer " + ada}) as socket:
              first = json.loads(await socket.recv())
              assert first["kind"] == "state" and first["state"]["name"] == "first", first
              loop = asyncio.get_running_loop()
              for value in [10, 20, 30]:
                  code = await loop.run_in_executor(None, lambda: status(ada, "POST", "/v1/automata/first/inputs", {"x": value}))
                  assert code == 200, code
                  event = json.loads(await asyncio.wait_for(socket.recv(), 60))
                  assert event["kind"] == "output" and event["value"] == value + 1, event
      asyncio.run(watch())
      print("ok")
      """#
}
