import HTTP
import Net

/// How a stream ended.
public enum HTTPStreamEnd: Sendable, Equatable {
  /// Request and response are complete.
  case finished
  /// The peer cancelled the request (HTTP/2 RST_STREAM), or this side did.
  case reset(HTTP2ErrorCode)
  /// The connection went away.
  case connectionLost
  /// The peer was too slow to send the request or to take the response.
  case timedOut
}

/// Receives what happens on a stream after its request head; all calls come on the stream's loop.
public protocol HTTPStreamHandler: AnyObject {
  /// A piece of the request's content, valid during the call only. `HTTPStream.consume` gives room for more.
  func received(_ content: UnsafeRawBufferPointer, on stream: HTTPStream)
  func requestEnded(trailers: HTTPHeaders, on stream: HTTPStream)
  /// After `isWritable` was false: there is room again.
  func writable(_ stream: HTTPStream)
  /// The last call.
  func closed(_ end: HTTPStreamEnd, on stream: HTTPStream)
}

extension HTTPStreamHandler {
  public func writable(_ stream: HTTPStream) {}
}

/// What is known about the connection of a request.
public final class HTTPPeer: Sendable {
  public let loop: EventLoop
  public let address: SocketAddress
  public let isSecure: Bool
  /// The client's verified certificate, where one was asked for and shown.
  public let certificate: PeerCertificate?

  public init(
    loop: EventLoop, address: SocketAddress, isSecure: Bool = false, certificate: PeerCertificate? = nil
  ) {
    self.certificate = certificate
    self.loop = loop
    self.address = address
    self.isSecure = isSecure
  }
}

/// One request and its response, over HTTP/1.1 or HTTP/2, without any buffering beyond the transport's own.
///
/// Confined to `loop`: every method must be called there, and its handler is called there. The stream keeps its handler
/// until `closed`.
public class HTTPStream: @unchecked Sendable {
  // Sendable: confined to the loop; only the constants are read elsewhere.
  public let request: HTTPRequestHead
  public let peer: HTTPPeer
  public var handler: (any HTTPStreamHandler)?
  /// Whether content may still arrive. False from the start for a request without content.
  public internal(set) var expectsContent: Bool
  /// Whether the slowest allowed rate of arrival applies; switch it off for long-lived uploads such as gRPC streams.
  public var enforcesRate = true
  /// Whether the response gets a `date` header; protocols upon HTTP that have no use for it save its making.
  public var addsDate = true
  public internal(set) var hasResponded = false
  public internal(set) var isClosed = false
  /// Received bytes not yet consumed.
  public internal(set) var unreadBytes = 0
  /// Content bytes received in total.
  var contentBytes = 0
  var outputEnded = false
  let context: ServerLoop

  public var loop: EventLoop { peer.loop }

  init(request: HTTPRequestHead, peer: HTTPPeer, expectsContent: Bool, context: ServerLoop) {
    self.request = request
    self.peer = peer
    self.expectsContent = expectsContent
    self.context = context
  }

  /// Whether more output is welcome; after false wait for `HTTPStreamHandler.writable`.
  public var isWritable: Bool { false }

  /// Tells a client that waits for it (`Expect: 100-continue`) to send the content. Does nothing otherwise.
  public func allowContent() {}

  /// Says that `count` received bytes were read, so that the peer may send as many more.
  public func consume(_ count: Int) {}

  /// Sends the response head. Without `content-length` the content is chunked in HTTP/1.1.
  public func respond(_ head: HTTPResponseHead, endOfStream: Bool = false) {}

  /// Sends a complete response; `content-length` is added.
  public func respond(_ head: HTTPResponseHead, content: [UInt8]) {}

  /// Queues a copy of the bytes. Dropped when the response has no content (HEAD, 204, 304) or has ended.
  public func write(_ bytes: UnsafeRawBufferPointer) {}

  public func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { write($0) } }

  /// Whether `sendFile` is taken; otherwise read the file and `write` it.
  public var sendsFiles: Bool { false }

  /// Queues a part of a file, sent by the kernel. Only when `sendsFiles`, and only with a known `content-length`.
  public func sendFile(_ file: OpenFile, offset: Int64, length: Int64) {}

  /// Ends the response after everything written.
  public func finish(trailers: HTTPHeaders? = nil) {}

  /// Ends the stream at once; in HTTP/1.1 that closes the connection. `closed` follows.
  public func reset(_ code: HTTP2ErrorCode = .cancel) {}

  /// Answers 101 and hands the connection to another protocol (HTTP/1.1 only). Bytes that the client sent ahead are
  /// given to the new handler. `closed(.finished)` follows for this stream.
  /// - Returns: false when the request did not ask for an upgrade, or was answered already.
  public func upgrade(_ head: HTTPResponseHead, to handler: any ConnectionHandler) -> Bool { false }

  /// Answers with the server's rendering of a failure. Resets the stream when a response is under way.
  public func fail(_ failure: HTTPFailure) {
    guard !isClosed else { return }
    if hasResponded {
      reset(.internalError)
      return
    }
    let response = context.configuration.renderFailure(failure, request)
    let content: [UInt8] = if case .bytes(let bytes) = response.body { bytes } else { [] }
    respond(HTTPResponseHead(status: response.status, headers: response.headers), content: content)
  }

  func end(_ reason: HTTPStreamEnd) {
    guard !isClosed else { return }
    isClosed = true
    expectsContent = false
    let last = handler
    handler = nil
    last?.closed(reason, on: self)
  }
}
