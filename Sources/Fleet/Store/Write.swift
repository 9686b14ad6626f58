import JSON
import Model

/// One step of a transaction.
public enum Write: Sendable {
  /// Stores a new resource; gives it uid, generation 1 and its time of creation.
  case create(Resource)
  /// Replaces `spec`, labels, annotations and finalizers; a non-empty `metadata.uid` must be the stored one.
  case update(Resource, expected: Int64? = nil)
  /// Replaces `status` only.
  case updateStatus(ResourceKey, uid: String? = nil, expected: Int64? = nil, status: JSON)
  /// Creates the resource, or replaces `spec`, labels and annotations of the stored one.
  case apply(Resource, expected: Int64? = nil)
  /// Removes the resource, or marks it as deleted while it has finalizers.
  case delete(ResourceKey, uid: String? = nil, expected: Int64? = nil)
  /// Takes one finalizer away; removes the resource when it was the last one of a deleted resource.
  case removeFinalizer(ResourceKey, String, uid: String? = nil)
  /// Writes nothing; holds only when the resource is at the revision (0: does not exist).
  case require(ResourceKey, revision: Int64)

  public var key: ResourceKey {
    switch self {
    case .create(let resource), .update(let resource, _), .apply(let resource, _): resource.key
    case .updateStatus(let key, _, _, _), .delete(let key, _, _), .removeFinalizer(let key, _, _),
      .require(let key, _):
      key
    }
  }
}

/// What a write did.
public struct WriteOutcome: Sendable, Equatable {
  public enum Action: String, Sendable { case created, updated, removed, unchanged }

  public var action: Action
  /// The resource after the write, or its last state when it was removed; `nil` after a `require` of nothing.
  public var resource: Resource?

  public init(_ action: Action, _ resource: Resource?) {
    self.action = action
    self.resource = resource
  }
}

/// What a write asks of a resource: pure, without revision and storage.
enum WriteRules {
  enum Step: Equatable {
    case unchanged
    case put(Resource)
    case remove(Resource)
  }

  /// - Parameters:
  ///   - current: the stored resource of the write's key.
  ///   - uid: gives the identity of a new resource.
  static func step(
    _ write: Write, current: Resource?, now: Timestamp, uid: () -> String
  ) throws(StoreError) -> Step {
    switch write {
    case .create(let resource):
      guard current == nil else { throw .alreadyExists(resource.key) }
      return .put(try created(resource, now, uid()))
    case .update(let resource, let expected):
      let uid = resource.metadata.uid.isEmpty ? nil : resource.metadata.uid
      let current = try existing(current, resource.key, uid: uid, expected: expected)
      return try replaced(current, by: resource, finalizers: resource.metadata.finalizers)
    case .updateStatus(let key, let uid, let expected, let status):
      var resource = try existing(current, key, uid: uid, expected: expected)
      if resource.status == status { return .unchanged }
      resource.status = status
      try checkDepth(status, "status")
      return .put(resource)
    case .apply(let resource, let expected):
      guard let current else {
        if let expected, expected != 0 { throw .conflict(resource.key, expected: expected, current: 0) }
        return .put(try created(resource, now, uid()))
      }
      if let expected, expected != current.metadata.revision {
        throw .conflict(resource.key, expected: expected, current: current.metadata.revision)
      }
      guard !current.isDeleting else { throw .deleting(resource.key) }
      return try replaced(current, by: resource, finalizers: current.metadata.finalizers)
    case .delete(let key, let uid, let expected):
      var resource = try existing(current, key, uid: uid, expected: expected)
      if resource.metadata.finalizers.isEmpty { return .remove(resource) }
      if resource.isDeleting { return .unchanged }
      resource.metadata.deletedAt = now
      resource.metadata.generation += 1
      return .put(resource)
    case .removeFinalizer(let key, let finalizer, let uid):
      var resource = try existing(current, key, uid: uid, expected: nil)
      guard let index = resource.metadata.finalizers.firstIndex(of: finalizer) else { return .unchanged }
      resource.metadata.finalizers.remove(at: index)
      return resource.isDeleting && resource.metadata.finalizers.isEmpty ? .remove(resource) : .put(resource)
    case .require(let key, let revision):
      let stored = current?.metadata.revision ?? 0
      guard stored == revision else { throw .conflict(key, expected: revision, current: stored) }
      return .unchanged
    }
  }

  private static func existing(
    _ current: Resource?, _ key: ResourceKey, uid: String?, expected: Int64?
  ) throws(StoreError) -> Resource {
    guard let current else { throw .notFound(key) }
    if let uid, uid != current.metadata.uid {
      throw .replaced(key, expected: uid, current: current.metadata.uid)
    }
    if let expected, expected != current.metadata.revision {
      throw .conflict(key, expected: expected, current: current.metadata.revision)
    }
    return current
  }

  private static func created(_ resource: Resource, _ now: Timestamp, _ uid: String) throws(StoreError) -> Resource {
    try check(resource)
    try checkDepth(resource.status, "status")
    var resource = resource
    resource.metadata.uid = uid
    resource.metadata.generation = 1
    resource.metadata.createdAt = now
    resource.metadata.deletedAt = nil
    return resource
  }

  private static func replaced(
    _ current: Resource, by wanted: Resource, finalizers: [String]
  ) throws(StoreError) -> Step {
    try check(wanted)
    var resource = current
    resource.metadata.labels = wanted.metadata.labels
    resource.metadata.annotations = wanted.metadata.annotations
    resource.metadata.finalizers = finalizers
    if wanted.spec != current.spec {
      resource.spec = wanted.spec
      resource.metadata.generation += 1
    }
    if resource == current { return .unchanged }
    return resource.isDeleting && finalizers.isEmpty ? .remove(resource) : .put(resource)
  }

  private static func check(_ resource: Resource) throws(StoreError) {
    let metadata = resource.metadata
    for (field, value) in [
      ("metadata.owner", metadata.owner), ("kind", resource.kind), ("metadata.name", metadata.name),
    ] {
      guard (1...StoreLimits.keyComponentBytesMax).contains(value.utf8.count) else {
        throw .invalid(
          field: field, problem: "has \(value.utf8.count) bytes", accepted: "1 to \(StoreLimits.keyComponentBytesMax)")
      }
    }
    guard metadata.labels.count <= StoreLimits.labelsMax else {
      throw .tooLarge(what: "metadata.labels", size: metadata.labels.count, max: StoreLimits.labelsMax)
    }
    for (name, value) in metadata.labels {
      let size = max(name.utf8.count, value.utf8.count)
      guard size <= StoreLimits.labelBytesMax else {
        throw .tooLarge(what: "metadata.labels.\(name.prefix(80))", size: size, max: StoreLimits.labelBytesMax)
      }
    }
    guard metadata.finalizers.count <= StoreLimits.finalizersMax else {
      throw .tooLarge(what: "metadata.finalizers", size: metadata.finalizers.count, max: StoreLimits.finalizersMax)
    }
    try checkDepth(resource.spec, "spec")
  }

  private static func checkDepth(_ value: JSON, _ field: String) throws(StoreError) {
    guard value.depth(upTo: StoreLimits.jsonDepthMax) <= StoreLimits.jsonDepthMax else {
      throw .invalid(
        field: field, problem: "is nested too deep", accepted: "up to \(StoreLimits.jsonDepthMax) levels")
    }
  }
}
