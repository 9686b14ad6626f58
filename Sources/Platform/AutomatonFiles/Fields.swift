import Automata
import JSON
import Script
import YAML

/// What the reading of one file shares.
final class FileContext {
  let source: SourceText
  let problems: Problems
  /// Durations without a unit are errors.
  let strictUnits: Bool

  init(source: SourceText, problems: Problems, strictUnits: Bool) {
    self.source = source
    self.problems = problems
    self.strictUnits = strictUnits
  }
}

/// A script and the scalar that it was written as.
struct ScriptText {
  var text: Name
  var node: FileNode
}

/// The keys of one section of a file, checked against its table: unknown keys, keys given twice and missing keys are
/// reported when it is made, wrong values when they are asked for.
struct Fields {
  let context: FileContext
  let section: Section
  let position: YAMLPosition
  private var found: [FileNode.Member] = []
  /// Which of them stand behind keys of the section. There are few.
  private var slots: [Slot] = []

  private struct Slot {
    var word: StaticString
    /// Index in the keys of the section.
    var key: Int
    /// Index in `found`.
    var member: Int
  }

  /// - Parameter nameKeys: keys that hold the section's name in a list; they are accepted and read by the caller.
  init(_ node: FileNode, _ section: Section, _ context: FileContext, nameKeys: [String] = []) {
    self.context = context
    self.section = section
    position = node.position
    guard let found = Fields.members(of: node, section, context) else { return }
    self.found = found
    let table = section.table
    slots.reserveCapacity(found.count)
    for index in found.indices {
      guard let key = section.keyIndex(spelled: found[index].name) else {
        if !nameKeys.contains(found[index].name) { reportUnknown(found[index], nameKeys) }
        continue
      }
      let word = table.keys[key].word
      if let first = slots.first(where: { $0.key == key }) {
        let (member, earlier) = (found[index], found[first.member])
        context.problems.error(
          .duplicateKey, member.position,
          "\"\(member.name)\" says the same as \"\(earlier.name)\" at \(earlier.position)", fix: "keep one of them")
      } else {
        slots.append(Slot(word: word, key: key, member: index))
      }
    }
    for key in table.required where !has(table.keys[key].word) {
      context.problems.error(
        .missingKey, position, "\(section.title) needs \"\(table.keys[key].name)\"", fix: table.keys[key].summary)
    }
  }

  private func reportUnknown(_ member: FileNode.Member, _ nameKeys: [String]) {
    context.problems.unknown(
      .unknownKey, member.position, "unknown key \"\(member.name)\" in \(section.title)", word: member.name,
      accepted: section.keys.flatMap(\.spellings) + nameKeys)
  }

  /// The members of a mapping, or of a list of mappings; `nil` for other nodes, which is reported. Null is empty.
  static func members(of node: FileNode, _ section: Section, _ context: FileContext) -> [FileNode.Member]? {
    switch node.content {
    case .mapping(let members):
      return members
    case .scalar(.null): return []
    case .sequence(let items):
      var all: [FileNode.Member] = []
      for item in items {
        guard case .mapping(let members) = item.content else {
          context.problems.error(
            .wrongKind, item.position, "\(section.title) is a map, or a list of maps with one key each")
          return nil
        }
        all += members
      }
      return all
    case .scalar(let value):
      context.problems.error(.wrongKind, node.position, "\(section.title) is a map of keys, not \(value.typeName)")
      return nil
    }
  }

  private func slot(_ key: StaticString) -> Slot? {
    for slot in slots where slot.word.isSame(as: key) { return slot }
    return nil
  }

  private func isNull(_ slot: Slot) -> Bool {
    if case .scalar(.null) = found[slot.member].value.content { return true }
    return false
  }

  /// What stands behind a key; `nil` for nothing or null.
  func node(_ key: StaticString) -> FileNode? {
    guard let slot = slot(key), !isNull(slot) else { return nil }
    return found[slot.member].value
  }

