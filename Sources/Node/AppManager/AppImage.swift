import AppFormat
import AppSigning
import Bytes
import Crypto

/// What a node accepts.
public struct AppInstallRules: Sendable {
  /// Whether a signature is required is part of it; it is not required only in development mode.
  public var trust: AppTrust
  /// Of the node's software, for `min_akiraos_version`.
  public var hostVersion: HostVersion
  public var abi: ABIVersion
  public var moduleBytesMax: Int
  public var capabilities: CapabilityRegistry

  public static let moduleBytesMax = 1024 << 10

  public init(
    trust: AppTrust, hostVersion: HostVersion = HostVersion(0, 0, 0), abi: ABIVersion = .host,
    moduleBytesMax: Int = AppInstallRules.moduleBytesMax, capabilities: CapabilityRegistry = CapabilityRegistry()
  ) {
    self.trust = trust
    self.hostVersion = hostVersion
    self.abi = abi
    self.moduleBytesMax = moduleBytesMax
    self.capabilities = capabilities
  }

  /// Of what is sent: a package is never much larger than what is in it.
  public var uploadBytesMax: Int { max(moduleBytesMax, AppPackage.unpackedBytesMax) + 64 << 10 }
}

/// An app that was checked and can be installed. A pure function of the bytes and the rules.
public struct AppImage: Sendable, Equatable {
  /// The files of a version.
  struct Members: Sendable, Equatable {
    var module: [UInt8]
    /// The manifest that counts, as it is written; `{}` when there is none.
    var manifest: [UInt8]
    var model: [UInt8]?
    var icon: [UInt8]?

    /// SHA-256 over one digest per file, with a byte before it that says whether the file is there.
    var id: AppVersionID {
      var digest = Digest()
      for file in [module, manifest, model, icon] {
        digest.update([file == nil ? 0 : 1])
        if let file { digest.update(Digest.sha256(file)) }
      }
      return AppVersionID(digest: digest.finish())
    }
  }

  public let name: AppName
  public let id: AppVersionID
  public let manifest: AppManifest
  public let isManifestEmbedded: Bool
  /// SHA-256 over the keys that signed it; none for an unsigned app.
  public let signers: [[UInt8]]
  public let warning: AppManifest.ABIWarning?
  /// What the manifest asks for, of what this node knows.
  public let requested: CapabilitySet
  /// Names in the manifest that stand for nothing here.
  public let unknownCapabilities: [String]
  public let moduleSHA256: [UInt8]
  let files: Members

  /// Checks the bytes of a module or a package.
  ///
  /// - Parameters:
  ///   - bytes: `.wasm` or `.akpkg`, told apart by what they begin with.
  ///   - name: wins over the manifest's.
  ///   - sidecar: a manifest beside the module; counts only where none is inside of it, and not for packages.
  public init(
    _ bytes: [UInt8], name: String? = nil, sidecar: [UInt8]? = nil, rules: AppInstallRules
  ) throws(AppError) {
    guard bytes.count <= rules.uploadBytesMax else {
      throw .tooLarge(bytes: bytes.count, bytesMax: rules.uploadBytesMax)
    }
    let package = try Self.package(bytes, rules)
    let module = package?.package.module ?? bytes
    guard module.count <= rules.moduleBytesMax else {
      throw .tooLarge(bytes: module.count, bytesMax: rules.moduleBytesMax)
    }
    do throws(AppFormatError) {
      let outline = try ModuleOutline(module)
      let written: [UInt8]?
      if let section = outline.custom(AppManifest.sectionName) {
        isManifestEmbedded = true
        written = AppManifest.text(ofSection: module[section.contents])
        manifest = try AppManifest(json: written ?? [])
      } else if let package = package?.package {
        isManifestEmbedded = false
        written = package.manifest
        manifest = try AppManifest(json: package.manifest, bytesMax: AppManifest.packageBytesMax)
      } else if let sidecar {
        isManifestEmbedded = false
        written = sidecar
        manifest = try AppManifest(json: sidecar, bytesMax: AppManifest.sidecarBytesMax)
      } else {
        isManifestEmbedded = false
        written = nil
        manifest = AppManifest()
      }
      // Without a manifest an app has no rights, and nothing is compared.
      warning = written == nil ? nil : try manifest.checkABI(host: rules.abi, version: rules.hostVersion)
      files = Members(
        module: module, manifest: written ?? Array("{}".utf8), model: package?.package.model,
        icon: package?.package.icon)
      moduleSHA256 = outline.identity
    } catch {
      throw .format(error)
    }
    self.name = try Self.name(name, manifest, module)
    signers = package?.signers ?? []
    requested = rules.capabilities.capabilities(named: manifest.capabilities)
    unknownCapabilities = manifest.capabilities.filter { rules.capabilities.capabilities(named: $0).isEmpty }
    id = files.id
  }

  /// The package with its signers; `nil` for a module, where that needs no signature.
  private static func package(
    _ bytes: [UInt8], _ rules: AppInstallRules
  ) throws(AppError) -> (package: AppPackage, signers: [[UInt8]])? {
    guard Gzip.isGzip(bytes) else {
      // What is no module at all is better called so than unsigned.
      if !bytes.starts(with: ModuleOutline.magic) {
        do throws(AppFormatError) { _ = try ModuleOutline(bytes) } catch { throw .format(error) }
      }
      if rules.trust.requiresSignature { throw .signing(.unsigned) }
      return nil
    }
    let package: AppPackage
    do throws(AppFormatError) { package = try AppPackage(bytes) } catch { throw .format(error) }
    do throws(AppSigningError) {
      return (package, try rules.trust.verify(package).map(\.keyHash))
    } catch {
      throw .signing(error)
    }
  }

  private static func name(
    _ asked: String?, _ manifest: AppManifest, _ module: [UInt8]
  ) throws(AppError) -> AppName {
    if let asked {
      guard let name = AppName(asked) else { throw .invalidName(asked) }
      return name
    }
    if !manifest.name.isEmpty {
      guard let name = AppName(manifest.name) else { throw .invalidName(manifest.name) }
      return name
    }
    let digits = String(CRC32.checksum(module.prefix(256)), radix: 16)
    let text = "app_" + String(repeating: "0", count: 8 - digits.count) + digits
    guard let name = AppName(text) else { throw .invalidName(text) }
    return name
  }

  /// What the registry keeps of it.
  func version(_ source: AppSource, installedAt: Int64) -> AppVersion {
    AppVersion(
      id: id, moduleSHA256: moduleSHA256, moduleBytes: files.module.count, version: manifest.version,
      isManifestEmbedded: isManifestEmbedded, isAttested: !signers.isEmpty, signers: signers.map { Hex.encode($0) },
      requested: requested, restart: AppRestartPolicy(manifest.restart), isAutostarted: manifest.isAutostarted,
      priority: manifest.priority, source: source, installedAt: installedAt)
  }

  /// The files that the registry writes, in order.
  var members: [(name: String, bytes: [UInt8])] {
    var members = [(name: "app.wasm", bytes: files.module), (name: "manifest.json", bytes: files.manifest)]
    if let model = files.model { members.append((name: "model.tflite", bytes: model)) }
    if let icon = files.icon { members.append((name: "icon_32.bmp", bytes: icon)) }
    return members
  }
}
