/// Regular files in an archive of POSIX.1-1988 ("ustar") and what GNU tar and Python write for short names.
package enum Tar {
  struct Member: Equatable {
    var name: String
    var contents: [UInt8]
  }

  package static let blockSize = 512

  /// What comes before a member's contents.
  package struct Header: Equatable {
    package var name: String
    package var size: Int
    package var kind: UInt8

    package var isFile: Bool { kind == 0 || kind == UInt8(ascii: "0") }
    /// A folder, or an extended header.
    var isLeftOut: Bool { [UInt8(ascii: "5"), UInt8(ascii: "x"), UInt8(ascii: "g")].contains(kind) }

    /// - Parameters:
    ///   - block: of ``Tar/blockSize`` bytes.
    ///   - offset: of the block, for errors.
    ///   - allowsFolders: names may have folders in them; none may lead out of where it is unpacked.
    /// - Returns: `nil` for an empty block, which ends an archive.
    package init?(_ block: ArraySlice<UInt8>, at offset: Int, allowsFolders: Bool = false) throws(AppFormatError) {
      if block.allSatisfy({ $0 == 0 }) { return nil }
      let header = block
      guard let sum = Tar.octal(header, 148, 8), sum == Tar.checksum(header) else {
        throw .archive("header with a wrong checksum", offset: offset)
      }
      guard let size = Tar.octal(header, 124, 12) else { throw .archive("size beyond the end", offset: offset) }
      kind = header[header.startIndex + 156]
      self.size = size
      name = ""
      guard isFile else { return }
      name = try Tar.name(header, offset, allowsFolders: allowsFolders)
    }
  }

  /// Bytes behind contents of this size, so that the next header begins at a block.
  package static func padding(after size: Int) -> Int { (blockSize - size % blockSize) % blockSize }

  /// Members in their order; folders and extended headers are left out, links and devices are refused.
  static func read(_ bytes: [UInt8]) throws(AppFormatError) -> [Member] {
    var members: [Member] = []
    var offset = 0
    while offset + blockSize <= bytes.count {
      guard let header = try Header(bytes[offset..<offset + blockSize], at: offset) else { return members }
      guard header.size <= bytes.count - offset - blockSize else {
        throw .archive("size beyond the end", offset: offset)
      }
      let contents = offset + blockSize..<offset + blockSize + header.size
      guard header.isFile || header.isLeftOut else { throw .archive("member of kind \(header.kind)", offset: offset) }
      if header.isFile {
        if members.contains(where: { $0.name == header.name }) {
          throw .archive("\(header.name) is there twice", offset: offset)
        }
        members.append(Member(name: header.name, contents: Array(bytes[contents])))
      }
      offset = contents.upperBound + padding(after: header.size)
    }
    throw .archive("no end", offset: min(offset, bytes.count))
  }

  static func write(_ members: [Member]) -> [UInt8] {
    var result: [UInt8] = []
    for member in members {
      result += header(member.name, size: member.contents.count) + member.contents
      result += [UInt8](repeating: 0, count: padding(after: member.contents.count))
    }
    return result + [UInt8](repeating: 0, count: 2 * blockSize)
  }

  /// - Parameter name: of at most 100 bytes.
  package static func header(_ name: String, size: Int) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: blockSize)
    func put(_ text: String, at offset: Int) {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    put(name, at: 0)
    put("0000644", at: 100)
    put("0000000", at: 108)
    put("0000000", at: 116)
    put(octal(size, 11), at: 124)
    put(octal(0, 11), at: 136)
    put("0", at: 156)
    put("ustar", at: 257)
    put("00", at: 263)
    put(octal(checksum(header[...]), 6), at: 148)
    header[155] = UInt8(ascii: " ")
    return header
  }

  /// A name as the reference's tools write it, without `./` before it.
  private static func name(
    _ header: ArraySlice<UInt8>, _ offset: Int, allowsFolders: Bool
  ) throws(AppFormatError) -> String {
    let start = header.startIndex
    var bytes = header[start..<start + 100].prefix { $0 != 0 }
    if bytes.starts(with: [0x2E, 0x2F]) { bytes = bytes.dropFirst(2) }
    let slash = UInt8(ascii: "/")
    let parts = bytes.split(separator: slash, omittingEmptySubsequences: false)
    guard header[start + 345] == 0 || !header[start + 257..<start + 262].elementsEqual("ustar".utf8),
      bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }),
      allowsFolders || parts.count == 1, parts.allSatisfy({ !$0.isEmpty && $0.first != 0x2E })
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
