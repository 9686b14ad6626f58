import Automata

/// The hardware of an automaton whose scripts are in the model.
func makeHardware() -> Hardware { Hardware() }
