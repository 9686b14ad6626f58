import JSON
import Model

@testable import Control

/// A store as a value: what the real one does with resources, revisions, generations and finalizers.
struct StoreModel {
  private(set) var resources: [ResourceKey: Resource] = [:]
  private(set) var revision: Int64 = 0

  func find(uid: String) -> Resource? { resources.values.first { $0.metadata.uid == uid } }
  var sorted: [Resource] { resources.sorted { $0.key < $1.key }.map(\.value) }

  /// Creates it, or changes its specification.
  mutating func apply(_ key: ResourceKey, uid: String, _ spec: JSON, at now: Timestamp) -> Resource? {
    revision += 1
    var resource =
      resources[key]
      ?? Resource(
        kind: key.kind,
        metadata: Metadata(
          name: key.name, owner: key.owner, uid: uid, createdAt: now, finalizers: [KindDefinition.nodeFinalizer]))
    guard !resource.isDeleting, resource.spec != spec || resource.metadata.generation == 0 else { return nil }
    resource.spec = spec
    resource.metadata.generation += 1
    resource.metadata.revision = revision
    resources[key] = resource
    return resource
  }

  mutating func delete(_ key: ResourceKey, at now: Timestamp) -> Resource? {
    guard var resource = resources[key], !resource.isDeleting else { return nil }
    revision += 1
    resource.metadata.deletedAt = now
    resource.metadata.generation += 1
    resource.metadata.revision = revision
    resources[key] = resource
    return resource
  }

  /// Without waiting for finalizers.
  mutating func purge(_ key: ResourceKey) -> Resource? {
    revision += 1
    return resources.removeValue(forKey: key)
  }

  mutating func writeStatus(_ key: ResourceKey, uid: String, _ status: JSON) -> Resource? {
    guard var resource = resources[key], resource.metadata.uid == uid else { return nil }
    revision += 1
    resource.status = status
    resource.metadata.revision = revision
    resources[key] = resource
    return resource
  }

  /// - Returns: the event that the change feed tells.
  mutating func removeFinalizer(_ key: ResourceKey, uid: String, _ finalizer: String) -> ControlCore.Event? {
    guard var resource = resources[key], resource.metadata.uid == uid else { return nil }
    revision += 1
    resource.metadata.finalizers.removeAll { $0 == finalizer }
    resource.metadata.revision = revision
    if resource.isDeleting, resource.metadata.finalizers.isEmpty {
      resources[key] = nil
      return .resourceRemoved(key, uid: uid)
    }
    resources[key] = resource
    return .resource(resource)
  }
}
