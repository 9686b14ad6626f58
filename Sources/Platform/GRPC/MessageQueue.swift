/// Received messages that wait to be read, and the credit their sender gets: it is held back while too much waits.
struct MessageQueue {
  private let limits: GRPCLimits
  private var deframer: MessageDeframer
  private var messages: [[UInt8]] = []
  private var queuedBytes = 0
  private var withheldBytes = 0

  init(_ limits: GRPCLimits) {
    self.limits = limits
    deframer = MessageDeframer(sizeMax: limits.receivedMessageBytes)
  }

  var count: Int { messages.count }
  var isEmpty: Bool { messages.isEmpty }
  /// Whether the bytes so far end in the middle of a message.
  var isPartial: Bool { deframer.isPartial }

  /// - Returns: bytes to give credit for.
  mutating func push(_ bytes: UnsafeRawBufferPointer) throws(GRPCError) -> Int {
    try deframer.push(bytes) { message in
      messages.append(Array(message))
      queuedBytes += message.count
    }
    if queuedBytes < limits.unreadBytes { return bytes.count }
    withheldBytes += bytes.count
    return 0
  }

  /// The first message, which must exist, and bytes to give credit for.
  mutating func take() -> (message: [UInt8], credit: Int) {
    let message = messages.removeFirst()
    queuedBytes -= message.count
    guard withheldBytes > 0, queuedBytes < limits.unreadBytes else { return (message, 0) }
    defer { withheldBytes = 0 }
    return (message, withheldBytes)
  }

  /// Drops everything.
  /// - Returns: bytes to give credit for.
  mutating func removeAll() -> Int {
    defer { withheldBytes = 0 }
    messages = []
    queuedBytes = 0
    return withheldBytes
  }
}
