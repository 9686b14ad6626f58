import AppFormat
import HTTPClient
import HostUpdate

/// The same for updates of the host: `host-apply ROOT K URL AUTHORITY`, `host-confirm`, `host-rollback`, `host-start`.
func runHost(_ operation: String, _ root: String, _ killer: Killer, _ words: [String]) async throws {
  let version = HostVersion(1, 0, 0)
  if operation == "host-start" {
    killer.arm()
    let boot = HostBoot(root: root, installed: version, faults: { _ in killer.step() }, say: { print($0) })
    _ = boot.enter(["aetherd"])
    return print("steps \(killer.count)")
  }
  var options = HostUpdate.Options(root: root, version: version)
  options.faults = { _ in killer.step() }
  if operation != "host-apply" {
    // This process stands for what is on trial, or what was confirmed.
    let record = try HostReleases(root: root).record().record
    options.running = record.trial.map { .release($0.release) } ?? record.current
    options.version = options.running.release?.version ?? version
  }
  if words.count > 1 { options.tls = HTTPClient.TLS(authority: .file(words[1])) }
  killer.arm()
  let update = try HostUpdate(options)
  switch operation {
  case "host-apply": try await update.apply(words.first ?? "")
  case "host-confirm": try update.confirm()
  case "host-rollback": try update.rollback()
  default: break
  }
  print("steps \(killer.count)")
  update.close()
}
