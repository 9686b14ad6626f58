import Foundation

/// A child process whose end is waited for with waitpid(2): `Foundation.Process` learns of an end only when every
/// descriptor that its child passed on is closed, which work that outlives a daemon may never do.
final class Child {
  let pid: pid_t
  private var status: Int32?

  init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], input: String = "/dev/null",
    output: String, errors: String
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_APPEND
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, flags, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errors, flags, 0o600)
    let all = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = all.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in words + variables { free(pointer) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, program, &actions, nil, &words, &variables)
    guard code == 0 else { throw Installation.Failure("\(program): \(String(cString: strerror(code)))") }
    self.pid = pid
  }

  deinit { if status == nil { end(SIGKILL) } }

  /// The exit code, or 128 and the number of the signal.
  @discardableResult
  func wait() -> Int32 {
    if let status { return status }
    var raw: Int32 = 0
    while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
    let result = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + (raw & 0x7F)
    status = result
    return result
  }

  func end(_ signal: Int32) {
    guard status == nil else { return }
    kill(pid, signal)
    wait()
  }
}
