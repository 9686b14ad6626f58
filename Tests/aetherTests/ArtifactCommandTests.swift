import Automata
import AutomatonFiles
import Foundation
import Testing

@testable import aether

/// `aether automaton compile` and `decompile`: what they refuse. What they write is looked at by `AutomatonFileTests`.
@Suite struct ArtifactCommandTests {
  private func result(_ arguments: [String], input: String = "") throws -> ProgramRun.Result {
    try ProgramRun.result(arguments, input: input)
  }

  private func artifact(_ path: String) throws -> Artifact {
    try Artifact.decode(Array(try Data(contentsOf: URL(fileURLWithPath: path))))
  }

  @Test func theFormIsThatWhichWasAskedFor() throws {
    let scratch = try Scratch()
    let source = try scratch.write("counter.yaml", Fixture.counter)
    let path = scratch.path + "/x.aeth"
    for (arguments, kind) in [
      ([], Artifact.Kind.bytecode), (["--format", "bytecode"], .bytecode), (["--format", "yaml"], .yaml),
      (["--format", "model"], .model),
    ] {
      #expect(try result(["compile", source, "--output", path] + arguments).status == 0)
      #expect(try artifact(path).kind == kind)
      #expect(String(decoding: try artifact(path).label, as: UTF8.self) == "counter")
      let text = try result(["decompile", path])
      #expect(text.status == 0 && text.output.contains("condition: n >= 10"), "\(kind)")
    }
    // What is for readers only is left out.
    let noted = try scratch.write("noted.yaml", Fixture.counter.replacing("name: counter", with: "name: c, author: me"))
    #expect(try result(["compile", noted, "--format", "model", "--strip", "-o", path]).status == 0)
    #expect(try !result(["decompile", path]).output.contains("author"))
  }

  /// What firmware reads that has no compiler of its own.
  @Test func formsForDevices() throws {
    let scratch = try Scratch()
    let source = try scratch.write("counter.yaml", Fixture.counter)
    let wanted = try CompiledAutomaton(try AutomatonFile.load(Array(Fixture.counter.utf8), file: source).automaton)
    for (form, scripts) in [("device", DeviceForm.Scripts.code), ("device-names", .names)] {
      let path = "\(scratch.path)/\(form)"
      #expect(try result(["convert", source, "-o", form, "--output", path]).status == 0)
      #expect(Array(try Data(contentsOf: URL(fileURLWithPath: path))) == DeviceForm.encode(wanted, scripts: scripts))
    }
    let back = try result(["convert", "\(scratch.path)/device", "-o", "yaml"])
    #expect(back.status == 3 && back.errors.contains("form for devices"), "\(back.errors)")
  }

  @Test func oneOfAProjectIsNamed() throws {
    let scratch = try Scratch()
    let source = try scratch.write("counter.yaml", Fixture.counter)
    let project = scratch.path + "/p.json"
    for id in ["one", "two"] {
      #expect(try result(["convert", source, "-o", "project", "--output", project, "--id", id]).status == 0)
    }
    let open = try result(["compile", project, "-o", scratch.path + "/x.aeth"])
    #expect(open.status == 3 && open.errors.contains("name one of them; accepted: one, two"))
    #expect(try result(["compile", project, "--id", "two", "-o", scratch.path + "/x.aeth"]).status == 0)
    let wrong = try result(["compile", project, "--id", "tow", "-o", scratch.path + "/x.aeth"])
    #expect(wrong.status == 3 && wrong.errors.contains("did you mean \"two\"?"), "\(wrong.errors)")
  }

  @Test func whatIsWrongIsNamed() throws {
    let scratch = try Scratch()
    let source = try scratch.write("counter.yaml", Fixture.counter)
    let format = try result(["compile", source, "--format", "elf"])
    #expect(format.status == 2 && format.errors.contains("--format is \"elf\"; accepted: bytecode, yaml, model"))
    let path = try result(["compile", source, "-o", "/nonexistent/x.aeth"])
    #expect(path.status == 3 && path.errors.contains("/nonexistent/x.aeth: No such file or directory"))
    for command in ["compile", "decompile"] {
      let missing = try result([command, "/nonexistent.aeth"])
      #expect(missing.status == 3 && missing.errors.contains("/nonexistent.aeth: No such file or directory"))
    }
    // An artifact that was cut.
    #expect(try result(["compile", source, "-o", scratch.path + "/x.aeth"]).status == 0)
    let whole = try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/x.aeth"))
    let cut = scratch.path + "/cut.aeth"
    try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: cut))
    let damaged = try result(["decompile", cut])
    #expect(damaged.status == 3 && damaged.errors.contains("\(cut): error: the artifact is damaged"))
    #expect(damaged.output.isEmpty)
  }

  @Test func aReaderThatHasGoneEndsItQuietly() throws {
    for command in [["compile", "-"], ["graph", "-"], ["analyze", "-"], ["decompile", "-"]] {
      let pipe = Pipe()
      try pipe.fileHandleForReading.close()
      let run = try ProgramRun(command, input: Fixture.counter, output: pipe.fileHandleForWriting)
      let result = try run.end()
      #expect(result.status == 128 + SIGPIPE, "\(command)")
      #expect(result.errors.isEmpty, "\(result.errors)")
    }
  }
}
