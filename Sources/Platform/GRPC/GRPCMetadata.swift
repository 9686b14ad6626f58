import Bytes
import HTTP
import Protobuf

/// Names and values beside the messages of a call, in the order sent. Names are lower case; those that end in `-bin`
/// have bytes as values, all others printable ASCII (doc/PROTOCOL-HTTP2.md, Custom-Metadata).
public struct GRPCMetadata: Sendable, Equatable {
  public enum Value: Sendable, Equatable {
    case text(String)
    case bytes([UInt8])
  }

  public struct Entry: Sendable, Equatable {
    public var name: String
    public var value: Value
  }

  public private(set) var entries: [Entry] = []

  public init() {}

  public var isEmpty: Bool { entries.isEmpty }

  /// Appends a text value, keeping earlier ones of that name.
  /// - Returns: false, with nothing added, when the name is reserved, ends in `-bin` or has letters that metadata may
  ///   not have, or when the value is not printable ASCII.
  @discardableResult
  public mutating func add(_ name: String, _ value: String) -> Bool {
    let name = name.lowercased()
    guard Self.isName(name), !name.hasSuffix("-bin"), value.utf8.allSatisfy({ $0 >= 0x20 && $0 <= 0x7E }) else {
      return false
    }
    entries.append(Entry(name: name, value: .text(value)))
    return true
  }

  /// Appends bytes under a name that ends in `-bin`.
  /// - Returns: false, with nothing added, for other names.
  @discardableResult
  public mutating func add(_ name: String, bytes: [UInt8]) -> Bool {
    let name = name.lowercased()
    guard Self.isName(name), name.hasSuffix("-bin") else { return false }
    entries.append(Entry(name: name, value: .bytes(bytes)))
    return true
  }

  /// The first text value of that name.
  public subscript(name: String) -> String? {
    for entry in entries where entry.name == name {
      if case .text(let text) = entry.value { return text }
    }
    return nil
  }

  /// The first bytes of that name, which ends in `-bin`.
  public func bytes(_ name: String) -> [UInt8]? {
    for entry in entries where entry.name == name {
      if case .bytes(let bytes) = entry.value { return bytes }
    }
    return nil
  }

  // MARK: As header fields

  /// Adds what `headers` hold of metadata; fields of HTTP and of gRPC itself are left out, as are `-bin` values that are
  /// not base64.
  init(_ headers: HTTPHeaders) {
    for (name, value) in headers where Self.isName(name) && !Self.ofTransport.contains(name) {
      if name.hasSuffix("-bin") {
        // Several values of one name may be joined by commas.
        for part in value.split(separator: ",") {
          let digits = part.utf8.filter { $0 != 0x20 }
          if let bytes = Base64.decodeEither(digits) { entries.append(Entry(name: name, value: .bytes(bytes))) }
        }
      } else {
        entries.append(Entry(name: name, value: .text(value)))
      }
    }
  }

  func write(to headers: inout HTTPHeaders) {
    for entry in entries {
      switch entry.value {
      case .text(let text): headers.add(entry.name, text)
      case .bytes(let bytes): headers.add(entry.name, Self.base64(bytes))
      }
    }
  }

  /// Without padding, as the protocol asks of senders.
  static func base64(_ bytes: [UInt8]) -> String {
    let text = Base64.encode(bytes)
    return String(text.prefix { $0 != "=" })
  }

  private static let ofTransport: Set<String> = [
    "accept-encoding", "content-length", "content-type", "date", "host", "te", "trailer", "user-agent",
  ]

  private static func isName(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix("grpc-")
      && name.utf8.allSatisfy { byte in
        switch byte {
        case 0x61...0x7A, 0x30...0x39, 0x2D, 0x2E, 0x5F: true
        default: false
        }
      }
  }
}

/// The trailers of a call's end.
enum StatusFields {
  static let ok: HTTPHeaders = ["grpc-status": "0"]

  static func headers(_ error: GRPCError, _ metadata: GRPCMetadata = GRPCMetadata()) -> HTTPHeaders {
    var headers = HTTPHeaders()
    headers.add("grpc-status", String(error.code.rawValue))
    if !error.message.isEmpty { headers.add("grpc-message", StatusMessage.encode(error.message)) }
    if !error.details.isEmpty {
      var status = GoogleRPC.Status()
      status.code = error.code.rawValue
      status.message = error.message
      status.details = error.details
      headers.add("grpc-status-details-bin", GRPCMetadata.base64(status.serialized()))
    }
    metadata.write(to: &headers)
    error.metadata.write(to: &headers)
    return headers
  }

  /// - Returns: nil when the fields hold no status; an error with code `ok` for OK.
  static func read(_ headers: HTTPHeaders) -> GRPCError? {
    guard let text = headers["grpc-status"] else { return nil }
    let code = Int32(text).flatMap { GRPCStatusCode(rawValue: $0) } ?? .unknown
    var error = GRPCError(code, StatusMessage.decode(headers["grpc-message"] ?? ""), metadata: GRPCMetadata(headers))
    if let encoded = headers["grpc-status-details-bin"], let bytes = Base64.decodeEither(encoded.utf8),
      let status = try? GoogleRPC.Status(serialized: bytes)
    {
      error.details = status.details
    }
    return error
  }
}
