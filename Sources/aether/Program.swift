import Arguments

/// The command line as data.
enum Program {
  static let root: Command = Command(
    "aether", "Runs work on machines you own, isolated.",
    discussion: """
      exit statuses: 0 done, 1 failed, 2 wrong usage, 3 refused input, 4 not found, 5 conflict, 6 not allowed,
      7 not reachable or timed out; `exec` ends with the status of the command.
      """,
    options: [
      .value("context", nil, "NAME", "Daemon and user, from ~/.aether/config.yaml", completion: .dynamic("contexts")),
      .value("server", nil, "URL", "Daemon, such as https://127.0.0.1:7443 (or AETHER_SERVER; token in AETHER_TOKEN)"),
      .value("ca", nil, "FILE", "Authority that signed the daemon's certificate", completion: .files),
    ],
    subcommands: ResourceCommands.all + LiveCommands.all + WatchCommand.all + ExecCommand.all + ContextCommands.all
      + AutomatonCommands.all + AppCommand.all + HostCommands.all + CompletionCommands.all)
}
