/// A request method (RFC 9110 section 9). Case matters: `get` is not `GET`.
public enum HTTPMethod: Sendable, Hashable {
  case get, head, post, put, delete, connect, options, trace, patch
  case other(String)

  public init(_ name: String) {
    switch name {
    case "GET": self = .get
    case "HEAD": self = .head
    case "POST": self = .post
    case "PUT": self = .put
    case "DELETE": self = .delete
    case "CONNECT": self = .connect
    case "OPTIONS": self = .options
    case "TRACE": self = .trace
    case "PATCH": self = .patch
    default: self = .other(name)
    }
  }

  public var name: String {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .delete: "DELETE"
    case .connect: "CONNECT"
    case .options: "OPTIONS"
    case .trace: "TRACE"
    case .patch: "PATCH"
    case .other(let name): name
    }
  }
}

extension HTTPMethod: CustomStringConvertible {
  public var description: String { name }
}

public enum HTTPVersion: UInt8, Sendable, Comparable {
  case http1_0, http1_1, http2

  public static func < (left: HTTPVersion, right: HTTPVersion) -> Bool { left.rawValue < right.rawValue }
}
