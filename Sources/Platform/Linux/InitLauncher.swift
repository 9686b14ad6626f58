import CLinux

/// Starts the supervisor of a cell.
public enum InitLauncher {
  /// Starts `executable` in new namespaces and in a v2 group. The call returns when the program runs.
  ///
  /// - Parameters:
  ///   - control: the supervisor's end of its control socket; stays the caller's to close.
  ///   - name: of the cell, for ps(1).
  ///   - group: v2 group directory, nil to stay where the caller is.
  public static func start(
    executable: borrowing FileDescriptor, control: Int32, name: String, namespaces: Namespaces, group: Int32?
  ) throws(LinuxError) -> (pid: Int32, pidfd: Int32) {
    var pidfd: Int32 = -1
    let pid = clinux_spawn_init(executable.raw, control, name, namespaces.rawValue, group ?? -1, &pidfd)
    if pid < 0 { throw LinuxError("clone3", "aether-init", errno: -pid) }
    return (pid, pidfd)
  }

  /// Keeps joins of v1 groups cheap while the descriptor lives (a global effect of the kernel): without it each join
  /// waits for a grace period of several milliseconds on an idle machine.
  public static func favorDynamicGroups(name: String) throws(LinuxError) -> FileDescriptor {
    FileDescriptor(owning: try check(clinux_favor_dynamic_groups(name), "mount", "cgroup name=\(name)"))
  }
}
