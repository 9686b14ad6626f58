import CNet
import Glibc
import Synchronization

extension EventLoop {
  /// Ends the loop: connections and watches are closed, what is queued is run, then the thread ends and is joined.
  /// Timers that are not due are dropped. Blocks; not callable on a loop. Harmless when repeated.
  public func shutdown() {
    precondition(!inEventLoop, "a loop cannot wait for its own end")
    let first = shutdownRequested.exchange(true, ordering: .acquiringAndReleasing) == false
    guard first else { return }
    execute { self.isStopping = true }
    pthread_join(thread, nil)
  }

  /// Runs on the loop's thread after the last turn.
  func finish() {
    for source in sources.all { source.loopWillShutDown() }
    runJobs()
    flushDirty()
    for sleeper in sleepers.values { sleeper.loopWillShutDown() }
    timers.removeAll()
    while let (_, done) = advances.popLast() { done.resume() }
    runJobs()
    threadIdentity.store(0, ordering: .relaxed)
    afterlife.withLock { $0.threadEnded = true }
    continueAfterEnd()
  }

  /// Jobs that reach a loop after its end (a task that was elsewhere at that moment) still run, on a thread of their
  /// own and one after the other, so that no task hangs for ever.
  func continueAfterEnd() {
    guard shutdownRequested.load(ordering: .acquiring) else { return }
    let mustStart = afterlife.withLock { state -> Bool in
      guard state.threadEnded, !state.isRunning, inbox.withLock({ !$0.isEmpty }) || !localWork.isEmpty else {
        return false
      }
      state.isRunning = true
      return true
    }
    guard mustStart else { return }
    var helper = pthread_t()
    let status = pthread_create(
      &helper, nil,
      { argument in
        if let argument { Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue().runAfterEnd() }
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    if status == 0 { pthread_detach(helper) } else { Unmanaged.passUnretained(self).release() }
  }

  private func runAfterEnd() {
    threadIdentity.store(cnet_thread_identity(), ordering: .relaxed)
    wakeState.store(WakeState.hasWork, ordering: .relaxed)
    runJobs()
    threadIdentity.store(0, ordering: .relaxed)
    afterlife.withLock { $0.isRunning = false }
    continueAfterEnd()
  }
}
