import CMosquitto

/// What the library refuses.
public enum MosquittoError: Error, Equatable, Sendable, CustomStringConvertible {
  /// There is no connection now.
  case notConnected
  /// An argument is not one that MQTT allows, such as a topic to publish to with a wildcard in it.
  case invalid
  case outOfMemory
  /// A file of certificates that cannot be read, or options that exclude each other.
  case configuration(String)
  case other(code: Int32, String)

  public var description: String {
    switch self {
    case .notConnected: "not connected to a broker"
    case .invalid: "not a valid argument"
    case .outOfMemory: "out of memory"
    case .configuration(let text): text
    case .other(_, let text): text
    }
  }

  static func text(_ code: Int32) -> String { mosquitto_strerror(code).map { String(cString: $0) } ?? "\(code)" }

  static func check(_ code: Int32) throws(MosquittoError) {
    switch code {
    case MOSQ_ERR_SUCCESS.code: return
    case MOSQ_ERR_NO_CONN.code, MOSQ_ERR_CONN_LOST.code: throw .notConnected
    case MOSQ_ERR_INVAL.code, MOSQ_ERR_MALFORMED_UTF8.code, MOSQ_ERR_PAYLOAD_SIZE.code: throw .invalid
    case MOSQ_ERR_NOMEM.code: throw .outOfMemory
    default: throw .other(code: code, text(code))
    }
  }
}

extension mosq_err_t {
  /// As the functions return it.
  var code: Int32 { Int32(truncatingIfNeeded: rawValue) }
}
