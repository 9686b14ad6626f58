import AppFormat
import AppSigning
import Linux

/// Why the app manager does not do what it is asked.
public enum AppError: Error, Sendable, Equatable {
  case notFound(String)
  /// Not a name that an app can have.
  case invalidName(String)
  /// A setting, size or capability that is not accepted.
  case invalid(String, wanted: String)
  case format(AppFormatError)
  case signing(AppSigningError)
  case tooLarge(bytes: Int, bytesMax: Int)
  case tooManyApps(max: Int)
  case tooManyRunning(max: Int)
  case tooManySessions(max: Int)
  /// The app is being changed or removed.
  case busy(String)
  /// Part of the node: cannot be uninstalled.
  case preloaded(String)
  case noPreviousVersion(String)
  case noSession(String)
  /// Bytes behind the size that was announced.
  case pastEnd(size: Int)
  /// Bytes before these are missing.
  case gap(received: Int)
  /// Other bytes came before at this place.
  case otherBytes(offset: Int)
  case incomplete(received: Int, size: Int)
  case digestMismatch
  case start(AppFailure)
  /// The new version failed, and the one before is back.
  case rolledBack(AppFailure)
  /// Somebody else asked for the opposite meanwhile.
  case overtaken(String)
  /// The files of the app are missing or changed.
  case damaged(AppDamage)
  case storage(LinuxError)
  /// Another manager has this folder.
  case inUse(String)
  case closed
}

extension AppError {
  /// The reference's error number, negative.
  public var errno: Int32 {
    switch self {
    case .notFound, .noPreviousVersion, .noSession: -2
    case .invalidName, .invalid, .gap, .otherBytes, .digestMismatch: -22
    case .format(let error): error.errno
    case .signing(let error): error.errno
    case .tooLarge: -27
    case .tooManyApps: -12
    case .tooManyRunning, .tooManySessions, .busy, .inUse: -16
    case .preloaded: -1
    case .pastEnd: -28
    case .incomplete: -11
    case .start(let failure): failure.kind == .start && failure.code < 0 ? failure.code : -5
    case .damaged: -5
    case .rolledBack, .overtaken: -125
    case .storage(let error): -error.errno
    case .closed: -19
    }
  }
}

extension AppError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notFound(let name): "no app \"\(name)\" is installed"
    case .invalidName(let name):
      "\"\(name)\" is no name for an app: 1 to \(AppName.bytesMax) bytes are accepted, without slashes, control characters, "
        + "*, +, #, spaces at the ends and a dot in front"
    case .invalid(let field, let wanted): "\(field): accepted is \(wanted)"
    case .format(let error): error.description
    case .signing(let error): error.description
    case .tooLarge(let bytes, let most): "\(bytes) bytes; at most \(most) are accepted"
    case .tooManyApps(let most): "\(most) apps are installed, which is the limit of this node"
    case .tooManyRunning(let most): "\(most) apps run, which is the limit of this node"
    case .tooManySessions(let most): "\(most) installs are under way, which is the limit of this node"
    case .busy(let name): "app \"\(name)\" is being changed; try again when that is done"
    case .preloaded(let name): "app \"\(name)\" is part of the node and cannot be uninstalled"
    case .noPreviousVersion(let name): "app \"\(name)\" has no version to go back to"
    case .noSession(let id): "no install \(id) is under way"
    case .pastEnd(let size): "bytes behind the announced size of \(size)"
    case .gap(let received): "bytes are missing before these; \(received) have come"
    case .otherBytes(let offset): "at offset \(offset) other bytes have come before"
    case .incomplete(let received, let size): "\(received) of \(size) bytes have come"
    case .digestMismatch: "the bytes have another SHA-256 than announced"
    case .start(let failure): "does not run: \(failure)"
    case .rolledBack(let failure): "the new version failed, the one before is back: \(failure)"
    case .overtaken(let name): "app \"\(name)\" was told otherwise meanwhile"
    case .damaged(let damage): damage.description
    case .storage(let error): error.description
    case .inUse(let path): "another daemon has \(path)"
    case .closed: "the app manager is closed"
    }
  }
}
