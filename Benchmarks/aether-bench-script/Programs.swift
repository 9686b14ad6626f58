/// What is measured: each program prints a result, which both sides must agree on.
let programs: [(name: String, source: String)] = [
  (
    "fib: calls",
    """
    local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
    print(fib(30))
    """
  ),
  (
    "loops: integers and floats",
    """
    local s, x, n = 0, 0.5, 0
    for i = 1, 20000000 do s = s + i % 7 end
    for i = 1, 10000000 do x = x * 1.0000001 + 0.1 end
    while n < 10000000 do n = n + 1 end
    print(s, x, n)
    """
  ),
  (
    "tables: lists, names, fields",
    """
    local total = 0
    for round = 1, 10 do
      local t, h, p = {}, {}, {x = 1, y = 2}
      for i = 1, 200000 do t[i] = i end
      for i = 1, 200000 do total = total + t[i] end
      for i = 1, 20000 do h["k" .. i] = i end
      for k, v in pairs(h) do total = total + v end
      for i = 1, 400000 do p.x = p.x + p.y end
      total = total + p.x
    end
    print(total)
    """
  ),
  (
    "strings: concatenation, search, format",
    """
    local n, t = 0, {}
    for i = 1, 150000 do
      local s = "item" .. i .. ":" .. (i * 3)
      n = n + #s + #s:upper() + #s:match("(%d+):") + #string.format("%d %s %5.2f", i, s, i / 3)
      if s:find(":3", 1, true) then n = n + 1 end
    end
    for i = 1, 200000 do t[#t + 1] = tostring(i) end
    print(n, #table.concat(t, ","))
    """
  ),
  (
    "methods: objects and closures",
    """
    local P = {} P.__index = P
    function P.new(x, y) return setmetatable({x = x, y = y}, P) end
    function P:add(o) return P.new(self.x + o.x, self.y + o.y) end
    function P:len() return self.x * self.x + self.y * self.y end
    local acc, d, s = P.new(0, 0), P.new(1, 2), 0
    for i = 1, 1500000 do acc = acc:add(d) s = s + acc:len() % 3 end
    local function counter() local c = 0 return function() c = c + 1 return c end end
    local f = counter()
    for i = 1, 3000000 do f() end
    print(acc.x, s, f())
    """
  ),
]
