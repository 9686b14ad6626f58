import JSON

/// Why the bytes of an app are refused. Offsets count from the start of the bytes that were given.
public enum AppFormatError: Error, Sendable, Equatable {
  /// Neither a WebAssembly module nor anything else that is known here.
  case notAModule
  /// Machine code of another runtime (magic `\0aot`), which cannot be run here.
  case aheadOfTimeImage
  case moduleVersion(UInt32)
  /// Bytes are missing.
  case truncated(offset: Int)
  /// A number is longer than its type allows.
  case invalidNumber(offset: Int)
  /// A name is not UTF-8.
  case invalidText(offset: Int)
  /// A type or kind that does not exist or is not supported.
  case invalidKind(UInt8, offset: Int)
  /// A section's contents do not fill it.
  case sectionSize(offset: Int)
  /// An index points to nothing.
  case invalidIndex(UInt32, offset: Int)
  /// The manifest is not JSON, or not an object.
  case manifestSyntax(JSONError.Reason, offset: Int)
  /// A field of the manifest has a value that is not accepted; the path is such as `network_policy.allowed_ports[2]`.
  case manifestField(String, wanted: String)
  /// A line of a manifest of the older kind, from 1.
  case manifestLine(Int, String)
  case manifestTooLarge(bytes: Int, bytesMax: Int)
  /// The app was made for another interface, or for a newer host.
  case incompatible(wanted: String, offered: String)
  /// The gzip frame or its data are damaged.
  case compression(String, offset: Int)
  /// The archive inside of a package is damaged, or has names that are not allowed.
  case archive(String, offset: Int)
  case missingMember(String)
  case tooLarge(bytes: Int, bytesMax: Int)
  /// A vendor capability that cannot be registered.
  case vendorCapability(String, VendorProblem)

  public enum VendorProblem: Sendable, Equatable {
    case malformed, clashesWithCore, exists, noBitLeft
  }
}

extension AppFormatError {
  /// The reference's error number, negative.
  public var errno: Int32 {
    switch self {
    case .manifestTooLarge, .tooLarge: -27
    case .incompatible, .aheadOfTimeImage: -95
    case .missingMember: -2
    case .vendorCapability(_, .exists): -17
    case .vendorCapability(_, .noBitLeft): -12
    default: -22
    }
  }
}

extension AppFormatError {
  /// Whether it is the structure of a module's bytes that is wrong.
  public var concernsModule: Bool {
    switch self {
    case .moduleVersion, .truncated, .invalidNumber, .invalidText, .invalidKind, .sectionSize, .invalidIndex: true
    default: false
    }
  }
}

extension AppFormatError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notAModule: "not a WebAssembly module"
    case .aheadOfTimeImage: "an ahead-of-time image of another runtime; the .wasm file is needed"
    case .moduleVersion(let version): "WebAssembly version \(version); 1 is accepted"
    case .truncated(let offset): "bytes are missing at offset \(offset)"
    case .invalidNumber(let offset): "a number at offset \(offset) is too long"
    case .invalidText(let offset): "a name at offset \(offset) is not UTF-8"
    case .invalidKind(let kind, let offset): "kind \(kind) at offset \(offset) is not known"
    case .sectionSize(let offset): "the section at offset \(offset) has another size than its contents"
    case .invalidIndex(let index, let offset): "index \(index) at offset \(offset) points to nothing"
    case .manifestSyntax(let reason, let offset):
      "manifest: \(JSONError(reason: reason, offset: offset).description)"
    case .manifestField(let path, let wanted): "manifest: \(path): accepted is \(wanted)"
    case .manifestLine(let line, let reason): "manifest: line \(line): \(reason)"
    case .manifestTooLarge(let bytes, let most): "a manifest of \(bytes) bytes; at most \(most) are accepted"
    case .incompatible(let wanted, let offered): "the app needs \(wanted), this is \(offered)"
    case .compression(let reason, let offset): "gzip: \(reason) at offset \(offset)"
    case .archive(let reason, let offset): "package: \(reason) at offset \(offset)"
    case .missingMember(let name): "the package has no \(name)"
    case .tooLarge(let bytes, let most): "\(bytes) bytes; at most \(most) are accepted"
    case .vendorCapability(let name, let problem):
      switch problem {
      case .malformed: "capability \"\(name)\": 1 to 63 characters with a dot and without * are accepted"
      case .clashesWithCore: "capability \"\(name)\" belongs to the core set"
      case .exists: "capability \"\(name)\" is registered already"
      case .noBitLeft: "capability \"\(name)\": all 16 vendor bits are taken"
      }
    }
  }
}
