import JSON
import Model

/// A kind with everything that it consists of. Each has a folder here and a row in ``ControlledKind/all``; nothing else
/// in the system lists kinds.
struct ControlledKind: Sendable {
  var definition: KindDefinition
  var makeCore: @Sendable (Resource) -> any WorkloadCore

  static let all: [ControlledKind] = [
    ControlledKind(definition: CellKind.definition) { CellCore(resource: $0) },
    ControlledKind(definition: ProcessKind.definition) { ProcessCore(resource: $0) },
    ControlledKind(definition: AutomatonKind.definition) { AutomatonCore(resource: $0) },
    ControlledKind(definition: AppKind.definition) { AppControl(resource: $0) },
  ]

  static let byKind = Dictionary(uniqueKeysWithValues: all.map { ($0.definition.kind, $0) })
}

extension KindRegistry {
  /// The kinds of this build.
  public static let standard = KindRegistry(ControlledKind.all.map(\.definition))
}

extension KindDefinition {
  /// The finalizer that holds a resource until the node has nothing of it any more.
  public static let nodeFinalizer = "aether/node"

  /// A kind whose schema is part of the program. A schema that does not load is a fault of the build, which a test
  /// catches; no input can cause it.
  static func embedded(
    _ kind: String, plural: String, singular: String, shortNames: [String], summary: String, schema: [UInt8],
    columns: [PrinterColumn], parentKind: String? = nil,
    validate: @escaping @Sendable (_ resource: Resource, _ previous: Resource?) throws(APIError) -> Void,
    peers: PeerRule? = nil
  ) -> KindDefinition {
    do {
      return try KindDefinition(
        kind: kind, plural: plural, singular: singular, shortNames: shortNames, summary: summary,
        schemaJSON: JSON.parse(schema), columns: columns, parentKind: parentKind,
        finalizers: [KindDefinition.nodeFinalizer], validate: validate, peers: peers)
    } catch {
      preconditionFailure("the embedded schema of \(kind) does not load: \(error)")
    }
  }
}
