import CLinux
import Linux

/// Why a node command failed. Nothing of it stays when it did.
public enum NodeError: Error, Sendable, Equatable {
  /// A field of the configuration; `message` names what is accepted.
  case invalid(field: String, message: String)
  case cellExists(String)
  case noSuchCell(String)
  case processExists(String)
  case noSuchProcess(String)
  /// The process is not in a state in which that can be done.
  case notRunning(String)
  case stillRunning(String)
  /// Needs something this machine or this user lacks.
  case unavailable(feature: String, reason: String)
  /// A step in the kernel failed: `errno` and what it was done to.
  case failed(step: String, subject: String, errno: Int32)
  /// The supervisor answered something that it may not, or not at all.
  case supervisor(String)
  /// Another daemon uses the same state directory.
  case inUse(String)

  /// Stable code for logs and APIs.
  public var code: String {
    switch self {
    case .invalid: "invalid"
    case .cellExists, .processExists: "exists"
    case .noSuchCell, .noSuchProcess: "notFound"
    case .notRunning, .stillRunning: "wrongState"
    case .unavailable: "unavailable"
    case .failed: "failed"
    case .supervisor: "supervisor"
    case .inUse: "inUse"
    }
  }

  init(_ error: any Error, step: String) {
    switch error {
    case let error as NodeError: self = error
    case let error as LinuxError: self = .failed(step: error.call, subject: error.subject, errno: error.errno)
    case let error as CgroupLimitError: self = .init(error)
    default: self = .supervisor("\(step): \(error)")
    }
  }

  init(_ error: CgroupLimitError) {
    switch error {
    case .noController(let limit, _), .onlyUnified(let limit):
      self = .unavailable(feature: "limits.\(limit)", reason: error.description)
    case .outOfRange(let limit, let accepted):
      self = .invalid(field: "limits.\(limit)", message: "accepted is \(accepted)")
    }
  }
}

extension NodeError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalid(let field, let message): "\(field): \(message)"
    case .cellExists(let id): "cell \(id) exists"
    case .noSuchCell(let id): "there is no cell \(id)"
    case .processExists(let id): "process \(id) exists"
    case .noSuchProcess(let id): "there is no process \(id)"
    case .notRunning(let id): "\(id) is not running"
    case .stillRunning(let id): "\(id) is still running"
    case .unavailable(let feature, let reason): "\(feature) is not available: \(reason)"
    case .failed(let step, let subject, let errno):
      subject.isEmpty
        ? "\(step): \(LinuxError.message(errno: errno))" : "\(step) \(subject): \(LinuxError.message(errno: errno))"
    case .supervisor(let message): "supervisor: \(message)"
    case .inUse(let path): "\(path) is in use by another daemon"
    }
  }
}

/// What the supervisor was doing, in words (`enum ai_step`).
func stepName(_ step: UInt32) -> String {
  let names = [
    "", "protocol", "join control group", "make namespaces", "map users", "make cgroup namespace",
    "raise loopback interface", "make mounts private", "mount root file system", "mount", "change root",
    "set hostname", "limit capabilities", "listen", "exists", "find process", "start process", "open terminal",
    "open pipe", "set resource limit", "become user", "apply seccomp filter", "enter directory", "execute",
    "send signal", "open socket", "allocate memory",
  ]
  return Int(step) < names.count ? names[Int(step)] : "step \(step)"
}
