import HTTP
import PythonPeer
import Testing

/// Two sessions joined back to back, with everything that happened written down.
final class SessionPair: HTTP2SessionDelegate {
  final class Recorder: HTTP2StreamHandler {
    var heads: [HTTPResponseHead] = []
    var body: [UInt8] = []
    var trailers: HTTPHeaders?
    var ended = false
    var closedWith: HTTP2ErrorCode?
    var writableCalls = 0
    var consumes = true
    var onWritable: ((HTTP2Stream) -> Void)?

    func http2(_ stream: HTTP2Stream, received head: HTTPResponseHead) { heads.append(head) }
    func http2(_ stream: HTTP2Stream, received data: UnsafeRawBufferPointer) {
      body.append(contentsOf: data)
      if consumes { stream.consume(data.count) }
    }
    func http2(_ stream: HTTP2Stream, receivedTrailers trailers: HTTPHeaders) { self.trailers = trailers }
    func http2StreamEnded(_ stream: HTTP2Stream) { ended = true }
    func http2StreamWritable(_ stream: HTTP2Stream) {
      writableCalls += 1
      onWritable?(stream)
    }
    func http2StreamClosed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) { closedWith = code }
  }

  var client: HTTP2Session?
  var server: HTTP2Session?
  var requests: [HTTPRequestHead] = []
  var serverStreams: [HTTP2Stream] = []
  var serverRecorders: [Recorder] = []
  var goAway: HTTP2ErrorCode?
  var pongs: [UInt64] = []
  var tooLarge = 0
  var onRequest: ((HTTP2Stream, Recorder) -> Void)?

  init(_ limits: HTTP2Limits = HTTP2Limits()) throws {
    server = try HTTP2Session(role: .server, limits: limits, delegate: self)
    client = try HTTP2Session(role: .client, delegate: self)
  }

  deinit {
    client?.invalidate()
    server?.invalidate()
  }

  func http2(_ session: HTTP2Session, received head: HTTPRequestHead, on stream: HTTP2Stream, endOfStream: Bool) {
    let recorder = Recorder()
    recorder.ended = endOfStream
    stream.handler = recorder
    requests.append(head)
    serverStreams.append(stream)
    serverRecorders.append(recorder)
    onRequest?(stream, recorder)
  }
  func http2(_ session: HTTP2Session, headersTooLargeOn stream: HTTP2Stream) {
    tooLarge += 1
    stream.respond(HTTPResponseHead(status: .requestHeaderFieldsTooLarge), endOfStream: true)
  }
  func http2(_ session: HTTP2Session, receivedGoAway code: HTTP2ErrorCode, lastStreamID: Int32) { goAway = code }
  func http2(_ session: HTTP2Session, receivedPingAcknowledgement data: UInt64) { pongs.append(data) }
  func http2NeedsFlush(_ session: HTTP2Session) {}

  /// Carries bytes both ways until neither side has more to say.
  func pump() throws {
    guard let client, let server else { return }
    while true {
      var toServer: [UInt8] = []
      var toClient: [UInt8] = []
      try client.drain(into: &toServer)
      try toServer.withUnsafeBytes { try server.receive($0) }
      try server.drain(into: &toClient)
      try toClient.withUnsafeBytes { try client.receive($0) }
      if toServer.isEmpty && toClient.isEmpty { return }
    }
  }
}

