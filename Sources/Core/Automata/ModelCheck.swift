/// What is wrong with a model, so that it cannot be run.
public struct ModelProblem: Error, Sendable, Equatable {
  /// The part that it is about.
  public enum Subject: Sendable, Equatable {
    case automaton
    case state(Int)
    case transition(Int)
    case variable(Int)
    case port(Int)
    case resource(Int)
    case observableState(Int)
  }

  public enum Rule: UInt8, Sendable {
    case noStates = 1
    case noInitialState = 2
    case initialStateHasParent = 3
    case transitionWithoutSource = 4
    case transitionWithoutTarget = 5
    case portWithoutVariable = 6
    case portDirectionDiffers = 7
    case portTypeDiffers = 8
    case observableStateUnknown = 9
    case resourceWithoutCapacity = 10
    case nameEmpty = 11
    case nameNotAnIdentifier = 12
    case nameTwice = 13
    case parentUnknown = 14
    case parentAfterChild = 15
    case initialChildMissing = 16
    case initialChildNotAChild = 17
    case initialChildOfParallel = 18
    case historyWithoutChildren = 19
    case faultStateUnknown = 20
    case tableVariable = 21
    case initialValueType = 22
    case negativeTime = 23
    case windowEndsBeforeItBegins = 24
    case thresholdNotANumber = 25
    case tooMany = 26
    case textTooLong = 27
  }

  public var rule: Rule
  public var subject: Subject
}

extension Automaton {
  public static var countMax: Int { 0xFFFE }

  /// Everything that is wrong with the model; none when it can be run.
  ///
  /// Names of states, transitions and variables are unique. Those of variables, which scripts use, are identifiers: a
  /// letter or underscore, then letters, digits, underscores.
  public func problems() -> [ModelProblem] {
    var checker = ModelChecker(automaton: self)
    checker.check()
    return checker.problems
  }
}

private struct ModelChecker {
  let automaton: Automaton
  var problems: [ModelProblem] = []

  private mutating func add(_ rule: ModelProblem.Rule, _ subject: ModelProblem.Subject) {
    problems.append(ModelProblem(rule: rule, subject: subject))
  }

  private func isState(_ index: StateIndex) -> Bool { index.index < automaton.states.count }

  mutating func check() {
    guard
      automaton.states.count <= Automaton.countMax, automaton.transitions.count <= Automaton.countMax,
      automaton.variables.count <= Automaton.countMax
    else { return add(.tooMany, .automaton) }
    checkAutomaton()
    checkStates()
    checkTransitions()
    checkVariables()
    checkBlackBox()
  }

  private mutating func checkAutomaton() {
    if automaton.states.isEmpty { return add(.noStates, .automaton) }
    if !isState(automaton.initialState) {
      add(.noInitialState, .automaton)
    } else if !automaton.states[automaton.initialState.index].parent.isNone {
      add(.initialStateHasParent, .automaton)
    }
    if case .faultState(let state) = automaton.errorPolicy, !isState(state) { add(.faultStateUnknown, .automaton) }
    if automaton.name.count > 0xFFFF || automaton.version.count > 0xFFFF || automaton.author.count > 0xFFFF
      || automaton.location.count > 0xFFFF || automaton.tags.contains(where: { $0.count > 0xFFFF })
    {
      add(.textTooLong, .automaton)
    }
  }

  private mutating func checkNames(_ names: [Name], _ subject: (Int) -> ModelProblem.Subject) {
    var order = Array(names.indices)
    order.sort { isLess(names[$0], names[$1]) || (names[$0] == names[$1] && $0 < $1) }
    for (place, index) in order.enumerated() {
      if names[index].isEmpty { add(.nameEmpty, subject(index)) }
      if names[index].count > 0xFFFF { add(.textTooLong, subject(index)) }
      if place > 0, !names[index].isEmpty, names[order[place - 1]] == names[index] { add(.nameTwice, subject(index)) }
    }
  }

  private func isLess(_ left: Name, _ right: Name) -> Bool { left.lexicographicallyPrecedes(right) }

