import Protobuf

/// The schemas of a server's services, looked up by file or by symbol.
final class SchemaIndex: Sendable {
  private let files: [String: [UInt8]]
  private let dependencies: [String: [String]]
  private let fileOfSymbol: [String: String]
  let services: [String]

  init(_ services: [any GRPCService.Type]) {
    var files: [String: [UInt8]] = [:]
    var dependencies: [String: [String]] = [:]
    var symbols: [String: String] = [:]
    for descriptor in services.flatMap({ $0.descriptors }) where files[descriptor.file] == nil {
      let bytes = descriptor.bytes
      files[descriptor.file] = bytes
      guard let parsed = try? FileDescriptor(serialized: bytes) else { continue }
      dependencies[descriptor.file] = parsed.dependencies
      for symbol in Self.symbols(of: parsed) { symbols[symbol] = descriptor.file }
    }
    self.files = files
    self.dependencies = dependencies
    fileOfSymbol = symbols
    self.services = services.map { $0.serviceName }.sorted()
  }

  /// The file's descriptor and those it imports, itself first; nil when there is no such file.
  func descriptors(ofFile name: String) -> [[UInt8]]? {
    guard files[name] != nil else { return nil }
    var seen: Set<String> = []
    var pending = [name]
    var result: [[UInt8]] = []
    while !pending.isEmpty {
      let next = pending.removeFirst()
      guard seen.insert(next).inserted, let bytes = files[next] else { continue }
      result.append(bytes)
      pending += dependencies[next] ?? []
    }
    return result
  }

  func descriptors(ofSymbol name: String) -> [[UInt8]]? { fileOfSymbol[name].flatMap { descriptors(ofFile: $0) } }

  /// Full names of all that a file declares: messages, fields, enums, their values, services, methods.
  private static func symbols(of file: FileDescriptor) -> [String] {
    let scope = file.package.isEmpty ? "" : file.package + "."
    var result: [String] = []
    func add(_ value: EnumDescriptor, _ scope: String) {
      result.append(scope + value.name)
      // An enum's values are siblings of the enum.
      result += value.values.map { scope + $0.name }
    }
    func add(_ message: MessageDescriptor, _ scope: String) {
      let inner = scope + message.name + "."
      result.append(scope + message.name)
      result += message.fields.map { inner + $0.name } + message.oneofs.map { inner + $0 }
      for value in message.enums { add(value, inner) }
      for nested in message.messages { add(nested, inner) }
    }
    for message in file.messages { add(message, scope) }
    for value in file.enums { add(value, scope) }
    for service in file.services {
      result.append(scope + service.name)
      result += service.methods.map { "\(scope)\(service.name).\($0.name)" }
    }
    return result
  }
}

/// Server reflection: lets tools such as grpcurl call a server without its schemas. The protocol has two versions that
/// differ in name only; `GRPCReflection.services` has both.
public enum GRPCReflection {
  /// The reflection services for `services`, to be added to them.
  public static func services(for services: [any GRPCService]) -> [any GRPCService] {
    let own: [any GRPCService.Type] = [ReflectionV1.self, ReflectionV1Alpha.self]
    let index = SchemaIndex(services.map { type(of: $0) } + own)
    return [ReflectionV1(index: index), ReflectionV1Alpha(index: index)]
  }

}

/// Reflection as package `grpc.reflection.v1`.
struct ReflectionV1: GRPCReflectionV1.ServerReflectionService {
  let index: SchemaIndex

  func serverReflectionInfo(
    _ requests: GRPCRequests<GRPCReflectionV1.ServerReflectionRequest>,
    _ responses: GRPCResponses<GRPCReflectionV1.ServerReflectionResponse>, _ context: GRPCContext
  ) async throws {
    for try await request in requests { try await responses.send(answer(request)) }
  }

  private func answer(_ request: GRPCReflectionV1.ServerReflectionRequest) -> GRPCReflectionV1.ServerReflectionResponse
  {
    var response = GRPCReflectionV1.ServerReflectionResponse()
    response.validHost = request.host
    response.originalRequest = request
    switch request.messageRequest {
    case .fileByFilename(let name):
      response.messageResponse = files(index.descriptors(ofFile: name), "there is no file \(name)")
    case .fileContainingSymbol(let name):
      response.messageResponse = files(index.descriptors(ofSymbol: name), "there is no symbol \(name)")
    case .listServices:
      var list = GRPCReflectionV1.ListServiceResponse()
      list.service = index.services.map { name in
        var service = GRPCReflectionV1.ServiceResponse()
        service.name = name
        return service
      }
      response.messageResponse = .listServicesResponse(list)
    case .fileContainingExtension, .allExtensionNumbersOfType:
      response.messageResponse = failure(.notFound, "proto3 schemas have no extensions")
    case nil:
      response.messageResponse = failure(.invalidArgument, "message_request: one of its fields must be set")
    }
    return response
  }

  private func files(
    _ descriptors: [[UInt8]]?, _ missing: String
  ) -> GRPCReflectionV1.ServerReflectionResponse.MessageResponse {
    guard let descriptors else { return failure(.notFound, missing) }
    var found = GRPCReflectionV1.FileDescriptorResponse()
    found.fileDescriptorProto = descriptors
    return .fileDescriptorResponse(found)
  }

  private func failure(
    _ code: GRPCStatusCode, _ message: String
  ) -> GRPCReflectionV1.ServerReflectionResponse.MessageResponse {
    var error = GRPCReflectionV1.ErrorResponse()
    error.errorCode = code.rawValue
    error.errorMessage = message
    return .errorResponse(error)
  }
}

/// Reflection as package `grpc.reflection.v1alpha`, whose messages are those of v1 on the wire.
struct ReflectionV1Alpha: GRPCService {
  let index: SchemaIndex

  static var serviceName: String { "grpc.reflection.v1alpha.ServerReflection" }
  static var descriptors: [EmbeddedDescriptor] { GRPCReflectionV1Alpha.grpcReflectionV1alphaReflectionDescriptors }
  var methods: [GRPCMethod] { ReflectionV1(index: index).methods }
}