  /// The same with what the key accepts.
  private func value(_ key: StaticString) -> (node: FileNode, accepts: Accepts)? {
    guard let slot = slot(key), !isNull(slot) else { return nil }
    return (found[slot.member].value, section.table.keys[slot.key].accepts)
  }

  func has(_ key: StaticString) -> Bool { slot(key).map { !isNull($0) } ?? false }
  /// Where a key stands, or the section.
  func position(of key: StaticString) -> YAMLPosition { slot(key).map { found[$0.member].position } ?? position }

  // MARK: Values

  private func wrong(_ key: StaticString, _ node: FileNode, _ accepted: [String]) {
    let shown = context.source.spelling(of: node).map { "\"\(String($0.prefix(60)))\"" } ?? "a \(kind(of: node))"
    context.problems.error(.wrongKind, node.position, "\"\(key)\" is \(shown)", accepted: accepted)
  }

  private func kind(of node: FileNode) -> String {
    switch node.content {
    case .mapping: "map"
    case .sequence: "list"
    case .scalar(let value): value.typeName
    }
  }

  func string(_ key: StaticString) -> String? {
    guard let node = node(key) else { return nil }
    if let text = context.source.spelling(of: node) { return text }
    wrong(key, node, ["text"])
    return nil
  }

  func text(_ key: StaticString) -> Name? { string(key).map { Array($0.utf8) } }

  func script(_ key: StaticString) -> ScriptText? {
    guard let node = node(key), let text = text(key) else { return nil }
    return ScriptText(text: text, node: node)
  }

  func flag(_ key: StaticString) -> Bool? {
    guard let node = node(key) else { return nil }
    if let flag = context.source.spelling(of: node).flatMap(ValueText.flag) { return flag }
    wrong(key, node, ["true", "false"])
    return nil
  }

  func number(_ key: StaticString) -> Double? {
    guard let node = node(key) else { return nil }
    if let text = context.source.spelling(of: node), let number = ValueText.number(text), number.isFinite {
      return number
    }
    wrong(key, node, ["number"])
    return nil
  }

  func whole(_ key: StaticString) -> Int64? {
    guard let (node, accepts) = value(key), case .whole(let range) = accepts else { return nil }
    let words = "whole number from \(range.lowerBound) to \(range.upperBound)"
    guard let number = context.source.spelling(of: node).flatMap(ValueText.whole) else {
      wrong(key, node, [words])
      return nil
    }
    guard range.contains(number) else {
      context.problems.error(.outOfRange, node.position, "\"\(key)\" is \(number)", accepted: [words])
      return nil
    }
    return number
  }

  /// A weight in hundredths.
  func weight(_ key: StaticString) -> UInt32? {
    guard let node = node(key) else { return nil }
    let words = "number from 0 to 42949672.95"
    guard let number = context.source.spelling(of: node).flatMap(ValueText.number), number.isFinite else {
      wrong(key, node, [words])
      return nil
    }
    let hundredths = (number * 100).rounded()
    guard number >= 0, hundredths <= Double(UInt32.max) else {
      context.problems.error(.outOfRange, node.position, "\"\(key)\" is \(number)", accepted: [words])
      return nil
    }
    if abs(hundredths - number * 100) > 1e-6 * max(1, hundredths) {
      context.problems.warning(
        .precision, node.position, "\"\(key)\" is \(number), and weights have two decimals",
        fix: "it is taken as \(hundredths / 100)")
    }
    return UInt32(hundredths)
  }

  /// A span in milliseconds.
  func duration(_ key: StaticString) -> Int32? {
    guard let (node, accepts) = value(key), case .duration(let bare) = accepts else { return nil }
    guard let text = context.source.spelling(of: node),
      case .span(let span, let isBare) = DurationText.read(text, bare: bare)
    else {
      wrong(key, node, [DurationText.accepted])
      return nil
    }
    if isBare, span != 0 { reportBare(key, text, bare, node.position) }
    if span < 0 {
      context.problems.warning(.outOfRange, node.position, "\"\(key)\" is negative", fix: "it is taken as 0")
      return 0
    }
    guard span <= Double(Int32.max) else {
      context.problems.warning(
        .outOfRange, node.position, "\"\(key)\" is longer than 2147483647ms", fix: "it is taken as 2147483647ms")
      return .max
    }
    return rounded(key, span, node.position)
  }

