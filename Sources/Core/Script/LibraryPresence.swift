// What becomes of functions of the library that an image leaves out; see `LibrarySelection`.

extension Library {
  /// Whether a function is there. Known when an image is made, so that what is not there takes no room.
  @inline(__always) static func has(_ builtin: Builtin) -> Bool {
    let number = UInt64(builtin.rawValue)
    let word = number < 64 ? LibrarySelection.bits.low : LibrarySelection.bits.high
    return word &>> (number & 63) & 1 != 0
  }
}

extension Program {
  /// A function of the library that this program may call and this image leaves out; `nil` when there is none.
  ///
  /// Whatever name is among the strings of the program counts, whether it is used for the library or for something else.
  public var functionLeftOut: [UInt8]? {
    if LibrarySelection.bits == (.max, .max) { return nil }
    for part in [Library.globals] + Library.tables.map({ Library.entries($0.part) }) {
      for entry in part where !Library.has(entry.builtin) {
        for string in strings where Library.isSame(string, entry.name) { return string }
      }
    }
    return nil
  }
}

extension Machine {
  /// A program has come by a function without naming it, for example by a key that it has put together.
  func leftOut(_ builtin: Builtin) -> Trap {
    var text = Text()
    text.add(Library.name(builtin, isQualified: true))
    text.add(" is not in this image")
    return raise(text)
  }
}
