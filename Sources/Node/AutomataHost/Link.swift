import Automata

/// What a connection does to a value on its way.
public enum LinkTransform: Sendable, Equatable {
  case convert(WireConversion)
  /// Times a factor; the result is a double.
  case scale(Double)
  /// Plus a number; the result is a double.
  case offset(Double)

  /// - Returns: `nil` for a value that it does not take.
  public func apply(_ value: AutomatonValue) -> AutomatonValue? {
    switch self {
    case .convert(let conversion): conversion.apply(value)
    case .scale(let factor): LinkTransform.number(value).map { .float64($0 * factor) }
    case .offset(let amount): LinkTransform.number(value).map { .float64($0 + amount) }
    }
  }

  /// The type of what comes out; `nil` for a type that it does not take.
  public func result(of type: ValueType) -> ValueType? { apply(.zero(of: type))?.type }

  private static func number(_ value: AutomatonValue) -> Double? {
    guard value.type.isNumber, case .float64(let number) = value.converted(to: .float64) else { return nil }
    return number
  }
}

extension ValueType {
  var isNumber: Bool {
    switch self {
    case .int32, .int64, .float32, .float64: true
    case .void, .bool, .string, .binary, .table: false
    }
  }

  /// Whether a connection may carry values of this type to a variable of that: the same, or both are numbers.
  func fits(_ other: ValueType) -> Bool { self == other || (isNumber && other.isNumber) }
}

/// A connection as its target declares it: from an output of another automaton to an input of its own.
public struct Link: Sendable, Equatable, CustomStringConvertible {
  /// Name of the automaton that it comes from; of the same owner.
  public var source: String
  public var output: Name
  public var input: Name
  public var transform: LinkTransform
  /// What is sent arrives after the next tick of the target instead of before it.
  public var isDelayed: Bool

  public init(
    source: String, output: Name, input: Name, transform: LinkTransform = .convert(.none), isDelayed: Bool = false
  ) {
    self.source = source
    self.output = output
    self.input = input
    self.transform = transform
    self.isDelayed = isDelayed
  }

  /// `AUTOMATON/OUTPUT -> INPUT`
  public var description: String {
    "\(source)/\(String(decoding: output, as: UTF8.self)) -> \(String(decoding: input, as: UTF8.self))"
  }

  /// Why the connection cannot be made between these two; `nil` when it can.
  public func problem(from source: Automaton, to target: Automaton) -> LinkProblem? {
    func text(_ name: Name) -> String { String(decoding: name, as: UTF8.self) }
    func names(_ automaton: Automaton, _ direction: Variable.Direction) -> [String] {
      automaton.variables.filter { $0.direction == direction }.map { text($0.name) }
    }
    guard let from = source.variables.first(where: { $0.name == output && $0.direction == .output }) else {
      return LinkProblem(
        end: .from, message: "\(self.source) has no output \"\(text(output))\"", accepted: names(source, .output))
    }
    guard let to = target.variables.first(where: { $0.name == input && $0.direction == .input }) else {
      return LinkProblem(
        end: .to, message: "there is no input \"\(text(input))\"", accepted: names(target, .input))
    }
    guard let result = transform.result(of: from.type) else {
      return LinkProblem(end: .transform, message: "does not take \(from.type.word)", accepted: [])
    }
    guard result.fits(to.type) else {
      return LinkProblem(
        end: .transform, message: "gives \(result.word), and \"\(text(input))\" takes \(to.type.word)",
        accepted: to.type == .string ? ["to_string"] : [])
    }
    return nil
  }
}

/// What is wrong with a connection.
public struct LinkProblem: Error, Sendable, Equatable, CustomStringConvertible {
  public enum End: String, Sendable { case from, to, transform }

  public var end: End
  public var message: String
  public var accepted: [String]

  public var description: String {
    let words = end == .transform ? "the transform \(message)" : message
    return accepted.isEmpty ? words : "\(words); accepted: \(accepted.joined(separator: ", "))"
  }
}

/// The rule for cycles: each has at least one delayed connection.
public enum LinkGraph {
  /// - Parameter links: by the name of their target.
  /// - Returns: the names along a cycle without a delayed connection, the first one again at the end; `nil` for none.
  public static func cycle(_ links: [String: [Link]]) -> [String]? {
    var finished: Set<String> = []
    for start in links.keys.sorted() {
      var path: [String] = []
      if let cycle = visit(start, links, &path, &finished) { return cycle }
    }
    return nil
  }

  /// Walks from targets to sources, so the path is turned round in the end.
  private static func visit(
    _ start: String, _ links: [String: [Link]], _ path: inout [String], _ finished: inout Set<String>
  ) -> [String]? {
    // A stack of its own: chains may be longer than a thread's stack allows.
    guard !finished.contains(start) else { return nil }
    var stack: [(name: String, next: Int)] = [(start, 0)]
    var isOnPath: Set<String> = [start]
    path = [start]
    while let (name, next) = stack.last {
      let sources = links[name] ?? []
      guard next < sources.count else {
        stack.removeLast()
        path.removeLast()
        isOnPath.remove(name)
        finished.insert(name)
        continue
      }
      stack[stack.count - 1].next += 1
      let link = sources[next]
      guard !link.isDelayed, !finished.contains(link.source) else { continue }
      if isOnPath.contains(link.source), let begin = path.firstIndex(of: link.source) {
        return (path[begin...] + [link.source]).reversed()
      }
      stack.append((link.source, 0))
      path.append(link.source)
      isOnPath.insert(link.source)
    }
    return nil
  }
}
