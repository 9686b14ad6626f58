import HTTP
import Net

/// A request as handlers see it.
public struct HTTPRequest: Sendable {
  public var head: HTTPRequestHead
  /// Empty for requests without content. Can be read once.
  public var body: HTTPRequestBody

  public var method: HTTPMethod { head.method }
  public var path: String { head.path }
  public var headers: HTTPHeaders { head.headers }

  public init(head: HTTPRequestHead, body: HTTPRequestBody = .empty) {
    self.head = head
    self.body = body
  }

  /// Values of the query's `name=value` pairs, percent-decoded, `+` as a space.
  public func query(_ name: String) -> [String] {
    guard let query = head.query else { return [] }
    return query.split(separator: "&").compactMap { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard PercentCoding.decode(parts[0], plusIsSpace: true) == name else { return nil }
      return parts.count == 2 ? PercentCoding.decode(parts[1], plusIsSpace: true) : ""
    }
  }
}

/// A response as handlers make it.
public struct HTTPResponse: Sendable {
  public enum Body: Sendable {
    case none
    case bytes([UInt8])
    /// Written as it comes; with a `length` the response carries `content-length`, otherwise it is chunked.
    case stream(length: Int?, @Sendable (HTTPBodyWriter) async throws -> Void)
    /// A part of a file; its caller has opened and checked it.
    case file(OpenFile, offset: Int64, length: Int64)
    /// Hands the connection to another protocol, for responses 101 (HTTP/1.1 only). Called on the connection's loop.
    case upgrade(@Sendable (Connection) -> any ConnectionHandler)
  }

  public var status: HTTPStatus
  public var headers: HTTPHeaders
  public var body: Body

  public init(status: HTTPStatus = .ok, headers: HTTPHeaders = HTTPHeaders(), body: Body = .none) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// A complete response of one content type.
  public init(_ status: HTTPStatus = .ok, contentType: String, _ content: [UInt8]) {
    self.status = status
    headers = HTTPHeaders()
    headers.add("content-type", contentType)
    body = .bytes(content)
  }

  public static func text(_ text: String, status: HTTPStatus = .ok) -> HTTPResponse {
    HTTPResponse(status, contentType: "text/plain; charset=utf-8", Array(text.utf8))
  }

  public static func json(_ text: String, status: HTTPStatus = .ok) -> HTTPResponse {
    HTTPResponse(status, contentType: "application/json", Array(text.utf8))
  }
}

/// A named value that middleware leaves for those after it.
public protocol HTTPContextKey {
  associatedtype Value: Sendable
}

/// What a handler knows besides the request.
public struct HTTPContext: Sendable {
  public let peer: HTTPPeer
  /// Values of the route's `{name}` parts, percent-decoded.
  public internal(set) var parameters: [String: String] = [:]
  private var values: [ObjectIdentifier: any Sendable] = [:]

  public init(peer: HTTPPeer, parameters: [String: String] = [:]) {
    self.peer = peer
    self.parameters = parameters
  }

  /// A route's parameter; an empty string when the route has none of that name.
  public func parameter(_ name: String) -> String { parameters[name] ?? "" }

  public subscript<Key: HTTPContextKey>(key: Key.Type) -> Key.Value? {
    get { values[ObjectIdentifier(key)] as? Key.Value }
    set { values[ObjectIdentifier(key)] = newValue }
  }
}

/// Answers requests. Handlers run on the connection's loop and must not block it.
public struct HTTPHandler: Sendable {
  public typealias Immediate = @Sendable (HTTPRequest, HTTPContext) throws -> HTTPResponse
  public typealias Asynchronous = @Sendable (HTTPRequest, HTTPContext) async throws -> HTTPResponse

  enum Kind: Sendable {
    case immediate(Immediate)
    case asynchronous(Asynchronous)
  }
  let kind: Kind

  public init(_ body: @escaping Asynchronous) { kind = .asynchronous(body) }

  private init(kind: Kind) { self.kind = kind }

  /// A handler that answers at once and does not read the request's content: it costs no task.
  public static func immediate(_ body: @escaping Immediate) -> HTTPHandler { HTTPHandler(kind: .immediate(body)) }

  public func callAsFunction(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    switch kind {
    case .immediate(let body): try body(request, context)
    case .asynchronous(let body): try await body(request, context)
    }
  }

  /// The handler behind a middleware, which is a function around it.
  public func wrapped(by middleware: @escaping HTTPMiddleware) -> HTTPHandler {
    HTTPHandler { request, context in try await middleware(request, context, self) }
  }
}

/// Does something before and after `next`, or answers in its place.
public typealias HTTPMiddleware =
  @Sendable (_ request: HTTPRequest, _ context: HTTPContext, _ next: HTTPHandler) async throws -> HTTPResponse
