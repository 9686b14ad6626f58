import AppABI

/// What is made from the table of native functions and kept in the tree, so that readers and guests find it.
public enum BindingFiles {
  /// Paths from the root of the tree, and the whole text of each.
  public static let all: [(path: String, text: String)] = [
    ("SDK/apps/c/aether_app.h", CHeader.text),
    ("SDK/apps/swift/AetherApp.swift", SwiftBindings.text),
    ("SDK/apps/rust/src/functions.rs", RustBindings.text),
    ("docs/app-functions.md", FunctionReference.text),
  ]

  /// First line of every file for guests.
  static let notice = "Made from the table of native functions (Sources/Core/AppABI). Not to be changed by hand."
}

/// Constants in groups: those of a group begin with the same word.
enum ConstantGroups {
  /// Errors come first, then the others in the order of the table.
  static let all: [(title: String, constants: [NativeConstant])] = {
    var groups: [(title: String, constants: [NativeConstant])] = []
    for constant in NativeTable.constants {
      let title = isError(constant) ? "E" : constant.name.split(separator: "_").first.map(String.init) ?? ""
      if let last = groups.indices.last, groups[last].title == title {
        groups[last].constants.append(constant)
      } else {
        groups.append((title, [constant]))
      }
    }
    return groups
  }()

  static func isError(_ constant: NativeConstant) -> Bool {
    constant.name.utf8.first == UInt8(ascii: "E") && !constant.name.contains("_")
  }

  static var errors: [NativeConstant] { NativeTable.constants.filter(isError) }
  static var others: [NativeConstant] { NativeTable.constants.filter { !isError($0) } }
}

extension String {
  /// `net_event_pop` as `netEventPop`; numbers of one case stay as they are.
  var lowerCamel: String {
    let words = lowercased().split(separator: "_")
    return words.enumerated().map { index, word in
      index == 0 ? String(word) : word.prefix(1).uppercased() + word.dropFirst()
    }.joined()
  }
}
