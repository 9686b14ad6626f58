import AppFormat
import AppSigning
import Linux

/// Why a package of the host is refused, or cannot be made.
public enum HostPackageError: Error, Sendable, Equatable, CustomStringConvertible {
  case archive(AppFormatError)
  /// Members are missing, too many, or in another order.
  case layout(String)
  case manifest(String)
  case otherProduct(String)
  case otherArchitecture(String)
  case trust(AppSigningError)
  /// A file is not what the manifest says of it.
  case digest(path: String)
  /// The package ends before its last file.
  case truncated
  /// A file of this machine that cannot be read or written.
  case file(LinuxError)

  public var description: String {
    switch self {
    case .archive(let error): "the archive: \(error)"
    case .layout(let reason): reason
    case .manifest(let reason): "the manifest: \(reason)"
    case .otherProduct(let name): "it is for \"\(name)\", not for \(HostManifest.product)"
    case .otherArchitecture(let name):
      "it is for \(name); this machine is \(HostArchitecture.current?.rawValue ?? "another one")"
    case .trust(let error): error.description
    case .digest(let path): "\(path) is not what the manifest says of it"
    case .truncated: "the package ends too early"
    case .file(let error): error.description
    }
  }

  package static func wrapping<Value: ~Copyable>(
    _ body: () throws(LinuxError) -> Value
  ) throws(HostPackageError) -> Value {
    do throws(LinuxError) { return try body() } catch { throw .file(error) }
  }
}
