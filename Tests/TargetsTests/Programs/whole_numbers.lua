-- Whole numbers become floats, rounded to the nearest, ties to even; division and text of numbers with 64 bits.
local function show(i)
  print(i, string.format("%a", i + 0.0), i + 0.0 == i)
end

for shift = 0, 63 do
  local power = 1 << shift
  for _, near in ipairs { -1, 0, 1, 511, 512, 513, 1023, 1024, 1025, 1536, 2048, 3072 } do
    show(power + near)
    show(-power - near)
    show(power | power >> 53 | near)
  end
end
show(math.maxinteger)
show(math.mininteger)

-- Single precision: every kind of number that has another form as a double.
local singles = {
  0x00000001, 0x00000002, 0x00400000, 0x007fffff, 0x00800000, 0x3f800000, 0x40490fdb, 0x7f7fffff, 0x7f800000, 0xff800000,
  0x80000000, 0x80000001, 0x807fffff, 0x33800001,
}
for _, bits in ipairs(singles) do
  print(string.format("%08x %a", bits, (string.unpack("<f", string.pack("<I4", bits)))))
end

local divisors = { 1, 2, 3, 7, 10, 255, 256, 65537, 1 << 31, (1 << 31) + 1, 1 << 32, (1 << 32) + 1, 1 << 62, math.maxinteger }
for _, divisor in ipairs(divisors) do
  for _, value in ipairs { 0, 1, 9, 10, 123456789, 1 << 31, 1 << 32, 0x123456789abcdef, math.maxinteger, math.mininteger } do
    print(value // divisor, value % divisor, value // -divisor, value % -divisor, value / divisor)
  end
end
