import Arguments
import Glibc
import JSON
import Model
import Node
import Store
import Version

/// Prints a line for people on standard error.
func report(_ text: String) {
  let line = Array("aetherd: \(text)\n".utf8)
  _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

func printOut(_ text: String) {
  let line = Array("\(text)\n".utf8)
  _ = line.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}

/// The program, command by command.
enum Program {
  static let root = Command(
    "aetherd", "The daemon that runs work on this machine.",
    discussion: "exit statuses: 0 done, 1 failed, 2 wrong usage, 3 refused configuration",
    options: Configuration.options,
    subcommands: [
      Command(
        "run", "Run the daemon",
        discussion: """
          SIGTERM and SIGINT end it. With --on-exit keep (the default) the work goes on, and the next aetherd takes it
          over; with --on-exit stop everything is stopped and removed from the machine, and starts again next time.
          SIGHUP reads the certificate files again.
          """, options: Configuration.runOptions
      ) { arguments in
        let configuration = try Configuration(arguments)
        // Another version takes this process over here.
        let running = configuration.enterRelease(CommandLine.arguments)
        try await Daemon.run(configuration, running)
        return 0
      },
      Command(
        "backup", "Copy the store to a new folder",
        discussion: "A daemon that runs is asked to do it and goes on meanwhile; otherwise the store is opened here.",
        operands: [Operand("DIR", "where to", completion: .directories)]
      ) { arguments in
        let configuration = try Configuration(arguments)
        let directory = try Configuration.absolute(arguments.operand("DIR") ?? "")
        if let summary = try await ControlSocket.backup(to: directory, configuration.paths) {
          printOut(summary)
          return 0
        }
        let store = try ResourceStore(path: configuration.paths.store)
        defer { store.close() }
        printOut(try await store.backup(to: directory).summary)
        return 0
      },
      Command(
        "restore", "Make the store from a backup",
        discussion:
          "The store must not exist; move the old one away first. Every file is checked against the backup's list.",
        operands: [Operand("DIR", "the backup", completion: .directories)]
      ) { arguments in
        let configuration = try Configuration(arguments)
        let result = try ResourceStore.restore(from: arguments.operand("DIR") ?? "", to: configuration.paths.store)
        printOut("\(result.resources) resources restored to \(configuration.paths.store)")
        return 0
      },
      Command("version", "Print the version") { _ in
        printOut("aetherd \(Version.current)")
        return 0
      },
      Command("features", "Print what this machine and user can do, and what is missing for the rest") { _ in
        for feature in NodeFeatures.probe().features { printOut(feature.line) }
        return 0
      },
      Command(
        "completion", "Print a script that makes a shell complete this command",
        operands: [Operand("SHELL", "bash, zsh or fish", completion: .words(Shell.allCases.map(\.rawValue)))]
      ) { arguments in
        guard let shell = Shell(rawValue: arguments.operand("SHELL") ?? "") else {
          throw UsageError("SHELL is unknown; accepted: bash, zsh, fish", path: arguments.path)
        }
        printOut(completionScript(shell))
        return 0
      },
    ])

  static func completionScript(_ shell: Shell) -> String { root.completionScript(for: shell) }

  static func run(_ words: [String]) async -> Int32 {
    do {
      switch try root.parse(words) {
      case .help(let text):
        printOut(text)
        return 0
      case .run(let command, let arguments): return try await command.run?(arguments) ?? 2
      }
    } catch let error as UsageError {
      report(error.description)
      return 2
    } catch let error as APIError {
      report(error.message)
      return error.code == .invalid ? 3 : 1
    } catch let error as StoreError {
      report(error.apiError.message)
      return 1
    } catch {
      report("\(error)")
      return 1
    }
  }
}

let words = Array(CommandLine.arguments.dropFirst())
if words.first == "__complete" {
  for word in await Program.root.completions(for: Array(words.dropFirst()), dynamic: { _, _ in [] }) { printOut(word) }
  exit(0)
}
exit(await Program.run(words))
