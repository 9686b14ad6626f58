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
  public static func isCall(_ head: HTTPRequestHead) -> Bool { CallFields(head.headers).isCall }

  /// Answers a call; for a server's `streams`.
  public func accept(_ stream: HTTPStream) {
    let head = stream.request
    guard head.version == .http2 else {
      stream.fail(HTTPFailure(.versionNotSupported, "gRPC needs HTTP/2"))
      return
    }
    let fields = CallFields(head.headers)
    guard fields.isCall else {
      stream.fail(HTTPFailure(.unsupportedMediaType, "content-type must be application/grpc"))
      return
    }
    guard head.method == .post else {
      stream.fail(HTTPFailure(.methodNotAllowed, headers: ["allow": "POST"]))
      return
    }
    stream.enforcesRate = false
    stream.addsDate = false
    if let method = methods[head.path], fields.problem == nil {
      ServerCall(stream, method, timeout: fields.timeout, limits: limits).begin()
    } else {
      var answer = GRPCResponseHead.plain
      for (name, value) in StatusFields.headers(fields.problem ?? unimplemented(head.path)) {
        answer.headers.add(name, value)
      }
      // Said where it matters only: identity goes without saying.
      if fields.hasUnknownEncoding { answer.headers.add("grpc-accept-encoding", "identity") }
      stream.respond(answer, endOfStream: true)
    }
  }

  private func unimplemented(_ path: String) -> GRPCError {
    let service = path.dropFirst().prefix { $0 != "/" }
    return services.contains(String(service))
      ? GRPCError(.unimplemented, "the service \(service) has no method \(path.dropFirst(service.count + 2))")
      : GRPCError(.unimplemented, "there is no service \(service)")
  }
}

/// What the headers of a call say, found in one pass.
struct CallFields {
  var isCall = false
  var timeout: Duration?
  var hasUnknownEncoding = false
  /// Why the call cannot be served.
  var problem: GRPCError?

  init(_ headers: HTTPHeaders) {
    headers.forEachBytes { name, value in
      switch name.count {
      case 12 where Self.equals(name, "content-type"): isCall = Self.isType(value)
      case 12 where Self.equals(name, "grpc-timeout"):
        timeout = GRPCTimeout.parse(String(decoding: value, as: UTF8.self))
        if timeout == nil {
          problem = GRPCError(.internal, "grpc-timeout: 1 to 8 digits and one of H M S m u n are accepted")
        }
      case 13 where Self.equals(name, "grpc-encoding") && !Self.equals(value, "identity"):
        let encoding = String(decoding: value, as: UTF8.self)
        hasUnknownEncoding = true
        problem = GRPCError(.unimplemented, "grpc-encoding \(encoding) is not supported; accepted: identity")
      default: break
      }
    }
  }

  /// `application/grpc`, alone or with `+format` or parameters after it.
  private static func isType(_ value: UnsafeRawBufferPointer) -> Bool {
    let plain: StaticString = "application/grpc"
    let size = plain.utf8CodeUnitCount
    guard value.count >= size else { return false }
    for index in 0..<size where value[index] | 0x20 != plain.utf8Start[index] | 0x20 { return false }
    return value.count == size || value[size] == UInt8(ascii: "+") || value[size] == UInt8(ascii: ";")
  }

  private static func equals(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount else { return false }
    for index in 0..<bytes.count where bytes[index] != text.utf8Start[index] { return false }
    return true
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
