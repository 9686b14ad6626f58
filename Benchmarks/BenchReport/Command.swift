import Glibc

/// A program of the machine, run to its end or kept running as a peer.
public struct Command: Sendable {
  public struct Failure: Error, CustomStringConvertible {
    public var description: String
    public init(description: String) { self.description = description }
  }

  public var arguments: [String]

  /// - Parameter arguments: program, found through `PATH`, and its arguments.
  public init(_ arguments: [String]) { self.arguments = arguments }

  /// Runs it to its end.
  /// - Returns: what it wrote to its standard output.
  /// - Throws: `Failure` with its output when it cannot be started or exits with another code than 0.
  public func run() throws -> String {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Failure(description: "pipe: \(String(cString: strerror(errno)))") }
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
    defer { close(ends[0]) }
    let pid: pid_t
    do {
      defer { close(ends[1]) }
      pid = try spawn(output: ends[1])
    }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(ends[0], &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      text += buffer[..<count]
    }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    let output = String(decoding: text, as: UTF8.self)
    guard status == 0 else {
      throw Failure(description: "\(arguments.joined(separator: " ")): wait status \(status)\n\(output)")
    }
    return output
  }

  /// Starts it and leaves it running; its output is thrown away.
  public func start() throws -> RunningCommand { RunningCommand(pid: try spawn(output: nil)) }

  private func spawn(output: Int32?) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0)
    for descriptor in 1...2 as ClosedRange<Int32> {
      if let output {
        posix_spawn_file_actions_adddup2(&actions, output, descriptor)
      } else {
        posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
      }
    }
    // The threads of Swift's concurrency block most signals; a program starts with none blocked or ignored.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for argument in argv { free(argument) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, arguments[0], &actions, &attributes, &argv, environ)
    guard code == 0 else { throw Failure(description: "\(arguments[0]): \(String(cString: strerror(code)))") }
    return pid
  }
}

/// A program that runs until `stop`.
public struct RunningCommand: Sendable {
  public let pid: pid_t

  /// Ends it and waits for its end.
  public func stop() {
    kill(pid, SIGTERM)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
  }

  /// Seconds of processor time that all its threads have used (proc(5), schedstat).
  public func processorSeconds() -> Double {
    guard let folder = opendir("/proc/\(pid)/task") else { return 0 }
    defer { closedir(folder) }
    var nanoseconds = 0.0
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard name != ".", name != "..", let file = fopen("/proc/\(pid)/task/\(name)/schedstat", "r") else { continue }
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 128)
      guard fgets(&line, Int32(line.count), file) != nil else { continue }
      nanoseconds += strtod(line, nil)
    }
    return nanoseconds / 1e9
  }

  /// Bytes of its memory that are resident.
  public func residentBytes() -> Int { ResidentMemory.bytes(of: "\(pid)") }
}

/// Memory of a process that is there and not swapped out.
public enum ResidentMemory {
  /// Bytes of this process.
  public static var bytes: Int { bytes(of: "self") }

  /// proc_pid_statm(5), second field; 0 for a process that is gone.
  static func bytes(of process: String) -> Int {
    guard let file = fopen("/proc/\(process)/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
      separator: " ")
    return words.count > 1 ? (Int(words[1]) ?? 0) * Int(getpagesize()) : 0
  }
}
