// string.pack, packsize and unpack (Lua 5.4 manual, section 6.4.2). Sizes are those of a 64-bit Linux on every target;
// native order is little-endian.

extension Machine {
  /// Reads a format of `pack`.
  private struct PackFormat {
    enum Item {
      case signed, unsigned, float, double, fixedString, prefixedString, zeroString, padding, alignment, nothing
    }

    let format: UnsafeBufferPointer<UInt8>
    var index = 0
    var isLittle = true
    var alignmentMax = 1

    var isAtEnd: Bool { index >= format.count }
  }

  private func digits(_ format: inout PackFormat) -> Int? {
    guard !format.isAtEnd, Characters.isDigit(format.format[format.index]) else { return nil }
    var value = 0
    while !format.isAtEnd, Characters.isDigit(format.format[format.index]), value < 1 << 24 {
      value = value * 10 + Int(format.format[format.index] - 48)
      format.index += 1
    }
    return value
  }

  private func integerSize(_ format: inout PackFormat, default size: Int) throws(Trap) -> Int {
    let size = digits(&format) ?? size
    guard size >= 1, size <= 16 else {
      var text = Text("integral size (")
      text.add(size)
      text.add(") out of limits [1,16]")
      throw raise(text)
    }
    return size
  }

  private func option(_ format: inout PackFormat) throws(Trap) -> (item: PackFormat.Item, size: Int) {
    let byte = format.format[format.index]
    format.index += 1
    switch byte {
    case UInt8(ascii: "b"): return (.signed, 1)
    case UInt8(ascii: "B"): return (.unsigned, 1)
    case UInt8(ascii: "h"): return (.signed, 2)
    case UInt8(ascii: "H"): return (.unsigned, 2)
    case UInt8(ascii: "l"), UInt8(ascii: "j"): return (.signed, 8)
    case UInt8(ascii: "L"), UInt8(ascii: "J"), UInt8(ascii: "T"): return (.unsigned, 8)
    case UInt8(ascii: "i"): return (.signed, try integerSize(&format, default: 4))
    case UInt8(ascii: "I"): return (.unsigned, try integerSize(&format, default: 4))
    case UInt8(ascii: "f"): return (.float, 4)
    case UInt8(ascii: "d"), UInt8(ascii: "n"): return (.double, 8)
    case UInt8(ascii: "s"): return (.prefixedString, try integerSize(&format, default: 8))
    case UInt8(ascii: "c"):
      guard let size = digits(&format) else { throw raise("missing size for format option 'c'") }
      return (.fixedString, size)
    case UInt8(ascii: "z"): return (.zeroString, 0)
    case UInt8(ascii: "x"): return (.padding, 1)
    case UInt8(ascii: "X"): return (.alignment, 0)
    case UInt8(ascii: " "): return (.nothing, 0)
    case UInt8(ascii: "<"), UInt8(ascii: "="): format.isLittle = true
    case UInt8(ascii: ">"): format.isLittle = false
    case UInt8(ascii: "!"): format.alignmentMax = try integerSize(&format, default: 8)
    default:
      var text = Text("invalid format option '")
      text.add(byte)
      text.add("'")
      throw raise(text)
    }
    return (.nothing, 0)
  }

  /// The next item with the padding in front of it.
  private func next(_ format: inout PackFormat, at offset: Int) throws(Trap) -> (PackFormat.Item, Int, padding: Int) {
    let (item, size) = try option(&format)
    var alignment = size
    switch item {
    case .alignment:
      guard !format.isAtEnd else { throw raise("invalid next option for option 'X'") }
      let (following, followingSize) = try option(&format)
      alignment = followingSize
      if following == .fixedString || alignment == 0 { throw raise("invalid next option for option 'X'") }
    case .signed, .unsigned, .float, .double, .prefixedString: break
    default: return (item, size, 0)
    }
    alignment = min(alignment, format.alignmentMax)
    guard alignment > 1 else { return (item, size, 0) }
    guard alignment & (alignment - 1) == 0 else { throw raise("format asks for alignment not power of 2") }
    return (item, size, (alignment - offset & (alignment - 1)) & (alignment - 1))
  }

  private func append(_ value: UInt64, fill: UInt8, _ size: Int, isLittle: Bool, to buffer: inout [UInt8]) {
    for index in 0..<size {
      let position = isLittle ? index : size - 1 - index
      buffer.append(position < 8 ? UInt8(truncatingIfNeeded: value >> UInt64(8 * position)) : fill)
    }
  }

  func stringPack(_ arguments: Arguments) throws(Trap) -> Int {
    var format = PackFormat(format: StringObject.buffer(try string(arguments, 0)))
    var buffer = takeScratch()
    defer { giveBack(&buffer) }
    var index = 1
    while !format.isAtEnd {
      let (item, size, padding) = try next(&format, at: buffer.count)
      for _ in 0..<padding { buffer.append(0) }
      try pack(item, size, arguments, &index, isLittle: format.isLittle, &buffer)
      try checkLength(buffer)
    }
    return give(Value(try makeString(buffer)))
  }

