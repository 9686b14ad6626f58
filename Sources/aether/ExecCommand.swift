import Arguments
import Dispatch
import Glibc
import JSON
import Model
import WebSocket

/// `aether exec`: a command inside a cell, with its streams here.
enum ExecCommand {
  static let all: [Command] = [exec]

  static let exec = Command(
    "exec", "Run a command inside a cell",
    discussion: """
      examples:
        aether exec hello -- ps ax
        aether exec -it hello -- /bin/sh
      """,
    options: [
      .flag("stdin", "i", "Pass standard input on"), .flag("tty", "t", "Give the command a terminal"),
    ],
    operands: [Operand("CELL", "such as hello", completion: .dynamic("cells"))]
  ) { arguments in
    guard !arguments.rest.isEmpty else { throw UsageError("-- COMMAND is missing", path: arguments.path) }
    let hasTerminal = arguments.flag("tty")
    if hasTerminal, isatty(STDIN_FILENO) != 1 {
      throw UsageError("-t needs a terminal on standard input", path: arguments.path)
    }
    var query = arguments.rest.map { "command=\(APIClient.segment($0))" }
    if hasTerminal { query.append("tty=true") }
    if arguments.flag("stdin") || hasTerminal { query.append("stdin=true") }
    let path = "/v1/cells/\(APIClient.segment(arguments.operand("CELL") ?? ""))/exec?\(query.joined(separator: "&"))"
    let sockets = try SocketClient(try APIClient(arguments))
    let socket = try await sockets.connect(path, subprotocol: "aether.exec.v1")
    let terminal = hasTerminal ? TerminalMode.raw() : nil
    defer { terminal?.restore() }
    if hasTerminal { TerminalSize.follow(socket) }
    if arguments.flag("stdin") || hasTerminal { Input.forward(to: socket) }
    return try await receive(from: socket)
  }

  /// Channels, see `ExecChannel` of the gateway and the description of `/v1/cells/{name}/exec`.
  enum Channel {
    static let stdin: UInt8 = 0
    static let stdout: UInt8 = 1
    static let stderr: UInt8 = 2
    static let endOfInput: UInt8 = 3
    static let terminalSize: UInt8 = 4
    static let exit: UInt8 = 5
  }

  private static func receive(from socket: WebSocket) async throws -> Int32 {
    while let message = try await socket.receive() {
      guard case .binary(let bytes) = message, let channel = bytes.first else { continue }
      let content = Array(bytes.dropFirst())
      switch channel {
      case Channel.stdout: try Output.write(content)
      case Channel.stderr: try Output.write(content, to: STDERR_FILENO)
      case Channel.exit:
        return try status(of: try JSON.parse(content))
      default: continue
      }
    }
    throw APIError(.unavailable, "the connection ended before the command did")
  }

  /// The status to end with, of the last message of a command.
  ///
  /// - Throws: ``APIError`` when it could not be run.
  static func status(of exit: JSON) throws(APIError) -> Int32 {
    if let error = APIError(envelope: exit) { throw error }
    if let signal = exit["signal"]?.integerValue { return 128 + Int32(truncatingIfNeeded: signal & 0x7F) }
    return Int32(truncatingIfNeeded: (exit["code"]?.integerValue ?? 1) & 0xFF)
  }

  /// Standard input, read by a thread of its own since reading blocks.
  private enum Input {
    /// Pieces that wait to be sent. With so many the thread reads no more until the command has taken one.
    private static let pieceCountMax = 16

    static func forward(to socket: WebSocket) {
      let (pieces, continuation) = AsyncStream.makeStream(of: [UInt8].self)
      // Counted up from zero: a semaphore must not end below the value that it began with.
      let room = DispatchSemaphore(value: 0)
      for _ in 0..<pieceCountMax { room.signal() }
      Thread.start {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
          room.wait()
          let count = read(STDIN_FILENO, &chunk, chunk.count)
          if count < 0 && errno == EINTR {
            room.signal()
            continue
          }
          guard count > 0 else { break }
          continuation.yield(Array(chunk[..<count]))
        }
        continuation.finish()
      }
      Task {
        for await piece in pieces {
          try await socket.send([Channel.stdin] + piece)
          room.signal()
        }
        try await socket.send([Channel.endOfInput])
      }
    }
  }

  private enum Thread {
    static func start(_ body: @escaping @Sendable () -> Void) {
      final class Start: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
      }
      var id = pthread_t()
      let start = Unmanaged.passRetained(Start(body))
      let status = pthread_create(
        &id, nil,
        { argument in
          if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body() }
          return nil
        }, start.toOpaque())
      if status == 0 { pthread_detach(id) } else { start.release() }
    }
  }
}

/// The terminal in raw mode, and back.
private struct TerminalMode {
  private let earlier: termios

  /// `nil` when standard input is no terminal.
  static func raw() -> TerminalMode? {
    var settings = termios()
    guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
    let mode = TerminalMode(earlier: settings)
    cfmakeraw(&settings)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    return mode
  }

  func restore() {
    var settings = earlier
    tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
  }
}

/// The size of the terminal, told now and whenever it changes.
private enum TerminalSize {
  static func follow(_ socket: WebSocket) {
    Task {
      var last: [UInt8] = []
      while !Task.isCancelled {
        var size = winsize()
        if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 {
          let message = [
            ExecCommand.Channel.terminalSize, UInt8(size.ws_col >> 8), UInt8(size.ws_col & 255),
            UInt8(size.ws_row >> 8), UInt8(size.ws_row & 255),
          ]
          if message != last {
            try await socket.send(message)
            last = message
          }
        }
        try await Task.sleep(for: .milliseconds(250))
      }
    }
  }
}
