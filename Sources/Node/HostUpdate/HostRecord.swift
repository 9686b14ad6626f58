import AppFormat
import AppManager
import Bytes
import JSON

/// A release of the host below `versions/`.
public struct HostRelease: Sendable, Hashable, CustomStringConvertible {
  /// SHA-256 of its manifest, which has those of its files.
  public var id: [UInt8]
  public var version: HostVersion

  public init(id: [UInt8], version: HostVersion) {
    self.id = id
    self.version = version
  }

  /// 64 digits: the name of its folder.
  public var hex: String { Hex.encode(id) }
  public var description: String { "\(version) (\(hex.prefix(12)))" }

  public static func == (left: HostRelease, right: HostRelease) -> Bool { left.id == right.id }
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// What a host can run.
public enum HostSlot: Sendable, Equatable, CustomStringConvertible {
  /// The program that whoever set this machine up starts.
  case installed
  case release(HostRelease)

  public var release: HostRelease? {
    if case .release(let release) = self { release } else { nil }
  }

  public var description: String { release?.description ?? "the installed one" }
}

/// What starts next: kept on disk, and read before anything else is done. Decides by itself; whoever has it does the rest.
public struct HostRecord: Sendable, Equatable {
  /// A release that has to show that it works.
  public struct Trial: Sendable, Equatable {
    public var release: HostRelease
    /// How often it may still be started without having been confirmed.
    public var startsLeft: Int

    public init(_ release: HostRelease, startsLeft: Int) {
      self.release = release
      self.startsLeft = startsLeft
    }
  }

  /// What became of the last trial.
  public enum Outcome: Sendable, Equatable {
    case confirmed(HostRelease)
    case rolledBack(HostRelease, reason: String)
  }

  public var current = HostSlot.installed
  /// What ran before `current` was confirmed.
  public var previous: HostSlot?
  public var trial: Trial?
  public var outcome: Outcome?

  public init() {}

  /// Releases that must stay on disk.
  public var releases: Set<HostRelease> {
    Set([current.release, previous?.release, trial?.release].compactMap { $0 })
  }

  // MARK: Starting

  /// What starts now. A start of a release on trial is counted: the record has to be kept before the release is started.
  ///
  /// - Parameter installed: version of the installed program, which wins when somebody has installed a newer one by hand.
  public mutating func nextStart(installed: HostVersion) -> HostSlot {
    if let release = trial?.release, release.version < installed { trial = nil }
    if let release = current.release, release.version < installed {
      current = .installed
      previous = nil
    }
    if let release = previous?.release, release.version < installed { previous = nil }
    guard var trial else { return current }
    guard trial.startsLeft > 0 else {
      giveUp(trial.release, "it was started and not confirmed")
      return current
    }
    trial.startsLeft -= 1
    self.trial = trial
    return .release(trial.release)
  }

  /// What starts instead of a release that cannot be started.
  public mutating func nextStart(insteadOf release: HostRelease, _ reason: String) -> HostSlot {
    if trial?.release == release {
      giveUp(release, reason)
    } else {
      outcome = .rolledBack(release, reason: reason)
      if previous == .release(release) { previous = nil }
      if current == .release(release) {
        current = previous ?? .installed
        previous = nil
      }
    }
    return current
  }

  private mutating func giveUp(_ release: HostRelease, _ reason: String) {
    trial = nil
    outcome = .rolledBack(release, reason: reason)
  }

  // MARK: Deciding

  /// Has a release on trial from the next start on.
  mutating func stage(_ release: HostRelease, starts: Int) { trial = Trial(release, startsLeft: starts) }

  mutating func confirmTrial() {
    guard let trial else { return }
    if current != .release(trial.release) { previous = current }
    current = .release(trial.release)
    self.trial = nil
    outcome = .confirmed(trial.release)
  }

  /// Puts what was confirmed before in the place of what is confirmed now.
  mutating func goBack(to slot: HostSlot, _ reason: String) {
    if let release = current.release { outcome = .rolledBack(release, reason: reason) }
    current = slot
    previous = nil
  }

  mutating func dropTrial(_ reason: String?) {
    guard let trial else { return }
    self.trial = nil
    if let reason { outcome = .rolledBack(trial.release, reason: reason) }
  }
}

// MARK: On disk

extension HostRecord {
  private static let kind = "aether-host"
  static let bytesMax = 65_536
  static let startsMax = 100
  private static let reasonBytesMax = 500

  public func encoded() -> [UInt8] {
    var object: JSONObject = ["current": current.json]
    object["previous"] = previous?.json
    object["trial"] = trial.map { ["release": $0.release.json, "startsLeft": .integer(Int64($0.startsLeft))] }
    switch outcome {
    case .confirmed(let release)?: object["outcome"] = ["release": release.json]
    case .rolledBack(let release, let reason)?:
      object["outcome"] = [
        "release": release.json, "rolledBack": .string(String(reason.prefix(Self.reasonBytesMax))),
      ]
    case nil: break
    }
    return CheckedDocument.encode(Self.kind, .object(object))
  }

  public init(encoded bytes: [UInt8]) throws(AppRecordError) {
    let fields = try CheckedDocument.decode(Self.kind, bytes)
    current = try HostSlot(fields.reader("current"))
    if fields.has("previous") { previous = try HostSlot(fields.reader("previous")) }
    if fields.has("trial") {
      let inner = try fields.reader("trial")
      trial = Trial(
        try HostRelease(inner.reader("release")), startsLeft: try inner.int("startsLeft", 0...Int64(Self.startsMax)))
    }
    if fields.has("outcome") {
      let inner = try fields.reader("outcome")
      let release = try HostRelease(inner.reader("release"))
      outcome =
        inner.has("rolledBack") ? .rolledBack(release, reason: try inner.text("rolledBack")) : .confirmed(release)
    }
  }
}

extension HostSlot {
  fileprivate var json: JSON { release.map { ["release": $0.json] } ?? ["installed": true] }

  fileprivate init(_ fields: RecordReader) throws(AppRecordError) {
    self = fields.has("release") ? .release(try HostRelease(fields.reader("release"))) : .installed
  }
}

extension HostRelease {
  fileprivate var json: JSON { ["id": .string(hex), "version": .string(version.description)] }

  fileprivate init(_ fields: RecordReader) throws(AppRecordError) {
    guard let version = HostVersion(try fields.text("version")) else { throw fields.error("version") }
    self.init(id: try fields.hex("id", count: 32), version: version)
  }
}
