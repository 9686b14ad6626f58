import HTTP
import HTTPServer
import JSON
import Model
import Store

/// Reading and declaring resources. Every key is made with the caller's name as owner, so nobody can reach another's.
extension Gateway {
  var resourceRoutes: [Route] {
    [
      Route(.get, "/v1/kinds", listKinds),
      Route(.post, "/v1/apply", apply),
      Route(.get, "/v1/{kinds}", list),
      Route(.post, "/v1/{kinds}", create),
      Route(.get, "/v1/{kinds}/{name}", get),
      Route(.put, "/v1/{kinds}/{name}", put),
      Route(.delete, "/v1/{kinds}/{name}", delete),
      Route(.get, "/v1/{kinds}/{name}/events", events),
    ]
  }

  static let pageSizeMax: Int64 = 1000
  static let applyCountMax = StoreLimits.transactionWritesMax

  // MARK: Reading

  @Sendable private func listKinds(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    try request.requireAccept("application/json")
    return .json(["items": .array(kinds.kinds.map(\.json))])
  }

  @Sendable private func list(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let kind = try kind(context)
    try request.checkQuery(["selector", "limit", "continue"])
    try request.requireAccept("application/json")
    let selector = try request.query("selector").first.map { text throws(APIError) in try LabelSelector(text) }
    let limit = try request.queryInteger("limit", 1...Gateway.pageSizeMax) ?? 500
    let owner = try context.caller().user
    let page = try await store.list(
      kind: kind.kind, owner: owner, selector: selector, limit: Int(limit), continue: request.query("continue").first)
    let live = await live(kind, owner: owner)
    var answer: JSONObject = [
      "items": .array(page.items.map { live.merged($0).json }), "revision": .integer(page.revision),
    ]
    if let next = page.continue { answer["continue"] = .string(next) }
    return .json(.object(answer))
  }

  @Sendable private func get(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let key = try key(context)
    try request.checkQuery([])
    try request.requireAccept("application/json")
    let resource = try await find(key)
    return .resource(await live(resource).merged(resource))
  }

  @Sendable private func events(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try await events(of: try key(context), request)
  }

  func events(of key: ResourceKey, _ request: HTTPRequest) async throws -> HTTPResponse {
    try request.checkQuery([])
    try request.requireAccept("application/json")
    _ = try await find(key)
    return .json(["items": .array(await workloads.events(of: key))])
  }

  // MARK: Declaring

  @Sendable private func create(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let kind = try kind(context)
    try request.checkQuery(["dryRun"])
    try request.requireAccept("application/json")
    let isDryRun = try request.queryFlag("dryRun")
    let resource = try declared(try await request.document(), by: try context.caller())
    try require(resource, isOf: kind)
    if try await present(resource.key) != nil { throw StoreError.alreadyExists(resource.key) }
    try kind.check(resource, previous: nil)
    try await requireParent(of: resource, kind, among: [])
    try await requirePeers(of: resource, kind, among: [])
    if isDryRun { return .resource(resource) }
    let outcome = try await store.transaction([.create(resource)])
    return .resource(outcome[0].resource ?? resource, status: .created)
  }

  @Sendable private func put(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let kind = try kind(context)
    let key = try key(context)
    try request.checkQuery(["dryRun"])
    try request.requireAccept("application/json")
    let isDryRun = try request.queryFlag("dryRun")
    let expected = try request.expectedRevision()
    let resource = try declared(try await request.document(), by: try context.caller())
    try require(resource, isOf: kind)
    guard resource.metadata.name == key.name else {
      throw APIError.invalid("metadata.name", "is \"\(resource.metadata.name.prefix(80))\"", accepted: key.name)
    }
    let previous = try await present(key)
    if expected != nil, previous == nil { throw StoreError.notFound(key) }
    try kind.check(resource, previous: previous)
    try await requireParent(of: resource, kind, among: [])
    try await requirePeers(of: resource, kind, among: [])
    if isDryRun { return .resource(resource) }
    let outcome = try await store.transaction([.apply(resource, expected: expected == 0 ? nil : expected)])
    return .resource(outcome[0].resource ?? resource, status: outcome[0].action == .created ? .created : .ok)
  }

