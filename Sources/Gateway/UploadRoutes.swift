import Artifacts
import Bytes
import HTTP
import HTTPServer
import JSON
import Model

/// Bytes of apps: in one request, or in pieces that go on where they stopped.
extension Gateway {
  var uploadRoutes: [Route] {
    [
      Route(.get, "/v1/app-artifacts", listArtifacts),
      Route(.post, "/v1/app-artifacts", uploadArtifact),
      Route(.post, "/v1/app-uploads", beginUpload),
      Route(.get, "/v1/app-uploads/{id}", uploadStatus),
      Route(.put, "/v1/app-uploads/{id}", continueUpload),
      Route(.delete, "/v1/app-uploads/{id}", abortUpload),
      Route(.post, "/v1/app-uploads/{id}/commit", commitUpload),
    ]
  }

  /// Bytes that go to the store of artifacts at a time.
  private static let pieceBytes = 256 << 10

  @Sendable private func listArtifacts(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    try request.requireAccept("application/json")
    let items = await artifacts.artifacts(owner: try context.caller().user)
    return .json(["items": .array(items.map(\.json))])
  }

  /// The whole of it in one request: the bytes go to the disk as they come, and are hashed on the way.
  @Sendable private func uploadArtifact(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery(["sha256"])
    try request.requireAccept("application/json")
    try requireBytes(request)
    let digest = try request.query("sha256").first.map { text throws(APIError) in try Self.digest(text) }
    let artifact = try await take(request, digest: digest, by: try context.caller())
    return .json(artifact.json, status: .created)
  }

  /// All bytes of a request as an artifact.
  func take(_ request: HTTPRequest, digest: String? = nil, by caller: Caller) async throws -> StoredArtifact {
    let owner = caller.user
    do {
      let upload = try await artifacts.begin(owner: owner, digest: digest)
      do {
        try await copy(request.body, to: upload.id, offset: 0, owner)
        return try await artifacts.commit(upload.id, owner: owner)
      } catch {
        try? await artifacts.abort(upload.id, owner: owner)
        throw error
      }
    } catch let error as ArtifactError {
      if case .incomplete = error { throw APIError.invalid("body", "is empty", accepted: "the bytes of an app") }
      throw APIError(artifact: error)
    }
  }

  /// - Returns: how many bytes have come now.
  @discardableResult
  private func copy(_ body: HTTPRequestBody, to id: String, offset: Int, _ owner: String) async throws -> Int {
    var (offset, piece) = (offset, [UInt8]())
    var received = offset
    for try await bytes in body {
      if piece.isEmpty { piece = bytes } else { piece += bytes }
      guard piece.count >= Gateway.pieceBytes else { continue }
      received = try await artifacts.write(id, owner: owner, offset: offset, piece)
      offset += piece.count
      piece.removeAll(keepingCapacity: true)
    }
    guard !piece.isEmpty else { return received }
    return try await artifacts.write(id, owner: owner, offset: offset, piece)
  }

  // MARK: In pieces

  @Sendable private func beginUpload(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    try request.requireAccept("application/json")
    let owner = try context.caller().user
    var reader = try FieldReader(try await request.document(), path: "")
    let size = try reader.optionalInteger("size") ?? 0
    let digest = try reader.optionalString("sha256").map { text throws(APIError) in try Self.digest(text) }
    try reader.refuseUnknown()
    guard size > 0 else {
      throw APIError.invalid("size", "is \(size)", accepted: "1 to \(artifacts.limits.artifactBytesMax)")
    }
    return .json(
      try await told { try await artifacts.begin(owner: owner, size: Int(size), digest: digest) }.json,
      status: .created)
  }

  @Sendable private func uploadStatus(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    try request.requireAccept("application/json")
    let owner = try context.caller().user
    let id = context.parameter("id")
    return .json(try await told { try await artifacts.upload(id, owner: owner) }.json)
  }

  @Sendable private func continueUpload(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery(["offset"])
    try request.requireAccept("application/json")
    try requireBytes(request)
    let owner = try context.caller().user
    let id = context.parameter("id")
    guard let offset = try request.queryInteger("offset", 0...Int64(Int32.max)) else {
      throw APIError.invalid("offset", "is missing", accepted: "where these bytes begin")
    }
    return .json(
      try await told {
        try await copy(request.body, to: id, offset: Int(offset), owner)
        return try await artifacts.upload(id, owner: owner)
      }.json)
  }

