// The tables themselves, one per section.

extension Section {
  var keys: [Key] {
    switch self {
    case .document: DocumentKeys.document
    case .config: DocumentKeys.config
    case .target: DocumentKeys.target
    case .board: DocumentKeys.board
    case .hardware: DocumentKeys.hardware
    case .component: DocumentKeys.component
    case .automata: AutomataKeys.automata
    case .state: AutomataKeys.state
    case .position: AutomataKeys.position
    case .transition: TransitionKeys.transition
    case .timed: TransitionKeys.timed
    case .event: TransitionKeys.event
    case .trigger: TransitionKeys.trigger
    case .threshold: TransitionKeys.threshold
    case .probabilistic: TransitionKeys.probabilistic
    case .variable: VariableKeys.variable
    case .blackBox: VariableKeys.blackBox
    case .port: VariableKeys.port
    case .resource: VariableKeys.resource
    case .composition: CompositionKeys.composition
    case .system: CompositionKeys.system
    case .instance: CompositionKeys.instance
    case .wire: CompositionKeys.wire
    }
  }
}

enum DocumentKeys {
  static let document: [Key] = [
    Key("version", .text, "", "version of the file format, for example 0.0.1"),
    Key("config", .section(.config), "", "who made it and how it is kept"),
    Key("automata", .section(.automata), "", "states and transitions", required: true),
    Key("variables", .entries(.variable), "", "all variables with their types"),
    Key("black_box", ["contract"], .section(.blackBox), "", "what others may rely on"),
  ]

  static let config: [Key] = [
    Key("name", .text, "", "name of the automaton"),
    Key("type", .choice([Choice("inline"), Choice("folder")]), "inline", "scripts here, or in a file per state"),
    Key("location", .text, ".", "folder of the scripts, relative to this file"),
    Key("description", .text, "", "for readers"),
    Key("author", .text, "", "for readers"),
    Key("version", .text, "", "version of the automaton"),
    Key("tags", .texts, "", "words to find it by"),
    Key("language", .choice([Choice("lua")]), "lua", "language of the scripts"),
    Key("semantics", .choice([Choice("strict"), Choice("compat")]), "strict", "rules that it is run by"),
    Key("target", .section(.target), "", "the device that it is meant for"),
  ]

  static let target: [Key] = [
    Key("profile", .choice(TargetProfile.all.map { Choice($0.name) }), "", "limits that it must keep"),
    Key("esp32", .section(.board), "", "what it takes of the board"),
  ]

  static let board: [Key] = [
    Key("resources", .list(.hardware, textAllowed: false), "", "pins, converters, buses"),
    Key("components", .list(.component, textAllowed: true), "", "drivers that scripts reach with component(name)"),
  ]

  static let hardware: [Key] = [
    Key("name", .text, "", "name of the resource", required: true),
    Key("kind", .text, "", "gpio, pwm, adc, dac, i2c or another", required: true),
    Key("pins", ["pin"], .wholes, "", "one pin or several"),
  ]

  static let component: [Key] = [
    Key("name", .text, "", "name of the driver", required: true),
    Key("manifest", .text, "", "file that describes it"),
    Key("registration", .text, "", "function that registers it"),
  ]
}

enum AutomataKeys {
  static let automata: [Key] = [
    Key("initial_state", ["initial"], .text, "first state", "state that it begins in"),
    Key("states", .entries(.state), "", "all states", required: true),
    Key("transitions", .entries(.transition), "", "all transitions; without a name they are transition_1, ..."),
    Key(
      "error_policy", .choice([Choice("continue"), Choice("fault_state"), Choice("stop")]), "continue",
      "what an error of a script does"),
    Key("fault_state", .text, "", "where error_policy fault_state leads"),
  ]

  static let state: [Key] = [
    Key("inputs", .references, "", "inputs that it reads"),
    Key("outputs", .references, "", "outputs that it writes"),
    Key("variables", .references, "", "internal variables that it uses"),
    Key("code", ["on_tick"], .script(isExpression: false), "", "runs in each tick that takes no transition"),
    Key("on_enter", .script(isExpression: false), "", "runs when it is entered"),
    Key("on_exit", .script(isExpression: false), "", "runs when it is left"),
    Key("file", .script(isExpression: false), "", "text of its script file, where that does not stand in a folder"),
    Key("description", .text, "", "for readers"),
    Key("states", .entries(.state), "", "states inside this one"),
    Key("initial", ["initial_state"], .text, "first of them", "which of them is entered with it"),
    Key("parallel", .flag, "false", "all of them are active at once"),
    Key(
      "history", .choice([Choice("none"), Choice("shallow"), Choice("deep")]), "none",
      "which of them is entered when it is entered again"),
    Key("parent", .text, "", "the state around it, where nesting would change the order"),
    Key("position", .section(.position), "", "place in a picture"),
  ]

