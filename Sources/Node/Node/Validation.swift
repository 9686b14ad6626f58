import CLinux
import Linux
import Net

extension CellConfiguration {
  /// Refuses what cannot work, naming the field.
  func validate() throws(NodeError) {
    try validateID(id, field: "id")
    if let hostname, hostname.isEmpty || hostname.utf8.count > 64 || hostname.utf8.contains(0) {
      throw .invalid(field: "hostname", message: "accepted are 1 to 64 bytes")
    }
    if root.layers.isEmpty { throw .invalid(field: "root.layers", message: "at least one directory is needed") }
    if root.layers.count > 1, root.mode == .readOnly || root.mode == .readWrite {
      throw .invalid(field: "root.layers", message: "more than one directory needs the overlay mode")
    }
    for layer in root.layers { try validatePath(layer, field: "root.layers", isLayer: true) }
    if namespaces.contains(.user), root.layers.contains("/"), root.mode != .readOnly, root.mode != .readWrite {
      throw .invalid(
        field: "root.layers",
        message: "/ cannot be a layer in a user namespace: the kernel keeps the mounts on it locked")
    }
    if case .overlay(let upper?) = root.mode { try validatePath(upper, field: "root.upper", isLayer: true) }
    for mount in mounts {
      try validatePath(mount.target, field: "mounts.target")
      if case .bind(let source, _, _, _) = mount { try validatePath(source, field: "mounts.source") }
      if mount.target == "/" { throw .invalid(field: "mounts.target", message: "/ is the root itself") }
    }
    if !namespaces.contains(.mount) {
      if !mounts.isEmpty || root != .host {
        throw .invalid(field: "namespaces.mount", message: "a root or mounts of its own need a mount namespace")
      }
    }
    if !namespaces.contains(.uts), hostname != nil {
      throw .invalid(field: "hostname", message: "needs a uts namespace")
    }
    if namespaces.contains(.pid), !namespaces.contains(.mount) {
      throw .invalid(field: "namespaces.pid", message: "needs a mount namespace, whose /proc shows the processes")
    }
    if ports.count > 64 { throw .invalid(field: "ports", message: "at most 64") }
    for port in ports {
      if port.cellPort == 0 { throw .invalid(field: "ports.cellPort", message: "accepted is 1 to 65535") }
      if SocketAddress(literal: port.hostAddress, port: 0) == nil {
        throw .invalid(field: "ports.hostAddress", message: "a literal IPv4 or IPv6 address is needed")
      }
    }
    if !namespaces.contains(.user), !userMap.isEmpty || !groupMap.isEmpty {
      throw .invalid(field: "userMap", message: "needs a user namespace")
    }
    for (field, map) in [("userMap", userMap), ("groupMap", groupMap)] where !map.isEmpty {
      if !map.contains(where: { $0.inside == 0 && $0.count > 0 }) || map.count > 340 {
        throw .invalid(field: field, message: "1 to 340 ranges are accepted, one of them with id 0 inside")
      }
    }
  }
}

extension ProcessConfiguration {
  func validate() throws(NodeError) {
    try validateID(id, field: "id")
    guard let program = arguments.first, !program.isEmpty else {
      throw .invalid(field: "command", message: "a program is needed")
    }
    if arguments.count > Int(AI_ARGUMENTS_MAX) {
      throw .invalid(field: "command", message: "at most \(AI_ARGUMENTS_MAX) arguments")
    }
    if arguments.contains(where: { $0.utf8.contains(0) }) {
      throw .invalid(field: "command", message: "a NUL cannot be part of an argument")
    }
    if environment.count > Int(AI_ENVIRONMENT_MAX) - 3 {
      throw .invalid(field: "environment", message: "at most \(AI_ENVIRONMENT_MAX - 3) variables")
    }
    for (name, value) in environment where name.isEmpty || name.contains("=") || (name + value).utf8.contains(0) {
      throw .invalid(field: "environment.\(name)", message: "names without '=' and text without NUL are accepted")
    }
    try validatePath(directory, field: "directory")
    if user == .max || group == .max || supplementaryGroups.contains(.max) {
      throw .invalid(field: "user", message: "accepted is 0 to 4294967294")
    }
    if supplementaryGroups.count > Int(AI_GROUPS_MAX) {
      throw .invalid(field: "supplementaryGroups", message: "at most \(AI_GROUPS_MAX)")
    }
    if resourceLimits.count > Int(AI_RLIMITS_MAX) {
      throw .invalid(field: "resourceLimits", message: "at most \(AI_RLIMITS_MAX)")
    }
    for limit in resourceLimits where limit.soft > limit.hard {
      throw .invalid(
        field: "resourceLimits.\(limit.resource.constantName)", message: "the soft value exceeds the hard one")
    }
    if log.filesMax == 0 { throw .invalid(field: "log.maxFiles", message: "at least 1") }
    if log.sizeMax < 4096 { throw .invalid(field: "log.maxSize", message: "at least 4096 bytes") }
    if !(1...64).contains(stopSignal.rawValue) { throw .invalid(field: "stop.signal", message: "accepted is 1 to 64") }
  }
}

private func validateID(_ id: String, field: String) throws(NodeError) {
  if ai_id_is_valid(id) != 1 || id.hasPrefix("_") || id.utf8.contains(0) {
    throw .invalid(
      field: field, message: "accepted are 1 to \(AI_ID_MAX) of A-Z a-z 0-9 . _ -, not beginning with '.' or '_'")
  }
}

private func validatePath(_ path: String, field: String, isLayer: Bool = false) throws(NodeError) {
  guard path.hasPrefix("/"), path.utf8.count < 3000, !path.utf8.contains(0) else {
    throw .invalid(field: field, message: "an absolute path is needed, not '\(path.prefix(100))'")
  }
  if path.split(separator: "/").contains("..") {
    throw .invalid(field: field, message: "'..' is not accepted in '\(path.prefix(100))'")
  }
  if isLayer, path.contains(",") { throw .invalid(field: field, message: "a comma is not accepted in it") }
}
