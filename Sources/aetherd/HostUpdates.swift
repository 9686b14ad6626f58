import AppFormat
import Apps
import Gateway
import HostUpdate
import HTTPClient
import Model
import Version

/// Updates of this host, as apps ask for them.
final class AppUpdates: HostUpdater {
  private let update: HostUpdate

  init(_ update: HostUpdate) { self.update = update }

  var state: HostUpdateState {
    switch update.status.state {
    case .idle, .confirmed, .rolledBack: .idle
    // What runs on trial is an update that is not done yet.
    case .onTrial: .inProgress
    case .receiving: .receiving
    case .validating: .validating
    case .installing: .installing
    case .ready: .complete
    case .failed: .failed
    }
  }

  func check(_ url: String) async throws(HostUpdateError) -> Bool {
    do throws(HostUpdateProblem) { return try await update.check(url) } catch { throw HostUpdateError(error) }
  }

  func apply(_ url: String) async throws(HostUpdateError) {
    do throws(HostUpdateProblem) { try await update.apply(url) } catch { throw HostUpdateError(error) }
  }

  func confirm() throws(HostUpdateError) {
    do throws(HostUpdateProblem) { try update.confirm() } catch { throw HostUpdateError(error) }
  }

  func rollback() throws(HostUpdateError) {
    do throws(HostUpdateProblem) { try update.rollback() } catch { throw HostUpdateError(error) }
  }

}

/// The same as users of the API ask for them.
struct NodeUpdates: HostUpdates {
  let update: HostUpdate

  var status: HostUpdateStatus {
    let status = update.status
    var result = HostUpdateStatus(state: .idle, running: "\(status.version)", isEnabled: status.isEnabled)
    result.previous = status.previous.map { $0.release.map { "\($0.version)" } ?? "installed" }
    switch status.state {
    case .idle: break
    case .receiving(let percent): (result.state, result.percent) = (.receiving, percent)
    case .validating: result.state = .validating
    case .installing: result.state = .installing
    case .ready(let release): (result.state, result.release) = (.ready, "\(release.version)")
    case .onTrial(let release): (result.state, result.release) = (.onTrial, "\(release.version)")
    case .confirmed(let release): (result.state, result.release) = (.confirmed, "\(release.version)")
    case .rolledBack(let release, let reason):
      (result.state, result.release, result.reason) = (.rolledBack, "\(release.version)", reason)
    case .failed(let problem): (result.state, result.reason) = (.failed, problem.reason)
    }
    return result
  }

  func begin(_ url: String) throws(APIError) {
    do throws(HostUpdateProblem) { try update.begin(url) } catch { throw APIError(error) }
  }

  func confirm() throws(APIError) {
    do throws(HostUpdateProblem) { try update.confirm() } catch { throw APIError(error) }
  }

  func rollback() throws(APIError) {
    do throws(HostUpdateProblem) { try update.rollback() } catch { throw APIError(error) }
  }
}

extension HostUpdateError {
  fileprivate init(_ problem: HostUpdateProblem) {
    switch problem.kind {
    case .nothingToGoBackTo: self = .nothingToGoBackTo
    case .failed: self = .failed
    case .notTrusted: self = .notTrusted
    case .busy: self = .busy
    case .invalidPackage: self = .invalidImage
    case .noSpace: self = .noSpace
    case .notOnTrial: self = .notOnTrial
    }
  }
}

extension APIError {
  fileprivate init(_ problem: HostUpdateProblem) {
    let code: Code =
      switch problem.kind {
      case .nothingToGoBackTo, .notOnTrial: .failedPrecondition
      case .failed, .noSpace: .unavailable
      case .notTrusted: .forbidden
      case .busy: .conflict
      case .invalidPackage: .invalid
      }
    self.init(code, problem.reason)
  }
}

extension Configuration {
  /// The installed program's version.
  static let installedVersion = HostVersion(Version.current) ?? HostVersion(0, 0, 0)

  /// Starts the release that is to run in the place of this program; returns when that is this one.
  func enterRelease(_ arguments: [String]) -> (slot: HostSlot, version: HostVersion) {
    HostBoot(root: paths.host, installed: Configuration.installedVersion) { report($0) }.enter(arguments)
  }

  func hostUpdate(_ running: (slot: HostSlot, version: HostVersion)) throws -> HostUpdate {
    var options = HostUpdate.Options(root: paths.host, version: running.version)
    options.running = running.slot
    options.tls = HTTPClient.TLS(authority: update.authority.map { .file($0) })
    options.confirmsAfter = update.confirmsAfter
    options.trialStarts = update.trialStarts
    return try HostUpdate(options)
  }
}
