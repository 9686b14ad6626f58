import Automata
import AutomataHost
import AutomatonRuns
import Control
import Gateway
import JSON
import Model
import Telemetry

/// Running automata of this node, as the gateway wants them.
struct NodeAutomata: LiveAutomata {
  let host: AutomatonHost

  func live(of automaton: Resource) async -> JSONObject? {
    guard let status = try? await host.status(automaton.metadata.uid) else { return nil }
    return status.live
  }

  func live(owner: String) async -> [ResourceKey: JSONObject] {
    var live: [ResourceKey: JSONObject] = [:]
    for status in await host.statuses(owner: owner) {
      live[ResourceKey(owner: owner, kind: "Automaton", name: status.name)] = status.live
    }
    return live
  }

  func state(of automaton: Resource) async throws(APIError) -> JSON {
    do throws(HostError) { return try await host.status(automaton.metadata.uid).json(of: automaton) } catch {
      throw APIError(host: error, automaton)
    }
  }

  func set(_ values: JSONObject, areInputs: Bool, of automaton: Resource) async throws(APIError) -> JSON {
    let model = try await model(of: automaton)
    var inputs: [HostedSpec.Input] = []
    for member in values.members {
      guard let index = model.variable(named: Array(member.name.utf8)),
        (model.variables[index].direction == .input) == areInputs
      else {
        let known = model.variables.filter { ($0.direction == .input) == areInputs }
          .map { String(decoding: $0.name, as: UTF8.self) }
        throw .invalid(
          member.name, areInputs ? "is no input" : "is no output or internal variable",
          accepted: known.isEmpty ? "none" : known.joined(separator: ", "))
      }
      let type = model.variables[index].type
      guard let value = AutomatonValue(json: member.value, type: type) else {
        throw .invalid(member.name, "is \(member.value.text().prefix(80))", accepted: type.word)
      }
      inputs.append(HostedSpec.Input(variable: index, value: value))
    }
    return try await perform(.set(inputs), on: automaton)
  }

  func perform(_ action: AutomatonAction, on automaton: Resource) async throws(APIError) -> JSON {
    let command: LiveCommand
    switch action {
    case .pause: command = .pause
    case .resume: command = .resume
    case .step(let count): command = .step(count)
    case .stop: command = .stop
    case .start: command = .start
    case .reset: command = .reset
    case .raise(let event):
      guard (1...256).contains(event.utf8.count) else {
        throw .invalid("event", "has \(event.utf8.count) bytes", accepted: "1 to 256 bytes")
      }
      command = .raise(Array(event.utf8))
    case .force(let name):
      let model = try await model(of: automaton)
      guard let state = model.state(named: Array(name.utf8)) else {
        throw .invalid(
          "state", "is \"\(name.prefix(80))\"",
          accepted: model.states.prefix(40).map { String(decoding: $0.name, as: UTF8.self) }.joined(separator: ", "))
      }
      command = .force(state)
    }
    return try await perform(command, on: automaton)
  }

  func trace(
    of automaton: Resource, kinds: Set<String>?, run: UInt32?, tail: Int?, follow: Bool
  ) async throws(APIError) -> AsyncStream<[UInt8]> {
    let stream: TraceStream
    do throws(HostError) {
      stream = try await host.trace(
        of: automaton.metadata.uid, TraceFilter(kinds: kinds), run: run, tail: tail, follows: follow)
    } catch {
      throw APIError(host: error, automaton)
    }
    // Pulled one at a time: what a slow reader has not taken waits on the disk, or in the feed, which is bounded.
    return AsyncStream(
      unfolding: {
        var iterator = stream.makeAsyncIterator()
        return await iterator.next()
      }, onCancel: { stream.cancel() })
  }

  func traces(of automaton: Resource) async throws(APIError) -> [JSON] {
    await host.traceRuns(of: automaton.metadata.uid).map { run in
      [
        "run": .integer(Int64(run.number)), "current": .bool(run.isCurrent),
        "whole": .bool(run.isWhole), "files": .integer(Int64(run.files)), "bytes": .integer(run.bytes),
        "writtenAt": .string(Timestamp(milliseconds: run.writtenAt).description),
      ]
    }
  }