  private func pack(
    _ item: PackFormat.Item, _ size: Int, _ arguments: Arguments, _ index: inout Int, isLittle: Bool,
    _ buffer: inout [UInt8]
  ) throws(Trap) {
    switch item {
    case .nothing, .alignment: return
    case .padding:
      buffer.append(0)
      return
    case .signed:
      let value = try integer(arguments, index)
      if size < 8 {
        let limit: Int64 = 1 << Int64(size * 8 - 1)
        guard value >= -limit, value < limit else { throw bad(arguments, index, "integer overflow") }
      }
      append(UInt64(bitPattern: value), fill: value < 0 ? 255 : 0, size, isLittle: isLittle, to: &buffer)
    case .unsigned:
      let value = UInt64(bitPattern: try integer(arguments, index))
      if size < 8, value >> UInt64(size * 8) != 0 { throw bad(arguments, index, "unsigned overflow") }
      append(value, fill: 0, size, isLittle: isLittle, to: &buffer)
    case .float:
      let value = try float(arguments, index)
      // One NaN for all targets.
      let bits = value.isNaN ? 0x7FC0_0000 : Float(value).bitPattern
      append(UInt64(bits), fill: 0, 4, isLittle: isLittle, to: &buffer)
    case .double:
      let value = try float(arguments, index)
      append(
        value.isNaN ? Elementary.notANumber.bitPattern : value.bitPattern, fill: 0, 8, isLittle: isLittle, to: &buffer)
    case .fixedString:
      let text = StringObject.buffer(try string(arguments, index))
      guard text.count <= size else { throw bad(arguments, index, "string longer than given size") }
      guard size <= budget.stringLength else { throw .fault(.stringLength) }
      buffer.append(contentsOf: text)
      for _ in text.count..<size { buffer.append(0) }
    case .prefixedString:
      let text = StringObject.buffer(try string(arguments, index))
      guard size >= 8 || UInt64(text.count) >> UInt64(size * 8) == 0 else {
        throw bad(arguments, index, "string length does not fit in given size")
      }
      append(UInt64(text.count), fill: 0, size, isLittle: isLittle, to: &buffer)
      buffer.append(contentsOf: text)
    case .zeroString:
      let text = StringObject.buffer(try string(arguments, index))
      guard !text.contains(0) else { throw bad(arguments, index, "string contains zeros") }
      buffer.append(contentsOf: text)
      buffer.append(0)
    }
    index += 1
  }

  func stringPackSize(_ arguments: Arguments) throws(Trap) -> Int {
    var format = PackFormat(format: StringObject.buffer(try string(arguments, 0)))
    var total = 0
    while !format.isAtEnd {
      let (item, size, padding) = try next(&format, at: total)
      if item == .prefixedString || item == .zeroString { throw bad(arguments, 0, "variable-length format") }
      total += padding + (item == .alignment ? 0 : size)
      guard total < 1 << 30 else { throw bad(arguments, 0, "format result too large") }
    }
    return give(.integer(Int64(total)))
  }

  func stringUnpack(_ arguments: Arguments) throws(Trap) -> Int {
    var format = PackFormat(format: StringObject.buffer(try string(arguments, 0)))
    let data = StringObject.buffer(try string(arguments, 1))
    var start = try integer(arguments, 2, default: 1)
    if start < 0 { start = start < -Int64(data.count) ? 0 : Int64(data.count) + start + 1 }
    guard start >= 1, start <= Int64(data.count) + 1 else { throw bad(arguments, 2, "initial position out of string") }
    var offset = Int(start) - 1
    var count = 0
    while !format.isAtEnd {
      let (item, size, padding) = try next(&format, at: offset)
      let needed = item == .alignment || item == .nothing || item == .zeroString ? 0 : size
      guard padding + needed <= data.count - offset else { throw bad(arguments, 1, "data string too short") }
      offset += padding
      try ensureStack(top + 2 + ThreadObject.reserve)
      switch item {
      case .nothing, .alignment: continue
      case .padding:
        offset += 1
        continue
      case .signed, .unsigned:
        push(.integer(try readInteger(data, offset, size, isLittle: format.isLittle, isSigned: item == .signed)))
      case .float:
        let bits = UInt32(
          truncatingIfNeeded: try readInteger(data, offset, 4, isLittle: format.isLittle, isSigned: false))
        push(.float(Double(Float(bitPattern: bits))))
      case .double:
        let bits = UInt64(bitPattern: try readInteger(data, offset, 8, isLittle: format.isLittle, isSigned: false))
        push(.float(Double(bitPattern: bits)))
      case .fixedString: push(Value(try makeString(data.baseAddress.map { $0 + offset }, size)))
      case .prefixedString:
        let length = try readInteger(data, offset, size, isLittle: format.isLittle, isSigned: false)
        guard length >= 0, length <= Int64(data.count - offset - size) else {
          throw bad(arguments, 1, "data string too short")
        }
        push(Value(try makeString(data.baseAddress.map { $0 + offset + size }, Int(length))))
        offset += Int(length)
      case .zeroString:
        var end = offset
        while end < data.count, data[end] != 0 { end += 1 }
        guard end < data.count else { throw bad(arguments, 1, "unfinished string for format 'z'") }
        push(Value(try makeString(data.baseAddress.map { $0 + offset }, end - offset)))
        offset = end + 1
      }
      offset += needed
      count += 1
    }
    push(.integer(Int64(offset) + 1))
    return count + 1
  }

  private func readInteger(
    _ data: UnsafeBufferPointer<UInt8>, _ offset: Int, _ size: Int, isLittle: Bool, isSigned: Bool
  ) throws(Trap) -> Int64 {
    var value: UInt64 = 0
    for index in 0..<min(size, 8) {
      let position = isLittle ? index : size - 1 - index
      value |= UInt64(data[offset + position]) << UInt64(8 * index)
    }
    if size < 8, isSigned {
      let shift = UInt64(64 - size * 8)
      return Int64(bitPattern: value << shift) >> Int64(shift)
    }
    for index in 8..<max(8, size) {
      let byte = data[offset + (isLittle ? index : size - 1 - index)]
      let fill: UInt8 = isSigned && Int64(bitPattern: value) < 0 ? 255 : 0
      guard byte == fill else {
        var text = Text()
        text.add(size)
        text.add("-byte integer does not fit into Lua Integer")
        throw raise(text)
      }
    }
    return Int64(bitPattern: value)
  }
}
