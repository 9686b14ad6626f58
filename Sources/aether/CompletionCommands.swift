import Arguments
import JSON
import Model

/// Shell completion.
enum CompletionCommands {
  static let all: [Command] = [completion]

  static let completion: Command = Command(
    "completion", "Print a script that makes a shell complete this command",
    discussion: "example:  source <(aether completion bash)",
    operands: [Operand("SHELL", "bash, zsh or fish", completion: .words(Shell.allCases.map(\.rawValue)))]
  ) { arguments in
    guard let shell = Shell(rawValue: arguments.operand("SHELL") ?? "") else {
      throw UsageError(
        "SHELL is \"\(arguments.operand("SHELL") ?? "")\"; accepted: bash, zsh, fish", path: arguments.path)
    }
    try Output.write(Program.root.completionScript(for: shell))
    return 0
  }

  /// Prints what could stand where the last word stands. Names come from the daemon; without one there are none.
  static func answer(_ words: [String]) async -> Int32 {
    let candidates = await Program.root.completions(for: words) { source, operands in
      (try? await Self.words(source, operands)) ?? []
    }
    do { try Output.write(candidates.map { $0 + "\n" }.joined()) } catch { return 1 }
    return 0
  }

  private static func words(_ source: String, _ operands: [String]) async throws -> [String] {
    if source == "contexts" { return try ContextFile.load().contexts.map(\.name) }
    let client = try APIClient(try ContextFile.load().require(nil))
    let kindName: String
    switch source {
    case "kinds": return try await client.kinds().flatMap { [$0.singular, $0.plural] }
    case "processes": kindName = "processes"
    case "cells": kindName = "cells"
    default: kindName = operands.first ?? ""
    }
    let kind = try await client.kind(kindName)
    return try await client.list(kind, selector: nil).items.compactMap { $0["metadata"]?["name"]?.stringValue }
  }
}
