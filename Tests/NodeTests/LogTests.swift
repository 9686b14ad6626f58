import Glibc
import Linux
import Testing

@testable import Node

@Suite struct LogTests {
  @Test func streamsAndParts() async throws {
    try await TestNode.with { node, _ in
      _ = try await node.createCell(CellConfiguration(id: "c"))
      let before = wallTime()
      _ = try await node.run(
        "echo out; sleep 0.1; echo err >&2; sleep 0.1; printf part; sleep 0.1; echo ial; printf '\\000\\377'", cell: "c"
      )
      var entries: [LogEntry] = []
      for await entry in try node.logs(cell: "c", process: "p") { entries.append(entry) }
      #expect(entries.map(\.text).prefix(4) == ["out", "err", "part", "ial"])
      #expect(entries.map(\.stream).prefix(2) == [.output, .errors])
      #expect(entries.map(\.isPartial) == [false, false, true, false, true])
      #expect(entries.last?.bytes == [0, 255])
      #expect(entries.allSatisfy { $0.time >= before && $0.time <= wallTime() })
      var late: [String] = []
      for await entry in try node.logs(cell: "c", process: "p", since: entries[2].time) { late.append(entry.text) }
      #expect(late.first == "part")
      var last: [String] = []
      for await entry in try node.logs(cell: "c", process: "p", tail: 3) { last.append(entry.text) }
      #expect(last.prefix(2) == ["part", "ial"] && last.count == 3)
    }
  }

  @Test func rotation() async throws {
    try await TestNode.with { node, test in
      _ = try await node.createCell(CellConfiguration(id: "c"))
      let (_, reason) = try await node.run("i=0; while [ $i -lt 3000 ]; do echo line-$i; i=$((i+1)); done", cell: "c") {
        $0.log = .init(sizeMax: 16_384, filesMax: 4)
      }
      #expect(reason == .code(0))
      let directory = test.directory + "/state/cells/c/logs"
      let names = try Files.names(in: directory).sorted()
      #expect(names == ["p.log", "p.log.1", "p.log.2", "p.log.3"])
      var numbers: [Int] = []
      for await entry in try node.logs(cell: "c", process: "p") {
        numbers.append(try #require(Int(entry.text.dropFirst(5))))
      }
      #expect(numbers.last == 2999)
      #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 + 1 }, "nothing is missing within what is kept")
      for name in names {
        var status = stat()
        stat("\(directory)/\(name)", &status)
        // A file ends with the piece that was read when it was full.
        #expect(status.st_size <= 16_384 + 4 * 16_384)
      }
    }
  }

  @Test func followingAcrossRotationAndRestartOfTheProcess() async throws {
    try await TestNode.with { node, _ in
      _ = try await node.createCell(CellConfiguration(id: "c"))
      var writer = ProcessConfiguration(
        id: "w",
        arguments: [
          "sh", "-c", "i=$START; n=0; while [ $n -lt 400 ]; do echo $i; i=$((i+1)); n=$((n+1)); sleep 0.001; done",
        ])
      writer.log = .init(sizeMax: 8192, filesMax: 10)
      writer.environment = ["START": "0"]
      let sequence = try node.logs(cell: "c", process: "w", follow: true)
      let reader = Task {
        var seen: [Int] = []
        for await entry in sequence {
          seen.append(Int(entry.text) ?? -1)
          if seen.count == 800 { break }
        }
        return seen
      }
      try await node.startProcess(cell: "c", writer)
      _ = try await node.waitForExit(cell: "c", process: "w")
      writer.environment = ["START": "400"]
      try await node.startProcess(cell: "c", writer)
      #expect(await reader.value == Array(0..<800))
    }
  }

  @Test func followingEndsWithTheReader() async throws {
    try await TestNode.with { node, _ in
      _ = try await node.createCell(CellConfiguration(id: "c"))
      let sequence = try node.logs(cell: "c", process: "p", follow: true)
      for round in 0..<200 {
        let reader = Task { for await _ in sequence {} }
        if round % 2 == 0 { try await Task.sleep(for: .milliseconds(2)) }
        if round % 3 == 0 { await Task.yield() }
        reader.cancel()
        await reader.value
      }
    }
  }

  @Test func damagedLinesAreSkipped() {
    let seed = testSeed()
    var random = SplitMix(seed: seed)
    let good = Array("2026-01-31T23:59:59.123456789Z stdout F text".utf8)
    #expect(LogEntry(line: good[...])?.time == 1_769_903_999_123_456_789)
    #expect(LogEntry(line: Array("1970-01-01T00:00:00.000000001Z stderr P ".utf8)[...])?.time == 1)
    for _ in 0..<20_000 {
      var line = good
      for _ in 0...random.next() % 4 {
        let at = Int(random.next() % UInt64(line.count))
        switch random.next() % 3 {
        case 0: line[at] = UInt8(truncatingIfNeeded: random.next())
        case 1: line.removeSubrange(at...)
        default: line.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
        }
        if line.isEmpty { break }
      }
      _ = LogEntry(line: line[...])
    }
  }
}

/// The seed of a fuzz loop, printed so that a failure can be repeated with AETHER_SEED.
func testSeed() -> UInt64 {
  let given = getenv("AETHER_SEED").flatMap { UInt64(String(cString: $0)) }
  var system = SystemRandomNumberGenerator()
  let seed = given ?? system.next()
  print("AETHER_SEED=\(seed)")
  return seed
}

/// A small generator with a seed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
