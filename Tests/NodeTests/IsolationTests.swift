import Glibc
import Linux
import Testing

@testable import Node

@Suite struct IsolationTests {
  @Test func everythingIsItsOwn() async throws {
    try await TestNode.with { node, _ in
      let cell = try await node.createCell(CellConfiguration(id: "inside"))
      #expect(cell.phase == .running && cell.supervisorPid > 0)
      let (text, reason) = try await node.run(
        """
        id -u; hostname; echo "pid=$$"; ps -e -o comm= | sort | tr '\\n' ' '; echo
        grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
        tail -n +3 /proc/net/dev | wc -l; touch /x 2>&1; touch /tmp/y && echo tmp-ok
        grep ^0:: /proc/self/cgroup; ls /root; cat /proc/kcore | wc -c; echo x > /proc/sys/kernel/hostname
        """, cell: "inside")
      #expect(reason != nil)
      let lines = text.split(separator: "\n").map(String.init)
      #expect(lines.prefix(3) == ["0", "inside", "pid=2"])
      #expect(lines[3] == "aether-init ps sh sort tr ")
      #expect(text.contains("CapEff:\t0000000000000000") && text.contains("CapBnd:\t0000000000000000"))
      #expect(text.contains("NoNewPrivs:\t1") && text.contains("Seccomp:\t2"))
      #expect(text.contains("Read-only file system") && text.contains("tmp-ok"))
      #expect(text.contains("\n1\n"), "one interface, lo: \(text)")
      #expect(lines.contains { $0.hasPrefix("0::/") && !$0.contains("aether") })
      #expect(text.contains("sysrq") == false && text.contains("/proc/sys/kernel/hostname: Read-only"), "\(text)")
      for name in ["mnt", "pid", "net", "ipc", "uts", "cgroup"] {
        let (inside, _) = try await node.run("readlink /proc/self/ns/\(name)", cell: "inside")
        var buffer = [CChar](repeating: 0, count: 100)
        let count = readlink("/proc/self/ns/\(name)", &buffer, 99)
        let outside = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #expect(inside != outside + "\n" && inside.hasPrefix(name), "\(name)")
      }
    }
  }

  @Test func namespacesCanBeShared() async throws {
    try await TestNode.with { node, _ in
      var cell = CellConfiguration(id: "shared")
      cell.namespaces = []
      _ = try await node.createCell(cell)
      let (text, reason) = try await node.run("hostname; echo $$; sleep 600 & echo", cell: "shared")
      #expect(reason == .code(0))
      var name = [CChar](repeating: 0, count: 100)
      gethostname(&name, 99)
      #expect(text.hasPrefix(String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)))
    }
  }

  @Test func overlayKeepsWritesToItself() async throws {
    try await TestNode.with { node, test in
      let lower = test.directory + "/lower"
      try Files.makeDirectory(lower, mode: 0o755)
      try Files.replace(lower + "/greeting", with: Array("hello\n".utf8))
      var cell = CellConfiguration(id: "overlay")
      cell.root = .directory(lower, .overlay(upper: nil))
      try Files.makeDirectory(lower + "/usr", mode: 0o755)
      symlink("usr/bin", lower + "/bin")
      symlink("usr/lib", lower + "/lib")
      symlink("usr/lib64", lower + "/lib64")
      cell.mounts = [.bind(source: "/usr", target: "/usr")]
      _ = try await node.createCell(cell)
      let (text, reason) = try await node.run(
        "cat /greeting; echo changed > /greeting; cat /greeting; mkdir /new && ls -d /new; id -u", cell: "overlay")
      #expect(reason == .code(0) && text == "hello\nchanged\n/new\n0\n", "\(text) \(String(describing: reason))")
      #expect(try Files.text(lower + "/greeting") == "hello")
      #expect(!Files.exists(lower + "/new"))
      // With a directory of its own the writes stay.
      let upper = test.directory + "/upper"
      try Files.makeDirectory(upper, mode: 0o755)
      cell.id = "kept"
      cell.root = .directory(lower, .overlay(upper: upper))
      _ = try await node.createCell(cell)
      _ = try await node.run("echo kept > /greeting", cell: "kept")
      try await node.removeCell("kept")
      #expect(try Files.text(upper + "/upper/greeting") == "kept")
    }
  }

  @Test func mounts() async throws {
    try await TestNode.with { node, test in
      let shared = test.directory + "/shared"
      try Files.makeDirectory(shared, mode: 0o755)
      var cell = CellConfiguration(id: "mounts")
      cell.mounts = [
        .bind(source: shared, target: "/mnt", readOnly: false), .bind(source: shared, target: "/root/below"),
        .memory(target: "/media", bytes: 65_536),
      ]
      _ = try await node.createCell(cell)
      let (text, _) = try await node.run(
        "echo x > /mnt/file; cat /root/below/file; touch /root/below/y 2>&1; head -c 200000 /dev/zero > /media/big; stat -c %s /media/big",
        cell: "mounts")
      #expect(text.contains("x\n") && text.contains("Read-only") && text.contains("65536"), "\(text)")
      #expect(try Files.text(shared + "/file") == "x")
    }
  }

