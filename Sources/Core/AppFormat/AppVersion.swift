/// MAJOR.MINOR of the interface between apps and hosts.
public struct ABIVersion: Sendable, Equatable, CustomStringConvertible {
  public var major: UInt16
  public var minor: UInt16

  public init(_ major: UInt16, _ minor: UInt16) {
    self.major = major
    self.minor = minor
  }

  /// `nil` for anything but two numbers with a dot between.
  public init?(_ text: String) {
    guard let numbers = parseNumbers(text, count: 2) else { return nil }
    self.init(numbers[0], numbers[1])
  }

  public var description: String { "\(major).\(minor)" }

  /// What hosts of this project offer.
  public static let host = ABIVersion(1, 0)
}

/// MAJOR.MINOR.PATCH of a host's software.
public struct HostVersion: Sendable, Equatable, Comparable, CustomStringConvertible {
  public var major: UInt16
  public var minor: UInt16
  public var patch: UInt16

  public init(_ major: UInt16, _ minor: UInt16, _ patch: UInt16) {
    self.major = major
    self.minor = minor
    self.patch = patch
  }

  /// `nil` for anything but three numbers with dots between.
  public init?(_ text: String) {
    guard let numbers = parseNumbers(text, count: 3) else { return nil }
    self.init(numbers[0], numbers[1], numbers[2])
  }

  public static func < (left: HostVersion, right: HostVersion) -> Bool {
    (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
  }

  public var description: String { "\(major).\(minor).\(patch)" }
}

private func parseNumbers(_ text: String, count: Int) -> [UInt16]? {
  let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
  guard parts.count == count else { return nil }
  var numbers: [UInt16] = []
  for part in parts {
    guard (1...5).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = UInt16(String(decoding: part, as: UTF8.self))
    else { return nil }
    numbers.append(number)
  }
  return numbers
}

extension AppManifest {
  /// What does not keep an app from running, but its author should know.
  public enum ABIWarning: Sendable, Equatable {
    /// It traps only if it calls a function that this host does not have.
    case newerMinor(wanted: ABIVersion, offered: ABIVersion)
    /// No `abi`: taken as 1.x.
    case absent
  }

  /// Whether the app can run on a host. Asked when it is installed and when it is loaded.
  ///
  /// - Parameter version: of the host's software; with major 0 it is unknown and not compared.
  public func checkABI(
    host: ABIVersion = .host, version: HostVersion
  ) throws(AppFormatError) -> ABIWarning? {
    if let least = hostVersionMin, version.major != 0, version < least {
      throw .incompatible(wanted: "host version \(least)", offered: version.description)
    }
    guard let abi else { return .absent }
    guard abi.major == host.major else { throw .incompatible(wanted: "ABI \(abi)", offered: "ABI \(host)") }
    return abi.minor > host.minor ? .newerMinor(wanted: abi, offered: host) : nil
  }
}