  @Sendable private func abortUpload(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery([])
    let owner = try context.caller().user
    let id = context.parameter("id")
    try await told { try await artifacts.abort(id, owner: owner) }
    return .json(["id": .string(id)])
  }

  /// With `install=NAME` the artifact becomes the source of that app, which is declared when there is none; with an empty
  /// name it is called as its manifest says.
  @Sendable private func commitUpload(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    try request.checkQuery(["install"])
    try request.requireAccept("application/json")
    let caller = try context.caller()
    let id = context.parameter("id")
    let asked = request.query("install").first
    if let name = asked, !name.isEmpty, !ResourceName.isValid(name) {
      throw APIError.invalid("install", "is \"\(name.prefix(80))\"", accepted: "the name of an app")
    }
    let artifact = try await told { try await artifacts.commit(id, owner: caller.user) }
    guard let asked else { return .json(artifact.json, status: .created) }
    let app = try await install(artifact, as: asked, by: caller)
    return .json(
      ["artifact": artifact.json, "resource": app.json], status: .created)
  }

  /// Declares the app of a name with an artifact as its source; what else is declared of it stays.
  ///
  /// - Parameter asked: "": as its manifest says.
  func install(_ artifact: StoredArtifact, as asked: String, by caller: Caller) async throws -> Resource {
    var name = asked
    if name.isEmpty {
      let bytes = try await told { try await artifacts.bytes(of: artifact.digest, owner: caller.user) }
      name = try await AppNaming.name(of: bytes)
    }
    let key = ResourceKey(owner: caller.user, kind: "App", name: name)
    let kind = try kinds.require(key.kind)
    var app =
      try await present(key)
      ?? Resource(
        kind: key.kind, metadata: Metadata(name: name, owner: caller.user, finalizers: kind.finalizers), spec: [:])
    var spec = app.spec.objectValue ?? [:]
    spec["source"] = ["artifact": .string("sha256:\(artifact.digest)")]
    app.spec = .object(spec)
    return try await declare(app)
  }

  // MARK: Parts

  private func requireBytes(_ request: HTTPRequest) throws(APIError) {
    let type = (request.headers["content-type"] ?? "").prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
    guard ["application/octet-stream", "application/wasm", "application/gzip"].contains(type) else {
      throw APIError(
        .unsupportedMediaType, "Content-Type is \"\(type.prefix(80))\"", field: "Content-Type",
        accepted: "application/octet-stream, application/wasm, application/gzip")
    }
  }

  private static func digest(_ text: String) throws(APIError) -> String {
    let digits = text.lowercased()
    guard let bytes = try? Hex.decode(digits), bytes.count == 32 else {
      throw .invalid("sha256", "is \"\(text.prefix(80))\"", accepted: "64 hexadecimal digits")
    }
    return digits
  }

  /// Errors of the store of artifacts as those of the API.
  private func told<Value>(_ body: () async throws -> Value) async throws -> Value {
    do { return try await body() } catch let error as ArtifactError { throw APIError(artifact: error) }
  }
}

extension StoredArtifact {
  var json: JSON { ["artifact": .string("sha256:\(digest)"), "size": .integer(Int64(size))] }
}

extension ArtifactUpload {
  fileprivate var json: JSON {
    var json: JSONObject = ["id": .string(id), "received": .integer(Int64(received))]
    if let size { json["size"] = .integer(Int64(size)) }
    if let digest { json["sha256"] = .string(digest) }
    return .object(json)
  }
}

extension APIError {
  init(artifact error: ArtifactError) {
    let code: Code =
      switch error {
      case .noArtifact, .noUpload: .notFound
      case .tooLarge, .pastEnd: .tooLarge
      case .wrongOffset, .busy: .conflict
      case .incomplete: .failedPrecondition
      case .digestMismatch: .invalid
      case .tooManyUploads: .rateLimited
      case .storage(let error): error.errno == 28 ? .storageFull : .unavailable
      }
    self.init(code, error.description)
  }
}
