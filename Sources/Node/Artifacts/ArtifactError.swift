import Linux

/// Why the store of artifacts does not do what it is asked.
public enum ArtifactError: Error, Sendable, Equatable {
  case noArtifact(String)
  case noUpload(String)
  case tooLarge(bytes: Int, bytesMax: Int)
  case tooManyUploads(max: Int)
  /// Bytes behind the size that was announced.
  case pastEnd(size: Int)
  /// Bytes that do not follow those that have come.
  case wrongOffset(received: Int)
  case incomplete(received: Int, size: Int)
  /// Another SHA-256 than announced.
  case digestMismatch(String)
  /// The upload is being written to by another request.
  case busy
  case storage(LinuxError)
}

extension ArtifactError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noArtifact(let digest): "no artifact sha256:\(digest) is stored; upload it first"
    case .noUpload(let id): "no upload \"\(id.prefix(80))\" is under way"
    case .tooLarge(let bytes, let most): "\(bytes) bytes; at most \(most) are accepted"
    case .tooManyUploads(let most): "\(most) uploads are under way, which is the limit"
    case .pastEnd(let size): "bytes behind the announced size of \(size)"
    case .wrongOffset(let received): "\(received) bytes have come; the next ones begin there"
    case .incomplete(let received, let size): "\(received) of \(size) bytes have come"
    case .digestMismatch(let digest): "the bytes have the SHA-256 \(digest), which is another than announced"
    case .busy: "another request writes to this upload"
    case .storage(let error): error.description
    }
  }
}
