import Glibc

/// How files that a file names are reached; paths are relative to the folder of that file.
public struct FileAccess: Sendable {
  public enum Content: Sendable, Equatable {
    case bytes([UInt8])
    case missing
    /// Why it cannot be read.
    case failed(String)
  }

  /// A file larger than this many bytes is not read.
  public static let sizeMax = 16 << 20

  public var read: @Sendable (_ path: String) -> Content

  public init(_ read: @escaping @Sendable (_ path: String) -> Content) { self.read = read }

  /// No file is there.
  public static let none = FileAccess { _ in .missing }

  /// Files held in memory, by path.
  public static func memory(_ files: [String: [UInt8]]) -> FileAccess {
    FileAccess { path in files[normal(path)].map(Content.bytes) ?? .missing }
  }

  /// Files below a folder of this machine. Paths that lead out of it are followed, since a document names its files.
  public static func disk(folder: String) -> FileAccess {
    FileAccess { path in
      path.hasPrefix("/") || folder.isEmpty ? readFile(path) : readFile(folder + "/" + path)
    }
  }

  /// The same files, seen from a folder below.
  func below(_ folder: String) -> FileAccess {
    guard !folder.isEmpty, folder != "." else { return self }
    let read = read
    return FileAccess { path in read(path.hasPrefix("/") ? path : folder + "/" + path) }
  }

  /// The folder of a path; empty for a name alone.
  public static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Without `.` and with `..` carried out.
  static func normal(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == "..", let last = parts.last, last != ".." {
        parts.removeLast()
      } else {
        parts.append(part)
      }
    }
    return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
  }

  private static func readFile(_ path: String) -> Content {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      return errno == ENOENT || errno == ENOTDIR ? .missing : .failed(String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return .failed(String(cString: strerror(errno))) }
      if count == 0 { return .bytes(bytes) }
      bytes += chunk[..<count]
      guard bytes.count <= sizeMax else { return .failed("it is larger than \(sizeMax) bytes") }
    }
  }
}
