import JSON

#if canImport(Glibc)
  import Glibc
#endif

/// Amounts with units, as people write them in manifests.
public enum Quantity {
  public enum Unit: String, Sendable, CaseIterable {
    /// Cores: `2`, `0.5`, `"500m"`. Parsed to thousandths of a core.
    case cpu
    /// Bytes: `134217728`, `"128Mi"`, `"1.5G"`. Parsed to bytes.
    case bytes
    /// Time: `"250ms"`, `"10s"`, `"1m30s"`, `"2h"`, or a number of seconds. Parsed to milliseconds.
    case duration

    public var accepted: String {
      switch self {
      case .cpu: "cores such as 2, 0.5 or 500m, from 1m to 4096"
      case .bytes: "bytes such as 134217728, 128Mi or 1G (K, M, G, T by 1000; Ki, Mi, Gi, Ti by 1024)"
      case .duration: "a time such as 250ms, 10s, 1m30s or 2h, or a number of seconds, up to 8760h"
      }
    }

    var range: ClosedRange<Int64> {
      switch self {
      case .cpu: 1...4_096_000
      case .bytes: 0...(1 << 60)
      case .duration: 0...8760 * 3_600_000
      }
    }

    fileprivate var suffixes: [String: Double] {
      switch self {
      case .cpu: ["": 1000, "m": 1]
      case .bytes:
        [
          "": 1, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1024, "Mi": 1_048_576, "Gi": 1_073_741_824,
          "Ti": 1_099_511_627_776,
        ]
      case .duration: ["": 1000, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000]
      }
    }
  }

  /// The amount in the smallest unit (see ``Unit``); `nil` when the text is none or out of range.
  public static func parse(_ value: JSON, _ unit: Unit) -> Int64? {
    switch value {
    case .integer(let number): scaled(Double(number), unit.suffixes[""] ?? 1, unit)
    case .number(let number): scaled(number, unit.suffixes[""] ?? 1, unit)
    case .string(let text): parse(text, unit)
    default: nil
    }
  }

  public static func parse(_ text: String, _ unit: Unit) -> Int64? {
    var rest = Substring(text)
    var total: Int64 = 0
    var parts = 0
    repeat {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      guard !digits.isEmpty, let number = Double(digits) else { return nil }
      rest = rest.dropFirst(digits.count)
      let suffix = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(suffix.count)
      guard let factor = unit.suffixes[String(suffix)], let amount = scaled(number, factor, unit) else { return nil }
      total += amount
      parts += 1
      guard total <= unit.range.upperBound else { return nil }
      // Only times are sums (1m30s), and every part of a sum names its unit.
      if !rest.isEmpty || parts > 1 { guard unit == .duration, !suffix.isEmpty else { return nil } }
    } while !rest.isEmpty
    return total
  }

  private static func scaled(_ number: Double, _ factor: Double, _ unit: Unit) -> Int64? {
    let amount = (number * factor).rounded()
    guard amount.isFinite, amount >= Double(unit.range.lowerBound), amount <= Double(unit.range.upperBound) else {
      return nil
    }
    return Int64(amount)
  }
}

/// Signals by name (signal(7)).
public enum SignalName {
  private static let numbers: [String: Int32] = [
    "SIGHUP": SIGHUP, "SIGINT": SIGINT, "SIGQUIT": SIGQUIT, "SIGILL": SIGILL, "SIGTRAP": SIGTRAP, "SIGABRT": SIGABRT,
    "SIGBUS": SIGBUS, "SIGFPE": SIGFPE, "SIGKILL": SIGKILL, "SIGUSR1": SIGUSR1, "SIGSEGV": SIGSEGV, "SIGUSR2": SIGUSR2,
    "SIGPIPE": SIGPIPE, "SIGALRM": SIGALRM, "SIGTERM": SIGTERM, "SIGCHLD": SIGCHLD, "SIGCONT": SIGCONT,
    "SIGSTOP": SIGSTOP, "SIGTSTP": SIGTSTP, "SIGTTIN": SIGTTIN, "SIGTTOU": SIGTTOU, "SIGURG": SIGURG,
    "SIGXCPU": SIGXCPU, "SIGXFSZ": SIGXFSZ, "SIGVTALRM": SIGVTALRM, "SIGPROF": SIGPROF, "SIGWINCH": SIGWINCH,
    "SIGIO": SIGIO, "SIGPWR": SIGPWR, "SIGSYS": SIGSYS,
  ]

  public static func number(_ name: String) -> Int32? { numbers[name] }
  public static func name(_ number: Int32) -> String { numbers.first { $0.value == number }?.key ?? "signal \(number)" }
}

enum IPAddressText {
  static func isValid(_ text: String) -> Bool {
    var address = in6_addr()
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
  }
}
