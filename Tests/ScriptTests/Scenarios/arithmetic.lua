-- integers, floats, coercions
print(1 + 1, 1 + 1.0, 3 - 5, 2 * 3.5, 7 / 2, 6 / 2, 7 // 2, -7 // 2, 7 // -2, 7.5 // 2, -7.5 // 2)
print(7 % 3, -7 % 3, 7 % -3, -7 % -3, 7.5 % 2, -7.5 % 2, 7.5 % -2, 5 % math.huge, -5 % math.huge, 5 % -math.huge)
print(2 ^ 10, 2 ^ 0.5, 2 ^ -1, (-2) ^ 3, -2 ^ 2, 10 ^ 2, 0 ^ 0)
print(math.maxinteger + 1 == math.mininteger, math.mininteger - 1, math.maxinteger * 2, math.mininteger // -1, math.mininteger % -1)
print(1 // 0.0, -1 // 0.0, 1 % math.huge, 0.0 / 1, -0.0, 0.0 == -0.0, 1 / -0.0)
print(pcall(function() return 1 // 0 end))
print(pcall(function() return 1 % 0 end))
print(3 & 5, 3 | 5, 3 ~ 5, ~0, 1 << 63, 1 << 64, 1 << -1, -1 >> 1, -1 >> 63, 1 >> -3, 2.0 & 3, 3 & 1)
print(pcall(function() return 1.5 & 1 end))
print(pcall(function() return "a" | 1 end))
print(pcall(function() return 2^63 | 1 end))
print("10" + 5, "0x10" + 0, "3.5" * 2, " 7 " - 1, "1e1" + 0, 10 .. 20, 1.5 .. "", -0.0 .. "")
print(pcall(function() return "abc" + 1 end))
print(pcall(function() return {} + 1 end))
print(1 == 1.0, 1 < 1.5, 2 ^ 53 == 2 ^ 53 + 1, math.maxinteger < math.huge, math.maxinteger + 0.0 == math.maxinteger)
print(math.maxinteger + 0.0, math.mininteger + 0.0, math.mininteger == -2^63, math.maxinteger == 2^63, math.maxinteger < 2^63)
print(9007199254740993 < 9007199254740992.0, 9007199254740993 > 9007199254740992.0, 9007199254740993 == 9007199254740992.0)
print("a" < "b", "a" < "B", "" < "a", "a\0b" < "a\0c", "Z" <= "Z", "10" < "9")
print(pcall(function() return 1 < "2" end))
print(pcall(function() return {} < {} end))
print(not nil, not 0, nil == false, 1 and 2, nil and 1, false or "x", nil or false, 1 or error("no"))
print(100000000000000, 1e14, 1e15, 1e16, 123456.789e3, 0.1 + 0.2, 1/3, 100 // 1e-320, 5e-324, 1.7976931348623157e308)
print(2^31, 2^32, 2^63, -2^63, 1e300 * 1e10, -1e300 * 1e10)
print(0x7fffffffffffffff, 0xffffffffffffffff, 0x10000000000000000, 0x.8p1, 0xA.8, 0x1p-2, 1e+2, .5, 3., 0x.1P4)
print(9223372036854775807, 9223372036854775808, -9223372036854775808, 18446744073709551616)
print(tonumber("10"), tonumber("0x1F"), tonumber("1e3"), tonumber("  12  "), tonumber("12a"), tonumber(""), tonumber("1 2"), tonumber("0x"), tonumber("."), tonumber("1e"), tonumber("inf"), tonumber("nan"))
print(tonumber("ff", 16), tonumber("zz", 36), tonumber("-101", 2), tonumber("8", 8), tonumber("7", 8), tonumber("1.5", 10))
print(tonumber("9223372036854775808"), tonumber("-9223372036854775808"), tonumber("1e1000"), tonumber("-0"), tonumber("-0.0"))
print(math.type(1), math.type(1.0), math.type("1"), math.tointeger(3.0), math.tointeger(3.5), math.tointeger("8"), 3 | 0)
print(math.floor(-3.5), math.ceil(-3.5), math.floor(1e300), math.fmod(7, 3), math.fmod(-7, 3), math.fmod(7, -3), math.fmod(5.5, 2), math.fmod(-6, 2))
print(math.abs(-5), math.abs(math.mininteger), math.abs(-0.0), math.max(1, 2.5), math.min(3, 1, 2), math.ult(1, -1), math.ult(-1, 1))
print(math.modf(3.7), math.modf(-3.7), math.modf(5), math.modf(math.huge), math.modf(-math.huge))
print(math.sqrt(2), math.sqrt(16), math.exp(0), math.log(1), math.log(8, 2), math.log(1000, 10), math.log(27, 3))
print(8 // 3 * 3 + 8 % 3, -8 // 3 * 3 + -8 % 3, 2^2^3, -3^2, not 1 == 2, 1 .. 2 == "12", 1 + 2 < 4 and "y" or "n")
print(5 // 0.3, 5 % 0.3, -5 // 0.3, -5 % 0.3, 1e15 % 7, 3 % -math.huge, 0.0 % 5, -0.0 % 5)
local x <const> = 10
local y <const>, z <const> = "s", 2.5
print(x + 1, y .. x, z * x, -x, ~x, x << 2)
for i = 1, 3 do io = i end
for i = 3, 1 do print("never") end
for i = 1, 2, 0.5 do print(i) end
for i = 1.0, 3 do print(i) end
for i = math.maxinteger - 1, math.maxinteger do print(i) end
for i = math.mininteger, math.mininteger + 2, 2 do print(i) end
for i = 1, math.huge do if i > 3 then break end print(i) end
for i = -1, -math.huge, -1 do if i < -3 then break end print(i) end
for i = 10, 1, -4 do print(i) end
print(pcall(function() for i = 1, 10, 0 do end end))
print(pcall(function() for i = "a", 10 do end end))
print(pcall(function() for i = 1, {} do end end))
print(pcall(function() for i = 1, 2, "x" do end end))
