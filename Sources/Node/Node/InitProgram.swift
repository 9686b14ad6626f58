import Glibc
import Linux

/// Finds the supervisor's program.
enum InitProgram {
  /// `AETHER_INIT`, else `aether-init` beside the running program, else `.build/libexec/aether-init`.
  static func find() throws(NodeError) -> FileDescriptor {
    var candidates: [String] = []
    if let given = getenv("AETHER_INIT") {
      candidates = [String(cString: given)]
    } else {
      if let own = Files.runningExecutable(), let slash = own.lastIndex(of: "/") {
        candidates.append(own[..<slash] + "/aether-init")
      }
      candidates.append(".build/libexec/aether-init")
    }
    for candidate in candidates where access(candidate, X_OK) == 0 {
      do throws(LinuxError) { return try .path(candidate) } catch { throw NodeError(error, step: "open supervisor") }
    }
    throw .unavailable(
      feature: "cells", reason: "aether-init is not at \(candidates.joined(separator: ", ")); set AETHER_INIT")
  }
}
