import Foundation
import JSON
import Model
import Testing

@testable import Store

/// A directory that goes with the test.
final class Scratch: Sendable {
  let path: String
  init() {
    var template = Array("/tmp/aether-store-XXXXXX".utf8CString)
    mkdtemp(&template)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Reproducible random numbers (splitmix64). `AETHER_SEED` sets the seed; it is printed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  static func seed(_ test: String = #function) -> UInt64 {
    let seed =
      ProcessInfo.processInfo.environment["AETHER_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...9_999_999)
    print("\(test): AETHER_SEED=\(seed)")
    return seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

func resource(
  _ name: String, owner: String = "ada", kind: String = "Cell", labels: [String: String] = [:],
  finalizers: [String] = [], spec: JSON = ["size": 1]
) -> Resource {
  Resource(kind: kind, metadata: Metadata(name: name, owner: owner, labels: labels, finalizers: finalizers), spec: spec)
}

func key(_ name: String, owner: String = "ada", kind: String = "Cell") -> ResourceKey {
  ResourceKey(owner: owner, kind: kind, name: name)
}

/// Checks that the call throws the error, and gives it in the message when not.
func expect(_ expected: StoreError, _ body: () async throws -> Void, line: Int = #line) async {
  do {
    try await body()
    Issue.record("line \(line): nothing thrown, expected \(expected)")
  } catch { #expect(error as? StoreError == expected, "line \(line)") }
}

/// Takes changes until one has the revision.
func collect(_ feed: ChangeFeed, upTo revision: Int64) async throws -> [Change] {
  var iterator = feed.makeAsyncIterator()
  var changes: [Change] = []
  while changes.last?.revision ?? 0 < revision, let change = try await iterator.next() { changes.append(change) }
  return changes
}

/// The program that tests kill, beside the test bundle.
func torturePath() throws -> String {
  let candidates = CommandLine.arguments.filter { $0.contains(".xctest") } + ["/proc/self/exe"]
  for candidate in candidates {
    guard let real = realpath(candidate, nil) else { continue }
    defer { free(real) }
    let path = URL(fileURLWithPath: String(cString: real)).deletingLastPathComponent().path + "/aether-store-torture"
    if FileManager.default.isExecutableFile(atPath: path) { return path }
  }
  throw MissingProgram()
}
struct MissingProgram: Error {}

/// A clock that stands until it is moved.
final class ManualClock: @unchecked Sendable {
  // Holds across threads: the lock guards the one mutable property.
  private let lock = NSLock()
  private var milliseconds: Int64 = 1_000_000

  var now: Timestamp { lock.withLock { Timestamp(milliseconds: milliseconds) } }
  func advance(by step: Int64) { lock.withLock { milliseconds += step } }
}
