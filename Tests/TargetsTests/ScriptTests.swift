import Foundation
import Testing

/// Scripts do the same everywhere: output, instructions used, heap, and the state they leave.
@Suite struct ScriptTests {
  static let folders = ["Tests/TargetsTests/Programs", "Tests/ScriptTests/Scenarios"]

  static let programs: [(name: String, source: [UInt8])] = folders.flatMap { folder in
    let path = Images.root.appendingPathComponent(folder).path
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasSuffix(".lua") }
    return names.sorted().map { name in
      (name: name, source: Array(FileManager.default.contents(atPath: path + "/" + name) ?? Data()))
    }
  }

  static let requests = programs.map { [UInt8(1)] + $0.source }
  static let expected = try? TargetPlace.linux.answers(requests)

  @Test(arguments: [TargetPlace.cortexM4, .node, .chromium]) func scriptsDoTheSame(_ target: TargetPlace) throws {
    #expect(ScriptTests.programs.count >= 13)
    let expected = try #require(ScriptTests.expected)
    let answers = try target.answers(ScriptTests.requests)
    #expect(answers.count == expected.count)
    for (program, (ours, theirs)) in zip(ScriptTests.programs, zip(expected, answers)) {
      expectSame(ours, theirs, "\(program.name) on \(target)")
    }
  }

  /// The programs of this folder are meant to run to their end.
  @Test func programsEnd() throws {
    for (program, answer) in zip(ScriptTests.programs, try #require(ScriptTests.expected)) {
      guard program.name != "errors.lua" else { continue }
      let lines = String(decoding: answer, as: UTF8.self).split(separator: "\n")
      #expect(!lines.contains { $0.hasPrefix("! ") }, "\(program.name): \(lines.first { $0.hasPrefix("! ") } ?? "")")
    }
  }
}
