import Bytes
import Foundation
import Protobuf
import PythonPeer
import Testing

/// Python's protobuf makes thousands of random messages; each must survive our decoder and encoder in both forms.
@Suite struct PythonInteropTests {
  /// Compiles the test schemas and fills messages at random.
  static let prelude = """
    import base64, importlib, math, os, random, struct, sys, tempfile
    import grpc_tools
    from grpc_tools import protoc
    from google.protobuf import json_format
    from google.protobuf.descriptor import FieldDescriptor as F
    here, mode, seed, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with tempfile.TemporaryDirectory() as out:
      includes = os.path.join(os.path.dirname(grpc_tools.__file__), '_proto')
      assert protoc.main(['', '-I' + here, '-I' + includes, '--python_out=' + out,
        'schemas/everything.proto', 'schemas/other.proto']) == 0
      sys.path.insert(0, out)
      pb = importlib.import_module('schemas.everything_pb2')
    random.seed(seed)

    def number(bits, signed):
      n = random.choice([0, 1, 127, 128, 300, 2**31 - 1, 2**32, 2**53, 2**63, random.getrandbits(bits)]) % 2**bits
      return n - 2**bits if signed and n >= 2**(bits - 1) else n

    def float64():
      special = [0.0, -0.0, 1.5, -2.25, 1e300, 5e-324, math.inf, -math.inf, math.nan, 123456789.125]
      return random.choice(special + [random.random(), random.gauss(0, 1e9)])

    def float32():
      special = [0.0, -0.0, 0.1, 3.4e38, 1e-45, math.inf, -math.inf, math.nan, 16777216.0]
      return struct.unpack('f', struct.pack('f', random.choice(special + [random.random(), random.gauss(0, 1e6)])))[0]

    texts = ['', 'a', 'naïve', '日本語', '😀', 'quote" back\\\\ slash/', 'line\\n\\ttab\\x00\\x1f\\x7f', 'x' * 200]

    def scalar(f):
      t = f.type
      if t == F.TYPE_DOUBLE: return float64()
      if t == F.TYPE_FLOAT: return float32()
      if t in (F.TYPE_INT32, F.TYPE_SINT32, F.TYPE_SFIXED32): return number(32, True)
      if t in (F.TYPE_INT64, F.TYPE_SINT64, F.TYPE_SFIXED64): return number(64, True)
      if t in (F.TYPE_UINT32, F.TYPE_FIXED32): return number(32, False)
      if t in (F.TYPE_UINT64, F.TYPE_FIXED64): return number(64, False)
      if t == F.TYPE_BOOL: return random.random() < 0.5
      if t == F.TYPE_STRING: return random.choice(texts)
      if t == F.TYPE_BYTES: return random.randbytes(random.choice([0, 1, 2, 3, 40, 300]))
      if t == F.TYPE_ENUM:
        if f.enum_type.full_name == 'google.protobuf.NullValue': return 0
        return random.choice([v.number for v in f.enum_type.values] + [77, -5])
      raise Exception(t)

    def well_known(m, name, depth):
      if name == 'Timestamp':
        m.seconds = random.choice([0, -1, -62135596800, 253402300799, random.randint(-10**10, 10**10)])
        m.nanos = random.choice([0, 1, 1000, 999000000, 999999999, 500000000])
      elif name == 'Duration':
        sign = random.choice([-1, 1])
        m.seconds = sign * random.choice([0, 1, 315576000000, random.randint(0, 10**9)])
        m.nanos = 0 if abs(m.seconds) == 315576000000 else sign * random.choice([0, 1, 1000, 999999999, 250000000])
      elif name == 'FieldMask': m.paths.extend(random.sample(['a', 'foo_bar', 'spec.image_name', 'x.y.z'], 2))
      elif name == 'Any':
        inner = random.choice([pb.Scalars(), pb.Choice(), pb.WellKnownTypes().duration, pb.WellKnownTypes().int64])
        fill(inner, 0)
        m.Pack(inner)
      elif name == 'Struct':
        for _ in range(random.randint(0, 3)): well_known(m.fields[random.choice(texts)], 'Value', depth)
        return True
      elif name == 'ListValue':
        for _ in range(random.randint(0, 3)): well_known(m.values.add(), 'Value', depth - 1)
      elif name == 'Value':
        kind = random.randint(0, 5 if depth > 0 else 3)
        if kind == 0: m.null_value = 0
        elif kind == 1: m.number_value = random.choice([0, 1, -1.5, 1e300, 2**53])
        elif kind == 2: m.string_value = random.choice(texts)
        elif kind == 3: m.bool_value = random.random() < 0.5
        elif kind == 4:
          m.struct_value.SetInParent()
          well_known(m.struct_value, 'Struct', depth - 1)
        else:
          m.list_value.SetInParent()
          well_known(m.list_value, 'ListValue', depth - 1)
      else: return False
      return True

    def fill(m, depth):
      d = m.DESCRIPTOR
      if d.file.package == 'google.protobuf' and well_known(m, d.name, 3): return m
      for f in d.fields:
        if random.random() < 0.5: continue
        if f.message_type is not None and f.message_type.GetOptions().map_entry:
          v = f.message_type.fields_by_name['value']
          for _ in range(random.randint(0, 4)):
            k = scalar(f.message_type.fields_by_name['key'])
            if v.message_type is not None:
              if depth > 0: fill(getattr(m, f.name)[k], depth - 1)
            else: getattr(m, f.name)[k] = scalar(v)
        elif f.is_repeated:
          for _ in range(random.choice([0, 1, 3, 40])):
            if f.message_type is None: getattr(m, f.name).append(scalar(f))
            elif depth > 0 and len(getattr(m, f.name)) < 3: fill(getattr(m, f.name).add(), depth - 1)
        elif f.message_type is not None:
          if depth > 0:
            getattr(m, f.name).SetInParent()
            fill(getattr(m, f.name), depth - 1)
        else: setattr(m, f.name, scalar(f))
      return m

    def same(a, b): return a.SerializeToString(deterministic=True) == b.SerializeToString(deterministic=True)
    types = ['Scalars', 'Optionals', 'Lists', 'Maps', 'Choice', 'Tree', 'WellKnownTypes', 'Awkward', 'Everything']

    """