  /// All documents are checked before any is written, and then they are written together.
  @Sendable private func apply(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery(["dryRun"])
    try request.requireAccept("application/json")
    let isDryRun = try request.queryFlag("dryRun")
    let caller = try context.caller()
    let documents = try await request.documents().flatMap { $0.arrayValue ?? [$0] }
    guard (1...Gateway.applyCountMax).contains(documents.count) else {
      throw APIError.invalid("body", "has \(documents.count) resources", accepted: "1 to \(Gateway.applyCountMax)")
    }
    var resources: [Resource] = []
    for (index, document) in documents.enumerated() {
      do {
        resources.append(try await checked(document, by: caller, among: resources))
      } catch let error as APIError {
        throw error.prefixed(documents.count == 1 ? nil : "[\(index)]")
      }
    }
    if isDryRun {
      return .json(["results": .array(resources.map { ["action": "unchanged", "resource": $0.json] })])
    }
    let outcomes = try await store.transaction(resources.map { .apply($0) })
    let results = zip(outcomes, resources).map { outcome, resource -> JSON in
      ["action": .string(outcome.action.rawValue), "resource": (outcome.resource ?? resource).json]
    }
    return .json(["results": .array(results)])
  }

  private func checked(_ document: JSON, by caller: Caller, among earlier: [Resource]) async throws -> Resource {
    let resource = try declared(document, by: caller)
    guard !earlier.contains(where: { $0.key == resource.key }) else {
      throw APIError.invalid("metadata.name", "is \"\(resource.metadata.name)\" twice in one request")
    }
    let kind = try kinds.require(resource.kind)
    try kind.check(resource, previous: try await present(resource.key))
    try await requireParent(of: resource, kind, among: earlier)
    try await requirePeers(of: resource, kind, among: earlier)
    return resource
  }

  @Sendable private func delete(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let kind = try kind(context)
    let key = try key(context)
    try request.checkQuery([])
    try request.requireAccept("application/json")
    let expected = try request.expectedRevision()
    let children = try await children(of: key, kind)
    var writes: [Write] = children.map { .delete($0) }
    writes.append(.delete(key, expected: expected == 0 ? nil : expected))
    let outcome = try await store.transaction(writes).last
    guard let outcome, let resource = outcome.resource else { throw StoreError.notFound(key) }
    return .resource(resource, status: outcome.action == .removed ? .ok : .accepted)
  }

  /// The resources inside `key`, at every depth, the innermost first.
  private func children(of key: ResourceKey, _ kind: KindDefinition) async throws -> [ResourceKey] {
    var found: [ResourceKey] = []
    for inner in kinds.kinds where inner.parentKind == kind.kind || inner.kind == kind.kind {
      var next: String?
      repeat {
        let page = try await store.list(
          kind: inner.kind, owner: key.owner, selector: nil, limit: Int(Gateway.pageSizeMax), continue: next)
        found += page.items.filter { $0.metadata.name.hasPrefix(key.name + "/") && !$0.isDeleting }.map(\.key)
        next = page.continue
      } while next != nil
    }
    return found.sorted { $0.name.utf8.count > $1.name.utf8.count }
  }

  // MARK: Parts

  func kind(_ context: HTTPContext) throws(APIError) -> KindDefinition {
    let plural = context.parameter("kinds")
    guard let kind = kinds.kinds.first(where: { $0.plural == plural }) else {
      throw APIError(
        .notFound,
        "there is no kind \"\(plural.prefix(80))\"; there are: \(kinds.kinds.map(\.plural).joined(separator: ", "))")
    }
    return kind
  }

  func key(_ context: HTTPContext) throws(APIError) -> ResourceKey {
    let kind = try kind(context)
    return try key(kind: kind.kind, context)
  }

  func key(kind: String, _ context: HTTPContext) throws(APIError) -> ResourceKey {
    let name = context.parameter("name")
    guard ResourceName.isValid(name) else {
      throw .invalid("name", "is \"\(name.prefix(80))\"", accepted: ResourceName.accepted)
    }
    return ResourceKey(owner: try context.caller().user, kind: kind, name: name)
  }

  /// - Throws: ``StoreError`` `notFound`.
  func find(_ key: ResourceKey) async throws -> Resource { try await store.get(key) }

  func present(_ key: ResourceKey) async throws -> Resource? {
    do { return try await store.get(key) } catch StoreError.notFound { return nil }
  }

