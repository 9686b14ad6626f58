/// A POSIX signal by its Linux number (signal(7); x86-64 and arm64).
public struct PosixSignal: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
  public var rawValue: Int32

  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  public static let hangUp = PosixSignal(rawValue: 1)
  public static let interrupt = PosixSignal(rawValue: 2)
  public static let quit = PosixSignal(rawValue: 3)
  public static let kill = PosixSignal(rawValue: 9)
  public static let user1 = PosixSignal(rawValue: 10)
  public static let terminate = PosixSignal(rawValue: 15)

  private static let names = [
    "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
    "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
    "WINCH", "IO", "PWR", "SYS",
  ]

  /// By name, with or without `SIG`, in any case, or by number 1 to 64.
  public init?(name: String) {
    let upper = name.uppercased()
    let bare = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
    if let number = Int32(bare), (1...64).contains(number) {
      rawValue = number
    } else if let number = PosixSignal.names.firstIndex(of: bare), number > 0 {
      rawValue = Int32(number)
    } else {
      return nil
    }
  }

  /// `SIGTERM`, or the number of a signal without a name.
  public var description: String {
    PosixSignal.names.indices.contains(Int(rawValue)) && rawValue > 0
      ? "SIG" + PosixSignal.names[Int(rawValue)] : "\(rawValue)"
  }
}