  /// A link in a foreign root must not lead a mount out of it.
  @Test func linksInARootLeadNowhere() async throws {
    try await TestNode.with { node, test in
      let root = test.directory + "/hostile"
      let victim = test.directory + "/victim"
      for path in [root, victim, root + "/usr"] { try Files.makeDirectory(path, mode: 0o755) }
      for (link, target) in [("bin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")] {
        symlink(target, "\(root)/\(link)")
      }
      symlink(victim, root + "/proc")
      symlink("../../../../../../../.." + victim, root + "/data")
      var cell = CellConfiguration(id: "hostile")
      cell.root = .directory(root, .readWrite)
      cell.mounts = [.bind(source: "/usr", target: "/usr"), .memory(target: "/data/inner", bytes: 4096)]
      do {
        _ = try await node.createCell(cell)
      } catch {
        #expect("\(error)".contains("mount"), "\(error)")
      }
      #expect(try Files.names(in: victim) == [])
    }
  }

  @Test func userNamespace() async throws {
    try await TestNode.with { node, test in
      var cell = CellConfiguration(id: "users")
      cell.namespaces.insert(.user)
      let status = try await node.createCell(cell)
      let outside = try Files.text("/proc/\(status.supervisorPid)/status")
      #expect(outside.contains("Uid:\t100000\t100000"))
      let (text, reason) = try await node.run(
        "id -u; cat /proc/self/uid_map; hostname; ps -e -o comm= | head -1; touch /x 2>&1; ls -l /dev/null | cut -c1",
        cell: "users")
      #expect(reason == .code(0))
      #expect(text.hasPrefix("0\n") && text.contains("100000") && text.contains("users\naether-init"), "\(text)")
      #expect(text.contains("Read-only"))
      let lower = test.directory + "/lower"
      for path in [lower, lower + "/usr"] { try Files.makeDirectory(path, mode: 0o755) }
      for (link, target) in [("bin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")] {
        symlink(target, "\(lower)/\(link)")
      }
      cell.id = "users-overlay"
      cell.root = .directory(lower, .overlay(upper: nil))
      cell.mounts = [.bind(source: "/usr", target: "/usr")]
      _ = try await node.createCell(cell)
      let (written, _) = try await node.run("echo hi > /new; cat /new; id -u", cell: "users-overlay")
      #expect(written == "hi\n0\n", "\(written)")
      #expect(!Files.exists(lower + "/new"))
    }
  }

  @Test func seccompRefuses() async throws {
    try await TestNode.with { node, _ in
      _ = try await node.createCell(CellConfiguration(id: "calls"))
      let script =
        "unshare -U true; echo $?; python3 -c 'import ctypes; l=ctypes.CDLL(None,use_errno=True); print(l.syscall(169,0,0,0,0), ctypes.get_errno())'"
      let (text, _) = try await node.run(script, cell: "calls")
      #expect(text.contains("Operation not permitted\n1\n") && text.contains("-1 1"), "\(text)")
      let (free, _) = try await node.run("unshare -U true; echo $?", cell: "calls") { $0.seccomp = .unconfined }
      #expect(free == "0\n", "\(free)")
    }
  }

  @Test func capabilities() async throws {
    try await TestNode.with { node, _ in
      _ = try await node.createCell(CellConfiguration(id: "caps"))
      let show = "grep -E '^Cap(Eff|Bnd|Amb)' /proc/self/status | tr '\\n' ' '"
      let (root, _) = try await node.run(show, cell: "caps") { $0.capabilities = [.netBindService, .chown] }
      #expect(root.contains("CapEff:\t0000000000000401 CapBnd:\t0000000000000401"), "\(root)")
      let (other, _) = try await node.run(show, cell: "caps") {
        $0.capabilities = [.netBindService]
        $0.user = 1000
        $0.group = 1000
      }
      #expect(other.contains("CapEff:\t0000000000000400") && other.contains("CapAmb:\t0000000000000400"), "\(other)")
      await #expect(throws: NodeError.invalid(field: "capabilities", message: "the cell does not allow SYS_ADMIN")) {
        _ = try await node.run("true", cell: "caps") { $0.capabilities = [.sysAdmin] }
      }
      await #expect(throws: NodeError.self) {
        _ = try await node.run("true", cell: "caps") { $0.noNewPrivileges = false }
      }
    }
  }

  @Test func newPrivilegesWhenAllowed() async throws {
    try await TestNode.with { node, _ in
      var cell = CellConfiguration(id: "privileges")
      cell.allowsNewPrivileges = true
      _ = try await node.createCell(cell)
      let (text, reason) = try await node.run(
        "grep -E '^(NoNewPrivs|Seccomp|CapEff):' /proc/self/status", cell: "privileges"
      ) {
        $0.noNewPrivileges = false
      }
      #expect(reason == .code(0))
      #expect(
        text.contains("NoNewPrivs:\t0") && text.contains("Seccomp:\t2") && text.contains("CapEff:\t0000000000000000"))
    }
  }

  @Test func features() {
    let features = NodeFeatures.probe()
    for name in ["supervisor", "namespaces", "userNamespace", "cgroups", "overlay", "seccomp"] {
      #expect(features[name] != nil)
    }
    #expect(features["supervisor"]?.reason == nil)
  }
}
