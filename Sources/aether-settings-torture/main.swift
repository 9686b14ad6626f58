// A program that tests of apps start and kill: runs the module in a file as the app `writer`, with settings below a folder, and
// prints what the app writes into its log.
//
// aether-settings-torture FOLDER MODULE

import AppFormat
import AppManager
import Apps
import Crypto
import Glibc
import Linux

guard CommandLine.arguments.count == 3, let name = AppName("writer") else { exit(2) }
let folder = CommandLine.arguments[1]
let module = try Files.read(CommandLine.arguments[2])
let runtime = try AppRuntime(AppRuntime.Options(cacheFolder: folder + "/cache", dataFolder: folder + "/data"))
let log = runtime.log(of: name)
_ = log.watch {
  guard var text = log.lines().last.map({ $0.text + "\n" }) else { return }
  text.withUTF8 { bytes in
    if write(STDOUT_FILENO, bytes.baseAddress, bytes.count) != bytes.count { exit(1) }
  }
}
let launch = AppLaunch(
  name: name, module: module, modulePath: "", sha256: Digest.sha256(module), manifest: AppManifest(),
  capabilities: CapabilitySet([.settings]), quotas: AppQuotas(logLinesPerSecondMax: 100_000), dataDirectory: folder)
_ = try await runtime.start(launch) { ended in
  print("\(ended)")
  exit(3)
}
while true { try await Task.sleep(for: .seconds(3600)) }
