import HTTPServer
import JSON
import Model

/// Who is asking, as the token says.
public struct Caller: Sendable, Equatable {
  /// The `sub` claim: owner of what the caller creates, and of all that the caller may see.
  public var user: String
  /// When the token stops being valid; long-lived connections end then.
  public var expiresAt: Timestamp
  /// The `roles` claim.
  public var roles: Set<String>

  public init(user: String, expiresAt: Timestamp, roles: Set<String> = []) {
    self.user = user
    self.expiresAt = expiresAt
    self.roles = roles
  }

  /// What a role has to be called for what concerns the whole machine.
  public static let administrator = "admin"
}

/// Checks bearer tokens.
public protocol TokenAuthenticator: Sendable {
  /// - Throws: ``APIError`` `unauthenticated` that says what is wrong with the token, never the token itself;
  ///   `unavailable` when the keys to check it with cannot be had.
  func authenticate(token: String) async throws(APIError) -> Caller
}

/// Gives tokens to whoever asks; for development only.
public protocol DevelopmentTokens: Sendable {
  func issue(user: String, roles: [String], lifetimeSeconds: Int) throws(APIError) -> (
    token: String, expiresAt: Timestamp
  )
  /// The JSON Web Key Set that the tokens are checked with.
  var keySet: JSON { get }
}

/// A line that a process wrote.
public struct LogLine: Sendable, Equatable {
  public enum Stream: String, Sendable, CaseIterable { case stdout, stderr }

  public var time: Timestamp
  public var stream: Stream
  public var text: [UInt8]

  public init(time: Timestamp, stream: Stream, text: [UInt8]) {
    self.time = time
    self.stream = stream
    self.text = text
  }
}

/// Which lines are wanted.
public struct LogRequest: Sendable, Equatable {
  public var follow = false
  /// Only the last so many lines of the history.
  public var tail: Int?
  public var since: Timestamp?
  /// `nil` for both.
  public var stream: LogLine.Stream?

  public init() {}
}

/// What a command inside a cell needs.
public struct ExecRequest: Sendable, Equatable {
  public var command: [String]
  public var hasTerminal: Bool
  /// Whether standard input will be sent; otherwise it is empty.
  public var sendsInput: Bool

  public init(command: [String], hasTerminal: Bool, sendsInput: Bool) {
    self.command = command
    self.hasTerminal = hasTerminal
    self.sendsInput = sendsInput
  }
}

/// What a running command gives back.
public enum ExecOutput: Sendable, Equatable {
  case stdout([UInt8])
  case stderr([UInt8])
  /// The last one: the exit code, or the number of the signal that ended it.
  case exited(code: Int?, signal: Int?)
}

/// A running command inside a cell.
public protocol CommandSession: Sendable {
  /// Waits for output; `nil` after `exited`.
  func next() async throws -> ExecOutput?
  func send(input: [UInt8]) async throws
  func endInput() async
  func resize(columns: UInt16, rows: UInt16) async
  /// Ends the command if it still runs.
  func close() async
}

/// Current use of a workload.
public struct WorkloadStats: Sendable, Equatable {
  public var key: ResourceKey
  /// CPU time since the start.
  public var cpuNanoseconds: UInt64
  /// Thousandths of a core over the last interval; `nil` until there is one.
  public var cpuMillicores: Int64?
  public var memoryBytes: UInt64
  public var memoryLimitBytes: UInt64?
  public var processCount: Int

  public init(
    key: ResourceKey, cpuNanoseconds: UInt64, cpuMillicores: Int64?, memoryBytes: UInt64, memoryLimitBytes: UInt64?,
    processCount: Int
  ) {
    self.key = key
    self.cpuNanoseconds = cpuNanoseconds
    self.cpuMillicores = cpuMillicores
    self.memoryBytes = memoryBytes
    self.memoryLimitBytes = memoryLimitBytes
    self.processCount = processCount
  }
}

/// What the gateway needs of running work, wherever it runs.
public protocol Workloads: Sendable {
  /// The lines of a process's output; ends after the last one unless `follow` is set.
  func logs(of process: Resource, _ request: LogRequest) async throws(APIError) -> AsyncThrowingStream<
    LogLine, any Error
  >
  func exec(in cell: Resource, _ request: ExecRequest) async throws(APIError) -> any CommandSession
  func stats(owner: String) async -> [WorkloadStats]
  /// What happened lately to a resource, oldest first, each with `time`, `type`, `reason` and `message`.
  func events(of resource: ResourceKey) async -> [JSON]
}
