import BenchReport
import HTTP
import Net
import WebSocket

/// Memory that a server keeps per WebSocket on which nothing happens.
struct IdleSockets {
  let servers: Servers
  let count: Int

  /// Bytes per connection, of resident memory of the server's process.
  func measure(tls: Bool) async throws -> Double {
    let server = try await servers.ours(tls: tls)
    defer { server.process.stop() }
    let group = try EventLoopGroup(count: 1)
    defer { group.shutdown() }
    var options = ConnectOptions()
    options.timeout = .seconds(60)
    if tls {
      var configuration = TLSConfiguration()
      configuration.trustRoots = .file(servers.certificates.authority)
      options.tls = try TLSContext(client: configuration)
    }
    let first = try await open(10, server, group, options)
    let before = server.process.residentBytes()
    let sockets = try await open(count, server, group, options)
    // What was used while connecting is given back by then.
    try await Task.sleep(for: .seconds(2))
    let after = server.process.residentBytes()
    for socket in first + sockets { await socket.close() }
    return Double(after - before) / Double(count)
  }

  private func open(
    _ count: Int, _ server: Server, _ group: EventLoopGroup, _ options: ConnectOptions
  ) async throws -> [WebSocket] {
    try await withThrowingTaskGroup(of: [WebSocket].self) { tasks in
      for worker in 0..<50 {
        tasks.addTask {
          var sockets: [WebSocket] = []
          for _ in stride(from: worker, to: count, by: 50) {
            sockets.append(
              try await WebSocket.connect(
                to: .address(.loopback(port: server.port)), host: "127.0.0.1", target: "/echo", on: group.next(),
                options: options))
          }
          return sockets
        }
      }
      return try await tasks.reduce(into: []) { $0 += $1 }
    }
  }
}
