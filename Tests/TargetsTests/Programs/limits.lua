-- Deep recursion, closures, coroutines, and collections in between.
local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end
print(depth(150), pcall(string.rep, "x", -1), select("#", pcall(error)))
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(18))
local closures = {}
for i = 1, 50 do local j = i * i closures[i] = function() j = j + 1 return j end end
local sum = 0
for _, f in ipairs(closures) do sum = sum + f() + f() end
print(sum)
local producer = coroutine.wrap(function() for i = 1, 30 do coroutine.yield(i, i * 1.5) end return "end" end)
local line = {}
for i = 1, 31 do line[i] = table.concat({producer()}, "/") end
print(table.concat(line, " "))
for round = 1, 40 do
  local garbage = {}
  for i = 1, 100 do garbage[i] = {("text " .. i):rep(3), {i}} end
end
print(collectgarbage("count") > 0)
local memo = {}
local function collatz(n) local steps = 0 while n ~= 1 do n = n % 2 == 0 and n // 2 or 3 * n + 1 steps = steps + 1 end return steps end
for i = 1, 300 do memo[i] = collatz(i) end
print(table.concat(memo, ","))
local sieve, primes = {}, {}
for i = 2, 1000 do
  if not sieve[i] then primes[#primes + 1] = i for j = i * i, 1000, i do sieve[j] = true end end
end
print(#primes, primes[#primes])
for i = 1, 3 do
  for j = 1, 3 do
    if j == 2 then goto continue end
    print(i, j)
    ::continue::
  end
end
local a <const>, b <close> = 5, setmetatable({}, {__close = function(_, e) print("closed", e) end})
counter = (counter or 0) + a
print(counter, pcall(function() local t <close> = b error({code = 7}) end))
