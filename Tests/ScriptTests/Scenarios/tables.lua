local t = {}
for i = 1, 20 do t[i] = i * i end
print(#t, t[20], t[21])
for i = 20, 11, -1 do t[i] = nil end
print(#t)
t[#t + 1] = "end"
print(#t, t[#t])
local u = {10, 20, 30, nil}
print(#u)
u = {1, 2, nil, 4}
print(#u, u[4])
u = {n = 1, [1] = "a", [2] = "b", "c"}
print(u[1], u[2], u.n)
t = {} t[1.0] = "x" t[2^53] = "big" print(t[1], t[2^53], next(t) == 1)
t = {} for i = 10, 1, -1 do t[i] = i end print(#t)
local sum, count = 0, 0
for k, v in pairs(t) do sum = sum + v count = count + 1 end
print(sum, count)
for k in pairs(t) do t[k] = nil end
print(next(t), #t)
t = {a = 1, b = 2, c = 3}
local keys = {}
for k in pairs(t) do keys[#keys + 1] = k end
table.sort(keys)
print(table.concat(keys, ","))
for k, v in pairs(t) do t[k] = v * 2 end
print(t.a, t.b, t.c)
t.a = nil t.d = 4
print(t.a, t.d)
print(pcall(function() t[nil] = 1 end))
print(pcall(function() t[0/0] = 1 end))
print(t[nil], rawget(t, "b"), rawlen({1, 2}), rawlen("abc"), rawequal(t, t), rawequal("a", "a"))
print(pcall(next, {}, "nope"))
table.insert(t, "x") table.insert(t, 1, "y") print(t[1], t[2], table.remove(t), table.remove(t, 1), #t)
print(table.remove({}), table.remove({1, 2, 3}, 1), pcall(table.remove, {1, 2, 3}, 7), table.remove({1,2,3}, 4))
print(pcall(table.insert, {1}, 5, 2), pcall(table.insert, {1}, 1, 2, 3), pcall(table.insert, nil, 1))
print(table.concat({}), table.concat({1, 2, 3}), table.concat({1, 2.5, "x"}, "-"), table.concat({1, 2, 3}, ",", 2, 3), table.concat({1,2}, ",", 3))
print(pcall(table.concat, {1, {}, 3}))
print(table.unpack(table.move({1, 2, 3}, 1, 3, 2)))
print(table.unpack(table.move({1, 2, 3}, 2, 3, 1)))
print(table.unpack(table.move({1, 2, 3}, 1, 3, 1, {9, 9, 9, 9})))
local w = {5, 3, 8, 1, 9, 2, 7, 3, 3, 10, -4, 6}
table.sort(w) print(table.concat(w, " "))
table.sort(w, function(a, b) return a > b end) print(table.concat(w, " "))
local words = {"pear", "apple", "fig", "banana", "Apple"}
table.sort(words) print(table.concat(words, " "))
table.sort(words, function(a, b) return #a < #b or (#a == #b and a < b) end) print(table.concat(words, " "))
print(pcall(table.sort, {1, "x", 2}))
local big = {}
for i = 1, 200 do big[i] = (i * 7919) % 211 end
table.sort(big)
local ok = true
for i = 2, 200 do ok = ok and big[i - 1] <= big[i] end
print(ok, big[1], big[200])
local m = {}
for i = 1, 5 do m[i] = {} for j = 1, 5 do m[i][j] = i * j end end
print(m[3][4], #m, #m[2])
local nested = {a = {b = {c = "deep"}}}
print(nested.a.b.c, nested["a"]["b"].c)
t = {[1] = 1, [2] = 2, [4] = 4} print(t[4])
t = {} t.x = 1 t.x = nil t.y = 2 for k, v in pairs(t) do print(k, v) end
local h = {} for i = 1, 1000 do h["k" .. i] = i end
local n = 0 for k, v in pairs(h) do n = n + v end print(n)
for i = 1, 1000, 2 do h["k" .. i] = nil end
n = 0 for k, v in pairs(h) do n = n + 1 end print(n)
for i = 1, 500 do h[i] = i end n = 0 for k in pairs(h) do n = n + 1 end print(n, #h)
local f = {} f[1.5] = "a" f[-1] = "b" f[true] = "c" f[0] = "d" print(f[1.5], f[-1], f[true], f[0], f[-1.0])
print(#"abc", #{n = 1}, #{{}, {}})
local long = string.rep("x", 100)
local lt = {[long] = 1} print(lt[string.rep("x", 100)], lt[long .. "y"])
print(select("#", ipairs({})))
for i, v in ipairs({1, 2, nil, 4}) do print(i, v) end
local proxy = setmetatable({}, {__index = function(_, i) if i <= 3 then return i * 10 end end})
for i, v in ipairs(proxy) do print(i, v) end
print(#table.pack(), table.pack().n, table.unpack({}, 1, 2))
local arr2 = {} for i = 1, 3 do table.insert(arr2, 1, i) end print(table.concat(arr2, ","))
