import AppFormat
import Crypto
import Foundation
import Linux
import PythonPeer
import Testing

@testable import AppManager

@Suite struct SessionTests {
  private func sessions(
    _ root: String, max: Int = 16, now: Int64 = 0, _ damage: inout [AppDamage]
  ) throws -> InstallSessions {
    let registry = AppRegistry(root: root)
    _ = try registry.open()
    return try InstallSessions(registry, sessionsMax: max, idleSeconds: 600, now: now, damage: &damage)
  }

  private func begin(
    _ sessions: inout InstallSessions, _ id: String, size: Int, now: Int64 = 0, sha256: [UInt8]? = nil
  ) throws {
    _ = try sessions.begin(
      id: id, name: nil, size: size, sha256: sha256, source: .http, bytesMax: 1000, now: now)
  }

  @Test func bytesComeInOrderAndMayComeAgain() throws {
    let scratch = Scratch()
    var damage: [AppDamage] = []
    var sessions = try sessions(scratch.path, &damage)
    try begin(&sessions, "s", size: 10)
    #expect(try sessions.write("s", offset: 0, [0, 1, 2, 3], now: 0) == 4)
    #expect(try sessions.write("s", offset: 0, [0, 1, 2, 3], now: 0) == 4)
    #expect(try sessions.write("s", offset: 2, [2, 3, 4, 5], now: 0) == 6)
    #expect(throws: AppError.otherBytes(offset: 2)) { try sessions.write("s", offset: 2, [9], now: 0) }
    #expect(throws: AppError.gap(received: 6)) { try sessions.write("s", offset: 7, [7], now: 0) }
    #expect(throws: AppError.pastEnd(size: 10)) { try sessions.write("s", offset: 6, [6, 7, 8, 9, 10], now: 0) }
    #expect(throws: AppError.pastEnd(size: 10)) { try sessions.write("s", offset: .max, [1], now: 0) }
    #expect(throws: AppError.pastEnd(size: 10)) { try sessions.write("s", offset: -1, [1], now: 0) }
    #expect(throws: AppError.incomplete(received: 6, size: 10)) { try sessions.bytes("s") }
    #expect(try sessions.session("s").received == 6)
    #expect(try sessions.write("s", offset: 6, [6, 7, 8, 9], now: 0) == 10)
    #expect(try sessions.bytes("s") == Array(0..<10))
    try sessions.remove("s")
    #expect(throws: AppError.noSession("s")) { try sessions.session("s") }
    #expect(try Files.names(in: "\(scratch.path)/installs").isEmpty)
  }

