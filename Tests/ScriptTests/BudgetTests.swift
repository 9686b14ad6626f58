import Testing

@testable import Script

/// Scripts that would use everything up end at their budget, and the machine goes on.
@Suite struct BudgetTests {
  static let small = Budget(
    instructions: 100_000, memory: 200_000, stringLength: 10_000, callDepth: 100, nestedRuns: 20, logVolume: 1000)

  static let cases: [(source: String, code: ScriptFault.Code)] = [
    ("while true do end", .instructions),
    ("repeat until false", .instructions),
    ("for i = 1, math.huge do end", .instructions),
    ("::a:: goto a", .instructions),
    ("local function f() return f() end f()", .instructions),
    ("pcall(function() while true do end end) print('caught')", .instructions),
    ("while true do pcall(error) end", .instructions),
    ("local co = coroutine.wrap(function() while true do end end) co()", .instructions),
    ("for i in function() return 1 end do end", .instructions),
    ("string.find(string.rep('a', 5000), string.rep('a?', 100) .. string.rep('a', 100) .. 'b')", .instructions),
    ("for i = 1, 1000 do string.rep('x', 9999):upper() end", .instructions),
    ("table.sort({3, 2, 1, 5, 4}, function() while true do end end)", .instructions),
    ("local t = {} for i = 1, 1e9 do t[i] = i end", .memory),
    ("local t = {} for i = 1, 1e9 do t['k' .. i] = i end", .memory),
    ("local t = {} for i = 1, 1e9 do t = {t} end", .memory),
    ("local t = {} for i = 1, 1e9 do t[i] = function() return i end end", .memory),
    ("local t = {} for i = 1, 1e9 do t[i] = coroutine.create(print) end", .memory),
    ("pcall(function() local t = {} for i = 1, 1e9 do t[i] = {} end end) print('caught')", .memory),
    ("local t = {string.rep('x', 9000)} for i = 1, 1000 do t[i] = t[1] .. i end", .memory),
    ("local s = 'x' while true do s = s .. s end", .stringLength),
    ("string.rep('x', 1e15)", .stringLength),
    ("pcall(string.rep, 'x', 1e6) print('caught')", .stringLength),
    ("('x'):rep(9000):gsub('x', '%0%0')", .stringLength),
    ("string.format('%99d', 1):rep(99, string.rep('y', 99))", .stringLength),
    ("table.concat({string.rep('x', 6000), string.rep('y', 6000)})", .stringLength),
    ("local function f() return 1 + f() end f()", .callDepth),
    ("local function f() local ok = pcall(f) return ok end f()", .callDepth),
    ("local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) return t[1]", .callDepth),
    ("local t = {} setmetatable(t, {__concat = function(a, b) return a .. b end}) return t .. 'x'", .callDepth),
    ("local t = {} setmetatable(t, {__tostring = function(t) return tostring(t) end}) return tostring(t)", .callDepth),
    ("local function f(x) return (x:gsub('.', f)) end f('x')", .callDepth),
    ("local function f() return coroutine.wrap(f)() + 1 end f()", .callDepth),
    ("local function f() table.sort({1, 2}, f) end f()", .callDepth),
    ("while true do print('line of output') end", .logVolume),
  ]

  @Test(arguments: cases.indices) func stopsAtItsBudget(_ index: Int) throws {
    let (source, code) = BudgetTests.cases[index]
    let host = PrintingHost()
    let machine = Machine(host: host, budget: BudgetTests.small)
    let after = try machine.load(ScriptCompiler.compile(Array("count = (count or 0) + 1 return count".utf8), name: []))
    let chunk = try machine.load(ScriptCompiler.compile(Array(source.utf8), name: Array("p".utf8)))
    for round in 1...3 {
      var fault: ScriptFault?
      do throws(ScriptFault) { try machine.run(chunk) } catch { fault = error }
      #expect(fault?.code == code, "\(source): \(String(decoding: fault?.message ?? [], as: UTF8.self))")
      #expect(fault?.line == 1)
      #expect(!String(decoding: host.output, as: UTF8.self).contains("caught"))
      try machine.run(after)
      #expect(machine.result(0).asInteger == Int64(round))
      #expect(machine.heapSize <= BudgetTests.small.memory)
    }
  }

  @Test func theCountOfInstructionsIsExact() {
    // prepareVarargs, two loads, forPrepare..., counted by hand from the code of these programs.
    let empty = runScript("").used
    let one = runScript("local x = 1").used
    #expect(one == empty + 1)
    let loop = runScript("for i = 1, 10 do end").used
    let longer = runScript("for i = 1, 110 do end").used
    #expect(longer - loop == 100)
    #expect(runScript("for i = 1, 110 do end").used == longer)
  }

  @Test func garbageDoesNotCount() {
    let run = runScript(
      "local s = 0 for i = 1, 20000 do local t = {i, i + 1} s = s + #t end print(s)",
      budget: Budget(instructions: 10_000_000, memory: 100_000))
    #expect(run.output == "40000\n")
    #expect(run.fault == nil)
  }
}
