import Arguments
import Glibc
import HTTPClient
import JSON
import Model

/// Runs the command line; never throws.
func run(_ words: [String]) async -> Int32 {
  do {
    switch try Program.root.parse(words) {
    case .help(let text):
      try Output.write(text)
      return 0
    case .run(let command, let arguments):
      return try await command.run?(arguments) ?? 2
    }
  } catch let error as UsageError {
    Output.error(error.description)
    return 2
  } catch let error as APIError {
    Output.error(error.message)
    return error.code.exitStatus
  } catch let error as OutputFailure {
    guard case .system(let code) = error else { return OutputFailure.readerGoneStatus }
    Output.error("the output cannot be written: \(String(cString: strerror(code)))")
    return 1
  } catch let error as HTTPClientError {
    Output.error(error.message)
    return 7
  } catch {
    Output.error("\(error)")
    return 1
  }
}

signal(SIGPIPE, SIG_IGN)
// Completion gives the shell's words as they are, whatever they look like.
let words = Array(CommandLine.arguments.dropFirst())
exit(words.first == "__complete" ? await CompletionCommands.answer(Array(words.dropFirst())) : await run(words))
