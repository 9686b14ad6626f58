import Bytes
import HTTP
import PythonPeer
import Testing

@testable import GRPC

@Suite struct ParserTests {
  @Test func timeouts() {
    #expect(GRPCTimeout.parse("1S") == .seconds(1))
    #expect(GRPCTimeout.parse("99999999H") == .seconds(99_999_999 * 3600))
    #expect(GRPCTimeout.parse("250m") == .milliseconds(250))
    #expect(GRPCTimeout.parse("7n") == .nanoseconds(7))
    for bad in ["", "S", "1", "-1S", "1.5S", "123456789S", "1s", "1 S", "\u{663}S"] {
      #expect(GRPCTimeout.parse(bad) == nil, "\(bad)")
    }
    for duration: Duration in [.zero, .nanoseconds(1), .milliseconds(1500), .seconds(100_000), .seconds(1 << 38)] {
      let parsed = GRPCTimeout.parse(GRPCTimeout.format(duration))
      #expect(parsed.map { $0 >= duration } == true, "\(duration)")
    }
    #expect(GRPCTimeout.format(.seconds(-1)) == "0n")
    #expect(GRPCTimeout.parse(GRPCTimeout.format(.seconds(Int64.max))) != nil)
  }

  @Test func statusMessages() {
    for text in ["", "plain", "100 %", "Grüße\n\t", "%41", "日本語 😀"] {
      let encoded = StatusMessage.encode(text)
      #expect(encoded.utf8.allSatisfy { $0 >= 0x20 && $0 <= 0x7E })
      #expect(StatusMessage.decode(encoded) == text)
    }
    #expect(StatusMessage.decode("50% off %zz %4") == "50% off %zz %4")
  }

  @Test(arguments: GRPCStatusCode.allCases) func statusFields(_ code: GRPCStatusCode) {
    var metadata = GRPCMetadata()
    metadata.add("x-name", "value")
    let sent = GRPCError(code, "100 %", metadata: metadata)
    #expect(StatusFields.read(StatusFields.headers(sent)) == sent)
  }

  @Test func statusesOfOthers() {
    #expect(GRPCStatusCode.allCases.count == 17)
    #expect(StatusFields.read([:]) == nil)
    for text in ["17", "-1", "x", ""] { #expect(StatusFields.read(["grpc-status": text])?.code == .unknown, "\(text)") }
  }

  @Test func backoff() {
    func waits(seed: UInt64) -> [Duration] {
      var backoff = Backoff(from: .milliseconds(100), to: .seconds(1), seed: seed)
      return (0..<30).map { _ in backoff.next() }
    }
    let waits7 = waits(seed: 7)
    for (wait, middle) in zip(waits7, [100, 200, 400, 800] + [Int](repeating: 1000, count: 26)) {
      #expect(wait >= .milliseconds(middle) * 0.8 && wait <= .milliseconds(middle) * 1.2)
    }
    #expect(waits7 == waits(seed: 7))
    #expect(waits7 != waits(seed: 8))
    var backoff = Backoff(from: .milliseconds(100), to: .seconds(1), seed: 7)
    for _ in 0..<5 { _ = backoff.next() }
    backoff.reset()
    #expect(backoff.next() <= .milliseconds(120))
    var extreme = Backoff(from: .seconds(1 << 40), to: .seconds(1 << 40), seed: 1)
    for _ in 0..<100 { #expect(extreme.next() > .zero) }
  }

  /// A sender of empty messages is held back like one of large ones.
  @Test func emptyMessagesAreBounded() throws {
    var queue = MessageQueue(GRPCLimits())
    let frames = [UInt8](repeating: 0, count: 5 * 1000)
    var pushed = 0
    var credit = 0
    while credit == pushed, pushed < 1 << 20 {
      credit += try frames.withUnsafeBytes { try queue.push($0) }
      pushed += frames.count
    }
    #expect(queue.count <= 6000)
    while !queue.isEmpty { credit += queue.take().credit }
    #expect(credit == pushed)
  }

  @Test func metadata() {
    var metadata = GRPCMetadata()
    let taken = [
      metadata.add("X-Name", "value"), metadata.add("x-bytes-bin", bytes: [0, 255, 62]),
    ]
    let refused = [
      metadata.add("grpc-status", "0"), metadata.add("x-bin", "text"), metadata.add("x-name", bytes: []),
      metadata.add("x name", "value"), metadata.add("x-name", "line\nbreak"),
    ]
    #expect(taken == [true, true])
    #expect(refused.allSatisfy { !$0 })
    var headers: HTTPHeaders = ["content-type": "application/grpc", "te": "trailers", "grpc-timeout": "1S"]
    metadata.write(to: &headers)
    #expect(GRPCMetadata(headers) == metadata)
    let padded: HTTPHeaders = ["x-bytes-bin": "AP8+, AP8-AA==", "y-bin": "*"]
    #expect(GRPCMetadata(padded).entries.map(\.value) == [.bytes([0, 255, 62]), .bytes([0, 255, 62, 0])])
  }

  private func push(_ bytes: [UInt8], into deframer: inout MessageDeframer, _ take: ([UInt8]) -> Void) -> GRPCError? {
    bytes.withUnsafeBytes { piece in
      do {
        try deframer.push(piece) { take(Array($0)) }
        return nil
      } catch {
        return error as? GRPCError
      }
    }
  }

  @Test func framesArriveInAnyPieces() throws {
    var random = SeededNumbers.forTest("framesArriveInAnyPieces")
    for _ in 0..<500 {
      let messages = (0..<Int.random(in: 0...5, using: &random)).map { _ in
        (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      }
      let stream = messages.reduce(into: [UInt8]()) { stream, message in
        stream += [0, 0, 0, UInt8(message.count >> 8), UInt8(message.count & 255)] + message
      }
      var deframer = MessageDeframer(sizeMax: 300)
      var found: [[UInt8]] = []
      var index = 0
      while index < stream.count {
        let count = min(stream.count - index, Int.random(in: 1...200, using: &random))
        #expect(push(Array(stream[index..<index + count]), into: &deframer) { found.append($0) } == nil)
        index += count
      }
      #expect(found == messages)
      #expect(!deframer.isPartial)
    }
  }

  /// Whatever bytes come, there is a message, a wait or an error.
  @Test func anyBytes() {
    var random = SeededNumbers.forTest("anyBytes")
    for _ in 0..<5000 {
      var deframer = MessageDeframer(sizeMax: 1 << 16)
      for _ in 0..<4 {
        var bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        if Bool.random(using: &random) { for index in bytes.indices.prefix(4) { bytes[index] = 0 } }
        if push(bytes, into: &deframer, { #expect($0.count <= 1 << 16) }) != nil { break }
      }
      let text = String(
        decoding: (0..<Int.random(in: 0...12, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) },
        as: UTF8.self)
      _ = GRPCTimeout.parse(text)
      _ = StatusMessage.decode(text)
      var headers = HTTPHeaders()
      headers.add("grpc-status", text)
      headers.add("grpc-status-details-bin", text)
      headers.add("x-bin", text)
      _ = StatusFields.read(headers)
      _ = GRPCMetadata(headers)
    }
  }
}
