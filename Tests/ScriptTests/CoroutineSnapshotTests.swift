import PythonPeer
import Testing

@testable import Script

/// Coroutines that are suspended when a snapshot is taken go on from it.
@Suite struct CoroutineSnapshotTests {
  /// Each defines `step`, which goes on with coroutines that wait in different places.
  static let sources = [
    // Loops, locals, values both ways.
    """
    co = coroutine.create(function(a, b) local sum = a + b for i = 1, 40 do local got = coroutine.yield(sum, i) sum = sum + got end return "end", sum end)
    function step(n) return coroutine.resume(co, n, n + 1) end
    """,
    // Caught variables that are open, shared by functions inside and outside.
    """
    local co = coroutine.wrap(function() local n = 0 local m = 10 function add(k) n = n + k m = m - 1 return n end function look() return n, m end while true do n = n + 1 coroutine.yield(n) end end)
    co()
    function step(n) add(n) return co(), look() end
    """,
    // Iterators, one inside the other.
    """
    local function upto(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
    co = coroutine.wrap(function() for i in upto(30) do for j in upto(i) do coroutine.yield(i * 100 + j) end end end)
    function step() return co() end
    """,
    // pcall, xpcall and their handlers; errors after a restore.
    """
    co = coroutine.wrap(function()
      for i = 1, 30 do
        local ok, e = pcall(function(x) local y = coroutine.yield("in pcall", x) if i % 3 == 0 then error("at " .. i) end return y end, i)
        local ok2, e2 = xpcall(function() coroutine.yield("in xpcall") if i % 2 == 0 then error({i}) end return i end, function(err) return type(err) .. " handled" end)
        coroutine.yield(ok, e, ok2, e2)
        coroutine.yield(pcall(coroutine.yield, "directly", i))
      end
    end)
    function step(n) return co(n) end
    """,
    // Metamethods that yield in the middle of an operation.
    """
    local mt = {} 
    for _, name in ipairs {"add", "sub", "mul", "div", "mod", "pow", "idiv", "band", "bor", "bxor", "shl", "shr", "unm", "bnot", "len", "lt", "le", "eq"} do
      mt["__" .. name] = function(a, b) local got = coroutine.yield(name) if name == "len" or name == "unm" or name == "bnot" then return got end return (got or 0) + 1 end
    end
    mt.__index = function(t, k) return coroutine.yield("index", k) end
    mt.__newindex = function(t, k, v) rawset(t, k, coroutine.yield("newindex", k, v)) end
    mt.__call = function(self, a, ...) return coroutine.yield("call", a, ...), select("#", ...) end
    local function new() return setmetatable({}, mt) end
    co = coroutine.wrap(function()
      local a, b = new(), new()
      while true do
        local t = {a + b, a - 1, 2 * a, a / b, a % 3, a ^ b, a // b, a & 1, a | b, a ~ b, a << 2, a >> b, -a, ~a, #a}
        coroutine.yield(table.concat(t, ","))
        coroutine.yield(a < b, a <= b, a == b, a > 1, not (a >= b), a ~= b)
        if a < b then coroutine.yield("less") else coroutine.yield("not less") end
        a.x = b.y
        a["k" .. #t] = a[1]
        coroutine.yield(a(1, 2, 3), a.x, (a("one")))
        local s = 0 for _, v in ipairs(t) do s = s + (tonumber(v) or 0) end
        coroutine.yield(s)
      end
    end)
    function step(n) return co(n) end
    """,
    // Varargs, tail calls, deep calls, open lists of results.
    """
    local function deep(n, ...) if n == 0 then return coroutine.yield(select("#", ...), ...) end local r = {deep(n - 1, n, ...)} return table.unpack(r) end
    local function tail(n, ...) if n == 0 then return coroutine.yield("tail", ...) end return tail(n - 1, ...) end
    local function pass(...) return ... end
    co = coroutine.wrap(function(...)
      local n = 0
      while true do
        n = n + 1
        local t = {deep(n % 20, ...)}
        coroutine.yield(#t, pass(tail(n, ...)), pass(deep(3, n, coroutine.yield("list"))))
      end
    end)
    function step(n) return co(n, n * 2, "x") end
    """,
    // Variables to be closed.
    """
    log = {}
    local function closing(name) return setmetatable({}, {__close = function(_, e) log[#log + 1] = name .. ":" .. tostring(e) end}) end
    local function run(fails) return coroutine.wrap(function() local a <close> = closing("a") do local b <close> = closing("b") coroutine.yield("b open") end local c <close> = closing("c") coroutine.yield("c open") if fails then error("failed", 0) end coroutine.yield("more") end) end
    local n, co = 0
    function step() n = n + 1 if n % 4 == 1 then co = run(n % 8 == 1) end return pcall(co) end
    left = coroutine.create(function() local x <close> = closing("left") coroutine.yield(1) end)
    coroutine.resume(left)
    function finish() return coroutine.close(left), coroutine.status(left), table.concat(log, " ") end
    """,
    // Many at once, some garbage, some dead, one kept by another; the thread of the machine itself.
    """
    main = coroutine.running()
    local all = {}
    local n = 0
    function step(k)
      n = n + 1
      all[n] = coroutine.create(function(x) local next = all[n - 1] for i = 1, n do x = x + coroutine.yield(x, next and coroutine.status(next)) end return "done" end)
      local out = {}
      for i = 1, n do out[#out + 1] = tostring(select(2, coroutine.resume(all[i], k))) end
      if n % 5 == 0 then all[n - 3] = all[n - 4] end
      return table.concat(out, " "), tostring(all[n]), main == coroutine.running()
    end
    """,
  ]
  private static let caller = """
    local got = table.pack(pcall(step, seed))
    for i = 1, got.n do got[i] = tostring(got[i]) end
    print(table.concat(got, " ", 1, got.n))
    if finish and seed == 11 then print(finish()) end
    seed = (seed or 0) + 1
    """

