/// Stands for the compiler in images without the script machine: a script is the name of something that native code does.
public enum ScriptCompiler {
  public enum Form: Sendable {
    case block
    case expression
  }

  /// A program without instructions, named by the script's own text.
  public static func compile(
    _ source: [UInt8], name: [UInt8], form: Form = .block
  ) throws(SyntaxError) -> Program {
    Program(name: source, functions: [], strings: [], names: ProgramNames())
  }
}
