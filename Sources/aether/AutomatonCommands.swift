import Arguments

/// Commands about automata in files; none needs a daemon.
enum AutomatonCommands {
  static let all = [
    Command(
      "automaton", "Check, run, draw and analyse automata in files",
      subcommands: AutomatonFileCommands.all + AutomatonRunCommands.all + AutomatonPictureCommands.all)
  ]
}
