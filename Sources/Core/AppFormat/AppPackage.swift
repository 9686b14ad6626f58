import Bytes

/// An app with what belongs to it in one file: `.akpkg`, a gzip of a tar.
public struct AppPackage: Sendable, Equatable {
  /// How a package is signed. The numbers are the reference's.
  public enum SignatureAlgorithm: UInt8, Sendable, CaseIterable {
    case rsa2048SHA256 = 1
    case ed25519 = 2

    /// The member of the package that holds the signature.
    public var memberName: String {
      switch self {
      case .rsa2048SHA256: "sig.rsa2048"
      case .ed25519: "sig.ed25519"
      }
    }

    /// Bytes of a signature.
    public var length: Int {
      switch self {
      case .rsa2048SHA256: 256
      case .ed25519: 64
      }
    }
  }

  public struct Signature: Sendable, Equatable {
    public var algorithm: SignatureAlgorithm
    public var bytes: [UInt8]

    public init(algorithm: SignatureAlgorithm, bytes: [UInt8]) {
      self.algorithm = algorithm
      self.bytes = bytes
    }
  }

  /// `app.wasm`.
  public var module: [UInt8]
  /// `manifest.json`, as it is written.
  public var manifest: [UInt8]
  /// `model.tflite`.
  public var model: [UInt8]?
  /// `icon_32.bmp`.
  public var icon: [UInt8]?
  public var signatures: [Signature]

  public init(
    module: [UInt8], manifest: [UInt8], model: [UInt8]? = nil, icon: [UInt8]? = nil, signatures: [Signature] = []
  ) {
    self.module = module
    self.manifest = manifest
    self.model = model
    self.icon = icon
    self.signatures = signatures
  }

  /// Of the unpacked archive.
  public static let unpackedBytesMax = 4 << 20

  /// Reads a package. Members of other names are left out; what is read is checked for size, not for meaning.
  public init(_ bytes: [UInt8]) throws(AppFormatError) {
    let members = try Tar.read(try Gzip.unpack(bytes, outputMax: Self.unpackedBytesMax))
    func member(_ name: String) -> [UInt8]? { members.first { $0.name == name }?.contents }
    guard let module = member("app.wasm") else { throw .missingMember("app.wasm") }
    guard let manifest = member("manifest.json") else { throw .missingMember("manifest.json") }
    guard manifest.count <= AppManifest.packageBytesMax else {
      throw .manifestTooLarge(bytes: manifest.count, bytesMax: AppManifest.packageBytesMax)
    }
    self.init(module: module, manifest: manifest, model: member("model.tflite"), icon: member("icon_32.bmp"))
    for algorithm in SignatureAlgorithm.allCases {
      guard let bytes = member(algorithm.memberName) else { continue }
      guard bytes.count == algorithm.length else {
        throw .archive("\(algorithm.memberName) of \(bytes.count) bytes, \(algorithm.length) are wanted", offset: 0)
      }
      signatures.append(Signature(algorithm: algorithm, bytes: bytes))
    }
  }

  /// The file. Equal packages give equal bytes.
  public func packed() throws(AppFormatError) -> [UInt8] {
    guard manifest.count <= AppManifest.packageBytesMax else {
      throw .manifestTooLarge(bytes: manifest.count, bytesMax: AppManifest.packageBytesMax)
    }
    var members = [
      Tar.Member(name: "manifest.json", contents: manifest), Tar.Member(name: "app.wasm", contents: module),
    ]
    if let model { members.append(Tar.Member(name: "model.tflite", contents: model)) }
    if let icon { members.append(Tar.Member(name: "icon_32.bmp", contents: icon)) }
    for signature in signatures {
      members.append(Tar.Member(name: signature.algorithm.memberName, contents: signature.bytes))
    }
    let archive = Tar.write(members)
    guard archive.count <= Self.unpackedBytesMax else {
      throw .tooLarge(bytes: archive.count, bytesMax: Self.unpackedBytesMax)
    }
    return Gzip.pack(archive)
  }

  /// The bytes that a signature is over: `manifest.json`, `app.wasm` and `model.tflite`, one after the other.
  public var signedBytes: [UInt8] { manifest + module + (model ?? []) }

  /// SHA-256 over ``signedBytes``.
  public var digest: [UInt8] { SHA256.digest(signedBytes) }
}
