import PythonPeer
import Testing

@testable import AppDevices

/// Shapes compared with what their definitions say of each pixel, one by one.
@Suite struct CanvasTests {
  static let width = 37
  static let height = 29

  /// Draws on an empty canvas, and compares which pixels are set.
  func compare(
    _ what: @autoclosure () -> String, _ draw: (inout Canvas) -> Void, with isSet: (Int, Int) -> Bool
  ) {
    var canvas = Canvas(width: Self.width, height: Self.height)
    draw(&canvas)
    for y in 0..<Self.height {
      for x in 0..<Self.width where (canvas.pixels[y * Self.width + x] == 0xFFFF) != isSet(x, y) {
        Issue.record("\(what()): pixel \(x), \(y) should be \(isSet(x, y) ? "set" : "clear")")
        return
      }
    }
  }

  static let extremes = [Int(Int32.max), Int(Int32.min), Int(Int32.max) - 1, Int(Int32.min) + 1, 0, -1]

  /// Mostly near the canvas, sometimes anything of 32 bits.
  static func coordinate(_ numbers: inout SeededNumbers) -> Int {
    switch Int.random(in: 0..<10, using: &numbers) {
    case 0: extremes.randomElement(using: &numbers) ?? 0
    case 1: Int(Int32.random(in: .min ... .max, using: &numbers))
    default: Int.random(in: -20...60, using: &numbers)
    }
  }

