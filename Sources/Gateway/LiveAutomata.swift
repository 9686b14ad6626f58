import JSON
import Model

/// What a client does to a running automaton.
public enum AutomatonAction: Sendable, Equatable {
  case pause
  case resume
  /// So many ticks of a paused automaton.
  case step(Int)
  case stop
  case start
  case reset
  /// Goes to a state from outside.
  case force(state: String)
  /// Raises an event.
  case raise(event: String)
}

/// What the gateway needs of automata that run.
public protocol LiveAutomata: Sendable {
  /// Members of the status that change as the automaton runs; `nil` when it is not on the node.
  func live(of automaton: Resource) async -> JSONObject?
  /// The same for all of an owner.
  func live(owner: String) async -> [ResourceKey: JSONObject]
  /// How it stands, completely.
  func state(of automaton: Resource) async throws(APIError) -> JSON
  /// Sets inputs, or variables of other directions: all or none.
  ///
  /// - Returns: how it stands then.
  func set(_ values: JSONObject, areInputs: Bool, of automaton: Resource) async throws(APIError) -> JSON
  func perform(_ action: AutomatonAction, on automaton: Resource) async throws(APIError) -> JSON
  /// Lines of its trace, several at a time.
  ///
  /// - Parameter kinds: only lines of these kinds; `nil` for all and the header.
  /// - Parameter run: one of an earlier start; `nil` for the present one.
  /// - Parameter tail: only so many of those that are kept, without the header.
  func trace(
    of automaton: Resource, kinds: Set<String>?, run: UInt32?, tail: Int?, follow: Bool
  ) async throws(APIError) -> AsyncStream<[UInt8]>
  /// Runs of which traces are kept, the oldest first.
  func traces(of automaton: Resource) async throws(APIError) -> [JSON]
}
