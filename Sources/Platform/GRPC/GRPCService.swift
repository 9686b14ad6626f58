import Bytes
import Protobuf

/// A service of a schema. protoc-gen-aether writes a protocol for each, whose methods the program's type implements;
/// the rest of this one is generated.
public protocol GRPCService: Sendable {
  /// The full name in the schema, as `package.Service`.
  static var serviceName: String { get }
  /// The descriptors of the service's schema and of those it imports.
  static var descriptors: [EmbeddedDescriptor] { get }
  var methods: [GRPCMethod] { get }
}

/// A schema's `google.protobuf.FileDescriptorProto`, as generated code carries it.
public struct EmbeddedDescriptor: Sendable {
  /// The schema's path, as in `import`.
  public var file: String
  var base64: String

  public init(file: String, base64: String) {
    self.file = file
    self.base64 = base64
  }

  /// The serialized descriptor; empty when the text is not base64, which generated code never has.
  public var bytes: [UInt8] { (try? Base64.decode(base64)) ?? [] }
}

/// One method of a service, with its messages' types left behind. Handlers run on the connection's loop and must not
/// block it; what is thrown decides the call's status (`GRPCError`; any other error is UNKNOWN).
public struct GRPCMethod: Sendable {
  public enum Kind: Sendable { case unary, serverStreaming, clientStreaming, bidirectional }

  public let name: String
  public let kind: Kind
  let body: Body

  enum Body: Sendable {
    /// Gives the framed response.
    case immediate(@Sendable (ServerCall) throws -> [UInt8])
    case asynchronous(@Sendable (ServerCall) async throws -> Void)
  }

  private init(name: String, kind: Kind, body: Body) {
    self.name = name
    self.kind = kind
    self.body = body
  }

  private init(name: String, kind: Kind, run: @escaping @Sendable (ServerCall) async throws -> Void) {
    self.init(name: name, kind: kind, body: .asynchronous(run))
  }

  /// Whether the handler starts with the call's head rather than when its only request is there.
  var readsRequests: Bool { kind == .clientStreaming || kind == .bidirectional }

  /// A unary method that answers at once, on the connection's loop: it costs a fifth less than one that may suspend, and
  /// must not block. A service with such methods implements `methods` itself instead of leaving it to what was generated.
  public static func immediate<Request: ProtobufMessage, Response: ProtobufMessage>(
    _ name: String, _ body: @escaping @Sendable (Request, GRPCContext) throws -> Response
  ) -> GRPCMethod {
    GRPCMethod(
      name: name, kind: .unary,
      body: .immediate { call in
        MessageFraming.frame(try body(call.onlyRequest(Request.self), GRPCContext(call: call)))
      })
  }

  public static func unary<Request: ProtobufMessage, Response: ProtobufMessage>(
    _ name: String, _ body: @escaping @Sendable (Request, GRPCContext) async throws -> Response
  ) -> GRPCMethod {
    GRPCMethod(name: name, kind: .unary) { call in
      let request = try call.onlyRequest(Request.self)
      let frame = MessageFraming.frame(try await body(request, GRPCContext(call: call)))
      if !call.finishedAtOnce(with: frame) { await call.finish(with: frame) }
    }
  }

  public static func serverStreaming<Request: ProtobufMessage, Response: ProtobufMessage>(
    _ name: String, _ body: @escaping @Sendable (Request, GRPCResponses<Response>, GRPCContext) async throws -> Void
  ) -> GRPCMethod {
    GRPCMethod(name: name, kind: .serverStreaming) { call in
      let request = try call.onlyRequest(Request.self)
      try await body(request, GRPCResponses(call: call), GRPCContext(call: call))
      await call.finish(with: [])
    }
  }

  public static func clientStreaming<Request: ProtobufMessage, Response: ProtobufMessage>(
    _ name: String, _ body: @escaping @Sendable (GRPCRequests<Request>, GRPCContext) async throws -> Response
  ) -> GRPCMethod {
    GRPCMethod(name: name, kind: .clientStreaming) { call in
      let response = try await body(GRPCRequests(call: call), GRPCContext(call: call))
      await call.finish(with: MessageFraming.frame(response))
    }
  }

  public static func bidirectional<Request: ProtobufMessage, Response: ProtobufMessage>(
    _ name: String,
    _ body: @escaping @Sendable (GRPCRequests<Request>, GRPCResponses<Response>, GRPCContext) async throws -> Void
  ) -> GRPCMethod {
    GRPCMethod(name: name, kind: .bidirectional) { call in
      try await body(GRPCRequests(call: call), GRPCResponses(call: call), GRPCContext(call: call))
      await call.finish(with: [])
    }
  }
}
