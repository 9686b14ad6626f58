import JSON
import Model

/// An isolated place on a node that processes share.
enum CellKind {
  static let definition = KindDefinition.embedded(
    "Cell", plural: "cells", singular: "cell", shortNames: ["c"],
    summary: "An isolated place on a node: namespaces, a root file system and limits that its processes share.",
    schema: PackageResources.cell_json,
    columns: [
      PrinterColumn("NAME", "metadata.name"),
      PrinterColumn("PHASE", "status.phase"),
      PrinterColumn("CPU", "status.usage.cpu", .cpu),
      PrinterColumn("MEMORY", "status.usage.memory", .bytes),
      PrinterColumn("RESTARTS", "status.restarts", .integer),
      PrinterColumn("AGE", "metadata.createdAt", .age),
      PrinterColumn("PROCESSES", "status.processes.running", .integer, isWide: true),
      PrinterColumn("MESSAGE", "status.message", isWide: true),
    ],
    validate: validate)

  /// No field is frozen at creation: limits, ports and `paused` change in place, everything else by creating the cell
  /// again, which its status announces.
  @Sendable static func validate(_ resource: Resource, _ previous: Resource?) throws(APIError) {
    let spec = try CellSpec(resource.spec)
    var hostPorts: [String: Int] = [:]
    for (index, port) in spec.ports.enumerated() {
      let address = "\(port.hostAddress) port \(port.hostPort)"
      if let first = hostPorts.updateValue(index, forKey: address) {
        throw .invalid("spec.ports[\(index)].hostPort", "uses \(address) as spec.ports[\(first)] does")
      }
    }
    if !spec.ports.isEmpty, !spec.namespaces.network {
      throw .invalid(
        "spec.ports", "cannot be published without spec.namespaces.network",
        accepted: "no ports: what listens in this cell listens on the node itself")
    }
    if resource.spec["hostname"] != nil, !spec.namespaces.uts {
      throw .invalid("spec.hostname", "needs spec.namespaces.uts")
    }
    if !spec.mounts.isEmpty, !spec.namespaces.mount {
      throw .invalid("spec.mounts", "needs spec.namespaces.mount")
    }
    var targets: [String: Int] = [:]
    for (index, mount) in spec.mounts.enumerated() {
      if let first = targets.updateValue(index, forKey: mount.target) {
        throw .invalid("spec.mounts[\(index)].target", "is the target of spec.mounts[\(first)], too")
      }
    }
  }
}
