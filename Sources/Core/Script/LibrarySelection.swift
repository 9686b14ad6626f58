/// Which functions of the library there are: all. An image of firmware that is made for certain programs has another file
/// in place of this one, written by `scripts/select-library`; what the programs do not name is not linked then.
enum LibrarySelection {
  /// A bit for each `Builtin`, by its number; the first 64 and the rest.
  @inline(__always) static var bits: (low: UInt64, high: UInt64) { (.max, .max) }
}
