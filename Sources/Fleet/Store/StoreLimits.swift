/// Bounds of what is accepted and kept.
public enum StoreLimits {
  /// Encoded bytes of one resource.
  public static let resourceBytesMax = 1 << 20
  /// UTF-8 bytes of an owner, a kind or a name.
  public static let keyComponentBytesMax = 512
  public static let labelsMax = 64
  /// UTF-8 bytes of a label's name or value.
  public static let labelBytesMax = 253
  public static let finalizersMax = 32
  /// Arrays and objects inside each other, in `spec` and in `status`.
  public static let jsonDepthMax = 64
  /// Writes in one transaction.
  public static let transactionWritesMax = 256
  /// Requests that may wait for the writer.
  public static let queuedWritesMax = 16_384
  /// Requests that share one synced write.
  public static let groupRequestsMax = 512
  /// How long a group may wait for as many requests as the one before had.
  public static let gatheringNanosecondsMax: Int64 = 200_000
  /// Encoded bytes after which a group takes no further request.
  public static let groupBytesMax = 4 << 20
  /// Changes kept in memory for watchers; who is further behind reads the log.
  public static let recentChangesMax = 4096
  /// Encoded bytes of these changes.
  public static let recentBytesMax = 16 << 20
  /// Changes that a watcher takes at a time from the log.
  public static let logChunkChangesMax = 256
  /// Encoded bytes of them.
  public static let logChunkBytesMax = 2 << 20
  /// Revisions between two looks at what of the log can go.
  public static let compactionInterval: Int64 = 1024
}
