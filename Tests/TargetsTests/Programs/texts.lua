-- The string library: patterns, gsub in its forms, pack, bytes beyond ASCII.
local text = "The quick brown fox, jumps over the lazy dog. 3.14159 0xFF -42 café \0 end"
for _, pattern in ipairs {"%a+", "%d+%.?%d*", "[^%s,]+", "(%w)(%w*)", "%f[%w]%w+", "()o()", "%b()", ".-o", "^The", "dog%.", "[%z]",
  "[\128-\255]+", "%s*$", "%u%l*", "0[xX](%x+)", "(-?)(%d+)"} do
  local found = {}
  for a, b in text:gmatch(pattern) do found[#found + 1] = tostring(a) .. (b and "/" .. tostring(b) or "") end
  print(pattern, #found, table.concat(found, "|"))
end
print(text:gsub("o", {o = "0"}), (text:gsub("%w+", string.upper, 3)), (text:gsub("(%w+) (%w+)", "%2 %1", 2)))
print(text:find("fox", 1, true), text:find("o", -10), text:byte(1, 5), text:sub(-3), text:rep(2, "+"):len(), text:reverse())
print(("%q"):format(text), ("%s|%10s|%-10s|%.3s"):format("abc", "abc", "abc", "abcdef"), ("%c%c"):format(65, 66), ("%%"):format())
print(string.pack("<i4>i2zs1", 1, -2, "zero", "one"):byte(1, -1))
print(string.unpack("<i2>I3<f>d", string.pack("<i2>I3<f>d", -300, 70000, 0.5, 0.1)))
print(utf8.char(72, 228, 8364, 128512), utf8.len("häß€"), utf8.codepoint("€", 1), utf8.offset("aäb", 3))
for position, code in utf8.codes("aä€") do print(position, code) end
print(("x"):rep(0), ("a,b,,c"):find(",", 1, true), #("\u{10FFFF}"), "\x41\65\z
       tail", 'a\
b')
print("a" < "b", "a" < "B", "abc" < "abd", "" < "a", "a\0b" < "a\0c", "Z" < "a", "ä" > "z")
local parts = {}
for i = 1, 200 do parts[#parts + 1] = ("%d:%s"):format(i, ("ab"):rep(i % 7)) end
local joined = table.concat(parts, ";")
print(#joined, joined:sub(1, 40), select(2, joined:gsub("a", "a")))
print(tostring(1e15), tostring(-0.0), 2^63, "10" .. 1, 1 .. "", 1.0 .. "")
