import JSON

/// JSON Schemas (draft 2020-12) of the files, made from the tables that the loaders use. They check keys, kinds and words;
/// references between parts, scripts and structure are checked by the loaders alone.
public enum FileSchema {
  /// Of automata; kept in schemas/automaton.schema.json.
  public static var automaton: JSON {
    schema(
      .document, id: "aether/automaton", title: "Automaton", description: "A state machine with scripts in Lua.",
      sections: Section.allCases.filter { !compositionSections.contains($0) && $0 != .document })
  }

  /// Of compositions; kept in schemas/composition.schema.json.
  public static var composition: JSON {
    schema(
      .composition, id: "aether/composition", title: "Composition",
      description: "Automata that run together, with wires from outputs to inputs.",
      sections: [.system, .instance, .wire])
  }

  private static let compositionSections: Set<Section> = [.composition, .system, .instance, .wire]

  private static func schema(
    _ root: Section, id: String, title: String, description: String, sections: [Section]
  ) -> JSON {
    var definitions = JSONObject()
    definitions["text"] = [
      "description": "A scalar, taken as it is spelled.", "type": ["string", "number", "boolean", "null"],
    ]
    for section in [root] + sections {
      definitions[section.name + "Keys"] = .object(keys(of: section))
      definitions[section.name] = ["description": .string(section.title), "anyOf": forms(of: section)]
      if !section.nameKeys.isEmpty { definitions[section.name + "Entries"] = entries(section) }
    }
    var members = JSONObject()
    members["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    members["$id"] = .string(id)
    members["title"] = .string(title)
    members["description"] = .string(description)
    members["$ref"] = .string("#/$defs/" + root.name)
    members["$defs"] = .object(definitions)
    return .object(members)
  }

  // MARK: Sections

  /// A section is a map, a list of maps, or empty where it needs nothing.
  private static func forms(of section: Section) -> JSON {
    var forms = [whole(section, extra: []), list(section)]
    if !section.keys.contains(where: \.isRequired) { forms.append(null) }
    return .array(forms)
  }

  /// The keys of a section with their values. Whether others may be there is said where it is used.
  private static func keys(of section: Section) -> JSONObject {
    var properties = JSONObject()
    var rules: [JSON] = []
    for key in section.keys {
      for spelling in key.spellings {
        var value = schema(of: key.accepts)
        value["description"] = .string(spelling == key.name ? key.summary : "same as \(key.name)")
        properties[spelling] = .object(value)
      }
      if !key.aliases.isEmpty { rules.append(allowsOne(of: key.spellings)) }
    }
    var members: JSONObject = ["type": "object", "properties": .object(properties)]
    if !rules.isEmpty { members["allOf"] = .array(rules) }
    return members
  }

  /// One map with all that is needed.
  ///
  /// - Parameter extra: further keys that hold a text.
  /// - Parameter rules: for them.
  private static func whole(_ section: Section, extra: [String], rules: [JSON] = []) -> JSON {
    let needed = section.keys.filter(\.isRequired).map { needsOne(of: $0.spellings) }
    var members: JSONObject = ["$ref": .string("#/$defs/\(section.name)Keys"), "unevaluatedProperties": false]
    if !extra.isEmpty { members["properties"] = .object(JSONObject(extra.map { ($0, given) })) }
    if !(needed + rules).isEmpty { members["allOf"] = .array(needed + rules) }
    return .object(members)
  }

  /// Each key in one item at most, and what is needed in one of them.
  private static func list(_ section: Section) -> JSON {
    var rules: [JSON] = []
    for key in section.keys {
      let isThere = key.spellings.map { required([$0]) }
      rules.append([
        "contains": isThere.count == 1 ? isThere[0] : ["anyOf": .array(isThere)], "minContains": 0, "maxContains": 1,
      ])
      if key.isRequired { rules.append(["contains": needsOne(of: key.spellings)]) }
    }
    let item: JSON = ["$ref": .string("#/$defs/\(section.name)Keys"), "unevaluatedProperties": false]
    return ["type": "array", "items": item, "allOf": .array(rules)]
  }

  private static func required(_ names: [String]) -> JSON { ["required": .array(names.map(JSON.string))] }

  /// One of the keys is there and not null.
  private static func needsOne(of spellings: [String]) -> JSON {
    let isThere: JSON = ["not": null]
    let needs = spellings.map { name -> JSON in
      ["required": [.string(name)], "properties": .object(JSONObject([(name, isThere)]))]
    }
    return needs.count == 1 ? needs[0] : ["anyOf": .array(needs)]
  }

  /// A key and its aliases say the same: at most one of them may be there.
  private static func allowsOne(of spellings: [String]) -> JSON {
    var pairs: [JSON] = []
    for (index, first) in spellings.enumerated() {
      for second in spellings[(index + 1)...] { pairs.append(required([first, second])) }
    }
    return ["not": ["anyOf": .array(pairs)]]
  }

  /// Things with names: a map, a list of sections with their names in them, or a list of maps with one member.
  private static func entries(_ section: Section) -> JSON {
    let value = reference(section.name)
    let keys = section.keys.flatMap(\.spellings)
    func single(_ names: JSON, _ value: JSON) -> JSON {
      [
        "type": "object", "minProperties": 1, "maxProperties": 1, "propertyNames": names,
        "additionalProperties": value,
      ]
    }
    // `- NAME: {...}`; a name that is also a key of the section needs a map behind it.
    let plain = single(["not": ["enum": .array((section.nameKeys + keys).map(JSON.string))]], value)
    let likeKey = single(["enum": .array(keys.map(JSON.string))], ["allOf": [value, ["type": "object"]]])
    var rules = section.nameKeys.count > 1 ? [allowsOne(of: section.nameKeys)] : []
    if section != .transition { rules.append(needsOne(of: section.nameKeys)) }
    let named = whole(section, extra: section.nameKeys, rules: rules)
    let item: JSON = ["anyOf": [named, plain, likeKey]]
    let map: JSON = ["type": "object", "additionalProperties": value]
    return ["anyOf": [map, ["type": "array", "items": item]]]
  }

  // MARK: Values

  private static let null: JSON = ["type": "null"]
  /// A scalar that is there.
  private static let given: JSON = ["type": ["string", "number", "boolean"]]
  private static let digits = "([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?"
  private static let wholeText = pattern("^[-+]?[0-9]+$|^0x[0-9a-fA-F]+$|^0o[0-7]+$")
  private static let spanText = pattern("^ *[-+]?\(digits) *(ms|s|m|h)? *$")
  private static let flagText = pattern(
    "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff]|0|1)$")

  private static func reference(_ name: String) -> JSON { ["$ref": .string("#/$defs/" + name)] }
  private static func pattern(_ text: String) -> JSON { ["type": "string", "pattern": .string(text)] }
  private static func any(_ options: JSON...) -> JSONObject { ["anyOf": .array(options)] }
  private static func list(of item: JSON) -> JSON { ["type": "array", "items": item] }

  private static func schema(of accepts: Accepts) -> JSONObject {
    switch accepts {
    case .text, .script, .scalar: return ["$ref": "#/$defs/text"]
    case .flag: return any(["type": ["boolean", "null"]], ["enum": [0, 1]], flagText)
    case .whole(let range):
      return any(
        ["type": ["integer", "null"], "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)],
        wholeText)
    case .number: return any(["type": ["number", "null"]], pattern("^[-+]?\(digits)$"))
    case .weight:
      return any(["type": ["number", "null"], "minimum": 0, "maximum": 42_949_672.95], pattern("^[+]?\(digits)$"))
    case .duration: return any(["type": ["number", "null"]], spanText)
    case .instant: return any(["type": ["number", "null"], "minimum": -9.2e18, "maximum": 9.2e18], spanText)
    case .choice(let choices):
      return ["enum": .array(choices.flatMap { [$0.word] + $0.aliases }.map(JSON.string) + [.null])]
    case .texts: return any(reference("text"), list(of: given))
    case .wholes:
      let whole: JSON = ["type": "integer", "minimum": -2_147_483_648, "maximum": 2_147_483_647]
      return any(null, whole, wholeText, list(of: ["anyOf": [whole, wholeText]]))
    case .references:
      let types = ValueTypeWords.choices.flatMap { [$0.word] + $0.aliases }.joined(separator: "|")
      let name: JSON = ["anyOf": [["type": ["number", "boolean"]], pattern("^[^:]*$|: *(\(types)) *$")]]
      return any(null, name, list(of: name))
    case .section(let section): return any(reference(section.name), null)
    case .sectionOrText(let section): return any(reference("text"), reference(section.name))
    case .list(let section, let textAllowed):
      let item = reference(section.name)
      return any(list(of: textAllowed ? ["anyOf": [item, given]] : item), null)
    case .entries(let section): return any(reference(section.name + "Entries"), null)
    }
  }
}
