// The functions that the WebAssembly module exports. Addresses and lengths are numbers of 32 bits.
import Runner

// The module runs in one thread, and the host calls it from outside only.
nonisolated(unsafe) private var answer: [UInt8] = []
nonisolated(unsafe) private var request: UnsafeMutableBufferPointer<UInt8>?

/// Where the next request of `length` bytes goes. Valid until `aether_run`.
@c(aether_request) public func makeRequest(_ length: UInt32) -> UnsafeMutablePointer<UInt8>? {
  request?.deallocate()
  let room = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: Int(max(1, length)))
  room.initialize(repeating: 0)
  request = UnsafeMutableBufferPointer(rebasing: room[..<Int(length)])
  return room.baseAddress
}

/// Answers the request. Returns the length of the answer.
@c(aether_run) public func run() -> UInt32 {
  guard let room = request else { return 0 }
  let bytes = Array(room)
  room.deallocate()
  request = nil
  answer = Runner.answer(bytes)
  return UInt32(answer.count)
}

/// Where the answer is. Valid until the next call.
@c(aether_answer) public func answerAddress() -> UnsafePointer<UInt8>? {
  answer.withUnsafeBufferPointer { $0.baseAddress }
}
