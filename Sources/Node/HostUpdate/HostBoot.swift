import AppFormat
import AppManager
import Crypto
import Glibc
import HostPackages
import Linux

/// The beginning of the daemon's program: starts the release that the record names in its own place.
public struct HostBoot: Sendable {
  /// Tells a release that it was started as one, so that it does not look for another.
  public static let variable = "AETHER_HOST_RELEASE"

  private let releases: HostReleases
  private let installed: HostVersion
  /// For people.
  private let say: @Sendable (String) -> Void

  /// - Parameters:
  ///   - root: that of ``HostUpdate``.
  ///   - installed: version of this program.
  public init(
    root: String, installed: HostVersion, faults: FaultPoint? = nil, say: @escaping @Sendable (String) -> Void
  ) {
    releases = HostReleases(root: root, faults: faults)
    self.installed = installed
    self.say = say
  }

  /// Runs what is to run, with the same arguments. Returns when that is this program.
  ///
  /// - Parameter arguments: all of them, the program's name first.
  /// - Returns: what this program is, and the version that it goes by.
  public func enter(_ arguments: [String]) -> (slot: HostSlot, version: HostVersion) {
    let marker = getenv(Self.variable).map { String(cString: $0) }
    unsetenv(Self.variable)
    if let own = own(marker) { return (.release(own), own.version) }
    if let marker { say("\(Self.variable)=\(marker) is not what runs") }
    guard Files.exists(releases.root) else { return (.installed, installed) }
    var record: HostRecord
    do throws(LinuxError) {
      let (found, damage) = try releases.record()
      if let damage { say("the record of updates cannot be used: \(damage); it was put aside") }
      record = found
    } catch {
      say("the record of updates cannot be read: \(error); the installed version runs")
      return (.installed, installed)
    }
    let before = record
    var slot = record.nextStart(installed: installed)
    if let failed = before.trial?.release, record.trial == nil {
      say("\(failed) was not confirmed; \(slot) runs")
    }
    while case .release(let release) = slot {
      // Counted before it is started. What cannot be counted is not tried: it could never end.
      if let reason = keep(record, before) {
        say("the record of updates cannot be written: \(reason)")
        if record.trial?.release == release {
          record.trial = nil
          slot = record.current
          continue
        }
      }
      let reason = start(release, arguments)
      slot = record.nextStart(insteadOf: release, reason)
      say("\(release) cannot be started: \(reason); \(slot) runs")
    }
    if let reason = keep(record, before) { say("the record of updates cannot be written: \(reason)") }
    return (.installed, installed)
  }

  /// The release that this program's file belongs to, when it was started as one.
  private func own(_ marker: String?) -> HostRelease? {
    guard let marker, let executable = Files.runningExecutable(),
      let manifest = try? Files.read("\(releases.versions)/\(marker)/\(HostManifest.memberName)")
    else { return nil }
    guard let read = try? HostManifest(json: manifest) else { return nil }
    let release = HostRelease(manifest: manifest, version: read.version)
    guard release.hex == marker, isSameFile(executable, releases.program(release)) else { return nil }
    return release
  }

  private func isSameFile(_ one: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev
      && first.st_ino == second.st_ino
  }

  /// - Returns: why it is not kept.
  private func keep(_ record: HostRecord, _ before: HostRecord) -> String? {
    guard record != before else { return nil }
    do throws(LinuxError) {
      try releases.write(record)
      return nil
    } catch {
      return error.description
    }
  }

  /// - Returns: why it does not run.
  private func start(_ release: HostRelease, _ arguments: [String]) -> String {
    let program = releases.program(release)
    setenv(Self.variable, release.hex, 1)
    defer { unsetenv(Self.variable) }
    // Threads of the run-time block signals, which what is started here would inherit.
    var signals = sigset_t()
    var before = sigset_t()
    sigemptyset(&signals)
    pthread_sigmask(SIG_SETMASK, &signals, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments.dropFirst()).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    execv(program, &words)
    return LinuxError("execve", program, errno: errno).description
  }
}

extension HostRelease {
  /// - Parameter manifest: as it is written.
  init(manifest: [UInt8], version: HostVersion) { self.init(id: Digest.sha256(manifest), version: version) }
}
