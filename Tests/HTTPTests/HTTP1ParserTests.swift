import HTTP
import PythonPeer
import Testing

/// Writes down what a parser finds.
final class MessageRecorder: HTTP1ParserDelegate {
  var requests: [HTTPRequestHead] = []
  var responses: [HTTPResponseHead] = []
  var lengths: [HTTP1BodyLength] = []
  var bodies: [[UInt8]] = []
  var trailers: [HTTPHeaders] = []
  var pauses = false

  func http1(_ parser: HTTP1Parser, received head: HTTPRequestHead, body: HTTP1BodyLength) {
    requests.append(head)
    lengths.append(body)
    bodies.append([])
  }
  func http1(_ parser: HTTP1Parser, received head: HTTPResponseHead, body: HTTP1BodyLength) {
    responses.append(head)
    lengths.append(body)
    bodies.append([])
  }
  func http1(_ parser: HTTP1Parser, received content: UnsafeRawBufferPointer) {
    bodies[bodies.count - 1].append(contentsOf: content)
  }
  func http1Ended(_ parser: HTTP1Parser, trailers: HTTPHeaders) -> Bool {
    self.trailers.append(trailers)
    return !pauses
  }
}

@Suite struct HTTP1ParserTests {
  /// Feeds the text in pieces of `step` bytes.
  func parse(
    _ text: String, role: HTTP1Parser.Role = .requests, limits: HTTP1Limits = HTTP1Limits(), step: Int = .max
  ) -> (MessageRecorder, HTTP1Parser.Outcome) {
    let recorder = MessageRecorder()
    let parser = HTTP1Parser(role: role, limits: limits, delegate: recorder)
    var rest = Array(text.utf8)[...]
    var outcome = HTTP1Parser.Outcome.needsMore
    while !rest.isEmpty, outcome == .needsMore {
      outcome = Array(rest.prefix(step)).withUnsafeBytes { parser.execute($0) }
      rest = rest.dropFirst(step)
    }
    return (recorder, outcome)
  }