  private func rounded(_ key: StaticString, _ span: Double, _ position: YAMLPosition) -> Int32 {
    let whole = span.rounded()
    if abs(whole - span) > 1e-6 {
      context.problems.warning(
        .precision, position, "\"\(key)\" is not a whole number of milliseconds",
        fix: "it is taken as \(Int32(whole))ms")
    }
    return Int32(whole)
  }

  private func reportBare(_ key: StaticString, _ text: String, _ bare: DurationText.BareUnit, _ position: YAMLPosition)
  {
    let unit = bare == .seconds ? "s" : "ms"
    let message = "\"\(key): \(text)\" has no unit; it means \(bare == .seconds ? "seconds" : "milliseconds") here"
    let fix = "write \(text)\(unit)"
    if context.strictUnits {
      context.problems.error(.bareDuration, position, message, fix: fix)
    } else {
      context.problems.warning(.bareDuration, position, message, fix: fix)
    }
  }

  /// Milliseconds on a clock; a bare number is milliseconds.
  func instant(_ key: StaticString) -> Int64? {
    guard let node = node(key) else { return nil }
    guard let text = context.source.spelling(of: node) else {
      wrong(key, node, ["milliseconds", DurationText.accepted])
      return nil
    }
    if let number = ValueText.whole(text) { return number }
    guard case .span(let span, _) = DurationText.read(text, bare: .milliseconds),
      let number = Int64(exactly: span.rounded())
    else {
      wrong(key, node, ["milliseconds", DurationText.accepted])
      return nil
    }
    return number
  }

  /// One of the words of the table, never an alias.
  func choice(_ key: StaticString) -> String? {
    guard let (node, accepts) = value(key), case .choice(let choices) = accepts else { return nil }
    guard let word = context.source.spelling(of: node) else {
      wrong(key, node, choices.map(\.word))
      return nil
    }
    for index in choices.indices where choices[index].word == word || choices[index].aliases.contains(word) {
      return choices[index].word
    }
    context.problems.unknown(
      .unknownValue, node.position, "\"\(key)\" of \(section.title) is \"\(word)\"", word: word,
      accepted: choices.flatMap { [$0.word] + $0.aliases })
    return nil
  }

  /// The items of a list; one value alone is a list of itself.
  func items(_ key: StaticString) -> [FileNode] {
    guard let node = node(key) else { return [] }
    if case .sequence(let items) = node.content { return items }
    return [node]
  }

  /// The texts of a list, each with its place.
  func texts(_ key: StaticString) -> [(text: String, position: YAMLPosition)] {
    guard has(key) else { return [] }
    return items(key).compactMap { item in
      if let text = context.source.spelling(of: item) { return (text, item.position) }
      wrong(key, item, ["text"])
      return nil
    }
  }

  func names(_ key: StaticString) -> [Name] { texts(key).map { Array($0.text.utf8) } }

  // MARK: Sections inside

  func section(_ key: StaticString, _ section: Section) -> Fields? {
    node(key).map { Fields($0, section, context) }
  }
}

/// A section with a name of its own.
struct Entry {
  /// `nil` when it has none.
  var name: String?
  /// Where the name stands, or the section.
  var position: YAMLPosition
  var fields: Fields
}

extension Fields {
  /// The entries of a section such as `states`: a map, a list of sections with `id`, or a list of maps with one member.
  func entries(_ key: StaticString, _ section: Section, namesOptional: Bool = false) -> [Entry] {
    guard let node = node(key) else { return [] }
    let found: [Entry]
    switch node.content {
    case .mapping(let members):
      // Names of a map differ.
      return members.map { named($0, section) }
    case .sequence(let items): found = items.flatMap { entries(of: $0, section, namesOptional: namesOptional) }
    case .scalar:
      wrong(key, node, ["map of names", "list"])
      return []
    }
    var first: [String: YAMLPosition] = [:]
    return found.filter { entry in
      guard let name = entry.name else { return true }
      guard let earlier = first[name] else {
        first[name] = entry.position
        return true
      }
      context.problems.error(
        .duplicateName, entry.position, "there are two of the name \"\(name)\" in \(key); the first is at \(earlier)",
        fix: "give one of them another name")
      return false
    }
  }

