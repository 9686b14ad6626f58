/// Received messages that wait to be read, and the credit their sender gets: it is held back while too much waits.
struct MessageQueue {
  /// What a waiting message costs besides its own bytes, so that many tiny ones are bounded, too.
  private static let overheadBytes = 64

  private let limits: GRPCLimits
  private var deframer: MessageDeframer
  private var messages: [[UInt8]] = []
  /// Index of the first message; those before it were taken.
  private var first = 0
  private var queuedBytes = 0
  private var withheldBytes = 0

  init(_ limits: GRPCLimits) {
    self.limits = limits
    deframer = MessageDeframer(sizeMax: limits.receivedMessageBytes)
  }

  var count: Int { messages.count - first }
  var isEmpty: Bool { messages.count == first }
  /// Whether the bytes so far end in the middle of a message.
  var isPartial: Bool { deframer.isPartial }

  /// - Returns: bytes to give credit for.
  mutating func push(_ bytes: UnsafeRawBufferPointer) throws(GRPCError) -> Int {
    try deframer.push(bytes) { message in
      messages.append(Array(message))
      queuedBytes += message.count + Self.overheadBytes
    }
    if queuedBytes < limits.unreadBytes { return bytes.count }
    withheldBytes += bytes.count
    return 0
  }

  /// The first message, which must exist, and bytes to give credit for.
  mutating func take() -> (message: [UInt8], credit: Int) {
    let message = messages[first]
    if count == 1 {
      messages.removeAll(keepingCapacity: messages.count <= 16)
      first = 0
    } else {
      messages[first] = []
      first += 1
    }
    queuedBytes -= message.count + Self.overheadBytes
    guard withheldBytes > 0, queuedBytes < limits.unreadBytes else { return (message, 0) }
    defer { withheldBytes = 0 }
    return (message, withheldBytes)
  }

  /// Drops everything.
  /// - Returns: bytes to give credit for.
  mutating func removeAll() -> Int {
    defer { withheldBytes = 0 }
    messages = []
    first = 0
    queuedBytes = 0
    return withheldBytes
  }
}
