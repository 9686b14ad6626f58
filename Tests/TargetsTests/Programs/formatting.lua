-- Numbers as text, in every format, over many magnitudes.
local values = {0, -0.0, 1, -1, 0.1, 0.2, 0.3, 1/3, 2/3, 1e15, 1e16, 1e17, 123456789.125, 5e-324, 2.2250738585072014e-308,
  1.7976931348623157e308, 4.9406564584124654e-324, 9007199254740993, 0.5, 1.5, 2.5, 1e-5, 123456, 1234567, 1/0, -1/0}
local formats = {"%.14g", "%.17g", "%g", "%e", "%f", "%.0f", "%.3f", "%10.2f|", "%-12.4e|", "%+g", "% g", "%a", "%.3a", "%#g"}
for _, value in ipairs(values) do
  local line = {tostring(value)}
  for _, format in ipairs(formats) do
    local text = format:format(value)
    if #text < 60 then line[#line + 1] = text else line[#line + 1] = #text .. text:sub(1, 20) end
  end
  print(table.concat(line, " "))
end
local state = 12345
local function next_bits()
  state = state * 6364136223846793005 + 1442695040888963407
  return state
end
for i = 1, 300 do
  local float = string.unpack("<d", string.pack("<i8", next_bits()))
  if float == float then
    local text = ("%.17g"):format(float)
    print(float, text, tonumber(text) == float, ("%a"):format(float))
  end
end
for i = 1, 100 do
  local integer = next_bits() >> (i % 64)
  print(integer, ("%x %X %o %d %5d %-5d| %05d %+d"):format(integer, integer, integer, integer, i, i, i, i))
end
print(math.maxinteger, math.mininteger, math.maxinteger + 1.0, math.mininteger + 0.0)
print(tonumber("0x7fffffffffffffff"), tonumber("0xffffffffffffffff"), tonumber("9223372036854775808"), tonumber("1e"))
for _, text in ipairs {"0x1p4", "0x.8", "1e400", "-1e400", "1e-400", " 12 ", "12a", "0x", "1.", ".5", "5e+3", "inf", "nan"} do
  print(text, tonumber(text))
end
