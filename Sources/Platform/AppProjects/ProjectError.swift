import AppFormat
import AppSigning
import Crypto
import Glibc

/// Why a project cannot be made, built or packed.
public enum ProjectError: Error, Sendable, CustomStringConvertible {
  /// A tool is not on this machine; `install` says how to get it.
  case missingTool(String, install: String)
  /// The project itself is wrong.
  case project(path: String, reason: String)
  /// A compiler or linker refused the project; the text is what it said.
  case tool(String, status: Int32, output: String)
  case exists(String)
  case system(path: String, errno: Int32)
  case format(path: String, AppFormatError)
  case signing(AppSigningError)
  case key(path: String, CryptoError)

  public var description: String {
    switch self {
    case .missingTool(let tool, let install): "\(tool) is not there: \(install)"
    case .project(let path, let reason): "\(path): \(reason)"
    case .tool(let tool, let status, let output): "\(tool) ended with \(status):\n\(output)"
    case .exists(let path): "\(path) is there already"
    case .system(let path, let code): "\(path): \(String(cString: strerror(code)))"
    case .format(let path, let error): "\(path): \(error)"
    case .signing(let error): "\(error)"
    case .key(let path, let error): "\(path): \(error)"
    }
  }
}
