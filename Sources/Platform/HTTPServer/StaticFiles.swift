import Glibc
import HTTP
import Net

/// Serves the files below a directory: conditional requests (ETag, Last-Modified), single ranges, `index.html`, and
/// variants compressed ahead of time (`name.br`, `name.gz`).
///
/// A path is opened one segment at a time and never through a symbolic link, so that nothing outside of the directory
/// can be reached, whatever the path and whoever changes the tree meanwhile.
public struct StaticFiles: Sendable {
  public var root: String
  /// Value of `cache-control` for a path below the root; nil for none.
  public var cacheControl: @Sendable (_ path: String) -> String? = { _ in "no-cache" }
  /// Served instead of a missing path without a dot in its last segment, as single-page applications need.
  public var fallback: String?
  /// Added to every answer.
  public var headers: HTTPHeaders = ["x-content-type-options": "nosniff"]

  public init(root: String) { self.root = root }

  /// Answers with the file that the route parameter `path` (from a pattern such as `/static/{path...}`) names.
  public var handler: HTTPHandler {
    .immediate { request, context in try self.response(to: request.head, path: context.parameter("path")) }
  }

  /// - Parameter path: below the root, percent-decoded, without a leading `/`.
  /// - Throws: `HTTPFailure` 404, or 416 for a range outside of the file.
  public func response(to request: HTTPRequestHead, path: String) throws(HTTPFailure) -> HTTPResponse {
    guard let segments = Self.segments(of: path) else { throw HTTPFailure(.notFound) }
    var name = segments
    let namesDirectory = path.isEmpty || path.hasSuffix("/")
    if namesDirectory { name.append("index.html") }
    var found = try open(name, request)
    if found == nil, !namesDirectory, isDirectory(segments) {
      var headers = headers
      headers.set("location", request.query.map { "\(request.path)/?\($0)" } ?? "\(request.path)/")
      return HTTPResponse(status: .movedPermanently, headers: headers, body: .bytes([]))
    }
    if found == nil, let fallback, segments.last?.contains(".") != true, let other = Self.segments(of: fallback) {
      name = other
      found = try open(name, request)
    }
    guard let found else { throw HTTPFailure(.notFound) }
    return try answer(found, request, name: name)
  }

  // MARK: Finding the file

  struct Found {
    var file: OpenFile
    var size: Int64
    var modified: timespec
    /// `br`, `gzip` or nil.
    var coding: String?
  }

  /// Nil when a segment could lead elsewhere.
  static func segments(of path: String) -> [String]? {
    let segments = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let named = segments.last == "" ? Array(segments.dropLast()) : segments
    for segment in named where segment.isEmpty || segment == "." || segment == ".." || segment.utf8.contains(0) {
      return nil
    }
    return named
  }

  private func open(_ name: [String], _ request: HTTPRequestHead) throws(HTTPFailure) -> Found? {
    guard let last = name.last, let directory = Self.openDirectory(root, name.dropLast()) else { return nil }
    defer { close(directory) }
    for (coding, suffix) in Self.acceptedCodings(request) {
      if var found = Self.openFile(directory, last + suffix) {
        found.coding = coding
        return found
      }
    }
    return Self.openFile(directory, last)
  }

  private func isDirectory(_ segments: [String]) -> Bool {
    guard let directory = Self.openDirectory(root, segments[...]) else { return false }
    close(directory)
    return true
  }

  private static func openDirectory(_ root: String, _ segments: ArraySlice<String>) -> Int32? {
    var directory = Glibc.open(root, directoryFlags)
    for segment in segments {
      guard directory >= 0 else { return nil }
      let next = openat(directory, segment, directoryFlags | O_NOFOLLOW)
      close(directory)
      directory = next
    }
    return directory >= 0 ? directory : nil
  }

  private static let directoryFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC

  private static func openFile(_ directory: Int32, _ name: String) -> Found? {
    // Non-blocking, so that a FIFO in the tree cannot hold up the loop.
    let descriptor = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    let file = OpenFile(descriptor: descriptor)
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Found(file: file, size: Int64(status.st_size), modified: status.st_mtim, coding: nil)
  }

  /// What the client takes of the codings that files may be stored in, best first (RFC 9110 section 12.5.3).
  static func acceptedCodings(_ request: HTTPRequestHead) -> [(coding: String, suffix: String)] {
    guard let accept = request.headers["accept-encoding"] else { return [] }
    var weights: [String: Double] = [:]
    for part in accept.split(separator: ",") {
      let pieces = part.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
      guard let coding = pieces.first else { continue }
      let weight = pieces.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
      weights[coding] = weight ?? 1
    }
    return [("br", ".br"), ("gzip", ".gz")].filter { (weights[$0.0] ?? weights["*"] ?? 0) > 0 }
  }

  // MARK: Answering