@Suite struct HTTP2SessionTests {
  @Test func requestAndResponseWithTrailers() throws {
    let pair = try SessionPair()
    pair.onRequest = { stream, _ in
      stream.inform(HTTPResponseHead(status: HTTPStatus(103), headers: ["link": "</a>"]))
      stream.respond(HTTPResponseHead(status: .ok, headers: ["Content-Type": "text/plain", "Connection": "close"]))
      stream.write(Array("hello".utf8))
      stream.finish(trailers: ["grpc-status": "0"])
    }
    let recorder = SessionPair.Recorder()
    let head = HTTPRequestHead(
      method: .post, path: "/a/b", query: "x=1", authority: "host:1", headers: ["X-Name": "v"])
    let stream = try #require(try pair.client?.submitRequest(head, endOfStream: false, handler: recorder))
    stream.write(Array("body".utf8))
    stream.finish()
    try pair.pump()

    let request = try #require(pair.requests.first)
    #expect(request.method == .post && request.path == "/a/b" && request.query == "x=1")
    #expect(request.authority == "host:1" && request.headers["x-name"] == "v" && request.version == .http2)
    #expect(pair.serverRecorders[0].body == Array("body".utf8) && pair.serverRecorders[0].ended)
    #expect(recorder.heads.map(\.status.code) == [103, 200])
    #expect(recorder.heads[1].headers["content-type"] == "text/plain")
    #expect(!recorder.heads[1].headers.contains("connection"))
    #expect(recorder.body == Array("hello".utf8) && recorder.ended)
    #expect(recorder.trailers?["grpc-status"] == "0")
    #expect(recorder.closedWith == .noError && pair.serverRecorders[0].closedWith == .noError)
    #expect(stream.isClosed && pair.server?.openStreams == 0)
  }

