import Model

/// One write that happened to one resource. Immutable and shared by everyone who watches.
public final class Change: Sendable {
  public enum Kind: UInt8, Sendable {
    case created = 1
    case updated, deleted
  }

  public let type: Kind
  /// The resource after the write; for `deleted` the last state. Its `metadata.revision` is this change's revision.
  public let resource: Resource
  public let committedAt: Timestamp
  /// The labels before the write, when they differ from the ones after it.
  let previousLabels: [String: String]?
  /// Size in the log, in bytes.
  let byteCount: Int

  public var revision: Int64 { resource.metadata.revision }

  init(type: Kind, resource: Resource, previousLabels: [String: String]?, committedAt: Timestamp, byteCount: Int) {
    self.type = type
    self.resource = resource
    self.previousLabels = previousLabels
    self.committedAt = committedAt
    self.byteCount = byteCount
  }

  private init(_ change: Change, as type: Kind) {
    self.type = type
    resource = change.resource
    previousLabels = change.previousLabels
    committedAt = change.committedAt
    byteCount = change.byteCount
  }

  func retyped(_ type: Kind) -> Change { type == self.type ? self : Change(self, as: type) }
}

/// Which changes a watcher wants. Members that are `nil` choose everything.
public struct ChangeFilter: Sendable, Equatable {
  public var kind: String?
  public var owner: String?
  public var name: String?
  /// A resource that comes to match is seen as created, one that ceases to match as deleted.
  public var selector: LabelSelector?

  public init(kind: String? = nil, owner: String? = nil, name: String? = nil, selector: LabelSelector? = nil) {
    self.kind = kind
    self.owner = owner
    self.name = name
    self.selector = selector
  }

  public static let all = ChangeFilter()

  /// The change as a watcher with this filter sees it, `nil` when it does not.
  public func view(_ change: Change) -> Change? {
    let resource = change.resource
    // Compared byte by byte: Swift's `==` takes different spellings of a character as equal, keys do not.
    if let kind, !kind.utf8.elementsEqual(resource.kind.utf8) { return nil }
    if let owner, !owner.utf8.elementsEqual(resource.metadata.owner.utf8) { return nil }
    if let name, !name.utf8.elementsEqual(resource.metadata.name.utf8) { return nil }
    guard let selector else { return change }
    let isMatch = selector.matches(resource.metadata.labels)
    guard change.type == .updated, let previousLabels = change.previousLabels else { return isMatch ? change : nil }
    switch (selector.matches(previousLabels), isMatch) {
    case (true, true): return change
    case (false, true): return change.retyped(.created)
    case (true, false): return change.retyped(.deleted)
    case (false, false): return nil
    }
  }
}
