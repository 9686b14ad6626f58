/// A statement about markings, as people write it: `not (A.Open and B.Open)`, `A.Busy + B.Busy <= 2`,
/// `Door.Open implies Motor.Stopped`. A name alone holds when there is a token.
///
/// From weakest to strongest: `implies`; `or`; `and`; `not`; `== ~= != < <= > >=`; `+ -`. Parts of a name that are no
/// identifiers stand in double quotes: `Cell."Tool change"`.
public struct InvariantExpression: Sendable {
  indirect enum Node: Sendable {
    case number(Int64)
    /// Sum of the tokens of these places.
    case tokens([Int])
    case sum(Node, Node, sign: Int64)
    case compare(Node, Comparison, Node)
    case not(Node)
    case and(Node, Node)
    case or(Node, Node)
  }

  enum Comparison: String, Sendable {
    case equal = "==", notEqual = "~=", less = "<", atMost = "<=", more = ">", atLeast = ">="
  }

  /// Why a text is no statement.
  public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
    /// From 1, in characters.
    public var column: Int
    public var message: String

    public var description: String { "column \(column): \(message)" }
  }

  public let text: String
  let root: Node

  /// - Parameter places: what a name stands for: places whose tokens are counted together; `nil` for an unknown name.
  public init(_ text: String, places: @escaping (_ name: [String]) -> [Int]?) throws(Failure) {
    self.text = text
    var parser = InvariantParser(text, places: places)
    root = try parser.statement()
  }

  public func holds(_ marking: PetriNet.Marking) -> Bool { Self.holds(root, marking) }

  private static func holds(_ node: Node, _ marking: PetriNet.Marking) -> Bool {
    switch node {
    case .number, .tokens, .sum: value(node, marking) >= 1
    case .compare(let left, let comparison, let right):
      compare(value(left, marking), comparison, value(right, marking))
    case .not(let inner): !holds(inner, marking)
    case .and(let left, let right): holds(left, marking) && holds(right, marking)
    case .or(let left, let right): holds(left, marking) || holds(right, marking)
    }
  }

  private static func compare(_ left: Int64, _ comparison: Comparison, _ right: Int64) -> Bool {
    switch comparison {
    case .equal: left == right
    case .notEqual: left != right
    case .less: left < right
    case .atMost: left <= right
    case .more: left > right
    case .atLeast: left >= right
    }
  }

  private static func value(_ node: Node, _ marking: PetriNet.Marking) -> Int64 {
    switch node {
    case .number(let number): number
    case .tokens(let places): places.reduce(0) { $0 + Int64(marking[$1]) }
    case .sum(let left, let right, let sign): value(left, marking) + sign * value(right, marking)
    case .compare, .not, .and, .or: holds(node, marking) ? 1 : 0
    }
  }

  /// Whether place invariants alone show that the statement always holds: it says that some places never have tokens at
  /// the same time, and an invariant has too small a sum for that.
  func follows(from invariants: NetInvariants, _ net: PetriNet) -> Bool {
    guard case .not(let inner) = root, let places = Self.conjunction(inner) else { return false }
    let initial = net.initialMarking
    return invariants.places.contains { solution in
      guard solution.terms.allSatisfy({ $0.factor > 0 }) else { return false }
      let sum = solution.terms.reduce(Int64(0)) { $0 + $1.factor * Int64(initial[$1.index]) }
      let needed = places.reduce(Int64(0)) { needed, alternatives in
        needed + (alternatives.map { place in solution.terms.first { $0.index == place }?.factor ?? 0 }.min() ?? 0)
      }
      return needed > sum
    }
  }

  /// The names that must all have tokens, each with the places it stands for; `nil` for another kind of statement.
  private static func conjunction(_ node: Node) -> [[Int]]? {
    switch node {
    case .tokens(let places): [places]
    case .and(let left, let right):
      if let left = conjunction(left), let right = conjunction(right),
        Set(left.joined()).isDisjoint(with: right.joined())
      {
        left + right
      } else {
        nil
      }
    default: nil
    }
  }
}

private struct InvariantParser {
  enum Token: Equatable {
    case word(String)
    case quoted(String)
    case number(Int64)
    case sign(String)
    case end
  }

  private var tokens: [(token: Token, column: Int)] = []
  private var position = 0
  private var depth = 0
  private var failure: InvariantExpression.Failure?
  private let places: ([String]) -> [Int]?