  @Test func limitsAndExpiry() throws {
    let scratch = Scratch()
    var damage: [AppDamage] = []
    var sessions = try sessions(scratch.path, max: 2, &damage)
    try begin(&sessions, "a", size: 10)
    try begin(&sessions, "b", size: 10, now: 500)
    #expect(throws: AppError.tooManySessions(max: 2)) { try begin(&sessions, "c", size: 10, now: 599) }
    try begin(&sessions, "c", size: 10, now: 600)
    #expect(sessions.all.map(\.id) == ["b", "c"] && sessions.nextExpiry == 1100)
    #expect(try sessions.write("b", offset: 0, [1], now: 700) == 1)
    #expect(sessions.nextExpiry == 1200)
    #expect(throws: AppError.tooLarge(bytes: 1001, bytesMax: 1000)) {
      try begin(&sessions, "d", size: 1001, now: 5000)
    }
    #expect(throws: AppError.self) { try begin(&sessions, "d", size: 0, now: 5000) }
    #expect(throws: AppError.self) { try begin(&sessions, "d", size: 1, now: 5000, sha256: [1]) }
    #expect(AppError.tooManySessions(max: 2).errno == -16 && AppError.pastEnd(size: 1).errno == -28)
    #expect(
      AppError.incomplete(received: 0, size: 1).errno == -11 && AppError.tooLarge(bytes: 2, bytesMax: 1).errno == -27)
  }

  /// Nobody asks: neither for a session of this manager nor for one that an earlier manager has left.
  @Test func idleSessionsGoByThemselves() async throws {
    let scratch = Scratch()
    func open(idle: Duration) async throws -> AppManager {
      var options = AppManagerOptions(rules: try rules())
      options.sessionIdle = idle
      return try await AppManager.open(root: scratch.path, options: options, runner: ScriptedRunner())
    }
    func waitUntilGone() async throws {
      for _ in 0..<3000 {
        if try Files.names(in: "\(scratch.path)/installs").isEmpty { return }
        try await Task.sleep(for: .milliseconds(10))
      }
      Issue.record("\(try Files.names(in: "\(scratch.path)/installs")) stay")
    }
    let first = try await open(idle: .seconds(600))
    let left = try await first.beginInstall(size: 10)
    try await first.writeInstall(left.id, offset: 0, [1, 2])
    await first.close()
    let second = try await open(idle: .seconds(1))
    try await waitUntilGone()
    for _ in 0..<2 {
      let session = try await second.beginInstall(size: 10)
      try await waitUntilGone()
      await #expect(throws: AppError.noSession(session.id)) {
        try await second.writeInstall(session.id, offset: 0, [1])
      }
    }
    await second.close()
  }

  @Test func aModelOfRandomPiecesAndRestarts() throws {
    var numbers = SeededNumbers.forTest(#function)
    for _ in 0..<20 {
      let scratch = Scratch()
      var damage: [AppDamage] = []
      var sessions = try sessions(scratch.path, &damage)
      let bytes = (0..<Int.random(in: 1...900, using: &numbers)).map { _ in UInt8.random(in: 0...255, using: &numbers) }
      try begin(&sessions, "s", size: bytes.count, sha256: Digest.sha256(bytes))
      var received = 0
      while received < bytes.count {
        if Int.random(in: 0..<10, using: &numbers) == 0 { sessions = try self.sessions(scratch.path, &damage) }
        let offset = Int.random(in: 0...bytes.count, using: &numbers)
        let end = Int.random(in: offset...min(bytes.count, offset + 300), using: &numbers)
        do throws(AppError) {
          let now = try sessions.write("s", offset: offset, Array(bytes[offset..<end]), now: 0)
          #expect(offset <= received && now == max(received, end))
          received = now
        } catch {
          #expect(error == .gap(received: received) && offset > received)
        }
      }
      #expect(try sessions.bytes("s") == bytes && damage.isEmpty)
    }
  }

  @Test func damagedSessionsAreSaidAndRemoved() throws {
    var numbers = SeededNumbers.forTest(#function)
    let session = InstallSession(
      id: "s", name: "demo", size: 10, sha256: [UInt8](repeating: 1, count: 32), source: .ble, received: 0, lastUsed: 0)
    let sound = InstallSessions.encode(session)
    #expect(try InstallSessions.decode(sound) == session)
    for _ in 0..<2000 {
      let bytes = numbers.damage(sound)
      if let read = try? InstallSessions.decode(bytes) { #expect(bytes == sound && read == session) }
    }
    let scratch = Scratch()
    var damage: [AppDamage] = []
    var sessions = try sessions(scratch.path, &damage)
    for id in ["s", "t", "u", "v"] { try begin(&sessions, id, size: 10) }
    let folder = "\(scratch.path)/installs"
    try Data("nothing".utf8).write(to: URL(fileURLWithPath: "\(folder)/s/session"))
    try Data(repeating: 0, count: 11).write(to: URL(fileURLWithPath: "\(folder)/t/bytes"))
    try FileManager.default.removeItem(atPath: "\(folder)/u/session")
    sessions = try self.sessions(scratch.path, &damage)
    #expect(damage.map(\.subject) == ["s", "t"] && sessions.all.map(\.id) == ["v"])
    #expect(try Files.names(in: folder) == ["v"])
  }
}
