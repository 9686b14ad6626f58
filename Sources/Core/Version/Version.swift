/// The version of this source tree.
public enum Version {
  public static let current = "0.1.0"
}
