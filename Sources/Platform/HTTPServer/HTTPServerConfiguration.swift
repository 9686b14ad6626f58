import HTTP

/// Bounds and time-outs of a server. Every one of them has a finite default.
public struct HTTPServerLimits: Sendable {
  public var http1 = HTTP1Limits()
  public var http2 = HTTP2Limits()
  /// Bytes of a request's content. A handler may ask for less with `HTTPRequestBody.collect(upTo:)`.
  public var bodyBytes = 64 << 20
  /// From the first moment of a connection, or the first byte of a later request, to the end of the request's head.
  public var headTimeout: Duration = .seconds(15)
  /// Slowest rate at which content may arrive while the server wants to read it; measured over `bodyRateInterval`.
  public var bodyBytesPerSecond = 512
  public var bodyRateInterval: Duration = .seconds(10)
  /// How long a connection without a request is kept, and how long a peer may leave a response unread.
  public var idleTimeout: Duration = .seconds(75)
  public var requestsPerConnection = 1_000_000
  /// Open connections of the whole server. Further clients wait in the kernel's backlog.
  public var connections = 100_000

  public init() {}
}

/// A request that ends with an error status, thrown by handlers or raised by the server itself.
public struct HTTPFailure: Error, Sendable {
  public var status: HTTPStatus
  /// For people; sent to the client.
  public var message: String
  public var headers: HTTPHeaders

  public init(_ status: HTTPStatus, _ message: String? = nil, headers: HTTPHeaders = HTTPHeaders()) {
    self.status = status
    self.message = message ?? status.reason
    self.headers = headers
  }
}

/// What a server needs to know besides its handler.
public struct HTTPServerConfiguration: Sendable {
  /// Makes the response for a failure. `request` is nil when its head could not be read.
  public typealias FailureRenderer = @Sendable (_ failure: HTTPFailure, _ request: HTTPRequestHead?) -> HTTPResponse

  public var limits = HTTPServerLimits()
  /// Mode of the socket's file when the address is a Unix path.
  public var unixMode: UInt32 = 0o660
  /// Value of the `server` header; nil for none.
  public var serverName: String?
  /// Every error answer goes through it, those of the server itself (400, 408, 413, 414, 431, 500, 501, 503, 505)
  /// as well as those thrown by handlers.
  public var renderFailure: FailureRenderer = { failure, _ in
    var headers = failure.headers
    headers.set("content-type", "text/plain; charset=utf-8")
    return HTTPResponse(status: failure.status, headers: headers, body: .bytes(Array("\(failure.message)\n".utf8)))
  }

  public init() {}
}
