import Crypto

/// Where an issuer's key set comes from.
public struct KeySetSource: Sendable {
  /// Gives the document; the verifier bounds how long it waits.
  public let fetch: @Sendable () async throws -> [UInt8]

  /// - Parameter fetch: such as a GET of the issuer's `jwks_uri`.
  public init(_ fetch: @escaping @Sendable () async throws -> [UInt8]) { self.fetch = fetch }

  /// A file that is read anew at each refresh.
  public static func file(_ path: String) -> KeySetSource {
    KeySetSource {
      guard let document = try ProtectedFile.read(path, sizeMax: KeySet.sizeMax) else {
        throw IdentityError.keysUnavailable("\(path) does not exist")
      }
      return document.exposed()
    }
  }

  /// Keys known beforehand.
  public static func fixed(_ set: KeySet) throws(IdentityError) -> KeySetSource {
    let document = try set.json().bytes()
    return KeySetSource { document }
  }
}
