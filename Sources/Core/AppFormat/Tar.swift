/// Regular files in an archive of POSIX.1-1988 ("ustar") and what GNU tar and Python write for short names.
enum Tar {
  struct Member: Equatable {
    var name: String
    var contents: [UInt8]
  }

  /// Members in their order; folders and extended headers are left out, links and devices are refused.
  static func read(_ bytes: [UInt8]) throws(AppFormatError) -> [Member] {
    var members: [Member] = []
    var offset = 0
    while offset + 512 <= bytes.count {
      let header = bytes[offset..<offset + 512]
      if header.allSatisfy({ $0 == 0 }) { return members }
      guard let sum = octal(header, 148, 8), sum == checksum(header) else {
        throw .archive("header with a wrong checksum", offset: offset)
      }
      guard let size = octal(header, 124, 12), size <= bytes.count - offset - 512 else {
        throw .archive("size beyond the end", offset: offset)
      }
      let contents = offset + 512..<offset + 512 + size
      let kind = header[offset + 156]
      switch kind {
      case 0, UInt8(ascii: "0"):
        let name = try name(header, offset)
        if members.contains(where: { $0.name == name }) { throw .archive("\(name) is there twice", offset: offset) }
        members.append(Member(name: name, contents: Array(bytes[contents])))
      case UInt8(ascii: "5"), UInt8(ascii: "x"), UInt8(ascii: "g"): break
      default: throw .archive("member of kind \(kind)", offset: offset)
      }
      offset = contents.lowerBound + (size + 511) / 512 * 512
    }
    throw .archive("no end", offset: min(offset, bytes.count))
  }

  static func write(_ members: [Member]) -> [UInt8] {
    var result: [UInt8] = []
    for member in members {
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ text: String, at offset: Int) {
        header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
      }
      put(member.name, at: 0)
      put("0000644", at: 100)
      put("0000000", at: 108)
      put("0000000", at: 116)
      put(octal(member.contents.count, 11), at: 124)
      put(octal(0, 11), at: 136)
      put("0", at: 156)
      put("ustar", at: 257)
      put("00", at: 263)
      put(octal(checksum(header[...]), 6), at: 148)
      header[155] = UInt8(ascii: " ")
      result += header + member.contents
      result += [UInt8](repeating: 0, count: (512 - member.contents.count % 512) % 512)
    }
    return result + [UInt8](repeating: 0, count: 1024)
  }

  /// A name as the reference's tools write it, without `./` before it.
  private static func name(_ header: ArraySlice<UInt8>, _ offset: Int) throws(AppFormatError) -> String {
    var bytes = header[offset..<offset + 100].prefix { $0 != 0 }
    if bytes.starts(with: [0x2E, 0x2F]) { bytes = bytes.dropFirst(2) }
    guard !bytes.isEmpty, header[offset + 345] == 0 || !header[offset + 257..<offset + 262].elementsEqual("ustar".utf8),
      bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }),
      !bytes.starts(with: [0x2E])
    else { throw .archive("name that is not allowed", offset: offset) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Of the header, with its own field as blanks.
  private static func checksum(_ header: ArraySlice<UInt8>) -> Int {
    header.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 0x20 : Int($1.element)) }
  }

  private static func octal(_ header: ArraySlice<UInt8>, _ at: Int, _ length: Int) -> Int? {
    let start = header.startIndex + at
    let digits = header[start..<start + length].drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
  }

  private static func octal(_ number: Int, _ length: Int) -> String {
    let digits = String(number, radix: 8)
    return String(repeating: "0", count: max(0, length - digits.utf8.count)) + digits
  }
}
