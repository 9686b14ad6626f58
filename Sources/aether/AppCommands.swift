import Arguments

/// Commands about apps.
enum AppCommands {
  static let all = [
    Command(
      "app", "Install, run and watch WebAssembly apps on a node", subcommands: AppOnlineCommands.all)
  ]
}
