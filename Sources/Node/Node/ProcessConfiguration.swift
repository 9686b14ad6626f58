import Linux

/// A program that runs in a cell.
public struct ProcessConfiguration: Sendable, Equatable {
  public enum Input: Sendable, Equatable {
    /// Empty.
    case none
    /// These bytes, then the end.
    case bytes([UInt8])
    /// A pipe that stays open, also while the daemon restarts, until `closeInput`.
    case open
  }

  public enum Seccomp: String, Sendable, Equatable {
    case standard = "default"
    case unconfined
  }

  public struct Terminal: Sendable, Equatable {
    public var rows: UInt16
    public var columns: UInt16

    public init(rows: UInt16 = 24, columns: UInt16 = 80) {
      self.rows = rows
      self.columns = columns
    }
  }

  public struct Log: Sendable, Equatable {
    /// Bytes of one file.
    public var sizeMax: UInt64
    /// Files, the current one included; at least 1.
    public var filesMax: UInt32

    public init(sizeMax: UInt64 = 4 << 20, filesMax: UInt32 = 4) {
      self.sizeMax = sizeMax
      self.filesMax = filesMax
    }
  }

  /// Unique in its cell; as `CellConfiguration.id`.
  public var id: String
  public var name: String
  /// Kept and given back as they are.
  public var labels: [String: String] = [:]
  /// Program and arguments. A program without a slash is looked up in PATH, as it is in `environment`.
  public var arguments: [String]
  /// `PATH`, `HOME` and, with a terminal, `TERM` have defaults.
  public var environment: [String: String]
  public var directory: String
  public var user: UInt32
  public var group: UInt32
  public var supplementaryGroups: [UInt32]
  public var input: Input
  /// nil: no terminal, standard output and error apart.
  public var terminal: Terminal?
  /// Limits within those of the cell.
  public var limits: CgroupLimits
  public var resourceLimits: [ResourceLimit]
  /// What it keeps; all others are dropped. A user other than root gets them as ambient capabilities.
  public var capabilities: Capabilities
  public var seccomp: Seccomp
  public var noNewPrivileges: Bool
  public var log: Log
  public var stopSignal: PosixSignal
  public var stopGracePeriod: Duration

  public init(id: String, name: String? = nil, arguments: [String]) {
    self.id = id
    self.name = name ?? id
    self.arguments = arguments
    environment = [:]
    directory = "/"
    user = 0
    group = 0
    supplementaryGroups = []
    input = .none
    limits = CgroupLimits()
    resourceLimits = []
    capabilities = []
    seccomp = .standard
    noNewPrivileges = true
    log = Log()
    stopSignal = .terminate
    stopGracePeriod = .seconds(5)
  }

  static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// `NAME=value` with the defaults filled in, in order of the names.
  var environmentList: [String] {
    var all = environment
    if all["PATH"] == nil { all["PATH"] = ProcessConfiguration.defaultPath }
    if all["HOME"] == nil { all["HOME"] = user == 0 ? "/root" : "/" }
    if terminal != nil, all["TERM"] == nil { all["TERM"] = "xterm" }
    return all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
  }
}