  static let position: [Key] = [
    Key("x", .number(minimum: -.greatestFiniteMagnitude), "", "to the right", required: true),
    Key("y", .number(minimum: -.greatestFiniteMagnitude), "", "downwards", required: true),
  ]
}

enum TransitionKeys {
  static let transition: [Key] = [
    Key("from", .text, "", "state that it leaves", required: true),
    Key("to", .text, "", "state that it enters", required: true),
    Key(
      "type",
      .choice([
        Choice("classic", "condition"), Choice("timed", "timer"), Choice("event", "signal"),
        Choice("probabilistic", "random"), Choice("immediate", "epsilon"),
      ]), "classic", "what it waits for"),
    Key("condition", .script(isExpression: true), "true", "classic: the condition; timed: must hold as well"),
    Key("on_rising_edge", .flag, "false", "classic: taken when the condition becomes true, not while it is"),
    Key("timed", .section(.timed), "", "for type timed"),
    Key("delay_ms", ["delayMs"], .duration(.milliseconds), "0", "short for timed.delay_ms"),
    Key("after", .duration(.seconds), "0", "short for timed.after"),
    Key("timeout", .duration(.seconds), "", "short for timed: {mode: timeout, after: ...}"),
    Key("event", .sectionOrText(.event), "", "for type event; a name alone is on_change of it"),
    Key("probabilistic", .section(.probabilistic), "", "for type probabilistic"),
    Key("weight", .weight, "1", "share of the chance, with two decimals"),
    Key("body", .script(isExpression: false), "", "runs between leaving and entering"),
    Key("triggered", .script(isExpression: false), "", "runs after the body"),
    Key("file", .script(isExpression: false), "", "text of its script file, where that does not stand in a folder"),
    Key("priority", .whole(0...255), "0", "the lowest is tried first"),
    Key("enabled", .flag, "true", "false: never taken"),
    Key("description", .text, "", "for readers"),
  ]

  static let timed: [Key] = [
    Key(
      "mode",
      .choice([
        Choice("after"), Choice("at"), Choice("every", "periodic"), Choice("timeout"), Choice("window"),
      ]), "after", "how the time is meant"),
    Key("delay_ms", ["delayMs"], .duration(.milliseconds), "0", "how long; a bare number is milliseconds"),
    Key("after", .duration(.seconds), "0", "how long; a bare number is seconds"),
    Key("jitter_ms", ["jitterMs"], .duration(.milliseconds), "0", "varies evenly by up to so much to either side"),
    Key("repeat_count", ["repeatCount"], .whole(0...4_294_967_295), "0", "how often every fires; 0 is for ever"),
    Key("window_end_ms", ["windowEndMs"], .duration(.milliseconds), "0", "window: its end; 0 leaves it open"),
    Key("window_end", .duration(.seconds), "0", "the same; a bare number is seconds"),
    Key(
      "absolute_time_ms", ["absoluteTimeMs", "at_ms"], .instant, "0", "at: milliseconds since 1970; compat: since entry"
    ),
    Key(
      "condition", ["additional_condition", "additionalCondition"], .script(isExpression: true), "true",
      "must hold as well"),
    Key("blocking", .flag, "false", "while it waits, transitions of lower rank are not looked at"),
  ]

  static let event: [Key] = [
    Key("triggers", .list(.trigger, textAllowed: true), "", "signals that it waits for"),
    Key("require_all", ["requireAll"], .flag, "false", "all of them in one tick, instead of any"),
    Key(
      "debounce_ms", ["debounceMs"], .duration(.milliseconds), "0", "the signals must not have changed for so long"),
    Key(
      "condition", ["additional_condition", "additionalCondition"], .script(isExpression: true), "true",
      "must hold as well"),
  ]

