import Testing

@testable import Script

/// A host with functions of its own.
private final class NamedHost: ScriptHost {
  var lines: [String] = []
  var values: [String: Int64] = ["speed": 7]

  override func call(_ function: UInt16, _ call: borrowing HostCall) throws(HostError) {
    switch function {
    case 1:
      let name = String(decoding: call.text(0), as: UTF8.self)
      guard let value = values[name] else { throw HostError(message: Array("Unknown variable: \(name)".utf8)) }
      call.give(.integer(value))
    case 2:
      let text = call.text(1)
      try call.chargeLog(text.count)
      lines.append(String(decoding: call.text(0) + [32] + text, as: UTF8.self))
    case 3:
      call.give(.integer(Int64(call.payload)))
      call.give(Array("pin".utf8))
      call.give(.boolean(call.count == 1))
    default: throw HostError("no such function")
    }
  }
}

@Suite struct EmbeddingTests {
  private func machine(_ budget: Budget = Budget()) throws -> (Machine, NamedHost) {
    let host = NamedHost()
    let machine = Machine(host: host, budget: budget)
    try machine.register(Array("value".utf8), 1)
    try machine.register(Array("log".utf8), 2)
    return (machine, host)
  }

  private func load(
    _ machine: Machine, _ source: String, _ form: ScriptCompiler.Form = .block, environment: Machine.Reference? = nil
  ) throws -> Machine.Chunk {
    let program = try ScriptCompiler.compile(Array(source.utf8), name: Array("guard".utf8), form: form)
    return try machine.load(program, environment: environment)
  }

  @Test func expressionsGiveOneValue() throws {
    let (machine, _) = try machine()
    let chunk = try load(machine, "value('speed') * 2 > 10 and 'fast'", .expression)
    try machine.run(chunk)
    #expect(machine.results == 1)
    #expect(machine.bytes(machine.result(0)) == Array("fast".utf8))
    #expect(throws: SyntaxError.self) { try load(machine, "1) ; (2", .expression) }
    #expect(throws: SyntaxError.self) { try load(machine, "", .expression) }
  }

  @Test func globalsAreSetAndReadThroughSlots() throws {
    let (machine, _) = try machine()
    var speed = try machine.globalSlot(Array("speed".utf8))
    var other = try machine.globalSlot(Array("other".utf8))
    let chunk = try load(machine, "speed = speed + 1; kept = (kept or 0) + speed")
    for round in 0..<5 {
      try machine.setGlobal(&speed, .integer(Int64(round)))
      try machine.run(chunk)
      #expect(machine.global(&speed).asInteger == Int64(round) + 1)
    }
    #expect(machine.global(&other).isNone)
    var kept = try machine.globalSlot(Array("kept".utf8))
    #expect(machine.global(&kept).asInteger == 15)
  }

  @Test func hostErrorsAreErrorsOfTheScript() throws {
    let (machine, host) = try machine()
    let chunk = try load(machine, "local ok, e = pcall(value, 'nope')\nlog('info', e)\nvalue('gone')")
    #expect(throws: ScriptFault(code: .error, message: Array("guard:3: Unknown variable: gone".utf8), line: 3)) {
      try machine.run(chunk)
    }
    #expect(host.lines == ["info Unknown variable: nope"])
  }

  @Test func functionsOfTheHostCarryAFigure() throws {
    let (machine, _) = try machine()
    let component = try machine.table()
    try machine.setField(component, Array("read".utf8), .hostFunction(3, payload: 77))
    var led = try machine.globalSlot(Array("led".utf8))
    try machine.setGlobal(&led, machine.value(component))
    let chunk = try load(machine, "local a, b, c = led:read() return a, b, c, type(led.read)")
    try machine.run(chunk)
    #expect(machine.result(0).asInteger == 77)
    #expect(machine.bytes(machine.result(1)) == Array("pin".utf8))
    #expect(machine.result(2).asBoolean == true)
    #expect(machine.bytes(machine.result(3)) == Array("function".utf8))
  }

  @Test func aFileHasAnEnvironmentOfItsOwn() throws {
    let (machine, _) = try machine()
    let environment = try machine.environment()
    let chunk = try load(
      machine, "local count = 0\nfunction condition() count = count + 1 return value('speed') > count end",
      environment: environment)
    try machine.run(chunk)
    let condition = machine.keep(try machine.field(environment, Array("condition".utf8)))
    for round in 1...8 {
      try machine.call(condition)
      #expect(machine.result(0).isTrue == (round < 7))
    }
    var slot = try machine.globalSlot(Array("condition".utf8))
    #expect(machine.global(&slot).isNone)
  }

  @Test func syntaxErrorsSayWhere() {
    func error(_ source: String) -> String {
      do throws(SyntaxError) {
        _ = try ScriptCompiler.compile(Array(source.utf8), name: [])
        return "none"
      } catch {
        return "\(error.line):\(error.column): \(String(decoding: error.message, as: UTF8.self))"
      }
    }
    #expect(error("x = = 2") == "1:5: unexpected symbol near '='")
    #expect(error("if x then\n  y = 1") == "2:8: 'end' expected (to close 'if' at line 1) near <eof>")
    #expect(error("local x <const> = 1\nx = 2") == "2:3: attempt to assign to const variable 'x'")
    #expect(error("goto nowhere") == "1:1: no visible label 'nowhere' for goto")
    #expect(error("break") == "1:1: break outside a loop")
    #expect(error("x = 'abc") == "1:9: unfinished string")
    #expect(error("for i = 1 do end") == "1:11: ',' expected near 'do'")
    #expect(error("x = 3x") == "1:5: malformed number near '3x'")
    #expect(error("\n\n  return 1 2") == "3:12: '<eof>' expected near '2'" || error("return 1 2").hasSuffix("near '2'"))
    #expect(error(String(repeating: "(", count: 200)).hasPrefix("1:101: chunk has too many syntax levels"))
  }
}
