import Wasmtime

/// How long an app computes, in time on a processor, so that a busy machine does not count against it. Used by its thread.
final class ExecutionWatch {
  private let limit: Int64
  private let percent: Int64
  private let waker: Waker
  /// What it had used when it last waited; `nil`: since the next tick.
  private var began: Int64?
  private var windowBegan = monotonicNanoseconds()
  private var usedBefore: Int64

  /// - Parameters:
  ///   - limit: without a call that waits.
  ///   - percent: of one processor over a second; `nil`: as much as is free.
  init(limit: Duration, percent: Int?, waker: Waker) {
    let (seconds, attoseconds) = limit.components
    self.limit = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    self.percent = Int64(percent.map { max(1, $0) } ?? 0)
    self.waker = waker
    usedBefore = threadNanoseconds()
  }

  /// The time that it may compute begins anew.
  func restart() { began = nil }

  /// Called every few milliseconds while it computes.
  func tick() -> Trap.Reason? {
    let used = threadNanoseconds()
    let began = began ?? used
    self.began = began
    if used - began >= limit { return .deadline }
    if percent > 0, percent < 100 { holdUp(used) }
    return nil
  }

  /// Waits when it has used more than its share.
  private func holdUp(_ used: Int64) {
    let now = monotonicNanoseconds()
    let allowedAt = windowBegan + (used - usedBefore) * 100 / percent
    if allowedAt > now { waker.wait(until: min(allowedAt, now + 1_000_000_000)) }
    if now - windowBegan > 1_000_000_000 {
      windowBegan = monotonicNanoseconds()
      usedBefore = used
    }
  }
}
