import AppFormat
import AppManager
import Foundation
import Linux
import Testing
import Wasmtime

@testable import Apps

@Suite struct SettingsTests {
  private static let names = ["settings_get", "settings_set", "settings_delete"]

  private func guest(_ scratch: Scratch, name: String = "guest", memoryBytesMax: Int? = nil) throws -> Guest {
    try Guest(
      calling: Self.names, name: name, services: AppServices(dataFolder: scratch.path), memoryBytesMax: memoryBytesMax)
  }

  @Test func areKeptForOneApp() throws {
    let scratch = Scratch()
    let first = try guest(scratch)
    let key = try first.text("wifi/ssid")
    let value = try first.text("über all", at: 2048)
    #expect(try first.call("settings_get", key, 4096, 100) == -ENOENT)
    #expect(try first.call("settings_set", key, value) == 0)
    #expect(try first.call("settings_get", key, 4096, 100) == 9)
    #expect(try first.string(at: 4096) == "über all")
    #expect(try first.call("settings_get", key, 4096, 9) == -EMSGSIZE)
    #expect(try first.call("settings_get", key, 4096, 10) == 9)
    // After a restart, and not for others.
    let again = try guest(scratch)
    #expect(try again.call("settings_get", try again.text("wifi/ssid"), 4096, 100) == 9)
    #expect(try guest(scratch, name: "guest.new").host.keptSettings()["wifi/ssid"] == nil)
    let other = try guest(scratch, name: "other")
    #expect(try other.call("settings_get", try other.text("wifi/ssid"), 4096, 100) == -ENOENT)
    #expect(try again.call("settings_delete", try again.text("wifi/ssid")) == 0)
    #expect(try again.call("settings_delete", try again.text("wifi/ssid")) == -ENOENT)
    #expect(try guest(scratch).host.keptSettings().bytes == 0)
    #expect(try again.call("settings_get", try again.text(""), 4096, 100) == -EINVAL)
    #expect(try again.call("settings_set", try again.text("key"), 0) == -EINVAL)
  }

  @Test func declaredOnesCountUntilTheAppSetsThem() throws {
    let scratch = Scratch()
    let guest = try guest(scratch)
    guest.host.environment = ["host": "example.com"]
    let key = try guest.text("host")
    #expect(try guest.call("settings_get", key, 4096, 100) == 11)
    #expect(try guest.string(at: 4096) == "example.com")
    #expect(try guest.call("settings_set", key, try guest.text("own", at: 2048)) == 0)
    #expect(try guest.call("settings_get", key, 4096, 100) == 3)
    #expect(try guest.call("settings_delete", key) == 0)
    #expect(try guest.call("settings_get", key, 4096, 100) == 11)
    #expect(try guest.call("settings_delete", key) == -ENOENT)
  }

  @Test func areLimited() throws {
    let scratch = Scratch()
    let guest = try guest(scratch)
    let value = try guest.text("v", at: 2048)
    for index in 0..<KeptSettings.keysMax {
      #expect(try guest.call("settings_set", try guest.text("key\(index)"), value) == 0)
    }
    #expect(try guest.call("settings_set", try guest.text("one more"), value) == -ENOSPC)
    #expect(try guest.call("settings_set", try guest.text("key1"), try guest.text("other", at: 2048)) == 0)
    let long = String(repeating: "k", count: KeptSettings.keyBytesMax + 1)
    #expect(try guest.call("settings_set", try guest.text(long), value) == -EINVAL)
    let big = String(repeating: "v", count: KeptSettings.valueBytesMax)
    #expect(try guest.call("settings_set", try guest.text("key2"), try guest.text(big, at: 2048)) == 0)
    #expect(try guest.call("settings_set", try guest.text("key2"), try guest.text(big + "v", at: 2048)) == -EMSGSIZE)
    // They count as the app's memory, all of it.
    #expect(try guest.host.keptSettings().bytes == guest.counters.memoryBytes.load(ordering: .relaxed) - 65536)
    let small = try self.guest(scratch, name: "small", memoryBytesMax: 65536 + 1200)
    #expect(try small.call("settings_set", try small.text("a"), try small.text(big, at: 2048)) == 0)
    #expect(try small.call("settings_set", try small.text("b"), try small.text(big, at: 2048)) == -ENOMEM)
    #expect(try small.call("settings_delete", try small.text("a")) == 0)
    #expect(try small.call("settings_set", try small.text("b"), try small.text(big, at: 2048)) == 0)
  }

