import JSON

/// Where an app may connect to.
public struct NetworkPolicy: Sendable, Equatable {
  public var deniesAll = false
  /// Up to 4 patterns; `*` stands for any characters. None: every host.
  public var hosts: [String] = []
  /// Up to 8; 0 stands for any. None: every port.
  public var ports: [UInt16] = []

  public init() {}

  init(_ fields: ManifestFields) throws(AppFormatError) {
    deniesAll = try fields.bool("deny_all") ?? false
    hosts = try fields.texts("allowed_hosts", bytesMax: 63, countMax: 4) ?? []
    guard let value = fields["allowed_ports"] else { return }
    guard let values = value.arrayValue, values.count <= 8 else {
      throw .manifestField(fields.path("allowed_ports"), wanted: "an array of up to 8 ports")
    }
    for (index, value) in values.enumerated() {
      guard let number = value.integerValue, let port = UInt16(exactly: number) else {
        throw .manifestField("\(fields.path("allowed_ports"))[\(index)]", wanted: "a whole number from 0 to 65535")
      }
      ports.append(port)
    }
  }

  /// Whether a connection to this host, as the app wrote it, and port is allowed. Case does not count in hosts.
  public func allows(host: String, port: UInt16) -> Bool {
    if deniesAll { return false }
    guard ports.isEmpty || ports.contains(port) || ports.contains(0) else { return false }
    let name = host.utf8.map(Self.lowercase)
    return hosts.isEmpty || hosts.contains { Self.matches(name, $0.utf8.map(Self.lowercase)) }
  }

  private static func lowercase(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte + 32 : byte }

  /// In time of the product of both lengths, whatever the pattern.
  private static func matches(_ name: [UInt8], _ pattern: [UInt8]) -> Bool {
    var nameIndex = 0
    var patternIndex = 0
    // The last star, and where in the name what it stands for ends for now.
    var star: (pattern: Int, name: Int)?
    while nameIndex < name.count {
      if patternIndex < pattern.count, pattern[patternIndex] == UInt8(ascii: "*") {
        star = (patternIndex, nameIndex)
        patternIndex += 1
      } else if patternIndex < pattern.count, pattern[patternIndex] == name[nameIndex] {
        patternIndex += 1
        nameIndex += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        patternIndex = last.pattern + 1
        nameIndex = last.name + 1
      } else {
        return false
      }
    }
    return pattern[patternIndex...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
