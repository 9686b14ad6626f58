import HTTP
import HTTPServer
import JSON
import Model
import WebSocket

/// Channels of `aether.exec.v1`: the first byte of every binary message.
public enum ExecChannel: UInt8, Sendable {
  case stdin = 0
  case stdout = 1
  case stderr = 2
  case endOfInput = 3
  /// Columns and rows as two big-endian 16-bit numbers.
  case terminalSize = 4
  /// The last message: JSON with `code` or `signal`.
  case exit = 5

  public static let subprotocol = "aether.exec.v1"
}

extension Gateway {
  /// A command inside a cell over a WebSocket.
  @Sendable func exec(_ request: HTTPRequest, _ context: HTTPContext) async throws -> HTTPResponse {
    let key = try key(kind: "Cell", context)
    let caller = try context.caller()
    try request.checkQuery(["tty", "stdin"], repeatable: ["command"])
    let command = request.query("command")
    guard (1...256).contains(command.count), command.first?.isEmpty == false else {
      throw APIError.invalid("command", "has \(command.count) words", accepted: "1 to 256, the first not empty")
    }
    let wanted = ExecRequest(
      command: command, hasTerminal: try request.queryFlag("tty"), sendsInput: try request.queryFlag("stdin"))
    let cell = try await find(key)
    var configuration = WebSocketConfiguration()
    configuration.protocols = [ExecChannel.subprotocol]
    // A request that is no WebSocket must not start anything, so the command starts after the handshake.
    return try WebSocketUpgrade.response(to: request, configuration: configuration) { [self] socket in
      let session: any CommandSession
      do { session = try await workloads.exec(in: cell, wanted) } catch {
        let exit: JSON = ["error": APIError(wrapping: error).json()["error"] ?? .null]
        try await socket.send([ExecChannel.exit.rawValue] + exit.bytes())
        return
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await Gateway.forwardOutput(of: session, to: socket) }
        group.addTask {
          try await Gateway.forwardInput(of: socket, to: session)
          await session.close()
        }
        group.addTask {
          try await Task.sleep(for: max(.zero, caller.expiresAt - .now()))
          await session.close()
        }
        try await group.next()
        group.cancelAll()
      }
      await session.close()
    }
  }

  private static func forwardOutput(of session: any CommandSession, to socket: WebSocket) async throws {
    while let output = try await session.next() {
      switch output {
      case .stdout(let bytes): try await socket.send([ExecChannel.stdout.rawValue] + bytes)
      case .stderr(let bytes): try await socket.send([ExecChannel.stderr.rawValue] + bytes)
      case .exited(let code, let signal):
        var exit: JSONObject = [:]
        if let code { exit["code"] = .integer(Int64(code)) }
        if let signal { exit["signal"] = .integer(Int64(signal)) }
        try await socket.send([ExecChannel.exit.rawValue] + JSON.object(exit).bytes())
      }
    }
  }

  /// Returns when the client goes.
  private static func forwardInput(of socket: WebSocket, to session: any CommandSession) async throws {
    while let message = try await socket.receive() {
      guard case .binary(let bytes) = message, let channel = bytes.first.flatMap(ExecChannel.init(rawValue:)) else {
        await socket.close(.unsupportedData, reason: "a binary message of a known channel is expected")
        return
      }
      switch channel {
      case .stdin: try await session.send(input: Array(bytes.dropFirst()))
      case .endOfInput: await session.endInput()
      case .terminalSize where bytes.count == 5:
        await session.resize(
          columns: UInt16(bytes[1]) << 8 | UInt16(bytes[2]), rows: UInt16(bytes[3]) << 8 | UInt16(bytes[4]))
      case .terminalSize, .stdout, .stderr, .exit:
        await socket.close(.protocolError, reason: "channel \(channel.rawValue) is not for clients")
        return
      }
    }
  }
}
