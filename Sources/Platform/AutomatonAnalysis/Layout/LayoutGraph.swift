/// What is drawn: boxes, some inside others, and arrows between them. Independent of what they mean.
struct LayoutGraph {
  struct Node {
    /// The box around it.
    var parent: Int?
    /// Its children stand side by side as regions.
    var isParallel = false
    /// Stands at the top of its level when no edge leads to it.
    var isStart = false
    /// Size of its own text; of a box with children, that of its heading.
    var width = 0.0
    var height = 0.0
    /// Room on the right for the loops at it.
    var loops: [LayoutLoop] = []
  }

  struct Edge {
    var from: Int
    var to: Int
    /// Size of the text on it; zero for none.
    var labelWidth = 0.0
    var labelHeight = 0.0
  }

  /// Parents before their children.
  var nodes: [Node] = []
  /// Without loops: those belong to nodes.
  var edges: [Edge] = []
}

/// An arrow from a box to itself.
struct LayoutLoop {
  var edge: Int
  var labelWidth: Double
  var labelHeight: Double
}

struct LayoutPoint: Equatable {
  var x: Double
  var y: Double

  func moved(_ dx: Double, _ dy: Double) -> LayoutPoint { LayoutPoint(x: x + dx, y: y + dy) }
}

struct LayoutBox: Equatable {
  var x: Double
  var y: Double
  var width: Double
  var height: Double

  var middle: LayoutPoint { LayoutPoint(x: x + width / 2, y: y + height / 2) }

  func moved(_ dx: Double, _ dy: Double) -> LayoutBox { LayoutBox(x: x + dx, y: y + dy, width: width, height: height) }

  func overlaps(_ other: LayoutBox) -> Bool {
    x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
  }
}

/// A line made of straight and cubic pieces.
struct LayoutPath: Equatable {
  enum Piece: Equatable {
    case line(LayoutPoint)
    case curve(LayoutPoint, LayoutPoint, LayoutPoint)

    var end: LayoutPoint {
      switch self {
      case .line(let end), .curve(_, _, let end): end
      }
    }
  }

  var start: LayoutPoint
  var pieces: [Piece] = []

  var end: LayoutPoint { pieces.last?.end ?? start }

  var reversed: LayoutPath {
    var result = LayoutPath(start: end)
    for (index, piece) in pieces.enumerated().reversed() {
      let from = index == 0 ? start : pieces[index - 1].end
      switch piece {
      case .line: result.pieces.append(.line(from))
      case .curve(let first, let second, _): result.pieces.append(.curve(second, first, from))
      }
    }
    return result
  }

  func moved(_ dx: Double, _ dy: Double) -> LayoutPath {
    LayoutPath(
      start: start.moved(dx, dy),
      pieces: pieces.map { piece in
        switch piece {
        case .line(let end): .line(end.moved(dx, dy))
        case .curve(let first, let second, let end):
          .curve(first.moved(dx, dy), second.moved(dx, dy), end.moved(dx, dy))
        }
      })
  }

  /// This path, then a line to where the other begins, then the other.
  func joined(_ other: LayoutPath) -> LayoutPath {
    var result = self
    if result.end != other.start { result.pieces.append(.line(other.start)) }
    result.pieces += other.pieces
    return result
  }
}

/// Where everything goes; the origin is the top left corner.
struct LayoutResult {
  var width = 0.0
  var height = 0.0
  /// One for each node.
  var boxes: [LayoutBox] = []
  /// One for each edge, and where loops are, by the number that their node gave.
  var paths: [Int: LayoutPath] = [:]
  var labels: [Int: LayoutBox] = [:]
}
