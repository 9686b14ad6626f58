/// The pixels of a straight line between two points of 32-bit coordinates: for each step along the longer side the nearest one
/// of the other side, the farther one from the first point at a half. Products stay below 2^64.
struct Line {
  /// Goes along x; else along y.
  let isFlat: Bool
  private let start: (along: Int, across: Int)
  private let end: (along: Int, across: Int)
  /// Steps along the longer and the shorter side.
  private let steps: UInt64
  private let rise: UInt64

  init(_ x0: Int, _ y0: Int, _ x1: Int, _ y1: Int) {
    isFlat = abs(x1 - x0) >= abs(y1 - y0)
    start = isFlat ? (x0, y0) : (y0, x0)
    end = isFlat ? (x1, y1) : (y1, x1)
    steps = UInt64(abs(end.along - start.along))
    rise = UInt64(abs(end.across - start.across))
  }

  /// Where it is at a place between its ends.
  func across(at along: Int) -> Int {
    guard steps > 0 else { return start.across }
    let offset = Int((UInt64(abs(along - start.along)) * rise + steps / 2) / steps)
    return end.across >= start.across ? start.across + offset : start.across - offset
  }

  /// Its columns in a row.
  func span(row: Int) -> Canvas.Span? {
    guard isFlat else {
      guard row >= min(start.along, end.along), row <= max(start.along, end.along) else { return nil }
      let x = across(at: row)
      return (x, x)
    }
    guard row >= min(start.across, end.across), row <= max(start.across, end.across) else { return nil }
    var from: UInt64 = 0
    var to = steps
    if rise > 0 {
      // Those steps t with (t · rise + steps / 2) / steps == offset.
      let offset = UInt64(abs(row - start.across))
      let least = offset == 0 ? 0 : offset * steps - steps / 2
      from = (least + rise - 1) / rise
      to = min(steps, ((offset + 1) * steps - 1 - steps / 2) / rise)
      guard from <= to else { return nil }
    }
    let (a, b) = (Int(from), Int(to))
    return end.along >= start.along ? (start.along + a, start.along + b) : (start.along - b, start.along - a)
  }
}

/// The root of a number from 0 to 2^62, rounded down.
func wholeRoot(_ number: Int) -> Int {
  var root = Int(Double(number).squareRoot())
  while root * root > number { root -= 1 }
  while (root + 1) * (root + 1) <= number { root += 1 }
  return root
}