  @Test func damagedOnesArePutAside() throws {
    let scratch = Scratch()
    let first = try guest(scratch)
    #expect(try first.call("settings_set", try first.text("key"), try first.text("value", at: 2048)) == 0)
    let path = try first.host.services.settingsPath(of: "guest")
    var bytes = try Files.read(path)
    bytes[bytes.count - 4] ^= 1
    try Files.replace(path, with: bytes)
    let again = try guest(scratch)
    #expect(try again.call("settings_get", try again.text("key"), 4096, 100) == -ENOENT)
    #expect(again.audit.entries.map(\.event) == [.integrityFailure])
    #expect(try Files.read(path + ".damaged") == bytes)
    #expect(try again.call("settings_set", try again.text("key"), try again.text("new", at: 2048)) == 0)
    again.host.services.forget("guest")
    #expect(try Files.names(in: scratch.path + "/settings") == [])
  }

  @Test func anyBytesAreReadWithoutHarm() {
    var random = Seeded()
    let good = KeptSettings.encode(["one": "1", "two": "zwei", "three": "\u{1F600}\n"])
    #expect(KeptSettings.decode(good) == ["one": "1", "two": "zwei", "three": "\u{1F600}\n"])
    for _ in 0..<3000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(place...)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        }
        if bytes.isEmpty { break }
      }
      if let read = KeptSettings.decode(bytes) { #expect(read == KeptSettings.decode(good)) }
    }
  }

  /// Counts up for ever, and logs each number when it is kept.
  private static let counting = """
    (module (import "env" "settings_set" (func $set (param i32 i32) (result i32)))
      (import "env" "settings_get" (func $get (param i32 i32 i32) (result i32)))
      (import "env" "atoi" (func $atoi (param i32) (result i32)))
      (import "akira_log" "log_info" (func $log (param i32)))
      (import "akira_time" "sleep_ms" (func $sleep (param i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 16) "count\\00") (data (i32.const 64) "00000000\\00")
      (func (export "main") (local $number i32) (local $rest i32) (local $place i32)
        (drop (call $get (i32.const 16) (i32.const 64) (i32.const 9)))
        (local.set $number (call $atoi (i32.const 64)))
        (loop $again
          (local.set $number (i32.add (local.get $number) (i32.const 1)))
          (local.set $rest (local.get $number))
          (local.set $place (i32.const 71))
          (loop $digit
            (i32.store8 (local.get $place) (i32.add (i32.const 48) (i32.rem_u (local.get $rest) (i32.const 10))))
            (local.set $rest (i32.div_u (local.get $rest) (i32.const 10)))
            (local.set $place (i32.sub (local.get $place) (i32.const 1)))
            (br_if $digit (i32.ge_u (local.get $place) (i32.const 64))))
          (loop $try
            (if (call $set (i32.const 16) (i32.const 64))
              (then (drop (call $sleep (i32.const 10))) (br $try))))
          (call $log (i32.const 64))
          (br $again))))
    """

  @Test func surviveKills() throws {
    var random = Seeded()
    let scratch = Scratch()
    for name in ["cache", "data"] { mkdir("\(scratch.path)/\(name)", 0o700) }
    let module = scratch.path + "/writer.wasm"
    try Files.replace(module, with: try wasm(fromText: Self.counting))
    var kept = 0
    for round in 0..<8 {
      let process = Process()
      let output = Pipe()
      process.executableURL = URL(fileURLWithPath: try programPath("aether-settings-torture"))
      process.arguments = [scratch.path, module]
      process.standardOutput = output
      try process.run()
      let lineCount = Int.random(in: 1...30, using: &random)
      var bytes = Data()
      while bytes.count(where: { $0 == 10 }) < lineCount {
        let piece = output.fileHandleForReading.availableData
        if piece.isEmpty { break }
        bytes += piece
      }
      usleep(UInt32.random(in: 0..<3000, using: &random))
      Glibc.kill(process.processIdentifier, SIGKILL)
      bytes += (try? output.fileHandleForReading.readToEnd()) ?? Data()
      process.waitUntilExit()
      // A line without its end does not count.
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      let numbers = lines.dropLast().compactMap { Int($0) }
      #expect(numbers.first == nil || numbers.first == kept + 1 || numbers.first == kept + 2, "round \(round)")
      let settings = try #require(KeptSettings.decode(try Files.read(scratch.path + "/data/settings/writer/values")))
      let now = Int(settings["count"] ?? "") ?? -1
      // What was acknowledged is there; at most the one after it, too.
      #expect(now == numbers.last ?? kept || now == (numbers.last ?? kept) + 1, "round \(round): \(now), \(numbers)")
      kept = now
    }
    #expect(kept > 8)
    #expect(!Files.exists(scratch.path + "/data/settings/writer/values.damaged"))
  }
}

/// A program of this package, beside the test bundle.
func programPath(_ name: String) throws -> String {
  for candidate in CommandLine.arguments.filter({ $0.contains(".xctest") }) + ["/proc/self/exe"] {
    guard let real = realpath(candidate, nil) else { continue }
    defer { free(real) }
    let path = URL(fileURLWithPath: String(cString: real)).deletingLastPathComponent().path + "/" + name
    if FileManager.default.isExecutableFile(atPath: path) { return path }
  }
  throw Failure(text: "\(name) is not built")
}
