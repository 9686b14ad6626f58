import JSON

/// Everything about a kind of resource that is not its controller. Programs learn it from `GET /v1/kinds`, so that a
/// kind exists in one place only.
public struct KindDefinition: Sendable {
  /// `Cell`
  public var kind: String
  /// `cells`: the path under `/v1/`.
  public var plural: String
  /// `cell`
  public var singular: String
  public var shortNames: [String]
  /// One sentence.
  public var summary: String
  /// The rules for `spec`.
  public var schema: Schema
  /// The JSON text of `schema`, as published.
  public var schemaJSON: JSON
  public var columns: [PrinterColumn]
  /// The kind whose resource of the parent name must exist (`Process` needs `Cell`); `nil` for kinds that stand alone.
  public var parentKind: String?
  /// What a new resource gets in `metadata.finalizers`.
  public var finalizers: [String]
  /// Rules beyond the schema, such as fields that cannot change (`previous` is the stored resource).
  public var validate: @Sendable (_ resource: Resource, _ previous: Resource?) throws(APIError) -> Void
  /// Rules that need the other resources of the kind; `nil` for none.
  public var peers: PeerRule?

  /// A rule between resources of one kind and owner.
  public struct PeerRule: Sendable {
    /// Whether the others must be looked at for this one.
    public var isNeeded: @Sendable (Resource) -> Bool
    /// - Parameter peers: all of the owner; the resource itself may be among them, as it was before.
    public var check: @Sendable (_ resource: Resource, _ peers: [Resource]) throws(APIError) -> Void

    public init(
      isNeeded: @escaping @Sendable (Resource) -> Bool,
      check: @escaping @Sendable (_ resource: Resource, _ peers: [Resource]) throws(APIError) -> Void
    ) {
      self.isNeeded = isNeeded
      self.check = check
    }
  }

  public init(
    kind: String, plural: String, singular: String, shortNames: [String] = [], summary: String, schemaJSON: JSON,
    columns: [PrinterColumn], parentKind: String? = nil, finalizers: [String] = [],
    validate: @escaping @Sendable (_ resource: Resource, _ previous: Resource?) throws(APIError) -> Void,
    peers: PeerRule? = nil
  ) throws(SchemaError) {
    self.kind = kind
    self.plural = plural
    self.singular = singular
    self.shortNames = shortNames
    self.summary = summary
    self.schema = try Schema(json: schemaJSON)
    self.schemaJSON = schemaJSON
    self.columns = columns
    self.parentKind = parentKind
    self.finalizers = finalizers
    self.validate = validate
    self.peers = peers
  }

  /// The whole check of a resource that a client sent.
  public func check(_ resource: Resource, previous: Resource?) throws(APIError) {
    guard ResourceName.isValid(resource.metadata.name) else {
      throw .invalid("metadata.name", "is \"\(resource.metadata.name.prefix(80))\"", accepted: ResourceName.accepted)
    }
    if let parentKind, ResourceName.parent(resource.metadata.name) == nil {
      throw .invalid(
        "metadata.name", "is \"\(resource.metadata.name)\"",
        accepted: "\(parentKind.lowercased())/name, since a \(kind) is inside a \(parentKind)")
    }
    try Labels.check(resource.metadata.labels)
    try schema.validate(resource.spec, path: "spec")
    try validate(resource, previous)
  }

  /// The document that describes this kind to programs.
  public var json: JSON {
    [
      "kind": .string(kind), "plural": .string(plural), "singular": .string(singular),
      "shortNames": .array(shortNames.map { .string($0) }), "summary": .string(summary),
      "parentKind": parentKind.map { .string($0) } ?? .null, "columns": .array(columns.map(\.json)),
      "schema": schemaJSON,
    ]
  }
}

/// A column of the table that `aether get` prints.
public struct PrinterColumn: Sendable, Equatable {
  public enum Format: String, Sendable { case text, age, bytes, cpu, integer, list }

  public var title: String
  /// Where in the resource, such as `status.phase`.
  public var path: String
  public var format: Format
  /// Shown with `-o wide` only.
  public var isWide: Bool

  public init(_ title: String, _ path: String, _ format: Format = .text, isWide: Bool = false) {
    self.title = title
    self.path = path
    self.format = format
    self.isWide = isWide
  }

