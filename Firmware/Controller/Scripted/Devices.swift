import Automata

/// The hardware of an automaton whose scripts are in the model.
func makeHardware() -> Hardware { Hardware() }

/// A whole model, with scripts as text: this image has the compiler.
func loadAutomaton(_ bytes: [UInt8]) -> CompiledAutomaton? {
  do throws(ModelCodec.DecodingError) {
    let model = try ModelCodec.decode(bytes)
    do throws(CompiledAutomaton.Failure) { return try CompiledAutomaton(model) } catch { return nil }
  } catch {
    return nil
  }
}
