import Automata
import Bytes

/// Runs a system through the steps of a request; the answer is as that of `AutomatonAnswer`.
enum SystemAnswer {
  static func answer(_ bytes: [UInt8]) -> [UInt8] {
    var report = Report()
    do throws(ByteReader.EndOfBytes) {
      let request = try SystemRequest(bytes)
      if let network = network(request, &report) { run(request, network, &report) }
    } catch {
      AutomatonAnswer.refuse(error, &report)
    }
    return report.bytes
  }

  private static func network(_ request: SystemRequest, _ report: inout Report) -> Network? {
    var network = Network(name: request.name, instances: [], wires: request.wires)
    for part in request.parts {
      guard let automaton = AutomatonAnswer.compile(part.model, part.semantics, &report) else { return nil }
      network.instances.append(Network.Instance(name: part.name, automaton: automaton))
    }
    func variable(_ instance: Int, _ variable: Int) -> Variable? {
      guard instance < network.instances.count else { return nil }
      let variables = network.instances[instance].automaton.variables
      return variable < variables.count ? variables[variable] : nil
    }
    for wire in request.wires {
      guard variable(wire.source, wire.output) != nil, variable(wire.target, wire.input)?.direction == .input else {
        report.add("! not a wire\n")
        return nil
      }
    }
    return network
  }

  private static func run(_ request: SystemRequest, _ network: Network, _ report: inout Report) {
    var options = RunOptions()
    options.seed = request.seed
    options.tickLength = Int64(request.tickLength)
    options.epoch = request.epoch
    options.faults = request.faults
    options.holdsModel = false
    let run = NetworkRun(network, options: options)
    var kept: RunSnapshot?
    var ticksLeft = AutomatonAnswer.ticksMax
    for step in request.steps {
      do throws(EngineError) {
        switch step.step {
        case .apply(.start) where run.tickCount == 0: try run.start()
        case .apply(let command):
          guard step.part < network.instances.count else { throw .unknownState }
          try run.apply(command, to: step.part)
        case .tick(_, let count):
          for _ in 0..<min(count, ticksLeft) { run.tick() }
          ticksLeft -= min(count, ticksLeft)
        case .save, .saveRun:
          let snapshot = try run.snapshot(afterHash: kept?.hash)
          report.add(run.takeTrace())
          report.add(snapshot: snapshot.hash)
          kept = snapshot
        case .restore, .restoreRun:
          guard let kept else { throw .notASnapshot }
          report.add(run.takeTrace())
          try run.restore(kept)
        }
      } catch {
        report.add(run.takeTrace())
        report.add(refusal: error)
      }
    }
    run.finish()
    report.add(run.takeTrace())
  }
}