  private func perform(_ command: LiveCommand, on automaton: Resource) async throws(APIError) -> JSON {
    do throws(HostError) {
      return try await host.perform(command, on: automaton.metadata.uid).json(of: automaton)
    } catch {
      throw APIError(host: error, automaton)
    }
  }

  private func model(of automaton: Resource) async throws(APIError) -> Automaton {
    guard let spec = await host.spec(of: automaton.metadata.uid) else {
      throw APIError(host: .noSuchAutomaton(automaton.metadata.uid), automaton)
    }
    return spec.automaton.model
  }
}

extension APIError {
  fileprivate init(host error: HostError, _ automaton: Resource) {
    switch error {
    case .noSuchAutomaton:
      self.init(.failedPrecondition, "automaton \(automaton.metadata.name) has not been started yet")
    case .unknown, .value: self.init(.invalid, error.description)
    case .refused, .cycle, .tooMany: self.init(.failedPrecondition, error.description)
    case .storage: self.init(.unavailable, error.description)
    }
  }
}

extension AutomatonStatus {
  /// Everything, for `GET /v1/automata/{name}/state`.
  fileprivate func json(of automaton: Resource) -> JSON {
    func values(_ direction: Automata.Variable.Direction) -> JSON {
      .object(JSONObject(variables.filter { $0.direction == direction }.map { ($0.name, $0.value.json) }))
    }
    var state: JSONObject = [
      "name": .string(name), "execution": .string(execution.word), "state": .string(states.joined(separator: ",")),
      "states": .array(states.map { .string($0) }), "inputs": values(.input), "outputs": values(.output),
      "variables": values(.internal), "ticks": .integer(Int64(clamping: counters.ticks)),
      "transitions": .integer(Int64(clamping: counters.transitions)),
      "errors": .integer(Int64(clamping: counters.errors)),
      "skippedTicks": .integer(Int64(clamping: counters.skippedTicks)),
      "latenessMaxMilliseconds": .integer(counters.latenessMax),
      "startedAt": .string(Timestamp(milliseconds: startedAt).description), "clockMilliseconds": .integer(time),
      "resting": .bool(isResting),
    ]
    if let lastError {
      let place = try? AutomatonSpec(automaton.spec).place(of: lastError)
      state["lastError"] = .string(place.map { "\($0): \(lastError.text)" } ?? lastError.text)
    }
    if !linkProblems.isEmpty { state["connectionProblems"] = .array(linkProblems.map { .string($0) }) }
    return .object(state)
  }
}

extension ExecutionState {
  fileprivate var word: String {
    switch self {
    case .unloaded, .loaded: "loaded"
    case .running: "running"
    case .paused: "paused"
    case .stopped: "stopped"
    case .error: "error"
    }
  }
}

extension MetricsRegistry {
  /// Figures of all automata of the node.
  func addAutomata(_ host: AutomatonHost) {
    func add(_ name: String, _ help: String, _ read: @escaping @Sendable (HostFigures) -> Double) {
      observe("aether_automata\(name)", help: help) { [Observation(read(host.figures))] }
    }
    add("", "Automata on this node.") { Double($0.count) }
    add("_ticks", "Ticks of the automata since each began.") { Double($0.counters.ticks) }
    add("_transitions", "Transitions of the automata since each began.") { Double($0.counters.transitions) }
    add("_errors", "Errors of scripts since each automaton began.") { Double($0.counters.errors) }
    add("_skipped_ticks", "Ticks that came so late that the next was due.") { Double($0.counters.skippedTicks) }
    add("_lateness_max_seconds", "The most that a tick came late.") { Double($0.counters.latenessMax) / 1000 }
    add("_refused_values", "Values of connections that did not fit their input.") { Double($0.refusedValues) }
  }
}
