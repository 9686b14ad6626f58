import Automata

/// Snapshots of one run, one after the other, each with the hash of the one before.
public struct SnapshotFile: Sendable {
  /// Why bytes are no such file.
  public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    /// Position of the snapshot, from 1.
    public var number: Int
    public var problem: String
    public var description: String { "snapshot \(number): \(problem)" }
  }

  /// In order of ticks.
  public let snapshots: [RunSnapshot]

  /// - Throws: for damage, for what is left out, and for an end in the middle of a snapshot.
  public init(_ bytes: [UInt8]) throws(Problem) {
    var snapshots: [RunSnapshot] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      func problem(_ text: String) -> Problem { Problem(number: snapshots.count + 1, problem: text) }
      guard let length = RunSnapshot.length(rest) else { throw problem("is no snapshot of a run") }
      guard length > 0, length <= rest.count else { throw problem("is cut off") }
      let snapshot: RunSnapshot
      do throws(EngineError) { snapshot = try RunSnapshot(Array(rest.prefix(length))) } catch {
        throw problem("is damaged")
      }
      if let last = snapshots.last {
        guard snapshot.previousHash == last.hash else { throw problem("does not follow the one before") }
        guard snapshot.tick >= last.tick else { throw problem("is of an earlier tick than the one before") }
      }
      snapshots.append(snapshot)
      rest = rest.dropFirst(length)
    }
    self.snapshots = snapshots
  }

  /// The last one at or before a tick.
  public func last(until tick: UInt64) -> RunSnapshot? { snapshots.last { $0.tick <= tick } }
}
