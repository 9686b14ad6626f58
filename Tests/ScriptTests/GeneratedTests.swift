import Foundation
import PythonPeer
import Testing

@testable import Script

@Suite struct GeneratedTests {
  /// Thousands of random programs print what they print in `lua5.4`.
  @Test func programsPrintWhatTheyPrintInLua() throws {
    var seeds = SeededNumbers.forTest("generated programs")
    for _ in 0..<4 {
      let programs = (0..<500).map { _ in
        var generator = ProgramGenerator(seed: seeds.next())
        return generator.program()
      }
      let expected = try LuaPeer.run(programs)
      for (index, program) in programs.enumerated() {
        let ours = withoutNames(runScript(program).output).components(separatedBy: "\n")
        let theirs = withoutNames(expected[index]).components(separatedBy: "\n")
        if ours != theirs {
          let difference = zip(ours, theirs).first { $0 != $1 }
          Issue.record("ours: \(difference?.0 ?? "shorter") lua5.4: \(difference?.1 ?? "longer") in\n\(program)")
          return
        }
      }
    }
  }

  /// Messages name variables and lines, which the scenarios compare; addresses differ.
  private func withoutNames(_ output: String) -> String {
    output.replacing(#/\ \((local|global|upvalue|field|constant|method) '[^']*'\)/#, with: "")
      .replacing(#/p:[0-9]+:/#, with: "p:")
      .replacing(#/(table|function|thread): (builtin: )?(0x)?[0-9a-f]+/#) { "\($0.output.1)" }
  }

  /// Texts with random changes are refused or run; nothing else.
  @Test func changedTextsNeverCrash() throws {
    var random = SeededNumbers.forTest("changed texts")
    let sources = try ScenarioTests.names.map {
      Array(try Data(contentsOf: ScenarioTests.folder.appendingPathComponent($0)))
    }
    let budget = Budget(instructions: 20_000, memory: 200_000, stringLength: 5000, callDepth: 60, nestedRuns: 12)
    let characters = Array("()[]{}=,.:;~'\"-+*/%^#<>&| \n0aefnd".utf8)
    var compiled = 0
    for _ in 0..<3000 {
      var text = sources[Int(random.next() % UInt64(sources.count))]
      let start = Int(random.next() % UInt64(text.count))
      if random.next() % 3 == 0 {
        text = Array(text[start..<min(text.count, start + 600)])
      } else {
        var generator = ProgramGenerator(seed: random.next())
        text = Array(generator.program().utf8)
      }
      for _ in 0..<(1 + random.next() % 6) {
        guard !text.isEmpty else { break }
        let position = Int(random.next() % UInt64(text.count))
        switch random.next() % 4 {
        case 0: text.remove(at: position)
        case 1: text[position] = UInt8(truncatingIfNeeded: random.next())
        case 2: text.insert(contentsOf: text[position..<min(text.count, position + 20)], at: position)
        default: text.insert(characters[Int(random.next() % UInt64(characters.count))], at: position)
        }
      }
      let machine = Machine(host: PrintingHost(), budget: budget)
      do throws(SyntaxError) {
        let program = try ScriptCompiler.compile(text, name: Array("p".utf8))
        compiled += 1
        do throws(ScriptFault) { try machine.run(try machine.load(program)) } catch {}
      } catch {
        #expect(error.line >= 1 && error.column >= 1)
      }
    }
    print("changed texts that were still programs: \(compiled)")
  }

  /// With a budget of memory so small that collections happen all the time, results stay the same.
  @Test func collectionsChangeNothing() throws {
    for name in ScenarioTests.names where name != "errors.lua" {
      let source = try String(contentsOf: ScenarioTests.folder.appendingPathComponent(name), encoding: .utf8)
      let expected = runScript(source).output
      let host = PrintingHost()
      let machine = Machine(host: host, budget: .generous)
      let chunk = try machine.load(ScriptCompiler.compile(Array(source.utf8), name: Array("p".utf8)))
      machine.collectsAlways = true
      try machine.run(chunk)
      #expect(String(decoding: host.output, as: UTF8.self) == expected, "\(name)")
    }
  }
}
