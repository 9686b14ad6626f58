/// Swift source under construction.
struct SourceText {
  private(set) var text = ""
  private var level = 0

  mutating func line(_ line: String = "") {
    if !line.isEmpty { text += String(repeating: "  ", count: level) + line }
    text += "\n"
  }

  /// `head {`, what `body` writes one level further in, `}`.
  mutating func block(
    _ head: String, _ body: (inout SourceText) throws(GeneratorError) -> Void
  ) throws(GeneratorError) {
    line(head + " {")
    level += 1
    try body(&self)
    level -= 1
    line("}")
  }

  mutating func indented(_ body: (inout SourceText) throws(GeneratorError) -> Void) throws(GeneratorError) {
    level += 1
    try body(&self)
    level -= 1
  }

  /// A documentation comment of however many lines.
  mutating func comment(_ comment: String) {
    var lines = comment.split(separator: "\n", omittingEmptySubsequences: false)
    while lines.last?.allSatisfy(\.isWhitespace) == true { lines.removeLast() }
    for line in lines {
      self.line(line.allSatisfy(\.isWhitespace) ? "///" : "///" + (line.first == " " ? "" : " ") + line)
    }
  }
}
