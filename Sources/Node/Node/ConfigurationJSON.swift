import JSON
import Linux

// What is stored of configurations. Values that are absent have their defaults, so older files stay readable.

private func number(_ value: UInt64?) -> JSON? { value.map { .integer(Int64(clamping: $0)) } }
private func unsigned(_ json: JSON?) -> UInt64? { json?.integerValue.flatMap { UInt64(exactly: $0) } }
private func id32(_ json: JSON?) -> UInt32? { json?.integerValue.flatMap { UInt32(exactly: $0) } }
/// All 64 bits, as text: JSON numbers do not hold them.
private func bits(_ value: UInt64) -> JSON { .string(String(value, radix: 16)) }
private func bits(_ json: JSON?) -> UInt64? { json?.stringValue.flatMap { UInt64($0, radix: 16) } }

private func object(_ members: [(String, JSON?)]) -> JSON {
  .object(JSONObject(members.compactMap { name, value in value.map { (name, $0) } }))
}

private func labelsJSON(_ labels: [String: String]) -> JSON? {
  labels.isEmpty ? nil : .object(JSONObject(labels.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
}

private func labelsFrom(_ json: JSON?) -> [String: String] {
  Dictionary(
    (json?.objectValue?.members ?? []).compactMap { member in member.value.stringValue.map { (member.name, $0) } }
  ) {
    _, last in last
  }
}

extension CgroupLimits {
  var json: JSON {
    object([
      ("cpuWeight", number(cpuWeight)), ("cpuQuota", number(cpuQuotaMicroseconds)),
      ("cpuPeriod", number(cpuPeriodMicroseconds)), ("cpus", cpus.map { .string($0) }),
      ("memoryNodes", memoryNodes.map { .string($0) }), ("memoryMax", number(memoryMax)),
      ("memoryHigh", number(memoryHigh)), ("memoryLow", number(memoryLow)), ("memoryMin", number(memoryMin)),
      ("swapMax", number(swapMax)), ("processesMax", number(processesMax)), ("ioWeight", number(ioWeight)),
      (
        "devices",
        .array(
          devices.map {
            object([
              ("major", number(UInt64($0.major))), ("minor", number(UInt64($0.minor))),
              ("rbps", number($0.readBytesPerSecond)), ("wbps", number($0.writeBytesPerSecond)),
              ("riops", number($0.readsPerSecond)), ("wiops", number($0.writesPerSecond)),
            ])
          })
      ),
    ])
  }

  init(json: JSON?) {
    self.init()
    guard let json else { return }
    cpuWeight = unsigned(json["cpuWeight"])
    cpuQuotaMicroseconds = unsigned(json["cpuQuota"])
    cpuPeriodMicroseconds = unsigned(json["cpuPeriod"]) ?? 100_000
    cpus = json["cpus"]?.stringValue
    memoryNodes = json["memoryNodes"]?.stringValue
    memoryMax = unsigned(json["memoryMax"])
    memoryHigh = unsigned(json["memoryHigh"])
    memoryLow = unsigned(json["memoryLow"])
    memoryMin = unsigned(json["memoryMin"])
    swapMax = unsigned(json["swapMax"])
    processesMax = unsigned(json["processesMax"])
    ioWeight = unsigned(json["ioWeight"])
    devices = (json["devices"]?.arrayValue ?? []).compactMap { device in
      guard let major = id32(device["major"]), let minor = id32(device["minor"]) else { return nil }
      return Device(
        major: major, minor: minor, readBytesPerSecond: unsigned(device["rbps"]),
        writeBytesPerSecond: unsigned(device["wbps"]), readsPerSecond: unsigned(device["riops"]),
        writesPerSecond: unsigned(device["wiops"]))
    }
  }
}

extension IDMapping {
  fileprivate static func json(_ maps: [IDMapping]) -> JSON {
    .array(maps.map { .array([.integer(Int64($0.inside)), .integer(Int64($0.outside)), .integer(Int64($0.count))]) })
  }

  fileprivate static func maps(_ json: JSON?) -> [IDMapping] {
    (json?.arrayValue ?? []).compactMap { line in
      guard let parts = line.arrayValue, parts.count == 3, let inside = id32(parts[0]), let outside = id32(parts[1]),
        let count = id32(parts[2])
      else { return nil }
      return IDMapping(inside: inside, outside: outside, count: count)
    }
  }
}

extension CellConfiguration {
  var json: JSON {
    let mode: JSON =
      switch root.mode {
      case .readOnly: "readOnly"
      case .readWrite: "readWrite"
      case .overlay: "overlay"
      }
    var upper: JSON?
    if case .overlay(let path?) = root.mode { upper = .string(path) }
    return object([
      ("id", .string(id)), ("name", .string(name)), ("labels", labelsJSON(labels)), ("limits", limits.json),
      (
        "namespaces",
        .array(Namespaces.all.filter { namespaces.contains($0.namespace) }.map { .string($0.name) })
      ),
      ("layers", .array(root.layers.map { .string($0) })), ("mode", mode), ("upper", upper),
      ("mounts", .array(mounts.map(\.json))), ("hostname", hostname.map { .string($0) }),
      (
        "ports",
        .array(
          ports.map {
            object([
              ("hostAddress", .string($0.hostAddress)), ("hostPort", .integer(Int64($0.hostPort))),
              ("cellPort", .integer(Int64($0.cellPort))),
            ])
          })
      ),
      ("userMap", IDMapping.json(userMap)), ("groupMap", IDMapping.json(groupMap)),
      ("capabilities", bits(capabilities.rawValue)), ("allowsNewPrivileges", .bool(allowsNewPrivileges)),
    ])
  }

  /// nil when the bytes are not such a file.
  init?(bytes: [UInt8]) {
    guard let json = try? JSON.parse(bytes), let id = json["id"]?.stringValue else { return nil }
    self.init(id: id, name: json["name"]?.stringValue)
    labels = labelsFrom(json["labels"])
    limits = CgroupLimits(json: json["limits"])
    let names = Set((json["namespaces"]?.arrayValue ?? []).compactMap(\.stringValue))
    namespaces = Namespaces.all.reduce(into: []) { if names.contains($1.name) { $0.insert($1.namespace) } }
    root.layers = (json["layers"]?.arrayValue ?? []).compactMap(\.stringValue)
    switch json["mode"]?.stringValue {
    case "readWrite": root.mode = .readWrite
    case "overlay": root.mode = .overlay(upper: json["upper"]?.stringValue)
    default: root.mode = .readOnly
    }
    mounts = (json["mounts"]?.arrayValue ?? []).compactMap { Mount(json: $0) }
    hostname = json["hostname"]?.stringValue
    ports = (json["ports"]?.arrayValue ?? []).compactMap { port in
      guard let address = port["hostAddress"]?.stringValue, let host = port["hostPort"]?.integerValue,
        let inside = port["cellPort"]?.integerValue, let hostPort = UInt16(exactly: host),
        let cellPort = UInt16(exactly: inside)
      else { return nil }
      return PublishedPort(hostAddress: address, hostPort: hostPort, cellPort: cellPort)
    }
    userMap = IDMapping.maps(json["userMap"])
    groupMap = IDMapping.maps(json["groupMap"])
    capabilities = bits(json["capabilities"]).map { Capabilities(rawValue: $0) } ?? .container
    allowsNewPrivileges = json["allowsNewPrivileges"]?.boolValue ?? false
  }
}

extension Mount {
  fileprivate var json: JSON {
    switch self {
    case .bind(let source, let target, let readOnly, let recursive):
      object([
        ("source", .string(source)), ("target", .string(target)), ("readOnly", .bool(readOnly)),
        ("recursive", .bool(recursive)),
      ])
    case .memory(let target, let bytes):
      object([("target", .string(target)), ("bytes", number(bytes))])
    }
  }

  fileprivate init?(json: JSON) {
    guard let target = json["target"]?.stringValue else { return nil }
    if let bytes = unsigned(json["bytes"]) {
      self = .memory(target: target, bytes: bytes)
    } else if let source = json["source"]?.stringValue {
      self = .bind(
        source: source, target: target, readOnly: json["readOnly"]?.boolValue ?? true,
        recursive: json["recursive"]?.boolValue ?? true)
    } else {
      return nil
    }
  }
}

extension ProcessConfiguration {
  /// Without the bytes of its input, which it has been given.
  var json: JSON {
    let grace = stopGracePeriod.components
    return object([
      ("id", .string(id)), ("name", .string(name)), ("labels", labelsJSON(labels)),
      ("arguments", .array(arguments.map { .string($0) })),
      (
        "environment",
        .object(JSONObject(environment.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
      ),
      ("directory", .string(directory)), ("user", .integer(Int64(user))), ("group", .integer(Int64(group))),
      ("supplementaryGroups", .array(supplementaryGroups.map { .integer(Int64($0)) })),
      ("inputOpen", .bool(input == .open)),
      ("terminal", terminal.map { .array([.integer(Int64($0.rows)), .integer(Int64($0.columns))]) }),
      ("limits", limits.json),
      (
        "resourceLimits",
        .array(resourceLimits.map { .array([.integer(Int64($0.resource.rawValue)), bits($0.soft), bits($0.hard)]) })
      ),
      ("capabilities", bits(capabilities.rawValue)), ("seccomp", .string(seccomp.rawValue)),
      ("noNewPrivileges", .bool(noNewPrivileges)), ("logSize", number(log.sizeMax)),
      ("logFiles", .integer(Int64(log.filesMax))), ("stopSignal", .integer(Int64(stopSignal.rawValue))),
      ("stopGraceMilliseconds", .integer(grace.seconds * 1000 + grace.attoseconds / 1_000_000_000_000_000)),
    ])
  }

  /// nil when the bytes are not such a file.
  init?(bytes: [UInt8]) {
    guard let json = try? JSON.parse(bytes), let id = json["id"]?.stringValue else { return nil }
    self.init(
      id: id, name: json["name"]?.stringValue,
      arguments: (json["arguments"]?.arrayValue ?? []).compactMap(\.stringValue))
    labels = labelsFrom(json["labels"])
    for member in json["environment"]?.objectValue?.members ?? [] {
      environment[member.name] = member.value.stringValue
    }
    directory = json["directory"]?.stringValue ?? "/"
    user = id32(json["user"]) ?? 0
    group = id32(json["group"]) ?? 0
    supplementaryGroups = (json["supplementaryGroups"]?.arrayValue ?? []).compactMap { id32($0) }
    input = json["inputOpen"]?.boolValue == true ? .open : .none
    if let size = json["terminal"]?.arrayValue, size.count == 2, let rows = id32(size[0]), let columns = id32(size[1]) {
      terminal = Terminal(rows: UInt16(clamping: rows), columns: UInt16(clamping: columns))
    }
    limits = CgroupLimits(json: json["limits"])
    resourceLimits = (json["resourceLimits"]?.arrayValue ?? []).compactMap { limit in
      guard let parts = limit.arrayValue, parts.count == 3, let number = parts[0].integerValue,
        let resource = Int32(exactly: number).flatMap({ ResourceLimit.Resource(rawValue: $0) }),
        let soft = bits(parts[1]), let hard = bits(parts[2])
      else { return nil }
      return ResourceLimit(resource, soft: soft, hard: hard)
    }
    capabilities = bits(json["capabilities"]).map { Capabilities(rawValue: $0) } ?? []
    seccomp = json["seccomp"]?.stringValue.flatMap { Seccomp(rawValue: $0) } ?? .standard
    noNewPrivileges = json["noNewPrivileges"]?.boolValue ?? true
    log = Log(sizeMax: unsigned(json["logSize"]) ?? 4 << 20, filesMax: id32(json["logFiles"]) ?? 4)
    stopSignal = json["stopSignal"]?.integerValue.map { PosixSignal(rawValue: Int32(clamping: $0)) } ?? .terminate
    stopGracePeriod = .milliseconds(json["stopGraceMilliseconds"]?.integerValue ?? 5000)
  }
}
