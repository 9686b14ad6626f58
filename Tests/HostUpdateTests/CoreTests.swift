import AppFormat
import PythonPeer
import Testing

@testable import HostUpdate

private func release(_ number: UInt8, _ patch: UInt16? = nil) -> HostRelease {
  HostRelease(id: [UInt8](repeating: number, count: 32), version: HostVersion(1, 0, patch ?? UInt16(number)))
}

private let installed = HostVersion(1, 0, 0)

@Suite struct HostUpdateCoreTests {
  private func core(_ record: HostRecord = HostRecord(), _ running: HostSlot = .installed) -> HostUpdateCore {
    HostUpdateCore(record, running: running, version: running.release?.version ?? installed)
  }

  /// Brings a release up to being ready; gives what the disk has then.
  private func stage(_ core: inout HostUpdateCore, _ one: HostRelease) -> HostRecord {
    #expect(core.step(.apply(url: "https://x/")) == [.download(url: "https://x/")])
    #expect(core.step(.received(percent: 40)) == [] && core.state == .receiving(percent: 40))
    #expect(core.step(.downloaded) == [.validate] && core.state == .validating)
    #expect(core.step(.validated(one)) == [.install(one)] && core.state == .installing)
    guard case .store(let record)? = core.step(.installed).first else {
      Issue.record("nothing is stored")
      return HostRecord()
    }
    #expect(core.step(.stored).contains(.done) && core.state == .ready(one))
    return record
  }

  @Test func anUpdateIsTriedConfirmedAndTakenBack() {
    var first = core()
    var record = stage(&first, release(1))
    #expect(record.trial == .init(release(1), startsLeft: 1))
    #expect(first.running == .installed && !first.isOnTrial)

    #expect(record.nextStart(installed: installed) == .release(release(1)))
    var second = core(record, .release(release(1)))
    #expect(second.state == .onTrial(release(1)) && second.isOnTrial)
    // Nothing else is begun before that is decided.
    guard case .refuse(let problem)? = second.step(.apply(url: "https://y/")).first else {
      Issue.record()
      return
    }
    #expect(problem.kind == .busy)
    guard case .store(let confirmed)? = second.step(.confirm).first else {
      Issue.record()
      return
    }
    #expect(second.step(.apply(url: "https://y/")) == [.refuse(.init(.busy, "another update is under way"))])
    #expect(second.step(.stored) == [.keepReleases([release(1)]), .done])
    #expect(second.state == .confirmed(release(1)) && second.step(.confirm) == [.done])
    #expect(confirmed.current == .release(release(1)) && confirmed.previous == .installed && confirmed.trial == nil)

    // Started again it is the same; then it is taken back.
    record = confirmed
    #expect(record.nextStart(installed: installed) == .release(release(1)) && record == confirmed)
    guard case .store(let back)? = second.step(.rollback).first else {
      Issue.record()
      return
    }
    #expect(second.step(.stored) == [.keepReleases([release(1)]), .done])
    record = back
    #expect(record.nextStart(installed: installed) == .installed)
    #expect(second.step(.rollback) == [.refuse(.init(.nothingToGoBackTo, "there is no version to go back to"))])
    #expect(second.step(.confirm).first != .done)
  }

