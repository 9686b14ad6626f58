import CNet
import Glibc

/// What a descriptor is ready for, or should be watched for (epoll_ctl(2)).
public struct DescriptorEvents: OptionSet, Sendable {
  public var rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  public static let readable = DescriptorEvents(rawValue: 0x1)
  /// Out-of-band data; also how `memory.pressure` and cgroup event files report.
  public static let priority = DescriptorEvents(rawValue: 0x2)
  public static let writable = DescriptorEvents(rawValue: 0x4)
  /// Always reported, also when not asked for.
  public static let error = DescriptorEvents(rawValue: 0x8)
  /// Always reported, also when not asked for.
  public static let hangUp = DescriptorEvents(rawValue: 0x10)
}

/// Something with a descriptor on an event loop. Not meant to be subclassed outside this module.
public class EventSource {
  init() {}

  /// Called on the loop's thread when the descriptor is ready.
  func ready(_ events: DescriptorEvents) {}

  /// Called on the loop's thread when the loop shuts down; the source must give up its descriptor.
  func loopWillShutDown() {}
}

/// A descriptor of someone else (pidfd, eventfd, inotify, pipe) watched by a loop.
/// The loop keeps it alive until `cancel`; the descriptor stays the caller's to close, after `cancel`.
public final class DescriptorWatch: EventSource, @unchecked Sendable {
  // Sendable: all mutable state is touched on the loop's thread only, which every method checks.
  public let loop: EventLoop
  public let descriptor: Int32
  private var handler: ((DescriptorEvents) -> Void)?

  init(loop: EventLoop, descriptor: Int32, handler: @escaping (DescriptorEvents) -> Void) {
    self.loop = loop
    self.descriptor = descriptor
    self.handler = handler
  }

  override func ready(_ events: DescriptorEvents) { handler?(events) }

  override func loopWillShutDown() { cancel() }

  /// Changes what the descriptor is watched for.
  public func update(_ interest: DescriptorEvents) {
    loop.preconditionInEventLoop()
    if handler != nil { loop.changeInterest(of: descriptor, to: interest) }
  }

  /// Ends the watch; the handler is not called again. Harmless when repeated.
  public func cancel() {
    loop.preconditionInEventLoop()
    guard handler != nil else { return }
    handler = nil
    loop.remove(descriptor)
  }
}

/// The sources of one loop, by descriptor. A generation per slot tells stale reports of a batch from live ones.
struct EventSourceTable {
  private var sources: [EventSource?] = []
  private var generations: [UInt32] = []

  /// Enters the source and gives the token to report it by.
  mutating func insert(_ source: EventSource, descriptor: Int32) -> UInt64 {
    let index = Int(descriptor)
    while sources.count <= index {
      sources.append(nil)
      generations.append(0)
    }
    generations[index] &+= 1
    sources[index] = source
    return token(of: index)
  }

  func token(descriptor: Int32) -> UInt64 { token(of: Int(descriptor)) }

  mutating func remove(descriptor: Int32) {
    let index = Int(descriptor)
    if index < sources.count { sources[index] = nil }
  }

  /// The source behind a token, unless it has gone meanwhile.
  func source(for token: UInt64) -> EventSource? {
    let index = Int(token & 0xFFFF_FFFF)
    guard index < sources.count, generations[index] == UInt32(token >> 32) else { return nil }
    return sources[index]
  }

  var all: [EventSource] { sources.compactMap(\.self) }

  private func token(of index: Int) -> UInt64 { UInt64(generations[index]) << 32 | UInt64(index) }
}
