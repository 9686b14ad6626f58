/// Which names stand for which bits on a host: the core set, and what its vendor has added.
public struct CapabilityRegistry: Sendable, Equatable {
  /// Bit 48 is the first vendor's.
  public static let vendorBitFirst = 48
  public static let nameLengthMax = 63

  /// Names of the vendor's capabilities, in the order of their bits.
  public private(set) var vendorNames: [String] = []

  public init() {}

  /// Every bit that has a name.
  public var registered: CapabilitySet {
    CapabilitySet.core.union(CapabilitySet(mask: ((1 << UInt64(vendorNames.count)) - 1) << 48))
  }

  /// Adds a vendor's capability and gives its bit.
  @discardableResult
  public mutating func register(_ name: String) throws(AppFormatError) -> UInt8 {
    let bytes = Array(name.utf8)
    let dot = bytes.firstIndex(of: UInt8(ascii: "."))
    guard (1...Self.nameLengthMax).contains(bytes.count), let dot, dot > 0, dot < bytes.count - 1,
      bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "*") })
    else { throw .vendorCapability(name, .malformed) }
    let prefix = String(decoding: bytes[..<dot], as: UTF8.self)
    if Self.corePrefixes.contains(prefix) { throw .vendorCapability(name, .clashesWithCore) }
    if vendorNames.contains(name) { throw .vendorCapability(name, .exists) }
    guard vendorNames.count < 64 - Self.vendorBitFirst else { throw .vendorCapability(name, .noBitLeft) }
    vendorNames.append(name)
    return UInt8(Self.vendorBitFirst + vendorNames.count - 1)
  }

  /// What a name of a manifest stands for: a capability, an alias, `<prefix>.*` or `*`. Unknown names stand for nothing.
  public func capabilities(named name: String) -> CapabilitySet {
    if name == "*" { return registered }
    if let capability = Capability.allCases.first(where: { $0.name == name }) { return CapabilitySet(capability) }
    if let alias = Capability.aliases.first(where: { $0.name == name }) { return CapabilitySet(alias.capability) }
    if let index = vendorNames.firstIndex(of: name) {
      return CapabilitySet(mask: 1 << UInt64(Self.vendorBitFirst + index))
    }
    guard name.hasSuffix(".*") else { return [] }
    let prefix = name.dropLast(2)
    if let wildcard = Capability.wildcards.first(where: { $0.prefix == prefix }) { return wildcard.members }
    return vendorNames.enumerated().reduce(into: []) { set, vendor in
      if vendor.element.hasPrefix("\(prefix).") { set.mask |= 1 << UInt64(Self.vendorBitFirst + vendor.offset) }
    }
  }

  public func capabilities(named names: [String]) -> CapabilitySet {
    names.reduce(into: []) { $0.formUnion(capabilities(named: $1)) }
  }

  /// Names of everything in a set, lowest bit first.
  public func names(of set: CapabilitySet) -> [String] {
    set.capabilities.map(\.name)
      + vendorNames.enumerated().compactMap { index, name in
        set.mask & 1 << UInt64(Self.vendorBitFirst + index) != 0 ? name : nil
      }
  }

  /// What an app gets of what it asks for.
  ///
  /// - Parameters:
  ///   - isAttested: the manifest is inside of signed bytes.
  ///   - unsigned: the most that an app gets that nobody has signed.
  public func grant(
    _ requested: CapabilitySet, isAttested: Bool, unsigned: CapabilitySet = CapabilitySet(mask: .max)
  ) -> CapabilitySet {
    let known = requested.intersection(registered)
    return isAttested ? known : known.intersection(unsigned)
  }

  /// What stands before the first dot of a core name, alias or wildcard; vendors cannot use it.
  private static let corePrefixes: Set<String> = {
    let names = Capability.allCases.map(\.name) + Capability.aliases.map(\.name) + Capability.wildcards.map(\.prefix)
    return Set(names.map { name in name.firstIndex(of: ".").map { String(name[..<$0]) } ?? name })
  }()
}
