import JSON

/// The error that users meet, the same at every boundary: REST, gRPC, command line.
///
/// Modules throw their own error types; they become an `APIError` in one place each, and an `APIError` becomes a status
/// of a protocol only through the properties of ``Code``.
public struct APIError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Stable words that clients may switch on.
  public enum Code: String, Sendable, CaseIterable {
    case invalid = "INVALID"
    case unauthenticated = "UNAUTHENTICATED"
    case forbidden = "FORBIDDEN"
    case notFound = "NOT_FOUND"
    case methodNotAllowed = "METHOD_NOT_ALLOWED"
    case notAcceptable = "NOT_ACCEPTABLE"
    case requestTimeout = "REQUEST_TIMEOUT"
    case alreadyExists = "ALREADY_EXISTS"
    case conflict = "CONFLICT"
    case compacted = "COMPACTED"
    case tooLarge = "TOO_LARGE"
    case unsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE"
    case failedPrecondition = "FAILED_PRECONDITION"
    case rateLimited = "RATE_LIMITED"
    case storageFull = "STORAGE_FULL"
    case unavailable = "UNAVAILABLE"
    case unimplemented = "UNIMPLEMENTED"
    case `internal` = "INTERNAL"
  }

  public var code: Code
  public var message: String
  /// Path of the faulty field, such as `spec.limits.memory`.
  public var field: String?
  /// What the field accepts.
  public var accepted: String?
  /// Seconds after which a retry makes sense.
  public var retryAfterSeconds: Int?

  public init(
    _ code: Code, _ message: String, field: String? = nil, accepted: String? = nil, retryAfterSeconds: Int? = nil
  ) {
    self.code = code
    self.message = message
    self.field = field
    self.accepted = accepted
    self.retryAfterSeconds = retryAfterSeconds
  }

  /// A field that is not acceptable. The message reads `FIELD PROBLEM; accepted: ACCEPTED`.
  public static func invalid(_ field: String, _ problem: String, accepted: String? = nil) -> APIError {
    let tail = accepted.map { "; accepted: \($0)" } ?? ""
    return APIError(.invalid, "\(field) \(problem)\(tail)", field: field, accepted: accepted)
  }

  public var description: String { "\(code.rawValue): \(message)" }
}

extension APIError.Code {
  /// RFC 9110 status.
  public var httpStatus: Int {
    switch self {
    case .invalid: 400
    case .unauthenticated: 401
    case .forbidden: 403
    case .notFound: 404
    case .methodNotAllowed: 405
    case .notAcceptable: 406
    case .requestTimeout: 408
    case .alreadyExists, .conflict: 409
    case .compacted: 410
    case .tooLarge: 413
    case .unsupportedMediaType: 415
    case .failedPrecondition: 422
    case .rateLimited: 429
    case .internal: 500
    case .unimplemented: 501
    case .unavailable: 503
    case .storageFull: 507
    }
  }

  /// gRPC status code (https://grpc.github.io/grpc/core/md_doc_statuscodes.html).
  public var grpcStatus: Int {
    switch self {
    case .invalid, .notAcceptable, .unsupportedMediaType: 3
    case .requestTimeout: 4
    case .notFound: 5
    case .alreadyExists: 6
    case .forbidden: 7
    case .tooLarge, .rateLimited, .storageFull: 8
    case .failedPrecondition: 9
    case .conflict: 10
    case .compacted: 11
    case .methodNotAllowed, .unimplemented: 12
    case .internal: 13
    case .unavailable: 14
    case .unauthenticated: 16
    }
  }

  /// Exit status of the command line. 1 is any other failure, 2 wrong usage.
  public var exitStatus: Int32 {
    switch self {
    case .invalid, .notAcceptable, .unsupportedMediaType, .tooLarge, .failedPrecondition: 3
    case .notFound: 4
    case .alreadyExists, .conflict, .compacted: 5
    case .unauthenticated, .forbidden: 6
    case .unavailable, .requestTimeout, .rateLimited: 7
    case .methodNotAllowed, .unimplemented, .storageFull, .internal: 1
    }
  }
}

extension APIError {
  /// The envelope of every error answer: `{"error": {"code", "message", "field"?, "accepted"?, "requestId"?}}`.
  public func json(requestID: String? = nil) -> JSON {
    var error: JSONObject = ["code": .string(code.rawValue), "message": .string(message)]
    if let field { error["field"] = .string(field) }
    if let accepted { error["accepted"] = .string(accepted) }
    if let retryAfterSeconds { error["retryAfterSeconds"] = .integer(Int64(retryAfterSeconds)) }
    if let requestID { error["requestId"] = .string(requestID) }
    return ["error": .object(error)]
  }

  /// Reads an envelope; `nil` when the value is none.
  public init?(envelope: JSON) {
    guard let error = envelope["error"], let code = error["code"]?.stringValue.flatMap(Code.init(rawValue:)),
      let message = error["message"]?.stringValue
    else { return nil }
    self.init(
      code, message, field: error["field"]?.stringValue, accepted: error["accepted"]?.stringValue,
      retryAfterSeconds: error["retryAfterSeconds"]?.integerValue.map { Int($0) })
  }
}
