import Glibc
import JSON
import Model
import YAML

/// A daemon and who one is there: an entry of `~/.aether/config.yaml`.
struct Context: Sendable, Equatable {
  var name: String
  /// `https://ADDRESS:PORT`
  var server: String
  /// File of the authority that signed the daemon's certificate; absent: the system's authorities.
  var authority: String?
  var token: String?
  /// Asks the development issuer for a new token as this user when the old one has expired.
  var developmentUser: String?
  /// And as an administrator.
  var isDevelopmentAdministrator = false
}

/// The file `~/.aether/config.yaml` (or the one in `AETHER_CONFIG`): contexts, and which one is meant by default. Mode
/// 0600, since it holds tokens.
struct ContextFile: Sendable, Equatable {
  var current: String?
  var contexts: [Context] = []

  static var path: String {
    if let path = getenv("AETHER_CONFIG") { return String(cString: path) }
    return (getenv("HOME").map { String(cString: $0) } ?? ".") + "/.aether/config.yaml"
  }

  static func load() throws -> ContextFile {
    guard let bytes = try File.read(path, mustExist: false) else { return ContextFile() }
    do {
      guard let document = try YAML.parse(bytes).first, !document.value.isNull else { return ContextFile() }
      return try ContextFile(document.value)
    } catch let error as YAMLError {
      throw APIError(.invalid, "\(path):\(error)")
    } catch let error as APIError {
      throw APIError(.invalid, "\(path): \(error.message)")
    }
  }

  private init() {}

  private init(_ json: JSON) throws(APIError) {
    var reader = try FieldReader(json, path: "")
    current = try reader.optionalString("current")
    for (index, item) in try reader.array("contexts").enumerated() {
      var inner = try FieldReader(item, path: "contexts[\(index)]")
      contexts.append(
        Context(
          name: try inner.string("name"), server: try inner.string("server"),
          authority: try inner.optionalString("authority"), token: try inner.optionalString("token"),
          developmentUser: try inner.optionalString("developmentUser"),
          isDevelopmentAdministrator: try inner.optionalBool("developmentAdmin") ?? false))
      try inner.refuseUnknown()
    }
    try reader.refuseUnknown()
  }

  func save() throws {
    let items = contexts.map { context -> JSON in
      var item: JSONObject = ["name": .string(context.name), "server": .string(context.server)]
      if let authority = context.authority { item["authority"] = .string(authority) }
      if let token = context.token { item["token"] = .string(token) }
      if let user = context.developmentUser { item["developmentUser"] = .string(user) }
      if context.isDevelopmentAdministrator { item["developmentAdmin"] = true }
      return .object(item)
    }
    let json: JSON = ["current": current.map { .string($0) } ?? .null, "contexts": .array(items)]
    try File.writePrivately(Array(YAML.text(json).utf8), to: ContextFile.path)
  }

  /// The context called `name`, or the current one.
  func require(_ name: String?) throws(APIError) -> Context {
    guard let wanted = name ?? current else {
      throw APIError(.invalid, "no context is set; `aether login` makes one")
    }
    guard let context = contexts.first(where: { $0.name == wanted }) else {
      let names = contexts.map(\.name).joined(separator: ", ")
      throw APIError(.invalid, "there is no context \"\(wanted)\"; there are: \(names.isEmpty ? "none" : names)")
    }
    return context
  }

  mutating func put(_ context: Context) {
    if let index = contexts.firstIndex(where: { $0.name == context.name }) {
      contexts[index] = context
    } else {
      contexts.append(context)
    }
  }
}

/// Files that the command reads and writes.
enum File {
  static let sizeMax = 16 << 20

  /// - Returns: `nil` when there is no such file and there need not be one.
  static func read(
    _ path: String, mustExist: Bool = true, sizeMax: Int = File.sizeMax
  ) throws(APIError) -> [UInt8]? {
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT && !mustExist { return nil }
      throw APIError(.invalid, "\(path): \(String(cString: strerror(errno)))")
    }
    defer { if path != "-" { close(descriptor) } }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw APIError(.invalid, "\(path): \(String(cString: strerror(errno)))") }
      if count == 0 { break }
      bytes += chunk[..<count]
      guard bytes.count <= sizeMax else { throw APIError(.tooLarge, "\(path) is larger than \(sizeMax) bytes") }
    }
    return bytes
  }

  /// Writes a file for everyone to read.
  static func write(_ bytes: [UInt8], to path: String) throws(APIError) {
    func failure() -> APIError { APIError(.invalid, "\(path): \(String(cString: strerror(errno)))") }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure() }
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress?.advanced(by: offset), $0.count - offset)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        defer { close(descriptor) }
        throw failure()
      }
      offset += count
    }
    guard close(descriptor) == 0 else { throw failure() }
  }

  /// Replaces the file at once, readable by its owner only; makes its folder.
  static func writePrivately(_ bytes: [UInt8], to path: String) throws(APIError) {
    func failure(_ path: String) -> APIError { APIError(.invalid, "\(path): \(String(cString: strerror(errno)))") }
    if let slash = path.lastIndex(of: "/") {
      let folder = String(path[..<slash])
      guard folder.isEmpty || mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw failure(folder) }
    }
    let temporary = "\(path).\(getpid())"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(temporary) }
    let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    guard written == bytes.count, fsync(descriptor) == 0, close(descriptor) == 0, rename(temporary, path) == 0 else {
      unlink(temporary)
      throw failure(path)
    }
  }
}
