import JSON
import Model

/// What a cell is to be, checked and with every default filled in (schemas/cell.json).
public struct CellSpec: WorkloadSpec, Equatable {
  public struct Limits: Sendable, Equatable {
    /// Thousandths of a core; `nil`: unlimited.
    public var cpuMillicores: Int64?
    public var cpuWeight: Int64?
    public var memoryBytes: Int64?
    /// Processes and threads at once.
    public var processCount: Int64?
  }

  public struct Namespaces: Sendable, Equatable {
    public var mount: Bool
    public var pid: Bool
    public var network: Bool
    public var ipc: Bool
    public var uts: Bool
    public var cgroup: Bool
    public var user: Bool
  }

  public enum RootMode: String, Sendable { case readOnly, overlay }

  public struct Mount: Sendable, Equatable {
    public enum Source: Sendable, Equatable {
      case bind(path: String, isWritable: Bool)
      case tmpfs(sizeBytes: Int64)
    }
    public var source: Source
    public var target: String
  }

  public struct Port: Sendable, Equatable {
    /// Inside the cell.
    public var port: UInt16
    /// On the node.
    public var hostPort: UInt16
    public var hostAddress: String
  }

  public var limits: Limits
  public var namespaces: Namespaces
  public var rootPath: String
  public var rootMode: RootMode
  public var mounts: [Mount]
  /// `nil`: the last component of the name.
  public var hostname: String?
  public var ports: [Port]
  public var isPaused: Bool
  /// Names the parts that only a new cell can take on: `namespaces`, `root`, `mounts`, `hostname`.
  public var fingerprint: Fingerprint
  /// Names the parts that a running cell can take on, except `paused`.
  public var liveFingerprint: Fingerprint

  /// - Parameter json: `spec` of a resource, with or without defaults.
  /// - Throws: the first field that the schema refuses.
  public init(_ json: JSON) throws(APIError) {
    let schema = CellKind.definition.schema
    try schema.validate(json, path: "spec")
    let spec = schema.fillingDefaults(json)
    let limits = spec["limits"]
    self.limits = Limits(
      cpuMillicores: limits?.quantity("cpu", .cpu), cpuWeight: limits?["cpuWeight"]?.integerValue,
      memoryBytes: limits?.quantity("memory", .bytes), processCount: limits?["processes"]?.integerValue)
    let namespaces = spec["namespaces"]
    self.namespaces = Namespaces(
      mount: namespaces?.flag("mount") ?? true, pid: namespaces?.flag("pid") ?? true,
      network: namespaces?.flag("network") ?? true, ipc: namespaces?.flag("ipc") ?? true,
      uts: namespaces?.flag("uts") ?? true, cgroup: namespaces?.flag("cgroup") ?? true,
      user: namespaces?.flag("user") ?? false)
    rootPath = spec["root"]?["path"]?.stringValue ?? "/"
    rootMode = spec["root"]?["mode"]?.stringValue.flatMap(RootMode.init) ?? .readOnly
    mounts = (spec["mounts"]?.arrayValue ?? []).map { mount in
      let target = mount["target"]?.stringValue ?? ""
      if let size = mount.quantity("tmpfs", .bytes) { return Mount(source: .tmpfs(sizeBytes: size), target: target) }
      let path = mount["source"]?.stringValue ?? ""
      return Mount(source: .bind(path: path, isWritable: mount["mode"] == "readWrite"), target: target)
    }
    hostname = spec["hostname"]?.stringValue
    ports = (spec["ports"]?.arrayValue ?? []).map { port in
      Port(
        port: UInt16(clamping: port["port"]?.integerValue ?? 0),
        hostPort: UInt16(clamping: port["hostPort"]?.integerValue ?? 0),
        hostAddress: port["hostAddress"]?.stringValue ?? "127.0.0.1")
    }
    isPaused = spec.flag("paused") ?? false
    fingerprint = Fingerprint(spec.members("namespaces", "root", "mounts", "hostname"))
    liveFingerprint = Fingerprint(spec.members("limits", "ports"))
  }
}

extension JSON {
  func quantity(_ name: String, _ unit: Quantity.Unit) -> Int64? { self[name].flatMap { Quantity.parse($0, unit) } }

  func flag(_ name: String) -> Bool? { self[name]?.boolValue }

  /// An object of only these members, as far as they are there.
  func members(_ names: String...) -> JSON {
    var object: JSONObject = [:]
    for name in names { object[name] = self[name] }
    return .object(object)
  }
}
