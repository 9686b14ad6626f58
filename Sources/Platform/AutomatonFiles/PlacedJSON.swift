import JSON
import YAML

/// Reads JSON text into nodes that know their places.
enum PlacedJSON {
  /// Arrays and objects inside each other.
  static let depthMax = 64

  /// - Returns: `nil` when the text is not JSON, which is reported with line and column.
  static func parse(_ bytes: [UInt8], _ problems: Problems) -> (node: FileNode, value: JSON)? {
    do {
      let value = try JSON.parse(bytes, limits: JSONLimits(depthMax: depthMax, sizeMax: AutomatonFile.limits.sizeMax))
      var walker = Walker(bytes: bytes)
      return (walker.node(value), value)
    } catch {
      var walker = Walker(bytes: bytes)
      walker.advance(to: min(error.offset, bytes.count))
      let text = error.description.split(separator: " at byte ").first.map(String.init) ?? error.description
      switch error.reason {
      case .tooDeep, .tooLarge: problems.error(.limit, walker.position, text)
      default: problems.error(.syntax, walker.position, text)
      }
      return nil
    }
  }

  /// Goes through a text that is known to be JSON together with its value.
  private struct Walker {
    let bytes: [UInt8]
    var index = 0
    var line = 1
    var column = 1

    init(bytes: [UInt8]) { self.bytes = bytes }

    var position: YAMLPosition { YAMLPosition(line: line, column: column) }

    mutating func advance(to end: Int) {
      while index < end { step() }
    }

    private mutating func step() {
      if bytes[index] == 0x0A {
        line += 1
        column = 1
      } else if bytes[index] & 0xC0 != 0x80 {
        column += 1
      }
      index += 1
    }

    private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
      while index < bytes.count, isSkipped(bytes[index]) { step() }
    }

    private mutating func skipSpace() { skip { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D } }

    /// Blanks, and the comma, colon or bracket before what comes next.
    private mutating func skipSigns() {
      skip { [0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: ":")].contains($0) }
    }

    private mutating func skipString() {
      step()
      while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
        if bytes[index] == UInt8(ascii: "\\") { step() }
        if index < bytes.count { step() }
      }
      if index < bytes.count { step() }
    }

    mutating func node(_ value: JSON) -> FileNode {
      skipSigns()
      let start = position
      switch value {
      case .array(let items):
        step()
        var nodes: [FileNode] = []
        for item in items { nodes.append(node(item)) }
        skipSpace()
        step()
        return FileNode(.sequence(nodes), start)
      case .object(let object):
        step()
        var members: [FileNode.Member] = []
        for member in object.members {
          skipSigns()
          let name = position
          skipString()
          members.append(FileNode.Member(name: member.name, position: name, value: node(member.value)))
        }
        skipSpace()
        step()
        return FileNode(.mapping(members), start)
      case .string:
        skipString()
      default:
        skip { ![0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}")].contains($0) }
      }
      return FileNode(.scalar(value), start)
    }
  }
}
