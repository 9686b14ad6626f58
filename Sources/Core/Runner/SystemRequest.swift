import Automata
import Bytes

/// A system of automata and what is done with it, as data. Numbers are big-endian.
public struct SystemRequest: Sendable, Equatable {
  public struct Part: Sendable, Equatable {
    public var name: Name
    /// The model's own, when `nil`.
    public var semantics: Semantics?
    /// Binary form, see `ModelCodec`.
    public var model: [UInt8]

    public init(name: Name, semantics: Semantics?, model: [UInt8]) {
      self.name = name
      self.semantics = semantics
      self.model = model
    }
  }

  /// Something that is done to one of the automata; ticks and snapshots are those of the whole system.
  public struct Step: Sendable, Equatable {
    public var part: Int
    public var step: AutomatonRequest.Step

    public init(part: Int = 0, _ step: AutomatonRequest.Step) {
      self.part = part
      self.step = step
    }
  }

  public var name: Name
  public var seed: UInt64 = 0
  /// In milliseconds, at least 1; every tick has this length.
  public var tickLength: UInt32 = 10
  /// Time of the wall clock at time 0, in milliseconds since 1970.
  public var epoch: Int64 = 0
  public var faults = FaultSchedule()
  public var parts: [Part] = []
  public var wires: [Network.Wire] = []
  public var steps: [Step] = []

  public init(name: Name) { self.name = name }

  public func encode() -> [UInt8] {
    var writer = ByteWriter()
    writer.put(Runner.Kind.system.rawValue)
    writer.put(seed)
    writer.put(tickLength)
    writer.put(epoch)
    writer.put32(faults.encode())
    writer.put16(name)
    writer.put(UInt16(truncatingIfNeeded: parts.count))
    for part in parts {
      writer.put16(part.name)
      writer.put(part.semantics?.rawValue ?? 0)
      writer.put32(part.model)
    }
    writer.put(UInt16(truncatingIfNeeded: wires.count))
    for wire in wires {
      for number in [wire.source, wire.output, wire.target, wire.input] {
        writer.put(UInt16(truncatingIfNeeded: number))
      }
      writer.put(wire.conversion.rawValue)
    }
    for step in steps {
      writer.put(UInt16(truncatingIfNeeded: step.part))
      writer.put(step.step)
    }
    return writer.bytes
  }

  public init(_ bytes: [UInt8]) throws(ByteReader.EndOfBytes) {
    var reader = ByteReader(bytes, at: 1)
    seed = try reader.u64()
    tickLength = max(1, try reader.u32())
    epoch = try reader.i64()
    faults = FaultSchedule.decode(try reader.bytes32()) ?? FaultSchedule()
    name = try reader.bytes16()
    for _ in 0..<(try reader.u16()) {
      let name = try reader.bytes16()
      let semantics = Semantics(rawValue: try reader.u8())
      parts.append(Part(name: name, semantics: semantics, model: try reader.bytes32()))
    }
    for _ in 0..<(try reader.u16()) {
      let source = Int(try reader.u16())
      let output = Int(try reader.u16())
      let target = Int(try reader.u16())
      let input = Int(try reader.u16())
      let conversion = WireConversion(rawValue: try reader.u8()) ?? .none
      wires.append(
        Network.Wire(source: source, output: output, target: target, input: input, conversion: conversion))
    }
    while !reader.isAtEnd {
      let part = Int(try reader.u16())
      steps.append(Step(part: part, try AutomatonRequest.Step(&reader)))
    }
  }
}