  public var json: JSON {
    ["title": .string(title), "path": .string(path), "format": .string(format.rawValue), "wide": .bool(isWide)]
  }

  /// Reads what ``json`` writes.
  public init(json: JSON) throws(APIError) {
    var reader = try FieldReader(json, path: "columns")
    title = try reader.string("title")
    path = try reader.string("path")
    format = Format(rawValue: try reader.optionalString("format") ?? "") ?? .text
    isWide = try reader.optionalBool("wide") ?? false
  }
}

/// The kinds that a daemon knows.
public struct KindRegistry: Sendable {
  public let kinds: [KindDefinition]
  private let byName: [String: Int]

  public init(_ kinds: [KindDefinition]) {
    self.kinds = kinds
    var byName: [String: Int] = [:]
    for (index, kind) in kinds.enumerated() {
      for name in [kind.kind, kind.plural, kind.singular] + kind.shortNames { byName[name] = index }
    }
    self.byName = byName
  }

  /// Finds a kind by `Cell`, `cells`, `cell` or a short name.
  public subscript(name: String) -> KindDefinition? { byName[name].map { kinds[$0] } }

  /// - Throws: ``APIError`` `invalid` for an unknown kind.
  public func require(_ kind: String) throws(APIError) -> KindDefinition {
    guard let definition = kinds.first(where: { $0.kind == kind }) else {
      throw .invalid("kind", "is \"\(kind.prefix(80))\"", accepted: kinds.map(\.kind).joined(separator: ", "))
    }
    return definition
  }
}

/// Rules for labels and the language of selectors.
public enum Labels {
  public static let countMax = 64
  public static let lengthMax = 253

  static func check(_ labels: [String: String]) throws(APIError) {
    guard labels.count <= countMax else {
      throw .invalid("metadata.labels", "has \(labels.count) members", accepted: "up to \(countMax)")
    }
    for (name, value) in labels {
      guard isValid(name, min: 1), isValid(value, min: 0) else {
        throw .invalid(
          "metadata.labels.\(name.prefix(80))", "is not a label",
          accepted: "name and value of up to \(lengthMax) of A-Z, a-z, 0-9, -, _, ., /")
      }
    }
  }

  static func isValid(_ text: String, min: Int) -> Bool {
    (min...lengthMax).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
          UInt8(ascii: "/"):
          true
        default: false
        }
      }
  }
}

/// A choice of resources by label: `tier=web,env!=test,cache,!old`.
public struct LabelSelector: Sendable, Equatable {
  public enum Term: Sendable, Equatable {
    case equals(String, String)
    case differs(String, String)
    case exists(String)
    case absent(String)
  }

  public var terms: [Term]

  public init(terms: [Term] = []) { self.terms = terms }

  public init(_ text: String) throws(APIError) {
    var terms: [Term] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: true) {
      let term: Term
      if let range = part.firstRange(of: "!=") {
        term = .differs(String(part[..<range.lowerBound]), String(part[range.upperBound...]))
      } else if let index = part.firstIndex(of: "=") {
        term = .equals(String(part[..<index]), String(part[part.index(after: index)...]))
      } else if part.first == "!" {
        term = .absent(String(part.dropFirst()))
      } else {
        term = .exists(String(part))
      }
      guard term.isValid else {
        throw .invalid(
          "selector", "has the term \"\(part.prefix(80))\"", accepted: "name=value, name!=value, name, !name")
      }
      terms.append(term)
    }
    self.terms = terms
  }

  public func matches(_ labels: [String: String]) -> Bool {
    terms.allSatisfy { term in
      switch term {
      case .equals(let name, let value): labels[name] == value
      case .differs(let name, let value): labels[name] != value
      case .exists(let name): labels[name] != nil
      case .absent(let name): labels[name] == nil
      }
    }
  }
}

extension LabelSelector.Term {
  var isValid: Bool {
    switch self {
    case .equals(let name, let value), .differs(let name, let value):
      Labels.isValid(name, min: 1) && Labels.isValid(value, min: 0)
    case .exists(let name), .absent(let name): Labels.isValid(name, min: 1)
    }
  }
}
