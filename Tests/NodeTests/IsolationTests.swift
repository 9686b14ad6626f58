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
        "id; hostname; echo pid=$$; ps -e -o comm= | sort | tr '\\n' ' '; echo; grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status; cat /proc/self/cgroup; ls /proc/self/ns -l; touch /x; cat /proc/net/dev | tail -n +3; mount | wc -l",
        cell: "inside")
      #expect(reason == .code(0), "\(text)")
      #expect(text.contains("uid=0(root) gid=0(root)"), "\(text)")
      print(text)
    }
  }
}