  @Test func clips() {
    #expect(
      Area(x: -5, y: 2, width: 10, height: 3, screenWidth: 20, screenHeight: 4)
        == Area(left: 0, top: 2, right: 5, bottom: 4))
    for (x, y, width, height) in [(0, 0, 0, 5), (0, 0, 5, -1), (20, 0, 1, 1), (0, 4, 1, 1), (-5, 0, 5, 1)] {
      #expect(Area(x: x, y: y, width: width, height: height, screenWidth: 20, screenHeight: 4) == nil)
    }
    let most = Int(Int32.max)
    #expect(Area(x: most, y: 0, width: most, height: 1, screenWidth: 20, screenHeight: 4) == nil)
    #expect(
      Area(x: -1, y: -1, width: most, height: most, screenWidth: 20, screenHeight: 4)
        == Area(left: 0, top: 0, right: 20, bottom: 4))
  }

  @Test func rectangles() {
    var numbers = SeededNumbers.forTest("rectangles")
    for _ in 0..<400 {
      let c = (0..<4).map { _ in Self.coordinate(&numbers) }
      func isInside(_ x: Int, _ y: Int) -> Bool { x >= c[0] && x < c[0] + c[2] && y >= c[1] && y < c[1] + c[3] }
      compare("fill \(c)", { $0.fill(c[0], c[1], c[2], c[3], 0xFFFF) }, with: isInside)
      compare("outline \(c)", { $0.outline(c[0], c[1], c[2], c[3], 0xFFFF) }) { x, y in
        isInside(x, y) && (x == c[0] || y == c[1] || x == c[0] + c[2] - 1 || y == c[1] + c[3] - 1)
      }
      let value = Self.coordinate(&numbers)
      let maximum = Self.coordinate(&numbers)
      compare(
        "bar \(c) \(value) of \(maximum)",
        { $0.progressBar(c[0], c[1], c[2], c[3], value: value, maximum: maximum, 0xFFFF, 1) }
      ) { x, y in
        guard maximum > 0 else { return false }
        return isInside(x, y) && Int128(x - c[0]) < Int128(c[2]) * Int128(min(max(0, value), maximum)) / Int128(maximum)
      }
    }
  }

  static func isInCircle(_ x: Int, _ y: Int, _ radius: Int, _ px: Int, _ py: Int) -> Bool {
    let (dx, dy, r) = (Int128(px - x), Int128(py - y), Int128(radius))
    return radius >= 0 && dx * dx + dy * dy <= r * r + r
  }

  /// Whether a pixel belongs to a shape and one beside, above or below it does not.
  static func isEdge(_ x: Int, _ y: Int, _ isInside: (Int, Int) -> Bool) -> Bool {
    isInside(x, y) && !(isInside(x - 1, y) && isInside(x + 1, y) && isInside(x, y - 1) && isInside(x, y + 1))
  }

  @Test func circles() {
    var numbers = SeededNumbers.forTest("circles")
    for round in 0..<600 {
      let x = Self.coordinate(&numbers)
      let y = Self.coordinate(&numbers)
      // Some pass through the canvas though they are huge.
      let radius = round % 3 == 0 ? abs(x) + Int.random(in: -20...20, using: &numbers) : Self.coordinate(&numbers)
      func isInside(_ px: Int, _ py: Int) -> Bool { Self.isInCircle(x, y, radius, px, py) }
      compare("disc \(x) \(y) \(radius)", { $0.fillCircle(x, y, radius, 0xFFFF) }, with: isInside)
      compare("circle \(x) \(y) \(radius)", { $0.circle(x, y, radius, 0xFFFF) }) { Self.isEdge($0, $1, isInside) }
    }
  }

  @Test func roundedRectangles() {
    var numbers = SeededNumbers.forTest("rounded")
    for _ in 0..<600 {
      let c = (0..<5).map { _ in Self.coordinate(&numbers) }
      let radius = max(0, min(c[4], (c[2] - 1) / 2, (c[3] - 1) / 2))
      func isInside(_ x: Int, _ y: Int) -> Bool {
        guard c[2] > 0, c[3] > 0, x >= c[0], x < c[0] + c[2], y >= c[1], y < c[1] + c[3] else { return false }
        // The nearest point whose distance counts: inside of it there is none.
        let centreX = min(max(x, c[0] + radius), c[0] + c[2] - 1 - radius)
        let centreY = min(max(y, c[1] + radius), c[1] + c[3] - 1 - radius)
        return Self.isInCircle(centreX, centreY, radius, x, y)
      }
      compare("rounded \(c)", { $0.fillRoundedRectangle(c[0], c[1], c[2], c[3], c[4], 0xFFFF) }, with: isInside)
      compare("its edge \(c)", { $0.roundedRectangle(c[0], c[1], c[2], c[3], c[4], 0xFFFF) }) {
        Self.isEdge($0, $1, isInside)
      }
    }
  }

  /// Whether a line has a pixel, by the distance of the place across from the exact one: at most half a pixel, and of two
  /// pixels with the same distance the one that is farther from the first point.
  static func isOnLine(_ c: [Int], _ x: Int, _ y: Int) -> Bool {
    let isFlat = abs(c[2] - c[0]) >= abs(c[3] - c[1])
    let (from, to, along) = isFlat ? (c[0], c[2], x) : (c[1], c[3], y)
    let (start, end, across) = isFlat ? (c[1], c[3], y) : (c[0], c[2], x)
    guard along >= min(from, to), along <= max(from, to) else { return false }
    let steps = Int128(abs(to - from))
    guard steps > 0 else { return across == start }
    let rise = Int128(abs(end - start))
    let ahead = Int128(end >= start ? across - start : start - across)
    // Twice the distance from the exact place, in parts of a step.
    let distance = 2 * (ahead * steps - Int128(abs(along - from)) * rise)
    // An odd number of steps has no pixel exactly between two.
    return distance > -steps && distance <= steps
  }

  @Test func lines() {
    var numbers = SeededNumbers.forTest("lines")
    for _ in 0..<1500 {
      let c = (0..<4).map { _ in Self.coordinate(&numbers) }
      compare("line \(c)", { $0.line(c[0], c[1], c[2], c[3], 0xFFFF) }) { Self.isOnLine(c, $0, $1) }
    }
  }

  /// Pixels inside of a triangle or on its edge are set; pixels more than one away from it are not.
  @Test func triangles() {
    var numbers = SeededNumbers.forTest("triangles")
    for _ in 0..<120 {
      let c = (0..<6).map { _ in Self.coordinate(&numbers) }
      let edges = [[c[0], c[1], c[2], c[3]], [c[2], c[3], c[4], c[5]], [c[4], c[5], c[0], c[1]]]
      compare("edge of \(c)", { $0.triangle(c[0], c[1], c[2], c[3], c[4], c[5], 0xFFFF) }) { x, y in
        edges.contains { Self.isOnLine($0, x, y) }
      }
      var canvas = Canvas(width: Self.width, height: Self.height)
      canvas.fillTriangle(c[0], c[1], c[2], c[3], c[4], c[5], 0xFFFF)
      /// On which side of each edge a place is.
      func sides(_ x: Int, _ y: Int) -> [Int128] {
        edges.map { e in
          Int128(e[2] - e[0]) * Int128(y - e[1]) - Int128(e[3] - e[1]) * Int128(x - e[0])
        }
      }
      for y in 0..<Self.height {
        for x in 0..<Self.width {
          let isDrawn = canvas.pixels[y * Self.width + x] == 0xFFFF
          let own = sides(x, y)
          let isFlat = Int128(c[2] - c[0]) * Int128(c[5] - c[1]) == Int128(c[3] - c[1]) * Int128(c[4] - c[0])
          let isInside = !isFlat && (own.allSatisfy { $0 >= 0 } || own.allSatisfy { $0 <= 0 })
          if isInside || edges.contains(where: { Self.isOnLine($0, x, y) }), !isDrawn {
            Issue.record("triangle \(c) lacks \(x), \(y)")
            return
          }
          let around = [(-1, -1), (1, -1), (-1, 1), (1, 1)].map { sides(x + $0.0, y + $0.1) }
          let isOutside =
            !isFlat
            && (0..<3).contains { edge in
              // The third corner is on the other side than the whole neighbourhood.
              let corner = [(c[4], c[5]), (c[0], c[1]), (c[2], c[3])][edge]
              let inner = sides(corner.0, corner.1)[edge]
              return around.allSatisfy { inner > 0 ? $0[edge] < 0 : $0[edge] > 0 }
            }
          if isOutside, isDrawn {
            Issue.record("triangle \(c) has \(x), \(y)")
            return
          }
        }
      }
    }
  }

  @Test func pictures() {
    var numbers = SeededNumbers.forTest("pictures")
    for _ in 0..<300 {
      let x = Self.coordinate(&numbers)
      let y = Self.coordinate(&numbers)
      let width = Int.random(in: 0...40, using: &numbers)
      let height = Int.random(in: 0...40, using: &numbers)
      let pixels: [UInt16] = (0..<width * height).map { _ in Bool.random(using: &numbers) ? 0xFFFF : 0x1234 }
      let bytes = pixels.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
      compare("picture \(x) \(y) \(width) \(height)") { canvas in
        let isDrawn = bytes.withUnsafeBytes { canvas.bitmap(x, y, width, height, $0, key: 0x1234) }
        #expect(isDrawn)
      } with: { px, py in
        px >= x && py >= y && px - x < width && py - y < height && pixels[(py - y) * width + px - x] == 0xFFFF
      }
    }
    var canvas = Canvas(width: 4, height: 4)
    let most = Int(Int32.max)
    let isDrawn = [UInt8](repeating: 1, count: 31).withUnsafeBytes { bytes in
      [
        canvas.bitmap(0, 0, 4, 4, bytes), canvas.bitmap(0, 0, -1, 4, bytes), canvas.bitmap(0, 0, most, most, bytes),
        canvas.bitmap(0, 0, 3, 5, bytes), canvas.bitmap(0, 0, 0, most, bytes),
      ]
    }
    #expect(isDrawn == [false, false, false, true, true])
  }

  @Test func texts() {
    var numbers = SeededNumbers.forTest("texts")
    for font in Font.allCases {
      for _ in 0..<60 {
        let x = Self.coordinate(&numbers)
        let y = Self.coordinate(&numbers)
        let characters: [String] = (0..<6).map { _ in
          ["A", "g", "~", " ", "\n", "ä", "8"].randomElement(using: &numbers) ?? "x"
        }
        let text = characters.joined()
        compare("text \(x) \(y) \(text)", { $0.text(x, y, text, font, 0xFFFF) }) { px, py in
          for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let row = py - y - index * font.cellHeight
            guard row >= 0, row < font.cellHeight, px >= x else { continue }
            let characters = Array(line.unicodeScalars)
            let place = (px - x) / font.cellWidth
            guard place < characters.count else { return false }
            let rows = font.rows(of: characters[place])
            let bits = row < rows.count ? rows[row] : 0
            return bits >> UInt32(font.cellWidth - 1 - (px - x) % font.cellWidth) & 1 == 1
          }
          return false
        }
      }
    }
  }

  @Test func fontsFitTheirCells() {
    for font in Font.allCases {
      for code in UInt32(0)..<300 {
        guard let character = Unicode.Scalar(code) else { continue }
        let rows = font.rows(of: character)
        #expect(rows.count <= font.cellHeight && rows.allSatisfy { $0 < 1 << UInt32(font.cellWidth) })
        let isPrinted = code > 32 && code < 127
        if isPrinted { #expect(rows.contains { $0 != 0 }) }
        if code < 32 || code > 126 { #expect(rows == font.rows(of: "\u{1F600}")) }
      }
      let shapes = Set((UInt32(32)..<128).compactMap { Unicode.Scalar($0).map { font.rows(of: $0) } })
      #expect(shapes.count == 96, "two characters look alike")
    }
  }
}