  @Test func whatDoesNotConfirmIsLeft() {
    var first = core()
    var record = stage(&first, release(1))
    #expect(record.nextStart(installed: installed) == .release(release(1)))
    #expect(record.nextStart(installed: installed) == .installed && record.trial == nil)
    #expect(record.outcome == .rolledBack(release(1), reason: "it was started and not confirmed"))
    let third = core(record)
    #expect(third.state == .rolledBack(release(1), reason: "it was started and not confirmed"))
    // More starts where they are wanted.
    var patient = HostUpdateCore(HostRecord(), running: .installed, version: installed, trialStarts: 3)
    record = stage(&patient, release(2))
    for _ in 0..<3 { #expect(record.nextStart(installed: installed) == .release(release(2))) }
    #expect(record.nextStart(installed: installed) == .installed)
  }

  @Test func aReleaseThatCannotBeStartedIsLeftAtOnce() {
    var first = core()
    var record = stage(&first, release(1))
    #expect(record.nextStart(installed: installed) == .release(release(1)))
    #expect(record.nextStart(insteadOf: release(1), "no such file") == .installed)
    #expect(record.outcome == .rolledBack(release(1), reason: "no such file"))
    // Also one that was confirmed, and the one before it.
    record = HostRecord()
    (record.current, record.previous) = (.release(release(2)), .release(release(1)))
    #expect(record.nextStart(insteadOf: release(2), "gone") == .release(release(1)))
    #expect(record.nextStart(insteadOf: release(1), "gone") == .installed)
  }

  @Test func aNewerInstalledProgramWins() {
    var record = HostRecord()
    (record.current, record.previous) = (.release(release(2)), .release(release(1)))
    record.trial = .init(release(3), startsLeft: 1)
    #expect(record.nextStart(installed: HostVersion(1, 0, 9)) == .installed)
    #expect(record.releases.isEmpty)
    // An equal one does not.
    record = HostRecord()
    record.current = .release(release(2))
    #expect(record.nextStart(installed: HostVersion(1, 0, 2)) == .release(release(2)))
  }

  @Test func olderReleasesAreRefused() {
    var newer = HostUpdateCore(HostRecord(), running: .installed, version: HostVersion(1, 0, 5))
    _ = newer.step(.apply(url: "https://x/"))
    _ = newer.step(.downloaded)
    let effects = newer.step(.validated(release(4)))
    let problem = HostUpdateProblem(.invalidPackage, "1.0.4 is older than 1.0.5, which runs")
    #expect(effects == [.discardDownload, .keepReleases([]), .refuse(problem)] && newer.state == .failed(problem))
    // What runs already is no update, and no failure.
    var same = core(
      {
        var record = HostRecord(); record.current = .release(release(1)); return record
      }(), .release(release(1)))
    _ = same.step(.apply(url: "https://x/"))
    _ = same.step(.downloaded)
    #expect(same.step(.validated(release(1))) == [.discardDownload, .done] && same.state == .idle)
  }

  @Test func aDiskThatRefusesChangesNothing() {
    let full = HostUpdateProblem(.noSpace, "write: No space left on device")
    var first = core()
    _ = first.step(.apply(url: "https://x/"))
    _ = first.step(.downloaded)
    _ = first.step(.validated(release(1)))
    _ = first.step(.installed)
    #expect(first.step(.notStored(full)) == [.discardDownload, .keepReleases([]), .refuse(full)])
    #expect(first.state == .failed(full) && first.record == HostRecord() && !first.isBusy)
    var record = HostRecord()
    record.trial = .init(release(1), startsLeft: 0)
    var second = core(record, .release(release(1)))
    _ = second.step(.confirm)
    #expect(second.step(.notStored(full)) == [.refuse(full)] && second.state == .onTrial(release(1)))
    #expect(second.record == record)
  }

  @Test func recordsAreReadAsTheyWereWritten() throws {
    var numbers = SeededNumbers.forTest("recordsAreReadAsTheyWereWritten")
    var record = HostRecord()
    #expect(try HostRecord(encoded: record.encoded()) == record)
    (record.current, record.previous) = (.release(release(2)), .installed)
    record.trial = .init(release(3), startsLeft: 1)
    for outcome in [HostRecord.Outcome.confirmed(release(2)), .rolledBack(release(9), reason: "\"so\"\n")] {
      record.outcome = outcome
      #expect(try HostRecord(encoded: record.encoded()) == record)
    }
    let sound = record.encoded()
    for _ in 0..<3000 {
      let damaged = numbers.damage(sound)
      if damaged != sound { #expect(throws: (any Error).self) { try HostRecord(encoded: damaged) } }
    }
  }
}

/// A host under random events whose disk and process fail at any point.
@Suite struct HostUpdateSimulation {
  /// The other side of the effects.
  private struct Host {
    var numbers: SeededNumbers
    // On disk.
    var record = HostRecord()
    var releases: Set<HostRelease> = []
    // In memory.
    var core: HostUpdateCore
    var running = HostSlot.installed
    var trace: [String] = []
    /// The highest version that was ever confirmed or installed, and how often each trial was started.
    var startsOfTrial: [HostRelease: Int] = [:]
    var confirmed: Set<HostRelease> = []

    init(_ numbers: SeededNumbers) {
      self.numbers = numbers
      core = HostUpdateCore(HostRecord(), running: .installed, version: installed)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &numbers) < percent }

    /// What starts is there, and is what the rules allow.
    mutating func restart() {
      while true {
        let before = record
        let slot = record.nextStart(installed: installed)
        if chance(5) {
          // The process ends behind the write and before the start.
          trace.append("killed at start of \(slot)")
          continue
        }
        guard case .release(let release) = slot else {
          running = .installed
          break
        }
        #expect(releases.contains(release), "\(release) is not there: \(trace.suffix(20))")
        if before.trial?.release == release {
          startsOfTrial[release, default: 0] += 1
          #expect(startsOfTrial[release] == 1, "a second trial: \(trace.suffix(20))")
        } else {
          #expect(confirmed.contains(release), "\(release) was never confirmed: \(trace.suffix(20))")
        }
        if chance(10) {
          trace.append("\(release) does not start")
          _ = record.nextStart(insteadOf: release, "broken")
          continue
        }
        running = slot
        break
      }
      trace.append("runs \(running)")
      core = HostUpdateCore(record, running: running, version: running.release?.version ?? installed)
    }

    /// - Returns: false when the process was killed.
    mutating func send(_ event: HostUpdateCore.Event) -> Bool {
      trace.append("\(event)")
      for effect in core.step(event) {
        if chance(3) {
          trace.append("killed before \(effect)")
          return false
        }
        switch effect {
        case .store(let next):
          guard !chance(10) else {
            return send(.notStored(HostUpdateProblem(.noSpace, "full")))
          }
          if let release = next.trial?.release {
            #expect(releases.contains(release))
            // The same release may be applied again.
            if record.trial != next.trial { startsOfTrial[release] = nil }
          }
          if next.current != record.current, let release = next.current.release { confirmed.insert(release) }
          record = next
          if chance(3) { return false }
          return send(.stored)
        case .install(let release):
          if chance(10) { return send(.failed(HostUpdateProblem(.noSpace, "full"))) }
          releases.insert(release)
          if chance(3) { return false }
          return send(.installed)
        case .validate:
          if chance(20) { return send(.failed(HostUpdateProblem(.notTrusted, "stranger"))) }
          return send(.validated(release(.random(in: 1...9, using: &numbers))))
        case .download:
          if chance(20) { return send(.failed(HostUpdateProblem(.failed, "lost"))) }
          return send(.received(percent: 50)) && send(.downloaded)
        case .keepReleases(let kept):
          releases.formIntersection(kept)
          #expect(record.releases.isSubset(of: releases), "\(trace.suffix(20))")
          if let own = running.release { #expect(releases.contains(own), "it removed itself: \(trace.suffix(20))") }
        case .discardDownload, .done, .refuse: break
        }
      }
      return true
    }

    mutating func turn() {
      let event: HostUpdateCore.Event? =
        switch Int.random(in: 0..<10, using: &numbers) {
        case 0..<4: .apply(url: "https://x/")
        case 4..<6: .confirm
        case 6: .rollback
        default: nil
        }
      guard let event, send(event) else { return restart() }
      #expect(!core.isBusy, "\(trace.suffix(20))")
      #expect(core.record == record, "\(trace.suffix(20))")
    }
  }

  @Test func thereIsAlwaysSomethingToRun() {
    var numbers = SeededNumbers.forTest("thereIsAlwaysSomethingToRun")
    for _ in 0..<300 {
      var host = Host(SeededNumbers(seed: numbers.next()))
      for _ in 0..<100 { host.turn() }
    }
  }
}
