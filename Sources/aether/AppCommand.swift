import Arguments

/// Commands about apps, which are WebAssembly modules with capabilities: what their authors do with files.
enum AppCommand {
  static let all = [
    Command("app", "Make, build, inspect, sign and pack apps", subcommands: AppFileCommands.all)
  ]
}
