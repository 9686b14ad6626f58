import Automata
import Bytes
import Script

/// Runs an automaton through the steps of a request. The answer is the trace, and a line that begins with `!` or `#` for
/// what a trace does not tell: calls that were refused, hashes of snapshots.
enum AutomatonAnswer {
  /// Ticks of one request; more are not taken.
  static let ticksMax: UInt32 = 10_000

  static func answer(_ bytes: [UInt8]) -> [UInt8] {
    var report = Report()
    do throws(ByteReader.EndOfBytes) {
      let request = try AutomatonRequest(bytes)
      if let automaton = compile(request.model, request.semantics, &report) { run(request, automaton, &report) }
    } catch {
      refuse(error, &report)
    }
    return report.bytes
  }

  static func refuse(_ end: ByteReader.EndOfBytes, _ report: inout Report) {
    report.add("! not a request, byte ")
    report.add(end.offset)
    report.endLine()
  }

  static func compile(_ bytes: [UInt8], _ semantics: Semantics?, _ report: inout Report) -> CompiledAutomaton? {
    if bytes.starts(with: DeviceForm.magic) { return load(bytes, &report) }
    do throws(ModelCodec.DecodingError) {
      let model = try ModelCodec.decode(bytes)
      do throws(CompiledAutomaton.Failure) {
        return try CompiledAutomaton(model, semantics: semantics)
      } catch {
        switch error {
        case .model(let problems):
          report.add("! not a valid model, rule ")
          report.add(Int(problems.first?.rule.rawValue ?? 0))
        case .script(let problem):
          report.add("! not a script, line ")
          report.add(Int(problem.error.line))
          report.add(": ")
          report.add(problem.error.message)
        }
      }
    } catch {
      report.add("! not a model, byte ")
      report.add(error.offset)
    }
    report.endLine()
    return nil
  }

  private static func load(_ form: [UInt8], _ report: inout Report) -> CompiledAutomaton? {
    do throws(DeviceForm.DecodingError) { return try CompiledAutomaton(deviceForm: form) } catch {
      report.add("! not an automaton for devices, byte ")
      report.add(error.offset)
      report.endLine()
      return nil
    }
  }

  private static func run(_ request: AutomatonRequest, _ automaton: CompiledAutomaton, _ report: inout Report) {
    var options = RunOptions()
    options.semantics = request.semantics
    options.seed = request.seed
    options.tickLength = Int64(request.tickLength)
    options.epoch = request.epoch
    options.faults = request.faults
    options.holdsModel = false
    let run = AutomatonRun(automaton, options: options)
    var kept: Snapshot?
    var keptRun: RunSnapshot?
    var ticksLeft = ticksMax
    for step in request.steps {
      do throws(EngineError) {
        switch step {
        case .apply(let command): try run.apply(command)
        case .tick(let period, let count):
          for _ in 0..<min(count, ticksLeft) { run.tick(at: run.time + Int64(period)) }
          ticksLeft -= min(count, ticksLeft)
        case .save:
          let snapshot = try run.engine.snapshot(after: kept)
          report.add(run.takeTrace())
          report.add(snapshot: snapshot.hash)
          kept = snapshot
        case .restore:
          guard let kept else { throw .notASnapshot }
          try run.engine.restore(kept)
        case .saveRun:
          let snapshot = try run.snapshot(afterHash: keptRun?.hash)
          report.add(run.takeTrace())
          report.add(snapshot: snapshot.hash)
          keptRun = snapshot
        case .restoreRun:
          guard let keptRun else { throw .notASnapshot }
          report.add(run.takeTrace())
          try run.restore(keptRun)
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

extension Report {
  mutating func add(snapshot hash: [UInt8]) {
    add("# snapshot ")
    for byte in hash { addHexadecimal(byte) }
    endLine()
  }

  mutating func add(refusal error: EngineError) {
    add("! refused: ")
    add(Report.reason(error))
    endLine()
  }

  private static func reason(_ error: EngineError) -> StaticString {
    switch error {
    case .notRunning: "not running"
    case .alreadyRunning: "already running"
    case .notPaused: "not paused"
    case .unknownVariable: "unknown variable"
    case .unknownState: "unknown state"
    case .wrongDirection: "wrong direction"
    case .typeMismatch: "type mismatch"
    case .notASnapshot: "not a snapshot"
    case .foreignSnapshot: "foreign snapshot"
    case .inconsistentSnapshot: "inconsistent snapshot"
    case .script: "script"
    }
  }
}
