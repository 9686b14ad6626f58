/// Shells for which a completion script can be written.
public enum Shell: String, Sendable, CaseIterable { case bash, zsh, fish }

extension Command {
  /// A script that makes `shell` complete commands, options and values of this program.
  ///
  /// The script asks the program: `PROGRAM __complete WORD ...` prints one candidate a line for the last word, or
  /// `:files` or `:directories` when the shell should offer those.
  public func completionScript(for shell: Shell) -> String {
    switch shell {
    case .bash:
      """
      _\(name)_complete() {
        local current="${COMP_WORDS[COMP_CWORD]}" candidates
        candidates=$("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
        case "$candidates" in
          :files) compopt -o default; COMPREPLY=() ;;
          :directories) compopt -o dirnames; COMPREPLY=() ;;
          *) local IFS=$'\\n'; COMPREPLY=($(compgen -W "$candidates" -- "$current")) ;;
        esac
      }
      complete -F _\(name)_complete \(name)

      """
    case .zsh:
      """
      #compdef \(name)
      _\(name)() {
        local -a candidates
        candidates=("${(@f)$("${words[1]}" __complete "${(@)words[2,$CURRENT]}" 2>/dev/null)}")
        case "${candidates[1]}" in
          :files) _files ;;
          :directories) _files -/ ;;
          *) compadd -a candidates ;;
        esac
      }
      compdef _\(name) \(name)

      """
    case .fish:
      """
      function __\(name)_complete
        set -l words (commandline -opc) (commandline -ct)
        set -l candidates ($words[1] __complete $words[2..-1] 2>/dev/null)
        switch "$candidates[1]"
          case ':files'
            __fish_complete_path (commandline -ct)
          case ':directories'
            __fish_complete_directories (commandline -ct)
          case '*'
            printf '%s\\n' $candidates
        end
      end
      complete -c \(name) -f -a '(__\(name)_complete)'

      """
    }
  }

  /// What could stand where the last of `words` stands.
  ///
  /// - Parameter dynamic: answers ``Completion/dynamic(_:)``, given its name and the operands before the word.
  public func completions(
    for words: [String], dynamic: (_ source: String, _ operands: [String]) async -> [String]
  ) async -> [String] {
    var command = self
    var options = self.options
    var operands: [String] = []
    var pending: Option?
    for word in words.dropLast() {
      if pending != nil {
        pending = nil
      } else if word.hasPrefix("-") {
        let option = options.first { "--\($0.name)" == word || $0.short.map { "-\($0)" } == word }
        if let option, option.kind != .flag { pending = option }
      } else if operands.isEmpty, let next = command.subcommands.first(where: { $0.name == word }) {
        command = next
        options += next.options
      } else {
        operands.append(word)
      }
    }
    let current = words.last ?? ""
    let candidates: [String]
    if let pending {
      candidates = await Command.offers(pending.completion, operands, dynamic)
    } else if current.hasPrefix("-") {
      candidates = (options + [Command.helpOption]).map { "--\($0.name)" }
    } else if !command.subcommands.isEmpty {
      candidates = command.subcommands.filter { !$0.isHidden }.map(\.name)
    } else if let operand = command.operands.dropFirst(operands.count).first ?? command.operands.last {
      candidates = await Command.offers(operand.completion, operands, dynamic)
    } else {
      candidates = []
    }
    return candidates.filter { $0.hasPrefix(":") || $0.hasPrefix(current) }
  }

  private static func offers(
    _ completion: Completion, _ operands: [String], _ dynamic: (String, [String]) async -> [String]
  ) async -> [String] {
    switch completion {
    case .none: []
    case .files: [":files"]
    case .directories: [":directories"]
    case .words(let words): words
    case .dynamic(let source): await dynamic(source, operands)
    }
  }
}