  /// Prints `type base64(bytes) base64(JSON)` per message; in mode `check` reads what we made of each instead.
  static let program =
    prelude + """
      messages = [(types[i % len(types)], fill(getattr(pb, types[i % len(types)])(), 3)) for i in range(count)]
      if mode == 'make':
        for t, m in messages:
          j = json_format.MessageToJson(m, indent=None).encode()
          print(t, base64.b64encode(m.SerializeToString()).decode(), base64.b64encode(j).decode())
      else:
        bad = 0
        for (t, m), line in zip(messages, sys.stdin):
          binary, from_json, ours = [base64.b64decode(x) for x in line.rstrip('\\n').split(' ')]
          results = [same(type(m).FromString(binary), m), same(type(m).FromString(from_json), m)]
          try: results.append(same(json_format.Parse(ours, type(m)()), m))
          except Exception as e: results.append(str(e))
          if results != [True, True, True]:
            bad += 1
            if bad < 4: print(t, results, repr(m)[:2000], ours[:2000])
        print('bad', bad)
      """

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path

  struct Sample {
    var type: any ProtobufMessage.Type
    var bytes: [UInt8]
    var json: String
  }

  static func type(named name: Substring) throws -> any ProtobufMessage.Type {
    let types: [any ProtobufMessage.Type] = [
      Test.Scalars.self, Test.Optionals.self, Test.Lists.self, Test.Maps.self, Test.Choice.self, Test.Tree.self,
      Test.WellKnownTypes.self, Test.Awkward.self, Test.Everything.self,
    ]
    return try #require(types.first { $0.messageName == "test." + name })
  }

  static func samples(seed: UInt64, count: Int) throws -> [Sample] {
    let lines = try PythonPeer.run(program, [folder, "make", String(seed), String(count)])
    return try lines.split(separator: "\n").map { line in
      let parts = line.split(separator: " ", omittingEmptySubsequences: false)
      try #require(parts.count == 3)
      return Sample(
        type: try type(named: parts[0]), bytes: try Base64.decode(String(parts[1])),
        json: String(decoding: try Base64.decode(String(parts[2])), as: UTF8.self))
    }
  }

