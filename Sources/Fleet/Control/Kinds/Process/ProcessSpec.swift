import JSON
import Model

/// How to end a process: a signal, and SIGKILL when it has not worked in time.
public struct StopRule: Sendable, Equatable {
  public var signal: Int32
  public var gracePeriod: Duration

  public init(signal: Int32 = StopRule.terminate, gracePeriod: Duration = .seconds(5)) {
    self.signal = signal
    self.gracePeriod = gracePeriod
  }

  /// SIGTERM (signal(7)).
  public static let terminate: Int32 = 15
}

/// What a process is to be, checked and with every default filled in (schemas/process.json).
public struct ProcessSpec: WorkloadSpec, Equatable {
  public struct Limits: Sendable, Equatable {
    /// Thousandths of a core; `nil`: that of the cell.
    public var cpuMillicores: Int64?
    public var cpuWeight: Int64?
    public var memoryBytes: Int64?
    /// Processes and threads at once.
    public var processCount: Int64?
    public var openFiles: Int64?
    public var fileSizeBytes: Int64?
    public var coreSizeBytes: Int64
  }

  public enum Seccomp: String, Sendable {
    case standard = "default"
    case unconfined
  }

  public struct Log: Sendable, Equatable {
    public var maxSizeBytes: Int64
    public var maxFiles: Int
  }

  public var command: [String]
  public var environment: [String: String]
  public var directory: String
  public var user: UInt32
  public var group: UInt32
  public var supplementaryGroups: [UInt32]
  /// `nil`: empty.
  public var stdin: String?
  public var hasTerminal: Bool
  public var limits: Limits
  /// Names without `CAP_`.
  public var capabilities: [String]
  public var seccomp: Seccomp
  public var log: Log
  public var stop: StopRule
  var restart: RestartRule
  /// Names all that only a new run can take on: everything but `restart` and `stop`.
  public var fingerprint: Fingerprint

  /// - Parameter json: `spec` of a resource, with or without defaults.
  /// - Throws: the first field that the schema refuses.
  public init(_ json: JSON) throws(APIError) {
    let schema = ProcessKind.definition.schema
    try schema.validate(json, path: "spec")
    let spec = schema.fillingDefaults(json)
    command = spec["command"]?.arrayValue?.compactMap(\.stringValue) ?? []
    environment = Dictionary(
      uniqueKeysWithValues: (spec["environment"]?.objectValue?.members ?? []).map {
        ($0.name, $0.value.stringValue ?? "")
      })
    directory = spec["directory"]?.stringValue ?? "/"
    user = UInt32(clamping: spec["user"]?.integerValue ?? 0)
    group = UInt32(clamping: spec["group"]?.integerValue ?? 0)
    supplementaryGroups = (spec["supplementaryGroups"]?.arrayValue ?? []).compactMap {
      $0.integerValue.map { UInt32(clamping: $0) }
    }
    stdin = spec["stdin"]?.stringValue
    hasTerminal = spec.flag("tty") ?? false
    let limits = spec["limits"]
    self.limits = Limits(
      cpuMillicores: limits?.quantity("cpu", .cpu), cpuWeight: limits?["cpuWeight"]?.integerValue,
      memoryBytes: limits?.quantity("memory", .bytes), processCount: limits?["processes"]?.integerValue,
      openFiles: limits?["openFiles"]?.integerValue, fileSizeBytes: limits?.quantity("fileSize", .bytes),
      coreSizeBytes: limits?.quantity("coreSize", .bytes) ?? 0)
    capabilities = (spec["capabilities"]?.arrayValue ?? []).compactMap(\.stringValue)
    seccomp = spec["seccomp"]?.stringValue.flatMap(Seccomp.init) ?? .standard
    log = Log(
      maxSizeBytes: spec["log"]?.quantity("maxSize", .bytes) ?? 4 << 20,
      maxFiles: Int(spec["log"]?["maxFiles"]?.integerValue ?? 4))
    let stop = spec["stop"]
    self.stop = StopRule(
      signal: stop?["signal"]?.stringValue.flatMap { SignalName.number($0) } ?? StopRule.terminate,
      gracePeriod: .milliseconds(stop?.quantity("gracePeriod", .duration) ?? 5000))
    restart = RestartRule(spec["restart"], policy: .always)
    var identity = spec.objectValue ?? [:]
    identity["restart"] = nil
    identity["stop"] = nil
    fingerprint = Fingerprint(.object(identity))
  }
}
