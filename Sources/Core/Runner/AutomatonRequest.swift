import Automata
import Bytes

/// An automaton and what is done with it, as data. Numbers are big-endian.
public struct AutomatonRequest: Sendable, Equatable {
  /// The model's own, when `nil`.
  public var semantics: Semantics?
  public var seed: UInt64 = 0
  /// In milliseconds, at least 1.
  public var tickLength: UInt32 = 10
  /// Time of the wall clock at time 0, in milliseconds since 1970.
  public var epoch: Int64 = 0
  public var faults = FaultSchedule()
  /// Binary form, see `ModelCodec`; or `DeviceForm`, which says the semantics itself.
  public var model: [UInt8]
  public var steps: [Step] = []

  public init(model: [UInt8]) { self.model = model }

  public enum Step: Sendable, Equatable {
    case apply(RunCommand)
    /// `count` ticks, each `period` milliseconds after the one before.
    case tick(period: UInt32, count: UInt32)
    /// Keeps a snapshot of the engine.
    case save
    /// The engine goes back to the snapshot that was kept last; the run around it goes on.
    case restore
    /// Keeps a snapshot of the whole run.
    case saveRun
    /// The whole run goes back to the snapshot that was kept last.
    case restoreRun
  }

  // MARK: Writing

  public func encode() -> [UInt8] {
    var writer = ByteWriter()
    writer.put(Runner.Kind.automaton.rawValue)
    writer.put(semantics?.rawValue ?? 0)
    writer.put(seed)
    writer.put(tickLength)
    writer.put(epoch)
    writer.put32(faults.encode())
    writer.put32(model)
    for step in steps { writer.put(step) }
    return writer.bytes
  }

  // MARK: Reading

  public init(_ bytes: [UInt8]) throws(ByteReader.EndOfBytes) {
    var reader = ByteReader(bytes, at: 1)
    semantics = Semantics(rawValue: try reader.u8())
    seed = try reader.u64()
    tickLength = max(1, try reader.u32())
    epoch = try reader.i64()
    faults = FaultSchedule.decode(try reader.bytes32()) ?? FaultSchedule()
    model = try reader.bytes32()
    while !reader.isAtEnd { steps.append(try Step(&reader)) }
  }
}

extension ByteWriter {
  mutating func put(_ step: AutomatonRequest.Step) {
    switch step {
    case .apply(.start): put(UInt8(1))
    case .apply(.stop): put(UInt8(2))
    case .apply(.pause): put(UInt8(3))
    case .apply(.resume): put(UInt8(4))
    case .apply(.reset): put(UInt8(5))
    case .apply(.force(let state)):
      put(UInt8(6))
      put(state.raw)
    case .apply(.set(let variable, let value)):
      put(UInt8(7))
      put(UInt16(truncatingIfNeeded: variable))
      put(value)
    case .apply(.raise(let event)):
      put(UInt8(8))
      put16(event)
    case .tick(let period, let count):
      put(UInt8(9))
      put(period)
      put(count)
    case .save: put(UInt8(10))
    case .restore: put(UInt8(11))
    case .saveRun: put(UInt8(12))
    case .restoreRun: put(UInt8(13))
    }
  }
}

extension AutomatonRequest.Step {
  init(_ reader: inout ByteReader) throws(ByteReader.EndOfBytes) {
    switch try reader.u8() {
    case 1: self = .apply(.start)
    case 2: self = .apply(.stop)
    case 3: self = .apply(.pause)
    case 4: self = .apply(.resume)
    case 5: self = .apply(.reset)
    case 6: self = .apply(.force(StateIndex(raw: try reader.u16())))
    case 7:
      let variable = Int(try reader.u16())
      self = .apply(.set(variable: variable, try FaultSchedule.value(&reader) ?? .void))
    case 8: self = .apply(.raise(try reader.bytes16()))
    case 9:
      let period = try reader.u32()
      self = .tick(period: period, count: try reader.u32())
    case 10: self = .save
    case 11: self = .restore
    case 12: self = .saveRun
    case 13: self = .restoreRun
    default:
      // Nothing that is known: the request ends here.
      _ = try reader.take(reader.remaining + 1)
      self = .save
    }
  }
}
