import Glibc
import JSON
import Logging
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct LoggingTests {
  /// Collects records and what they look like.
  final class Sink: Sendable {
    let records = Mutex<[LogRecord]>([])
    var output: LogOutput { .handler { [self] new in records.withLock { $0 += new } } }
    var messages: [String] { records.withLock { $0.map(\.message) } }
  }

  func lines(_ format: LogFormat, _ body: (LogSystem) -> Void) throws -> [String] {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer { close(ends[0]) }
    let system = LogSystem(levels: LogLevels(.trace), format: format, output: .descriptor(ends[1]))
    body(system)
    #expect(system.flush(timeout: .seconds(60)))
    close(ends[1])
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(ends[0], &buffer, buffer.count)
      if count <= 0 { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  @Test func writesAlignedText() throws {
    let lines = try lines(.text) { system in
      Logger("net.http", system: system).with("peer", "unix").info(
        "listening", ["port": 8080, "tls": true, "a": "b c"])
      Logger("store", system: system).error("cannot\nwrite \u{1B}[31m", ["path": "/x", "peer": "", "ratio": 0.5])
    }
    #expect(lines.count == 2)
    let stamp = try Regex(#"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "#)
    #expect(lines.allSatisfy { $0.firstMatch(of: stamp) != nil })
    #expect(lines[0].dropFirst(25) == #"INFO  net.http       listening peer=unix port=8080 tls=true a="b c""#)
    #expect(lines[1].dropFirst(25) == #"ERROR store          cannot\nwrite \u{1b}[31m path=/x peer="" ratio=0.5"#)
  }

  @Test func writesJSONLines() throws {
    let lines = try lines(.json) { system in
      Logger("net", system: system).with("id", 1).warning(
        "a \"b\"\n", ["id": 2, "x": 1.5, "big": LogValue(UInt64.max)])
      Logger("net", system: system).trace("plain")
    }
    let values = try lines.map { try JSON.parse($0) }
    #expect(values.count == 2)
    #expect(values[0]["level"] == "warning")
    #expect(values[0]["message"] == "a \"b\"\n")
    #expect(values[0]["metadata"] == ["id": 2, "x": 1.5, "big": "18446744073709551615"])
    #expect(values[1]["metadata"] == nil)
  }

  @Test func filtersBySubsystem() throws {
    let sink = Sink()
    let system = LogSystem(
      levels: try LogLevels(parsing: "warning,net=debug,net.http=error"), output: sink.output)
    let early = Logger("net.grpc", system: system)
    for name in ["store", "net", "net.http", "network"] {
      let logger = Logger(name, system: system)
      for level in LogLevel.allCases { logger.log(level, "\(name) \(level)") }
    }
    early.debug("grpc debug")
    system.levels = LogLevels(.error)
    early.warning("not any more")
    #expect(system.flush(timeout: .seconds(60)))
    #expect(
      sink.messages == [
        "store warning", "store error", "net debug", "net info", "net warning", "net error", "net.http error",
        "network warning", "network error", "grpc debug",
      ])
  }

  @Test func buildsNoDisabledMessage() {
    let logger = Logger("quiet", system: LogSystem(levels: LogLevels(.error), output: Sink().output))
    func message() -> String {
      Issue.record("built")
      return ""
    }
    logger.info(message(), ["a": LogValue(message())])
  }

  @Test(arguments: ["", "loud", "net=", "=info", "info,", "net=info=debug"]) func refusesLevels(_ text: String) {
    #expect(throws: LogLevels.ParseError.self) { try LogLevels(parsing: text) }
  }

  @Test func hidesSecrets() throws {
    struct Credentials {
      var user = "ada"
      var token = Secret("hunter2")
    }
    let credentials = Credentials()
    let secret = Secret("hunter2")
    var dumped = ""
    dump(credentials, to: &dumped)
    for format in [LogFormat.text, .json] {
      let lines = try lines(format) { system in
        Logger("auth", system: system).info("\(secret) \(credentials)", ["a": LogValue(secret), "b": "\(secret)"])
      }
      #expect(lines.count == 1)
      dumped += lines.joined()
    }
    dumped += String(reflecting: credentials) + String(describing: Optional(secret)) + "\([secret])"
    #expect(!dumped.contains("hunter2"))
    #expect(secret.revealed == "hunter2")
  }

  @Test func linesOfManyThreadsStayWhole() async throws {
    let sink = Sink()
    let system = LogSystem(output: sink.output, recordsMax: 100_000)
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          let logger = Logger("task", system: system).with("task", LogValue(task))
          for index in 0..<1000 { logger.info("\(task) \(index)") }
        }
      }
    }
    #expect(system.flush(timeout: .seconds(60)))
    let messages = sink.messages
    #expect(messages.count == 8000)
    for task in 0..<8 {
      #expect(messages.filter { $0.hasPrefix("\(task) ") } == (0..<1000).map { "\(task) \($0)" })
    }
  }

  @Test func aStuckOutputBlocksNobody() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer { close(ends[0]) }
    let system = LogSystem(format: .json, output: .descriptor(ends[1]), recordsMax: 50)
    let logger = Logger("busy", system: system)
    let text = String(repeating: "x", count: 4000)
    for _ in 0..<5000 { logger.info(text) }
    #expect(system.droppedCount > 0)
    #expect(!system.flush(timeout: .milliseconds(50)))
    // Once somebody reads again, the rest arrives, and with it the number of those that were lost.
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    var dropped: Int64 = 0
    while dropped < system.droppedCount {
      let count = read(ends[0], &buffer, buffer.count)
      try #require(count > 0)
      bytes += buffer[..<count]
      let whole = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
      dropped = try whole.map { try JSON.parse(Array($0)) }
        .compactMap { $0["metadata"]?["count"]?.integerValue }.reduce(0, +)
    }
    #expect(system.flush(timeout: .seconds(60)))
    let lines = bytes.split(separator: 0x0A)
    #expect(Int(dropped) == system.droppedCount)
    #expect(try lines.count { try JSON.parse(Array($0))["subsystem"] == "busy" } + Int(dropped) == 5000)
    close(ends[1])
  }

  @Test func cutsLongTexts() throws {
    let sink = Sink()
    let system = LogSystem(output: sink.output)
    Logger("long", system: system).info(String(repeating: "é", count: 100_000))
    #expect(system.flush(timeout: .seconds(60)))
    #expect(sink.messages.allSatisfy { $0.utf8.count < Logger.textMax + 64 && $0.hasSuffix("(200000 bytes)") })
    #expect(sink.messages.count == 1)
  }
}
