-- Elementary functions give the same bits everywhere; `%a` shows all of them.
local state = 99
local function next_float(scale)
  state = state * 6364136223846793005 + 1442695040888963407
  return ((state >> 11) * 2.0 ^ -53 * 2 - 1) * scale
end
local functions = {"sin", "cos", "tan", "asin", "acos", "atan", "exp", "log", "sqrt", "floor", "ceil", "abs"}
for _, scale in ipairs {1, 10, 1000, 1e8, 1e-6} do
  for i = 1, 25 do
    local x = next_float(scale)
    local line = {("%a"):format(x)}
    for _, name in ipairs(functions) do
      local argument = x
      if name == "log" or name == "sqrt" then argument = math.abs(x) end
      local y = math[name](argument)
      line[#line + 1] = y == y and (math.type(y) == "integer" and tostring(y) or ("%a"):format(y)) or "nan"
    end
    print(table.concat(line, " "))
  end
end
for i = 1, 100 do
  local x, y = next_float(50), next_float(20)
  print(("%a %a %a %a"):format(math.abs(x) ^ y, math.atan(y, x), math.fmod(x, y), math.log(math.abs(x), 10)))
  print(("%a %a"):format(x % y, x // y), math.tointeger(x // 1), math.ult(math.floor(x), math.floor(y)))
end
for _, x in ipairs {0.0, -0.0, 1/0, -1/0, 1e308, 5e-324, 2^53, 2^63, -2^63, 710, -746, math.pi, math.pi / 2} do
  print(x, math.sin(x), math.cos(x), math.exp(x), math.atan(x), x ^ 0.5, x ^ 3, x ^ -1)
end
for i = 1, 20 do print(math.random(), math.random(10), math.random(-5, 5)) end
print(7 // 2, -7 // 2, 7 % -3, -7 % 3, 7.5 // 2, -7.5 // 2, 7.5 % -2, 1e15 % 7, 5 // 0.0, -5 % math.huge)
print(1 << 63, 1 << 64, -1 >> 1, -1 >> 63, 3 & 5, 3 | 5, 3 ~ 5, ~0, 2^31 | 0, "10" + 5, "0x10" * 2, 10 / 2)
print(pcall(function() return 1 // 0 end), pcall(function() return 2^53 | 0.5 end))