  static var options: ProtobufJSONOptions {
    var options = ProtobufJSONOptions()
    options.types = ProtobufTypes([Test.Scalars.self, Test.Choice.self])
    return options
  }

  @Test func everyMessageSurvivesBothForms() throws {
    var random = SeededNumbers.forTest("everyMessageSurvivesBothForms")
    let seed = random.next() % 1_000_000
    let samples = try Self.samples(seed: seed, count: 4500)
    #expect(samples.count == 4500)
    var answers = ""
    for sample in samples {
      func answer<M: ProtobufMessage>(_ type: M.Type) throws -> [String] {
        let message = try M(serialized: sample.bytes)
        let fromJSON = try M(jsonText: sample.json, options: Self.options)
        return [
          Base64.encode(message.serialized()), Base64.encode(fromJSON.serialized()),
          Base64.encode(Array(try message.jsonText(Self.options).utf8)),
        ]
      }
      answers += try answer(sample.type).joined(separator: " ") + "\n"
    }
    let verdict = try PythonPeer.run(Self.program, [Self.folder, "check", String(seed), "4500"], input: answers)
    #expect(verdict == "bad 0\n", "\(verdict.prefix(6000))")
  }

  @Test func hostileBytesNeverCrash() throws {
    var random = SeededNumbers.forTest("hostileBytesNeverCrash")
    let samples = try Self.samples(seed: random.next() % 1_000_000, count: 180)
    var accepted = 0
    for _ in 0..<20_000 {
      let sample = samples[Int.random(in: 0..<samples.count, using: &random)]
      var bytes = sample.bytes
      bytes.mutate(&random)
      func attempt<M: ProtobufMessage>(_ type: M.Type) throws {
        guard let message = try? M(serialized: bytes) else { return }
        accepted += 1
        // What was accepted can be written and read again, in both forms.
        _ = try M(serialized: message.serialized())
        if let text = try? message.jsonText(Self.options) { _ = try M(jsonText: text, options: Self.options) }
      }
      try attempt(sample.type)
    }
    #expect(accepted > 0)
  }

  @Test func hostileJSONNeverCrashes() throws {
    var random = SeededNumbers.forTest("hostileJSONNeverCrashes")
    let samples = try Self.samples(seed: random.next() % 1_000_000, count: 180)
    let words = [
      "null", "{}", "[]", "\"\"", "1e999", "-1", "true", "\"NaN\"", "1.5", "\"x\"", "[null]", "{\"a\":null}",
    ]
    for _ in 0..<5000 {
      let sample = samples[Int.random(in: 0..<samples.count, using: &random)]
      var bytes = Array(sample.json.utf8)
      if Bool.random(using: &random) {
        bytes.mutate(&random)
      } else if let colon = bytes.indices.filter({ bytes[$0] == UInt8(ascii: ":") }).randomElement(using: &random) {
        // Another value in place of one up to the next comma or bracket.
        let end = bytes[colon...].firstIndex { [UInt8(ascii: ","), UInt8(ascii: "}")].contains($0) } ?? bytes.endIndex
        bytes.replaceSubrange(colon + 1..<end, with: Array((words.randomElement(using: &random) ?? "").utf8))
      }
      func attempt<M: ProtobufMessage>(_ type: M.Type) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let message = try? M(jsonText: text, options: Self.options) else { return }
        _ = try M(serialized: message.serialized())
      }
      try attempt(sample.type)
    }
  }
}

extension [UInt8] {
  /// Flips, inserts, removes, repeats or cuts off some bytes.
  mutating func mutate(_ random: inout SeededNumbers) {
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      guard !isEmpty else {
        append(UInt8.random(in: 0...255, using: &random))
        continue
      }
      let index = Int.random(in: 0..<count, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: self[index] = UInt8.random(in: 0...255, using: &random)
      case 1: self[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 2: insert(UInt8.random(in: 0...255, using: &random), at: index)
      case 3: remove(at: index)
      case 4: removeSubrange(index...)
      default:
        let end = Swift.min(count, index + Int.random(in: 1...40, using: &random))
        insert(contentsOf: Array(self[index..<end]), at: Int.random(in: 0..<count, using: &random))
      }
    }
  }
}
