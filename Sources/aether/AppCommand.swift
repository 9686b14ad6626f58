import Arguments

/// Commands about apps, which are WebAssembly modules with capabilities: what their authors do with files, and what runs on a node.
enum AppCommand {
  static let all = [
    Command(
      "app", "Make, build, inspect, sign and pack apps; install, run and watch them on a node",
      subcommands: AppFileCommands.all + AppOnlineCommands.all)
  ]
}
