import Automata
import Board

/// Runs one automaton in real time, a tick each 10 ms. It comes from a file of the host, named by the command line (on a
/// board it lies in flash). Lines on the console set inputs, `NAME=VALUE`, one before each tick; `.` ends the program.
/// What happens is written to the console.
@main struct Controller {
  private static let tickLength: UInt32 = 10

  static func main() {
    guard let bytes = readFile() else { fail("no model") }
    guard let automaton = loadAutomaton(bytes) else { fail("the model cannot be run") }
    let observed = Observation(
      rawValue: Observation.transitions.rawValue | Observation.outputs.rawValue | Observation.errors.rawValue)
    let engine = Engine(automaton, options: EngineOptions(observed: observed), hardware: makeHardware())
    do throws(EngineError) { try engine.start(at: 0) } catch { fail("cannot start") }
    var console = Console()
    var next = tickLength
    while true {
      report(engine)
      while milliseconds() < next { wait_for_interrupt() }
      if let line = console.line() {
        if line == [UInt8(ascii: ".")] { break }
        if !set(line, engine) { say("refused\n") }
      }
      engine.tick(at: Int64(next))
      next += tickLength
    }
    say("heap ")
    say(UInt32(heap_peak()))
    say(" stack ")
    say(UInt32(stack_peak()))
    say("\n")
    host_exit(0)
  }

  @inline(never) private static func readFile() -> [UInt8]? {
    let file = host_open_argument(1, 0)
    guard file >= 0 else { return nil }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 256)
    while true {
      let count = part.withUnsafeMutableBufferPointer { host_read(file, $0.baseAddress, UInt32($0.count)) }
      if count <= 0 { break }
      for index in 0..<Int(count) { bytes.append(part[index]) }
    }
    host_close(file)
    return bytes
  }

  // MARK: Input and output

  @inline(never) private static func set(_ line: [UInt8], _ engine: Engine) -> Bool {
    var name: Name = []
    var text: Name = []
    var isName = true
    for byte in line {
      if isName, byte == UInt8(ascii: "=") {
        isName = false
      } else if isName {
        name.append(byte)
      } else {
        text.append(byte)
      }
    }
    guard !isName, let variable = engine.automaton.variable(named: name) else { return false }
    do throws(EngineError) {
      return try setInput(variable, text, engine)
    } catch {
      return false
    }
  }

  @inline(never) private static func report(_ engine: Engine) {
    for event in engine.takeEvents() {
      switch event {
      case .transition(_, let from, let to):
        say(engine.automaton.name(of: from))
        say(" -> ")
        say(engine.automaton.name(of: to))
      case .output(let variable, let value):
        say(engine.automaton.variables[variable].name)
        say("=")
        say(text(of: value))
      case .error: say("error")
      default: continue
      }
      say("\n")
    }
  }

  static func fail(_ text: StaticString, _ detail: [UInt8] = []) -> Never {
    say(text)
    say(detail)
    say("\n")
    host_exit(1)
  }

  private static func say(_ text: StaticString) { console_write(text.utf8Start, text.utf8CodeUnitCount) }
  private static func say(_ text: [UInt8]) { text.withUnsafeBufferPointer { console_write($0.baseAddress, $0.count) } }

  private static func say(_ value: UInt32) {
    if value >= 10 { say(value / 10) }
    var digit = UInt8(value % 10) + 48
    console_write(&digit, 1)
  }
}

/// Puts bytes of the console together to lines of up to 80 bytes.
private struct Console {
  private var bytes: [UInt8] = []

  /// The next complete line, when there is one.
  mutating func line() -> [UInt8]? {
    while true {
      let byte = console_read()
      guard byte >= 0 else { return nil }
      if byte == 10 {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
      }
      if bytes.count < 80 { bytes.append(UInt8(truncatingIfNeeded: byte)) }
    }
  }
}
