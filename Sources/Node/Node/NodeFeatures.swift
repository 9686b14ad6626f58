import CLinux
import Glibc
import Linux

/// What this machine and this user can do, feature by feature.
public struct NodeFeatures: Sendable, Equatable {
  public struct Feature: Sendable, Equatable {
    public var name: String
    /// nil: available. Else why not and what would help.
    public var reason: String?

    public var isAvailable: Bool { reason == nil }
  }

  public var features: [Feature]

  public subscript(name: String) -> Feature? { features.first { $0.name == name } }

  /// Looks; changes nothing.
  public static func probe() -> NodeFeatures {
    let isRoot = geteuid() == 0
    let hierarchy = try? CgroupHierarchy.detect()
    var features: [Feature] = []
    func add(_ name: String, _ reason: String?) { features.append(Feature(name: name, reason: reason)) }

    var program: String?
    do throws(NodeError) { _ = try InitProgram.find() } catch { program = error.description }
    add("supervisor", program)

    let lacking = Capabilities([.sysAdmin, .setuid, .setgid, .setpcap, .kill]).subtracting(.effective)
    let privileged =
      isRoot
      ? (lacking.isEmpty ? nil : "root lacks \(lacking.memberNames.joined(separator: ", "))")
      : "needs root; without it a cell needs a user namespace"
    add("namespaces", privileged)
    add("userNamespace", userNamespaceReason(isRoot: isRoot))

    if let hierarchy {
      add("cgroups", isRoot ? nil : "needs root: limits, pause, stats and kill of whole trees are left out")
      for controller in CgroupHierarchy.controllers {
        add(
          "cgroups.\(controller)",
          !isRoot
            ? "needs root"
            : hierarchy.offers(controller) ? nil : "the kernel offers no \(controller) controller here")
      }
      add(
        "cgroups.memory.high",
        hierarchy.unifiedControllers.contains("memory")
          ? (isRoot ? nil : "needs root") : "memory is bound to cgroup v1; boot with cgroup_no_v1=all")
    } else {
      add("cgroups", "cgroup v2 is not mounted")
    }
    let types = (try? Files.text("/proc/filesystems")) ?? ""
    add("overlay", types.contains("overlay") ? nil : "the kernel has no overlay file system (modprobe overlay)")
    let status = (try? Files.text("/proc/self/status")) ?? ""
    add("seccomp", status.contains("\nSeccomp:") ? nil : "the kernel was built without seccomp")
    return NodeFeatures(features: features)
  }

  private static func userNamespaceReason(isRoot: Bool) -> String? {
    guard Files.exists("/proc/self/ns/user") else { return "the kernel was built without user namespaces" }
    if (try? Files.text("/proc/sys/user/max_user_namespaces")) == "0" { return "user.max_user_namespaces is 0" }
    if isRoot { return nil }
    if (try? Files.text("/proc/sys/kernel/unprivileged_userns_clone")) == "0" {
      return "kernel.unprivileged_userns_clone is 0"
    }
    if (try? Files.text("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")) == "1" {
      return "kernel.apparmor_restrict_unprivileged_userns is 1"
    }
    return nil
  }
}
