import HTTP
import HTTPServer
import Net
import Protobuf

/// Bounds of calls on one side.
public struct GRPCLimits: Sendable {
  /// Bytes of one received message.
  public var receivedMessageBytes = 4 << 20
  /// Bytes of received messages that wait to be read before the sender is held back.
  public var unreadBytes = 256 << 10

  public init() {}

  var decoding: ProtobufLimits {
    var limits = ProtobufLimits()
    limits.sizeMax = receivedMessageBytes
    return limits
  }
}

/// Finds the method of a call. One server may offer it beside other handlers, which get what `isCall` refuses.
public struct GRPCRouter: Sendable {
  private let methods: [String: GRPCMethod]
  private let services: Set<String>
  private let limits: GRPCLimits

  public init(_ services: [any GRPCService], limits: GRPCLimits = GRPCLimits()) {
    var methods: [String: GRPCMethod] = [:]
    for service in services {
      for method in service.methods { methods["/\(type(of: service).serviceName)/\(method.name)"] = method }
    }
    self.methods = methods
    self.services = Set(services.map { type(of: $0).serviceName })
    self.limits = limits
  }

  /// Whether a request is a gRPC call, by its content type.
  public static func isCall(_ head: HTTPRequestHead) -> Bool {
    guard let type = head.headers["content-type"]?.lowercased() else { return false }
    return type == "application/grpc" || type.hasPrefix("application/grpc+") || type.hasPrefix("application/grpc;")
  }

  /// Answers a call; for a server's `streams`.
  public func accept(_ stream: HTTPStream) {
    let head = stream.request
    guard head.version == .http2 else {
      stream.fail(HTTPFailure(.versionNotSupported, "gRPC needs HTTP/2"))
      return
    }
    guard Self.isCall(head) else {
      stream.fail(HTTPFailure(.unsupportedMediaType, "content-type must be application/grpc"))
      return
    }
    guard head.method == .post else {
      stream.fail(HTTPFailure(.methodNotAllowed, headers: ["allow": "POST"]))
      return
    }
    guard let method = methods[head.path] else {
      refuse(stream, unimplemented(head.path))
      return
    }
    if let encoding = head.headers["grpc-encoding"], encoding != "identity" {
      refuse(stream, GRPCError(.unimplemented, "grpc-encoding \(encoding) is not supported; accepted: identity"))
      return
    }
    var timeout: Duration?
    if let text = head.headers["grpc-timeout"] {
      timeout = GRPCTimeout.parse(text)
      if timeout == nil {
        refuse(stream, GRPCError(.internal, "grpc-timeout: 1 to 8 digits and one of H M S m u n are accepted"))
        return
      }
    }
    ServerCall(stream, method, timeout: timeout, limits: limits).begin()
  }

  private func unimplemented(_ path: String) -> GRPCError {
    let service = path.dropFirst().prefix { $0 != "/" }
    return services.contains(String(service))
      ? GRPCError(.unimplemented, "the service \(service) has no method \(path.dropFirst(service.count + 2))")
      : GRPCError(.unimplemented, "there is no service \(service)")
  }

  private func refuse(_ stream: HTTPStream, _ error: GRPCError) {
    var head = GRPCResponseHead.plain
    for (name, value) in StatusFields.headers(error) { head.headers.add(name, value) }
    stream.enforcesRate = false
    stream.respond(head, endOfStream: true)
  }
}

/// A server of gRPC services only. Under TLS its context must offer `HTTPServer.alpn`'s `h2`.
public struct GRPCServer: Sendable {
  private let server: HTTPServer

  /// - Parameters:
  ///   - tls: with `clientCertificates` set to `required` only clients of the trusted authority get in.
  ///   - services: the program's own; add `GRPCHealth` and `GRPCReflection` as wished.
  public static func bind(
    _ address: SocketAddress, group: EventLoopGroup, tls: TLSContext? = nil,
    configuration: HTTPServerConfiguration = HTTPServerConfiguration(), limits: GRPCLimits = GRPCLimits(),
    services: [any GRPCService]
  ) throws(NetError) -> GRPCServer {
    let router = GRPCRouter(services, limits: limits)
    let server = try HTTPServer.bind(address, group: group, tls: tls, configuration: configuration) { stream in
      router.accept(stream)
    }
    return GRPCServer(server: server)
  }

  public var address: SocketAddress { server.address }

  public var connectionCount: Int { server.connectionCount }

  /// Takes no new call, lets those under way finish for up to `grace`, then ends them.
  public func shutdown(grace: Duration) async { await server.shutdown(grace: grace) }
}
