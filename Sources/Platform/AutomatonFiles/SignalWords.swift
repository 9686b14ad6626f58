import Automata

/// Words of triggers and timers in files.
enum SignalWords {
  static func word(_ kind: SignalTrigger.Kind) -> String {
    switch kind {
    case .onChange: "on_change"
    case .onRise: "on_rise"
    case .onFall: "on_fall"
    case .onThreshold: "on_threshold"
    case .onMatch: "on_match"
    }
  }

  static func sign(_ comparison: SignalTrigger.Comparison) -> String {
    switch comparison {
    case .equal: "=="
    case .notEqual: "!="
    case .less: "<"
    case .lessOrEqual: "<="
    case .greater: ">"
    case .greaterOrEqual: ">="
    }
  }

  static func mode(_ mode: Timed.Mode) -> String {
    switch mode {
    case .after: "after"
    case .at: "at"
    case .every: "every"
    case .timeout: "timeout"
    case .window: "window"
    }
  }
}

extension SignalTrigger {
  /// Whether the threshold says more than its default.
  var hasThreshold: Bool { kind == .onThreshold || comparison != .greater || threshold != .void || isOneShot }
}
