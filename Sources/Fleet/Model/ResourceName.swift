/// The rule for names: 1 to 8 components joined by `/`, each 1 to 63 characters of `a-z`, `A-Z`, `0-9` and `-`, not
/// starting or ending with `-`. What a component is inside of comes before it: process `hello/web` is in cell `hello`.
public enum ResourceName {
  public static let componentLengthMax = 63
  public static let componentCountMax = 8
  public static let accepted =
    "1 to 8 components joined by /, each 1 to 63 of a-z, A-Z, 0-9 and -, not starting or ending with -"

  public static func isValid(_ name: String) -> Bool {
    let components = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard (1...componentCountMax).contains(components.count) else { return false }
    return components.allSatisfy { component in
      guard (1...componentLengthMax).contains(component.count), component.first != UInt8(ascii: "-"),
        component.last != UInt8(ascii: "-")
      else { return false }
      return component.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
    }
  }

  /// The name without its last component; `nil` for a name of one component.
  public static func parent(_ name: String) -> String? {
    name.lastIndex(of: "/").map { String(name[..<$0]) }
  }

  /// The last component.
  public static func leaf(_ name: String) -> String {
    name.lastIndex(of: "/").map { String(name[name.index(after: $0)...]) } ?? name
  }
}
