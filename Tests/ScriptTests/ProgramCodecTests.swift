import Foundation
import PythonPeer
import Testing

@testable import Script

/// Compiled programs as bytes.
@Suite struct ProgramCodecTests {
  private static func programs() throws -> [Program] {
    let generated = (0..<40).map { number in
      var generator = ProgramGenerator(seed: UInt64(number))
      return Array(generator.program().utf8)
    }
    let written = try ScenarioTests.names.map { name in
      Array(try Data(contentsOf: ScenarioTests.folder.appendingPathComponent(name)))
    }
    let source = Array("local a <close> = nil; for k, v in next, {} do end; return function(...) return ... end".utf8)
    return try (written + generated + [source]).map { try ScriptCompiler.compile($0, name: Array("p".utf8)) }
  }

  private func run(
    _ program: Program, _ budget: Budget
  ) -> (output: [UInt8], used: Int64, fault: ScriptFault?) {
    let host = PrintingHost()
    let machine = Machine(host: host, budget: budget)
    machine.collectsAlways = budget.memory < 1 << 20
    var fault: ScriptFault?
    do throws(ScriptFault) { try machine.run(try machine.load(program)) } catch { fault = error }
    return (host.output, machine.instructionsUsed, fault)
  }

  @Test func programsAreTheSameAfterwards() throws {
    for program in try ProgramCodecTests.programs() {
      let copy = try #require(Program(encoded: program.encoded))
      #expect(copy.identity == program.identity)
      #expect(copy.encoded == program.encoded)
      let (first, second) = (run(program, .generous), run(copy, .generous))
      #expect(first.output == second.output)
      #expect(first.used == second.used)
      #expect(first.fault == second.fault)
    }
  }

  @Test func partsOfProgramsAreRefused() throws {
    let bytes = try #require(try ProgramCodecTests.programs().last).encoded
    for count in 0..<bytes.count { #expect(Program(encoded: Array(bytes[..<count])) == nil) }
    #expect(Program(encoded: bytes + [0]) == nil)
  }

  /// A program with random changes is refused, or runs to some end.
  @Test func changedProgramsNeverCrash() throws {
    var random = SeededNumbers.forTest("changed programs")
    let originals = try ProgramCodecTests.programs().map(\.encoded)
    var accepted = 0
    for round in 0..<2500 {
      var bytes = originals[Int(random.next() % UInt64(originals.count))]
      for _ in 0..<(1 + random.next() % 3) {
        let position = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 4 {
        case 0: bytes[position] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes[position] = UInt8(truncatingIfNeeded: random.next() % 8)
        default: bytes[position] ^= 1 << UInt8(random.next() % 8)
        }
      }
      guard let program = Program(encoded: bytes) else { continue }
      accepted += 1
      let memory = round % 4 == 0 ? 1 << 19 : 1 << 20
      _ = run(program, Budget(instructions: 20_000, memory: memory, stringLength: 1 << 12))
    }
    #expect(accepted > 200)
  }
}
