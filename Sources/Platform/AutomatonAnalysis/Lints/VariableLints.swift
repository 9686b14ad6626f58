import Automata

extension Lints {
  mutating func checkVariables() {
    var reads: Set<Name> = []
    var writes: Set<Name> = []
    for script in scripts.all {
      // With names that only a run tells, anything may be used; so it may with a script that cannot be read.
      if script.isDynamic || script.error != nil { return }
      reads.formUnion(script.reads)
      writes.formUnion(script.writes)
    }
    for transition in automaton.transitions {
      if case .event(let event) = transition.trigger { reads.formUnion(event.signals.map(\.signal)) }
    }
    for (index, variable) in automaton.variables.enumerated() {
      let isRead = reads.contains(variable.name)
      let isWritten = writes.contains(variable.name)
      switch variable.direction {
      case .input:
        if !isRead {
          add(
            .unusedVariable, .warning, .variable(index), "the input is never read: nothing depends on it",
            fix: "use it in a condition, event or script, or remove it")
        }
      case .output:
        if !isWritten {
          add(
            .unwrittenOutput, .warning, .variable(index),
            "the output is never written: it always is \(ModelText.value(variable.initial))",
            fix: "write it in a script, or remove it")
        }
      case .internal:
        if !isRead, !isWritten {
          add(
            .unusedVariable, .warning, .variable(index), "the variable is never used",
            fix: "remove it")
        } else if !isRead {
          add(
            .unreadVariable, .note, .variable(index), "the variable is written and never read",
            fix: "remove it, or declare it as output when others are to see it")
        } else if !isWritten {
          add(
            .unwrittenVariable, .note, .variable(index),
            "the variable is never written: it always is \(ModelText.value(variable.initial)) unless set from outside",
            fix: "declare it as input when it comes from outside, or write it")
        }
      }
    }
  }
}
