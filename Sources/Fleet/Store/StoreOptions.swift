import Model

/// How a store works. The defaults are meant for a daemon.
public struct StoreOptions: Sendable {
  /// Gives the time of creations, deletions and changes.
  public var clock: @Sendable () -> Timestamp = { Timestamp.now() }
  /// Gives the identity of a new resource.
  public var makeUID: @Sendable () -> String = StoreOptions.randomUID
  /// Changes kept for watchers to resume from.
  public var changesMax: Int64 = 100_000
  /// Changes older than this go before `changesMax` is reached. Whole seconds.
  public var changeAge: Duration = .seconds(24 * 3600)
  /// With fewer bytes free on the file system only deletions are accepted, so that the database never runs dry in the
  /// middle of its own work. 0 switches this off.
  public var freeBytesMin: UInt64 = 16 << 20
  /// Threads that read for lists and watchers.
  public var readerThreads = 2

  public init() {}

  var fullMessage: String { "fewer than \(freeBytesMin >> 20) MiB are free" }

  /// 128 random bits as 32 hexadecimal digits.
  @Sendable public static func randomUID() -> String {
    var generator = SystemRandomNumberGenerator()
    let digits = (0..<2).map { _ in
      let text = String(generator.next(), radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }
    return digits.joined()
  }
}
