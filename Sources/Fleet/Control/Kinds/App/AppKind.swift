import AppFormat
import AppManager
import JSON
import Model

/// A WebAssembly app that runs on a node.
enum AppKind {
  static let definition = KindDefinition.embedded(
    "App", plural: "apps", singular: "app", shortNames: ["wasm"],
    summary: "A WebAssembly app that runs on a node, in a sandbox that has what it was granted.",
    schema: PackageResources.app_json,
    columns: [
      PrinterColumn("NAME", "metadata.name"),
      PrinterColumn("PHASE", "status.phase"),
      PrinterColumn("VERSION", "status.version"),
      PrinterColumn("RESTARTS", "status.restarts", .integer),
      PrinterColumn("AGE", "metadata.createdAt", .age),
      PrinterColumn("CPU", "status.usage.cpu", .cpu, isWide: true),
      PrinterColumn("MEMORY", "status.usage.memory", .bytes, isWide: true),
      PrinterColumn("GRANTED", "status.capabilities.granted", .list, isWide: true),
      PrinterColumn("DENIED", "status.capabilities.denied", .list, isWide: true),
      PrinterColumn("MESSAGE", "status.message", isWide: true),
    ],
    validate: validate)

  /// No field is frozen at creation.
  @Sendable static func validate(_ resource: Resource, _ previous: Resource?) throws(APIError) {
    let name = resource.metadata.name
    guard AppName(name) != nil else {
      throw .invalid(
        "metadata.name", "is \"\(name.prefix(80))\"",
        accepted: "1 to \(AppName.bytesMax) of a-z, A-Z, 0-9 and -, not starting or ending with -")
    }
    _ = try AppSpec(resource.spec)
  }
}
