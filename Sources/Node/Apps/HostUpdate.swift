/// What brings the host new versions of itself, as apps see it. Without one there is nothing to update.
public protocol HostUpdater: AnyObject, Sendable {
  var state: HostUpdateState { get }

  /// Whether what lies at an https address could replace what runs.
  func check(_ url: String) async throws(HostUpdateError) -> Bool

  /// Fetches it, checks it, and has it ready for the next start. Goes on when the app that asked for it ends.
  func apply(_ url: String) async throws(HostUpdateError)

  /// Keeps what runs on trial; of no effect on what is kept already.
  func confirm() throws(HostUpdateError)

  /// Goes back to what ran before the trial.
  func rollback() throws(HostUpdateError)
}

/// Numbers that guests see.
public enum HostUpdateState: Int32, Sendable {
  case idle = 0
  case inProgress, receiving, validating, installing, complete, failed
}

/// Numbers of errno(3).
public enum HostUpdateError: Int32, Error, Sendable {
  /// There is none before this version.
  case nothingToGoBackTo = 2
  case failed = 5
  /// Its signature is not one that the host trusts.
  case notTrusted = 13
  /// Another update is under way.
  case busy = 16
  case invalidImage = 22
  case noSpace = 28
  /// What runs is not on trial.
  case notOnTrial = 114
}
