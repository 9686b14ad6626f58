print("hello", 1, 2.5, 10//3, 7%-3, 2^10, 1e100, -0.0, 1/0, "a".."b"..1)
local function fib(n) if n < 2 then return n end return fib(n-1)+fib(n-2) end
print(fib(20))
local t = {1,2,3,x=5,[10]=7}
for k,v in ipairs(t) do print(k,v) end
for i,v in ipairs(t) do print(i,v) end
print(#t, select('#', table.unpack(t)))
local s = 0
for i=1,100 do s = s + i end print(s)
for i=10,1,-3 do io = i end print(io)
print(pcall(error, {}), pcall(error, "x"), pcall(function() error("msg") end))
local mt = setmetatable({}, {__index=function(t,k) return k.."!" end, __add=function(a,b) return 42 end, __call=function(self, a) return a*2 end, __tostring=function() return "OBJ" end, __lt=function() return true end, __concat=function(a,b) return "cat" end})
print(mt.foo, mt+1, 1+mt, mt(21), tostring(mt), mt < mt, mt.."x", "x"..mt)
local co = coroutine.wrap(function(a,b) local c = coroutine.yield(a+b) print("c",c) return "done" end)
print(co(1,2), co("z"))
goto done
print("skipped")
::done::
print(string.format("%5d|%-5s|%05.2f|%x|%q|%g", 42, "ab", 3.14159, 255, "a\nb", 1e20))
print(("hello world"):gsub("o", "0"), ("key=val"):match("(%w+)=(%w+)"))
for w in ("one two three"):gmatch("%a+") do io = w print(w) end
print(math.floor(3.7), math.max(1,5,3), math.pi, math.sin(1), math.exp(1), math.log(10))
local a <const> = 5
do local c <close> = setmetatable({}, {__close=function() print("closed") end}) print("in") end
print(pcall(function() local x = nil; x.y = 1 end))
print(pcall(function() return undefinedglobal.foo end))
print(table.concat({1,2,3}, ","), #"abc")
local r = {5,2,8,1} table.sort(r) print(table.concat(r," "))
table.sort(r, function(a,b) return a>b end) print(table.concat(r," "))
print(string.rep("ab",3,"-"), ("x"):byte(), utf8.char(228,8364), utf8.len("äö"))
print(xpcall(function() error("E") end, function(m) return "H:"..m end))
print(tostring(1e15), 2^53, 123456789012345678)
print(0x10, 0xA.8p0, 1e-5, 0.1, 100.0)
