import CLinux
import Glibc
import Linux
import Net

/// A program that was run in a cell from here, with its streams. Read until nil, then ask for the exit.
public actor ExecSession {
  public enum Output: Sendable, Equatable {
    case output([UInt8])
    case errors([UInt8])
  }

  private let cell: Cell
  private let id: String
  private let input: StreamWriter
  private var readers: [(raw: Int32, isErrors: Bool)]
  private var turn = 0
  private var exit: Task<ExitReason, Never>?

  public nonisolated var unownedExecutor: UnownedSerialExecutor { cell.loop.asUnownedSerialExecutor() }

  /// Bytes of one piece of output.
  static let pieceMax = 32_768

  init(
    cell: Cell, id: String, input: StreamWriter, readers: [(raw: Int32, isErrors: Bool)], exit: Task<ExitReason, Never>
  ) {
    self.cell = cell
    self.id = id
    self.input = input
    self.readers = readers
    self.exit = exit
    for reader in readers { _ = clinux_set_blocking(reader.raw, 0) }
  }

  deinit {
    for reader in readers { close(reader.raw) }
  }

  /// The next piece of output; nil at the end of all streams. What is not read stops the program when its pipe is
  /// full, so nothing piles up here.
  public func read() async -> Output? {
    while !readers.isEmpty {
      for _ in readers.indices {
        turn += 1
        let index = turn % readers.count
        let reader = readers[index]
        var count = 0
        let piece = [UInt8](unsafeUninitializedCapacity: ExecSession.pieceMax) { buffer, used in
          count = Glibc.read(reader.raw, buffer.baseAddress, buffer.count)
          used = max(0, count)
        }
        if count > 0 { return reader.isErrors ? .errors(piece) : .output(piece) }
        if count < 0, errno == EAGAIN || errno == EINTR { continue }
        // The end; a terminal says EIO when nobody has it open any more.
        close(reader.raw)
        readers.remove(at: index)
        break
      }
      await waitForOutput()
    }
    return nil
  }

  private func waitForOutput() async {
    guard !readers.isEmpty else { return }
    var polled = readers.map { pollfd(fd: $0.raw, events: Int16(POLLIN), revents: 0) }
    if poll(&polled, nfds_t(polled.count), 0) > 0 { return }
    let raws = readers.map(\.raw)
    let loop = cell.loop
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      loop.execute { AnyReadable.start(raws, loop, continuation) }
    }
  }

  /// Gives the program input. Waits while it does not take it.
  public func write(_ bytes: [UInt8]) async throws(NodeError) { try await input.write(bytes) }

  /// Ends the input.
  public func closeInput() async { await input.close() }

  public func resize(_ size: ProcessConfiguration.Terminal) async throws(NodeError) { try await input.resize(size) }

  public func signal(_ signal: PosixSignal) async throws(NodeError) { try await cell.signal(id, signal) }

  /// Kills the program and what it started.
  public func kill() async throws(NodeError) { try await cell.kill(id) }

  /// How it ended; waits for it.
  public func waitForExit() async -> ExitReason { await exit?.value ?? .cellLost }

  /// All output until the end, for short programs.
  public func collect(limit: Int = 1 << 20) async -> (output: [UInt8], errors: [UInt8], exit: ExitReason) {
    var output: [UInt8] = []
    var errors: [UInt8] = []
    while output.count + errors.count < limit, let piece = await read() {
      switch piece {
      case .output(let bytes): output += bytes
      case .errors(let bytes): errors += bytes
      }
    }
    return (output, errors, await waitForExit())
  }
}

/// Waits until one of several descriptors can be read. On the loop only.
private final class AnyReadable {
  private var watches: [(watch: DescriptorWatch, raw: Int32)] = []
  private var continuation: CheckedContinuation<Void, Never>?

  static func start(_ raws: [Int32], _ loop: EventLoop, _ continuation: CheckedContinuation<Void, Never>) {
    let wait = AnyReadable()
    wait.continuation = continuation
    for raw in raws {
      let copy = clinux_duplicate(raw, 3)
      guard copy >= 0 else { continue }
      if let watch = try? loop.register(copy, .readable, handler: { _ in wait.finish() }) {
        wait.watches.append((watch, copy))
      } else {
        close(copy)
      }
    }
    if wait.watches.isEmpty { wait.finish() }
  }

  private func finish() {
    for (watch, raw) in watches {
      watch.cancel()
      close(raw)
    }
    watches = []
    continuation?.resume()
    continuation = nil
  }
}

extension Cell {
  func exec(_ configuration: ProcessConfiguration) async throws(NodeError) -> ExecSession {
    execCount += 1
    var configuration = configuration
    configuration.id = "exec-\(getpid())-\(execCount)"
    configuration.input = .none
    let session: (input: Int32, readers: [(raw: Int32, isErrors: Bool)])
    if configuration.terminal != nil {
      try await start(configuration, standard: nil, isTethered: true)
      let terminal = try input(of: configuration.id)
      let reader = clinux_duplicate(terminal, 3)
      session = (terminal, [(reader, false)])
    } else {
      session = try await startWithPipes(configuration)
    }
    let id = configuration.id
    let exit = Task(executorPreference: loop) { [self] () -> ExitReason in
      (try? await waitForExit(id))?.exitReason ?? .cellLost
    }
    return ExecSession(
      cell: self, id: id, input: StreamWriter(owning: session.input, loop: loop), readers: session.readers,
      exit: exit)
  }

  private func startWithPipes(
    _ configuration: ProcessConfiguration
  ) async throws(NodeError) -> (input: Int32, readers: [(raw: Int32, isErrors: Bool)]) {
    let ends: [(reader: Int32, writer: Int32)]
    do throws(LinuxError) {
      ends = [try FileDescriptor.Pipe().split(), try FileDescriptor.Pipe().split(), try FileDescriptor.Pipe().split()]
    } catch {
      throw NodeError(error, step: "exec")
    }
    defer {
      close(ends[0].reader)
      close(ends[1].writer)
      close(ends[2].writer)
    }
    do throws(NodeError) {
      try await start(
        configuration, standard: [ends[0].reader, ends[1].writer, ends[2].writer], isTethered: true)
    } catch {
      close(ends[0].writer)
      close(ends[1].reader)
      close(ends[2].reader)
      throw error
    }
    return (ends[0].writer, [(ends[1].reader, false), (ends[2].reader, true)])
  }
}
