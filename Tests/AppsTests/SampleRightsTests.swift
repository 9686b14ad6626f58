import AppFormat
import AppManager
import Testing

@testable import Apps

/// The apps of Examples/apps without something that they ask for: they say so, and do not end with 0.
@Suite struct SampleRightsTests {
  @Test(
    .timeLimit(.minutes(10)),
    arguments: [
      ("counter", [Capability.ipc, .settings, .appInfo]), ("thermostat", [.sensorRead, .displayWrite, .ipc]),
      ("chat-alice", [.ipc]), ("chat-bob", [.ipc]), ("storage-bench", [.storageWrite]),
      ("sensor-logger", [.sensorRead, .storageWrite, .mqtt, .appInfo]), ("snake", [.displayWrite, .inputRead]),
      ("automaton-host", [.ipc, .settings]), ("fetcher", [.network]), ("misbehave", [.ipc]),
    ]) func missingCapabilitiesAreSaid(_ name: String, _ capabilities: [Capability]) async throws
  {
    let bench = try Bench()
    for capability in capabilities {
      var launch = try bench.sample(name)
      launch.capabilities.remove(capability)
      let exit = try await bench.run(launch)
      guard case .exited(let code) = exit else { throw Failure(text: "\(name): \(exit)") }
      #expect(code != 0, "\(name) without \(capability.name)")
      #expect(!bench.lines(name).isEmpty, "\(name) without \(capability.name)")
    }
  }
}
