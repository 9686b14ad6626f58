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
    guard source.count < 1 << 24 else {
      throw SyntaxError(line: 1, column: 1, message: Text("text is longer than 16 MiB").bytes)
    }
    var parser = Parser(source)
    return try parser.program(name: name, isExpression: form == .expression)
  }
}
