import Foundation
import Glibc
import Linux
import Testing

@testable import Node

@Suite struct PortTests {
  @Test func anHTTPServerAnswersThroughAPublishedPort() async throws {
    try await TestNode.with { node, test in
      let site = test.directory + "/site"
      try Files.makeDirectory(site, mode: 0o755)
      let big = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 2) }
      try Files.replace(site + "/big", with: big, mode: 0o644)
      var cell = CellConfiguration(id: "web")
      cell.mounts = [.bind(source: site, target: "/mnt")]
      cell.ports = [PublishedPort(hostPort: 0, cellPort: 8080)]
      let status = try await node.createCell(cell)
      let port = try #require(status.ports.first?.hostPort)
      try await node.startProcess(
        cell: "web",
        ProcessConfiguration(
          id: "server", arguments: ["/usr/bin/python3", "-m", "http.server", "-b", "127.0.0.1", "-d", "/mnt", "8080"]))
      var body: [UInt8] = []
      for _ in 0..<200 where body.isEmpty {
        body = try await get(port, "/big")
        if body.isEmpty { try await Task.sleep(for: .milliseconds(50)) }
      }
      #expect(body == big)
      // Several at once, and a client that goes in the middle.
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<8 { group.addTask { try await get(port, "/big").count } }
        for try await count in group { #expect(count == big.count) }
      }
      #expect(try await get(port, "/big", readMax: 1000).count <= 1000)
      #expect(try await get(port, "/big").count == big.count)
      try await node.removeCell("web")
      #expect(try await get(port, "/big").isEmpty)
    }
  }
}

/// Body of an HTTP/1.0 answer; empty when nobody answers. Blocks. Ends its own output first (half-close).
private func get(_ port: UInt16, _ path: String, readMax: Int = .max) async throws -> [UInt8] {
  // On a thread of its own: it blocks.
  await withCheckedContinuation { continuation in
    Thread.detachNewThread { continuation.resume(returning: blockingGet(port, path, readMax: readMax)) }
  }
}

private func blockingGet(_ port: UInt16, _ path: String, readMax: Int) -> [UInt8] {
  let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(raw) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  let status = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
  }
  guard status == 0 else { return [] }
  let request = Array("GET \(path) HTTP/1.0\r\n\r\n".utf8)
  _ = request.withUnsafeBytes { send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
  shutdown(raw, Int32(SHUT_WR))
  var answer: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 65_536)
  while answer.count < readMax {
    let count = recv(raw, &piece, min(piece.count, readMax - answer.count), 0)
    if count <= 0 { break }
    answer += piece.prefix(count)
  }
  if readMax < .max { return answer }
  var index = 0
  while index + 3 < answer.count {
    if answer[index..<index + 4] == [13, 10, 13, 10] { return Array(answer[(index + 4)...]) }
    index += 1
  }
  return []
}
