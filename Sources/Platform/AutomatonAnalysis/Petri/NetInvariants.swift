/// What the arcs of a net alone tell, whatever happens.
///
/// A place invariant weighs places so that no transition changes the weighted sum of tokens. A transition invariant is how
/// often transitions happen in a round that leads back to where it began. Both are solutions in whole numbers of a
/// homogeneous system of equations; those found here have no negative numbers and as few others as possible (Farkas;
/// Martínez and Silva 1982).
public struct NetInvariants: Sendable, Equatable {
  /// Numbers by position, without zeros, in ascending order of position.
  public struct Solution: Sendable, Equatable {
    public var terms: [(index: Int, factor: Int64)]

    public static func == (left: Solution, right: Solution) -> Bool {
      left.terms.elementsEqual(right.terms) { $0 == $1 }
    }
  }

  /// Over places; saturating ones take no part.
  public var places: [Solution] = []
  /// Over transitions.
  public var transitions: [Solution] = []
  /// `false` when there were too many; then the solutions are a basis, some with negative numbers, or none.
  public var arePlacesMinimal = true
  public var areTransitionsMinimal = true

  static let rowsMax = 2_000

  public init(_ net: PetriNet) {
    let plain = net.places.indices.filter { net.places[$0].saturation == nil }
    var columns: Set<[Int64]> = []
    for transition in net.transitions.indices { columns.insert(plain.map { net.effect(transition, $0) }) }
    let effects = columns.sorted { $0.lexicographicallyPrecedes($1) }
    let byPlace = plain.indices.map { place in effects.map { $0[place] } }
    (places, arePlacesMinimal) = Self.solutions(byPlace, names: plain)

    // Transitions with the same effect stand for each other; the first one is named.
    var first: [[Int64]: Int] = [:]
    for transition in net.transitions.indices {
      let effect = plain.map { net.effect(transition, $0) }
      if first[effect] == nil { first[effect] = transition }
    }
    let distinct = first.sorted { $0.value < $1.value }
    (transitions, areTransitionsMinimal) = Self.solutions(distinct.map(\.key), names: distinct.map(\.value))
  }

  /// Combinations of the rows that sum to zero in every column.
  private static func solutions(_ rows: [[Int64]], names: [Int]) -> ([Solution], Bool) {
    func named(_ combinations: [[Int64]]) -> [Solution] {
      combinations.map { combination in
        Solution(terms: combination.indices.filter { combination[$0] != 0 }.map { (names[$0], combination[$0]) })
      }
    }
    if let minimal = semiflows(rows) { return (named(minimal), true) }
    return (named(basis(rows) ?? []), false)
  }

  /// Solutions without negative numbers whose sets of places contain no other's; `nil` when there are too many on the way.
  static func semiflows(_ matrix: [[Int64]]) -> [[Int64]]? {
    let size = matrix.count
    guard size > 0 else { return [] }
    var rows: [(rest: [Int64], combination: [Int64])] = matrix.enumerated().map { index, row in
      (row, (0..<size).map { $0 == index ? 1 : 0 })
    }
    for column in matrix[0].indices {
      var kept = rows.filter { $0.rest[column] == 0 }
      let positive = rows.filter { $0.rest[column] > 0 }
      let negative = rows.filter { $0.rest[column] < 0 }
      guard kept.count + positive.count * negative.count <= rowsMax else { return nil }
      for up in positive {
        for down in negative {
          guard
            let rest = combined(up.rest, -down.rest[column], down.rest, up.rest[column]),
            let combination = combined(up.combination, -down.rest[column], down.combination, up.rest[column])
          else { return nil }
          let divisor = (rest + combination).reduce(0, greatestDivisor)
          kept.append((rest.map { $0 / max(1, divisor) }, combination.map { $0 / max(1, divisor) }))
        }
      }
      rows = withMinimalSupport(kept)
    }
    return rows.map(\.combination)
  }

  private static func withMinimalSupport(
    _ rows: [(rest: [Int64], combination: [Int64])]
  ) -> [(rest: [Int64], combination: [Int64])] {
    let supports = rows.map { row in Set(row.combination.indices.filter { row.combination[$0] != 0 }) }
    return rows.indices.filter { index in
      !rows.indices.contains { other in
        other != index && supports[other].isSubset(of: supports[index])
          && (supports[other].count < supports[index].count || other < index)
      }
    }.map { rows[$0] }
  }

  /// A basis of all solutions, by elimination without fractions; `nil` when numbers become too large.
  static func basis(_ matrix: [[Int64]]) -> [[Int64]]? {
    let size = matrix.count
    guard size > 0 else { return [] }
    var rows: [(rest: [Int64], combination: [Int64])] = matrix.enumerated().map { index, row in
      (row, (0..<size).map { $0 == index ? 1 : 0 })
    }
    for column in matrix[0].indices {
      guard let pivotIndex = rows.firstIndex(where: { $0.rest[column] != 0 }) else { continue }
      let pivot = rows.remove(at: pivotIndex)
      for index in rows.indices where rows[index].rest[column] != 0 {
        let (own, other) = (pivot.rest[column], -rows[index].rest[column])
        guard
          let rest = combined(rows[index].rest, own, pivot.rest, other),
          let combination = combined(rows[index].combination, own, pivot.combination, other)
        else { return nil }
        let divisor = max(1, (rest + combination).reduce(0, greatestDivisor))
        rows[index] = (rest.map { $0 / divisor }, combination.map { $0 / divisor })
      }
    }
    return rows.map { row in
      let isNegative = (row.combination.first { $0 != 0 } ?? 0) < 0
      return isNegative ? row.combination.map { -$0 } : row.combination
    }
  }

  /// `left * a + right * b`; `nil` when a number becomes too large.
  private static func combined(_ left: [Int64], _ a: Int64, _ right: [Int64], _ b: Int64) -> [Int64]? {
    var result: [Int64] = []
    result.reserveCapacity(left.count)
    for (x, y) in zip(left, right) {
      let (first, firstOverflow) = x.multipliedReportingOverflow(by: a)
      let (second, secondOverflow) = y.multipliedReportingOverflow(by: b)
      let (sum, sumOverflow) = first.addingReportingOverflow(second)
      guard !firstOverflow, !secondOverflow, !sumOverflow, sum != .min else { return nil }
      result.append(sum)
    }
    return result
  }

  private static func greatestDivisor(_ left: Int64, _ right: Int64) -> Int64 {
    var (a, b) = (abs(left), abs(right))
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
