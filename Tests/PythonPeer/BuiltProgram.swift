import Foundation

/// Programs that were built beside the tests.
public enum BuiltProgram {
  public struct Missing: Error { var name: String }

  public static func path(_ name: String) throws -> String {
    let candidates = CommandLine.arguments.filter { $0.contains(".xctest") } + ["/proc/self/exe"]
    for candidate in candidates {
      guard let real = realpath(candidate, nil) else { continue }
      defer { free(real) }
      let path = URL(fileURLWithPath: String(cString: real)).deletingLastPathComponent().path + "/\(name)"
      if FileManager.default.isExecutableFile(atPath: path) { return path }
    }
    throw Missing(name: name)
  }
}
