import Protobuf

/// Writes a service: the protocol a server implements, its methods' table, and the client.
struct ServiceWriter {
  let service: ServiceDescriptor
  let file: FileDescriptor
  let types: TypeTable
  let access: String
  let comments: Comments
  let path: [Int32]

  private enum CallKind: String {
    case unary, serverStreaming, clientStreaming, bidirectional
  }

  private struct Method {
    var name: String
    var swiftName: String
    var input: String
    var output: String
    var kind: CallKind
    var comment: String
  }

  private var protocolName: String { service.name + "Service" }
  private var clientName: String { service.name + "Client" }
  private var fullName: String { file.package.isEmpty ? service.name : file.package + "." + service.name }

  private func methods() throws(GeneratorError) -> [Method] {
    var result: [Method] = []
    for (index, method) in service.methods.enumerated() {
      let kind: CallKind =
        switch (method.clientStreams, method.serverStreams) {
        case (false, false): .unary
        case (false, true): .serverStreaming
        case (true, false): .clientStreaming
        case (true, true): .bidirectional
        }
      result.append(
        Method(
          name: method.name, swiftName: Names.method(method.name), input: try types.swiftName(method.inputType),
          output: try types.swiftName(method.outputType), kind: kind, comment: comments[path + [2, Int32(index)]]))
    }
    return result
  }

  /// The protocol and the client.
  func write(to source: inout SourceText) throws(GeneratorError) {
    let methods = try methods()
    source.comment(comments[path])
    try source.block("\(access) protocol \(protocolName): GRPCService") { source throws(GeneratorError) in
      for method in methods {
        source.comment(method.comment)
        source.line("func \(method.swiftName)(\(serverSignature(method))")
      }
    }
    source.line()
    source.comment(" Calls `\(fullName)`.")
    try source.block("\(access) struct \(clientName): Sendable") { source throws(GeneratorError) in
      source.line("\(access) var client: GRPCClient")
      source.line()
      try source.block("\(access) init(_ client: GRPCClient)") { source throws(GeneratorError) in
        source.line("self.client = client")
      }
      for method in methods { try writeCall(method, &source) }
    }
  }

  private func serverSignature(_ method: Method) -> String {
    let request = "_ request: \(method.input), "
    let requests = "_ requests: GRPCRequests<\(method.input)>, "
    let responses = "_ responses: GRPCResponses<\(method.output)>, "
    let context = "_ context: GRPCContext) async throws"
    switch method.kind {
    case .unary: return request + context + " -> \(method.output)"
    case .serverStreaming: return request + responses + context
    case .clientStreaming: return requests + context + " -> \(method.output)"
    case .bidirectional: return requests + responses + context
    }
  }

  private func writeCall(_ method: Method, _ source: inout SourceText) throws(GeneratorError) {
    let path = Names.literal("/\(fullName)/\(method.name)")
    let options = "options: GRPCCallOptions = GRPCCallOptions()"
    let takesRequest = method.kind == .unary || method.kind == .serverStreaming
    let parameters = takesRequest ? "_ request: \(method.input), \(options)" : options
    let types = "\(method.input), \(method.output)"
    let result: String
    let call: String
    switch method.kind {
    case .unary:
      result = "async throws(GRPCError) -> \(method.output)"
      call = "try await client.unary(\(path), request, options: options)"
    case .serverStreaming:
      result = "async throws(GRPCError) -> GRPCReplies<\(method.output)>"
      call = "try await client.serverStreaming(\(path), request, options: options)"
    case .clientStreaming:
      result = "async throws(GRPCError) -> GRPCUploadCall<\(types)>"
      call = "try await client.clientStreaming(\(path), options: options)"
    case .bidirectional:
      result = "async throws(GRPCError) -> GRPCDuplexCall<\(types)>"
      call = "try await client.bidirectional(\(path), options: options)"
    }
    source.line()
    source.comment(method.comment)
    try source.block("\(access) func \(method.swiftName)(\(parameters)) \(result)") { source throws(GeneratorError) in
      source.line(call)
    }
  }

  /// The table that connects a server's methods with their names.
  func writeExtensions(namespace: String, to source: inout SourceText) throws(GeneratorError) {
    let methods = try methods()
    let scope = namespace.isEmpty ? "" : namespace + "."
    try source.block("extension \(scope)\(protocolName)") { source throws(GeneratorError) in
      source.line("\(access) static var serviceName: String { \(Names.literal(fullName)) }")
      source.line()
      let descriptors = scope + Generator.descriptorsName(file.name)
      source.line("\(access) static var descriptors: [EmbeddedDescriptor] { \(descriptors) }")
      source.line()
      try source.block("\(access) var methods: [GRPCMethod]") { source throws(GeneratorError) in
        source.line("[")
        try source.indented { source throws(GeneratorError) in
          for method in methods {
            source.line(".\(method.kind.rawValue)(\(Names.literal(method.name)), self.\(method.swiftName)),")
          }
        }
        source.line("]")
      }
    }
  }
}