  @Test func slowReaderStopsThePeer() throws {
    var limits = HTTP2Limits()
    limits.streamWindowBytes = 70_000
    let pair = try SessionPair(limits)
    pair.onRequest = { _, recorder in recorder.consumes = false }
    let recorder = SessionPair.Recorder()
    let stream = try #require(
      try pair.client?.submitRequest(
        HTTPRequestHead(method: .post, path: "/", authority: "h"), endOfStream: false, handler: recorder))
    try pair.pump()
    stream.write([UInt8](repeating: 7, count: 300_000))
    #expect(!stream.isWritable)
    try pair.pump()
    let server = try #require(pair.serverStreams.first)
    #expect(pair.serverRecorders[0].body.count == 70_000 && server.unreadBytes == 70_000)
    #expect(recorder.writableCalls == 0)
    while pair.serverRecorders[0].body.count < 300_000 {
      server.consume(server.unreadBytes)
      try pair.pump()
    }
    #expect(recorder.writableCalls == 1 && stream.isWritable)
  }

  @Test func writableCallbackCanGoOnWriting() throws {
    let pair = try SessionPair()
    var left = 40
    let chunk = [UInt8](repeating: 1, count: HTTP2Stream.highWaterBytes)
    pair.onRequest = { stream, recorder in
      recorder.onWritable = { stream in
        left -= 1
        if left == 0 { stream.finish() } else { stream.write(chunk) }
      }
      stream.respond(HTTPResponseHead(status: .ok))
      stream.write(chunk)
    }
    let recorder = SessionPair.Recorder()
    _ = try pair.client?.submitRequest(
      HTTPRequestHead(method: .get, path: "/", authority: "h"), endOfStream: true, handler: recorder)
    try pair.pump()
    #expect(recorder.body.count == 40 * chunk.count && recorder.closedWith == .noError)
  }

  @Test func oversizeHeadersAreRefusedAndTheConnectionGoesOn() throws {
    var limits = HTTP2Limits()
    limits.headerListBytes = 4096
    let pair = try SessionPair(limits)
    for size in [5000, 10] {
      let recorder = SessionPair.Recorder()
      _ = try pair.client?.submitRequest(
        HTTPRequestHead(
          method: .get, path: "/", authority: "h", headers: ["x": String(repeating: "a", count: size)]),
        endOfStream: true, handler: recorder)
      try pair.pump()
      #expect(recorder.heads.first?.status == (size == 5000 ? .requestHeaderFieldsTooLarge : nil))
    }
    #expect(pair.tooLarge == 1 && pair.requests.count == 1)
  }

  @Test func resetPingAndGoAway() throws {
    let pair = try SessionPair()
    let recorder = SessionPair.Recorder()
    let client = try #require(pair.client)
    let stream = try client.submitRequest(
      HTTPRequestHead(method: .get, path: "/", authority: "h"), endOfStream: false, handler: recorder)
    client.ping(0x0102_0304_0506_0708)
    try pair.pump()
    #expect(pair.pongs == [0x0102_0304_0506_0708])
    stream.reset(.cancel)
    try pair.pump()
    #expect(pair.serverRecorders[0].closedWith == .cancel && recorder.closedWith == .cancel)
    pair.server?.goAway(.enhanceYourCalm)
    try pair.pump()
    #expect(pair.goAway == .enhanceYourCalm && !client.acceptsRequests)
    #expect(throws: HTTP2Error.self) {
      try client.submitRequest(
        HTTPRequestHead(method: .get, path: "/", authority: "h"), endOfStream: true, handler: recorder)
    }
    #expect(pair.server?.isFinished == true)
  }

  @Test func invalidatedSessionEndsItsStreams() throws {
    let pair = try SessionPair()
    let recorder = SessionPair.Recorder()
    let stream = try #require(
      try pair.client?.submitRequest(
        HTTPRequestHead(method: .get, path: "/", authority: "h"), endOfStream: false, handler: recorder))
    try pair.pump()
    pair.client?.invalidate(.connectError)
    #expect(recorder.closedWith == .connectError && stream.isClosed)
    stream.write([1])
    stream.finish()
    stream.reset()
    stream.consume(1)
  }

  @Test func rapidResetsCloseTheConnection() throws {
    var limits = HTTP2Limits()
    limits.resetBurst = 50
    limits.resetsPerSecond = 1
    let pair = try SessionPair(limits)
    let recorder = SessionPair.Recorder()
    for _ in 0..<200 {
      guard let client = pair.client, client.acceptsRequests else { break }
      let stream = try client.submitRequest(
        HTTPRequestHead(method: .get, path: "/", authority: "h"), endOfStream: true, handler: recorder)
      try pair.pump()
      stream.reset()
      try pair.pump()
    }
    #expect(pair.requests.count < 100)
    #expect(pair.goAway != nil)
  }

  @Test func mutatedBytesNeverCrash() throws {
    var random = SeededNumbers.forTest("HTTP mutatedBytesNeverCrash")
    for _ in 0..<300 {
      let pair = try SessionPair()
      pair.onRequest = { stream, _ in
        stream.respond(HTTPResponseHead(status: .ok))
        stream.write([UInt8](repeating: 3, count: 100))
        stream.finish(trailers: ["a": "b"])
      }
      guard let client = pair.client, let server = pair.server else { return }
      let recorder = SessionPair.Recorder()
      var wire: [UInt8] = []
      for index in 0..<5 {
        let name = String(repeating: "n", count: Int.random(in: 1...40, using: &random))
        let stream = try client.submitRequest(
          HTTPRequestHead(method: .post, path: "/\(index)", authority: "h", headers: [name: "v\(index)"]),
          endOfStream: false, handler: recorder)
        stream.write([UInt8](repeating: UInt8(index), count: Int.random(in: 0...2000, using: &random)))
        stream.finish(trailers: index % 2 == 0 ? ["t": "u"] : nil)
        try client.drain(into: &wire, limit: .max)
      }
      // The first 24 bytes are the fixed preface; a change there only tests one comparison.
      for _ in 0..<Int.random(in: 1...20, using: &random) {
        wire[Int.random(in: 24..<wire.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      var output: [UInt8] = []
      do throws(HTTP2Error) {
        var position = 0
        while position < wire.count {
          let end = min(wire.count, position + Int.random(in: 1...600, using: &random))
          let result = wire[position..<end].withUnsafeBytes { bytes in
            Result { () throws(HTTP2Error) in try server.receive(bytes) }
          }
          try result.get()
          try server.drain(into: &output, limit: .max)
          position = end
        }
      } catch {}
    }
  }
}
