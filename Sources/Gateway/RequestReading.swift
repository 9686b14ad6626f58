import HTTP
import HTTPServer
import JSON
import Model
import YAML

/// Reading of what clients send, with errors that name the parameter or field.
extension HTTPRequest {
  /// Refuses parameters that the route does not have, and any given twice.
  func checkQuery(_ names: Set<String>, repeatable: Set<String> = []) throws(APIError) {
    guard let query = head.query, !query.isEmpty else { return }
    var seen: Set<String> = []
    for pair in query.split(separator: "&") {
      guard let name = PercentCoding.decode(pair.prefix { $0 != "=" }, plusIsSpace: true),
        PercentCoding.decode(pair.drop { $0 != "=" }, plusIsSpace: true) != nil
      else { throw .invalid("query", "is not percent-encoded UTF-8") }
      guard names.contains(name) || repeatable.contains(name) else {
        let known = names.union(repeatable).sorted().joined(separator: ", ")
        throw .invalid(String(name.prefix(80)), "is not a known parameter", accepted: known.isEmpty ? "none" : known)
      }
      guard repeatable.contains(name) || seen.insert(name).inserted else { throw .invalid(name, "is given twice") }
    }
  }

  func queryFlag(_ name: String) throws(APIError) -> Bool {
    switch query(name).first {
    case nil, "false": return false
    case "true": return true
    case .some(let text): throw .invalid(name, "is \"\(text.prefix(80))\"", accepted: "true or false")
    }
  }

  func queryInteger(_ name: String, _ range: ClosedRange<Int64>) throws(APIError) -> Int64? {
    guard let text = query(name).first else { return nil }
    let isPlain = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    guard isPlain, let value = Int64(text), range.contains(value) else {
      throw .invalid(
        name, "is \"\(text.prefix(80))\"", accepted: "integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func queryChoice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, _ type: Choice.Type
  ) throws(APIError) -> Choice? where Choice.RawValue == String {
    guard let text = query(name).first else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let accepted = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalid(name, "is \"\(text.prefix(80))\"", accepted: accepted)
    }
    return choice
  }

  /// The revision in `If-Match`: `nil` without the header, 0 for `*`.
  func expectedRevision() throws(APIError) -> Int64? {
    guard let text = headers["if-match"] else { return nil }
    if text == "*" { return 0 }
    let digits = text.hasPrefix("\"") && text.hasSuffix("\"") && text.count > 2 ? text.dropFirst().dropLast() : ""
    guard let revision = Int64(digits), revision > 0 else {
      throw .invalid("If-Match", "is \(text.prefix(80))", accepted: "a revision in quotes, such as \"42\", or *")
    }
    return revision
  }

  /// Whether the client takes this form (RFC 9110 section 12.5.1; quality 0 means no).
  func accepts(_ contentType: String) -> Bool {
    let values = headers.values(of: "accept")
    guard !values.isEmpty else { return true }
    let family = contentType.prefix { $0 != "/" } + "/*"
    for range in values.joined(separator: ",").split(separator: ",") {
      let parts = range.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
      guard let type = parts.first, type == contentType || type == "*/*" || type == family else { continue }
      let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
      if quality > 0 { return true }
    }
    return false
  }

  func requireAccept(_ contentTypes: String...) throws(APIError) {
    guard contentTypes.contains(where: accepts) else {
      throw APIError(
        .notAcceptable, "Accept allows none of: \(contentTypes.joined(separator: ", "))", field: "Accept",
        accepted: contentTypes.joined(separator: ", "))
    }
  }

  private var mediaType: String {
    (headers["content-type"] ?? "").prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
  }

  /// The documents of the body: one JSON value, or YAML documents.
  func documents() async throws -> [JSON] {
    let isYAML: Bool
    switch mediaType {
    case "application/json": isYAML = false
    case "application/yaml", "application/x-yaml", "text/yaml": isYAML = true
    default:
      throw APIError(
        .unsupportedMediaType, "Content-Type is \"\(mediaType.prefix(80))\"", field: "Content-Type",
        accepted: "application/json, application/yaml")
    }
    let bytes = try await body.collect(upTo: Gateway.bodyBytesMax)
    if isYAML {
      do {
        return try YAML.parse(bytes).map(\.value).filter { !$0.isNull }
      } catch {
        throw APIError(.invalid, "the body is not YAML: \(error)", field: "body")
      }
    }
    do {
      return [try JSON.parse(bytes)]
    } catch {
      throw APIError(.invalid, "the body is not JSON: \(error)", field: "body")
    }
  }

  /// The one document of the body.
  func document() async throws -> JSON {
    let documents = try await documents()
    guard documents.count == 1, let document = documents.first else {
      throw APIError.invalid("body", "has \(documents.count) documents", accepted: "one document")
    }
    return document
  }
}

extension HTTPResponse {
  static func json(_ value: JSON, status: HTTPStatus = .ok) -> HTTPResponse {
    HTTPResponse(status, contentType: "application/json", value.bytes())
  }

  /// A resource with its revision as `ETag`, the value for `If-Match`.
  static func resource(_ resource: Resource, status: HTTPStatus = .ok) -> HTTPResponse {
    var response = json(resource.json, status: status)
    response.headers.set("etag", "\"\(resource.metadata.revision)\"")
    return response
  }
}
