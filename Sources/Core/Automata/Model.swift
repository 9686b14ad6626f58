// The model of an automaton: plain data, the same on every target. Names, scripts and descriptions are UTF-8 bytes.

/// A name or a text, as UTF-8.
public typealias Name = [UInt8]

/// A state machine as its author wrote it. References between its parts are positions in its lists.
public struct Automaton: Sendable, Equatable {
  public var name: Name
  public var version: Name = []
  public var description: Name = []
  public var author: Name = []
  public var tags: [Name] = []
  public var layout: Layout = .inline
  /// Folder of the scripts, relative to the document; `.` by default.
  public var location: Name = [0x2E]
  public var target = Target()
  /// Which rules it is run by; `nil` leaves it to whoever runs it (`strict`).
  public var semantics: Semantics?
  public var errorPolicy: ErrorPolicy = .continue
  /// In order of declaration, parents before their children.
  public var states: [State] = []
  /// In order of declaration.
  public var transitions: [Transition] = []
  public var variables: [Variable] = []
  /// State that it begins in; of a hierarchy, one without parent.
  public var initialState: StateIndex = .none
  public var blackBox: BlackBox?

  public init(name: Name) { self.name = name }
}

/// Position of a state in `Automaton.states`; as on the wire of the device protocol, 0xFFFF is none.
public struct StateIndex: Sendable, Hashable, Comparable {
  public var raw: UInt16
  @inline(__always) public init(_ index: Int) { raw = UInt16(truncatingIfNeeded: index) }
  @inline(__always) public init(raw: UInt16) { self.raw = raw }
  @inline(__always) public var index: Int { Int(raw) }
  @inline(__always) public static var none: StateIndex { StateIndex(raw: 0xFFFF) }
  @inline(__always) public var isNone: Bool { raw == 0xFFFF }
  @inline(__always) public static func < (left: StateIndex, right: StateIndex) -> Bool { left.raw < right.raw }
}

/// Where the scripts stand: in the document, or in a folder with a file for each state and transition.
public enum Layout: UInt8, Sendable {
  case inline = 1
  case folder = 2
}

/// The rules that an automaton is run by; the header of a trace names them.
public enum Semantics: UInt8, Sendable {
  /// Every option has its effect; see docs/automata.md.
  case strict = 1
  /// The rules of the engine that came first, where automata rely on them.
  case compat = 2
}

/// What an error of a script does.
public enum ErrorPolicy: Sendable, Equatable {
  /// It is counted and traced; the rest of that script is skipped.
  case `continue`
  /// The automaton goes to this state as if by a transition.
  case faultState(StateIndex)
  /// The automaton stops with execution state `error`.
  case stop
}

public struct Target: Sendable, Equatable {
  /// For example `desktop_v1`; empty when none is named.
  public var profile: Name = []
  public var resources: [HardwareResource] = []
  public var components: [HardwareComponent] = []
  public init() {}
}

/// A pin, converter or bus that the automaton takes on its device.
public struct HardwareResource: Sendable, Equatable {
  public var kind: Name
  public var name: Name
  public var pins: [Int32]
  public init(kind: Name, name: Name, pins: [Int32]) {
    self.kind = kind
    self.name = name
    self.pins = pins
  }
}

/// A driver that scripts reach with `component(name)`.
public struct HardwareComponent: Sendable, Equatable {
  public var name: Name
  public var manifest: Name = []
  public var registration: Name = []
  public init(name: Name) { self.name = name }
}

// MARK: States

public struct State: Sendable, Equatable {
  public var name: Name
  public var description: Name = []
  /// Variables that the author listed under the state, by position.
  public var inputs: [UInt16] = []
  public var outputs: [UInt16] = []
  public var variables: [UInt16] = []
  public var onEnter: Name = []
  /// Runs in every tick that takes no transition out of the state.
  public var body: Name = []
  public var onExit: Name = []
  /// In folder layout, the text of its file, which may define the functions `on_enter`, `body` and `on_exit`. They are
  /// called where the texts above are empty.
  public var file: Name = []
  /// The state around it.
  public var parent: StateIndex = .none
  /// For states with children: the child that is entered with it, when they are not parallel.
  public var initialChild: StateIndex = .none
  /// All children are active at once, each as a region of its own.
  public var isParallel = false
  public var history: History = .none
  /// Place in a picture, when the author set one.
  public var position: Position?

  public init(name: Name) { self.name = name }
}

/// Which child is entered when a state is entered again.
public enum History: UInt8, Sendable {
  /// The initial one.
  case none = 0
  /// The one that was left last; its own children from their initial one.
  case shallow = 1
  /// The one that was left last, and so on downwards.
  case deep = 2
}

