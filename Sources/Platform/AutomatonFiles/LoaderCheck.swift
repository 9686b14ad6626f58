import Automata
import YAML

extension AutomatonLoader {
  /// What can be said about the model as a whole.
  func check(_ options: LoadOptions) {
    for problem in automaton.problems() { report(problem) }
    checkFiles()
    var profile = options.profile
    if profile == nil { profile = TargetProfile.named(automaton.target.profile) }
    if let profile {
      for problem in profile.problems(in: automaton) { report(problem) }
    }
  }

  private func report(_ problem: ModelProblem) {
    var part = SourceMap.Part(problem.subject)
    switch problem.rule {
    case .noInitialState, .initialStateHasParent: part = .initialState
    case .faultStateUnknown: part = .errorPolicy
    default: break
    }
    let place = sources.place(of: part)
    problems.add(
      FileProblem(
        .error, .structure, file: place?.file ?? problems.file, position: place?.position,
        automaton.title(problem.subject) + ": " + problem.rule.words, fix: problem.rule.fix))
  }

  private func report(_ problem: ProfileProblem) {
    let place = sources.place(of: SourceMap.Part(problem.subject))
    problems.add(
      FileProblem(
        .error, problem.isSubset ? .subset : .profile, file: place?.file ?? problems.file, position: place?.position,
        automaton.title(problem.subject) + ": " + problem.message, fix: problem.fix))
  }
}

extension Automaton {
  /// A part of the model as messages name it.
  func title(_ subject: ModelProblem.Subject) -> String {
    func quoted(_ name: Name?) -> String { "\"" + String(decoding: name ?? [], as: UTF8.self) + "\"" }
    func at<Part>(_ list: [Part], _ index: Int) -> Part? { list.indices.contains(index) ? list[index] : nil }
    return switch subject {
    case .automaton: "the automaton"
    case .state(let index): "state " + quoted(at(states, index)?.name)
    case .transition(let index): "transition " + quoted(at(transitions, index)?.name)
    case .variable(let index): "variable " + quoted(at(variables, index)?.name)
    case .port(let index): "port " + quoted(at(blackBox?.ports ?? [], index)?.name)
    case .resource(let index): "resource " + quoted(at(blackBox?.resources ?? [], index)?.name)
    case .observableState(let index): "observable state \(index + 1)"
    }
  }
}

extension ModelProblem.Rule {
  public var words: String {
    switch self {
    case .noStates: "there are no states"
    case .noInitialState: "the initial state is unknown"
    case .initialStateHasParent: "the initial state is inside another state"
    case .transitionWithoutSource: "the state that it leaves is unknown"
    case .transitionWithoutTarget: "the state that it enters is unknown"
    case .portWithoutVariable: "no variable has this name"
    case .portDirectionDiffers: "its direction differs from that of the variable"
    case .portTypeDiffers: "its type differs from that of the variable"
    case .observableStateUnknown: "the state is unknown"
    case .resourceWithoutCapacity: "the capacity is 0"
    case .nameEmpty: "the name is empty"
    case .nameNotAnIdentifier: "the name is no identifier"
    case .nameTwice: "the name is there twice"
    case .parentUnknown: "the state around it is unknown"
    case .parentAfterChild: "the state around it is declared after it"
    case .initialChildMissing: "it has states inside, and none of them is the initial one"
    case .initialChildNotAChild: "its initial state is not directly inside it"
    case .initialChildOfParallel: "its states are active at once, so that none is the initial one"
    case .historyWithoutChildren: "parallel and history need states inside"
    case .faultStateUnknown: "the fault state is unknown"
    case .tableVariable: "variables of type table hold no values"
    case .initialValueType: "the value at the start is not of its type"
    case .negativeTime: "a time is negative"
    case .windowEndsBeforeItBegins: "the window ends before it begins"
    case .thresholdNotANumber: "the threshold is no number"
    case .tooMany: "it has more than \(Automaton.countMax) states, transitions or variables"
    case .textTooLong: "a text is longer than 65535 bytes"
    }
  }

  var fix: String {
    switch self {
    case .initialStateHasParent: "name the outermost state; its own initial leads inside"
    case .nameNotAnIdentifier: "scripts use it: a letter or _, then letters, digits and _"
    case .parentAfterChild: "declare the outer state first"
    case .initialChildOfParallel: "remove initial, or parallel"
    case .tableVariable: "use a string, or a table in a global of the scripts"
    default: ""
    }
  }
}
