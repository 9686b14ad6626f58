import AppFormat
import Foundation
import JSON
import Linux
import PythonPeer
import Synchronization
import Testing

@testable import AppManager

@Suite struct RegistryTests {
  private func full() throws -> AppRecord {
    var record = try record("Ünicode app", number: 7, isPreloaded: true, current: version(3))
    record.current.signers = [String(repeating: "ab", count: 32)]
    record.current.isAttested = true
    record.current.source = .usb
    record.previous = version(2)
    record.granted = [.network]
    record.revoked = CapabilitySet(mask: 1 << 63 | 1)
    record.settings = AppSettings(
      restart: AppRestartPolicy(isEnabled: true, retriesMax: 9, delayMilliseconds: 5), isAutostarted: true, priority: 9,
      quotas: AppQuotas(
        memoryBytesMax: 1, storageBytesMax: 2, handlesMax: 3, executionTimeout: .milliseconds(250), cpuPercentMax: 10,
        logLinesPerSecondMax: 4, networkBytesPerSecondMax: 5, fuelMax: .max),
      arguments: ["--x", ""], environment: ["B": "2", "A": "1"])
    record.desired = .running
    record.failure = AppFailure(.exit, "exit code -1", code: -1)
    record.isOnTrial = true
    record.crashCount = 3
    record.crashTotal = .max
    record.startCount = 12
    record.crashes = [
      AppCrash(
        at: -5, versionID: version(1).id, version: "1", uptimeMilliseconds: 9,
        failure: AppFailure(.trap, "\"quoted\"\n", backTrace: ["a", "b"]))
    ]
    return record
  }

  @Test func recordsAreReadAgain() throws {
    for record in [try full(), try record()] {
      #expect(try AppRecord(encoded: record.encoded()) == record)
      #expect(record.encoded() == record.encoded())
    }
    // A quota that is added is to be kept, too.
    #expect(Mirror(reflecting: AppQuotas()).children.count == 8)
    #expect(String(decoding: try full().encoded().prefix(13), as: UTF8.self) == "aether-app 1 ")
  }

  @Test func theLargestRecordIsReadAgain() throws {
    func text(_ count: Int) -> String { String(repeating: "\u{1}", count: count) }
    var record = try full()
    record.settings.arguments = (0..<AppSettings.argumentsMax).map { _ in text(AppSettings.textBytesMax) }
    record.settings.environment = [:]
    for index in 0..<AppSettings.environmentMax {
      record.settings.environment[text(AppSettings.textBytesMax - 2) + "\(index + 10)"] = text(AppSettings.textBytesMax)
    }
    #expect(record.settings.invalidField == nil)
    let failure = AppFailure(.trap, text(9999), backTrace: (0..<99).map { _ in text(999) })
    record.crashes = (0..<AppRecord.crashesMax).map { _ in
      AppCrash(at: .min, versionID: version(1).id, version: text(15), uptimeMilliseconds: .max, failure: failure)
    }
    record.failure = failure
    #expect(record.encoded().count < AppRecord.bytesMax)
    #expect(try AppRecord(encoded: record.encoded()) == record)
  }

  @Test func damagedRecordsAreRefusedAndNeverMisread() throws {
    var numbers = SeededNumbers.forTest(#function)
    let record = try full()
    let sound = record.encoded()
    for _ in 0..<3000 {
      let bytes = numbers.damage(sound)
      do throws(AppRecordError) {
        let read = try AppRecord(encoded: bytes)
        #expect(bytes == sound && read == record)
      } catch {}
    }
    // With a right checksum: fields are checked too.
    let json = try JSON.parse(Array(sound.drop { $0 != 0x0A }.dropFirst()))
    for name in try #require(json.objectValue).names {
      for wrong: JSON in [.null, 3.5, "x", -1, ["x": []], [[1]]] {
        var object = try #require(json.objectValue)
        object[name] = wrong
        do throws(AppRecordError) {
          _ = try AppRecord(encoded: CheckedDocument.encode("aether-app", .object(object)))
          #expect(name == "name" && wrong == "x", "\(name): \(wrong)")
        } catch {
          guard case .field = error else {
            Issue.record("\(error)")
            continue
          }
        }
      }
    }
    var changing = Array(json.bytes())
    for _ in 0..<3000 {
      changing = numbers.damage(json.bytes())
      guard let damaged = try? JSON.parse(changing) else { continue }
      _ = try? AppRecord(encoded: CheckedDocument.encode("aether-app", damaged))
    }
  }

  private func manager(_ root: String) async throws -> AppManager {
    try await AppManager.open(root: root, options: AppManagerOptions(rules: try rules()), runner: ScriptedRunner())
  }

  private func prepare(_ root: String) async throws {
    let manager = try await manager(root)
    for name in ["a", "b", "c"] { _ = try await manager.install(try demo("1.0"), name: name) }
    _ = try await manager.install(try demo("2.0"), name: "b")
    await manager.close()
  }

