/// A place on the field.
struct Place: Equatable {
  var x: Int32
  var y: Int32
}

enum Direction {
  case up, down, left, right

  var opposite: Direction {
    switch self {
    case .up: .down
    case .down: .up
    case .left: .right
    case .right: .left
    }
  }
}

/// The rules, without screen, buttons and clock: equal seeds and equal turns give equal games.
struct Game {
  /// What a step has changed on the field.
  struct Change {
    var head: Place
    /// Where the tail was; `nil` when the snake has grown.
    var freed: Place?
    var hasEaten: Bool
  }

  let columns: Int32
  let rows: Int32
  /// The head is the last.
  private(set) var body: [Place]
  private(set) var food = Place(x: 0, y: 0)
  private(set) var isOver = false
  private(set) var direction = Direction.right
  private var random: UInt32

  var score: Int32 { Int32(body.count) - 3 }

  init(columns: Int32, rows: Int32, seed: UInt32) {
    self.columns = columns
    self.rows = rows
    random = seed == 0 ? 1 : seed
    let y = rows / 2
    body = [Place(x: 1, y: y), Place(x: 2, y: y), Place(x: 3, y: y)]
    placeFood()
  }

  /// A turn back is none.
  mutating func turn(_ wanted: Direction) {
    if wanted != direction.opposite { direction = wanted }
  }

  /// One step ahead; `nil` when the game is over.
  mutating func step() -> Change? {
    guard !isOver, let head = body.last else { return nil }
    var next = head
    switch direction {
    case .up: next.y -= 1
    case .down: next.y += 1
    case .left: next.x -= 1
    case .right: next.x += 1
    }
    let isOutside = next.x < 0 || next.y < 0 || next.x >= columns || next.y >= rows
    // The tail moves away in the same step.
    if isOutside || contains(next, body.dropFirst()) {
      isOver = true
      return nil
    }
    body.append(next)
    if next == food {
      if Int32(body.count) == columns * rows { isOver = true } else { placeFood() }
      return Change(head: next, freed: nil, hasEaten: true)
    }
    return Change(head: next, freed: body.removeFirst(), hasEaten: false)
  }

  private func contains(_ place: Place, _ places: ArraySlice<Place>) -> Bool {
    for other in places where other == place { return true }
    return false
  }

  /// Xorshift; the n-th free place after a random one, so that it ends however full the field is.
  private mutating func placeFood() {
    random ^= random << 13
    random ^= random >> 17
    random ^= random << 5
    var index = Int32(truncatingIfNeeded: random % UInt32(columns * rows))
    for _ in 0..<columns * rows {
      let place = Place(x: index % columns, y: index / columns)
      if !contains(place, body[...]) {
        food = place
        return
      }
      index = (index + 1) % (columns * rows)
    }
  }
}
