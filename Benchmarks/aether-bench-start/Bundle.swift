import BenchReport
import Glibc
import Linux

/// A tool that starts an isolated process, as a command line.
struct Peer: Sendable {
  var name: String
  var arguments: [String]

  /// Runs it; whether it exited with 0.
  func run() -> Bool { (try? Command(arguments).run()) != nil }
}

/// One root file system for all contenders: two static programs and the mount points that a container needs.
struct Bundle: Sendable {
  let directory: String
  var root: String { directory + "/rootfs" }

  init(_ directory: String) throws {
    self.directory = directory
    for name in ["bin", "dev", "etc", "proc", "run", "sys", "tmp"] {
      try Files.makeDirectories("\(directory)/rootfs/\(name)", mode: 0o755)
    }
    try compile("int main(void) { return 0; }", to: root + "/bin/true")
    try compile("#include <unistd.h>\nint main(void) { for (;;) pause(); }", to: root + "/bin/sleep")
    try Files.replace(directory + "/config.json", with: Array(Bundle.configuration.utf8), mode: 0o644)
  }

  private func compile(_ source: String, to program: String) throws {
    try Files.replace(directory + "/program.c", with: Array(source.utf8))
    let compiler = Peer(
      name: "musl-gcc", arguments: ["musl-gcc", "-static", "-Os", "-s", "-o", program, directory + "/program.c"])
    guard compiler.run() else { throw BenchFailure(message: "musl-gcc cannot build \(program)") }
  }

  func remove() { try? Files.removeTree(directory) }

  /// crun of Debian 12 refuses a machine with both versions of control groups; there it runs in a mount namespace
  /// without v2. What that shell costs is a row of its own, for whoever wants to subtract it.
  var peers: [Peer] {
    let id = "bench-peer-\(getpid())"
    let hasBoth = Files.isDirectory("/sys/fs/cgroup/unified")
    let hide = hasBoth ? "umount /sys/fs/cgroup/unified; " : ""
    func shell(_ command: String) -> [String] {
      hasBoth
        ? ["unshare", "-m", "--propagation", "private", "sh", "-c", hide + "exec " + command]
        : ["sh", "-c", "exec " + command]
    }
    return [
      Peer(name: "crun run", arguments: shell("crun run --bundle \(directory) \(id)")),
      Peer(name: "runc run", arguments: ["sh", "-c", "exec runc run --bundle \(directory) \(id)"]),
      Peer(
        name: "bwrap",
        arguments: [
          "bwrap", "--unshare-all", "--ro-bind", root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
          "--cap-drop", "ALL", "/bin/true",
        ]),
      Peer(
        name: "unshare",
        arguments: ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--fork", "true"]),
      Peer(name: "the shell around crun alone", arguments: shell("true")),
    ]
  }

  /// As `crun spec` writes it, with our limits, no capabilities and no terminal.
  private static let configuration = """
    {"ociVersion": "1.0.0",
     "process": {"terminal": false, "user": {"uid": 0, "gid": 0}, "args": ["/bin/true"], "env": ["PATH=/bin"], "cwd": "/",
       "capabilities": {"bounding": [], "effective": [], "permitted": []}, "noNewPrivileges": true},
     "root": {"path": "rootfs", "readonly": true}, "hostname": "start",
     "mounts": [
       {"destination": "/proc", "type": "proc", "source": "proc"},
       {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
       {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
       {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
       {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
       {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev"]},
       {"destination": "/run", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev"]}],
     "linux": {
       "resources": {"memory": {"limit": 268435456}, "pids": {"limit": 64}, "cpu": {"quota": 100000, "period": 100000}},
       "namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "cgroup"}],
       "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/scsi", "/sys/firmware"],
       "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]}}
    """
}
