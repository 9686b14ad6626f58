import HTTP
import HTTPServer
import JSON
import Model
import Store

/// Errors as responses: the one place where they become HTTP.
enum Failures {
  /// The envelope for any error that a handler threw.
  static func response(for error: any Error, requestID: String?) -> HTTPResponse {
    if let failure = error as? HTTPFailure { return response(for: failure, requestID: requestID) }
    let apiError = APIError(wrapping: error)
    return response(apiError, status: HTTPStatus(apiError.code.httpStatus), headers: HTTPHeaders(), requestID)
  }

  /// The envelope for failures that the server itself found, such as an unreadable request.
  static func response(for failure: HTTPFailure, requestID: String?) -> HTTPResponse {
    let code: APIError.Code =
      switch failure.status.code {
      case 401: .unauthenticated
      case 403: .forbidden
      case 404: .notFound
      case 405: .methodNotAllowed
      case 406: .notAcceptable
      case 408: .requestTimeout
      case 413, 414, 431: .tooLarge
      case 415: .unsupportedMediaType
      case 426: .failedPrecondition
      case 429: .rateLimited
      case 501, 505: .unimplemented
      case 503: .unavailable
      case 500...: .internal
      default: .invalid
      }
    return response(APIError(code, failure.message), status: failure.status, headers: failure.headers, requestID)
  }

  private static func response(
    _ error: APIError, status: HTTPStatus, headers: HTTPHeaders, _ requestID: String?
  ) -> HTTPResponse {
    var headers = headers
    headers.set("content-type", "application/json")
    if let requestID { headers.set("x-request-id", requestID) }
    if let seconds = error.retryAfterSeconds { headers.set("retry-after", String(seconds)) }
    if error.code == .unauthenticated { headers.set("www-authenticate", "Bearer realm=\"aether\"") }
    return HTTPResponse(status: status, headers: headers, body: .bytes(error.json(requestID: requestID).bytes()))
  }
}

extension APIError {
  /// Any error as the one that users meet. What is not meant for users becomes `internal` without its text.
  init(wrapping error: any Error) {
    switch error {
    case let error as APIError: self = error
    case let error as StoreError: self = error.apiError
    case is CancellationError: self = APIError(.unavailable, "the request was cancelled")
    default: self = APIError(.internal, "the daemon failed; its log has the reason under the request's id")
    }
  }
}
