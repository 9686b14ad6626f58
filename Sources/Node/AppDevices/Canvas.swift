/// Pixels of RGB565, and what can be drawn on them.
///
/// Coordinates and sizes are any numbers of 32 bits, and are computed with in 64. Shapes are clipped before anything loops, so
/// that none takes longer than the screen has rows and columns.
public struct Canvas: Sendable {
  public let width: Int
  public let height: Int
  /// Row by row from the top left.
  public private(set) var pixels: [UInt16]
  /// What was drawn on since ``takeDamage()``.
  var damage: Area?

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
    pixels = [UInt16](repeating: 0, count: width * height)
  }

  mutating func takeDamage() -> Area? {
    defer { damage = nil }
    return damage
  }

  /// The visible part of a rectangle.
  func visible(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> Area? {
    Area(x: x, y: y, width: width, height: height, screenWidth: self.width, screenHeight: self.height)
  }

  // MARK: Rectangles

  public mutating func clear(_ color: UInt16) { fill(0, 0, width, height, color) }

  public mutating func set(_ x: Int, _ y: Int, _ color: UInt16) {
    guard x >= 0, y >= 0, x < width, y < height else { return }
    pixels[y * width + x] = color
    note(Area(left: x, top: y, right: x + 1, bottom: y + 1))
  }

  public mutating func fill(_ x: Int, _ y: Int, _ width: Int, _ height: Int, _ color: UInt16) {
    guard let area = visible(x, y, width, height) else { return }
    for row in area.top..<area.bottom { put(color, row, area.left, area.right) }
    note(area)
  }

  public mutating func outline(_ x: Int, _ y: Int, _ width: Int, _ height: Int, _ color: UInt16) {
    guard width > 0, height > 0 else { return }
    fill(x, y, width, 1, color)
    fill(x, y + height - 1, width, 1, color)
    fill(x, y, 1, height, color)
    fill(x + width - 1, y, 1, height, color)
  }

  /// A bar that is filled by `value` of `maximum`; the rest has the background's colour.
  public mutating func progressBar(
    _ x: Int, _ y: Int, _ width: Int, _ height: Int, value: Int, maximum: Int, _ color: UInt16, _ background: UInt16
  ) {
    guard width > 0, height > 0 else { return }
    let filled = maximum <= 0 ? 0 : width * min(max(value, 0), maximum) / maximum
    fill(x, y, filled, height, color)
    fill(x + filled, y, width - filled, height, background)
  }

  // MARK: Pictures

  /// Copies pixels of two bytes each, the lower one first, row by row.
  /// - Parameter key: pixels of this colour are left out.
  /// - Returns: false when there are too few bytes or a side is below 0; then nothing is drawn.
  public mutating func bitmap(
    _ x: Int, _ y: Int, _ width: Int, _ height: Int, _ bytes: UnsafeRawBufferPointer, key: UInt16? = nil
  ) -> Bool {
    // Sides below 2^31 have a product that is below 2^63 as bytes.
    guard width >= 0, height >= 0, bytes.count >= width * height * 2 else { return false }
    guard let area = visible(x, y, width, height) else { return true }
    for row in area.top..<area.bottom {
      var from = ((row - y) * width + (area.left - x)) * 2
      for at in row * self.width + area.left..<row * self.width + area.right {
        let color = UInt16(bytes[from]) | UInt16(bytes[from + 1]) << 8
        if color != key { pixels[at] = color }
        from += 2
      }
    }
    note(area)
    return true
  }

  // MARK: Lines

  /// A straight line with both ends. On each step along the longer side there is one pixel, the nearest one.
  public mutating func line(_ x0: Int, _ y0: Int, _ x1: Int, _ y1: Int, _ color: UInt16) {
    let line = Line(x0, y0, x1, y1)
    if line.isFlat {
      let from = max(min(x0, x1), 0)
      let to = min(max(x0, x1), width - 1)
      guard from <= to else { return }
      for x in from...to { set(x, line.across(at: x), color) }
    } else {
      let from = max(min(y0, y1), 0)
      let to = min(max(y0, y1), height - 1)
      guard from <= to else { return }
      for y in from...to { set(line.across(at: y), y, color) }
    }
  }

  // MARK: Rows

  /// Columns of a shape in one row, both included.
  typealias Span = (left: Int, right: Int)

  /// Fills a shape that has one span in each of the rows from `top` to `bottom`.
  mutating func fill(rows top: Int, _ bottom: Int, _ color: UInt16, _ span: (Int) -> Span?) {
    let first = max(top, 0)
    let last = min(bottom, height - 1)
    guard first <= last else { return }
    for y in first...last {
      if let own = span(y) { fillRow(y, own.left, own.right, color) }
    }
  }

  /// Draws those pixels of a shape that have a neighbour outside of it, on one of four sides. The span of rows outside is
  /// `nil`.
  mutating func outline(rows top: Int, _ bottom: Int, _ color: UInt16, _ span: (Int) -> Span?) {
    let first = max(top, 0)
    let last = min(bottom, height - 1)
    guard first <= last else { return }
    for y in first...last {
      guard let own = span(y) else { continue }
      guard let above = span(y - 1), let below = span(y + 1) else {
        fillRow(y, own.left, own.right, color)
        continue
      }
      let left = max(own.left + 1, above.left, below.left)
      let right = min(own.right - 1, above.right, below.right)
      if left > right {
        fillRow(y, own.left, own.right, color)
      } else {
        fillRow(y, own.left, left - 1, color)
        fillRow(y, right + 1, own.right, color)
      }
    }
  }

  private mutating func fillRow(_ y: Int, _ left: Int, _ right: Int, _ color: UInt16) {
    let from = max(left, 0)
    let to = min(right + 1, width)
    guard from < to else { return }
    put(color, y, from, to)
    note(Area(left: from, top: y, right: to, bottom: y + 1))
  }

  private mutating func put(_ color: UInt16, _ row: Int, _ from: Int, _ to: Int) {
    let start = row * width
    pixels.withUnsafeMutableBufferPointer { pixels in
      UnsafeMutableBufferPointer(rebasing: pixels[start + from..<start + to]).update(repeating: color)
    }
  }

  private mutating func note(_ area: Area) { damage = area.union(damage) }
}
