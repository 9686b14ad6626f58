import Bytes
import Script

/// Faults as data: what goes wrong with which signals, when, how often. The same schedule and seed give the same faults.
public struct FaultSchedule: Sendable, Equatable {
  public var rules: [FaultRule]
  public init(rules: [FaultRule] = []) { self.rules = rules }
  public var isEmpty: Bool { rules.isEmpty }
}

public struct FaultRule: Sendable, Equatable {
  public enum Action: Sendable, Equatable {
    case drop
    /// Later by so many milliseconds, and evenly up to `jitter` more.
    case delay(Int32, jitter: Int32)
    /// So many copies besides the first, each `after` milliseconds later than the one before.
    case duplicate(copies: UInt8, after: Int32)
    /// Nothing passes in the window; with `period`, only in the first part of each.
    case disconnect(period: Int32, duration: Int32)
    /// A sensor that shows the same as before.
    case stuck
    /// A number plus this.
    case offset(Double)
    /// A number times this.
    case scale(Double)
    /// A number plus something even between minus and plus this.
    case noise(Double)
    /// Always this.
    case value(AutomatonValue)
    /// The clock of the automaton is ahead by so many milliseconds while the window lasts, and right again after it: the
    /// engine, whose time never goes back, then stands until the clock has caught up.
    case clockJump(Int32)
    /// The clock of the automaton gains so many millionths while the window lasts, and keeps what it has gained.
    case clockSkew(Int32)
    /// The clock of the automaton stands still while the window lasts, and stays behind by that.
    case clockFreeze
  }

  public var action: Action
  /// Signal that it is about; empty is every one. In a network, `automaton.signal` or `automaton.*`.
  public var signal: Name
  /// In milliseconds from the start of the run; the end is not part of it.
  public var begin: Int64
  public var end: Int64
  /// Of each message, 0...1.
  public var probability: Double

  public init(
    _ action: Action, signal: Name = [], begin: Int64 = 0, end: Int64 = .max, probability: Double = 1
  ) {
    self.action = action
    self.signal = signal
    self.begin = begin
    self.end = end
    self.probability = probability
  }

  var name: StaticString {
    switch action {
    case .drop: "drop"
    case .delay: "delay"
    case .duplicate: "duplicate"
    case .disconnect: "disconnect_window"
    case .stuck: "stuck"
    case .offset: "offset"
    case .scale: "scale"
    case .noise: "noise"
    case .value: "value"
    case .clockJump: "clock_jump"
    case .clockSkew: "clock_skew"
    case .clockFreeze: "clock_freeze"
    }
  }

  var isAboutClock: Bool {
    switch action {
    case .clockJump, .clockSkew, .clockFreeze: true
    default: false
    }
  }
}

/// Decides what a schedule does to each message, with a random stream of its own.
public struct FaultInjector: Sendable {
  public let schedule: FaultSchedule
  var stream: RandomStream
  /// Last value that passed, by signal, for sensors that are stuck.
  var lastValues: [(signal: Name, value: AutomatonValue)] = []

  /// A message that passes, at its time.
  public struct Delivery: Sendable, Equatable {
    public var time: Int64
    public var value: AutomatonValue
  }

  public init(_ schedule: FaultSchedule, seed: UInt64) {
    self.schedule = schedule
    stream = RandomStream(seed: seed, name: Name("faults"))
  }

  /// What becomes of a message.
  ///
  /// - Parameters:
  ///   - signal: Its name, in a network with the automaton's before it.
  ///   - time: Milliseconds since the start of the run.
  /// - Returns: what is delivered when, and the names of the faults that acted.
  public mutating func inject(
    _ signal: Name, _ value: AutomatonValue, at time: Int64
  ) -> (deliveries: [Delivery], actions: [Name]) {
    var value = value
    var deliveries = [Delivery(time: time, value: value)]
    var actions: [Name] = []
    for rule in schedule.rules where !rule.isAboutClock && applies(rule, signal, time) {
      guard rule.probability >= 1 || stream.nextFraction() < rule.probability else { continue }
      switch rule.action {
      case .drop: deliveries = []
      case .disconnect(let period, let duration):
        if period > 0, (time &- rule.begin) % Int64(period) >= Int64(duration) { continue }
        deliveries = []
      case .delay(let delay, let jitter):
        let extra = jitter > 0 ? Int64(stream.next() % (UInt64(jitter) + 1)) : 0
        for index in deliveries.indices { deliveries[index].time &+= Int64(delay) &+ extra }
      case .duplicate(let copies, let after):
        guard let first = deliveries.first else { break }
        for copy in 0..<copies {
          deliveries.append(Delivery(time: first.time &+ Int64(after) * (Int64(copy) + 1), value: first.value))
        }
      case .stuck:
        if let last = lastValues.first(where: { $0.signal == signal }) { value = last.value }
      case .offset(let offset): value = FaultInjector.map(value) { $0 + offset }
      case .scale(let factor): value = FaultInjector.map(value) { $0 * factor }
      case .noise(let amplitude):
        let noise = (stream.nextFraction() * 2 - 1) * amplitude
        value = FaultInjector.map(value) { $0 + noise }
      case .value(let fixed): value = fixed.converted(to: value.type) ?? value
      case .clockJump, .clockSkew, .clockFreeze: continue
      }
      for index in deliveries.indices { deliveries[index].value = value }
      actions.append(Name(rule.name))
    }
    if let last = deliveries.last {
      if let place = lastValues.firstIndex(where: { $0.signal == signal }) {
        lastValues[place].value = last.value
      } else {
        lastValues.append((signal, last.value))
      }
    }
    return (deliveries, actions)
  }

