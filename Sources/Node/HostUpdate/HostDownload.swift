import AppManager
import Glibc
import HTTPClient
import JSON
import Linux

/// A package on its way from an https address into a file. What has come survives the daemon, and is not fetched again.
struct HostDownload: Sendable {
  private static let kind = "aether-host-download"
  /// Tries in a row that brought nothing.
  private static let triesMax = 5

  let folder: String
  let files: FileSteps
  let client: HTTPClient
  /// Of a package.
  let bytesMax: Int
  /// Before another try; the n-th waits n times as long.
  let retryDelay: Duration

  var package: String { "\(folder)/package" }
  private var source: String { "\(folder)/source" }

  /// Where a download comes from, so that no two are mixed.
  private struct Source: Equatable {
    var url: String
    /// A strong ETag or a date of change; "" when the server gives none: then the digests find a mixture.
    var validator: String

    init(url: String, validator: String) {
      self.url = url
      self.validator = validator
    }

    init?(_ bytes: [UInt8]) {
      guard let fields = try? CheckedDocument.decode(HostDownload.kind, bytes), let url = try? fields.text("url"),
        let validator = try? fields.text("validator")
      else { return nil }
      self.init(url: url, validator: validator)
    }

    var bytes: [UInt8] {
      CheckedDocument.encode(HostDownload.kind, ["url": .string(url), "validator": .string(validator)])
    }
  }

  func discard() {
    for path in [source, package] { try? files.removeTree(path) }
  }

  /// Fetches all of it, going on where an earlier try ended.
  ///
  /// - Parameter progress: per cent.
  func run(_ url: String, progress: (Int) -> Void) async throws(HostUpdateProblem) {
    var tries = 0
    while true {
      let before = length
      guard let obstacle = try await attempt(url, progress) else { return }
      tries = length > before ? 1 : tries + 1
      guard tries < Self.triesMax else { throw HostUpdateProblem(.failed, obstacle) }
      do { try await Task.sleep(for: retryDelay * tries) } catch {
        throw HostUpdateProblem(.failed, "the daemon ends; the download goes on when it is asked for again")
      }
    }
  }

  private var length: Int {
    var status = stat()
    return lstat(package, &status) == 0 ? Int(status.st_size) : 0
  }

  /// - Returns: what was in the way, when another try may bring the rest; `nil` when all of it is there.
  private func attempt(_ url: String, _ progress: (Int) -> Void) async throws(HostUpdateProblem) -> String? {
    let source = (try? Files.read(source)).flatMap { Source($0) }
    if source?.url != url { discard() }
    let offset = length
    var request = HTTPClient.Request("GET", url, headers: ["accept": "application/octet-stream, */*"])
    if offset > 0 {
      request.headers.add("range", "bytes=\(offset)-")
      if let validator = source?.validator, !validator.isEmpty { request.headers.add("if-range", validator) }
    }
    let response: HTTPClient.Response
    do throws(HTTPClientError) { response = try await client.send(request) } catch { return try obstacle(url, error) }
    var start = 0
    switch response.status {
    case 200: break
    case 206:
      guard let range = Self.range(response.headers["content-range"]), range.start == offset else {
        throw HostUpdateProblem(.failed, "\(url): the server sends another part than was asked for")
      }
      start = offset
    case 416 where offset > 0:
      // Longer than what is there now: not of that any more.
      discard()
      return "\(url) has changed"
    default: throw HostUpdateProblem(.failed, "\(url): the server answers with status \(response.status)")
    }
    let left = response.headers["content-length"].flatMap { Int($0) }
    if let left, left > bytesMax - start { throw tooLarge(url) }
    do throws(LinuxError) {
      let validator = Self.validator(response.headers)
      try files.replace(self.source, Source(url: url, validator: validator).bytes, in: folder)
    } catch {
      throw HostUpdateProblem(error)
    }
    return try await receive(response.body, url, from: start, total: left.map { $0 + start }, progress)
  }

  /// Adds a body to what is there up to `start`.
  private func receive(
    _ body: HTTPClient.ResponseBody, _ url: String, from start: Int, total: Int?, _ progress: (Int) -> Void
  ) async throws(HostUpdateProblem) -> String? {
    var received = start
    do throws(LinuxError) {
      files.announce(.create, package)
      let file = try FileDescriptor.open(package, O_WRONLY | O_CREAT, mode: 0o600)
      if ftruncate(file.raw, off_t(start)) != 0 { throw LinuxError("ftruncate", package, errno: errno) }
      if lseek(file.raw, off_t(start), SEEK_SET) < 0 { throw LinuxError("lseek", package, errno: errno) }
      var chunks = body.makeAsyncIterator()
      while true {
        let chunk: [UInt8]?
        do throws(HTTPClientError) { chunk = try await chunks.next() } catch {
          return "\(url): \(error)"
        }
        guard let chunk else { break }
        received += chunk.count
        if received > bytesMax { break }
        files.announce(.append, package)
        try file.writeAll(chunk)
        if let total, total > 0 { progress(received * 100 / total) }
      }
    } catch {
      throw HostUpdateProblem(error)
    }
    guard received <= bytesMax else {
      discard()
      throw tooLarge(url)
    }
    return nil
  }

  private func tooLarge(_ url: String) -> HostUpdateProblem {
    HostUpdateProblem(.invalidPackage, "\(url) has more than \(bytesMax) bytes")
  }

  private func obstacle(_ url: String, _ error: HTTPClientError) throws(HostUpdateProblem) -> String {
    guard error.isTransient else { throw HostUpdateProblem(.failed, "\(url): \(error)") }
    return "\(url): \(error)"
  }

  /// What says that it is still the same (RFC 9110, section 13.1.5): a strong ETag, else the date of the last change.
  private static func validator(_ headers: HTTPClient.Headers) -> String {
    if let tag = headers["etag"], tag.hasPrefix("\"") { return tag }
    return headers["last-modified"] ?? ""
  }

  /// `bytes 100-199/200`.
  private static func range(_ text: String?) -> (start: Int, end: Int)? {
    guard let text, text.lowercased().hasPrefix("bytes ") else { return nil }
    let numbers = text.dropFirst(6).prefix { $0 != "/" }.split(separator: "-").map { Int($0) }
    guard numbers.count == 2, let start = numbers[0], let end = numbers[1], start <= end else { return nil }
    return (start, end)
  }
}
