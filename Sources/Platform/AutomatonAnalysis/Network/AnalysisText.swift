import JSON

extension NetworkAnalysis {
  /// What was left open; part of every report.
  public static let assumptions = [
    "conditions, times and chances are left open: a condition that is not always false may hold whenever it is looked at,"
      + " and a timer may be due at any time",
    "an assignment to an output is taken as a change of it; a change is lost where nothing surely waits for it",
    "a resource is held by a state whose scripts name it, and needed for a moment by a transition whose scripts name it;"
      + " whoever finds it taken waits, which the automata themselves have to see to",
    "a state with history may be entered again at any of its children",
  ]

  /// How much was looked at.
  public var extent: String {
    isExhaustive
      ? "all \(explored) markings of \(places) places and \(transitions) steps were explored"
      : "explored \(explored) of at most \(markingsMax) markings; not exhaustive"
  }

  /// For people.
  public var text: String {
    plainText.split(separator: "\n", omittingEmptySubsequences: false).map { ModelText.plain(String($0)) }
      .joined(separator: "\n")
  }

  private var plainText: String {
    var text = "analysis of \(name)\n\(extent)\n"
    let width = properties.map(\.id.count).max() ?? 0
    for property in properties {
      let mark = property.verdict == .holds ? "ok     " : property.verdict == .fails ? "FAILS  " : "unknown"
      let id = property.id + String(repeating: " ", count: width - property.id.count)
      text += "\n\(mark)  \(id)  \(property.statement)\n"
      text += "         \(property.explanation)\n"
      for (index, step) in property.steps.enumerated() { text += "         \(index + 1). \(step)\n" }
      if !property.marking.isEmpty { text += "         then: \(property.marking.joined(separator: ", "))\n" }
    }
    for contention in contentions {
      text += "\nnote     contention  \(contention.waiting) waits for \(contention.resource)"
      text += contention.holders.isEmpty ? "\n" : ", held by \(contention.holders.joined(separator: ", "))\n"
      text += "         in \(contention.markings) of \(explored) markings; first after:\n"
      for (index, step) in contention.steps.enumerated() { text += "         \(index + 1). \(step)\n" }
      if contention.steps.isEmpty { text += "         no step: from the start\n" }
    }
    let seen = isExhaustive ? "never" : "not seen"
    text += list("states \(seen) active", unreached) + list("transitions \(seen) taken", neverTaken)
    text += list(
      "most at a time", bounds.map { "\($0.place): \($0.tokens.map { String($0) } ?? "without bound")" })
    text += list("sums that never change", placeInvariants) + list("rounds", transitionInvariants)
    text += list("left open", Self.assumptions)
    return text
  }

  private func list(_ title: String, _ lines: [String]) -> String {
    lines.isEmpty ? "" : "\n\(title):\n" + lines.map { "  \($0)\n" }.joined()
  }

  /// For programs.
  public var json: JSON {
    func strings(_ list: [String]) -> JSON { .array(list.map { .string($0) }) }
    return [
      "name": .string(name), "exhaustive": .bool(isExhaustive), "explored": .integer(Int64(explored)),
      "markingsMax": .integer(Int64(markingsMax)), "places": .integer(Int64(places)),
      "steps": .integer(Int64(transitions)), "reversible": .bool(isReversible), "fails": .bool(fails),
      "properties": .array(
        properties.map { property in
          [
            "id": .string(property.id), "statement": .string(property.statement),
            "verdict": .string(property.verdict.rawValue), "explanation": .string(property.explanation),
            "steps": strings(property.steps), "marking": strings(property.marking),
          ]
        }),
      "contentions": .array(
        contentions.map { contention in
          [
            "resource": .string(contention.resource), "markings": .integer(Int64(contention.markings)),
            "waiting": .string(contention.waiting), "holders": strings(contention.holders),
            "steps": strings(contention.steps),
          ]
        }),
      "unreached": strings(unreached), "neverTaken": strings(neverTaken),
      "bounds": .object(
        JSONObject(bounds.map { ($0.place, $0.tokens.map { .integer(Int64($0)) } ?? .string("unbounded")) })),
      "placeInvariants": strings(placeInvariants), "transitionInvariants": strings(transitionInvariants),
      "assumptions": strings(Self.assumptions),
    ]
  }
}

extension Finding {
  /// For programs; `line` and `column` are those in the script under `key`.
  public var json: JSON {
    var json: JSONObject = [
      "rule": .string(rule.rawValue), "severity": .string(severity.rawValue), "subject": .string(subjectKind),
      "name": .string(name),
    ]
    if let key { json["key"] = .string(key) }
    if let line { json["scriptLine"] = .integer(Int64(line)) }
    if let column { json["scriptColumn"] = .integer(Int64(column)) }
    json["message"] = .string(message)
    json["fix"] = .string(fix)
    return .object(json)
  }
}
