import AppABI
import AppFormat
import AppSigning
import Crypto
import JSON

/// What the bytes of an app say about it, without running it.
public struct Inspection: Sendable {
  public enum Form: String, Sendable {
    case module, package, image, manifest
  }

  /// A function that the app takes from the host.
  public struct Import: Sendable, Equatable {
    public enum Verdict: Sendable, Equatable {
      /// A row of the table; any one of these capabilities is enough, none is needed when it is empty.
      case known(CapabilitySet)
      /// Of WASI preview 1.
      case wasi
      /// The table has it with other types: a call ends the app.
      case wrongType
      /// No host has it: a call ends the app.
      case unknown
      /// A call gives an error whatever the types are; the app goes on.
      case refused
    }

    public var module: String
    public var name: String
    public var verdict: Verdict
  }

  public var form: Form
  public var size: Int
  /// What counts; `nil` when the app has none, which means no rights.
  public var manifest: AppManifest?
  /// Why the manifest is refused.
  public var manifestProblem: String?
  /// Of a package: its `manifest.json` says something else than the binary.
  public var manifestsDiffer = false
  public var imports: [Import] = []
  public var exports: [String] = []
  /// Pages of 64 KiB; `nil` when the app has no memory.
  public var memory: ModuleOutline.Limits?
  /// SHA-256 of the module.
  public var identity: [UInt8] = []
  public var sections: [(name: String, size: Int)] = []
  public var signatures: [AppPackage.SignatureAlgorithm] = []
  /// Whether the keys that were given made the signatures; `nil` when none were given.
  public var isTrusted: Bool?

  /// - Parameter keys: whom to trust; empty: signatures are listed, not checked.
  public init(_ bytes: [UInt8], keys: [PublicKey] = []) throws(AppFormatError) {
    size = bytes.count
    if bytes.starts(with: [0x1F, 0x8B]) {
      form = .package
      let package = try AppPackage(bytes)
      signatures = package.signatures.map(\.algorithm)
      if !keys.isEmpty {
        isTrusted = !signatures.isEmpty && (try? AppTrust(keys: keys).verify(package)) != nil
      }
      try readModule(package.module)
      let beside = Self.attempt { () throws(AppFormatError) in try AppManifest(json: package.manifest) }
      if manifest == nil, manifestProblem == nil {
        (manifest, manifestProblem) = beside
      } else {
        manifestsDiffer = beside.manifest != manifest
      }
    } else if AheadOfTimeImage.begins(bytes) {
      form = .image
      let image = try AheadOfTimeImage(bytes)
      sections = image.sections.map { ("type \($0.type)", $0.contents.count) }
      (manifest, manifestProblem) = Self.attempt { () throws(AppFormatError) in
        try AppManifest.embedded(inImage: bytes)
      }
      identity = Digest.sha256(bytes)
    } else if bytes.starts(with: ModuleOutline.magic) {
      form = .module
      try readModule(bytes)
    } else {
      form = .manifest
      let first = bytes.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
      guard let first, first < 0x80, !bytes.contains(0) else { throw .notAModule }
      manifest =
        first == UInt8(ascii: "{")
        ? try AppManifest(json: bytes) : try AppManifest(json: JSON.object(LegacyManifest(bytes).json).bytes())
    }
  }

  private static func attempt(
    _ read: () throws(AppFormatError) -> AppManifest?
  ) -> (manifest: AppManifest?, problem: String?) {
    do throws(AppFormatError) { return (try read(), nil) } catch { return (nil, error.description) }
  }