  @Test func damageIsSaidMovedAsideAndStopsNobody() async throws {
    let scratch = Scratch()
    try await prepare(scratch.path)
    let record = "\(scratch.path)/apps/a/record"
    var bytes = try Files.read(record)
    bytes[bytes.count / 2] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: record))
    try Data("stray".utf8).write(to: URL(fileURLWithPath: "\(scratch.path)/apps/.stray"))
    try FileManager.default.removeItem(atPath: "\(scratch.path)/apps/c/record")
    for round in 0..<2 {
      let manager = try await manager(scratch.path)
      #expect(await manager.list().map(\.name.text) == ["b"])
      if round == 0 {
        #expect(manager.damage.map(\.subject) == [".stray", "a", "c"])
        #expect(manager.damage.map(\.reason) == [.foreign, .record(.checksum), .noRecord])
        for damage in manager.damage { #expect(Files.exists(try #require(damage.movedTo))) }
        // Everything of it is kept, and the name can be used again.
        #expect(try Set(Files.names(in: "\(scratch.path)/apps/.damaged/a-1")) == ["record", "versions", "data"])
        _ = try await manager.install(try demo("3.0"), name: "a")
        try await manager.uninstall("a")
      } else {
        #expect(manager.damage.isEmpty)
      }
      await manager.close()
    }
  }

  @Test func aLostCurrentVersionGivesWayToThePreviousOne() async throws {
    let scratch = Scratch()
    try await prepare(scratch.path)
    let first = try await manager(scratch.path)
    let current = try await first.info("b").versionID
    await first.close()
    try Files.removeTree("\(scratch.path)/apps/b/versions/\(current.hex)/app.wasm")
    let second = try await manager(scratch.path)
    #expect(try await second.info("b").version == "1.0")
    guard case .wentBack(current, _) = second.damage.first?.reason else {
      Issue.record("\(second.damage)")
      return
    }
    await second.close()
    let third = try await manager(scratch.path)
    #expect(third.damage.isEmpty)
    #expect(try await third.info("b").previousVersion == nil)
  }

  @Test func aModuleThatHasChangedOnDiskIsNotRunAndIsRepairedByAnInstall() async throws {
    let scratch = Scratch()
    try await prepare(scratch.path)
    let manager = try await manager(scratch.path)
    let id = try await manager.info("c").versionID
    let path = "\(scratch.path)/apps/c/versions/\(id.hex)/app.wasm"
    var bytes = try Files.read(path)
    bytes[bytes.count - 1] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    await #expect(throws: AppError.self) { try await manager.start("c") }
    #expect(try await manager.crashes("c").last?.failure.reason.contains("other contents") == true)
    #expect(try await manager.install(try demo("1.0"), name: "c").outcome == .unchanged)
    try await manager.start("c")
  }

  /// A kill does not show what a power failure would: everything must be synced before it is put in its place, and the
  /// place afterwards.
  @Test func everythingIsSyncedBeforeItIsPutInPlace() async throws {
    let scratch = Scratch()
    let steps = Mutex<[FileStep]>([])
    var options = AppManagerOptions(rules: try rules())
    options.faults = { step in steps.withLock { $0.append(step) } }
    let manager = try await AppManager.open(root: scratch.path, options: options, runner: ScriptedRunner())
    _ = try await manager.install(try demo("1.0"))
    try await manager.start("demo")
    _ = try await manager.install(try demo("2.0"))
    try await manager.rollBack("demo")
    try await manager.uninstall("demo")
    var unsynced: Set<String> = []
    var renames = 0
    for step in steps.withLock({ $0 }) {
      let parent = String(step.path.prefix(upTo: step.path.lastIndex(of: "/") ?? step.path.startIndex))
      switch step.operation {
      case .create: unsynced.formUnion([step.path, parent])
      case .makeDirectory: unsynced.insert(parent)
      case .sync: unsynced.remove(step.path)
      case .rename:
        renames += 1
        let origin = try #require(step.origin)
        let open = unsynced.filter { $0 == origin || $0.hasPrefix(origin + "/") }
        #expect(open.isEmpty, "\(origin) to \(step.path): \(open)")
        unsynced.insert(parent)
      case .append, .remove, .write: break
      }
    }
    #expect(renames == 6)
    let open = unsynced.filter { !$0.contains("/.partial") && $0 != scratch.path }
    #expect(open.isEmpty, "\(open)")
  }

  @Test func oneManagerAtATime() async throws {
    let scratch = Scratch()
    let first = try await manager(scratch.path)
    await #expect(throws: AppError.inUse(scratch.path)) { _ = try await self.manager(scratch.path) }
    await first.close()
    _ = try await manager(scratch.path)
  }
}
