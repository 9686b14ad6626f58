import Glibc
import JSON

/// What this machine and user can do.
struct Feature: Sendable {
  var name: String
  /// What is missing; `nil` when it is available.
  var missing: String?

  var line: String {
    let padded = name + String(repeating: " ", count: max(1, 22 - name.count))
    return padded + (missing.map { "no   \($0)" } ?? "yes")
  }

  var json: JSON {
    ["name": .string(name), "available": .bool(missing == nil), "reason": missing.map { .string($0) } ?? .null]
  }
}

enum Features {
  static func probe() -> [Feature] {
    let isRoot = geteuid() == 0
    let needsRoot = "needs root: run aetherd as root"
    let hasGroups = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 || access("/sys/fs/cgroup/memory", F_OK) == 0
    let groups = !isRoot ? needsRoot : hasGroups ? nil : "no control groups are mounted at /sys/fs/cgroup"
    return [
      Feature(name: "REST interface"), Feature(name: "store"),
      Feature(name: "cells", missing: isRoot ? nil : needsRoot),
      Feature(name: "limits and figures", missing: groups),
      Feature(name: "published ports", missing: isRoot ? nil : needsRoot),
      Feature(
        name: "user namespaces",
        missing: !isRoot
          ? needsRoot : access("/proc/self/ns/user", F_OK) == 0 ? nil : "the kernel has no user namespaces"),
    ]
  }
}
