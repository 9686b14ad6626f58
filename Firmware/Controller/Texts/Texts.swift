import Automata

// Values on the console of images with the script machine, which reads and shows numbers anyway.

func setInput(_ variable: Int, _ text: Name, _ engine: Engine) throws(EngineError) -> Bool {
  try engine.setInput(variable, .string(text), at: engine.now)
  return true
}

func text(of value: AutomatonValue) -> Name { value.text }
