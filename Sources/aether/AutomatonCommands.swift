import Arguments

/// Commands about automata in files; none needs a daemon.
enum AutomatonCommands {
  static let all = [
    Command(
      "automaton", "Check, draw and analyse automata in files",
      subcommands: AutomatonFileCommands.all + AutomatonPictureCommands.all)
  ]
}
