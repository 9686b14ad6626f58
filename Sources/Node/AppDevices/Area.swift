/// Pixels of a screen between `left` and `right`, and `top` and `bottom`; right and bottom lie outside. Never empty.
public struct Area: Sendable, Equatable {
  public var left: Int
  public var top: Int
  public var right: Int
  public var bottom: Int

  public init(left: Int, top: Int, right: Int, bottom: Int) {
    self.left = left
    self.top = top
    self.right = right
    self.bottom = bottom
  }

  public var width: Int { right - left }
  public var height: Int { bottom - top }

  /// The visible part of a rectangle; `nil` without one. Any numbers of 32 bits are allowed.
  public init?(x: Int, y: Int, width: Int, height: Int, screenWidth: Int, screenHeight: Int) {
    guard width > 0, height > 0, screenWidth > 0, screenHeight > 0 else { return nil }
    self.init(
      left: max(x, 0), top: max(y, 0), right: min(x + width, screenWidth), bottom: min(y + height, screenHeight))
    guard left < right, top < bottom else { return nil }
  }

  /// The smallest one that has both.
  func union(_ other: Area?) -> Area {
    guard let other else { return self }
    return Area(
      left: min(left, other.left), top: min(top, other.top), right: max(right, other.right),
      bottom: max(bottom, other.bottom))
  }
}
