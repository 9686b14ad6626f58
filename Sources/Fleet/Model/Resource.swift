import JSON

/// One declared thing of any kind: what is wanted (`spec`), what is (`status`), and who it is (`metadata`).
///
/// The generic form that is stored, served and watched. Kinds parse `spec` and `status` into their own types.
public struct Resource: Sendable, Equatable {
  public static let apiVersion = "aether/v1"

  public var kind: String
  public var metadata: Metadata
  /// What the owner wants. Changes of it raise `metadata.generation`.
  public var spec: JSON
  /// What was observed: `phase`, `conditions`, `observedGeneration` and members of the kind. Never changes `generation`.
  public var status: JSON

  public init(kind: String, metadata: Metadata, spec: JSON = [:], status: JSON = [:]) {
    self.kind = kind
    self.metadata = metadata
    self.spec = spec
    self.status = status
  }

  public var key: ResourceKey { ResourceKey(owner: metadata.owner, kind: kind, name: metadata.name) }
  /// Deletion was asked for; the resource goes when `metadata.finalizers` is empty.
  public var isDeleting: Bool { metadata.deletedAt != nil }
  public var phase: String? { status["phase"]?.stringValue }
  public var observedGeneration: Int64 { status["observedGeneration"]?.integerValue ?? 0 }
}

/// The identity of a resource. Keys order by owner, then kind, then name, so that an owner is one range of keys.
public struct ResourceKey: Sendable, Hashable, Comparable, CustomStringConvertible {
  public var owner: String
  public var kind: String
  public var name: String

  public init(owner: String, kind: String, name: String) {
    self.owner = owner
    self.kind = kind
    self.name = name
  }

  public static func < (left: ResourceKey, right: ResourceKey) -> Bool {
    (left.owner, left.kind, left.name) < (right.owner, right.kind, right.name)
  }

  public var description: String { "\(owner):\(kind)/\(name)" }
}

public struct Metadata: Sendable, Equatable {
  /// One or more components joined by `/` (see ``ResourceName``); unique per owner and kind.
  public var name: String
  /// The user that the resource belongs to: the `sub` claim of the token that created it.
  public var owner: String
  public var labels: [String: String]
  public var annotations: [String: String]
  /// Set once at creation; a resource created again under the same name has another one.
  public var uid: String
  /// Raised by one at each change of `spec` or of `deletedAt`, from 1.
  public var generation: Int64
  /// The store's revision of the last write to this resource; the token of compare-and-set.
  public var revision: Int64
  public var createdAt: Timestamp
  public var deletedAt: Timestamp?
  /// Who must still clean up before the resource may go.
  public var finalizers: [String]

  public init(
    name: String, owner: String, labels: [String: String] = [:], annotations: [String: String] = [:],
    uid: String = "", generation: Int64 = 0, revision: Int64 = 0, createdAt: Timestamp = Timestamp(milliseconds: 0),
    deletedAt: Timestamp? = nil, finalizers: [String] = []
  ) {
    self.name = name
    self.owner = owner
    self.labels = labels
    self.annotations = annotations
    self.uid = uid
    self.generation = generation
    self.revision = revision
    self.createdAt = createdAt
    self.deletedAt = deletedAt
    self.finalizers = finalizers
  }
}

extension Resource {
  public var json: JSON {
    var metadata: JSONObject = ["name": .string(metadata.name), "owner": .string(self.metadata.owner)]
    if !self.metadata.labels.isEmpty { metadata["labels"] = Resource.json(self.metadata.labels) }
    if !self.metadata.annotations.isEmpty { metadata["annotations"] = Resource.json(self.metadata.annotations) }
    metadata["uid"] = .string(self.metadata.uid)
    metadata["generation"] = .integer(self.metadata.generation)
    metadata["revision"] = .integer(self.metadata.revision)
    metadata["createdAt"] = .string(self.metadata.createdAt.description)
    if let deletedAt = self.metadata.deletedAt { metadata["deletedAt"] = .string(deletedAt.description) }
    if !self.metadata.finalizers.isEmpty {
      metadata["finalizers"] = .array(self.metadata.finalizers.map { .string($0) })
    }
    return [
      "apiVersion": .string(Resource.apiVersion), "kind": .string(kind), "metadata": .object(metadata), "spec": spec,
      "status": status,
    ]
  }

  private static func json(_ map: [String: String]) -> JSON {
    .object(JSONObject(map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
  }

  /// Reads the form that ``json`` writes (also what clients send, where only `kind`, `metadata.name` and `spec` must
  /// be present).
  ///
  /// - Throws: ``APIError`` `invalid` that names the first faulty field.
  public init(json: JSON) throws(APIError) {
    var reader = try FieldReader(json, path: "")
    let apiVersion = try reader.optionalString("apiVersion") ?? Resource.apiVersion
    guard apiVersion == Resource.apiVersion else {
      throw .invalid("apiVersion", "is \"\(apiVersion)\"", accepted: Resource.apiVersion)
    }
    kind = try reader.string("kind")
    var meta = try FieldReader(try reader.required("metadata"), path: "metadata")
    metadata = Metadata(name: try meta.string("name"), owner: try meta.optionalString("owner") ?? "")
    metadata.labels = try meta.stringMap("labels")
    metadata.annotations = try meta.stringMap("annotations")
    metadata.uid = try meta.optionalString("uid") ?? ""
    metadata.generation = try meta.optionalInteger("generation") ?? 0
    metadata.revision = try meta.optionalInteger("revision") ?? 0
    if let text = try meta.optionalString("createdAt") {
      metadata.createdAt = try Resource.timestamp(text, "metadata.createdAt")
    }
    if let text = try meta.optionalString("deletedAt") {
      metadata.deletedAt = try Resource.timestamp(text, "metadata.deletedAt")
    }
    metadata.finalizers = try meta.stringArray("finalizers")
    try meta.refuseUnknown()
    spec = try reader.optionalObject("spec") ?? [:]
    status = try reader.optionalObject("status") ?? [:]
    try reader.refuseUnknown()
  }

  private static func timestamp(_ text: String, _ field: String) throws(APIError) -> Timestamp {
    guard let value = Timestamp(text) else {
      throw .invalid(field, "is \"\(text)\"", accepted: "an RFC 3339 time such as 2026-01-31T12:00:00.000Z")
    }
    return value
  }
}

/// A condition of a status: one aspect that is true or not, since when and why.
public struct Condition: Sendable, Equatable {
  public var type: String
  public var isTrue: Bool
  /// One CamelCase word for programs.
  public var reason: String
  /// One sentence for people.
  public var message: String
  public var since: Timestamp

  public init(_ type: String, _ isTrue: Bool, reason: String, message: String, since: Timestamp) {
    self.type = type
    self.isTrue = isTrue
    self.reason = reason
    self.message = message
    self.since = since
  }

  public var json: JSON {
    [
      "type": .string(type), "status": .string(isTrue ? "True" : "False"), "reason": .string(reason),
      "message": .string(message), "since": .string(since.description),
    ]
  }
}