  private func answer(_ found: Found, _ request: HTTPRequestHead, name: [String]) throws(HTTPFailure) -> HTTPResponse {
    let tag = Self.entityTag(found)
    let modified = Int(found.modified.tv_sec)
    var headers = headers
    headers.set("etag", tag)
    headers.set("last-modified", HTTPDate.format(modified))
    headers.set("vary", "accept-encoding")
    headers.set("accept-ranges", "bytes")
    if let value = cacheControl(name.joined(separator: "/")) { headers.set("cache-control", value) }
    if Self.isUnchanged(request, tag: tag, modified: modified) {
      return HTTPResponse(status: .notModified, headers: headers)
    }
    headers.set("content-type", ContentType.of(name.last ?? ""))
    if let coding = found.coding { headers.set("content-encoding", coding) }
    var range = Int64(0)..<found.size
    var status = HTTPStatus.ok
    if let text = request.headers["range"], request.method == .get,
      Self.rangeApplies(request, tag: tag, modified: modified)
    {
      switch Self.range(text, size: found.size) {
      case .whole: break
      case .unsatisfiable:
        throw HTTPFailure(.rangeNotSatisfiable, headers: ["content-range": "bytes */\(found.size)"])
      case .part(let part):
        range = part
        status = .partialContent
        headers.set("content-range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(found.size)")
      }
    }
    if range.isEmpty { return HTTPResponse(status: status, headers: headers, body: .bytes([])) }
    return HTTPResponse(
      status: status, headers: headers,
      body: .file(found.file, offset: range.lowerBound, length: Int64(range.count)))
  }

  private static func entityTag(_ found: Found) -> String {
    let time = UInt64(bitPattern: Int64(found.modified.tv_sec)) &* 1_000_000_000 &+ UInt64(found.modified.tv_nsec)
    return "\"\(String(time, radix: 36))-\(String(found.size, radix: 36))\(found.coding.map { "-\($0)" } ?? "")\""
  }

  /// RFC 9110 sections 13.1.2 and 13.1.3: a tag, where there is one, decides alone.
  static func isUnchanged(_ request: HTTPRequestHead, tag: String, modified: Int) -> Bool {
    let tags = request.headers.values(of: "if-none-match")
    if !tags.isEmpty {
      return tags.joined(separator: ",").split(separator: ",").contains { candidate in
        var candidate = candidate.filter { $0 != " " && $0 != "\t" }
        if candidate.hasPrefix("W/") { candidate.removeFirst(2) }
        return candidate == "*" || candidate == tag
      }
    }
    guard let since = request.headers["if-modified-since"].flatMap(HTTPDate.parse) else { return false }
    return modified <= since
  }

  /// RFC 9110 section 13.1.5.
  private static func rangeApplies(_ request: HTTPRequestHead, tag: String, modified: Int) -> Bool {
    guard let condition = request.headers["if-range"] else { return true }
    if condition.hasPrefix("\"") { return condition == tag }
    return HTTPDate.parse(condition) == modified
  }

  enum RangeResult: Equatable {
    /// No range, not one in bytes, malformed, or several: the whole file is sent, as RFC 9110 section 14.2 allows.
    case whole
    case part(Range<Int64>)
    case unsatisfiable
  }

  static func range(_ text: String, size: Int64) -> RangeResult {
    guard text.lowercased().hasPrefix("bytes=") else { return .whole }
    let bounds = text.dropFirst(6).filter { $0 != " " }.split(
      separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard bounds.count == 2, bounds.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else {
      return .whole
    }
    switch (bounds[0].isEmpty, bounds[1].isEmpty) {
    case (true, true): return .whole
    case (true, false):
      let suffix = Int64(bounds[1]) ?? .max
      return suffix == 0 || size == 0 ? .unsatisfiable : .part(max(0, size - suffix)..<size)
    case (false, let isOpen):
      let first = Int64(bounds[0]) ?? .max
      let last = isOpen ? size - 1 : Int64(bounds[1]) ?? .max
      if !isOpen, last < first { return .whole }
      return first >= size ? .unsatisfiable : .part(first..<min(size, last == .max ? size : last + 1))
    }
  }
}

/// Content types by file name.
public enum ContentType {
  private static let byExtension: [String: String] = [
    "html": "text/html; charset=utf-8", "htm": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8", "mjs": "text/javascript; charset=utf-8",
    "json": "application/json", "map": "application/json", "txt": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8", "xml": "application/xml", "yaml": "application/yaml",
    "yml": "application/yaml", "csv": "text/csv; charset=utf-8", "svg": "image/svg+xml", "png": "image/png",
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp", "avif": "image/avif",
    "ico": "image/x-icon", "woff": "font/woff", "woff2": "font/woff2", "ttf": "font/ttf", "otf": "font/otf",
    "wasm": "application/wasm", "pdf": "application/pdf", "mp4": "video/mp4", "webm": "video/webm",
    "mp3": "audio/mpeg", "webmanifest": "application/manifest+json", "gz": "application/gzip",
    "zip": "application/zip", "tar": "application/x-tar",
  ]

  /// `application/octet-stream` for what is not known.
  public static func of(_ name: String) -> String {
    guard let dot = name.lastIndex(of: ".") else { return "application/octet-stream" }
    return byExtension[name[name.index(after: dot)...].lowercased()] ?? "application/octet-stream"
  }
}
