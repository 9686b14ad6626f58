import Protobuf

/// Where every message and enum of a request lives in Swift, and which messages contain themselves.
struct TypeTable {
  /// Swift names by full names with a dot in front.
  private var names: [String: String] = [:]
  private var files: [String: String] = [:]
  private var mapEntries: [String: MessageDescriptor] = [:]
  /// Messages that a message holds directly, so that its size includes theirs.
  private var held: [String: Set<String>] = [:]
  private var reachable: [String: Set<String>] = [:]

  init(_ files: [GeneratorRequest.File]) {
    for file in files.map(\.descriptor) {
      let namespace = Self.namespace(of: file)
      for message in file.messages { add(message, Self.scope(of: file), namespace, file.name) }
      for value in file.enums { add(value, Self.scope(of: file), namespace, file.name) }
    }
    for name in WellKnownNames.swift { names["." + name.key] = name.value }
    for name in held.keys { reachable[name] = reach(from: name) }
  }

  /// The enum without cases around everything of a file's package; empty for a file without package.
  static func namespace(of file: FileDescriptor) -> String {
    if let prefix = file.swiftPrefix, !prefix.isEmpty { return prefix }
    return file.package.split(separator: ".").map { Names.upperCamel(String($0)) }.joined()
  }

  static func scope(of file: FileDescriptor) -> String { file.package.isEmpty ? "" : "." + file.package }

  private mutating func add(_ message: MessageDescriptor, _ scope: String, _ swiftScope: String, _ file: String) {
    let name = scope + "." + message.name
    let swift = (swiftScope.isEmpty ? "" : swiftScope + ".") + Names.type(message.name)
    names[name] = swift
    files[name] = file
    if message.isMapEntry { mapEntries[name] = message }
    held[name] = Set(message.fields.filter { $0.kind == .message && !$0.isRepeated }.map(\.typeName))
    for inner in message.messages { add(inner, name, swift, file) }
    for inner in message.enums { add(inner, name, swift, file) }
  }

  private mutating func add(_ value: EnumDescriptor, _ scope: String, _ swiftScope: String, _ file: String) {
    names[scope + "." + value.name] = (swiftScope.isEmpty ? "" : swiftScope + ".") + Names.type(value.name)
    files[scope + "." + value.name] = file
  }

  private func reach(from name: String) -> Set<String> {
    var found: Set<String> = []
    var pending = Array(held[name] ?? [])
    while let next = pending.popLast() {
      if found.insert(next).inserted { pending += held[next] ?? [] }
    }
    return found
  }

  func swiftName(_ name: String) throws(GeneratorError) -> String {
    guard let swift = names[name] else { throw GeneratorError("the type \(name) is not in the request") }
    return swift
  }

  func mapEntry(_ field: FieldDescriptor) -> MessageDescriptor? {
    field.isRepeated && field.kind == .message ? mapEntries[field.typeName] : nil
  }

  /// Whether the message `outer` would contain itself through `field`.
  func isRecursive(_ field: FieldDescriptor, in outer: String) -> Bool {
    field.kind == .message && !field.isRepeated
      && (field.typeName == outer || reachable[field.typeName]?.contains(outer) == true)
  }
}

/// The messages that the module `Protobuf` brings along.
enum WellKnownNames {
  static let swift: [String: String] = {
    var names = [
      "google.protobuf.Any": "WellKnown.AnyMessage", "google.protobuf.NullValue": "WellKnown.NullValue",
    ]
    let same = [
      "Empty", "Timestamp", "Duration", "FieldMask", "Struct", "Value", "ListValue", "DoubleValue", "FloatValue",
      "Int64Value", "UInt64Value", "Int32Value", "UInt32Value", "BoolValue", "StringValue", "BytesValue",
    ]
    for name in same { names["google.protobuf." + name] = "WellKnown." + name }
    return names
  }()

  static func isWellKnown(_ file: String) -> Bool { file.hasPrefix("google/protobuf/") }
}
