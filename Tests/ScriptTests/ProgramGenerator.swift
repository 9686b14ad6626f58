import PythonPeer

/// Random programs that end, print what they do, and mean the same in every implementation of the language.
struct ProgramGenerator {
  var random: SeededNumbers
  private var depth = 0
  private var names: [String] = []
  private var counter = 0

  init(seed: UInt64) { random = SeededNumbers(seed: seed) }

  private mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
  private mutating func pick<Element>(_ values: [Element]) -> Element { values[below(values.count)] }

  mutating func program() -> String {
    names = ["a", "b", "c"]
    counter = 0
    var text = """
      local mt = {__add = function(x, y) return "add" end, __index = function(t, k) return k end,
        __lt = function(x, y) return true end, __le = function() return false end, __len = function() return 7 end,
        __call = function(self, ...) return select("#", ...), ... end, __concat = function(x, y) return "cat" end,
        __eq = function() return true end, __unm = function() return -1 end}
      local plain = tostring
      local function tostring(v)
        local kind = type(v)
        if kind == "table" or kind == "function" or kind == "thread" then return kind end
        if v ~= v then return "nan" end
        return plain(v)
      end
      local function show(ok, ...)
        local out = {}
        for i = 1, select("#", ...) do
          local v = select(i, ...)
          local kind = type(v)
          if kind == "table" or kind == "function" or kind == "thread" then v = kind end
          out[i] = tostring(v)
        end
        print(ok, table.concat(out, " "))
      end
      local a, b, c = \(literal()), \(literal()), \(literal())

      """
    for _ in 0..<(4 + below(8)) { text += statement() }
    text += "show(\"end\", a, b, c)\n"
    return text
  }

  // MARK: Expressions

  private mutating func literal() -> String {
    switch below(14) {
    case 0: return "nil"
    case 1: return pick(["true", "false"])
    case 2: return "\(below(20) - 5)"
    case 3: return "\(Int64(bitPattern: random.next()))".replacingMinimum
    case 4:
      return pick([
        "0.5", "1.5", "-2.25", "1e10", "3.0", "0.1", "1e300", "2^53", "1/0", "-1/0", "5e-324", "1e15", "123456.789",
      ])
    case 5:
      return pick([
        "\"\"", "\"abc\"", "\"10\"", "\"0x1F\"", "\" 7 \"", "\"x\"", "\"hello world\"", "\"1e2\"", "\"a,b;c\"",
      ])
    case 6: return "{\(below(5)), \(below(5)), x = \(below(5))}"
    case 7: return "setmetatable({v = \(below(4))}, mt)"
    case 8: return "math.maxinteger"
    case 9: return "math.mininteger"
    default: return "\(below(100))"
    }
  }

  private mutating func expression() -> String {
    depth += 1
    defer { depth -= 1 }
    if depth > 4 { return below(2) == 0 ? literal() : pick(names) }
    switch below(24) {
    case 0...3: return literal()
    case 4...7: return pick(names)
    case 8...13:
      let operation = pick([
        "+", "-", "*", "/", "//", "%", "^", "..", "&", "|", "~", "<<", ">>", "==", "~=", "<", "<=", ">", ">=", "and",
        "or",
        "+", "-", "*", "==", "and", "or",
      ])
      return "(\(expression()) \(operation) \(expression()))"
    case 14: return "(\(pick(["-", "not ", "#", "~"]))\(expression()))"
    case 15: return "\(pick(names))\(pick([".x", "[1]", ".v", "[2]", "[\(expression())]"]))"
    case 16: return "(\(expression()) and \(expression()) or \(expression()))"
    case 17:
      let function = pick([
        "math.floor", "math.abs", "tostring", "tonumber", "math.type", "type", "math.tointeger", "#",
      ])
      return function == "#" ? "select('#', \(expression()), \(expression()))" : "\(function)(\(expression()))"
    case 18:
      return pick([
        "string.rep(tostring(\(expression())), \(below(4)))",
        "string.sub(tostring(\(expression())), \(below(6) - 3), \(below(6) - 3))",
        "string.upper(tostring(\(expression())))", "string.len(tostring(\(expression())))",
        "string.byte(tostring(\(expression())), 1, -1)",
        "string.reverse(tostring(\(expression())))", "string.find(tostring(\(expression())), \"%d+\")",
        "string.gsub(tostring(\(expression())), \"%w\", \"<%0>\")",
        "string.match(tostring(\(expression())), \"(%a+) *(%a*)\")",
      ])
    case 19:
      return pick([
        "string.format(\"%5.2f|%d|%s|%x\", \(expression()), \(expression()), tostring(\(expression())), \(expression()))",
        "string.format(\"%g %q\", \(expression()), \(expression()))",
        "string.format(\"%-8s|%+d\", tostring(\(expression())), \(below(9)))",
      ])
    case 20:
      return
        "(function(...) local x, y = ... return \(pick(["x", "y", "x, y", "select('#', ...)", "..."])) end)(\(expression()), \(expression()))"
    case 21: return "math.fmod(\(expression()), \(1 + below(9)))"
    case 22: return "table.concat({\(expression()), \(expression())}, \",\")"
    default: return "{\(expression()), n = \(expression())}"
    }
  }

