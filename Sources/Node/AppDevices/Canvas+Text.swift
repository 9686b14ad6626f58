/// A font with cells of one size. All are made of one table of 5 by 9 pixels, the larger ones with smoothed edges.
public enum Font: Sendable, CaseIterable {
  /// 7 by 10 pixels.
  case small
  /// 11 by 18 pixels.
  case large
  /// 22 by 36 pixels.
  case huge

  public var cellWidth: Int {
    switch self {
    case .small: 7
    case .large: 11
    case .huge: 22
    }
  }

  public var cellHeight: Int {
    switch self {
    case .small: 10
    case .large: 18
    case .huge: 36
    }
  }

  /// Rows of a character from the top of its cell; the highest of ``cellWidth`` bits is the leftmost pixel.
  func rows(of character: Unicode.Scalar) -> [UInt32] {
    let glyphs = Self.tables[self == .small ? 0 : self == .large ? 1 : 2]
    let index = Int(character.value) - Int(FontTable.first)
    return glyphs[glyphs.indices.contains(index) ? index : glyphs.count - 1]
  }

  private static let tables: [[[UInt32]]] = [
    FontTable.glyphs.map { rows in [0] + rows.map { UInt32($0) << 1 } },
    FontTable.glyphs.map { rows in smooth(rows.map(UInt32.init), columns: 5).map { $0 << 1 } },
    FontTable.glyphs.map { rows in
      smooth(smooth(rows.map(UInt32.init), columns: 5), columns: 10).map { $0 << 1 }
    },
  ]

  /// Twice as large; a corner between two neighbours of the same kind is filled or cut, which makes slanted lines even.
  private static func smooth(_ rows: [UInt32], columns: Int) -> [UInt32] {
    func isSet(_ row: Int, _ column: Int) -> Bool {
      guard rows.indices.contains(row), column >= 0, column < columns else { return false }
      return rows[row] >> UInt32(columns - 1 - column) & 1 == 1
    }
    var larger = [UInt32](repeating: 0, count: rows.count * 2)
    for row in rows.indices {
      for column in 0..<columns {
        let up = isSet(row - 1, column)
        let down = isSet(row + 1, column)
        let left = isSet(row, column - 1)
        let right = isSet(row, column + 1)
        let own = isSet(row, column)
        let corners = [
          (0, 0, left == up && left != down && up != right ? up : own),
          (0, 1, up == right && up != left && right != down ? right : own),
          (1, 0, down == left && down != right && left != up ? left : own),
          (1, 1, right == down && right != up && down != left ? right : own),
        ]
        for (below, beside, isOn) in corners where isOn {
          larger[row * 2 + below] |= 1 << UInt32(columns * 2 - 1 - column * 2 - beside)
        }
      }
    }
    return larger
  }
}

extension Canvas {
  /// Draws the characters of a text, their background left as it is. A line feed begins a new line below the first character;
  /// what the font does not have is a box.
  public mutating func text(_ x: Int, _ y: Int, _ text: String, _ font: Font, _ color: UInt16) {
    var left = x
    var top = y
    for character in text.unicodeScalars {
      if character == "\n" {
        left = x
        top += font.cellHeight
        continue
      }
      guard top < height else { return }
      if left < width, left > -font.cellWidth, top > -font.cellHeight {
        draw(font.rows(of: character), left, top, font.cellWidth, color)
      }
      left += font.cellWidth
    }
  }

  private mutating func draw(_ rows: [UInt32], _ x: Int, _ y: Int, _ columns: Int, _ color: UInt16) {
    for (row, bits) in rows.enumerated() where bits != 0 {
      for column in 0..<columns where bits >> UInt32(columns - 1 - column) & 1 == 1 {
        set(x + column, y + row, color)
      }
    }
  }
}