  private mutating func readModule(_ bytes: [UInt8]) throws(AppFormatError) {
    let outline = try ModuleOutline(bytes)
    identity = outline.identity
    exports = outline.exports.map(\.name)
    memory = outline.memories.first
    sections = outline.sections.map { ($0.name ?? Self.sectionName($0.id), $0.contents.count) }
    for item in outline.imports {
      switch item.kind {
      case .function(let type):
        imports.append(
          Import(module: item.module, name: item.name, verdict: Self.verdict(item.module, item.name, type)))
      case .memory(let limits):
        memory = limits
        imports.append(Import(module: item.module, name: item.name, verdict: .unknown))
      default: imports.append(Import(module: item.module, name: item.name, verdict: .unknown))
      }
    }
    (manifest, manifestProblem) = Self.attempt { () throws(AppFormatError) in
      try AppManifest.embedded(in: bytes, outline)
    }
  }

  private static func verdict(
    _ module: String, _ name: String, _ type: ModuleOutline.FunctionType
  ) -> Import.Verdict {
    let isWASI = module == NativeTable.wasiModule
    let rows =
      isWASI ? NativeTable.wasi.filter { $0.name == name } : NativeTable.functions(module: module, name: name)
    guard let row = rows.first(where: { $0.accepts(type) }) else {
      if NativeTable.support(ofUnlisted: module, name) != nil { return .refused }
      return rows.isEmpty ? .unknown : .wrongType
    }
    // A C library imports more than its program calls, so nothing is missing for that.
    return isWASI ? .wasi : .known(row.capabilities)
  }

  private static func sectionName(_ id: UInt8) -> String {
    let names = [
      "custom", "types", "imports", "functions", "tables", "memories", "globals", "exports", "start", "elements",
      "code", "data", "data count", "tags",
    ]
    return Int(id) < names.count ? names[Int(id)] : "\(id)"
  }

  // MARK: Capabilities

  /// What the manifest asks for.
  public var declared: CapabilitySet {
    CapabilityRegistry().capabilities(named: manifest?.capabilities ?? [])
  }

  /// Names of the manifest that stand for nothing here.
  public var undefinedCapabilities: [String] {
    (manifest?.capabilities ?? []).filter { CapabilityRegistry().capabilities(named: $0).isEmpty }
  }

  /// What the imports can make use of.
  public var useful: CapabilitySet {
    imports.reduce(into: []) { set, item in
      switch item.verdict {
      case .known(let capabilities): set.formUnion(capabilities)
      case .wasi: for row in NativeTable.wasi where row.name == item.name { set.formUnion(row.capabilities) }
      case .wrongType, .unknown, .refused: break
      }
    }
  }

  /// Imports that will answer EPERM, since none of their capabilities is asked for.
  public var refusedImports: [Import] {
    imports.filter { item in
      guard case .known(let capabilities) = item.verdict else { return false }
      return !capabilities.isEmpty && !declared.containsAny(of: capabilities)
    }
  }

  /// What to ask for so that no import is refused: the first of those that are enough.
  public var missing: [String] {
    var names: [String] = []
    for item in refusedImports {
      guard case .known(let capabilities) = item.verdict,
        let name = CapabilityRegistry().names(of: capabilities).first, !names.contains(name)
      else { continue }
      names.append(name)
    }
    return names
  }

  /// What is asked for without any import that could use it.
  public var unneeded: [String] { CapabilityRegistry().names(of: declared.subtracting(useful)) }
}

extension NativeFunction {
  /// Whether a module may import the row with this type: hosts do not mind whether a result of 32 bits is taken.
  func accepts(_ type: ModuleOutline.FunctionType) -> Bool {
    guard outlineType.parameters == type.parameters else { return false }
    return result == .int64 ? type.results == [.i64] : type.results.isEmpty || type.results == [.i32]
  }

  /// The row as the type of an import.
  public var outlineType: ModuleOutline.FunctionType {
    let parameters = types.map { $0 == .i64 ? ModuleOutline.ValueType.i64 : .i32 }
    switch result {
    case .nothing: return ModuleOutline.FunctionType(parameters)
    case .int32, .address: return ModuleOutline.FunctionType(parameters, [.i32])
    case .int64: return ModuleOutline.FunctionType(parameters, [.i64])
    }
  }
}
