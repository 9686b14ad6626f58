import Bytes
import Crypto
import JSON

/// Why a record on disk is not read.
public enum AppRecordError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Not a record of this kind and version.
  case header
  /// The contents have changed since they were written.
  case checksum
  case syntax(JSONError)
  /// A field is missing or has a value that is not accepted; the path is such as `current.requested`.
  case field(String)

  public var description: String {
    switch self {
    case .header: "no record of this kind"
    case .checksum: "its checksum is wrong"
    case .syntax(let error): "\(error)"
    case .field(let path): "its field \(path) is missing or wrong"
    }
  }
}

/// JSON behind one line with kind, version and SHA-256: `aether-app 1 <64 digits>`.
package enum CheckedDocument {
  package static func encode(_ kind: String, _ json: JSON) -> [UInt8] {
    let body = json.bytes(JSONFormat(indent: 2, sortedNames: true)) + [0x0A]
    return Array("\(kind) 1 \(Hex.encode(Digest.sha256(body)))\n".utf8) + body
  }

  package static func decode(_ kind: String, _ bytes: [UInt8]) throws(AppRecordError) -> RecordReader {
    let prefix = Array("\(kind) 1 ".utf8)
    let bodyStart = prefix.count + 65
    guard bytes.count > bodyStart, bytes.starts(with: prefix), bytes[bodyStart - 1] == 0x0A else { throw .header }
    let body = bytes[bodyStart...]
    guard Array(Hex.encode(Digest.sha256(body)).utf8) == Array(bytes[prefix.count..<bodyStart - 1]) else {
      throw .checksum
    }
    let json: JSON
    do throws(JSONError) { json = try JSON.parse(Array(body)) } catch { throw .syntax(error) }
    return try RecordReader(json, path: "")
  }
}

/// Fields of one JSON object, with the path to it for errors.
package struct RecordReader {
  let object: JSONObject
  private let path: String

  package init(_ json: JSON?, path: String) throws(AppRecordError) {
    guard let object = json?.objectValue else { throw .field(path) }
    self.object = object
    self.path = path
  }

  private func path(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  package func error(_ name: String) -> AppRecordError { .field(path(name)) }

  package func has(_ name: String) -> Bool { object[name] != nil }

  package func text(_ name: String) throws(AppRecordError) -> String {
    guard let text = object[name]?.stringValue else { throw error(name) }
    return text
  }

  package func texts(_ name: String, countMax: Int) throws(AppRecordError) -> [String] {
    guard let values = object[name]?.arrayValue, values.count <= countMax else { throw error(name) }
    let texts = values.compactMap(\.stringValue)
    guard texts.count == values.count else { throw error(name) }
    return texts
  }

  package func bool(_ name: String) throws(AppRecordError) -> Bool {
    guard let bool = object[name]?.boolValue else { throw error(name) }
    return bool
  }

  package func integer(_ name: String, _ range: ClosedRange<Int64> = 0...Int64.max) throws(AppRecordError) -> Int64 {
    guard let number = object[name]?.integerValue, range.contains(number) else { throw error(name) }
    return number
  }

  package func int(_ name: String, _ range: ClosedRange<Int64> = 0...Int64.max) throws(AppRecordError) -> Int {
    Int(try integer(name, range))
  }

  /// Bytes as hexadecimal digits.
  package func hex(_ name: String, count: Int) throws(AppRecordError) -> [UInt8] {
    guard let bytes = try? Hex.decode(try text(name)), bytes.count == count else { throw error(name) }
    return bytes
  }

  package func mask(_ name: String) throws(AppRecordError) -> UInt64 {
    try hex(name, count: 8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  func source(_ name: String) throws(AppRecordError) -> AppSource {
    guard let source = AppSource(rawValue: UInt8(try integer(name, 0...255))) else { throw error(name) }
    return source
  }

  package func reader(_ name: String) throws(AppRecordError) -> RecordReader {
    try RecordReader(object[name], path: path(name))
  }

  package func readers(_ name: String, countMax: Int) throws(AppRecordError) -> [RecordReader] {
    guard let values = object[name]?.arrayValue, values.count <= countMax else { throw error(name) }
    var readers: [RecordReader] = []
    for (index, value) in values.enumerated() {
      readers.append(try RecordReader(value, path: "\(path(name))[\(index)]"))
    }
    return readers
  }
}

extension UInt64 {
  /// 16 digits.
  var hexJSON: JSON { .string(Hex.encode((0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * UInt64($0))) })) }
}
