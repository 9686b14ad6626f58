/// One `EventLoop.sleep`; all calls are made on the loop's thread.
final class Sleeper: @unchecked Sendable {
  // Sendable: state is touched on the loop's thread only.
  private let loop: EventLoop
  private var timer: TimerToken?
  private var continuation: CheckedContinuation<Void, any Error>?
  private var isCancelled = false

  init(loop: EventLoop) {
    self.loop = loop
  }

  func start(_ duration: Duration, _ continuation: CheckedContinuation<Void, any Error>) {
    if isCancelled {
      continuation.resume(throwing: CancellationError())
      return
    }
    if loop.isShutDown {
      continuation.resume(throwing: NetError.loopShutDown)
      return
    }
    self.continuation = continuation
    loop.addSleeper(self)
    timer = loop.schedule(after: duration) { self.finish(.success(())) }
  }

  func cancel() {
    isCancelled = true
    if let timer { loop.cancel(timer) }
    finish(.failure(CancellationError()))
  }

  /// The loop ends before the time is over.
  func loopWillShutDown() { finish(.failure(NetError.loopShutDown)) }

  private func finish(_ result: Result<Void, any Error>) {
    guard let continuation else { return }
    self.continuation = nil
    loop.removeSleeper(self)
    continuation.resume(with: result)
  }
}