  @Test(arguments: [1, 2, 3, 7, 1000])
  func pipelinedRequestsInPieces(step: Int) {
    let (recorder, outcome) = parse(
      "POST /a%20b?x=1?2 HTTP/1.1\r\nHost: h:80\r\nX-One:  padded \t\r\nContent-Length: 3\r\n\r\nabc"
        + "PUT http://other/p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
        + "4;ext=1\r\nwxyz\r\n0\r\nX-Sum: 9\r\n\r\nOPTIONS * HTTP/1.0\r\n\r\n", step: step)
    #expect(outcome == .needsMore)
    #expect(recorder.requests.map(\.method) == [.post, .put, .options])
    #expect(recorder.requests.map(\.path) == ["/a%20b", "/p", "*"])
    #expect(recorder.requests[0].query == "x=1?2" && recorder.requests[0].authority == "h:80")
    #expect(recorder.requests[0].headers["x-one"] == "padded")
    #expect(recorder.requests[1].authority == "other")
    #expect(recorder.lengths == [.known(3), .chunked, .none])
    #expect(recorder.bodies == [Array("abc".utf8), Array("wxyz".utf8), []])
    #expect(recorder.trailers[1]["x-sum"] == "9" && recorder.trailers[0].isEmpty)
    #expect(recorder.requests[2].version == .http1_0)
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\n\r\n",  // no Host
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \u{0b}chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nX: a\r\rContent-Length: 5\r\n\r\nabcde",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nabcde\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "GET /\u{0} HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX y: z\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n: z\r\n\r\n",
    "GET / HTTP/1.1\nHost: a\n\n",
    "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "GET path HTTP/1.1\r\nHost: a\r\n\r\n",
    "get / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/3.0\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
    "GET / HTTP/0.9\r\nHost: a\r\n\r\n",
    "\u{16}\u{03}\u{01}\u{02}\u{00}\u{01}\u{00}\u{01}",
  ])
  func refusedRequests(text: String) {
    for step in [1, 1000] {
      let (_, outcome) = parse(text, step: step)
      guard case .failed = outcome else {
        Issue.record("accepted with step \(step): \(text.debugDescription) -> \(outcome)")
        continue
      }
    }
  }

  @Test func limits() {
    var limits = HTTP1Limits()
    limits.targetBytes = 100
    limits.headerBytes = 1000
    limits.headerCount = 5
    let long = String(repeating: "a", count: 101)
    #expect(parse("GET /\(long) HTTP/1.1\r\n", limits: limits).1 == .failed(.targetTooLong))
    let many = String(repeating: "A: b\r\n", count: 6)
    #expect(parse("GET / HTTP/1.1\r\n\(many)\r\n", limits: limits).1 == .failed(.headersTooLarge))
    let big = String(repeating: "a", count: 1001)
    #expect(parse("GET / HTTP/1.1\r\nHost: \(big)\r\n\r\n", limits: limits).1 == .failed(.headersTooLarge))
    #expect(parse("GET / HTTP/1.1\r\n\(big): x\r\n\r\n", limits: limits, step: 1).1 == .failed(.headersTooLarge))
    let trailer = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: \(big)\r\n\r\n"
    #expect(parse(trailer, limits: limits).1 == .failed(.headersTooLarge))
  }

  @Test func pauseAndUpgrade() {
    let recorder = MessageRecorder()
    recorder.pauses = true
    let parser = HTTP1Parser(role: .requests, delegate: recorder)
    let first = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
    let upgrade = "GET /2 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    let bytes = Array((first + upgrade + "raw").utf8)
    #expect(bytes.withUnsafeBytes { parser.execute($0) } == .paused(consumed: first.utf8.count))
    recorder.pauses = false
    parser.resume()
    let rest = Array(bytes[first.utf8.count...])
    #expect(rest.withUnsafeBytes { parser.execute($0) } == .upgrade(consumed: upgrade.utf8.count))
    #expect(parser.wantsUpgrade && recorder.requests.count == 2)
    parser.resumeWithoutUpgrade()
    let third = Array("GET /3 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n".utf8)
    #expect(third.withUnsafeBytes { parser.execute($0) } == .needsMore)
    #expect(parser.expectsContinue && !parser.keepsAlive && recorder.requests.count == 3)
  }

  @Test func responses() {
    let (recorder, outcome) = parse(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 204 No Content\r\n\r\n"
        + "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\u{81}",
      role: .responses)
    #expect(recorder.responses.map(\.status.code) == [200, 204, 101])
    guard case .upgrade = outcome else {
      Issue.record("no upgrade: \(outcome)")
      return
    }
  }

  @Test func writerMakesWhatTheParserReads() {
    var headers: HTTPHeaders = ["X-A": "1", "x-b": "evil\r\nInjected: 1"]
    let added = headers.add("bad name", "x")
    #expect(!added)
    let head = HTTPResponseHead(status: .notFound, headers: headers)
    let content = Array("hello".utf8)
    let size = HTTP1Writer.capacity(for: head) + content.count + HTTP1Writer.chunkOverhead + 100
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      var writer = HTTP1Writer(UnsafeMutableRawBufferPointer(buffer))
      "today".utf8.withContiguousStorageIfAvailable { date in
        writer.response(head, framing: .chunked, date: UnsafeRawBufferPointer(date), closes: true)
      }
      content.withUnsafeBytes { writer.chunk($0) }
      writer.lastChunk(["sum": "5"])
      count = writer.count
    }
    let (recorder, outcome) = parse(String(decoding: bytes, as: UTF8.self), role: .responses)
    #expect(outcome == .needsMore)
    #expect(recorder.responses[0].status == .notFound && recorder.bodies == [content])
    #expect(recorder.responses[0].headers["x-b"] == "evil  Injected: 1")
    #expect(recorder.responses[0].headers["connection"] == "close" && recorder.trailers[0]["sum"] == "5")
  }

  @Test func mutatedBytesNeverCrash() {
    var random = SeededNumbers.forTest("HTTP mutatedBytesNeverCrash")
    let seeds = [
      "POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: b\r\n\r\n",
      "PUT /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n4\r\nwxyz\r\n0\r\nT: 1\r\n\r\n",
      "GET http://h/x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nabc",
    ]
    for round in 0..<6000 {
      var bytes = Array(seeds[round % seeds.count].utf8)
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let position = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: position)
        case 2: bytes.insert(contentsOf: bytes[position...].prefix(9), at: position)
        default: bytes[position] = [0, 9, 10, 13, 32, 58, 127, 255][Int.random(in: 0..<8, using: &random)]
        }
        if bytes.isEmpty { bytes = [1] }
      }
      let recorder = MessageRecorder()
      let parser = HTTP1Parser(role: round % 2 == 0 ? .requests : .responses, delegate: recorder)
      var position = 0
      loop: while position < bytes.count {
        let end = min(bytes.count, position + Int.random(in: 1...40, using: &random))
        switch bytes[position..<end].withUnsafeBytes({ parser.execute($0) }) {
        case .needsMore: position = end
        case .paused(let consumed):
          position += consumed
          parser.resume()
        case .upgrade(let consumed):
          position += consumed
          parser.resumeWithoutUpgrade()
        case .failed: break loop
        }
      }
      for head in recorder.requests {
        for (name, value) in head.headers {
          #expect(!name.isEmpty && !value.utf8.contains { $0 == 13 || $0 == 10 || $0 == 0 })
        }
      }
    }
  }

  @Test func dates() {
    #expect(HTTPDate.format(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
      #expect(HTTPDate.parse(text) == 784_111_777)
    }
    for text in ["", "yesterday", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT"] {
      #expect(HTTPDate.parse(text) == nil)
    }
  }
}
