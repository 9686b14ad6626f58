// What the file of an automaton may say, as data: the loader, the JSON Schema and the reference in
// docs/automata-files.md all come from these tables.

/// A word that a key accepts, and other spellings of it.
struct Choice: Sendable {
  var word: String
  var aliases: [String]

  init(_ word: String, _ aliases: String...) {
    self.word = word
    self.aliases = aliases
  }
}

/// What stands behind a key.
indirect enum Accepts: Sendable {
  /// A scalar, taken as it is spelled.
  case text
  /// Statements, or one expression.
  case script(isExpression: Bool)
  case flag
  case whole(ClosedRange<Int64>)
  /// A number, not below the minimum.
  case number(minimum: Double)
  /// A number with two decimals, stored in hundredths.
  case weight
  case duration(DurationText.BareUnit)
  /// A number without a unit is a time on the clock in milliseconds.
  case instant
  case choice([Choice])
  /// Any scalar.
  case scalar
  /// A text, or a list of them.
  case texts
  /// A whole number, or a list of them.
  case wholes
  /// A list of `name` or `name:type`.
  case references
  case section(Section)
  /// A section, or the value of its first key alone.
  case sectionOrText(Section)
  /// A list of sections; an item may be the value of the section's first key alone.
  case list(Section, textAllowed: Bool)
  /// A map from names to sections, a list of sections that have `id`, or a list of maps with one member.
  case entries(Section)
}

/// A key of a section.
struct Key: Sendable {
  var name: String
  var aliases: [String]
  var accepts: Accepts
  /// What holds without the key, as text.
  var fallback: String
  var summary: String
  var isRequired: Bool

  init(
    _ name: String, _ aliases: [String], _ accepts: Accepts, _ fallback: String, _ summary: String,
    required: Bool = false
  ) {
    self.name = name
    self.aliases = aliases
    self.accepts = accepts
    self.fallback = fallback
    self.summary = summary
    isRequired = required
  }

  init(_ name: String, _ accepts: Accepts, _ fallback: String, _ summary: String, required: Bool = false) {
    self.init(name, [], accepts, fallback, summary, required: required)
  }

  var spellings: [String] { [name] + aliases }
}

/// The kinds of mappings in a file.
enum Section: Int, Sendable, CaseIterable {
  case document, config, target, board, hardware, component, automata, state, position, transition, timed, event,
    trigger
  case threshold, probabilistic, variable, blackBox, port, resource
  // Of a composition
  case composition, system, instance, wire

  /// As schemas name it.
  var name: String { "\(self)" }

  /// As messages name it.
  var title: String {
    switch self {
    case .document: "the document"
    case .config: "config"
    case .target: "target"
    case .board: "target.esp32"
    case .hardware: "a hardware resource"
    case .component: "a component"
    case .automata: "automata"
    case .state: "a state"
    case .position: "a position"
    case .transition: "a transition"
    case .timed: "timed"
    case .event: "event"
    case .trigger: "a trigger"
    case .threshold: "threshold"
    case .probabilistic: "probabilistic"
    case .variable: "a variable"
    case .blackBox: "black_box"
    case .port: "a port"
    case .resource: "a resource"
    case .composition: "the composition"
    case .system: "system"
    case .instance: "an automaton of the system"
    case .wire: "a wire"
    }
  }

  /// For sections with names of their own, the key that holds the name in the form of a list.
  var nameKeys: [String] {
    switch self {
    case .state, .transition, .instance: ["id", "name"]
    case .variable, .port, .resource: ["name"]
    default: []
    }
  }

  /// The key of a spelling; `nil` for a word that is none.
  func key(spelled word: String) -> Key? {
    for key in Section.tables[rawValue].keys where key.name == word || key.aliases.contains(word) { return key }
    return nil
  }

  var requiredKeys: [Key] { Section.tables[rawValue].required }

  /// Tables are short: a search along them is faster than any hash.
  private static let tables: [(keys: [Key], required: [Key])] = allCases.map { ($0.keys, $0.keys.filter(\.isRequired)) }
}
