import AppFormat
import AppManager
import Glibc
import Testing

@testable import Apps

/// The command bridge, lifecycle events and floods, with apps on threads of their own.
@Suite struct CommandTests {
  /// Answers each command with the same bytes. A command that begins with "-" gets no answer; one that begins with "+" is
  /// answered behind 3 s.
  static let echo = """
    (module (import "env" "msg_subscribe" (func $subscribe (param i32) (result i32)))
      (import "env" "msg_recv" (func $receive (param i32 i32 i32 i32) (result i32)))
      (import "env" "msg_publish" (func $publish (param i32 i32 i32) (result i32)))
      (import "akira_time" "sleep_ms" (func $sleep (param i32) (result i32)))
      (import "akira_log" "log_info" (func $log (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 16) "echo.cmd\\00") (data (i32.const 32) "echo.evt\\00") (data (i32.const 48) "up\\00")
      (func (export "main") (local $count i32)
        (drop (call $subscribe (i32.const 16)))
        (call $log (i32.const 48))
        (loop $again
          (local.set $count (call $receive (i32.const 16) (i32.const 1024) (i32.const 4096) (i32.const -1)))
          (br_if $again (i32.lt_s (local.get $count) (i32.const 1)))
          (br_if $again (i32.eq (i32.load8_u (i32.const 1024)) (i32.const 45)))
          (if (i32.eq (i32.load8_u (i32.const 1024)) (i32.const 43))
            (then (drop (call $sleep (i32.const 3000)))))
          (drop (call $publish (i32.const 32) (i32.const 1024) (local.get $count)))
          (br $again))))
    """

  /// Waits until an app has written a line.
  private func line(_ text: String, _ bench: Bench, _ app: String) async throws {
    for _ in 0..<3000 {
      if bench.lines(app).contains(text) { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw Failure(text: "\(app) has not written \"\(text)\"")
  }

  @Test func appsAnswerCommands() async throws {
    let bench = try Bench()
    let exits = Exits()
    let app = try await bench.runtime.start(try bench.launch("echo", Self.echo, [.ipc])) { exits.set($0) }
    try await line("up", bench, "echo")
    #expect(await app.command(Array("hello".utf8), timeout: .seconds(60)) == .answer(Array("hello".utf8)))
    #expect(await app.command(Array("-".utf8), timeout: .milliseconds(50)) == .timeout)
    #expect(await app.command([], timeout: .seconds(1)) == .notListening)
    #expect(await bench.runtime.services.command("nobody", [1], timeout: .seconds(1)) == .notListening)
    // An answer that came too late is not taken for the one to the next command.
    #expect(await app.command(Array("+late".utf8), timeout: .milliseconds(100)) == .timeout)
    #expect(await app.command(Array("next".utf8), timeout: .seconds(60)) == .answer(Array("next".utf8)))
    // Everybody gets the answer to what they have asked.
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<30 {
        group.addTask {
          let bytes = Array("question \(number)".utf8)
          #expect(await app.command(bytes, timeout: .seconds(60)) == .answer(bytes))
        }
      }
    }
    await app.stop(timeout: .seconds(5))
    #expect(await exits.first() == .killed(.stopped))
    #expect(await app.command([1], timeout: .seconds(1)) == .notListening)
    #expect(app.statistics().callCount > 60)
    #expect(app.statistics().handleCount == 0)
  }

  @Test func lifecycleIsPublished() throws {
    let services = AppServices(dataFolder: "")
    let guest = try Guest(calling: MessageTests.names, [.ipc], services: services)
    #expect(try guest.call("msg_subscribe", try guest.text("akira.lifecycle")) == 0)
    let name = try #require(AppName("counter"))
    services.lifecycle(AppLifecycleEvent(sequence: 1, name: name, phase: .failed, change: .stopped, at: 0))
    #expect(try guest.call("msg_recv", try guest.text("akira.lifecycle"), 2048, 36, 0) == 36)
    #expect(
      try guest.bytes(at: 2048, 36) == Array("counter".utf8) + [UInt8](repeating: 0, count: 25) + [5, 0, 0, 0])
  }

  /// Publishes for ever on a topic that another app has subscribed to and never reads.
  private static let flood = """
    (module (import "env" "msg_publish" (func $publish (param i32 i32 i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 16) "flood\\00")
      (func (export "main")
        (loop $again
          (drop (call $publish (i32.const 16) (i32.const 1024) (i32.const 4096)))
          (br $again))))
    """
  private static let deaf = """
    (module (import "env" "msg_subscribe" (func $subscribe (param i32) (result i32)))
      (import "akira_time" "sleep_ms" (func $sleep (param i32) (result i32)))
      (import "akira_log" "log_info" (func $log (param i32)))
      (memory (export "memory") 1) (data (i32.const 16) "flood\\00") (data (i32.const 32) "up\\00")
      (func (export "main") (drop (call $subscribe (i32.const 16))) (call $log (i32.const 32))
        (drop (call $sleep (i32.const 3000000)))))
    """

  @Test func floodsHarmNobodyElse() async throws {
    let bench = try Bench()
    let exits = [Exits(), Exits(), Exits()]
    let quotas = AppQuotas(memoryBytesMax: 200_000, executionTimeout: .seconds(600))
    let deaf = try await bench.runtime.start(try bench.launch("deaf", Self.deaf, [.ipc], quotas: quotas)) {
      exits[0].set($0)
    }
    try await line("up", bench, "deaf")
    let flood = try await bench.runtime.start(try bench.launch("flood", Self.flood, [.ipc], quotas: quotas)) {
      exits[1].set($0)
    }
    let echo = try await bench.runtime.start(try bench.launch("echo", Self.echo, [.ipc], quotas: quotas)) {
      exits[2].set($0)
    }
    try await line("up", bench, "echo")
    for number in 0..<60 {
      let bytes = Array("n\(number)".utf8)
      #expect(await echo.command(bytes, timeout: .seconds(60)) == .answer(bytes))
    }
    for _ in 0..<3000 where flood.statistics().rateLimitedCount == 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(flood.statistics().rateLimitedCount > 0)
    #expect(deaf.statistics().rateLimitedCount == 0)
    let noted = bench.runtime.audit.entries.filter { $0.event == .rateLimited }
    #expect(noted.first?.app == "flood" && noted.first?.detail == "ipc" && noted.count < 600)
    let dropped = deaf.statistics().droppedMessageCount
    #expect(dropped > 0 && flood.statistics().droppedMessageCount >= dropped)
    #expect(deaf.statistics().memoryPeakBytes <= 200_000)
    #expect(echo.statistics().droppedMessageCount == 0)
    for app in [flood, deaf, echo] { await app.stop(timeout: .seconds(5)) }
    for exit in exits { #expect(await exit.first() == .killed(.stopped)) }
    #expect(flood.statistics().droppedMessageCount == deaf.statistics().droppedMessageCount)
  }
}
