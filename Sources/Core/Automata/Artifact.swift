import Bytes

/// What is sent to a device and stored: an automaton with a label, in one of three forms.
///
/// Envelope "AETHIRV1": u8 format 1, u16 major 0, u16 minor 1, u8 kind, u16 length of the label, u32 length of the
/// payload, label, payload, and nothing after it.
public struct Artifact: Sendable, Equatable {
  public enum Kind: UInt8, Sendable {
    /// The YAML document.
    case yaml = 1
    /// "AETHBC01": states and transitions with their scripts as text; see `Bytecode`.
    case bytecode = 2
    /// The complete model; see `ModelCodec`.
    case model = 3
  }

  public enum DecodingError: Error, Sendable, Equatable {
    case endOfBytes(offset: Int)
    case notAnArtifact
    case unknownFormat(UInt8)
    case unknownVersion(major: UInt16, minor: UInt16)
    case unknownKind(UInt8)
    case trailingBytes(offset: Int)
  }

  public static var magic: [UInt8] { [0x41, 0x45, 0x54, 0x48, 0x49, 0x52, 0x56, 0x31] }

  public var kind: Kind
  public var label: Name
  public var payload: [UInt8]

  public init(kind: Kind, label: Name, payload: [UInt8]) {
    self.kind = kind
    self.label = label
    self.payload = payload
  }

  /// Whether bytes begin as an artifact does.
  public static func isArtifact(_ bytes: [UInt8]) -> Bool { bytes.starts(with: magic) }

  public func encode() -> [UInt8] {
    var writer = ByteWriter()
    writer.put(raw: Artifact.magic)
    writer.put(UInt8(1))
    writer.put(UInt16(0))
    writer.put(UInt16(1))
    writer.put(kind.rawValue)
    let label = Array(label.prefix(0xFFFF))
    writer.put(UInt16(label.count))
    writer.put(UInt32(truncatingIfNeeded: payload.count))
    writer.put(raw: label)
    writer.put(raw: payload)
    return writer.bytes
  }

  public static func decode(_ bytes: [UInt8]) throws(DecodingError) -> Artifact {
    guard isArtifact(bytes) else { throw .notAnArtifact }
    var reader = ByteReader(bytes, at: magic.count)
    let header: Header
    do throws(ByteReader.EndOfBytes) { header = try Header(&reader) } catch { throw .endOfBytes(offset: error.offset) }
    guard header.format == 1 else { throw .unknownFormat(header.format) }
    guard header.major == 0, header.minor == 1 else { throw .unknownVersion(major: header.major, minor: header.minor) }
    guard let kind = Kind(rawValue: header.kind) else { throw .unknownKind(header.kind) }
    guard UInt64(header.labelCount) + UInt64(header.payloadCount) <= UInt64(reader.remaining) else {
      throw .endOfBytes(offset: reader.offset)
    }
    do throws(ByteReader.EndOfBytes) {
      let label = try reader.take(Int(header.labelCount))
      let artifact = Artifact(kind: kind, label: label, payload: try reader.take(Int(header.payloadCount)))
      if reader.isAtEnd { return artifact }
    } catch {
      throw .endOfBytes(offset: error.offset)
    }
    throw .trailingBytes(offset: reader.offset)
  }

  private struct Header {
    var format: UInt8
    var major: UInt16
    var minor: UInt16
    var kind: UInt8
    var labelCount: UInt16
    var payloadCount: UInt32

    init(_ reader: inout ByteReader) throws(ByteReader.EndOfBytes) {
      format = try reader.u8()
      major = try reader.u16()
      minor = try reader.u16()
      kind = try reader.u8()
      labelCount = try reader.u16()
      payloadCount = try reader.u32()
    }
  }
}