  // MARK: Statements

  private mutating func block(_ indent: String) -> String {
    depth += 2
    defer { depth -= 2 }
    let outer = names
    defer { names = outer }
    var text = ""
    for _ in 0..<(1 + below(3)) { text += indent + statement() }
    return text
  }

  private mutating func fresh() -> String {
    counter += 1
    return "v\(counter)"
  }

  private mutating func statement() -> String {
    if depth > 6 { return "show(pcall(function() return \(expression()) end))\n" }
    switch below(16) {
    case 0...4: return "show(pcall(function() return \(expression()) end))\n"
    case 5: return "pcall(function() \(pick(names)) = \(expression()) end)\n"
    case 6:
      let name = fresh()
      let value = "select(2, pcall(function() return \(expression()) end))"
      names.append(name)
      return "local \(name) = \(value)\n"
    case 7:
      return "if select(2, pcall(function() return \(expression()) end)) then\n\(block("  "))else\n\(block("  "))end\n"
    case 8:
      let name = fresh()
      let header = "for \(name) = \(below(5)), \(below(8)), \(pick(["1", "2", "-1", "0.5"])) do\n"
      names.append(name)
      let body = block("  ")
      names.removeLast()
      return header + body + "end\n"
    case 9:
      let name = fresh()
      return
        "local \(name) = 0\nwhile \(name) < \(below(4)) do\n  \(name) = \(name) + 1\n\(block("  "))\(pick(["", "  if \(name) == 2 then break end\n"]))end\n"
    case 10:
      let name = fresh()
      return
        "local \(name) = 0\nrepeat\n  \(name) = \(name) + 1\n  local stop = \(name) >= \(1 + below(3))\n\(block("  "))until stop\n"
    case 11:
      return "pcall(function() \(pick(names))\(pick([".x", "[1]", "[3]", ".n"])) = \(expression()) end)\n"
    case 12:
      let name = fresh()
      return """
        do local fs = {} for i = 1, 3 do local \(name) = i * \(below(5)) fs[i] = function(d) \(name) = \(name) + d return \(name) end end
        show(pcall(function() return fs[1](1), fs[1](2), fs[2](\(expression())), fs[3](0) end)) end

        """
    case 13:
      return """
        do local t = {} for i = 1, \(below(12)) do t[i] = (i * \(1 + below(9))) % 7 end table.sort(t) table.insert(t, 1, \(below(9)))
        show(#t, table.unpack(t)) for i, v in ipairs(t) do if v > 3 then t[i] = nil break end end show(table.remove(t, 1)) end

        """
    case 14:
      return """
        do local co = coroutine.wrap(function(x) local y = coroutine.yield(x) for i = 1, 2 do y = coroutine.yield(y) end error(y) end)
        show(pcall(co, \(expression()))) show(pcall(co, \(below(9)))) show(pcall(co, \(literal()))) show(pcall(co, "stop")) end

        """
    default:
      return "\(pick(names)), \(pick(names)) = \(pick(names)), \(literal())\n"
    }
  }
}

extension String {
  /// The smallest integer cannot be written as a literal.
  fileprivate var replacingMinimum: String { self == "-9223372036854775808" ? "math.mininteger" : self }
}
