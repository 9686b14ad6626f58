/// How wide texts are: the widths of Helvetica, to which Arial and Liberation Sans are equal, for proportional text, and
/// a fixed width for scripts.
enum PictureText {
  static let titleSize = 13.0
  static let codeSize = 10.5
  static let labelSize = 11.0
  static let lineHeight = 14.0

  /// Thousandths of the size, from the space to the tilde.
  private static let widths: [Double] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
  ]

  static func width(_ text: String, size: Double, isBold: Bool = false) -> Double {
    var sum = 0.0
    for scalar in text.unicodeScalars { sum += width(scalar) }
    return sum / 1000 * size * (isBold ? 1.08 : 1.03)
  }

  static func codeWidth(_ text: String) -> Double {
    var sum = 0.0
    for scalar in text.unicodeScalars { sum += scalar.value < 0x1100 ? 0.605 : max(0.605, width(scalar) / 1000) }
    return sum * codeSize
  }

  private static func width(_ scalar: Unicode.Scalar) -> Double {
    switch scalar.value {
    case 0x20...0x7E: widths[Int(scalar.value) - 0x20]
    case 0x300...0x36F: 0
    case 0x2026: 1000
    case 0x1100..., 0x2E80...: 1000
    default: 640
    }
  }

  /// One decimal place, without a trailing zero.
  static func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    let sign = tenths < 0 ? "-" : ""
    let (whole, rest) = (abs(tenths) / 10, abs(tenths) % 10)
    return rest == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(rest)"
  }

  /// Text for a place between tags or in an attribute; characters that XML does not allow become U+FFFD.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n": result += "&#10;"
      case "\t": result += " "
      default:
        let isAllowed = scalar.value >= 0x20 && scalar.value != 0xFFFE && scalar.value != 0xFFFF
        result.unicodeScalars.append(isAllowed ? scalar : "\u{FFFD}")
      }
    }
    return result
  }
}
