/// HTTP/1.1 and HTTP/2 client on libcurl. One thread drives all transfers of a client and keeps its connections for reuse.
///
/// Dropping the client lets transfers that have begun run to their end; `close()` ends them.
public final class HTTPClient: Sendable {
  public let options: Options
  private let engine: Engine

  /// - Parameter idleConnectionsMax: connections kept open for reuse.
  public init(options: Options = Options(), idleConnectionsMax: Int = 64) throws(HTTPClientError) {
    self.options = options
    engine = try Engine.start(idleConnectionsMax: idleConnectionsMax)
  }

  deinit { engine.submit(.finish) }

  /// Ends all transfers with `clientClosed`; later requests fail with the same.
  public func close() { engine.submit(.close) }

  /// Sends a request. Returns when the head of the answer is there; the body follows as it arrives.
  ///
  /// Every status is a response, not an error. Cancelling the task closes the connection (or resets the HTTP/2 stream).
  public func send(_ request: Request) async throws(HTTPClientError) -> Response {
    var request = request
    let options = request.options ?? options
    request.options = options
    let transfer = Transfer(try request.checked(), options: options, engine: engine)
    let head = try await transfer.start().get()
    return Response(status: head.status, headers: head.headers, body: ResponseBody(owner: BodyOwner(transfer)))
  }

  /// Sends a request and reads the whole answer.
  /// - Parameter bodyMax: bytes; a longer answer throws `responseTooLarge`.
  public func fetch(_ request: Request, bodyMax: Int = 16 << 20) async throws(HTTPClientError) -> CompleteResponse {
    let response = try await send(request)
    let body = try await response.body.collect(sizeMax: bodyMax)
    return CompleteResponse(status: response.status, headers: response.headers, body: body)
  }
}
