import Automata
import AutomataHost
import JSON
import Model
import YAML

/// What an automaton is to be, with every default filled in (schemas/automaton.json). Its source is text still.
public struct AutomatonSpec: Sendable, Equatable {
  public enum ErrorAction: Sendable, Equatable {
    case `continue`
    case faultState(String)
    case stop
  }

  /// The text of the document.
  public var source: String
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
  /// Names what only a new run can take on.
  public var fingerprint: Fingerprint
  /// Names what a running automaton can take on: inputs, connections and whether it is suspended.
  public var liveFingerprint: Fingerprint

  static let tickRange: ClosedRange<Int64> = 1...3_600_000

  /// - Parameter json: `spec` of a resource, with or without defaults.
  /// - Throws: the first field that is not acceptable; the source is not looked into.
  public init(_ json: JSON) throws(APIError) {
    let schema = AutomatonKind.definition.schema
    try schema.validate(json, path: "spec")
    let spec = schema.fillingDefaults(json)
    switch spec["source"] {
    case .string(let text): source = text
    case .some(let document): source = YAML.text(document)
    case nil: source = ""
    }
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
    var identity = spec.members("semantics", "tick", "seed", "budget", "errorPolicy").objectValue ?? [:]
    identity["source"] = .string(source)
    fingerprint = Fingerprint(.object(identity))
    liveFingerprint = Fingerprint(spec.members("inputs", "suspended", "connections"))
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
