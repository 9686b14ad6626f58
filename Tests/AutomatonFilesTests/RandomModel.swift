import Automata
import PythonPeer

/// Valid models with every feature, and with texts that are hard to spell.
struct RandomModel {
  var numbers: SeededNumbers
  private var used: Set<String> = []

  init(_ numbers: SeededNumbers) { self.numbers = numbers }

  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &numbers) }
  mutating func isTrue(_ percent: Int = 50) -> Bool { below(100) < percent }
  mutating func pick<Element>(_ list: [Element]) -> Element { list[below(list.count)] }

  private static let pieces = [
    "a", "Z", "7", " ", "  ", "\n", "\t", "\"", "'", "#", ": ", "- ", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">",
    "%",
    "@", "`", "~", "null", "true", "yes", "0x1F", "1.10", ".5", "é", "日本", "😀", "\u{7}", "\u{85}", "\u{2028}", "\r",
    "\r\n", "\u{FEFF}", "\\", "<<", "=", "?", "word", "two words", "end", "\u{A0}", "...", "---", "\u{0}", "\u{1F}",
  ]

  /// Any text at all.
  mutating func anyText() -> Name {
    if isTrue(30) { return Array("plain words".utf8) }
    var text = ""
    for _ in 0..<below(7) { text += pick(RandomModel.pieces) }
    return Array(text.utf8)
  }

  mutating func maybeText() -> Name { isTrue(30) ? anyText() : [] }

  mutating func uniqueName(_ identifier: Bool, fileSafe: Bool = false) -> Name {
    while true {
      var text = pick(["Idle", "Run", "x", "temp", "state", "_v"])
      if isTrue(70) { text += String(below(1000)) }
      if !identifier, isTrue(25) { text += pick(RandomModel.pieces) + pick(RandomModel.pieces) }
      if fileSafe, text.utf8.contains(0) { continue }
      if used.insert(text).inserted { return Array(text.utf8) }
    }
  }

  mutating func script() -> Name {
    if isTrue(40) { return [] }
    let statements = [
      "x = 1", "local a <const> = 2", "setVal(\"heater\", true)", "if x then\n  y = 2\nend",
      "for i = 1, 3 do z = i end",
      "-- note", "s = [[\n long\n  text]]", "repeat x = 1 until true", "", "  indented()", "t = {['a'] = 1; 2}",
      "function helper() return 1 end", "return", "--[[ end ]] w = 'end'", "do goto done ::done:: end",
    ]
    var lines: [String] = []
    for _ in 0...below(4) {
      let line = pick(statements)
      lines.append(line)
      // Nothing may follow a return.
      if line == "return" { break }
    }
    return Array((lines.joined(separator: "\n") + (isTrue(60) ? "\n" : "")).utf8)
  }

  /// A file of scripts that defines some of these functions.
  mutating func file(_ functions: [String]) -> Name {
    var text = pick(["", "-- a file\n", "local step <const> = 1\n", "local function helper() return 'end' end\n"])
    for function in functions where isTrue() {
      text += "function \(function)()\n" + String(decoding: script(), as: UTF8.self) + pick(["\nend", " end"]) + "\n"
    }
    // A comment at the end of a script would swallow the word that ends the function.
    return text.contains("note end") ? [] : Array(text.utf8)
  }

  mutating func expression() -> Name {
    if isTrue(30) { return [] }
    return Array(
      pick([
        "true", "x > 5", "value(\"temp\") >= 21.5 and not done", " x == 'a: b' ", "x\n  and y", "x -- why\n",
        "x -- why", "(function()\n  return 1\nend)()", "(function()\nreturn x\nend)()", "\"quoted\" == x", "0x10", "1",
        "nil", "x ~= nil\n", "# t > 2", "{1, 2}", "[[a\nb]] == x",
      ]).utf8)
  }

  mutating func value(_ type: ValueType) -> AutomatonValue {
    if isTrue(20) { return .zero(of: type) }
    switch type {
    case .void, .table: return .void
    case .bool: return .bool(isTrue())
    case .int32: return .int32(pick([.min, .max, -1, 7, Int32.random(in: .min ... .max, using: &numbers)]))
    case .int64: return .int64(pick([.min, .max, -1, 7, Int64.random(in: .min ... .max, using: &numbers)]))
    case .float32:
      let bits = Float(bitPattern: UInt32.random(in: 0 ... .max, using: &numbers))
      return .float32(pick([0.1, -0.0, .infinity, -.infinity, 1e30, 3, .leastNonzeroMagnitude, bits.isNaN ? 2 : bits]))
    case .float64:
      let bits = Double(bitPattern: UInt64.random(in: 0 ... .max, using: &numbers))
      return .float64(pick([0.1, -0.0, .infinity, 1e300, 1e22, 3, .leastNonzeroMagnitude, bits.isNaN ? 2 : bits]))
    case .string: return .string(anyText())
    case .binary: return .binary((0..<below(9)).map { _ in UInt8.random(in: 0...255, using: &numbers) })
    }
  }

  // MARK: Parts

  mutating func automaton(folder: Bool = false) -> Automaton {
    used = []
    var automaton = Automaton(name: anyText())
    automaton.version = maybeText()
    automaton.description = maybeText()
    automaton.author = maybeText()
    for _ in 0..<below(3) { automaton.tags.append(anyText()) }
    automaton.layout = folder ? .folder : .inline
    if folder { automaton.location = Array(pick([".", "src", "a b/c"]).utf8) }
    automaton.semantics = pick([nil, .strict, .compat])
    addTarget(&automaton)
    for _ in 0..<below(6) { automaton.variables.append(variable()) }
    addStates(&automaton, folder)
    for _ in 0..<below(8) { automaton.transitions.append(transition(automaton, folder)) }
    let roots = automaton.states.indices.filter { automaton.states[$0].parent.isNone }
    automaton.initialState = StateIndex(pick(roots))
    automaton.errorPolicy = pick([.continue, .stop, .faultState(StateIndex(below(automaton.states.count)))])
    if isTrue(40) { addContract(&automaton) }
    return automaton
  }

  private mutating func addTarget(_ automaton: inout Automaton) {
    if isTrue(30) { automaton.target.profile = Array("desktop_v1".utf8) }
    for _ in 0..<(isTrue(20) ? 2 : 0) {
      automaton.target.resources.append(
        HardwareResource(kind: anyText(), name: anyText(), pins: (0..<below(3)).map { Int32($0 * 5) }))
      var component = HardwareComponent(name: anyText())
      component.manifest = maybeText()
      component.registration = maybeText()
      automaton.target.components.append(component)
    }
  }

  private mutating func variable() -> Variable {
    let type = pick([ValueType.void, .bool, .int32, .int64, .float32, .float64, .string, .binary])
    var variable = Variable(name: uniqueName(true), type: type, direction: pick([.input, .output, .internal]))
    variable.initial = value(type)
    variable.description = maybeText()
    return variable
  }

  private mutating func listed(_ automaton: Automaton) -> [UInt16] {
    automaton.variables.isEmpty || isTrue(60)
      ? [] : (0..<below(3)).map { _ in UInt16(below(automaton.variables.count)) }
  }

  private mutating func addStates(_ automaton: inout Automaton, _ folder: Bool) {
    for index in 0...below(9) {
      var state = State(name: uniqueName(false, fileSafe: folder))
      state.description = maybeText()
      state.inputs = listed(automaton)
      state.outputs = listed(automaton)
      state.variables = listed(automaton)
      state.onEnter = script()
      state.body = script()
      state.onExit = script()
      if folder {
        state.file = file(["body", "on_enter", "on_exit"])
        if isTrue(60) {
          (state.onEnter, state.body, state.onExit) = ([], [], [])
        } else {
          state.file = file(["condition"])
        }
      }
      if index > 0, isTrue(35) { state.parent = StateIndex(below(index)) }
      if isTrue(20) { state.position = Position(x: Double(below(500)) / 4, y: -1e-3 * Double(below(9))) }
      automaton.states.append(state)
    }
    for index in automaton.states.indices {
      let children = automaton.states.indices.filter { automaton.states[$0].parent == StateIndex(index) }
      guard !children.isEmpty else { continue }
      automaton.states[index].isParallel = isTrue(30)
      automaton.states[index].history = pick([.none, .shallow, .deep])
      if !automaton.states[index].isParallel { automaton.states[index].initialChild = StateIndex(pick(children)) }
    }
  }

  private mutating func span() -> Int32 { pick([0, 1, 250, 1000, 90_000, 7_200_000, .max, Int32(below(100_000))]) }

  private mutating func signal(_ automaton: Automaton) -> SignalTrigger {
    var signal = SignalTrigger(
      signal: isTrue(80) && !automaton.variables.isEmpty ? pick(automaton.variables).name : anyText())
    signal.direction = pick([.input, .output, .internal])
    signal.kind = pick([.onChange, .onRise, .onFall, .onThreshold, .onMatch])
    if signal.kind == .onThreshold {
      signal.threshold = value(pick([.float64, .float64, .int32, .int64, .float32, .bool]))
    } else if isTrue(10) {
      signal.threshold = value(pick([.string, .binary, .int32]))
    }
    if isTrue(30) { signal.comparison = pick([.equal, .notEqual, .less, .lessOrEqual, .greaterOrEqual]) }
    signal.isOneShot = isTrue(20)
    signal.pattern = maybeText()
    return signal
  }

  private mutating func transition(_ automaton: Automaton, _ folder: Bool) -> Transition {
    let trigger: Trigger
    switch below(5) {
    case 0: trigger = .classic(Classic(condition: expression(), isRisingEdge: isTrue(20)))
    case 1:
      var timed = Timed(mode: pick([.after, .at, .every, .timeout, .window]), delay: span())
      timed.windowEnd = isTrue(30) ? max(span(), timed.delay) : 0
      timed.jitter = isTrue(30) ? span() : 0
      timed.repeatCount = UInt32(isTrue(30) ? below(9) : 0)
      timed.absoluteTime = isTrue(20) ? Int64.random(in: 0 ... .max, using: &numbers) : 0
      timed.condition = expression()
      timed.isBlocking = isTrue(20)
      trigger = .timed(timed)
    case 2:
      var event = Event(signals: (0..<below(3)).map { _ in signal(automaton) })
      event.requiresAll = isTrue(20)
      event.debounce = isTrue(30) ? span() : 0
      event.condition = expression()
      trigger = .event(event)
    case 3:
      trigger = .probabilistic(
        Probabilistic(weightExpression: expression(), weightMin: UInt32(isTrue(30) ? below(300) : 0)))
    default: trigger = .immediate
    }
    var transition = Transition(
      name: uniqueName(false, fileSafe: folder), from: StateIndex(below(automaton.states.count)),
      to: StateIndex(below(automaton.states.count)), trigger: trigger)
    transition.description = maybeText()
    transition.body = script()
    transition.triggered = script()
    if folder, isTrue(50) { transition.file = file(["on_enter", "helper"]) }
    transition.priority = isTrue(30) ? UInt8(below(256)) : 0
    transition.weight = isTrue(40) ? pick([0, 1, 35, 65_535, .max, UInt32(below(100_000))]) : 100
    transition.isEnabled = isTrue(90)
    return transition
  }

  private mutating func addContract(_ automaton: inout Automaton) {
    var box = BlackBox()
    for variable in automaton.variables where isTrue(60) {
      var port = Port(name: variable.name)
      port.direction = variable.direction
      port.type = isTrue() ? variable.type : .void
      port.isObservable = isTrue()
      port.isFaultInjectable = isTrue()
      port.isLatencyCritical = isTrue()
      port.description = maybeText()
      box.ports.append(port)
    }
    for _ in 0..<below(3) { box.emittedEvents.append(anyText()) }
    for _ in 0..<below(3) { box.observableStates.append(StateIndex(below(automaton.states.count))) }
    for _ in 0..<below(3) {
      var resource = SharedResource(name: uniqueName(false))
      resource.kind = maybeText()
      resource.capacity = pick([1, 2, .max])
      resource.isShared = isTrue()
      resource.isLatencySensitive = isTrue()
      resource.description = maybeText()
      box.resources.append(resource)
    }
    automaton.blackBox = box
  }
}
