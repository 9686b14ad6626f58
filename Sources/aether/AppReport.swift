import AppFormat
import AppProjects
import JSON
import Model

/// What `aether app inspect` says.
enum AppReport {
  /// What the author should change, a line each.
  static func warnings(_ inspection: Inspection) -> [String] {
    var lines: [String] = []
    if let problem = inspection.manifestProblem { lines.append(problem) }
    if inspection.form == .image { lines.append("\(AppFormatError.aheadOfTimeImage)") }
    if inspection.form != .manifest, inspection.form != .image {
      if !inspection.missing.isEmpty {
        let names = inspection.refusedImports.map(\.name).joined(separator: ", ")
        lines.append("missing capabilities: \(inspection.missing.joined(separator: ", ")) (for \(names))")
      }
      if !inspection.unneeded.isEmpty {
        lines.append("unneeded capabilities: \(inspection.unneeded.joined(separator: ", "))")
      }
    }
    if !inspection.undefinedCapabilities.isEmpty {
      lines.append("no such capabilities: \(inspection.undefinedCapabilities.joined(separator: ", "))")
    }
    for (verdict, words) in [
      (Inspection.Import.Verdict.unknown, "no host has, a call of which ends the app"),
      (.wrongType, "hosts have with other types, a call of which ends the app"),
      (.refused, "every host refuses, with an error"),
    ] {
      let names = inspection.imports.filter { $0.verdict == verdict }.map { "\($0.module).\($0.name)" }
      if !names.isEmpty { lines.append("imports that \(words): \(names.joined(separator: ", "))") }
    }
    if inspection.manifestsDiffer { lines.append("manifest.json says something else than the binary, which wins") }
    return lines
  }

  static func text(_ inspection: Inspection) -> String {
    var table = Table(["FIELD", "VALUE"])
    table.add(["form", inspection.form.rawValue])
    table.add(["size", "\(inspection.size) bytes"])
    if !inspection.identity.isEmpty { table.add(["sha256", hex(inspection.identity)]) }
    if let manifest = inspection.manifest {
      table.add(["name", manifest.name])
      table.add(["version", manifest.version])
      table.add(["abi", manifest.abi?.description ?? "none, taken as 1.x"])
      if let least = manifest.hostVersionMin { table.add(["host", "\(least) or newer"]) }
      table.add(["capabilities", manifest.capabilities.joined(separator: " ")])
      table.add(["memory quota", manifest.memoryQuota == 0 ? "no limit" : "\(manifest.memoryQuota) bytes"])
      if manifest.network != NetworkPolicy() { table.add(["network", network(manifest.network)]) }
    } else {
      table.add(["manifest", inspection.manifestProblem == nil ? "none: no rights" : "refused"])
    }
    if let memory = inspection.memory {
      table.add(["memory", "\(memory.min * 64) KiB\(memory.max.map { ", at most \($0 * 64) KiB" } ?? "")"])
    }
    if !inspection.exports.isEmpty { table.add(["exports", inspection.exports.joined(separator: " ")]) }
    if inspection.form == .package {
      let kinds = inspection.signatures.map(\.memberName).joined(separator: " ")
      let verdict = inspection.isTrusted.map { $0 ? ", by a trusted key" : ", not by a trusted key" } ?? ""
      table.add(["signatures", kinds.isEmpty ? "none" : kinds + verdict])
    }
    var text = table.text
    if !inspection.imports.isEmpty {
      var imports = Table(["IMPORT", "CAPABILITY", "DECLARED"])
      for item in inspection.imports {
        imports.add(["\(item.module).\(item.name)", needs(item), isDeclared(item, inspection)])
      }
      text += "\n" + imports.text
    }
    let warnings = warnings(inspection)
    return text + (warnings.isEmpty ? "" : "\n" + warnings.map { "warning: \($0)\n" }.joined())
  }

  static func json(_ inspection: Inspection) -> JSON {
    func texts(_ values: [String]) -> JSON { .array(values.map(JSON.string)) }
    var object: JSONObject = [
      "form": .string(inspection.form.rawValue), "size": .integer(Int64(inspection.size)),
      "sha256": .string(hex(inspection.identity)),
    ]
    if let manifest = inspection.manifest {
      object["name"] = .string(manifest.name)
      object["version"] = .string(manifest.version)
      object["abi"] = manifest.abi.map { .string($0.description) } ?? .null
      object["memoryQuota"] = .integer(Int64(manifest.memoryQuota))
    }
    object["capabilities"] = [
      "declared": texts(inspection.manifest?.capabilities ?? []), "missing": texts(inspection.missing),
      "unneeded": texts(inspection.unneeded), "undefined": texts(inspection.undefinedCapabilities),
    ]
    object["imports"] = .array(
      inspection.imports.map { item in
        ["module": .string(item.module), "name": .string(item.name), "capability": .string(needs(item))]
      })
    object["exports"] = texts(inspection.exports)
    if let memory = inspection.memory {
      object["memoryPages"] = [
        "min": .integer(Int64(memory.min)), "max": memory.max.map { .integer(Int64($0)) } ?? .null,
      ]
    }
    object["sections"] = .array(
      inspection.sections.map { ["name": .string($0.name), "size": .integer(Int64($0.size))] })
    if inspection.form == .package {
      object["signatures"] = texts(inspection.signatures.map(\.memberName))
      object["trusted"] = inspection.isTrusted.map(JSON.bool) ?? .null
    }
    object["warnings"] = texts(warnings(inspection))
    return .object(object)
  }

  private static func needs(_ item: Inspection.Import) -> String {
    switch item.verdict {
    case .known(let capabilities): CapabilityRegistry().names(of: capabilities).joined(separator: " or ")
    case .wasi: "(WASI)"
    case .wrongType: "(other types)"
    case .unknown: "(unknown)"
    case .refused: "(refused)"
    }
  }

  private static func isDeclared(_ item: Inspection.Import, _ inspection: Inspection) -> String {
    guard case .known(let capabilities) = item.verdict, !capabilities.isEmpty else { return "" }
    return inspection.declared.containsAny(of: capabilities) ? "yes" : "no"
  }

  private static func network(_ policy: NetworkPolicy) -> String {
    if policy.deniesAll { return "nowhere" }
    let hosts = policy.hosts.isEmpty ? "any host" : policy.hosts.joined(separator: " ")
    return hosts
      + (policy.ports.isEmpty ? ", any port" : ", ports " + policy.ports.map(String.init).joined(separator: " "))
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
