import AppFormat

/// The one list of what guests can call. Names, types and meaning are those of the reference's 1.6 line; where its lines differ
/// there is a row for each.
public enum NativeTable {
  /// Of a text that a guest gives, without its zero byte.
  public static let textBytesMax: UInt32 = 4095

  /// Every row. No two have the same module, name and types.
  public static let functions: [NativeFunction] =
    basics + screen + pins + storage + exchange + apps + services + radios + cLibrary + older

  /// Numbers that guests know by name.
  public static let constants: [NativeConstant] = errors + flags

  /// Rows with this name; several when lines of the reference differ in the types.
  public static func functions(module: String, name: String) -> [NativeFunction] {
    functions.filter { $0.module == module && $0.name == name }
  }
}