  private mutating func checkStates() {
    checkNames(automaton.states.map { $0.name }) { .state($0) }
    var childCounts = [Int](repeating: 0, count: automaton.states.count)
    for state in automaton.states where isState(state.parent) { childCounts[state.parent.index] += 1 }
    for (index, state) in automaton.states.enumerated() {
      if !state.parent.isNone {
        if !isState(state.parent) {
          add(.parentUnknown, .state(index))
        } else if state.parent.index >= index {
          add(.parentAfterChild, .state(index))
        }
      }
      let hasChildren = childCounts[index] > 0
      if hasChildren && !state.isParallel {
        if state.initialChild.isNone || !isState(state.initialChild) {
          add(.initialChildMissing, .state(index))
        } else if automaton.states[state.initialChild.index].parent != StateIndex(index) {
          add(.initialChildNotAChild, .state(index))
        }
      } else if !state.initialChild.isNone {
        add(state.isParallel ? .initialChildOfParallel : .initialChildNotAChild, .state(index))
      }
      if !hasChildren && (state.history != .none || state.isParallel) { add(.historyWithoutChildren, .state(index)) }
    }
  }

  private mutating func checkTransitions() {
    checkNames(automaton.transitions.map { $0.name }) { .transition($0) }
    for (index, transition) in automaton.transitions.enumerated() {
      if !isState(transition.from) { add(.transitionWithoutSource, .transition(index)) }
      if !isState(transition.to) { add(.transitionWithoutTarget, .transition(index)) }
      switch transition.trigger {
      case .timed(let timed):
        if timed.delay < 0 || timed.jitter < 0 || timed.windowEnd < 0 || timed.absoluteTime < 0 {
          add(.negativeTime, .transition(index))
        }
        if timed.mode == .window, timed.windowEnd != 0, timed.windowEnd < timed.delay {
          add(.windowEndsBeforeItBegins, .transition(index))
        }
      case .event(let event):
        if event.debounce < 0 { add(.negativeTime, .transition(index)) }
        for signal in event.signals where signal.kind == .onThreshold && signal.threshold.asDouble == nil {
          add(.thresholdNotANumber, .transition(index))
        }
      default: break
      }
    }
  }

  private mutating func checkVariables() {
    checkNames(automaton.variables.map { $0.name }) { .variable($0) }
    for (index, variable) in automaton.variables.enumerated() {
      if !isIdentifier(variable.name) { add(.nameNotAnIdentifier, .variable(index)) }
      if variable.type == .table {
        add(.tableVariable, .variable(index))
      } else if variable.initial.type != variable.type {
        add(.initialValueType, .variable(index))
      }
    }
  }

  private func isIdentifier(_ name: Name) -> Bool {
    for (index, byte) in name.enumerated() {
      let isLetter = (byte | 0x20) &- 97 < 26 || byte == 95
      guard isLetter || (index > 0 && byte &- 48 < 10) else { return false }
    }
    return true
  }

  private mutating func checkBlackBox() {
    guard let blackBox = automaton.blackBox else { return }
    for (index, port) in blackBox.ports.enumerated() {
      guard let variable = automaton.variables.first(where: { $0.name == port.name }) else {
        add(.portWithoutVariable, .port(index))
        continue
      }
      if variable.direction != port.direction { add(.portDirectionDiffers, .port(index)) }
      if port.type != .void && variable.type != port.type { add(.portTypeDiffers, .port(index)) }
    }
    for (index, state) in blackBox.observableStates.enumerated() where !isState(state) {
      add(.observableStateUnknown, .observableState(index))
    }
    for (index, resource) in blackBox.resources.enumerated() where resource.capacity == 0 {
      add(.resourceWithoutCapacity, .resource(index))
    }
  }
}

extension AutomatonValue {
  /// A number, or a boolean as 0 or 1.
  public var asDouble: Double? {
    switch self {
    case .bool(let value): value ? 1 : 0
    case .int32(let value): Double(value)
    case .int64(let value): Double(value)
    case .float32(let value): Double(value)
    case .float64(let value): value
    case .void, .string, .binary: nil
    }
  }
}
