import Automata
import AutomatonFiles
import Foundation

@testable import AutomatonRuns

/// The examples of a page: files in ```yaml blocks that begin with `# file: NAME`, and runs of them in ```trace blocks.
///
/// A run begins with comments that say what is done, and goes on with what the page promises:
///
///     # NAME.yaml[, compat]: 12 ticks of 100 ms[, seed 7][, epoch 1000]
///     # faults: NAME.yaml
///     # after tick 3: temp = 31.5        a variable; also ring!, pause, resume, stop, start, reset, force STATE,
///                                        save, restore (of what was saved last); in a network room.temp = 31.5
///     # shown: transition, output        kinds of lines; also state, and values of variables by name
struct DocumentationPage {
  struct Problem: Error, CustomStringConvertible { var description: String }

  struct Run {
    /// Of its first line in the page, from 0.
    var start: Int
    var commands: [String]
    var expected: [String]
  }

  private(set) var lines: [String]
  private(set) var files: [String: [UInt8]] = [:]
  private(set) var runs: [Run] = []

  init(_ text: String) throws {
    lines = text.components(separatedBy: "\n")
    var index = 0
    while index < lines.count {
      let language = lines[index].hasPrefix("```") ? lines[index].dropFirst(3) : ""
      guard !language.isEmpty else {
        index += 1
        continue
      }
      let start = index + 1
      guard let end = lines[start...].firstIndex(of: "```") else { throw Problem(description: "a block has no end") }
      let block = Array(lines[start..<end])
      if language == "yaml", let name = block.first?.wholeAfter("# file: ") {
        guard files[name] == nil else { throw Problem(description: "\(name) is there twice") }
        files[name] = Array(block.joined(separator: "\n").utf8)
      } else if language == "trace" {
        let commands = block.prefix { $0.hasPrefix("# ") }
        runs.append(Run(start: start, commands: Array(commands), expected: Array(block.dropFirst(commands.count))))
      }
      index = end + 1
    }
  }

  /// The page with what runs really give, by position in `runs`.
  func text(with results: [Int: [String]]) -> String {
    var lines = lines
    for (index, run) in runs.enumerated().reversed() {
      guard let result = results[index] else { continue }
      let start = run.start + run.commands.count
      lines.replaceSubrange(start..<start + run.expected.count, with: result)
    }
    return lines.joined(separator: "\n")
  }

  func bytes(_ name: String) throws -> [UInt8] {
    guard let bytes = files[name] else { throw Problem(description: "the page has no file \(name)") }
    return bytes
  }
}

extension String {
  /// The rest of a line that begins with `prefix`.
  func wholeAfter(_ prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)).trimmingCharacters(in: .whitespaces) : nil
  }
}