public struct Position: Sendable, Equatable {
  public var x: Double
  public var y: Double
  public init(x: Double, y: Double) {
    self.x = x
    self.y = y
  }
}

// MARK: Transitions

public struct Transition: Sendable, Equatable {
  public var name: Name
  public var description: Name = []
  public var from: StateIndex
  public var to: StateIndex
  public var trigger: Trigger
  /// Runs between leaving and entering.
  public var body: Name = []
  /// Runs after the body.
  public var triggered: Name = []
  /// In folder layout, the text of its file, which may define the functions `condition`, `body` and `triggered`. They are
  /// called where the texts of this transition are empty.
  public var file: Name = []
  /// 0...255; the lowest is tried first.
  public var priority: UInt8 = 0
  /// In hundredths: 100 is a weight of 1.00.
  public var weight: UInt32 = Transition.weightDefault
  public var isEnabled = true

  public static var weightDefault: UInt32 { 100 }
  /// Weights that scripts compute are at most 100.00, as in the first engine.
  public static var dynamicWeightMax: UInt32 { 10_000 }

  public init(name: Name, from: StateIndex, to: StateIndex, trigger: Trigger) {
    self.name = name
    self.from = from
    self.to = to
    self.trigger = trigger
  }
}

/// When a transition may be taken.
public enum Trigger: Sendable, Equatable {
  case classic(Classic)
  case timed(Timed)
  case event(Event)
  case probabilistic(Probabilistic)
  case immediate
}

/// A condition over variables.
public struct Classic: Sendable, Equatable {
  /// An expression; empty is true.
  public var condition: Name = []
  /// Taken when the condition becomes true, not while it is. The first evaluation after entry only notes the level.
  public var isRisingEdge = false
  public init(condition: Name = [], isRisingEdge: Bool = false) {
    self.condition = condition
    self.isRisingEdge = isRisingEdge
  }
}

public struct Timed: Sendable, Equatable {
  public enum Mode: UInt8, Sendable {
    /// `delay` after entry of the state.
    case after = 1
    /// At `absoluteTime` of the clock on the wall.
    case at = 2
    /// Every `delay`.
    case every = 3
    /// Like `after`, but only when no other transition of its priority may be taken.
    case timeout = 4
    /// From `delay` to `windowEnd` after entry.
    case window = 5
  }

  public var mode: Mode
  /// In milliseconds.
  public var delay: Int32 = 0
  /// In milliseconds after entry; 0 leaves the window open.
  public var windowEnd: Int32 = 0
  /// The deadline varies evenly by up to so many milliseconds to either side.
  public var jitter: Int32 = 0
  /// How many times `every` fires while its state is not left for another; 0 is for ever.
  public var repeatCount: UInt32 = 0
  /// In milliseconds since 1970.
  public var absoluteTime: Int64 = 0
  /// An expression that must hold as well; empty is true.
  public var condition: Name = []
  /// While it waits, transitions of lower rank are not looked at.
  public var isBlocking = false
  public init(mode: Mode, delay: Int32 = 0) {
    self.mode = mode
    self.delay = delay
  }
}

public struct Event: Sendable, Equatable {
  public var signals: [SignalTrigger] = []
  /// All signals in the same tick, instead of any.
  public var requiresAll = false
  /// In milliseconds: the signals must not have changed again for so long.
  public var debounce: Int32 = 0
  /// An expression that must hold as well; empty is true.
  public var condition: Name = []
  public init(signals: [SignalTrigger] = []) { self.signals = signals }
}

/// What must happen to one signal: a variable, or an event that is raised from outside by this name.
public struct SignalTrigger: Sendable, Equatable {
  public enum Kind: UInt8, Sendable {
    case onChange = 1
    case onRise = 2
    case onFall = 3
    case onThreshold = 4
    case onMatch = 5
  }

  public enum Comparison: UInt8, Sendable {
    case equal = 1
    case notEqual = 2
    case less = 3
    case lessOrEqual = 4
    case greater = 5
    case greaterOrEqual = 6
  }

  public var signal: Name
  /// As the author wrote it; the variable's own direction decides.
  public var direction: Variable.Direction
  public var kind: Kind
  public var comparison: Comparison = .greater
  public var threshold: AutomatonValue = .void
  /// Once per crossing, instead of whenever the value changes beyond the threshold.
  public var isOneShot = false
  /// For `onMatch`: the text, in strict semantics with `*` and `?` for any run of bytes and any one byte.
  public var pattern: Name = []
  public init(signal: Name, direction: Variable.Direction = .input, kind: Kind = .onChange) {
    self.signal = signal
    self.direction = direction
    self.kind = kind
  }
}

