import PythonPeer
import Testing

@testable import Script

@Suite struct SnapshotTests {
  static let setup = """
    count = 0
    list = {1, 2, 3, name = "x", [1.5] = true}
    list.self = list
    local shared = 10
    function step(n) count = count + n shared = shared + 1 list[#list + 1] = shared return count, shared end
    function peek() return shared end
    long = string.rep("long text ", 20)
    words = ("one two three four"):gmatch("%a+")
    words()
    point = setmetatable({x = 1}, {__index = {y = 2}, __call = function(self, a) return self.x + self.y + a end})
    ready = coroutine.create(function(a) return a * 2 end)
    dead = coroutine.create(function() end) coroutine.resume(dead)
    wrapped = coroutine.wrap(function(a) return a + 1 end)
    for i = 1, 30 do list["k" .. i] = i end
    for i = 1, 20 do list["k" .. i] = nil end
    """
  static let program = """
    local order = {}
    list.k3 = "again" list.fresh = step
    for k, v in pairs(list) do order[#order + 1] = tostring(k) end
    print(table.concat(order, " "), step(2), peek(), words(), point(5), point.y, list.self == list, #long)
    print(tostring(list), tostring(step), collectgarbage("count"), coroutine.resume(ready, 4), coroutine.status(dead))
    ready = coroutine.create(function(a) return a * 2 end)
    """

  private func machine() throws -> (Machine, PrintingHost, [Machine.Chunk]) {
    let host = PrintingHost()
    let machine = Machine(host: host, budget: Budget(instructions: 1_000_000))
    let chunks = try [SnapshotTests.setup, SnapshotTests.program].map {
      try machine.load(ScriptCompiler.compile(Array($0.utf8), name: Array("p".utf8)))
    }
    return (machine, host, chunks)
  }

  /// A machine that rests after every run does what one does that never rests, and counts the same bytes: what the stack
  /// still names included.
  @Test(arguments: [false, true]) func restingChangesNothing(collectsAlways: Bool) throws {
    let (first, firstHost, chunks) = try machine()
    let (second, secondHost, _) = try machine()
    let litter = "local a, b, c, d = {}, {{}}, ('x'):rep(100), {{}, {}} print(collectgarbage('count')) return 7, {}"
    let garbage = try [first, second].map {
      try $0.load(ScriptCompiler.compile(Array(litter.utf8), name: Array("g".utf8)))
    }
    first.collectsAlways = collectsAlways
    second.collectsAlways = collectsAlways
    second.rest()
    for round in 0..<6 {
      let chunk = round == 0 ? chunks[0] : round % 2 == 0 ? garbage[0] : chunks[1]
      try first.run(chunk)
      try second.run(chunk)
      second.rest()
      second.rest()
      #expect(second.isResting)
      #expect(firstHost.output == secondHost.output)
      #expect(first.results == second.results && first.result(0).asInteger == second.result(0).asInteger)
      // Values that hosts make between runs may collect.
      for machine in [first, second] { machine.release(machine.keep(try machine.string(Array("\(round) made".utf8)))) }
      #expect(first.heapSize == second.heapSize)
      #expect(first.instructionsUsed == second.instructionsUsed)
      if round == 3 { #expect(try first.snapshot() == second.snapshot()) }
    }
    let bytes = try second.snapshot()
    #expect(try first.snapshot() == bytes)
    let (third, _, _) = try machine()
    _ = try third.load(ScriptCompiler.compile(Array("return 1".utf8), name: Array("g".utf8)))
    third.rest()
    #expect(throws: ScriptFault.self) { try third.restore(bytes) }
    second.rest()
    try second.restore(bytes)
    #expect(try second.snapshot() == bytes)
  }

  @Test func whatIsRestoredGoesOnAsIfNothingHadHappened() throws {
    let (first, firstHost, chunks) = try machine()
    try first.run(chunks[0])
    try first.run(chunks[1])
    let bytes = try first.snapshot()
    let (second, secondHost, _) = try machine()
    try second.restore(bytes)
    #expect(try second.snapshot() == bytes)
    #expect(second.heapSize == first.heapSize)
    firstHost.output = []
    for _ in 0..<3 {
      try first.run(chunks[1])
      try second.run(chunks[1])
      #expect(firstHost.output == secondHost.output)
      #expect(first.heapSize == second.heapSize)
      #expect(first.instructionsUsed == second.instructionsUsed)
    }
    #expect(try first.snapshot() == second.snapshot())
    #expect(!firstHost.output.isEmpty)
  }

  @Test func otherProgramsAreRefused() throws {
    let machine = Machine(host: PrintingHost())
    try machine.run(try machine.load(ScriptCompiler.compile(Array("x = 1".utf8), name: [])))
    let (other, _, chunks) = try self.machine()
    try other.run(chunks[0])
    let bytes = try other.snapshot()
    #expect(throws: ScriptFault.self) { try machine.restore(bytes) }
  }

  @Test func damagedSnapshotsNeverCrash() throws {
    var random = SeededNumbers.forTest("damaged snapshots")
    let (source, _, chunks) = try machine()
    try source.run(chunks[0])
    let bytes = try source.snapshot()
    var taken = 0
    for _ in 0..<4000 {
      var changed = bytes
      switch random.next() % 3 {
      case 0: changed.removeLast(Int(random.next() % UInt64(changed.count)))
      case 1: changed.swapAt(Int(random.next() % UInt64(changed.count)), Int(random.next() % UInt64(changed.count)))
      default: break
      }
      for _ in 0..<(1 + random.next() % 4) where !changed.isEmpty {
        changed[Int(random.next() % UInt64(changed.count))] = UInt8(truncatingIfNeeded: random.next() % 20)
      }
      let (machine, _, own) = try machine()
      do throws(ScriptFault) {
        try machine.restore(changed)
        taken += 1
        // What was taken may be strange, but it is sound.
        do throws(ScriptFault) { try machine.run(own[1]) } catch {}
        do throws(ScriptFault) { _ = try machine.snapshot() } catch {}
      } catch {
        #expect(error.code == .snapshot)
        try machine.run(own[0])
      }
    }
    print("changed snapshots that were taken: \(taken)")
  }
}
