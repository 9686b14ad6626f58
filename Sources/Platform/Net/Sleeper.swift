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
    self.continuation = continuation
    timer = loop.schedule(after: duration) { self.finish(.success(())) }
  }

  func cancel() {
    isCancelled = true
    if let timer { loop.cancel(timer) }
    finish(.failure(CancellationError()))
  }

  private func finish(_ result: Result<Void, any Error>) {
    guard let continuation else { return }
    self.continuation = nil
    continuation.resume(with: result)
  }
}
