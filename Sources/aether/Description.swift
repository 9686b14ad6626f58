import JSON
import Model

/// The text of `aether describe`.
enum Description {
  static func text(of kind: KindDescription, _ name: String, _ client: APIClient) async throws -> String {
    let resource = try await client.call("GET", kind.path(name))
    var text = ""
    func line(_ title: String, _ value: String?) {
      guard let value, !value.isEmpty else { return }
      text += title + ":" + String(repeating: " ", count: max(1, 14 - title.count)) + Readable.whole(value) + "\n"
    }
    let metadata = resource["metadata"]
    let status = resource["status"]
    line("Name", metadata?["name"]?.stringValue)
    line("Kind", kind.kind)
    line("Owner", metadata?["owner"]?.stringValue)
    line(
      "Labels",
      metadata?["labels"]?.objectValue?.members.map { "\($0.name)=\($0.value.stringValue ?? "")" }.joined(
        separator: ", "))
    line("Created", metadata?["createdAt"]?.stringValue)
    line("Deleting", metadata?["deletedAt"]?.stringValue)
    line(
      "Generation",
      metadata?["generation"]?.integerValue.map {
        "\($0), observed \(status?["observedGeneration"]?.integerValue ?? 0)"
      })
    line("Phase", status?["phase"]?.stringValue ?? "Pending")
    line("Reason", status?["reason"]?.stringValue)
    line("Message", status?["message"]?.stringValue)

    text += "\nSpec:\n" + outline(resource["spec"] ?? [:], level: 1)
    var rest = status?.objectValue ?? [:]
    for shown in ["phase", "reason", "message", "observedGeneration", "conditions"] { rest[shown] = nil }
    if !rest.isEmpty { text += "\nStatus:\n" + outline(.object(rest), level: 1) }

    let conditions = status?["conditions"]?.arrayValue ?? []
    if !conditions.isEmpty {
      var table = Table(["  CONDITION", "STATUS", "SINCE", "REASON", "MESSAGE"])
      for condition in conditions {
        table.add([
          "  " + (condition["type"]?.stringValue ?? ""), condition["status"]?.stringValue ?? "",
          condition["since"]?.stringValue ?? "", condition["reason"]?.stringValue ?? "",
          Readable.line(condition["message"]?.stringValue ?? ""),
        ])
      }
      text += "\nConditions:\n" + table.text
    }
    for inner in try await client.kinds() where inner.parentKind == kind.kind {
      let items = try await client.list(inner, selector: nil).items.filter {
        ResourceName.parent($0["metadata"]?["name"]?.stringValue ?? "") == name
      }
      guard !items.isEmpty else { continue }
      let columns = inner.columns.filter { !$0.isWide }
      var table = Table(columns.enumerated().map { $0.offset == 0 ? "  " + $0.element.title : $0.element.title })
      let now = Timestamp.now()
      for item in items {
        table.add(columns.enumerated().map { ($0.offset == 0 ? "  " : "") + $0.element.cell(of: item, now: now) })
      }
      text += "\n\(inner.plural.prefix(1).uppercased() + inner.plural.dropFirst()):\n" + table.text
    }
    let events = try await client.call("GET", kind.path(name) + "/events")["items"]?.arrayValue ?? []
    if !events.isEmpty {
      var table = Table(["  TIME", "TYPE", "REASON", "MESSAGE"])
      for event in events.suffix(20) {
        table.add([
          "  " + (event["time"]?.stringValue ?? ""), event["warning"]?.boolValue == true ? "Warning" : "Normal",
          event["reason"]?.stringValue ?? "", Readable.line(event["message"]?.stringValue ?? ""),
        ])
      }
      text += "\nEvents:\n" + table.text
    }
    return text
  }

  /// Members one a line; small objects and arrays on one.
  private static func outline(_ json: JSON, level: Int) -> String {
    let indent = String(repeating: "  ", count: level)
    var text = ""
    for member in json.objectValue?.members ?? [] {
      let name = Readable.line(member.name)
      switch member.value {
      case .object(let object) where object.isEmpty: continue
      case .array(let items) where items.isEmpty: continue
      case .object: text += "\(indent)\(name):\n" + outline(member.value, level: level + 1)
      case .array(let items) where items.contains { $0.objectValue != nil }:
        text += "\(indent)\(name):\n"
        for item in items { text += "\(indent)  - \(inline(item))\n" }
      case .array(let items):
        text += "\(indent)\(name): \(items.map(inline).joined(separator: " "))\n"
      default: text += "\(indent)\(name): \(inline(member.value))\n"
      }
    }
    return text
  }

  private static func inline(_ json: JSON) -> String {
    if let object = json.objectValue {
      return object.members.map { "\(Readable.line($0.name))=\(inline($0.value))" }.joined(separator: " ")
    }
    return Readable.line(json.stringValue ?? json.text())
  }
}

/// The text of `aether explain`.
enum Explanation {
  static func text(of kind: KindDescription) -> String {
    var text = "\(kind.kind) (\(kind.names.dropFirst().joined(separator: ", ")))\n\(kind.summary)\n\nspec:\n"
    describe(kind.schema, level: 1, &text)
    return text
  }

  private static func describe(_ schema: JSON, level: Int, _ text: inout String) {
    let indent = String(repeating: "  ", count: level)
    let required = Set(schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? [])
    for member in schema["properties"]?.objectValue?.members ?? [] {
      let rule = member.value
      text += "\(indent)\(member.name): \(type(of: rule))"
      if required.contains(member.name) { text += ", required" }
      if let value = rule["default"], value != [:], value != [] {
        text += ", default \(value.stringValue ?? value.text())"
      }
      text += "\n"
      if let summary = rule["description"]?.stringValue { text += "\(indent)    \(summary)\n" }
      describe(rule, level: level + 1, &text)
      if let items = rule["items"] {
        describe(items, level: level + 1, &text)
        for (index, option) in (items["oneOf"]?.arrayValue ?? []).enumerated() {
          text += "\(indent)  \(index == 0 ? "either" : "or")\n"
          describe(option, level: level + 2, &text)
        }
      }
    }
  }

  private static func type(of rule: JSON) -> String {
    if let choices = rule["enum"]?.arrayValue { return choices.compactMap(\.stringValue).joined(separator: " | ") }
    if let format = rule["format"]?.stringValue { return Quantity.Unit(rawValue: format)?.accepted ?? format }
    if rule["oneOf"] != nil { return "one of" }
    let name = rule["type"]?.stringValue ?? "value"
    switch name {
    case "array": return "list of \(rule["items"].map { Explanation.type(of: $0) } ?? "values")"
    case "integer":
      guard let low = rule["minimum"]?.integerValue, let high = rule["maximum"]?.integerValue else { return name }
      return "integer from \(low) to \(high)"
    case "object": return rule["properties"] == nil ? "names with values" : "object"
    default: return name
    }
  }
}
