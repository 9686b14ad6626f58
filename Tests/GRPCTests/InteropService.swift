import Foundation
import GRPC
import HTTPServer
import Net
import Protobuf
import Synchronization
import TestAuthority
import Testing

/// The service of `schemas/interop.proto`.
final class Interop: AetherInterop.InteropService {
  let cancelled = Atomic<Int>(0)
  let started = Atomic<Int>(0)
  /// Lets "hold" end.
  let released = Atomic<Bool>(false)

  struct Unexpected: Error {}

  func echo(_ request: AetherInterop.Text, _ context: GRPCContext) async throws -> AetherInterop.Text {
    switch request.text {
    case "fail":
      var detail = AetherInterop.Text()
      detail.text = "detail"
      throw GRPCError(
        .failedPrecondition, "Grüße, 100 %\n", details: [WellKnown.AnyMessage(packing: detail)],
        metadata: Self.metadata([("x-why", "because")]))
    case "crash": throw Unexpected()
    case "wait":
      started.wrappingAdd(1, ordering: .relaxed)
      do {
        try await Task.sleep(for: .seconds(100))
      } catch {
        cancelled.wrappingAdd(1, ordering: .relaxed)
        throw error
      }
    case "poll":
      started.wrappingAdd(1, ordering: .relaxed)
      while !context.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
      cancelled.wrappingAdd(1, ordering: .relaxed)
    case "hold":
      started.wrappingAdd(1, ordering: .relaxed)
      while !released.load(ordering: .relaxed) { try await Task.sleep(for: .milliseconds(10)) }
    case "metadata":
      var initial = GRPCMetadata()
      initial.add("x-initial", context.metadata["x-text"] ?? "none")
      var trailing = GRPCMetadata()
      trailing.add("x-trailing-bin", bytes: Array((context.metadata.bytes("x-bytes-bin") ?? []).reversed()))
      context.setInitialMetadata(initial)
      context.setTrailingMetadata(trailing)
    case "who":
      var answer = AetherInterop.Text()
      answer.text = context.peer.certificate?.uris.first ?? "nobody"
      return answer
    case "time":
      var answer = AetherInterop.Text()
      answer.text = context.timeLeft == nil ? "none" : "some"
      return answer
    default: break
    }
    return request
  }

  static func metadata(_ pairs: [(String, String)]) -> GRPCMetadata {
    var metadata = GRPCMetadata()
    for (name, value) in pairs { metadata.add(name, value) }
    return metadata
  }

  func numbers(
    _ request: AetherInterop.Count, _ responses: GRPCResponses<AetherInterop.Count>, _ context: GRPCContext
  ) async throws {
    for number in 1...max(1, request.count) {
      var response = AetherInterop.Count()
      response.count = number
      do {
        try await responses.send(response)
      } catch {
        cancelled.wrappingAdd(1, ordering: .relaxed)
        throw error
      }
    }
  }

  func total(_ requests: GRPCRequests<AetherInterop.Text>, _ context: GRPCContext) async throws -> AetherInterop.Count {
    var answer = AetherInterop.Count()
    for try await request in requests { answer.count += Int64(request.body.count) }
    return answer
  }

  func chat(
    _ requests: GRPCRequests<AetherInterop.Text>, _ responses: GRPCResponses<AetherInterop.Text>,
    _ context: GRPCContext
  ) async throws {
    for try await request in requests {
      if request.text == "fail" { throw GRPCError(.outOfRange, "enough") }
      try await responses.send(request)
    }
  }
}

/// Where a test's server listens and how its peers get in.
enum Transport: String, CaseIterable, Sendable {
  case tcp, tcpMutualTLS, unix, unixMutualTLS
  var isSecure: Bool { self == .tcpMutualTLS || self == .unixMutualTLS }
  var isUnix: Bool { self == .unix || self == .unixMutualTLS }
}

/// Certificates of one test: an authority, a server and a client of it, and clients that must not get in.
final class Identities: Sendable {
  let authority: TestAuthority
  let foreign: TestAuthority

  init() throws {
    authority = try TestAuthority()
    foreign = try TestAuthority()
    _ = try authority.issue("server", names: "IP:127.0.0.1,DNS:localhost,URI:spiffe://test/server")
    _ = try authority.issue("client", names: "URI:spiffe://test/client")
    _ = try authority.issue("expired", names: "URI:spiffe://test/client", days: -1)
    _ = try foreign.issue("client", names: "URI:spiffe://test/client")
  }

  func identity(_ name: String, of authority: TestAuthority? = nil) -> TLSConfiguration.Identity {
    let authority = authority ?? self.authority
    return .init(chain: .file(authority.path("\(name).pem")), key: .file(authority.path("\(name).key")))
  }

  func server() throws -> TLSContext {
    var configuration = TLSConfiguration()
    configuration.identity = identity("server")
    configuration.trustRoots = authority.roots
    configuration.clientCertificates = .required
    configuration.alpn = HTTPServer.alpn
    return try TLSContext(server: configuration)
  }

  func client(_ identity: TLSConfiguration.Identity?) throws -> TLSContext {
    var configuration = TLSConfiguration()
    configuration.identity = identity
    configuration.trustRoots = authority.roots
    configuration.alpn = ["h2"]
    return try TLSContext(client: configuration)
  }
}

func temporarySocket() -> String { "/tmp/aether-grpc-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock" }

/// Our server, with health and reflection.
final class InteropServer: Sendable {
  let group: EventLoopGroup
  let interop = Interop()
  let health = GRPCHealth()
  let server: GRPCServer
  let identities: Identities?

  init(
    _ transport: Transport, limits: GRPCLimits = GRPCLimits(),
    configuration: HTTPServerConfiguration = HTTPServerConfiguration()
  ) throws {
    group = try EventLoopGroup(count: 2)
    identities = transport.isSecure ? try Identities() : nil
    var services: [any GRPCService] = [interop, health]
    services += GRPCReflection.services(for: services)
    server = try GRPCServer.bind(
      transport.isUnix ? .unix(temporarySocket()) : .loopback(port: 0), group: group, tls: try identities?.server(),
      configuration: configuration, limits: limits, services: services)
  }

  /// As Python's grpcio wants it.
  var target: String {
    switch server.address {
    case .unix(let path): "unix:\(path)"
    default: "127.0.0.1:\(server.address.port)"
    }
  }

  /// Folder with `ca.pem`, `client.pem` and `client.key`; empty without TLS.
  var certificates: String { identities?.authority.directory ?? "" }

  func client(
    identity: TLSConfiguration.Identity? = nil, _ change: (inout GRPCClientConfiguration) -> Void = { _ in }
  ) throws -> AetherInterop.InteropClient {
    var configuration = GRPCClientConfiguration()
    if let identities {
      configuration.connect.tls = try identities.client(identity ?? identities.identity("client"))
      configuration.connect.peerName = .host("localhost")
    }
    change(&configuration)
    return AetherInterop.InteropClient(
      GRPCClient(.address(server.address), on: group.next(), configuration: configuration))
  }

  /// Waits until as many handlers have started or were cancelled.
  func wait(started: Int = 0, cancelled: Int = 0) async throws {
    for _ in 0..<1200 {
      if interop.started.load(ordering: .relaxed) >= started, interop.cancelled.load(ordering: .relaxed) >= cancelled {
        return
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    Issue.record("the handlers did not get there")
  }

  func stop() async {
    await server.shutdown(grace: .seconds(5))
    group.shutdown()
  }
}
