import JSON
import Model

/// The stored form of a resource: a format byte, the metadata, `spec`, `status` (``ByteWriter`` has the details).
/// Equal resources give equal bytes.
enum ResourceCodec {
  static let format: UInt8 = 1

  static func encode(_ resource: Resource) -> [UInt8] {
    var writer = ByteWriter()
    writer.bytes.reserveCapacity(512)
    write(resource, to: &writer)
    return writer.bytes
  }

  static func write(_ resource: Resource, to writer: inout ByteWriter) {
    let metadata = resource.metadata
    writer.byte(format)
    writer.string(metadata.owner)
    writer.string(resource.kind)
    writer.string(metadata.name)
    writer.string(metadata.uid)
    writer.signed(metadata.generation)
    writer.signed(metadata.revision)
    writer.signed(metadata.createdAt.milliseconds)
    writer.byte(metadata.deletedAt == nil ? 0 : 1)
    if let deletedAt = metadata.deletedAt { writer.signed(deletedAt.milliseconds) }
    writer.map(metadata.labels)
    writer.map(metadata.annotations)
    writer.unsigned(UInt64(metadata.finalizers.count))
    for finalizer in metadata.finalizers { writer.string(finalizer) }
    writer.json(resource.spec)
    writer.json(resource.status)
  }

  static func decode(_ bytes: [UInt8]) throws(DecodingFault) -> Resource {
    var reader = ByteReader(bytes)
    let resource = try read(&reader)
    try reader.end()
    return resource
  }

  static func read(_ reader: inout ByteReader) throws(DecodingFault) -> Resource {
    guard try reader.byte() == format else { throw reader.fault("unknown format of a resource") }
    let owner = try reader.string()
    let kind = try reader.string()
    var metadata = Metadata(name: try reader.string(), owner: owner)
    metadata.uid = try reader.string()
    metadata.generation = try reader.signed()
    metadata.revision = try reader.signed()
    metadata.createdAt = Timestamp(milliseconds: try reader.signed())
    switch try reader.byte() {
    case 0: break
    case 1: metadata.deletedAt = Timestamp(milliseconds: try reader.signed())
    default: throw reader.fault("unknown mark of a deletion")
    }
    metadata.labels = try reader.map()
    metadata.annotations = try reader.map()
    for _ in 0..<(try reader.count()) { metadata.finalizers.append(try reader.string()) }
    let spec = try reader.json()
    return Resource(kind: kind, metadata: metadata, spec: spec, status: try reader.json())
  }
}

/// The stored form of a change: type, time, the labels before it when they differ, the resource.
enum ChangeCodec {
  static func encode(_ change: Change, resource: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.bytes.reserveCapacity(resource.count + 16)
    writer.byte(change.type.rawValue)
    writer.signed(change.committedAt.milliseconds)
    writer.byte(change.previousLabels == nil ? 0 : 1)
    if let previousLabels = change.previousLabels { writer.map(previousLabels) }
    writer.bytes += resource
    return writer.bytes
  }

  static func decode(_ bytes: [UInt8]) throws(DecodingFault) -> Change {
    var reader = ByteReader(bytes)
    guard let type = Change.Kind(rawValue: try reader.byte()) else { throw reader.fault("unknown type of change") }
    let committedAt = Timestamp(milliseconds: try reader.signed())
    var previousLabels: [String: String]?
    switch try reader.byte() {
    case 0: break
    case 1: previousLabels = try reader.map()
    default: throw reader.fault("unknown mark of labels")
    }
    let resource = try ResourceCodec.read(&reader)
    try reader.end()
    return Change(
      type: type, resource: resource, previousLabels: previousLabels, committedAt: committedAt, byteCount: bytes.count)
  }

  /// The time alone, without reading the resource.
  static func committedAt(_ bytes: [UInt8]) -> Timestamp? {
    var reader = ByteReader(bytes)
    guard (try? reader.byte()) != nil, let milliseconds = try? reader.signed() else { return nil }
    return Timestamp(milliseconds: milliseconds)
  }
}
