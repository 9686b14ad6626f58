import Bytes
import Script

/// Native code in place of scripts: hardware that also answers the names that stand in the model where scripts would.
open class NativeHardware: Hardware {
  /// Does what a hook is named for.
  /// - Returns: `false` for a name that is not known, which counts as an error of the script.
  open func run(_ name: Name, _ engine: Engine) -> Bool { false }

  /// Whether a condition holds; `nil` for a name that is not known.
  open func condition(_ name: Name, _ engine: Engine) -> Bool? { nil }

  /// A computed weight; `nil` for a name that is not known.
  open func weight(_ name: Name, _ engine: Engine) -> Double? { nil }
}

extension Engine {
  /// Native code writes a value of a variable's own type; the next tick sees the change.
  public func assign(_ variable: Int, _ value: AutomatonValue) {
    guard variable >= 0, variable < variables.entries.count, automaton.variables[variable].type == value.type else {
      return
    }
    store(variable, value)
  }
}

/// Stands for the scripts of one engine in images without the script machine.
final class ScriptRunner {
  private let hardware: NativeHardware?

  init(_ engine: Engine, _ hardware: Hardware) { self.hardware = hardware as? NativeHardware }

  func markStale(_ variable: Int) {}
  func markAllStale() {}
  func rest() {}
  func loadFiles(_ engine: Engine) {}

  func run(_ program: Int32, _ engine: Engine) -> Bool {
    if hardware?.run(name(program, engine), engine) == true { return true }
    report(program, engine)
    return false
  }

  func condition(_ program: Int32, _ engine: Engine) -> Bool {
    if let holds = hardware?.condition(name(program, engine), engine) { return holds }
    report(program, engine)
    return false
  }

  func number(_ program: Int32, _ engine: Engine) -> Double? {
    if let weight = hardware?.weight(name(program, engine), engine) { return weight }
    report(program, engine)
    return nil
  }

  private func name(_ program: Int32, _ engine: Engine) -> Name {
    engine.automaton.programs[Int(program)].script?.name ?? []
  }

  private func report(_ program: Int32, _ engine: Engine) {
    engine.errorCount &+= 1
    engine.hasUnhandledError = true
    let fault = ScriptFault(code: .error, message: Name("unknown name"), line: 0)
    engine.emit(.errors, .error(EngineFault(place: engine.automaton.programs[Int(program)].place, fault: fault)))
  }

  // MARK: Snapshots: native code keeps nothing that they would have to hold

  struct Saved {
    init(_ reader: inout ByteReader) throws(ByteReader.EndOfBytes) {}
  }

  func save(to writer: inout ByteWriter) throws(ScriptFault) {}
  func restore(_ saved: Saved, _ engine: Engine) throws(ScriptFault) {}
}
