import Foundation
import JSON
import Model
import Testing

@testable import Control

/// Whatever happened, once it stops the node has what is declared, and nothing else, and nothing moves any more.
///
/// `AETHER_SEED` plays one seed again, `AETHER_SEEDS` so many instead of 8.
@Suite struct SimulationTests {
  static let seeds: [UInt64] = {
    let environment = ProcessInfo.processInfo.environment
    if let seed = environment["AETHER_SEED"].flatMap({ UInt64($0) }) { return [seed] }
    let count = environment["AETHER_SEEDS"].flatMap { Int($0) } ?? 8
    return (0..<max(1, count)).map { $0 == 0 ? 1 : UInt64.random(in: 1...1_000_000_000) }
  }()

  @Test(arguments: [Simulation.Weather.storm, .fog], seeds)
  func convergesAfter(_ weather: Simulation.Weather, _ seed: UInt64) async throws {
    var simulation = Simulation(seed: seed, weather)
    for _ in 0..<50 {
      simulation.run(steps: 100)
      // Tests that wait for real processes run beside.
      await Task.yield()
    }
    simulation.calm(for: .seconds(300))
    print(
      "\(weather) seed \(seed): \(simulation.userCount) changes, \(simulation.faultCount) faults, "
        + "\(simulation.commandCount) commands, \(simulation.statusWriteCount) status writes")
    #expect(simulation.violations.prefix(5) == [], "seed \(seed)")
    try checkDeclared(simulation, seed)
    checkOrphans(simulation, seed)
    let (commands, writes) = (simulation.commandCount, simulation.statusWriteCount)
    #expect(commands < 6 * (simulation.userCount + simulation.faultCount), "a storm of commands, seed \(seed)")
    simulation.calm(for: .seconds(3600))
    #expect(simulation.commandCount == commands, "commands without cause, seed \(seed)")
    #expect(simulation.statusWriteCount == writes, "writes without cause, seed \(seed)")
  }

  private func checkDeclared(_ simulation: Simulation, _ seed: UInt64) throws {
    let cells = Dictionary(
      uniqueKeysWithValues: simulation.store.sorted.filter { $0.kind == "Cell" }.map { ($0.metadata.name, $0) })
    for resource in simulation.store.sorted {
      let name: Comment = "\(resource.key) \(resource.status.text()), seed \(seed)"
      #expect(!resource.isDeleting, name)
      #expect(resource.observedGeneration == resource.metadata.generation, name)
      let observation = simulation.node[resource.metadata.uid]
      if resource.kind == "App" {
        guard case .app(let app) = observation else {
          Issue.record("not on the node: \(name)")
          continue
        }
        #expect(app.fingerprint == (try AppSpec(resource.spec)).fingerprint, name)
        #expect(resource.phase == app.phase, name)
        #expect((resource.status["reason"] == "RolledBack") == (app.rollback != nil), name)
      } else if resource.kind == "Cell" {
        let spec = try CellSpec(resource.spec)
        guard case .cell(let cell) = observation else {
          Issue.record("not on the node: \(name)")
          continue
        }
        #expect(cell.fingerprint == spec.fingerprint, name)
        #expect(cell.liveFingerprint == spec.liveFingerprint, name)
        #expect(cell.isPaused == spec.isPaused, name)
        #expect(resource.phase == (spec.isPaused ? "Paused" : "Running"), name)
      } else {
        let parent = ResourceName.parent(resource.metadata.name).flatMap { cells[$0] }
        try checkProcess(resource, observation, in: parent, name)
      }
    }
  }

  private func checkProcess(
    _ resource: Resource, _ observation: Observation?, in cell: Resource?, _ name: Comment
  ) throws {
    let spec = try ProcessSpec(resource.spec)
    var running: ProcessObservation?
    if case .process(let process) = observation, process.isRunning { running = process }
    if let running {
      #expect(running.fingerprint == spec.fingerprint, name)
      #expect(running.cell == cell?.metadata.uid, name)
      #expect(resource.phase == "Running", name)
      #expect(resource.status["pid"]?.integerValue == running.run.pid, name)
    } else if let cell, cell.phase == "Running", spec.restart.policy == .always {
      Issue.record("does not run: \(name)")
    } else if cell == nil || cell?.phase == "Paused" {
      #expect(["Pending", "Completed", "Failed"].contains(resource.phase), name)
    } else {
      #expect(["Completed", "Failed"].contains(resource.phase), name)
    }
  }

  private func checkOrphans(_ simulation: Simulation, _ seed: UInt64) {
    let declared = Set(simulation.store.sorted.map(\.metadata.uid))
    #expect(Set(simulation.node.keys).subtracting(declared) == [], "orphans, seed \(seed)")
    #expect(simulation.core.entries.count == declared.count, "seed \(seed)")
    #expect(simulation.core.busyCount == 0, "seed \(seed)")
  }
}