  private func programs(_ index: Int) throws -> [Program] {
    try ["seed = 0 " + CoroutineSnapshotTests.sources[index], CoroutineSnapshotTests.caller].map {
      try ScriptCompiler.compile(Array($0.utf8), name: Array("p".utf8))
    }
  }

  private func machine(_ programs: [Program]) throws -> (Machine, PrintingHost, [Machine.Chunk]) {
    let host = PrintingHost()
    let machine = Machine(host: host, budget: Budget(instructions: 1_000_000))
    return (machine, host, try programs.map { try machine.load($0) })
  }

  /// Restored after each step into a machine of its own, which then does what the first one does, to the byte of memory.
  @Test(arguments: sources.indices) func goOnWhereTheyWere(_ index: Int) throws {
    let programs = try programs(index)
    let (first, host, chunks) = try machine(programs)
    try first.run(chunks[0])
    var others: [(machine: Machine, host: PrintingHost, begun: Int)] = []
    for _ in 0..<25 {
      let bytes = try first.snapshot()
      let (other, otherHost, _) = try machine(programs)
      try other.restore(bytes)
      #expect(try other.snapshot() == bytes)
      #expect(other.heapSize == first.heapSize)
      // The others were begun earlier; all of them go on.
      others.append((other, otherHost, host.output.count))
      try first.run(chunks[1])
      for other in others {
        try other.machine.run(chunks[1])
        #expect(other.host.output.elementsEqual(host.output[other.begun...]))
        #expect(other.machine.instructionsUsed == first.instructionsUsed)
      }
    }
    let last = try first.snapshot()
    for other in others { #expect(try other.machine.snapshot() == last) }
    #expect(host.output.count > 100)
  }

  /// What they print is what `lua5.4` prints.
  @Test func printWhatLuaPrints() throws {
    let texts = CoroutineSnapshotTests.sources.dropLast().map { source in
      "seed = 0 \(source)\nfor _ = 1, 25 do \(CoroutineSnapshotTests.caller) end"
    }
    let expected = try LuaPeer.run(Array(texts))
    for (text, wanted) in zip(texts, expected) { #expect(runScript(text).output == wanted) }
  }

  /// A machine that takes a changed snapshot is sound, whatever its coroutines go on with.
  @Test(arguments: sources.indices) func damagedOnesNeverCrash(_ index: Int) throws {
    var random = SeededNumbers.forTest("damaged coroutines \(index)")
    let programs = try programs(index)
    let (source, _, chunks) = try machine(programs)
    try source.run(chunks[0])
    for _ in 0..<7 { try source.run(chunks[1]) }
    let bytes = try source.snapshot()
    var taken = 0
    for _ in 0..<600 {
      var changed = bytes
      for _ in 0..<(1 + random.next() % 3) {
        let place = Int(random.next() % UInt64(changed.count))
        switch random.next() % 5 {
        case 0: changed[place] &+= 1
        case 1: changed[place] &-= 1
        case 2: for end in place..<min(place + 4, changed.count) { changed[end] = 0xFF }
        case 3: changed[place] = 0x7F
        default: changed[place] = UInt8(truncatingIfNeeded: random.next() % 24)
        }
      }
      let (machine, _, own) = try machine(programs)
      do throws(ScriptFault) { try machine.restore(changed) } catch {
        #expect(error.code == .snapshot)
        continue
      }
      taken += 1
      for _ in 0..<3 { do throws(ScriptFault) { try machine.run(own[1]) } catch {} }
      _ = try machine.snapshot()
    }
    print("changed snapshots of coroutines that were taken: \(taken)")
    #expect(taken > 0)
  }
}
