// Runs in a virtual machine whose kernel has simulators of devices (scripts/device-machine): takes devices as apps do, plays
// their other side through the simulators, and says of each check whether it held. Exits with 0 when all did.

import Glibc

var failureCount = 0
let checks = pinChecks + busChecks + pulseChecks + sensorChecks + portChecks + appChecks
say("checks: \(checks.count)")
for check in checks {
  do {
    do {
      try await check.body()
    } catch {
      try? removeSimulators()
      throw error
    }
    try removeSimulators()
    say("check passed: \(check.name)")
  } catch {
    failureCount += 1
    say("check failed: \(check.name): \(error)")
  }
}
say("checks done: \(failureCount) failed")
exit(failureCount == 0 ? 0 : 1)
