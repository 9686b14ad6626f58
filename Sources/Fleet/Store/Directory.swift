import Bytes
import Glibc

/// The few calls of the file system that the store makes itself.
enum Directory {
  static func failure(_ action: String, _ path: String) -> StoreError {
    let code = errno
    let message = "\(action) \(path): \(String(cString: strerror(code)))"
    return code == ENOSPC || code == EDQUOT ? .storageFull(message) : .unavailable(message)
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Makes a directory that only its owner can read, unless it exists.
  static func create(_ path: String) throws(StoreError) {
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw failure("cannot make directory", path) }
  }

  /// What is in a directory, in order.
  static func names(_ path: String) throws(StoreError) -> [String] {
    guard let directory = opendir(path) else { throw failure("cannot read directory", path) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
          String(cString: $0)
        }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Makes the entries of a directory durable.
  static func sync(_ path: String) throws(StoreError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("cannot open", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("cannot sync", path) }
  }

  static func move(_ from: String, _ to: String) throws(StoreError) {
    guard rename(from, to) == 0 else { throw failure("cannot rename \(from) to", to) }
    try sync(parent(to))
  }

  /// Removes a directory of plain files; says nothing when it is not there.
  static func remove(_ path: String) {
    for name in (try? names(path)) ?? [] { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  static func parent(_ path: String) -> String {
    let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    guard let slash = trimmed.lastIndex(of: "/") else { return "." }
    return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
  }

  /// Writes a new file and makes it durable.
  static func write(_ bytes: [UInt8], to path: String) throws(StoreError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure("cannot create", path) }
    defer { close(descriptor) }
    try writeAll(bytes[...], descriptor, path)
    guard fsync(descriptor) == 0 else { throw failure("cannot sync", path) }
  }

  private static func writeAll(_ bytes: ArraySlice<UInt8>, _ descriptor: Int32, _ path: String) throws(StoreError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure("cannot write", path) }
      rest = rest.dropFirst(count)
    }
  }

  /// Reads a file piece by piece.
  static func read(_ path: String, _ body: (ArraySlice<UInt8>) throws(StoreError) -> Void) throws(StoreError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("cannot open", path) }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure("cannot read", path) }
      if count == 0 { return }
      try body(buffer[..<count])
    }
  }

  /// Copies a file, makes it durable, and gives its length and checksum as read.
  static func copy(_ from: String, _ to: String) throws(StoreError) -> (byteCount: Int64, checksum: UInt32) {
    let descriptor = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure("cannot create", to) }
    defer { close(descriptor) }
    var byteCount: Int64 = 0
    var checksum = CRC32C()
    try read(from) { (piece) throws(StoreError) in
      byteCount += Int64(piece.count)
      checksum.update(piece)
      try writeAll(piece, descriptor, to)
    }
    guard fsync(descriptor) == 0 else { throw failure("cannot sync", to) }
    return (byteCount, checksum.value)
  }

  static func checksum(_ path: String) throws(StoreError) -> (byteCount: Int64, checksum: UInt32) {
    var byteCount: Int64 = 0
    var checksum = CRC32C()
    try read(path) { (piece) throws(StoreError) in
      byteCount += Int64(piece.count)
      checksum.update(piece)
    }
    return (byteCount, checksum.value)
  }
}
