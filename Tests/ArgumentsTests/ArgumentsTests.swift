import Testing

@testable import Arguments

@Suite struct ArgumentsTests {
  let program = Command(
    "tool", "A tool.", options: [.value("context", nil, "NAME", "Which daemon")],
    subcommands: [
      Command(
        "get", "Print.",
        options: [.value("output", "o", "FORM", "Form", default: "table", choices: ["table", "json"])],
        operands: [
          Operand("KIND", "what", completion: .dynamic("kinds")), Operand("NAME", "which", .any, completion: .files),
        ]
      ) { _ in 0 },
      Command(
        "exec", "Run.", options: [.flag("tty", "t", "Terminal"), .flag("stdin", "i", "Input")],
        operands: [Operand("CELL", "where")]
      ) { _ in 0 },
      Command("group", "Group.", subcommands: [Command("list", "List.") { _ in 0 }]),
    ])

  func parse(_ words: String...) throws -> ParsedArguments {
    guard case .run(_, let parsed) = try program.parse(words) else { throw UsageError("help") }
    return parsed
  }

  @Test func readsOptionsAnywhere() throws {
    let parsed = try parse("get", "-ojson", "cells", "--context=x", "a", "b")
    #expect(parsed.path == ["tool", "get"])
    #expect(parsed.value("output") == "json")
    #expect(parsed.value("context") == "x")
    #expect(parsed.operand("KIND") == "cells")
    #expect(parsed.allOperands("NAME") == ["a", "b"])
    #expect(try parse("get", "cells").value("output") == "table")
    #expect(try parse("group", "list").path == ["tool", "group", "list"])
  }

  @Test func joinsFlagsAndKeepsTheRest() throws {
    let parsed = try parse("exec", "-it", "hello", "--", "sh", "-c", "--help")
    #expect(parsed.flag("tty") && parsed.flag("stdin"))
    #expect(parsed.rest == ["sh", "-c", "--help"])
  }

  @Test(arguments: [
    (["gte", "cells"], "unknown command gte; did you mean get?"), (["get"], "KIND is missing: what"),
    (["get", "cells", "--outptu", "json"], "unknown option --outptu; did you mean --output?"),
    (["get", "cells", "-o", "xml"], "-o is \"xml\"; accepted: table, json"),
    (["get", "cells", "-o"], "-o needs a value: -o FORM"), (["exec", "a", "b"], "unexpected argument b"),
    (["exec", "--tty=1", "a"], "--tty takes no value"), (["group"], "a command is missing"),
    (["get", "a", "-o", "json", "-o", "json"], "-o is given twice"), (["get", "a", "-z"], "unknown option -z"),
  ])
  func saysWhatIsWrong(_ words: [String], _ message: String) {
    do {
      _ = try program.parse(words)
      Issue.record("accepted \(words)")
    } catch { #expect(error.message == message) }
  }

  @Test func helpNamesEverything() throws {
    guard case .help(let text) = try program.parse(["get", "--help"]) else { throw UsageError("no help") }
    for part in [
      "usage: tool get [OPTION ...] KIND [NAME ...]", "-o, --output FORM", "[default: table]", "--context NAME",
    ] {
      #expect(text.contains(part), "\(part) in \(text)")
    }
    guard case .help(let root) = try program.parse([]) else { throw UsageError("no help") }
    #expect(root.contains("get") && root.contains("exec"))
  }

  @Test func completes() async {
    func answer(_ source: String, _ operands: [String]) async -> [String] {
      source == "kinds" ? ["cells", "processes"] : []
    }
    #expect(await program.completions(for: ["g"], dynamic: answer) == ["get", "group"])
    #expect(await program.completions(for: ["get", ""], dynamic: answer) == ["cells", "processes"])
    #expect(await program.completions(for: ["get", "p"], dynamic: answer) == ["processes"])
    #expect(await program.completions(for: ["get", "cells", ""], dynamic: answer) == [":files"])
    #expect(await program.completions(for: ["get", "-o", "j"], dynamic: answer) == ["json"])
    #expect(await program.completions(for: ["get", "--o"], dynamic: answer) == ["--output"])
  }
}
