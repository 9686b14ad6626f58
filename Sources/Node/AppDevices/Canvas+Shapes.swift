/// Shapes with one span in each row.
///
/// A circle of radius r has the pixels whose distance d from its centre has d² ≤ r² + r, which is what rounding gives; its edge
/// are those of them that have a neighbour outside. The edge of a shape is always a part of the filled one.
extension Canvas {
  public mutating func circle(_ x: Int, _ y: Int, _ radius: Int, _ color: UInt16) {
    guard radius >= 0 else { return }
    outline(rows: y - radius, y + radius, color) { Self.circleSpan(x, y, radius, $0) }
  }

  public mutating func fillCircle(_ x: Int, _ y: Int, _ radius: Int, _ color: UInt16) {
    guard radius >= 0 else { return }
    fill(rows: y - radius, y + radius, color) { Self.circleSpan(x, y, radius, $0) }
  }

  private static func circleSpan(_ x: Int, _ y: Int, _ radius: Int, _ row: Int) -> Span? {
    guard abs(row - y) <= radius else { return nil }
    let half = halfWidth(radius, abs(row - y))
    return (x - half, x + half)
  }

  /// How far a circle reaches to both sides, so many rows from its centre.
  private static func halfWidth(_ radius: Int, _ rows: Int) -> Int {
    wholeRoot(radius * radius + radius - rows * rows)
  }

  /// A radius that is too large for the rectangle is made as large as it may be.
  public mutating func roundedRectangle(
    _ x: Int, _ y: Int, _ width: Int, _ height: Int, _ radius: Int, _ color: UInt16
  ) {
    guard width > 0, height > 0 else { return }
    outline(rows: y, y + height - 1, color) { Self.roundedSpan(x, y, width, height, radius, $0) }
  }

  public mutating func fillRoundedRectangle(
    _ x: Int, _ y: Int, _ width: Int, _ height: Int, _ radius: Int, _ color: UInt16
  ) {
    guard width > 0, height > 0 else { return }
    fill(rows: y, y + height - 1, color) { Self.roundedSpan(x, y, width, height, radius, $0) }
  }

  private static func roundedSpan(
    _ x: Int, _ y: Int, _ width: Int, _ height: Int, _ radius: Int, _ row: Int
  ) -> Span? {
    guard row >= y, row < y + height else { return nil }
    let radius = max(0, min(radius, (width - 1) / 2, (height - 1) / 2))
    // Rows above the centre of the upper corners, or below that of the lower ones.
    let rows = max(0, y + radius - row, row - (y + height - 1 - radius))
    let inset = rows == 0 ? 0 : radius - halfWidth(radius, rows)
    return (x + inset, x + width - 1 - inset)
  }

  public mutating func triangle(
    _ x0: Int, _ y0: Int, _ x1: Int, _ y1: Int, _ x2: Int, _ y2: Int, _ color: UInt16
  ) {
    line(x0, y0, x1, y1, color)
    line(x1, y1, x2, y2, color)
    line(x2, y2, x0, y0, color)
  }

  /// With its edge.
  public mutating func fillTriangle(
    _ x0: Int, _ y0: Int, _ x1: Int, _ y1: Int, _ x2: Int, _ y2: Int, _ color: UInt16
  ) {
    let sides = (Line(x0, y0, x1, y1), Line(x1, y1, x2, y2), Line(x2, y2, x0, y0))
    fill(rows: min(y0, y1, y2), max(y0, y1, y2), color) { row in
      var whole: Span?
      for part in [sides.0.span(row: row), sides.1.span(row: row), sides.2.span(row: row)] {
        guard let part else { continue }
        whole = whole.map { (min($0.left, part.left), max($0.right, part.right)) } ?? part
      }
      return whole
    }
  }
}
