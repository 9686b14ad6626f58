import Linux
import Model
import Node

/// Specifications in the words of the node.
extension CellSpec {
  var cgroupLimits: CgroupLimits {
    CgroupLimits(
      cpuMillicores: limits.cpuMillicores, cpuWeight: limits.cpuWeight, memoryBytes: limits.memoryBytes,
      processCount: limits.processCount)
  }

  var publishedPorts: [PublishedPort] {
    ports.map { PublishedPort(hostAddress: $0.hostAddress, hostPort: $0.hostPort, cellPort: $0.port) }
  }
}

extension CgroupLimits {
  init(cpuMillicores: Int64?, cpuWeight: Int64?, memoryBytes: Int64?, processCount: Int64?) {
    self.init()
    cpuQuotaMicroseconds = cpuMillicores.map { max(1000, UInt64($0) * cpuPeriodMicroseconds / 1000) }
    self.cpuWeight = cpuWeight.map { UInt64($0) }
    memoryMax = memoryBytes.map { UInt64($0) }
    processesMax = processCount.map { UInt64($0) }
  }
}

extension LocalNodeBackend {
  func configuration(_ id: WorkloadID, _ key: ResourceKey, _ spec: CellSpec) throws(NodeError) -> CellConfiguration {
    var cell = CellConfiguration(id: id, name: key.name)
    cell.labels = [
      Label.fingerprint: spec.fingerprint.text, Label.liveFingerprint: spec.liveFingerprint.text,
      Label.createdAt: Timestamp.now().description,
    ]
    cell.limits = spec.cgroupLimits
    let wanted = spec.namespaces
    let namespaces: [(Bool, Namespaces)] = [
      (wanted.mount, .mount), (wanted.pid, .pid), (wanted.network, .network), (wanted.ipc, .ipc), (wanted.uts, .uts),
      (wanted.cgroup, .cgroup), (wanted.user, .user),
    ]
    cell.namespaces = namespaces.reduce(into: []) { if $1.0 { $0.insert($1.1) } }
    cell.root = .directory(spec.rootPath, spec.rootMode == .overlay ? .overlay(upper: nil) : .readOnly)
    cell.mounts = spec.mounts.map { mount in
      switch mount.source {
      case .bind(let path, let isWritable): .bind(source: path, target: mount.target, readOnly: !isWritable)
      case .tmpfs(let size): .memory(target: mount.target, bytes: UInt64(size))
      }
    }
    if wanted.uts { cell.hostname = spec.hostname ?? ResourceName.leaf(key.name) }
    cell.ports = spec.publishedPorts
    return cell
  }

  func configuration(_ id: WorkloadID, _ key: ResourceKey, _ spec: ProcessSpec) throws(NodeError)
    -> ProcessConfiguration
  {
    var process = ProcessConfiguration(id: id, name: key.name, arguments: spec.command)
    process.labels = [Label.fingerprint: spec.fingerprint.text]
    process.environment = spec.environment
    process.directory = spec.directory
    process.user = spec.user
    process.group = spec.group
    process.supplementaryGroups = spec.supplementaryGroups
    process.input = spec.stdin.map { .bytes(Array($0.utf8)) } ?? .none
    process.terminal = spec.hasTerminal ? ProcessConfiguration.Terminal() : nil
    process.limits = CgroupLimits(
      cpuMillicores: spec.limits.cpuMillicores, cpuWeight: spec.limits.cpuWeight, memoryBytes: spec.limits.memoryBytes,
      processCount: spec.limits.processCount)
    process.resourceLimits = [ResourceLimit(.core, both: spec.limits.coreSizeBytes)]
    if let count = spec.limits.openFiles { process.resourceLimits.append(ResourceLimit(.openFiles, both: count)) }
    if let size = spec.limits.fileSizeBytes { process.resourceLimits.append(ResourceLimit(.fileSize, both: size)) }
    for name in spec.capabilities {
      guard let capability = Capabilities(name: name) else {
        throw .invalid(
          field: "capabilities", message: "\(name) is not a capability of this kernel's list (capabilities(7))")
      }
      process.capabilities.insert(capability)
    }
    process.seccomp = spec.seccomp == .standard ? .standard : .unconfined
    process.log = ProcessConfiguration.Log(
      sizeMax: UInt64(spec.log.maxSizeBytes), filesMax: UInt32(clamping: spec.log.maxFiles))
    process.stopSignal = PosixSignal(rawValue: spec.stop.signal)
    process.stopGracePeriod = spec.stop.gracePeriod
    return process
  }
}

extension ResourceLimit {
  fileprivate init(_ resource: Resource, both value: Int64) {
    self.init(resource, soft: UInt64(value), hard: UInt64(value))
  }
}

extension Timestamp {
  /// - Parameter wall: nanoseconds since 1970.
  init(wall: WallTime) { self.init(milliseconds: Int64(clamping: wall / 1_000_000)) }
}

extension ExitReason {
  var cause: ProcessExit.Cause {
    switch self {
    case .code(let code): .exited(code: code)
    case .signal(let signal): .signaled(signal)
    case .outOfMemory(.process(let bytes)): .outOfMemory(.process, bytes: Int64(clamping: bytes))
    case .outOfMemory(.cell(let bytes)): .outOfMemory(.cell, bytes: Int64(clamping: bytes))
    case .outOfMemory(.node): .outOfMemory(.node, bytes: nil)
    case .startFailed: .startFailed(description)
    case .cellLost: .lost
    }
  }
}
