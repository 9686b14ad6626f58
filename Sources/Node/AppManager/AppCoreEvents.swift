/// What happens to an app, or is asked of it.
public enum AppEvent: Sendable, Equatable {
  /// Its first version is ready to be put in place.
  case install
  case start(AppStartCause)
  case stop
  /// As `stop`, but nothing is remembered: the node goes down.
  case suspend
  case restart
  /// Another version is on disk.
  case update(AppVersion)
  case rollback
  case uninstall
  /// The record that ``AppEffect/activate(_:)`` named is on disk.
  case activated
  case activationFailed
  case removed
  case removalFailed
  case started(run: UInt64)
  case startFailed(run: UInt64, AppFailure)
  case exited(run: UInt64, AppExit)
  /// ``AppCore/deadline`` has come.
  case clock
}

/// What the shell has to do, in order.
public enum AppEffect: Sendable, Equatable {
  /// Start the current version.
  case start(run: UInt64)
  case stop(run: UInt64)
  /// Write the record.
  case persist
  /// Write this record, which makes another version the current one; then say `activated` or `activationFailed`. Last.
  case activate(AppRecord)
  /// Remove the files of versions that the record does not name.
  case discardVersions
  /// Remove everything; then say `removed` or `removalFailed`. Last.
  case remove
  case publish(AppPhase, AppChange)
}

/// Why an app does not take an event.
public enum AppRefusal: Error, Sendable, Equatable {
  /// Its version is being changed, or it is being removed.
  case busy
  /// Part of the node.
  case preloaded
  case noPreviousVersion
  case notInstalled
}
