import Protobuf
import Testing

@Suite struct WireTests {
  @Test func emptyMessageIsEmpty() throws {
    #expect(Test.Everything().serialized() == [])
    #expect(try Test.Everything(serialized: []) == Test.Everything())
  }

  @Test func unknownFieldsAreKept() throws {
    let newer = Test.Newer(
      aDouble: 1.5, aString: "x", addedVarint: -7, addedFixed64: 8, addedString: "kept", addedFixed32: 9)
    var older = try Test.Scalars(serialized: newer.serialized())
    #expect(older.aDouble == 1.5)
    #expect(!older.unknownFields.isEmpty)
    #expect(try Test.Newer(serialized: older.serialized()) == newer)
    older.unknownFields = UnknownFields()
    #expect(try Test.Newer(serialized: older.serialized()).addedString == "")
  }

  @Test func groupsAndWrongWireTypesAreUnknown() throws {
    // Field 3 (int32) as a string, then a group 200 holding field 1 = 5.
    let bytes: [UInt8] = [0x1A, 0x01, 0x41, 0xC3, 0x0C, 0x08, 0x05, 0xC4, 0x0C]
    let message = try Test.Scalars(serialized: bytes)
    #expect(message.anInt32 == 0)
    #expect(message.serialized() == bytes)
  }

  @Test func packedAndUnpackedAreBothAccepted() throws {
    let packed = try Test.Lists(serialized: [0x1A, 0x03, 0x01, 0x02, 0x03])
    let single = try Test.Lists(serialized: [0x18, 0x01, 0x18, 0x02, 0x18, 0x03])
    #expect(packed.int32s == [1, 2, 3])
    #expect(single == packed)
    #expect(Test.Lists(unpacked: [1, 2]).serialized() == [0x90, 0x01, 0x01, 0x90, 0x01, 0x02])
  }

  @Test func repeatedOccurrencesMerge() throws {
    let first = Test.Everything(scalars: Test.Scalars(anInt32: 1, aString: "a"), lists: Test.Lists(int32s: [1]))
    let second = Test.Everything(scalars: Test.Scalars(anInt64: 2, aString: "b"), lists: Test.Lists(int32s: [2]))
    let both = try Test.Everything(serialized: first.serialized() + second.serialized())
    #expect(both.scalars == Test.Scalars(anInt32: 1, anInt64: 2, aString: "b"))
    #expect(both.lists?.int32s == [1, 2])
    // The last case of a oneof wins; a message case adds to an earlier one of its own kind.
    let left = Test.Choice(body: .scalars(Test.Scalars(anInt32: 1))).serialized()
    let right = Test.Choice(body: .scalars(Test.Scalars(anInt64: 2))).serialized()
    let text = Test.Choice(body: .aString("")).serialized()
    #expect(try Test.Choice(serialized: left + right).body == .scalars(Test.Scalars(anInt32: 1, anInt64: 2)))
    #expect(try Test.Choice(serialized: left + text).body == .aString(""))
  }

  @Test func presenceIsKept() throws {
    var message = Test.Optionals()
    message.anInt32 = 0
    message.aString = ""
    message.scalars = Test.Scalars()
    let again = try Test.Optionals(serialized: message.serialized())
    #expect(again == message)
    #expect(again.aBool == nil)
  }

  @Test func enumsAreOpen() throws {
    let message = try Test.Scalars(serialized: [0x80, 0x01, 0x4D])
    #expect(message.mood == .unrecognized(77))
    #expect(message.serialized() == [0x80, 0x01, 0x4D])
    #expect(Test.Scalars(mood: .bad).serialized().count == 12)
  }

  @Test func brokenInputIsRefused() {
    let cases: [([UInt8], ProtobufError)] = [
      ([0x08], .truncated), ([0x09, 1, 2], .truncated), ([0x15, 1], .truncated), ([0x72, 0x05, 0x61], .truncated),
      ([0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02], .malformedVarint),
      ([0x00, 0x00], .invalidTag(0)), ([0x07], .invalidTag(7)), ([0x72, 0x01, 0xFF], .invalidUTF8),
      ([0x72, 0x03, 0xED, 0xA0, 0x80], .invalidUTF8), ([0x0E], .invalidTag(14)), ([0xC4, 0x0C], .unbalancedGroup),
      ([0xC3, 0x0C], .unbalancedGroup), ([0xC3, 0x0C, 0xCC, 0x0C], .unbalancedGroup),
      ([0x72, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], .truncated),
      ([0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x00], .invalidTag(1 << 35)),
    ]
    for (bytes, error) in cases {
      #expect(throws: error, "\(bytes)") { try Test.Scalars(serialized: bytes == [0x08] ? [0x18] : bytes) }
    }
  }

  @Test func depthAndSizeAreLimited() throws {
    func nested(_ depth: Int) -> [UInt8] {
      var tree = Test.Tree(name: "leaf")
      for _ in 0..<depth { tree = Test.Tree(left: tree) }
      return tree.serialized()
    }
    #expect(try Test.Tree(serialized: nested(100)).left != nil)
    #expect(throws: ProtobufError.tooDeep(100)) { try Test.Tree(serialized: nested(101)) }
    #expect(throws: ProtobufError.tooDeep(3)) {
      try Test.Tree(serialized: nested(4), limits: ProtobufLimits(depthMax: 3))
    }
    let groups = [UInt8](repeating: 0x0B, count: 100_000)
    #expect(throws: ProtobufError.tooDeep(100)) { try Test.Tree(serialized: groups) }
    #expect(throws: ProtobufError.tooLarge(10)) {
      try Test.Tree(serialized: nested(20), limits: ProtobufLimits(sizeMax: 10))
    }
  }

  @Test func largeMessagesGrowTheBuffer() throws {
    let message = Test.Lists(
      strings: (0..<5000).map { "string \($0)" }, bytes: [[UInt8](repeating: 7, count: 3_000_000), [], [1]])
    #expect(try Test.Lists(serialized: message.serialized()) == message)
  }
}
