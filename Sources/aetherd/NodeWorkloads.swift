import Control
import Gateway
import JSON
import Linux
import Model
import Node

/// Running work of the node in this process, as the gateway wants it.
struct NodeWorkloads: Workloads {
  let node: NodeRuntime
  let controller: Controller

  /// The id of the process's cell on the node.
  private func cell(of process: Resource) async throws(APIError) -> WorkloadID {
    guard let cell = await controller.cell(of: process.metadata.uid) else {
      throw APIError(.failedPrecondition, "process \(process.metadata.name) has not been started yet")
    }
    return cell
  }

  func logs(of process: Resource, _ request: LogRequest) async throws(APIError) -> AsyncThrowingStream<
    LogLine, any Error
  > {
    let cell = try await cell(of: process)
    let since = request.since.map { UInt64(clamping: $0.milliseconds) * 1_000_000 } ?? 0
    let entries: LogSequence
    do {
      entries = try node.logs(
        cell: cell, process: process.metadata.uid, since: since, tail: request.tail, follow: request.follow)
    } catch { throw APIError(node: error) }
    let wanted = request.stream
    // Pulled one at a time, so a slow reader holds nothing in memory.
    let iterator = LogIterator(entries.makeAsyncIterator(), wanted)
    return AsyncThrowingStream { await iterator.next() }
  }

  func exec(in cell: Resource, _ request: ExecRequest) async throws(APIError) -> any CommandSession {
    var configuration = ProcessConfiguration(id: "exec", arguments: request.command)
    configuration.terminal = request.hasTerminal ? ProcessConfiguration.Terminal() : nil
    do {
      let session = try await node.exec(cell: cell.metadata.uid, configuration)
      if !request.sendsInput, !request.hasTerminal { await session.closeInput() }
      return NodeExecSession(session: session)
    } catch { throw APIError(node: error) }
  }

  func stats(owner: String) async -> [WorkloadStats] {
    // What has ended may still have pages in the kernel's cache; it uses nothing for that.
    await controller.usage(owner: owner).filter { $0.1.taskCount > 0 }.map { key, usage, cpuMillicores in
      WorkloadStats(
        key: key, cpuNanoseconds: usage.cpuNanoseconds, cpuMillicores: cpuMillicores, memoryBytes: usage.memoryBytes,
        memoryLimitBytes: usage.memoryLimitBytes, processCount: usage.taskCount)
    }
  }

  func events(of resource: ResourceKey) async -> [JSON] {
    await controller.events(of: resource).map { record in
      [
        "time": .string(record.at.description), "warning": .bool(record.isWarning), "reason": .string(record.reason),
        "message": .string(record.message),
      ]
    }
  }
}

/// Hands out log lines of the wanted stream.
private final class LogIterator: @unchecked Sendable {
  // Sendable: only the one reader of the stream asks, and waits for each answer before it asks again.
  private var entries: LogSequence.Iterator
  private let wanted: LogLine.Stream?

  init(_ entries: LogSequence.Iterator, _ wanted: LogLine.Stream?) {
    self.entries = entries
    self.wanted = wanted
  }

  func next() async -> LogLine? {
    while let entry = await entries.next() {
      let stream: LogLine.Stream = entry.stream == .output ? .stdout : .stderr
      guard wanted == nil || wanted == stream else { continue }
      return LogLine(time: Timestamp(milliseconds: Int64(entry.time / 1_000_000)), stream: stream, text: entry.bytes)
    }
    return nil
  }
}

/// A command in a cell of this node.
private actor NodeExecSession: CommandSession {
  private let session: ExecSession
  private var hasEnded = false

  init(session: ExecSession) { self.session = session }

  func next() async throws -> ExecOutput? {
    guard !hasEnded else { return nil }
    switch await session.read() {
    case .output(let bytes): return .stdout(bytes)
    case .errors(let bytes): return .stderr(bytes)
    case nil:
      hasEnded = true
      switch await session.waitForExit() {
      case .code(let code): return .exited(code: Int(code), signal: nil)
      case .signal(let signal): return .exited(code: nil, signal: Int(signal))
      case .outOfMemory, .cellLost: return .exited(code: nil, signal: 9)
      // As shells say of a command that cannot be run.
      case .startFailed: return .exited(code: 127, signal: nil)
      }
    }
  }

  nonisolated func send(input: [UInt8]) async throws { try await session.write(input) }
  nonisolated func endInput() async { await session.closeInput() }

  nonisolated func resize(columns: UInt16, rows: UInt16) async {
    // A terminal that is gone needs no size.
    try? await session.resize(ProcessConfiguration.Terminal(rows: rows, columns: columns))
  }

  nonisolated func close() async {
    // Fails only when the command has ended already.
    try? await session.kill()
  }
}

extension APIError {
  /// A failure of the node as users meet it.
  init(node error: NodeError) {
    let code: APIError.Code =
      switch error {
      case .invalid: .invalid
      case .cellExists, .processExists, .noSuchCell, .noSuchProcess, .notRunning, .stillRunning: .failedPrecondition
      case .unavailable, .failed, .supervisor, .inUse: .unavailable
      }
    self.init(code, error.description)
  }
}
