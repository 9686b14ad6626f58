import AppFormat
import AppSigning
import Crypto
import JSON

/// Packages and keys.
public enum Packaging {
  /// What comes into a package beside the module.
  public struct Extras: Sendable {
    /// A manifest in place of the one inside of the module, in JSON or of the older kind.
    public var manifest: [UInt8]?
    public var model: [UInt8]?
    public var icon: [UInt8]?

    public init(manifest: [UInt8]? = nil, model: [UInt8]? = nil, icon: [UInt8]? = nil) {
      self.manifest = manifest
      self.model = model
      self.icon = icon
    }
  }

  /// A package of a module; a package that is given is taken as it is, with what `extras` has in place of its own. Signatures
  /// of what has changed are left out.
  ///
  /// - Parameter path: of the bytes, for errors.
  public static func pack(_ bytes: [UInt8], path: String, _ extras: Extras = Extras()) throws(ProjectError)
    -> AppPackage
  {
    do throws(AppFormatError) {
      var package: AppPackage
      if bytes.starts(with: [0x1F, 0x8B]) {
        package = try AppPackage(bytes)
      } else {
        let outline = try ModuleOutline(bytes)
        let section = outline.custom(AppManifest.sectionName)
        package = AppPackage(module: bytes, manifest: section.map { Array(bytes[$0.contents]) } ?? [])
      }
      let signed = package.signedBytes
      if let manifest = extras.manifest {
        package.manifest =
          manifest.first == UInt8(ascii: "{") ? manifest : JSON.object(try LegacyManifest(manifest).json).bytes()
        // The binary's own manifest wins when it is run: both have to say the same.
        package.module = try AppManifest.embed(package.manifest, in: package.module)
      }
      if let model = extras.model { package.model = model }
      if let icon = extras.icon { package.icon = icon }
      if package.signedBytes != signed { package.signatures = [] }
      guard !package.manifest.isEmpty else { throw .missingMember("manifest; --manifest FILE gives it one") }
      if try AppManifest(json: package.manifest, bytesMax: AppManifest.packageBytesMax).name.isEmpty {
        throw .manifestField("name", wanted: "a name")
      }
      return package
    } catch {
      throw .format(path: path, error)
    }
  }

  /// Adds the signature of a key in a PEM file.
  public static func sign(_ package: inout AppPackage, keyPath: String) throws(ProjectError) {
    let key = try key(keyPath)
    do throws(AppSigningError) { try package.sign(with: key) } catch { throw .signing(error) }
  }

  /// A private key in a PEM file.
  public static func key(_ path: String) throws(ProjectError) -> PrivateKey {
    let key: PrivateKey?
    do throws(CryptoError) { key = try PrivateKey.load(path) } catch { throw .key(path: path, error) }
    guard let key else { throw .project(path: path, reason: "no such key; `aether app keygen` makes one") }
    return key
  }

  /// The bytes of the file `.akpkg`.
  public static func packed(_ package: AppPackage, path: String) throws(ProjectError) -> [UInt8] {
    do throws(AppFormatError) { return try package.packed() } catch { throw .format(path: path, error) }
  }

  /// Makes a pair of keys: the private one at the path, for its owner only, the public one beside it with `.pub`.
  ///
  /// - Returns: the path of the public one.
  @discardableResult
  public static func makeKey(_ algorithm: KeyAlgorithm, at path: String) throws(ProjectError) -> String {
    let publicPath = "\(path).pub"
    for path in [path, publicPath] where Disk.isThere(path) { throw .exists(path) }
    let text: String
    do throws(CryptoError) {
      let key = try PrivateKey.generate(algorithm)
      try key.store(path)
      text = try key.publicKey.pem()
    } catch {
      throw .key(path: path, error)
    }
    try Disk.write(Array(text.utf8), to: publicPath, isNew: true)
    return publicPath
  }
}
