import JSON
import Model

/// What the daemon says of a kind; the command knows none by itself.
struct KindDescription: Sendable {
  var kind: String
  var plural: String
  var singular: String
  var names: [String]
  var parentKind: String?
  var columns: [PrinterColumn]
  var summary: String
  var schema: JSON

  init(_ json: JSON) throws(APIError) {
    var reader = try FieldReader(json, path: "kind")
    kind = try reader.string("kind")
    plural = try reader.string("plural")
    singular = try reader.string("singular")
    names = [kind, plural, singular] + (try reader.stringArray("shortNames"))
    parentKind = try reader.optionalString("parentKind")
    summary = try reader.optionalString("summary") ?? ""
    schema = try reader.optionalObject("schema") ?? [:]
    columns = []
    for item in try reader.array("columns") { columns.append(try PrinterColumn(json: item)) }
  }

  func path(_ name: String? = nil) -> String {
    "/v1/\(plural)" + (name.map { "/" + APIClient.segment($0) } ?? "")
  }
}

extension APIClient {
  func kinds() async throws -> [KindDescription] {
    var kinds: [KindDescription] = []
    for item in try await call("GET", "/v1/kinds")["items"]?.arrayValue ?? [] {
      kinds.append(try KindDescription(item))
    }
    return kinds
  }

  /// The kind called `name` in any of its spellings.
  func kind(_ name: String) async throws -> KindDescription {
    let kinds = try await kinds()
    guard let kind = kinds.first(where: { $0.names.contains { $0.lowercased() == name.lowercased() } }) else {
      throw APIError(
        .invalid, "there is no kind \"\(name)\"; there are: \(kinds.map(\.plural).joined(separator: ", "))")
    }
    return kind
  }

  /// All resources of a kind, page by page.
  func list(_ kind: KindDescription, selector: String?) async throws -> (items: [JSON], revision: Int64) {
    var items: [JSON] = []
    var revision: Int64 = 0
    var next: String?
    repeat {
      var path = kind.path() + "?limit=1000"
      if let selector { path += "&selector=" + APIClient.segment(selector) }
      if let next { path += "&continue=" + APIClient.segment(next) }
      let page = try await call("GET", path)
      items += page["items"]?.arrayValue ?? []
      revision = page["revision"]?.integerValue ?? 0
      next = page["continue"]?.stringValue
    } while next != nil
    return (items, revision)
  }
}
