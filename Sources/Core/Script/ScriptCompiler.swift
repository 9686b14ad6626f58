/// Compiles scripts.
public enum ScriptCompiler {
  public enum Form: Sendable {
    /// Statements; the results of a `return` are the script's results.
    case block
    /// One expression, whose value is the script's result.
    case expression
  }

  /// - Parameter name: What errors of the script begin with.
  public static func compile(
    _ source: [UInt8], name: [UInt8], form: Form = .block
  ) throws(SyntaxError) -> Program {
    try checkLength(source)
    var parser = Parser(source)
    return try parser.program(name: name, isExpression: form == .expression)
  }

  /// Throws what `compile` would throw, and keeps nothing.
  public static func check(_ source: [UInt8], form: Form = .block) throws(SyntaxError) {
    try checkLength(source)
    var parser = Parser(source, keepsCode: false)
    try parser.read(isExpression: form == .expression)
  }

  private static func checkLength(_ source: [UInt8]) throws(SyntaxError) {
    guard source.count < 1 << 24 else {
      throw SyntaxError(line: 1, column: 1, message: Text("text is longer than 16 MiB").bytes)
    }
  }
}