  init(_ text: String, places: @escaping ([String]) -> [Int]?) {
    self.places = places
    let characters = Array(text)
    var index = 0
    while index < characters.count {
      let column = index + 1
      let character = characters[index]
      if character.isWhitespace {
        index += 1
      } else if character.isLetter || character == "_" {
        var word = ""
        while index < characters.count,
          characters[index].isLetter || characters[index].isNumber || characters[index] == "_"
        {
          word.append(characters[index])
          index += 1
        }
        tokens.append((.word(word), column))
      } else if character.isASCII, character.isNumber {
        var digits = ""
        while index < characters.count, characters[index].isASCII, characters[index].isNumber {
          digits.append(characters[index])
          index += 1
        }
        if Int64(digits) == nil || digits.count > 9 { fail(column, "\(digits) is too large") }
        tokens.append((.number(Int64(digits) ?? 0), column))
      } else if character == "\"" {
        var name = ""
        index += 1
        while index < characters.count, characters[index] != "\"" {
          name.append(characters[index])
          index += 1
        }
        if index == characters.count { fail(column, "the closing \" is missing") }
        index += 1
        tokens.append((.quoted(name), column))
      } else {
        let pair = String(characters[index..<min(index + 2, characters.count)])
        let sign = ["==", "~=", "!=", "<=", ">="].contains(pair) ? pair : String(character)
        if !["==", "~=", "!=", "<=", ">=", "<", ">", "+", "-", "(", ")", "."].contains(sign) {
          fail(column, "\"\(sign)\" has no meaning here")
        }
        tokens.append((.sign(sign == "!=" ? "~=" : sign), column))
        index += sign.count
      }
    }
    tokens.append((.end, characters.count + 1))
  }

  private mutating func fail(_ column: Int, _ message: String) {
    if failure == nil { failure = .init(column: column, message: message) }
  }

  private func error(_ message: String) -> InvariantExpression.Failure {
    .init(column: tokens[position].column, message: message)
  }

  private mutating func accept(_ token: Token) -> Bool {
    guard tokens[position].token == token else { return false }
    position += 1
    return true
  }

  mutating func statement() throws(InvariantExpression.Failure) -> InvariantExpression.Node {
    if let failure { throw failure }
    let node = try implication()
    guard tokens[position].token == .end else {
      throw error("something is left over; and, or, + or a comparison is missing")
    }
    return node
  }

  private mutating func implication() throws(InvariantExpression.Failure) -> InvariantExpression.Node {
    depth += 1
    defer { depth -= 1 }
    guard depth < 100 else { throw error("too deeply nested") }
    let left = try disjunction()
    guard accept(.word("implies")) else { return left }
    return .or(.not(left), try implication())
  }

  private mutating func disjunction() throws(InvariantExpression.Failure) -> InvariantExpression.Node {
    var node = try conjunction()
    while accept(.word("or")) { node = .or(node, try conjunction()) }
    return node
  }

  private mutating func conjunction() throws(InvariantExpression.Failure) -> InvariantExpression.Node {
    var node = try negation()
    while accept(.word("and")) { node = .and(node, try negation()) }
    return node
  }

  private mutating func negation() throws(InvariantExpression.Failure) -> InvariantExpression.Node {
    var isNegated = false
    while accept(.word("not")) { isNegated.toggle() }
    let node = try comparison()
    return isNegated ? .not(node) : node
  }

  private mutating func comparison() throws(InvariantExpression.Failure) -> InvariantExpression.Node {
    let left = try sum()
    guard case .sign(let sign) = tokens[position].token, let comparison = InvariantExpression.Comparison(rawValue: sign)
    else { return left }
    position += 1
    return .compare(left, comparison, try sum())
  }

  private mutating func sum() throws(InvariantExpression.Failure) -> InvariantExpression.Node {
    var node = try atom()
    while true {
      if accept(.sign("+")) {
        node = .sum(node, try atom(), sign: 1)
      } else if accept(.sign("-")) {
        node = .sum(node, try atom(), sign: -1)
      } else {
        return node
      }
    }
  }

  private mutating func atom() throws(InvariantExpression.Failure) -> InvariantExpression.Node {
    if accept(.sign("(")) {
      let node = try implication()
      guard accept(.sign(")")) else { throw error("the closing ) is missing") }
      return node
    }
    if case .number(let number) = tokens[position].token {
      position += 1
      return .number(number)
    }
    let start = position
    var name: [String] = []
    repeat {
      switch tokens[position].token {
      case .word(let word) where !["and", "or", "not", "implies"].contains(word): name.append(word)
      case .quoted(let part): name.append(part)
      default: throw error(name.isEmpty ? "a name is missing, such as A.Open" : "a name is missing after the dot")
      }
      position += 1
    } while accept(.sign("."))
    guard let places = places(name) else {
      position = start
      throw error("there is no state, resource or channel \"\(name.joined(separator: "."))\"")
    }
    return .tokens(places)
  }
}
