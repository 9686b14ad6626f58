-- The order of tables, after all that can change it.
local t = {10, 20, 30, name = "x", [1.5] = "f", [true] = "b", [-1] = "minus"}
t.later = 1
t[4] = 40
t[7] = 70
t.name = nil
t.again = 2
t.name = "y"
for k, v in pairs(t) do print(k, v) end
t[2] = nil
t[5], t[6] = 50, 60
for k, v in pairs(t) do print(k, v) end
print(#t, next({}), rawlen(t), select("#", table.unpack({1, nil, 3}, 1, 3)))
local words = {}
for i = 1, 200 do words["key" .. (i * 7919 % 1000)] = i end
for i = 1, 200, 3 do words["key" .. (i * 7919 % 1000)] = nil end
for i = 1, 50 do words[i * 0.25] = i end
local line = {}
for k, v in pairs(words) do line[#line + 1] = tostring(k) .. "=" .. v end
print(table.concat(line, " "))
local list = {}
for i = 1, 100 do list[i] = (i * 37) % 101 end
table.sort(list)
print(table.concat(list, " "))
table.sort(list, function(a, b) return a % 10 == b % 10 and a > b or a % 10 < b % 10 end)
print(table.concat(list, " "))
table.insert(list, 1, "first")
table.insert(list, "last")
print(table.remove(list, 2), table.remove(list), #list, table.concat(table.move(list, 1, 5, 3), ","))
local counted = setmetatable({}, {__index = function(t, k) return k * 2 end, __newindex = function(t, k, v) rawset(t, k, v + 1) end})
counted[3] = 4
print(counted[3], counted[10], rawget(counted, 10))
for k in pairs(setmetatable({}, {__pairs = function() return function(_, k) if not k then return 1 end end end})) do print(k) end
local removed = {a = 1, b = 2, c = 3, d = 4}
for k in pairs(removed) do removed[k] = nil end
print(next(removed))
print({} ~= {}, tostring({}):match("^table: ") ~= nil, tostring(print):match("^function: ") ~= nil)