  /// What the client declares, as a new resource of the caller. What only the service sets is dropped, so that a
  /// resource that was read can be sent back; another owner is refused.
  private func declared(_ json: JSON, by caller: Caller) throws(APIError) -> Resource {
    let sent = try Resource(json: json)
    guard sent.metadata.owner.isEmpty || sent.metadata.owner == caller.user else {
      throw .invalid("metadata.owner", "is \"\(sent.metadata.owner.prefix(80))\"", accepted: caller.user)
    }
    let kind = try kinds.require(sent.kind)
    return Resource(
      kind: sent.kind,
      metadata: Metadata(
        name: sent.metadata.name, owner: caller.user, labels: sent.metadata.labels,
        annotations: sent.metadata.annotations, finalizers: kind.finalizers),
      spec: sent.spec)
  }

  private func require(_ resource: Resource, isOf kind: KindDefinition) throws(APIError) {
    guard resource.kind == kind.kind else {
      throw .invalid("kind", "is \"\(resource.kind.prefix(80))\"", accepted: kind.kind)
    }
  }

  private func requireParent(
    of resource: Resource, _ kind: KindDefinition, among earlier: [Resource]
  ) async throws {
    guard let parentKind = kind.parentKind, let parent = ResourceName.parent(resource.metadata.name) else { return }
    let key = ResourceKey(owner: resource.metadata.owner, kind: parentKind, name: parent)
    if earlier.contains(where: { $0.key == key }) { return }
    guard try await present(key) != nil else {
      throw APIError(
        .failedPrecondition, "\(parentKind) \"\(parent)\" does not exist; declare it first or in the same request",
        field: "metadata.name")
    }
  }

  /// The rules between the resources of a kind, with those of the same request in place of what is stored.
  private func requirePeers(of resource: Resource, _ kind: KindDefinition, among earlier: [Resource]) async throws {
    guard let rule = kind.peers, rule.isNeeded(resource) else { return }
    var peers: [ResourceKey: Resource] = [:]
    var next: String?
    repeat {
      let page = try await store.list(
        kind: kind.kind, owner: resource.metadata.owner, selector: nil, limit: Int(Gateway.pageSizeMax), continue: next)
      for item in page.items where !item.isDeleting { peers[item.key] = item }
      next = page.continue
    } while next != nil
    for item in earlier where item.kind == kind.kind { peers[item.key] = item }
    try rule.check(resource, peers.values.sorted { $0.key < $1.key })
  }

  private func live(_ kind: KindDefinition, owner: String) async -> LiveStatus {
    if kind.kind == "Automaton" { return LiveStatus(automata: await automata.live(owner: owner)) }
    return LiveStatus(usage: await usage(owner: owner))
  }

  private func live(_ resource: Resource) async -> LiveStatus {
    guard resource.kind == "Automaton" else { return LiveStatus(usage: await usage(owner: resource.key.owner)) }
    return LiveStatus(automata: await automata.live(of: resource).map { [resource.key: $0] } ?? [:])
  }

  private func usage(owner: String) async -> [ResourceKey: WorkloadStats] {
    Dictionary(await workloads.stats(owner: owner).map { ($0.key, $0) }) { _, last in last }
  }
}

/// What changes too often to be stored, and is added to the status that is shown.
private struct LiveStatus {
  var usage: [ResourceKey: WorkloadStats] = [:]
  var automata: [ResourceKey: JSONObject] = [:]

  func merged(_ resource: Resource) -> Resource {
    guard case .object(var status) = resource.status else { return resource }
    if let stats = usage[resource.key] {
      var use: JSONObject = ["memory": .integer(Int64(clamping: stats.memoryBytes))]
      if let cpu = stats.cpuMillicores { use["cpu"] = .integer(cpu) }
      status["usage"] = .object(use)
    } else if let live = automata[resource.key] {
      for member in live.members { status[member.name] = member.value }
    } else {
      return resource
    }
    var resource = resource
    resource.status = .object(status)
    return resource
  }
}

extension APIError {
  /// The error of an item of an array.
  fileprivate func prefixed(_ prefix: String?) -> APIError {
    guard let prefix else { return self }
    var error = self
    error.field = field.map { "\(prefix).\($0)" } ?? prefix
    error.message = "\(prefix): \(message)"
    return error
  }
}
