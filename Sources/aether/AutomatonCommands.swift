import Arguments

/// Commands about automata: in files, which need no daemon, and on a node.
enum AutomatonCommands {
  static let all = [
    Command(
      "automaton", "Check, run, draw and analyse automata in files; watch and control those on a node",
      subcommands: AutomatonFileCommands.all + AutomatonRunCommands.all + AutomatonPictureCommands.all
        + AutomatonLiveCommands.all)
  ]
}
