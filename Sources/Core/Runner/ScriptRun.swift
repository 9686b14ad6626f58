import Script

/// Runs one script in a machine of its own and shows everything that must be equal on every target: what it prints, how it
/// ended, what it used, and the state it left.
enum ScriptRun {
  /// Fits a microcontroller; deep recursion ends before its stack does.
  static let budget = Budget(
    instructions: 50_000_000, memory: 1 << 20, stringLength: 1 << 16, callDepth: 180, nestedRuns: 16, logVolume: 1 << 18
  )

  static func run(_ source: [UInt8]) -> [UInt8] {
    let host = LineHost()
    do throws(SyntaxError) {
      let program = try ScriptCompiler.compile(source, name: Report("script").bytes)
      host.output.add("# program ")
      host.output.addHexadecimal(program.identity)
      host.output.endLine()
      run(program, host)
    } catch {
      host.output.add("! syntax ")
      host.output.add(Int64(error.line))
      host.output.add(":")
      host.output.add(Int64(error.column))
      host.output.add(" ")
      host.output.add(error.message)
      host.output.endLine()
    }
    return host.output.bytes
  }

  private static func run(_ program: Program, _ host: LineHost) {
    let machine = Machine(host: host, budget: budget)
    do throws(ScriptFault) {
      try machine.run(try machine.load(program))
    } catch {
      host.output.add("! fault ")
      host.output.add(Int64(error.code.rawValue))
      host.output.add(" ")
      host.output.add(error.message)
      host.output.endLine()
    }
    host.output.add("# instructions ")
    host.output.add(machine.instructionsUsed)
    host.output.add(" heap ")
    host.output.add(Int64(machine.heapSize))
    do throws(ScriptFault) {
      let state = try machine.snapshot()
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325
      for byte in state { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
      host.output.add(" snapshot ")
      host.output.addHexadecimal(hash)
    } catch {
      host.output.add(" no snapshot")
    }
    host.output.endLine()
  }
}

/// Takes what a script prints.
private final class LineHost: ScriptHost {
  var output = Report()
  private var stream = RandomStream(seed: 1)

  override func print(_ line: [UInt8]) {
    output.add(line)
    output.endLine()
  }

  override func random() -> UInt64 { stream.next() }
}
