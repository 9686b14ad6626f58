local mt = {}
local function new(v) return setmetatable({v = v}, mt) end
for _, e in ipairs {"add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor", "bxor", "shl", "shr", "bnot", "concat"} do
  mt["__" .. e] = function(a, b)
    local x = type(a) == "table" and a.v or a
    local y = type(b) == "table" and b.v or b
    return e .. ":" .. tostring(x) .. ":" .. tostring(y)
  end
end
mt.__len = function(a) return 99 end
mt.__eq = function(a, b) return a.v == b.v end
mt.__lt = function(a, b) return (type(a) == "table" and a.v or a) < (type(b) == "table" and b.v or b) end
mt.__le = function(a, b) return (type(a) == "table" and a.v or a) <= (type(b) == "table" and b.v or b) end
mt.__call = function(self, ...) return self.v, ... end
mt.__tostring = function(self) return "<" .. tostring(self.v) .. ">" end
mt.__name = "Thing"
local a, b = new(1), new(2)
print(a + b, a - 1, 2 * a, a / b, a % 3, 3 ^ a, -a, a // b, a & b, 1 | a, a ~ 5, a << 1, 2 >> a, ~a, a .. b, a .. "s", "s" .. a, 1 .. a)
print(a + 1.5, 7 + a, 300 + a, a + 300, a - 300, 2.5 * a)
print(#a, a == b, a == new(1), a ~= new(1), a < b, a <= b, a > b, a >= b, a < 5, 5 > a, a <= 1, 0 < a, a > 0, a >= 1)
print(a(10, 20), tostring(a), #{a, b})
if a == new(1) then print("eq in if") end
if not (a < b) then print("no") else print("lt in if") end
local x = a == new(1) and "yes" or "no"
print(x)
local class = {} class.__index = class
function class.new(n) return setmetatable({n = n}, class) end
function class:get() return self.n end
local sub = setmetatable({}, {__index = class}) sub.__index = sub
function sub.new(n) return setmetatable({n = n}, sub) end
function sub:twice() return self:get() * 2 end
print(class.new(3):get(), sub.new(4):twice(), sub.new(5):get())
local log = {}
local p = setmetatable({}, {__index = function(t, k) log[#log + 1] = "get " .. k return k .. "?" end, __newindex = function(t, k, v) log[#log + 1] = "set " .. k rawset(t, k, v) end})
p.a = 1 p.a = 2 print(p.a, p.b, p[1]) print(table.concat(log, ";"))
local store = {} local q = setmetatable({}, {__newindex = store}) q.z = 5 print(rawget(q, "z"), store.z)
print(type(getmetatable("x").__index), getmetatable(setmetatable({}, {__metatable = "locked"})))
print(pcall(setmetatable, setmetatable({}, {__metatable = 1}), {}))
print(pcall(setmetatable, 1, {}))
local it = setmetatable({}, {__pairs = function(t) return function(_, k) if not k then return 1, "one" end end, t, nil end})
for k, v in pairs(it) do print(k, v) end
print(pcall(function() return #5 end))
print(pcall(function() return -{} end))
print(pcall(function() local t = {} t.x.y = 1 end))
print(pcall(function() local t = {} t.x() end))
print(pcall(function() local t = {} t:nomethod() end))
print(pcall(function() undefinedfunction() end))
print(pcall(function() return 1 .. {} end))
print(pcall(function() return a.v.w.z end))
print(tostring(setmetatable({}, {__tostring = function() return "custom" end})), pcall(tostring, setmetatable({}, {__tostring = function() return 1 end})))
local r = setmetatable({}, {__index = setmetatable({x = 1}, {__index = {y = 2}})})
print(r.x, r.y, r.z)
local counter = 0
local lazy = setmetatable({}, {__index = function(t, k) counter = counter + 1 local v = k * 2 t[k] = v return v end})
print(lazy[2], lazy[2], counter)
do
  local order = {}
  do
    local x <close> = setmetatable({}, {__close = function(_, e) order[#order + 1] = "x" .. tostring(e) end})
    local y <close> = setmetatable({}, {__close = function(_, e) order[#order + 1] = "y" .. tostring(e) end})
    local z <close> = nil
  end
  print(table.concat(order, " "))
  print(pcall(function()
    local x <close> = setmetatable({}, {__close = function(_, e) order[#order + 1] = tostring(e) end})
    error("boom", 0)
  end))
  print(table.concat(order, " "))
  local function early() local x <close> = setmetatable({}, {__close = function() order[#order + 1] = "early" end}) return 1, 2, 3 end
  print(early()) print(order[#order])
  for i = 1, 2 do local x <close> = setmetatable({}, {__close = function() order[#order + 1] = "loop" .. i end}) if i == 2 then break end end
  print(table.concat(order, " "))
  print(pcall(function() local x <close> = 42 end))
  for k, v in (function() return next, {10}, nil, setmetatable({}, {__close = function() print("iterator closed") end}) end)() do print(k, v) end
end
local vec = setmetatable({}, {__index = function(_, k) return function(...) return k, select("#", ...) end end})
print(vec.foo(1, 2), vec:bar(1))
print(rawequal(a, new(1)), a ~= b)
mt.__index = function(t, k) return "idx" .. tostring(k) end
print(a.foo, a[1], a[true])
print(pcall(function() return a.v < {} end))
local e1 = setmetatable({}, {__eq = function() return true end})
print(e1 == {}, {} == e1, e1 == 1, e1 ~= {})
local le = setmetatable({}, {__le = function() return nil end, __lt = function() return 1 end})
print(le <= 1, le < 1, 1 >= le, 1 > le)
