import Glibc

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
  /// The key itself, as the loader asks for it.
  var word: StaticString
  var aliases: [String]
  var accepts: Accepts
  /// What holds without the key, as text.
  var fallback: String
  var summary: String
  var isRequired: Bool

  init(
    _ word: StaticString, _ aliases: [String], _ accepts: Accepts, _ fallback: String, _ summary: String,
    required: Bool = false
  ) {
    self.word = word
    self.aliases = aliases
    self.accepts = accepts
    self.fallback = fallback
    self.summary = summary
    isRequired = required
  }

  init(_ word: StaticString, _ accepts: Accepts, _ fallback: String, _ summary: String, required: Bool = false) {
    self.init(word, [], accepts, fallback, summary, required: required)
  }

  var name: String { word.description }
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
  func key(spelled word: String) -> Key? { keyIndex(spelled: word).map { table.keys[$0] } }

  /// The same by its place in `table`.
  func keyIndex(spelled word: String) -> Int? {
    let mark = Section.mark(of: word)
    let spellings = table.spellings
    for index in spellings.indices where spellings[index].mark == mark && spellings[index].word == word {
      return spellings[index].key
    }
    return nil
  }

  var table: Table { Section.tables[rawValue] }

  /// The keys of a section, with what is often looked for.
  final class Table: Sendable {
    struct Spelling: Sendable {
      /// Differs for nearly all words.
      var mark: UInt64
      var word: String
      /// Index in `keys`.
      var key: Int
    }

    let keys: [Key]
    /// Indexes in `keys`.
    let required: [Int]
    /// Names and aliases. There are few: a search along them is faster than any hash.
    let spellings: [Spelling]

    init(_ keys: [Key]) {
      self.keys = keys
      required = keys.indices.filter { keys[$0].isRequired }
      spellings = keys.enumerated().flatMap { index, key in
        key.spellings.map { Spelling(mark: Section.mark(of: $0), word: $0, key: index) }
      }
    }
  }

  private static let tables: [Table] = allCases.map { Table($0.keys) }

  /// The length of a word and its first bytes.
  private static func mark(of word: String) -> UInt64 {
    var word = word
    return word.withUTF8 { text in
      var mark = UInt64(truncatingIfNeeded: text.count)
      for index in 0..<min(7, text.count) { mark = mark << 8 | UInt64(text[index]) }
      return mark
    }
  }
}

extension StaticString {
  /// Whether both have the same text; one literal is often stored once.
  func isSame(as other: StaticString) -> Bool {
    utf8CodeUnitCount == other.utf8CodeUnitCount
      && (utf8Start == other.utf8Start || memcmp(utf8Start, other.utf8Start, utf8CodeUnitCount) == 0)
  }
}
