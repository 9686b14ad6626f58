import CCurl
import CCurlShim
import Glibc
import Synchronization

/// The thread that drives libcurl.
///
/// Unchecked, because `multi` is a raw pointer and `active` has no lock: only the engine's own thread uses them, except
/// for `curl_multi_wakeup`, which libcurl allows from every thread. The thread frees `multi` under the lock of `inbox`
/// after marking it stopped, and `submit` wakes under the same lock.
final class Engine: @unchecked Sendable {
  enum Command: Sendable {
    case add(Transfer)
    case cancel(Transfer)
    /// Continue the directions that no longer wait for the caller.
    case resume(Transfer)
    /// Stop once nothing is under way.
    case finish
    /// Stop at once.
    case close
  }

  private struct Inbox {
    var commands: [Command] = []
    var isStopped = false
  }

  private let multi: UnsafeMutableRawPointer
  private let inbox = Mutex(Inbox())
  private var active: [ObjectIdentifier: EasyHandle] = [:]
  private var byHandle: [UnsafeMutableRawPointer: ObjectIdentifier] = [:]
  private var isFinishing = false
  private var isClosed = false

  private static let isInitialized = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  private init(multi: UnsafeMutableRawPointer) { self.multi = multi }

  static func start(idleConnectionsMax: Int) throws(HTTPClientError) -> Engine {
    guard isInitialized, let multi = curl_multi_init() else {
      throw HTTPClientError(.other(Int(CURLE_FAILED_INIT.rawValue)), "libcurl cannot be set up")
    }
    _ = aether_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, idleConnectionsMax)
    let engine = Engine(multi: multi)
    // The thread takes no signals; a write to a closed connection then is an error instead of SIGPIPE.
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(engine)
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Engine>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      curl_multi_cleanup(multi)
      throw HTTPClientError(
        .other(Int(code)), "the client's thread cannot be started: \(String(cString: strerror(code)))")
    }
    pthread_detach(thread)
    return engine
  }

  func submit(_ command: Command) {
    let isStopped = inbox.withLock { inbox in
      if inbox.isStopped { return true }
      inbox.commands.append(command)
      curl_multi_wakeup(multi)
      return false
    }
    if isStopped, case .add(let transfer) = command { transfer.didEnd(.failure(Self.closedError)) }
  }

  private static let closedError = HTTPClientError(.clientClosed, "the client is closed")

  // MARK: The thread

  private func run() {
    var running: Int32 = 0
    while true {
      for command in takeCommands() { carryOut(command) }
      curl_multi_perform(multi, &running)
      endFinished()
      if isClosed || (isFinishing && active.isEmpty), stop() { return }
      // libcurl shortens the wait to its own timers and ends it on a wake-up.
      curl_multi_poll(multi, nil, 0, 30_000, nil)
    }
  }

  private func takeCommands() -> [Command] {
    inbox.withLock { inbox in
      let commands = inbox.commands
      inbox.commands = []
      return commands
    }
  }

  private func carryOut(_ command: Command) {
    switch command {
    case .add(let transfer): add(transfer)
    case .cancel(let transfer):
      let error = transfer.cancellation ?? HTTPClientError(.cancelled, "the request was cancelled")
      remove(ObjectIdentifier(transfer))
      transfer.didEnd(.failure(error))
    case .resume(let transfer):
      guard let handle = active[ObjectIdentifier(transfer)] else { return }
      let paused = transfer.paused
      let mask = (paused.receive ? CURLPAUSE_RECV : 0) | (paused.send ? CURLPAUSE_SEND : 0)
      curl_easy_pause(handle.easy, mask)
    case .finish: isFinishing = true
    case .close:
      isClosed = true
      for handle in Array(active.values) {
        remove(ObjectIdentifier(handle.transfer))
        handle.transfer.didEnd(.failure(Self.closedError))
      }
    }
  }

  private func add(_ transfer: Transfer) {
    if isClosed { return transfer.didEnd(.failure(Self.closedError)) }
    if let error = transfer.cancellation { return transfer.didEnd(.failure(error)) }
    do throws(HTTPClientError) {
      let handle = try EasyHandle(transfer)
      guard curl_multi_add_handle(multi, handle.easy) == CURLM_OK else {
        throw HTTPClientError(.other(Int(CURLE_FAILED_INIT.rawValue)), "libcurl refuses the transfer")
      }
      active[ObjectIdentifier(transfer)] = handle
      byHandle[handle.easy] = ObjectIdentifier(transfer)
    } catch {
      transfer.didEnd(.failure(error))
    }
  }

  private func endFinished() {
    var result = CURLE_OK
    while let easy = aether_curl_multi_ended(multi, &result) {
      guard let id = byHandle[easy], let handle = active[id] else { continue }
      let outcome = handle.outcome(result)
      remove(id)
      handle.transfer.didEnd(outcome)
    }
  }

  private func remove(_ id: ObjectIdentifier) {
    guard let handle = active.removeValue(forKey: id) else { return }
    byHandle[handle.easy] = nil
    curl_multi_remove_handle(multi, handle.easy)
  }

  /// - Returns: false when commands came in meanwhile.
  private func stop() -> Bool {
    inbox.withLock { inbox in
      guard inbox.commands.isEmpty else { return false }
      inbox.isStopped = true
      curl_multi_cleanup(multi)
      return true
    }
  }
}
