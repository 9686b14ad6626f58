import Foundation
import JSON
import Testing

/// The system as a user meets it: the real daemon, the real command line, real processes.
@Suite(.serialized) struct EndToEndTests {
  static func hello(_ hostPort: Int) -> String {
    """
    apiVersion: aether/v1
    kind: Cell
    metadata: {name: hello}
    spec:
      limits: {cpu: 500m, memory: 128Mi, processes: 64}
      ports: [{port: 8080, hostPort: \(hostPort)}]
    ---
    kind: Process
    metadata: {name: hello/web}
    spec:
      command:
        - /usr/bin/python3
        - -u
        - -c
        - |
          from http.server import BaseHTTPRequestHandler, HTTPServer
          class Hello(BaseHTTPRequestHandler):
              def do_GET(self):
                  self.send_response(200)
                  self.end_headers()
                  self.wfile.write(b"hello\\n")
          HTTPServer(("", 8080), Hello).serve_forever()
      user: 65534
      group: 65534
    """
  }

  @Test func tour() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    try await aether.start()
    let hostPort = try Installation.freePort()
    try aether.apply(EndToEndTests.hello(hostPort))
    #expect(try aether.run("wait", "process", "hello/web", "--timeout", "60s").status == 0)
    try aether.rememberCells()

    let table = try aether.run("get", "cells").output
    #expect(table.hasPrefix("NAME"))
    #expect(table.contains("hello") && table.contains("Running"))
    try await aether.wait("the published port answers") {
      try Installation.run("/usr/bin/curl", ["-s", "-m", "2", "http://127.0.0.1:\(hostPort)/"]).output == "hello\n"
    }
    try await aether.wait("the request is in the log") {
      try aether.run("logs", "hello/web").output.contains("GET / HTTP/1.1")
    }
    let inside = try aether.run("exec", "hello", "--", "sh", "-c", "hostname; cat /proc/self/status; exit 3")
    #expect(inside.status == 3)
    #expect(inside.output.hasPrefix("hello\n"))
    #expect(inside.output.contains("NoNewPrivs:\t1") && inside.output.contains("CapEff:\t0000000000000000"))
    #expect(try aether.run("exec", "-i", "hello", "--", "tr", "a-z", "A-Z", input: "abc").output == "ABC")
    #expect(try aether.run("exec", "hello", "--", "touch", "/etc/x").status != 0)
    #expect(try aether.run("describe", "cell", "hello").output.contains("Processes:"))
    #expect(try aether.run("top", "--once").output.hasPrefix("KIND"))
    #expect(try aether.run("apply", "-f", "-", input: EndToEndTests.hello(hostPort)).output.contains("unchanged"))

    #expect(try aether.run("delete", "cell", "hello").status == 0)
    #expect(try aether.run("get", "processes", "-o", "name").output == "")
    #expect(try aether.remains().filter { !$0.contains("aetherd") } == [])
    aether.stop()
    #expect(try aether.remains() == [])
  }

  @Test func aMemoryLimitIsReported() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    try await aether.start()
    try aether.apply(
      """
      kind: Cell
      metadata: {name: limits}
      ---
      kind: Process
      metadata: {name: limits/eater}
      spec:
        command: [/usr/bin/python3, -c, "data = []\\nwhile True: data.append(bytearray(1 << 20))"]
        limits: {memory: 32Mi}
        restart: {policy: onFailure, limit: 2, backoffMin: 50ms}
      """)
    #expect(try aether.run("wait", "process", "limits/eater", "--for", "phase=Failed", "--timeout", "60s").status == 0)
    let status = try aether.status("process", "limits/eater")
    #expect(status["reason"] == "OOMKilled")
    #expect(status["restarts"]?.integerValue == 2)
    #expect(status["limit"]?["kind"] == "Process")
    #expect(status["limit"]?["bytes"]?.integerValue == 33_554_432)
  }

  @Test func workOutlivesTheDaemon() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    try await aether.start(onExit: "keep")
    try aether.apply(
      """
      kind: Cell
      metadata: {name: long}
      ---
      kind: Process
      metadata: {name: long/counter}
      spec: {command: [/bin/sh, -c, "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.05; done"]}
      ---
      kind: Process
      metadata: {name: long/short}
      spec: {command: [/bin/sh, -c, "sleep 2; exit 7"], restart: {policy: never}}
      """)
    try aether.run("wait", "process", "long/counter", "--timeout", "60s")
    try aether.run("wait", "process", "long/short", "--timeout", "60s")
    let before = try aether.status("process", "long/counter")
    aether.kill()
    try await Task.sleep(for: .seconds(3))
    try await aether.start(onExit: "keep")
    try await aether.wait("the exit code is known") {
      try aether.status("process", "long/short")["exitCode"]?.integerValue == 7
    }
    let after = try aether.status("process", "long/counter")
    #expect(after["pid"] == before["pid"])
    #expect(after["startedAt"] == before["startedAt"])
    #expect(after["restarts"]?.integerValue == 0)
    let lines = try aether.run("logs", "long/counter").output.split(separator: "\n")
    #expect(lines.count > 60)
    #expect(lines.enumerated().allSatisfy { $0.element == "line \($0.offset + 1)" })
    #expect(try aether.run("delete", "cell", "long").status == 0)
  }

  /// As nobody: what needs root is named, and the rest runs in a user namespace.
  @Test func rootless() async throws {
    let aether = try Installation(user: 65534)
    defer { aether.remove() }
    try await aether.start()
    let hostPort = try Installation.freePort()
    try aether.apply(
      """
      kind: Cell
      metadata: {name: small}
      spec:
        namespaces: {user: true}
        root: {path: /, mode: readOnly}
        ports: [{port: 8080, hostPort: \(hostPort)}]
      ---
      kind: Process
      metadata: {name: small/web}
      spec: {command: [/usr/bin/python3, -m, http.server, "8080", --directory, /etc/apt]}
      ---
      kind: Cell
      metadata: {name: limited}
      spec: {namespaces: {user: true}, limits: {memory: 64Mi}}
      """)
    #expect(try aether.run("wait", "process", "small/web", "--timeout", "60s").status == 0)
    try await aether.wait("the published port answers") {
      try Installation.run("/usr/bin/curl", ["-s", "-m", "2", "http://127.0.0.1:\(hostPort)/"]).output
        .contains("sources.list")
    }
    let inside = try aether.run("exec", "small", "--", "sh", "-c", "id -u; cat /proc/self/uid_map")
    #expect(inside.output.split(separator: "\n").map { $0.split(separator: " ") } == [["0"], ["0", "65534", "1"]])
    #expect(try aether.run("exec", "small", "--", "touch", "/etc/x").status != 0)
    try await aether.wait("a limit that cannot be kept is refused in so many words") {
      let message = try aether.status("cell", "limited")["message"]?.stringValue ?? ""
      return message.contains("need root")
    }
    #expect(try aether.run("delete", "cell", "small", "limited").status == 0)
    #expect(try aether.remains().filter { !$0.contains("aetherd") } == [])
    aether.stop()
    #expect(try aether.remains() == [])
  }
}
