// Making strings. Short ones are unique in a machine, so that tables compare them by address.

extension Machine {
  func makeString(_ bytes: UnsafePointer<UInt8>?, _ count: Int) throws(Trap) -> StringRef {
    if count <= StringObject.internedLengthMax { return try intern(bytes, count) }
    return try makeLongString(count) { $0.update(from: bytes.unsafelyUnwrapped, count: count) }
  }

  /// A string of more than 40 bytes, filled by `fill`.
  @inline(__always) func makeLongString(
    _ count: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void
  ) throws(Trap) -> StringRef {
    guard count <= budget.stringLength else { throw .fault(.stringLength) }
    try account(Cost.string + count)
    let string = allocateString(count, hash: 0)
    fill(StringObject.bytes(string))
    return string
  }

  func makeString(_ text: StaticString) throws(Trap) -> StringRef {
    try makeString(text.utf8Start, text.utf8CodeUnitCount)
  }

  func makeString(_ bytes: [UInt8]) throws(Trap) -> StringRef {
    // A result instead of a throwing closure: closures do not carry the type of what they throw.
    let outcome: Result<StringRef, Trap> = bytes.withUnsafeBufferPointer { buffer in
      do throws(Trap) { return .success(try makeString(buffer.baseAddress, buffer.count)) } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  private func allocateString(_ count: Int, hash: UInt32) -> StringRef {
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: MemoryLayout<StringObject>.stride + count, alignment: MemoryLayout<StringObject>.alignment)
    let string = raw.bindMemory(to: StringObject.self, capacity: 1)
    string.initialize(
      to: StringObject(
        header: ObjectHeader(next: objects, kind: .string, isMarked: false, isInterned: false, flags: 0, serial: 0),
        chain: nil, hash: hash, count: Int32(count)))
    objects = raw.assumingMemoryBound(to: ObjectHeader.self)
    return string
  }

  private func intern(_ bytes: UnsafePointer<UInt8>?, _ count: Int) throws(Trap) -> StringRef {
    let hash = Hash.bytes(bytes, count)
    var candidate = internBuckets[Int(hash & UInt32(internCapacity - 1))]
    while let string = candidate {
      if string.pointee.hash == hash, Int(string.pointee.count) == count {
        let own = StringObject.bytes(string)
        var index = 0
        while index < count, own[index] == bytes.unsafelyUnwrapped[index] { index += 1 }
        if index == count { return string }
      }
      candidate = string.pointee.chain
    }
    try account(Cost.string + count)
    let string = allocateString(count, hash: hash)
    if let bytes { StringObject.bytes(string).update(from: bytes, count: count) }
    string.pointee.header.isInterned = true
    if internCount >= internCapacity { growInternTable() }
    let bucket = Int(hash & UInt32(internCapacity - 1))
    string.pointee.chain = internBuckets[bucket]
    internBuckets[bucket] = string
    internCount += 1
    return string
  }

  private func growInternTable() {
    let capacity = internCapacity * 2
    let buckets = UnsafeMutablePointer<StringRef?>.allocate(capacity: capacity)
    buckets.initialize(repeating: nil, count: capacity)
    for index in 0..<internCapacity {
      var next = internBuckets[index]
      while let string = next {
        next = string.pointee.chain
        let bucket = Int(string.pointee.hash & UInt32(capacity - 1))
        string.pointee.chain = buckets[bucket]
        buckets[bucket] = string
      }
    }
    internBuckets.deallocate()
    internBuckets = buckets
    internCapacity = capacity
  }

  /// Takes the strings that are about to be freed out of the intern table.
  func forgetUnmarkedStrings() {
    for index in 0..<internCapacity {
      var kept: StringRef?
      var next = internBuckets[index]
      while let string = next {
        next = string.pointee.chain
        if string.pointee.header.isMarked {
          string.pointee.chain = kept
          kept = string
        } else {
          internCount -= 1
        }
      }
      internBuckets[index] = kept
    }
  }
}

/// Hashes that are equal on every target and in every run.
enum Hash {
  @inline(__always) static func mix(_ value: UInt64) -> UInt32 {
    var mixed = value &* 0x9E37_79B9_7F4A_7C15
    mixed ^= mixed >> 32
    return UInt32(truncatingIfNeeded: mixed)
  }

  static func bytes(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> UInt32 {
    var hash = UInt32(truncatingIfNeeded: count) ^ 0x811C_9DC5
    guard let bytes else { return hash }
    for index in 0..<count { hash = (hash ^ UInt32(bytes[index])) &* 0x0100_0193 }
    return hash ^ hash >> 15
  }

  static func value(_ value: Value) -> UInt32 {
    switch value.tag {
    case Tag.shortString: return value.string.pointee.hash
    case Tag.longString:
      let string = value.string
      if string.pointee.hash == 0 {
        string.pointee.hash = Hash.bytes(StringObject.bytes(string), Int(string.pointee.count)) | 1
      }
      return string.pointee.hash
    case Tag.integer, Tag.float, Tag.native: return mix(value.bits &+ UInt64(value.tag))
    case Tag.none, Tag.no, Tag.yes: return value.tag
    default: return mix(UInt64(value.object.pointee.serial))
    }
  }
}
