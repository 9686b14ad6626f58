import HTTP

/// One row of a routing table.
public struct Route: Sendable {
  public var method: HTTPMethod
  public var pattern: String
  public var handler: HTTPHandler

  /// - Parameter pattern: path segments after `/`; `{name}` stands for one segment, `{name...}` at the end for the rest
  ///   of the path (which may be empty).
  public init(_ method: HTTPMethod, _ pattern: String, _ handler: HTTPHandler) {
    self.method = method
    self.pattern = pattern
    self.handler = handler
  }

  public init(_ method: HTTPMethod, _ pattern: String, _ body: @escaping HTTPHandler.Asynchronous) {
    self.init(method, pattern, HTTPHandler(body))
  }
}

/// Finds the handler of a request by method and path. A fixed segment wins over `{name}`, that over `{name...}`.
/// GET routes answer HEAD as well. A path without the method is 405 with `allow`, an unknown path 404.
public struct Router: Sendable {
  private struct Leaf: Sendable {
    var handlers: [HTTPMethod: HTTPHandler] = [:]
    var names: [String] = []
    var allowed = ""
  }

  private struct Node: Sendable {
    var fixed: [String: Node] = [:]
    /// Zero or one element; an array only because a struct cannot hold itself.
    var variable: [Node] = []
    var leaf: Leaf?
    var rest: Leaf?
  }

  private var root = Node()
  /// Paths without variables, found in one look-up.
  private var exact: [String: Leaf] = [:]
  private let notFound: HTTPHandler
  private let middleware: [HTTPMiddleware]

  /// - Parameter middleware: around every route, the first one outermost; also around 404 and 405 answers.
  public init(_ routes: [Route], middleware: [HTTPMiddleware] = []) {
    self.middleware = middleware
    notFound = Self.wrap(.immediate { _, _ in throw HTTPFailure(.notFound) }, middleware)
    for route in routes { add(route) }
  }

  private static func wrap(_ handler: HTTPHandler, _ middleware: [HTTPMiddleware]) -> HTTPHandler {
    middleware.reversed().reduce(handler) { $0.wrapped(by: $1) }
  }

  private mutating func add(_ route: Route) {
    precondition(route.pattern.hasPrefix("/"), "a route's pattern begins with /: \(route.pattern)")
    let segments = route.pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let handler = Self.wrap(route.handler, middleware)
    var names: [String] = []
    Self.insert(segments[...], into: &root, names: &names, route.method, handler)
    if names.isEmpty, var leaf = exact[route.pattern] ?? Leaf() as Leaf? {
      Self.set(&leaf, route.method, handler, names)
      exact[route.pattern] = leaf
    }
  }

  private static func set(_ leaf: inout Leaf, _ method: HTTPMethod, _ handler: HTTPHandler, _ names: [String]) {
    leaf.handlers[method] = handler
    leaf.names = names
    var methods = leaf.handlers.keys.map(\.name)
    if leaf.handlers[.get] != nil, leaf.handlers[.head] == nil { methods.append("HEAD") }
    leaf.allowed = methods.sorted().joined(separator: ", ")
  }

  private static func insert(
    _ segments: ArraySlice<String>, into node: inout Node, names: inout [String], _ method: HTTPMethod,
    _ handler: HTTPHandler
  ) {
    guard let segment = segments.first else {
      var leaf = node.leaf ?? Leaf()
      set(&leaf, method, handler, names)
      node.leaf = leaf
      return
    }
    if segment.hasPrefix("{"), segment.hasSuffix("...}") {
      precondition(segments.count == 1, "{name...} stands only at the end of a pattern")
      names.append(String(segment.dropFirst().dropLast(4)))
      var leaf = node.rest ?? Leaf()
      set(&leaf, method, handler, names)
      node.rest = leaf
    } else if segment.hasPrefix("{"), segment.hasSuffix("}") {
      names.append(String(segment.dropFirst().dropLast()))
      var next = node.variable.first ?? Node()
      insert(segments.dropFirst(), into: &next, names: &names, method, handler)
      node.variable = [next]
    } else {
      insert(segments.dropFirst(), into: &node.fixed[segment, default: Node()], names: &names, method, handler)
    }
  }

  /// Answers a request; for a server's `streams`, where other protocols share it.
  public func accept(_ stream: HTTPStream) {
    let (handler, parameters) = match(stream.request)
    stream.answer(with: handler, parameters: parameters)
  }

  /// The handler for a request; one that throws 404, 405 or 400 when there is no other.
  public func match(_ head: HTTPRequestHead) -> (handler: HTTPHandler, parameters: [String: String]) {
    if let leaf = exact[head.path] { return (handler(of: leaf, head.method), [:]) }
    guard head.path.hasPrefix("/") else { return (notFound, [:]) }
    var segments: [String] = []
    for part in head.path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      guard let segment = PercentCoding.decode(part) else {
        return (
          Self.wrap(.immediate { _, _ in throw HTTPFailure(.badRequest, "invalid percent-encoding") }, middleware), [:]
        )
      }
      segments.append(segment)
    }
    var values: [String] = []
    guard let leaf = Self.find(segments[...], root, &values) else { return (notFound, [:]) }
    let parameters = Dictionary(zip(leaf.names, values)) { _, last in last }
    return (handler(of: leaf, head.method), parameters)
  }

  private func handler(of leaf: Leaf, _ method: HTTPMethod) -> HTTPHandler {
    if let handler = leaf.handlers[method] { return handler }
    if method == .head, let handler = leaf.handlers[.get] { return handler }
    let allowed = leaf.allowed
    return Self.wrap(
      .immediate { _, _ in throw HTTPFailure(.methodNotAllowed, headers: ["allow": allowed]) }, middleware)
  }

  private static func find(_ segments: ArraySlice<String>, _ node: Node, _ values: inout [String]) -> Leaf? {
    guard let segment = segments.first else {
      if let leaf = node.leaf { return leaf }
      if let rest = node.rest {
        values.append("")
        return rest
      }
      return nil
    }
    if let next = node.fixed[segment], let leaf = find(segments.dropFirst(), next, &values) { return leaf }
    let depth = values.count
    if let next = node.variable.first, !segment.isEmpty {
      values.append(segment)
      if let leaf = find(segments.dropFirst(), next, &values) { return leaf }
      values.removeLast(values.count - depth)
    }
    guard let rest = node.rest else { return nil }
    values.append(segments.joined(separator: "/"))
    return rest
  }
}

extension HTTPStream {
  /// Has a handler answer this stream.
  public func answer(with handler: HTTPHandler, parameters: [String: String] = [:]) {
    switch handler.kind {
    case .asynchronous(let body): HandlerCall(self).start(body, parameters)
    case .immediate(let body):
      do {
        let response = try body(HTTPRequest(head: request), HTTPContext(peer: peer, parameters: parameters))
        if case .stream = response.body {
          HandlerCall(self).start({ _, _ in response }, parameters)
        } else if case .file = response.body, !sendsFiles {
          HandlerCall(self).start({ _, _ in response }, parameters)
        } else {
          HandlerCall.begin(response, on: self)
        }
      } catch let failure as HTTPFailure {
        fail(failure)
      } catch {
        fail(HTTPFailure(.internalServerError))
      }
    }
  }
}
