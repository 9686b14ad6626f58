extension HTTPClient {
  public struct Response: Sendable {
    public var status: Int
    public var headers: Headers
    public var body: ResponseBody

    public var isSuccess: Bool { (200..<300).contains(status) }
  }

  /// A response with its whole body.
  public struct CompleteResponse: Sendable {
    public var status: Int
    public var headers: Headers
    public var body: [UInt8]

    public var isSuccess: Bool { (200..<300).contains(status) }
    /// The body as UTF-8, faulty bytes replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
  }

  /// The bytes of a response as they arrive, for one reader.
  ///
  /// A slow reader holds the connection up once `Options.bufferMax` bytes wait. Over HTTP/2 libcurl itself takes in up to
  /// 32 MiB more for a held-up stream. Dropping the body before its end closes the connection.
  public struct ResponseBody: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = HTTPClientError

    let owner: BodyOwner

    public struct AsyncIterator: AsyncIteratorProtocol {
      let owner: BodyOwner

      public mutating func next() async throws(HTTPClientError) -> [UInt8]? { try await owner.transfer.read() }

      public mutating func next(
        isolation actor: isolated (any Actor)?
      ) async throws(HTTPClientError) -> [UInt8]? { try await owner.transfer.read() }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(owner: owner) }

    /// Everything up to the end.
    /// - Throws: `responseTooLarge` above `sizeMax` bytes.
    public func collect(sizeMax: Int) async throws(HTTPClientError) -> [UInt8] {
      var collected: [UInt8] = []
      while let chunk = try await owner.transfer.read() {
        guard collected.count + chunk.count <= sizeMax else {
          let error = HTTPClientError(.responseTooLarge, "the response is longer than \(sizeMax) bytes")
          owner.transfer.cancel(error)
          throw error
        }
        collected += chunk
      }
      return collected
    }
  }

  /// Gives the transfer up when the last copy of a body is gone.
  final class BodyOwner: Sendable {
    let transfer: Transfer
    init(_ transfer: Transfer) { self.transfer = transfer }
    deinit { transfer.cancel(HTTPClientError(.cancelled, "the response body was given up")) }
  }
}