  static let trigger: [Key] = [
    Key("signal", ["signal_name", "signalName"], .text, "", "name of a variable", required: true),
    Key(
      "signal_type", ["signalType"], .choice([Choice("input"), Choice("output"), Choice("variable", "internal")]),
      "that of the variable", "which kind of variable the author meant"),
    Key(
      "trigger", ["trigger_type", "triggerType"],
      .choice([
        Choice("on_change", "change"), Choice("on_rise", "rise"), Choice("on_fall", "fall"),
        Choice("on_threshold", "threshold"), Choice("on_match", "match"),
      ]), "on_change", "what must happen to it"),
    Key("threshold", .section(.threshold), "", "for on_threshold"),
    Key("pattern", .text, "", "for on_match: text with * for any run of bytes and ? for one byte"),
  ]

  static let threshold: [Key] = [
    Key(
      "operator", ["op"],
      .choice([
        Choice(">", "gt"), Choice(">=", "ge"), Choice("<", "lt"), Choice("<=", "le"), Choice("==", "eq"),
        Choice("!=", "ne"),
      ]), ">", "how the signal compares with the value"),
    Key("value", .scalar, "0", "what it is compared with"),
    Key("type", .choice(ValueTypeWords.choices + [Choice("void")]), "double", "type of the value"),
    Key("one_shot", ["oneShot"], .flag, "false", "once per crossing, not at every change beyond it"),
  ]

  static let probabilistic: [Key] = [
    Key("weight", .weight, "1", "share of the chance, with two decimals"),
    Key("weight_expression", ["weightExpression"], .script(isExpression: true), "", "computes the weight"),
    Key("min_weight", ["minWeight"], .weight, "0", "computed weights are not below it"),
  ]
}

enum VariableKeys {
  static let directions = [Choice("internal", "variable"), Choice("input", "in"), Choice("output", "out")]

  static let variable: [Key] = [
    Key("type", .choice(ValueTypeWords.choices + [Choice("void")]), "string", "type of its values"),
    Key("direction", .choice(directions), "internal", "who writes it"),
    Key("default", .scalar, "zero of the type", "value at the start; binary: Base64"),
    Key("description", .text, "", "for readers"),
  ]

  static let blackBox: [Key] = [
    Key("ports", .entries(.port), "inputs and outputs", "variables that others see"),
    Key("emitted_events", .texts, "", "events that it may emit"),
    Key("observable_states", .texts, "", "states that others may see"),
    Key("resources", .entries(.resource), "", "what it shares with others"),
  ]

  static let port: [Key] = [
    Key("direction", .choice(directions), "internal", "as that of the variable"),
    Key("type", .choice(ValueTypeWords.choices + [Choice("void", "any")]), "any", "as that of the variable"),
    Key("observable", .flag, "true", "others may read it"),
    Key("fault_injectable", .flag, "true", "faults may be put on it"),
    Key("latency_critical", .flag, "false", "delays matter"),
    Key("description", .text, "", "for readers"),
  ]

  static let resource: [Key] = [
    Key("kind", .text, "", "what it is"),
    Key("capacity", .whole(1...4_294_967_295), "1", "how many may have it at once"),
    Key("shared", .flag, "true", "others use it too"),
    Key("latency_sensitive", .flag, "false", "delays matter"),
    Key("description", .text, "", "for readers"),
  ]
}

enum CompositionKeys {
  static let composition: [Key] = [
    Key("version", .text, "", "version of the file format, for example 0.0.1"),
    Key("system", .section(.system), "", "the automata and their wires", required: true),
  ]

  static let system: [Key] = [
    Key("name", .text, "", "name of the system"),
    Key("description", .text, "", "for readers"),
    Key("automata", .entries(.instance), "", "what runs, by id", required: true),
    Key("wiring", .list(.wire, textAllowed: false), "", "which output feeds which input"),
  ]

  static let instance: [Key] = [
    Key("source", .text, "", "file of the automaton, relative to this file", required: true),
    Key("automaton", .text, "", "its id, when the file is a project of several"),
    Key("description", .text, "", "for readers"),
  ]

  static let wire: [Key] = [
    Key("from", .text, "", "ID.out.NAME", required: true),
    Key("to", .text, "", "ID.in.NAME", required: true),
    Key("transform", .choice(WireTransforms.all.map { Choice($0.word) }), "", "what is done to the value"),
    Key("enabled", .flag, "true", "false: nothing is passed on"),
    Key("feedback", .flag, "false", "it may close a cycle: what comes around arrives one tick later"),
    Key("description", .text, "", "for readers"),
  ]
}
