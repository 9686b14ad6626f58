import Automata

/// A kind of device, with what an automaton for it may be.
public struct TargetProfile: Sendable, Equatable {
  public enum Scripts: Sendable, Equatable {
    /// The whole script language.
    case full
    /// The subset that runs without an interpreter; see `IRSubset`.
    case subset
  }

  /// Bounds; `nil` is none.
  public struct Limits: Sendable, Equatable {
    public var states: Int?
    public var transitions: Int?
    public var variables: Int?
    /// Bytes of one name or text value.
    public var stringBytes: Int?
    /// Bytes of one script.
    public var scriptBytes: Int?
    /// Events that wait.
    public var queue: Int?
    /// Bytes of what is sent to the device.
    public var artifactBytes: Int?
  }

  public var name: String
  public var scripts: Scripts
  public var limits: Limits
  /// Bytes of free memory that the device needs before it loads; 0 when nothing is known.
  public var heapMin: Int

  private init(_ name: String, _ scripts: Scripts, _ limits: Limits, heapMin: Int = 0) {
    self.name = name
    self.scripts = scripts
    self.limits = limits
    self.heapMin = heapMin
  }

  private static func boardLimits(scriptBytes: Int) -> Limits {
    Limits(
      states: 256, transitions: 512, variables: 128, stringBytes: 4096, scriptBytes: scriptBytes, queue: 128,
      artifactBytes: 256_000)
  }

  public static let all: [TargetProfile] = [
    TargetProfile("desktop_v1", .full, Limits()),
    TargetProfile("esp32_lua_v1", .full, boardLimits(scriptBytes: 65_536), heapMin: 81_920),
    TargetProfile("mcxn947_lua_v1", .full, boardLimits(scriptBytes: 65_536), heapMin: 65_536),
    TargetProfile("esp32_ir_v1", .subset, boardLimits(scriptBytes: 32_768)),
    TargetProfile(
      "avr_uno_v1", .subset,
      Limits(
        states: 16, transitions: 32, variables: 16, stringBytes: 256, scriptBytes: 1024, queue: 16, artifactBytes: 4096)
    ),
  ]

  /// `nil` for an unknown name.
  public static func named(_ name: Name) -> TargetProfile? { all.first { Array($0.name.utf8) == name } }

  /// What keeps an automaton from running on such a device.
  public func problems(in automaton: Automaton) -> [ProfileProblem] {
    var found = limitProblems(in: automaton) + boardProblems(in: automaton)
    if scripts == .subset { found += IRSubset.problems(in: automaton) }
    return found
  }
}

/// Something that a device cannot take.
public struct ProfileProblem: Sendable, Equatable {
  public var subject: ModelProblem.Subject
  /// Names the limit and the value.
  public var message: String
  public var fix: String
  /// Outside the subset that runs without an interpreter, rather than over a limit.
  public var isSubset: Bool

  init(_ subject: ModelProblem.Subject, _ message: String, fix: String = "", isSubset: Bool = false) {
    self.subject = subject
    self.message = message
    self.fix = fix
    self.isSubset = isSubset
  }
}

extension TargetProfile {
  private func limitProblems(in automaton: Automaton) -> [ProfileProblem] {
    var found: [ProfileProblem] = []
    func check(_ value: Int, _ limit: Int?, _ subject: ModelProblem.Subject, _ what: String) {
      guard let limit, value > limit else { return }
      found.append(ProfileProblem(subject, "\(value) \(what); \(name) takes at most \(limit)"))
    }
    check(automaton.states.count, limits.states, .automaton, "states")
    check(automaton.transitions.count, limits.transitions, .automaton, "transitions")
    check(automaton.variables.count, limits.variables, .automaton, "variables")
    check(automaton.name.count, limits.stringBytes, .automaton, "bytes of name")
    for (index, state) in automaton.states.enumerated() {
      check(state.name.count, limits.stringBytes, .state(index), "bytes of name")
      let scripts = [
        (state.onEnter, "on_enter"), (state.body, "code"), (state.onExit, "on_exit"), (state.file, "script file"),
      ]
      for (script, title) in scripts {
        check(script.count, limits.scriptBytes, .state(index), "bytes of \(title)")
      }
    }
    for (index, transition) in automaton.transitions.enumerated() {
      check(transition.name.count, limits.stringBytes, .transition(index), "bytes of name")
      for (script, title) in transition.scripts {
        check(script.count, limits.scriptBytes, .transition(index), "bytes of \(title)")
      }
      if case .event(let event) = transition.trigger {
        check(event.signals.count, limits.queue, .transition(index), "signals")
        for signal in event.signals {
          check(signal.pattern.count, limits.stringBytes, .transition(index), "bytes of pattern")
        }
      }
    }
    for (index, variable) in automaton.variables.enumerated() {
      check(variable.name.count, limits.stringBytes, .variable(index), "bytes of name")
      switch variable.initial {
      case .string(let bytes), .binary(let bytes):
        check(bytes.count, limits.stringBytes, .variable(index), "bytes of default")
      default: break
      }
    }
    if limits.artifactBytes != nil {
      check(artifactBytes(of: automaton), limits.artifactBytes, .automaton, "bytes of artifact")
    }
    return found
  }

  /// Bytes of the smallest artifact that holds the automaton.
  private func artifactBytes(of automaton: Automaton) -> Int {
    let payload = (try? Bytecode.encode(automaton)) ?? ModelCodec.encode(automaton)
    return Artifact(kind: .bytecode, label: automaton.name, payload: payload).encode().count
  }

  /// Pins and components of ESP32 boards.
  private func boardProblems(in automaton: Automaton) -> [ProfileProblem] {
    guard name.hasPrefix("esp32") else { return [] }
    var found: [ProfileProblem] = []
    var owners: [Int32: String] = [:]
    for resource in automaton.target.resources {
      let title = "resource \"\(String(decoding: resource.name, as: UTF8.self))\""
      for pin in resource.pins {
        if let owner = owners[pin] {
          found.append(ProfileProblem(.automaton, "\(title) takes pin \(pin), which \(owner) has"))
        } else {
          owners[pin] = title
        }
        if resource.kind == Array("dac".utf8), pin != 25, pin != 26 {
          found.append(
            ProfileProblem(.automaton, "\(title) is a DAC on pin \(pin); esp32 has them on 25 and 26", fix: "move it"))
        }
      }
    }
    let builtIn: [Name] = ["board_led", "i2c_scanner", "ssd1306_text"].map { Array($0.utf8) }
    for component in automaton.target.components
    where component.manifest.isEmpty && component.registration.isEmpty && !builtIn.contains(component.name) {
      let name = String(decoding: component.name, as: UTF8.self)
      found.append(
        ProfileProblem(
          .automaton, "the component \"\(name)\" is not built in and has neither manifest nor registration",
          fix: "name its manifest"))
    }
    return found
  }
}

extension Transition {
  /// Its scripts that are not empty, with their keys.
  var scripts: [(Name, String)] {
    var all = [(body, "body"), (triggered, "triggered"), (file, "script file")]
    switch trigger {
    case .classic(let classic): all.append((classic.condition, "condition"))
    case .timed(let timed): all.append((timed.condition, "condition"))
    case .event(let event): all.append((event.condition, "condition"))
    case .probabilistic(let probabilistic): all.append((probabilistic.weightExpression, "weight_expression"))
    case .immediate: break
    }
    return all.filter { !$0.0.isEmpty }
  }
}
