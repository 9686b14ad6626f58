-- closures, varargs, results, tail calls
local function f(...) return select("#", ...), ... end
print(f(), f(nil), f(1, nil, 3), (f(1, 2)))
print((f(1, 2, 3)))
local function g(a, b, ...) local x, y = ... return a, b, x, y, select("#", ...) end
print(g(1), g(1, 2, 3), g(1, 2, 3, 4, 5))
local t = {f(1, 2), f(3, 4)}
print(#t, t[1], t[2], t[3], t[4])
t = {f(1, 2), (f(3, 4))}
print(#t)
local counter = function() local n = 0 return function() n = n + 1 return n end, function() return n end end
local inc, get = counter()
inc() inc()
print(get())
local fs = {}
for i = 1, 3 do fs[i] = function() i = i + 10 return i end end
print(fs[1](), fs[1](), fs[2](), fs[3]())
local k = 0
local ws = {}
while k < 3 do k = k + 1 local j = k ws[k] = function() j = j * 2 return j end end
print(ws[1](), ws[1](), ws[2](), ws[3]())
local function sum(n, acc) if n == 0 then return acc end return sum(n - 1, acc + n) end
print(sum(10000, 0))
local function rec(n) if n == 0 then return 0 end return 1 + rec(n - 1) end
print(rec(150))
local a, b, c = (function() return 1, 2 end)()
print(a, b, c)
local p, q = 1
print(p, q)
a, b = b, a
print(a, b)
local arr = {1, 2, 3}
local i = 1
i, arr[i] = i + 1, 20
print(i, arr[1], arr[2])
do local a <const> = {} a.x = 1 print(a.x) end
local o = {n = 5}
function o:get(m) return self.n + (m or 0) end
function o.static(x) return x end
print(o:get(), o:get(2), o.static(9))
local s = "x"
print(s:rep(3), ("%d"):format(7), #s:rep(10))
print(pcall(function(...) return ... end, 1, 2, 3))
print(select(-1, 1, 2, 3), select(2, "a", "b", "c"))
print(pcall(select, 0))
local function deep(...) local t = {...} return #t, ... end
print(deep(table.unpack({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 2, 9)))
print(table.unpack({1, 2, 3}, -1, 1))
print((table.pack(1, nil, 3)).n)
goto skip
do print("not here") end
::skip::
do
  local n = 0
  ::top::
  n = n + 1
  if n < 3 then goto top end
  print(n)
end
for i = 1, 3 do
  for j = 1, 3 do
    if j == 2 then goto continue end
    print(i, j)
    ::continue::
  end
end
do
  local fns = {}
  local i = 1
  ::again::
  local x = i
  fns[i] = function() x = x + 1 return x end
  i = i + 1
  if i <= 3 then goto again end
  print(fns[1](), fns[1](), fns[2](), fns[3]())
end
repeat local done = true until done
local n = 0
repeat local z = n n = n + 1 local h = function() return z end until z >= 2
print(n)
while true do if n > 5 then break end n = n + 1 end
print(n)
if nil then print(1) elseif false then print(2) else print(3) end
local function v(...) local a <const> = ... return a end
print(v(4, 5))
print((function(...) return select('#', ...) end)(nil, nil))
print(type(print), type(nil), type({}), type("x"), type(2), type(true), type(f))
local function many() return 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30 end
print(#{many()}, select("#", many(), many()))
local mt = setmetatable({}, {__call = function(self, a, ...) return a, select("#", ...) end})
print(mt(1, 2, 3))
local function tail(...) return mt(...) end
print(tail(7, 8))
print(pcall(tail))
local up = 1
local function setup() up = up + 1 return function() up = up * 2 return up end end
local u1 = setup() local u2 = setup()
print(u1(), u2(), up)
