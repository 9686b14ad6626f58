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
    engine.automaton.variables.firstIndex { $0.name.isText(name) }
  }
}

extension Name {
  fileprivate func isText(_ text: StaticString) -> Bool {
    elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}

func makeHardware() -> Hardware { Thermostat() }

func loadAutomaton(_ bytes: [UInt8]) -> CompiledAutomaton? {
  do throws(DeviceForm.DecodingError) { return try CompiledAutomaton(deviceForm: bytes) } catch { return nil }
}

// MARK: The thermostat's console

/// The one input is the temperature: here a decimal number of up to nine digits, on a board what a converter gives. It has
/// single precision, for which the processor has instructions.
func setInput(_ variable: Int, _ text: Name, _ engine: Engine) throws(EngineError) -> Bool {
  var digits: UInt32 = 0
  var scale: UInt32 = 0
  var isNegative = false
  for index in text.indices {
    let byte = text[index]
    if byte == UInt8(ascii: "-"), index == 0 {
      isNegative = true
    } else if byte == UInt8(ascii: "."), scale == 0 {
      scale = 1
    } else {
      guard byte &- 48 < 10, digits < 100_000_000, scale < 100_000_000 else { return false }
      digits = digits &* 10 &+ UInt32(byte &- 48)
      scale = scale &* 10
    }
  }
  let value = Float(digits) / Float(max(scale, 1))
  try engine.setInput(variable, exactly: .float64(Double(isNegative ? -value : value)), at: engine.now)
  return true
}

/// The one output says whether it heats.
func text(of value: AutomatonValue) -> Name {
  let text: StaticString = value == .bool(true) ? "true" : "false"
  return Name(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
}