  /// What the clock of an automaton shows.
  public func clock(_ time: Int64) -> Int64 {
    var shown = time
    for rule in schedule.rules where time >= rule.begin {
      let inside = min(time, rule.end) &- rule.begin
      switch rule.action {
      case .clockJump(let jump): if time < rule.end { shown &+= Int64(jump) }
      case .clockSkew(let millionths): shown &+= inside &* Int64(millionths) / 1_000_000
      case .clockFreeze: shown &-= inside
      default: break
      }
    }
    return max(0, shown)
  }

  private func applies(_ rule: FaultRule, _ signal: Name, _ time: Int64) -> Bool {
    guard time >= rule.begin && time < rule.end else { return false }
    return rule.signal.isEmpty || Wildcard.matches(signal, rule.signal)
  }

  /// Numbers keep their type; what no longer fits, and what is no number, stays.
  private static func map(_ value: AutomatonValue, _ change: (Double) -> Double) -> AutomatonValue {
    switch value {
    case .int32, .int64, .float32, .float64:
      guard let number = value.asDouble else { return value }
      return AutomatonValue.float64(change(number)).converted(to: value.type) ?? value
    default: return value
    }
  }
}

extension FaultSchedule {
  /// The binary form, for headers of traces.
  public func encode() -> [UInt8] {
    var writer = ByteWriter()
    writer.put(UInt16(truncatingIfNeeded: rules.count))
    for rule in rules {
      writer.put16(rule.signal)
      writer.put(rule.begin)
      writer.put(rule.end)
      writer.put(rule.probability)
      switch rule.action {
      case .drop: writer.put(UInt8(1))
      case .delay(let delay, let jitter):
        writer.put(UInt8(2))
        writer.put(delay)
        writer.put(jitter)
      case .duplicate(let copies, let after):
        writer.put(UInt8(3))
        writer.put(copies)
        writer.put(after)
      case .disconnect(let period, let duration):
        writer.put(UInt8(4))
        writer.put(period)
        writer.put(duration)
      case .stuck: writer.put(UInt8(5))
      case .offset(let value):
        writer.put(UInt8(6))
        writer.put(value)
      case .scale(let value):
        writer.put(UInt8(7))
        writer.put(value)
      case .noise(let value):
        writer.put(UInt8(8))
        writer.put(value)
      case .value(let value):
        writer.put(UInt8(9))
        writer.put(value)
      case .clockJump(let jump):
        writer.put(UInt8(10))
        writer.put(jump)
      case .clockSkew(let millionths):
        writer.put(UInt8(11))
        writer.put(millionths)
      case .clockFreeze: writer.put(UInt8(12))
      }
    }
    return writer.bytes
  }

  /// - Returns: `nil` for bytes that are no schedule.
  public static func decode(_ bytes: [UInt8]) -> FaultSchedule? {
    var reader = ByteReader(bytes)
    var schedule = FaultSchedule()
    do throws(ByteReader.EndOfBytes) {
      let count = try reader.u16()
      for _ in 0..<count {
        let signal = try reader.bytes16()
        let begin = try reader.i64()
        let end = try reader.i64()
        let probability = try reader.double()
        guard let action = try action(&reader) else { return nil }
        schedule.rules.append(FaultRule(action, signal: signal, begin: begin, end: end, probability: probability))
      }
    } catch {
      return nil
    }
    return reader.isAtEnd ? schedule : nil
  }

  private static func action(_ reader: inout ByteReader) throws(ByteReader.EndOfBytes) -> FaultRule.Action? {
    switch try reader.u8() {
    case 1: return .drop
    case 2: return .delay(try reader.i32(), jitter: try reader.i32())
    case 3: return .duplicate(copies: try reader.u8(), after: try reader.i32())
    case 4: return .disconnect(period: try reader.i32(), duration: try reader.i32())
    case 5: return .stuck
    case 6: return .offset(try reader.double())
    case 7: return .scale(try reader.double())
    case 8: return .noise(try reader.double())
    case 9:
      guard let value = try value(&reader) else { return nil }
      return .value(value)
    case 10: return .clockJump(try reader.i32())
    case 11: return .clockSkew(try reader.i32())
    case 12: return .clockFreeze
    default: return nil
    }
  }

  /// A value with its type before it, as `ByteWriter.put` writes it.
  public static func value(_ reader: inout ByteReader) throws(ByteReader.EndOfBytes) -> AutomatonValue? {
    switch ValueType(rawValue: try reader.u8()) {
    case .void: return .void
    case .bool: return .bool(try reader.u8() != 0)
    case .int32: return .int32(try reader.i32())
    case .int64: return .int64(try reader.i64())
    case .float32: return .float32(try reader.float())
    case .float64: return .float64(try reader.double())
    case .string: return .string(try reader.bytes16())
    case .binary: return .binary(try reader.bytes16())
    case .table, nil: return nil
    }
  }
}
