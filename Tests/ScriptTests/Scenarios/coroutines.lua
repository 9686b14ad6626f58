local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
for v in gen(3) do print(v) end
local co = coroutine.create(function(a, b)
  print("start", a, b)
  local c = coroutine.yield(a + b)
  print("c", c)
  local d, e = coroutine.yield(c * 2)
  print("d", d, e)
  return "ret", d + e
end)
print(coroutine.resume(co, 1, 2))
print(coroutine.status(co))
print(coroutine.resume(co, 10))
print(coroutine.resume(co, 3, 4))
print(coroutine.status(co), coroutine.resume(co))
print(coroutine.isyieldable(), select(2, coroutine.running()))
co = coroutine.create(function() print(coroutine.isyieldable(), select(2, coroutine.running()), coroutine.status(co)) end)
coroutine.resume(co)
-- across pcall and metamethods
co = coroutine.wrap(function()
  print(pcall(function() local x = coroutine.yield("in pcall") error("after " .. x, 0) end))
  local t = setmetatable({}, {__index = function(_, k) return coroutine.yield("index " .. k) end, __add = function(a, b) return coroutine.yield("add") end, __lt = function() return coroutine.yield("lt") end, __call = function(self, x) return coroutine.yield("call " .. x) end})
  print(t.foo, t + 1, t < t, t(5))
  for k in (function() return coroutine.yield("iter") end) do print("k", k) end
  return "end"
end)
print(co()) print(co("resumed")) print(co("I")) print(co("A")) print(co(nil)) print(co("C")) print(co("it1")) print(co(nil))
-- nested
local function inner() coroutine.yield("inner1") coroutine.yield("inner2") end
local outer = coroutine.wrap(function() local i = coroutine.wrap(inner) coroutine.yield(i()) coroutine.yield("between") coroutine.yield(i()) end)
print(outer(), outer(), outer())
-- producer and consumer
local function producer() return coroutine.create(function() for _, v in ipairs {"a", "b", "c"} do coroutine.yield(v) end return nil end) end
local p = producer()
while true do local _, v = coroutine.resume(p) if not v then break end io = v print(v) end
print(pcall(coroutine.resume, 1))
print(pcall(coroutine.yield, 1))
print(coroutine.resume(coroutine.create(function(...) return select("#", ...), ... end), nil, nil))
print(coroutine.close(coroutine.create(print)))
co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function(_, e) print("closed", e) end}) coroutine.yield(1) end)
coroutine.resume(co) print(coroutine.close(co), coroutine.status(co))
co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function(_, e) error("in close", 0) end}) coroutine.yield(1) end)
coroutine.resume(co) print(coroutine.close(co), coroutine.status(co))
print(select("#", table.unpack({coroutine.resume(coroutine.create(function() return end))})))
local w = coroutine.wrap(function() return 1 end) w() print(pcall(w))
co = coroutine.wrap(function() return pcall(pcall, coroutine.yield, 1) end)
print(co()) print(co("back", "again"))
co = coroutine.wrap(function(...) local t = {...} while true do t = {coroutine.yield(#t, table.unpack(t))} end end)
print(co(1, 2, 3)) print(co()) print(co(nil, 5))
local function fibgen() local a, b = 0, 1 return coroutine.wrap(function() while true do coroutine.yield(a) a, b = b, a + b end end) end
local f = fibgen() local out = {} for i = 1, 15 do out[i] = f() end print(table.concat(out, " "))
co = coroutine.create(function() return coroutine.resume(co) end)
print(coroutine.resume(co))
print(coroutine.resume(coroutine.running()))
local up
co = coroutine.wrap(function() local x = 0 up = function() x = x + 1 return x end coroutine.yield() x = x + 100 coroutine.yield(x) end)
co() print(up(), up()) print(co()) print(up())
local tail = coroutine.wrap(function() return coroutine.yield("t") end)
print(tail()) print(tail("tailed"))
print(pcall(table.sort, {3, 2, 1}, function(a, b) return coroutine.yield() end))
co = coroutine.create(function() table.sort({3, 2, 1}, function(a, b) coroutine.yield() end) end)
print(coroutine.resume(co))
local perm = {}
local function permgen(a, n) n = n or #a if n <= 1 then coroutine.yield(table.concat(a, "")) else for i = 1, n do a[n], a[i] = a[i], a[n] permgen(a, n - 1) a[n], a[i] = a[i], a[n] end end end
for s in coroutine.wrap(function() permgen({"x", "y", "z"}) end) do perm[#perm + 1] = s end print(table.concat(perm, " "))
