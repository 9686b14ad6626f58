import Automata
import AutomataHost
import AutomatonFiles
import Bytes
import JSON
import Model
import YAML

/// What an automaton is to be, with every default filled in (schemas/automaton.json). Its source is not read yet.
public struct AutomatonSpec: WorkloadSpec, Equatable {
  public enum ErrorAction: Sendable, Equatable {
    case `continue`
    case faultState(String)
    case stop
  }

  /// A document in any of its forms.
  public var source: [UInt8]
  /// What problems of the source name as its file; empty for none.
  public var sourceFile: String
  public var inputs: JSONObject
  public var semantics: Semantics?
  /// Milliseconds.
  public var tick: Int64
  public var seed: UInt64
  public var isSuspended: Bool
  public var instructions: Int64
  public var memoryBytes: Int64
  /// `nil`: as the document says.
  public var errorAction: ErrorAction?
  public var links: [Link]
  /// What an error of a script that stopped it is followed by.
  var restart: RestartRule
  /// `nil`: its trace is not kept on disk.
  public var trace: TraceKeeping?
  /// Names what only a new run can take on.
  public var fingerprint: Fingerprint
  /// Names what a running automaton can take on: inputs, connections, trace and whether it is suspended.
  public var liveFingerprint: Fingerprint

  static let traceSizeRange: ClosedRange<Int64> = 16 << 10...1 << 30
  static let tickRange: ClosedRange<Int64> = 1...3_600_000

  /// - Parameter json: `spec` of a resource, with or without defaults.
  /// - Throws: the first field that is not acceptable; the source is not looked into.
  public init(_ json: JSON) throws(APIError) {
    let schema = AutomatonKind.definition.schema
    try schema.validate(json, path: "spec")
    let spec = schema.fillingDefaults(json)
    (source, sourceFile) = try AutomatonSpec.source(spec["source"] ?? .null)
    inputs = spec["inputs"]?.objectValue ?? [:]
    semantics = spec["semantics"].map { $0 == "compat" ? .compat : .strict }
    tick = spec.quantity("tick", .duration) ?? 100
    guard AutomatonSpec.tickRange.contains(tick) else {
      throw .invalid("spec.tick", "is \(spec["tick"]?.text() ?? "")", accepted: "1ms to 1h")
    }
    seed = UInt64(clamping: spec["seed"]?.integerValue ?? 0)
    isSuspended = spec.flag("suspended") ?? false
    instructions = spec["budget"]?["instructions"]?.integerValue ?? 100_000
    memoryBytes = spec["budget"]?.quantity("memory", .bytes) ?? 256 << 10
    guard (16 << 10...64 << 20).contains(memoryBytes) else {
      throw .invalid("spec.budget.memory", "is \(memoryBytes)", accepted: "16Ki to 64Mi")
    }
    switch spec["errorPolicy"]?["action"]?.stringValue {
    case "continue": errorAction = .continue
    case "stop": errorAction = .stop
    case "faultState":
      guard let state = spec["errorPolicy"]?["state"]?.stringValue else {
        throw .invalid("spec.errorPolicy.state", "is missing", accepted: "the name of a state")
      }
      errorAction = .faultState(state)
    default: break
    }
    links = []
    for (index, connection) in (spec["connections"]?.arrayValue ?? []).enumerated() {
      links.append(try AutomatonSpec.link(connection, "spec.connections[\(index)]"))
    }
    restart = RestartRule(spec["restart"], policy: .never)
    trace = nil
    if spec["trace"]?.flag("enabled") ?? true {
      let size = spec["trace"]?.quantity("maxSize", .bytes) ?? 1 << 20
      guard AutomatonSpec.traceSizeRange.contains(size) else {
        throw .invalid("spec.trace.maxSize", "is \(size)", accepted: "16Ki to 1Gi")
      }
      trace = TraceKeeping(fileSize: Int(size), filesMax: Int(spec["trace"]?["maxFiles"]?.integerValue ?? 4))
    }
    var identity = spec.members("semantics", "tick", "seed", "budget", "errorPolicy").objectValue ?? [:]
    identity["source"] = .string(
      AutomatonForm(of: source) == .yaml ? String(decoding: source, as: UTF8.self) : Base64.encode(source))
    fingerprint = Fingerprint(.object(identity))
    liveFingerprint = Fingerprint(spec.members("inputs", "suspended", "connections", "trace"))
  }

  /// The document and the name of its file.
  private static func source(_ json: JSON) throws(APIError) -> ([UInt8], String) {
    if let text = json.stringValue { return (Array(text.utf8), "") }
    let isReference = ["file", "text", "artifact"].contains { json[$0] != nil }
    guard isReference else { return (Array(YAML.text(json).utf8), "") }
    var reader = try FieldReader(json, path: "spec.source")
    let file = try reader.optionalString("file") ?? ""
    let text = try reader.optionalString("text")
    let artifact = try reader.optionalString("artifact")
    try reader.refuseUnknown()
    switch (text, artifact) {
    case (let text?, nil): return (Array(text.utf8), file)
    case (nil, let artifact?):
      guard let bytes = try? Base64.decode(artifact) else {
        throw .invalid("spec.source.artifact", "is no Base64")
      }
      guard AutomatonForm(of: bytes) != .yaml else {
        throw .invalid(
          "spec.source.artifact", "is no artifact",
          accepted: "what \"aether automaton compile\" writes, in Base64; text belongs into spec.source.text")
      }
      return (bytes, file)
    case (_?, _?): throw .invalid("spec.source", "has text and artifact", accepted: "one of them")
    case (nil, nil):
      throw .invalid(
        "spec.source.file", "names a file, and the daemon reads none",
        accepted: "\"aether apply -f\", which sends its contents, or spec.source.text, or spec.source.artifact")
    }
  }

  private static func link(_ json: JSON, _ path: String) throws(APIError) -> Link {
    let from = json["from"]?.stringValue ?? ""
    guard let slash = from.lastIndex(of: "/"), slash != from.startIndex, from.index(after: slash) != from.endIndex,
      ResourceName.isValid(String(from[..<slash]))
    else {
      throw .invalid("\(path).from", "is \"\(from.prefix(80))\"", accepted: "AUTOMATON/OUTPUT")
    }
    let amount = json["amount"]?.doubleValue
    let transform: LinkTransform
    switch json["transform"]?.stringValue {
    case "negate": transform = .convert(.negate)
    case "invert": transform = .convert(.invert)
    case "double": transform = .convert(.double)
    case "half": transform = .convert(.half)
    case "to_string": transform = .convert(.text)
    case "scale", "offset":
      guard let amount else { throw .invalid("\(path).amount", "is missing", accepted: "a number") }
      transform = json["transform"] == "scale" ? .scale(amount) : .offset(amount)
    default: transform = .convert(.none)
    }
    return Link(
      source: String(from[..<slash]), output: Array(from[from.index(after: slash)...].utf8),
      input: Array((json["to"]?.stringValue ?? "").utf8), transform: transform,
      isDelayed: json.flag("delayed") ?? false)
  }
}
