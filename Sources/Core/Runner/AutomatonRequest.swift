import Automata
import Bytes

/// An automaton and what is done with it, as data. Numbers are big-endian.
public struct AutomatonRequest: Sendable, Equatable {
  /// The model's own, when `nil`.
  public var semantics: Semantics?
  public var seed: UInt64 = 0
  /// Time of the wall clock at time 0, in milliseconds since 1970.
  public var epoch: Int64 = 0
  /// Binary form, see `ModelCodec`.
  public var model: [UInt8]
  public var steps: [Step] = []

  public init(model: [UInt8]) { self.model = model }

  /// Something that is done at a time, in milliseconds.
  public struct Step: Sendable, Equatable {
    public var time: Int64
    public var action: Action

    public init(_ time: Int64, _ action: Action) {
      self.time = time
      self.action = action
    }
  }

  public enum Action: Sendable, Equatable {
    case start
    case stop
    case pause
    case resume
    case reset
    case force(state: Name)
    case set(variable: Name, AutomatonValue)
    case raise(event: Name)
    /// The first tick is at the time of the step; `period` in milliseconds.
    case tick(period: UInt32, count: UInt32)
  }

  // MARK: Writing

  public func encode() -> [UInt8] {
    var writer = ByteWriter()
    writer.put(Runner.Kind.automaton.rawValue)
    writer.put(semantics?.rawValue ?? 0)
    writer.put(seed)
    writer.put(epoch)
    writer.put32(model)
    for step in steps {
      writer.put(step.code)
      writer.put(step.time)
      switch step.action {
      case .start, .stop, .pause, .resume, .reset: break
      case .force(let name), .raise(let name): writer.put16(name)
      case .set(let name, let value):
        writer.put16(name)
        writer.put(value)
      case .tick(let period, let count):
        writer.put(period)
        writer.put(count)
      }
    }
    return writer.bytes
  }

  // MARK: Reading

  public init(_ bytes: [UInt8]) throws(ByteReader.EndOfBytes) {
    var reader = ByteReader(bytes, at: 1)
    semantics = Semantics(rawValue: try reader.u8())
    seed = try reader.u64()
    epoch = try reader.i64()
    model = try reader.bytes32()
    while !reader.isAtEnd { steps.append(try Step(&reader)) }
  }
}

extension AutomatonRequest.Step {
  fileprivate var code: UInt8 {
    switch action {
    case .start: 1
    case .stop: 2
    case .pause: 3
    case .resume: 4
    case .reset: 5
    case .force: 6
    case .set: 7
    case .raise: 8
    case .tick: 9
    }
  }

  fileprivate init(_ reader: inout ByteReader) throws(ByteReader.EndOfBytes) {
    let code = try reader.u8()
    time = try reader.i64()
    switch code {
    case 1: action = .start
    case 2: action = .stop
    case 3: action = .pause
    case 4: action = .resume
    case 5: action = .reset
    case 6: action = .force(state: try reader.bytes16())
    case 7:
      let name = try reader.bytes16()
      action = .set(variable: name, try AutomatonRequest.value(&reader))
    case 8: action = .raise(event: try reader.bytes16())
    case 9:
      let period = try reader.u32()
      action = .tick(period: period, count: try reader.u32())
    default:
      // Nothing that is known: the request ends here.
      _ = try reader.take(reader.remaining + 1)
      action = .stop
    }
  }
}

extension AutomatonRequest {
  /// What `ByteWriter.put(AutomatonValue)` writes.
  fileprivate static func value(_ reader: inout ByteReader) throws(ByteReader.EndOfBytes) -> AutomatonValue {
    switch ValueType(rawValue: try reader.u8()) {
    case .bool: return .bool(try reader.u8() != 0)
    case .int32: return .int32(try reader.i32())
    case .int64: return .int64(try reader.i64())
    case .float32: return .float32(try reader.float())
    case .float64: return .float64(try reader.double())
    case .string: return .string(try reader.bytes16())
    case .binary: return .binary(try reader.bytes16())
    case .void: return .void
    case .table, nil:
      _ = try reader.take(reader.remaining + 1)
      return .void
    }
  }
}
