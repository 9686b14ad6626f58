import Arguments
import Bytes
import Glibc
import HTTPClient
import JSON
import Model

/// Calls a daemon: adds the token, turns error envelopes back into ``APIError``.
struct APIClient: Sendable {
  let context: Context
  private let http: HTTPClient

  init(_ arguments: ParsedArguments) throws {
    var context: Context
    if let server = arguments.value("server") ?? getenv("AETHER_SERVER").map({ String(cString: $0) }) {
      guard APIClient.isAddress(server) else {
        throw UsageError("--server is \"\(server)\"; accepted: https://ADDRESS:PORT", path: arguments.path)
      }
      context = Context(name: "command line", server: server)
    } else {
      context = try ContextFile.load().require(arguments.value("context"))
    }
    if let authority = arguments.value("ca") { context.authority = authority }
    if let token = getenv("AETHER_TOKEN") {
      context.token = String(cString: token)
      context.developmentUser = nil
    }
    try self.init(context)
  }

  init(_ context: Context) throws {
    self.context = context
    http = try HTTPClient(
      options: HTTPClient.Options(
        tls: HTTPClient.TLS(authority: context.authority.map { .file($0) }), connectTimeout: .seconds(10)))
  }

  /// Sends a request and reads the whole answer.
  ///
  /// - Parameter path: with its query, percent-encoded.
  func call(_ method: String, _ path: String, body: JSON? = nil, headers: HTTPClient.Headers = [:]) async throws -> JSON
  {
    try await APIClient.json(of: open(method, path, body: body, headers: headers))
  }

  /// The same with bytes as they are in the request.
  func call(_ method: String, _ path: String, bytes: [UInt8]) async throws -> JSON {
    try await APIClient.json(
      of: open(method, path, headers: ["content-type": "application/octet-stream"], bytes: bytes))
  }

  private static func json(of response: HTTPClient.Response) async throws -> JSON {
    let bytes = try await response.body.collect(sizeMax: 256 << 20)
    return bytes.isEmpty ? .null : try JSON.parse(bytes, limits: JSONLimits(depthMax: 128, sizeMax: 256 << 20))
  }

  /// Sends a request; the body of the answer is read by the caller as it comes.
  func open(
    _ method: String, _ path: String, body: JSON? = nil, headers: HTTPClient.Headers = [:], bytes: [UInt8]? = nil
  ) async throws -> HTTPClient.Response {
    var headers = headers
    if headers["accept"] == nil { headers.add("accept", "application/json") }
    if let token = try await validToken() { headers.add("authorization", "Bearer \(token)") }
    if body != nil { headers.add("content-type", "application/json") }
    let request = HTTPClient.Request(
      method, context.server + path, headers: headers,
      body: (body?.bytes() ?? bytes).map { .bytes($0) } ?? .none)
    let response: HTTPClient.Response
    do { response = try await http.send(request) } catch { throw unreachable(error) }
    guard !response.isSuccess else { return response }
    let bytes = (try? await response.body.collect(sizeMax: 1 << 20)) ?? []
    if let envelope = try? JSON.parse(bytes), let error = APIError(envelope: envelope) { throw error }
    throw APIError(.internal, "\(context.server) answered \(method) \(path) with status \(response.status)")
  }

  private func unreachable(_ error: HTTPClientError) -> APIError {
    APIError(.unavailable, "\(context.server): \(error.message); is aetherd running there?")
  }

  /// The context's token; a new one of the development issuer when it is about to expire.
  func validToken() async throws -> String? {
    guard let user = context.developmentUser else { return context.token }
    if let token = context.token, let expiry = APIClient.expiry(of: token), expiry - .now() > .seconds(30) {
      return token
    }
    let token = try await developmentToken(user: user)
    var file = try ContextFile.load()
    if var stored = file.contexts.first(where: { $0.name == context.name }) {
      stored.token = token
      file.put(stored)
      try file.save()
    }
    return token
  }

  func developmentToken(user: String) async throws -> String {
    var wanted: JSONObject = ["user": .string(user), "lifetimeSeconds": 86_400]
    if context.isDevelopmentAdministrator { wanted["roles"] = ["admin"] }
    let request = HTTPClient.Request(
      "POST", context.server + "/v1/dev/token",
      headers: ["content-type": "application/json", "accept": "application/json"],
      body: .bytes(JSON.object(wanted).bytes()))
    let response: HTTPClient.CompleteResponse
    do { response = try await http.fetch(request) } catch { throw unreachable(error) }
    let answer = try JSON.parse(response.body)
    if let error = APIError(envelope: answer) {
      throw error.code == .notFound
        ? APIError(.failedPrecondition, "the daemon gives no development tokens: start it with --dev-issuer") : error
    }
    guard let token = answer["token"]?.stringValue else { throw APIError(.internal, "the daemon gave no token") }
    return token
  }

  /// The `exp` claim, without any check: only to know when to ask for another token.
  static func expiry(of token: String) -> Timestamp? {
    let parts = token.split(separator: ".")
    guard parts.count == 3, let bytes = try? Base64.decode(String(parts[1]), .url), let claims = try? JSON.parse(bytes),
      let seconds = claims["exp"]?.integerValue
    else { return nil }
    let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    return overflow ? nil : Timestamp(milliseconds: milliseconds)
  }

  static func isAddress(_ server: String) -> Bool { server.hasPrefix("https://") || server.hasPrefix("http://") }

  /// `name` as one path segment.
  static func segment(_ name: String) -> String {
    var text = ""
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        text += "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }
    return text
  }
}