  private func named(_ member: FileNode.Member, _ section: Section) -> Entry {
    Entry(name: member.name, position: member.position, fields: Fields(member.value, section, context))
  }

  private func entries(of item: FileNode, _ section: Section, namesOptional: Bool) -> [Entry] {
    guard case .mapping(let members) = item.content else {
      context.problems.error(
        .wrongKind, item.position, "\(section.title) in a list is a map",
        accepted: ["- \(section.nameKeys[0]): NAME", "- NAME:"])
      return []
    }
    // A map with one member that is no key of the section is `- NAME: {...}`.
    if let member = members.first, members.count == 1, isSectionValue(member.value),
      !section.nameKeys.contains(member.name), section.keyIndex(spelled: member.name) == nil || isMapping(member.value)
    {
      return [named(member, section)]
    }
    let fields = Fields(item, section, context, nameKeys: section.nameKeys)
    let named = members.filter { section.nameKeys.contains($0.name) && section.keyIndex(spelled: $0.name) == nil }
    if named.count > 1 {
      context.problems.error(
        .duplicateKey, named[1].position, "\"\(named[1].name)\" says the same as \"\(named[0].name)\"")
    }
    guard let member = named.first, let name = context.source.spelling(of: member.value) else {
      if !namesOptional || !named.isEmpty {
        context.problems.error(
          .missingKey, item.position, "\(section.title) in a list needs \"\(section.nameKeys[0])\"", fix: "add its name"
        )
        return []
      }
      return [Entry(name: nil, position: item.position, fields: fields)]
    }
    return [Entry(name: name, position: member.value.position, fields: fields)]
  }

  private func isSectionValue(_ node: FileNode) -> Bool {
    switch node.content {
    case .mapping, .sequence, .scalar(.null): true
    case .scalar: false
    }
  }

  private func isMapping(_ node: FileNode) -> Bool {
    if case .mapping = node.content { return true }
    return false
  }

  /// The sections of a list such as `triggers`. A text alone stands for the section's first key, when that is allowed.
  func list(_ key: StaticString) -> [(fields: Fields?, text: String?, position: YAMLPosition)] {
    guard let (node, accepts) = value(key), case .list(let section, let textAllowed) = accepts else { return [] }
    guard case .sequence(let items) = node.content else {
      wrong(key, node, ["list"])
      return []
    }
    return items.compactMap { item in
      if case .scalar(let value) = item.content, !value.isNull, textAllowed {
        return (nil, context.source.spelling(of: item), item.position)
      }
      return (Fields(item, section, context), nil, item.position)
    }
  }
}

extension Fields {
  /// Reports what is wrong behind a key that is not read, because another one decides.
  func validate(_ key: StaticString) {
    guard let (node, accepts) = value(key) else { return }
    switch accepts {
    case .text, .script, .scalar: _ = string(key)
    case .flag: _ = flag(key)
    case .whole: _ = whole(key)
    case .number: _ = number(key)
    case .weight: _ = weight(key)
    case .duration: _ = duration(key)
    case .instant: _ = instant(key)
    case .choice: _ = choice(key)
    case .texts, .references: _ = texts(key)
    case .wholes: _ = pins()
    case .section(let section): Fields(node, section, context).validateAll()
    case .sectionOrText(let section):
      if case .scalar = node.content { return }
      Fields(node, section, context).validateAll()
    case .list: for item in list(key) { item.fields?.validateAll() }
    case .entries(let section): for entry in entries(key, section) { entry.fields.validateAll() }
    }
  }

  private func validateAll() { for key in section.keys { validate(key.word) } }
}
