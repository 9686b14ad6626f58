import Protobuf

/// How a call ended (github.com/grpc/grpc, doc/statuscodes.md).
public enum GRPCStatusCode: Int32, Sendable, CaseIterable {
  case ok = 0
  case cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied
  case resourceExhausted, failedPrecondition, aborted, outOfRange, unimplemented, `internal`, unavailable, dataLoss
  case unauthenticated
}

/// A call that did not end with OK. Handlers throw it, clients catch it.
public struct GRPCError: Error, Sendable, Equatable {
  public var code: GRPCStatusCode
  /// For people; sent to the client.
  public var message: String
  /// Messages for programs, sent as `google.rpc.Status` in `grpc-status-details-bin`.
  public var details: [WellKnown.AnyMessage]
  /// Trailing metadata beside the status.
  public var metadata: GRPCMetadata

  public init(
    _ code: GRPCStatusCode, _ message: String = "", details: [WellKnown.AnyMessage] = [],
    metadata: GRPCMetadata = GRPCMetadata()
  ) {
    self.code = code
    self.message = message
    self.details = details
    self.metadata = metadata
  }

  /// What a client learns of an error that a handler threw: the text of foreign errors stays here.
  init(thrown error: any Error) {
    switch error {
    case let error as GRPCError: self = error.code == .ok ? GRPCError(.unknown) : error
    case is CancellationError: self.init(.cancelled)
    default: self.init(.unknown, "the handler failed")
    }
  }
}

extension GRPCError: CustomStringConvertible {
  public var description: String { message.isEmpty ? "\(code)" : "\(code): \(message)" }
}

/// The percent-encoding of `grpc-message` (doc/PROTOCOL-HTTP2.md): printable ASCII stands for itself, except `%`.
enum StatusMessage {
  static func encode(_ message: String) -> String {
    guard message.utf8.contains(where: { !isPlain($0) }) else { return message }
    var result: [UInt8] = []
    for byte in message.utf8 {
      if isPlain(byte) {
        result.append(byte)
      } else {
        result.append(UInt8(ascii: "%"))
        result.append(digit(byte >> 4))
        result.append(digit(byte & 15))
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// What is not valid percent-encoding is taken as it stands.
  static func decode(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = value(bytes[index + 1]),
        let low = value(bytes[index + 2])
      {
        result.append(high << 4 | low)
        index += 3
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func isPlain(_ byte: UInt8) -> Bool { byte >= 0x20 && byte <= 0x7E && byte != UInt8(ascii: "%") }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x37
    case 0x61...0x66: digit - 0x57
    default: nil
    }
  }
}
