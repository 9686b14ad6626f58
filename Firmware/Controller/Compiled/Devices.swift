import Automata

/// The hardware of an automaton whose scripts a host has compiled.
func makeHardware() -> Hardware { Hardware() }

func loadAutomaton(_ bytes: [UInt8]) -> CompiledAutomaton? {
  do throws(DeviceForm.DecodingError) { return try CompiledAutomaton(deviceForm: bytes) } catch {
    if error.functionLeftOut.isEmpty { return nil }
    Controller.fail("the image was made without a function that scripts name: ", error.functionLeftOut)
  }
}
