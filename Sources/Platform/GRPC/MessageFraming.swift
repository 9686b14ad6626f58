import Protobuf

/// Length-prefixed messages (doc/PROTOCOL-HTTP2.md): a byte that says whether the message is compressed, four bytes of
/// its length, the message.
enum MessageFraming {
  static let prefixBytes = 5

  /// A message with its prefix.
  static func frame<M: ProtobufMessage>(_ message: M) -> [UInt8] {
    WireWriter.bytes { writer in
      message.encode(to: &writer)
      writer.fixed32(UInt32(clamping: writer.count).bigEndian)
      writer.byte(0)
    }
  }
}

/// Takes messages out of a stream of bytes.
struct MessageDeframer {
  /// Bytes of one message.
  let sizeMax: Int
  private var prefix: [UInt8] = []
  private var partial: [UInt8] = []
  private var missing = 0
  private var isInside = false

  init(sizeMax: Int) { self.sizeMax = sizeMax }

  /// Whether the bytes so far end in the middle of a message.
  var isPartial: Bool { isInside || !prefix.isEmpty }

  /// Calls `take` with each message that is complete.
  mutating func push(
    _ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Void
  ) throws(GRPCError) {
    var rest = bytes
    while !rest.isEmpty || (isInside && missing == 0) {
      if !isInside {
        // The whole prefix and the whole message at once: nothing is copied.
        if prefix.isEmpty, rest.count >= MessageFraming.prefixBytes {
          let size = try Self.size(rest[0], rest[1], rest[2], rest[3], rest[4], sizeMax)
          rest = UnsafeRawBufferPointer(rebasing: rest[MessageFraming.prefixBytes...])
          if rest.count >= size {
            take(UnsafeRawBufferPointer(rebasing: rest[..<size]))
            rest = UnsafeRawBufferPointer(rebasing: rest[size...])
            continue
          }
          begin(size)
        } else {
          prefix.append(rest[0])
          rest = UnsafeRawBufferPointer(rebasing: rest[1...])
          guard prefix.count == MessageFraming.prefixBytes else { continue }
          begin(try Self.size(prefix[0], prefix[1], prefix[2], prefix[3], prefix[4], sizeMax))
          prefix.removeAll(keepingCapacity: true)
        }
      }
      let count = min(missing, rest.count)
      partial.append(contentsOf: rest[..<count])
      missing -= count
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      if missing == 0 {
        isInside = false
        partial.withUnsafeBytes { take($0) }
        partial = []
      }
    }
  }

  private mutating func begin(_ size: Int) {
    isInside = true
    missing = size
    partial.reserveCapacity(min(size, 1 << 20))
  }

  private static func size(
    _ flag: UInt8, _ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ sizeMax: Int
  ) throws(GRPCError) -> Int {
    guard flag == 0 else {
      throw GRPCError(.internal, "a message is marked as compressed, but no compression was agreed on")
    }
    let size = Int(a) << 24 | Int(b) << 16 | Int(c) << 8 | Int(d)
    guard size <= sizeMax else {
      throw GRPCError(.resourceExhausted, "a message of \(size) bytes is larger than the limit of \(sizeMax)")
    }
    return size
  }
}
