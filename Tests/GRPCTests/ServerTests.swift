import Foundation
import GRPC
import Net
import PythonPeer
import Synchronization
import Testing

/// Our server with Python's grpcio as its client.
@Suite(.timeLimit(.minutes(5))) struct ServerTests {
  static func python(_ server: InteropServer, _ task: String) throws -> String {
    try PythonPeer.run(
      PythonPrograms.client, [PythonPrograms.folder, server.target, server.certificates, task])
  }

  @Test(arguments: Transport.allCases)
  func everyKindOfCall(_ transport: Transport) async throws {
    let server = try InteropServer(transport)
    #expect(try Self.python(server, "all") == "ok\n")
    // The deadline and both cancellations reached their handlers.
    try await server.wait(cancelled: 3)
    let cancelled = server.interop.cancelled.load(ordering: .relaxed)
    #expect(cancelled == 3)
    await server.stop()
  }

  @Test(arguments: [Transport.tcpMutualTLS, .unix])
  func aThousandStreams(_ transport: Transport) async throws {
    let server = try InteropServer(transport)
    #expect(try Self.python(server, "streams") == "ok\n")
    await server.stop()
  }

  @Test(arguments: [Transport.tcpMutualTLS, .unixMutualTLS])
  func onlyGoodCertificatesGetIn(_ transport: Transport) async throws {
    let server = try InteropServer(transport)
    let identities = try #require(server.identities)
    #expect(try Self.python(server, "who") == "spiffe://test/client\nok\n")
    let output = try PythonPeer.run(
      PythonPrograms.refused,
      [PythonPrograms.folder, server.target, server.certificates, identities.foreign.directory])
    #expect(output == "ok\n")
    await server.stop()
  }

  @Test func health() async throws {
    let server = try InteropServer(.tcp)
    let peer = try PythonPeer(
      PythonPrograms.client, [PythonPrograms.folder, server.target, server.certificates, "health"])
    // Unknown, then what is set while Python watches.
    #expect(try peer.readLine() == "3")
    server.health.set(.serving, for: "aether.interop.Interop")
    #expect(try peer.readLine() == "1")
    server.health.set(.notServing, for: "aether.interop.Interop")
    #expect(try peer.readLine() == "2")
    // A watch ends with the server.
    server.health.shutDown()
    server.health.set(.serving, for: "aether.interop.Interop")
    #expect(try peer.readLine() == "UNAVAILABLE")
    #expect(try peer.readLine() == "ok")
    await server.stop()
  }

  @Test func reflection() async throws {
    let server = try InteropServer(.tcp)
    #expect(try Self.python(server, "reflection") == "ok\n")
    await server.stop()
  }

  @Test func shutdownLetsCallsFinish() async throws {
    let server = try InteropServer(.tcp)
    let peer = try PythonPeer(
      PythonPrograms.client, [PythonPrograms.folder, server.target, server.certificates, "drain"])
    #expect(try peer.readLine() == "started")
    try await server.wait(started: 1)
    async let stopped: Void = server.server.shutdown(grace: .seconds(120))
    // New calls are refused while the old one goes on.
    #expect(try peer.readLine() == "refused")
    server.interop.released.store(true, ordering: .relaxed)
    #expect(try peer.readLine() == "done")
    #expect(try peer.readLine() == "ok")
    await stopped
    server.group.shutdown()
  }
}