/// One of several by chance.
public struct Probabilistic: Sendable, Equatable {
  /// An expression; empty leaves it at the weight of the transition.
  public var weightExpression: Name = []
  /// In hundredths; computed weights are not below it.
  public var weightMin: UInt32 = 0
  public init(weightExpression: Name = [], weightMin: UInt32 = 0) {
    self.weightExpression = weightExpression
    self.weightMin = weightMin
  }
}

// MARK: Variables

public struct Variable: Sendable, Equatable {
  public enum Direction: UInt8, Sendable {
    case input = 1
    case output = 2
    case `internal` = 3
  }

  public var name: Name
  public var description: Name = []
  public var type: ValueType
  public var direction: Direction
  /// Of its type.
  public var initial: AutomatonValue

  public init(name: Name, type: ValueType, direction: Direction, initial: AutomatonValue? = nil) {
    self.name = name
    self.type = type
    self.direction = direction
    self.initial = initial ?? .zero(of: type)
  }
}

/// Types of variables; the numbers are those of the device protocol.
public enum ValueType: UInt8, Sendable, CaseIterable {
  case void = 0
  case bool = 1
  case int32 = 2
  case int64 = 3
  case float32 = 4
  case float64 = 5
  case string = 6
  case binary = 7
  /// Has a number, and no values.
  case table = 8

  /// As files name it.
  public var word: String {
    switch self {
    case .void: "void"
    case .bool: "bool"
    case .int32: "int"
    case .int64: "int64"
    case .float32: "float"
    case .float64: "double"
    case .string: "string"
    case .binary: "binary"
    case .table: "table"
    }
  }
}

public enum AutomatonValue: Sendable, Equatable {
  case void
  case bool(Bool)
  case int32(Int32)
  case int64(Int64)
  case float32(Float)
  case float64(Double)
  case string([UInt8])
  case binary([UInt8])

  public var type: ValueType {
    switch self {
    case .void: .void
    case .bool: .bool
    case .int32: .int32
    case .int64: .int64
    case .float32: .float32
    case .float64: .float64
    case .string: .string
    case .binary: .binary
    }
  }

  public static func zero(of type: ValueType) -> AutomatonValue {
    switch type {
    case .void, .table: .void
    case .bool: .bool(false)
    case .int32: .int32(0)
    case .int64: .int64(0)
    case .float32: .float32(0)
    case .float64: .float64(0)
    case .string: .string([])
    case .binary: .binary([])
    }
  }

  /// Equality by bits, so that a value that is not a number equals itself: what counts as a change.
  public func isSame(_ other: AutomatonValue) -> Bool {
    switch (self, other) {
    case (.float32(let left), .float32(let right)): left.bitPattern == right.bitPattern
    case (.float64(let left), .float64(let right)): left.bitPattern == right.bitPattern
    default: self == other
    }
  }
}

// MARK: Black box

/// What others may rely on and see, when the inside is hidden.
public struct BlackBox: Sendable, Equatable {
  /// Inputs and outputs that are not listed are ports too, with the defaults below.
  public var ports: [Port] = []
  public var emittedEvents: [Name] = []
  public var observableStates: [StateIndex] = []
  public var resources: [SharedResource] = []
  public init() {}
}

public struct Port: Sendable, Equatable {
  public var name: Name
  public var direction: Variable.Direction = .internal
  /// `void` is any.
  public var type: ValueType = .void
  public var isObservable = true
  public var isFaultInjectable = true
  public var isLatencyCritical = false
  public var description: Name = []
  public init(name: Name) { self.name = name }
}

public struct SharedResource: Sendable, Equatable {
  public var name: Name
  public var kind: Name = []
  /// At least 1.
  public var capacity: UInt32 = 1
  public var isShared = true
  public var isLatencySensitive = false
  public var description: Name = []
  public init(name: Name) { self.name = name }
}

// MARK: Looking up

extension Automaton {
  public func state(named name: Name) -> StateIndex? {
    states.firstIndex { $0.name == name }.map { StateIndex($0) }
  }

  public func variable(named name: Name) -> Int? { variables.firstIndex { $0.name == name } }

  /// Ports of the contract, with those that follow from inputs and outputs (spec: "derived at load").
  public var ports: [Port] {
    var ports = blackBox?.ports ?? []
    for variable in variables where variable.direction != .internal {
      if ports.contains(where: { $0.name == variable.name }) { continue }
      var port = Port(name: variable.name)
      port.direction = variable.direction
      port.type = variable.type
      ports.append(port)
    }
    return ports
  }

  /// Whether any state has a state around it.
  public var isHierarchical: Bool { states.contains { !$0.parent.isNone } }
}
