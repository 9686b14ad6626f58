import Automata

/// The hardware of an automaton whose conditions and hooks are native code: a thermostat.
///
/// The model must have the variables `temp` (float64, input), `heater` (bool, output) and `starts` (int32).
private final class Thermostat: NativeHardware {
  override func condition(_ name: Name, _ engine: Engine) -> Bool? {
    guard let index = variable("temp", engine), let temperature = engine.value(index).asDouble else { return nil }
    if name.isText("is_cold()") { return temperature < 19 }
    if name.isText("is_warm()") { return temperature > 21 }
    return nil
  }

  override func run(_ name: Name, _ engine: Engine) -> Bool {
    guard let heater = variable("heater", engine), let starts = variable("starts", engine) else { return false }
    if name.isText("heat()") {
      engine.assign(heater, .bool(true))
      if case .int32(let count) = engine.value(starts) { engine.assign(starts, .int32(count &+ 1)) }
      return true
    }
    guard name.isText("rest()") else { return false }
    engine.assign(heater, .bool(false))
    return true
  }

  private func variable(_ name: StaticString, _ engine: Engine) -> Int? {
    engine.model.variables.firstIndex { $0.name.isText(name) }
  }
}

extension Name {
  fileprivate func isText(_ text: StaticString) -> Bool {
    elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}

func makeHardware() -> Hardware { Thermostat() }
