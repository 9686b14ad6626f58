import Automata
import AutomatonFiles
import Testing

struct Missing: Error {}

func text(_ name: Name) -> String { String(decoding: name, as: UTF8.self) }

/// Loads a document; a refusal fails the test with all its problems.
func load(_ text: String, options: LoadOptions = LoadOptions()) throws -> LoadedAutomaton {
  try AutomatonFile.load(Array(text.utf8), file: "a.yaml", options: options)
}

/// The problems of a document, as they are printed; warnings too when it is accepted.
func problems(_ text: String, options: LoadOptions = LoadOptions()) -> [String] {
  do {
    return try AutomatonFile.load(Array(text.utf8), file: "a.yaml", options: options).warnings.map(\.description)
  } catch {
    return error.problems.map(\.description)
  }
}
