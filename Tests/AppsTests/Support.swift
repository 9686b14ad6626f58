import AppFormat
import AppManager
import Crypto
import Glibc
import Linux
import Synchronization
import Wasmtime

@testable import Apps

struct Failure: Error { var text: String }

/// A run-time with folders of its own, and what its apps ended with.
final class Bench {
  let folder: String
  let runtime: AppRuntime

  init() throws {
    folder = "/tmp/aether-apps-\(SecureRandom.bytes(4).map { String($0, radix: 16) }.joined())"
    for name in ["", "/cache", "/data"] { mkdir(folder + name, 0o700) }
    runtime = try AppRuntime(AppRuntime.Options(cacheFolder: folder + "/cache", dataFolder: folder + "/data"))
  }

  deinit {
    // A compiler in the background may put code into the cache meanwhile.
    for _ in 0..<100 {
      if (try? Files.removeTree(folder)) != nil { return }
      usleep(20_000)
    }
  }

  /// - Parameter text: the module in the text format.
  func launch(
    _ name: String, _ text: String, _ capabilities: CapabilitySet = [], quotas: AppQuotas = AppQuotas()
  ) throws -> AppLaunch {
    guard let appName = AppName(name) else { throw Failure(text: "\(name) is no name") }
    let module = try wasm(fromText: text)
    let data = "\(folder)/data/\(name)"
    mkdir(data, 0o700)
    return AppLaunch(
      name: appName, module: module, modulePath: "", sha256: Digest.sha256(module), manifest: AppManifest(),
      capabilities: capabilities, quotas: quotas, dataDirectory: data)
  }

  /// Starts an app and waits for its end.
  func run(_ launch: AppLaunch) async throws -> AppExit {
    let exits = Exits()
    _ = try await runtime.start(launch) { exits.set($0) }
    return await exits.first()
  }

  func lines(_ name: String) -> [String] {
    AppName(name).map { runtime.log(of: $0).lines().map(\.text) } ?? []
  }
}

/// An exit that is waited for.
final class Exits: Sendable {
  private struct State {
    var exit: AppExit?
    var waiting: CheckedContinuation<AppExit, Never>?
  }
  private let state = Mutex(State())

  func set(_ exit: AppExit) {
    let waiting = state.withLock { state in
      state.exit = exit
      defer { state.waiting = nil }
      return state.waiting
    }
    waiting?.resume(returning: exit)
  }

  func first() async -> AppExit {
    await withCheckedContinuation { continuation in
      let exit: AppExit? = state.withLock { state in
        if state.exit == nil { state.waiting = continuation }
        return state.exit
      }
      if let exit { continuation.resume(returning: exit) }
    }
  }
}
