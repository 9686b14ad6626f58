import Glibc
import Linux

/// Names of files and folders.
extension AppFiles {
  /// What may be removed.
  struct Removable: OptionSet {
    let rawValue: UInt8
    static let file = Removable(rawValue: 1)
    /// When it is empty.
    static let folder = Removable(rawValue: 2)
  }

  struct Entry {
    var name: String
    var isFolder: Bool
    var inode: UInt64
  }

  func remove(_ text: String, from folder: Int32? = nil, _ what: Removable) throws(NativeError) {
    let path = try path(text, from: folder)
    try withParent(of: path) { (parent, name) throws(NativeError) in
      let status = try Self.status(of: name, in: parent)
      try status.requireFileOrFolder()
      if status.isFolder, !what.contains(.folder) { throw .isDirectory }
      if status.isFile, !what.contains(.file) { throw .notDirectory }
      guard unlinkat(parent, name, status.isFolder ? Int32(AT_REMOVEDIR) : 0) == 0 else {
        throw NativeError(host: errno)
      }
      removed(status, at: path)
    }
  }

  func makeFolder(_ text: String, from folder: Int32? = nil) throws(NativeError) {
    try withParent(of: try path(text, from: folder, isNew: true)) { (parent, name) throws(NativeError) in
      try reserve(Self.entryBytes)
      guard mkdirat(parent, name, 0o700) == 0 else { throw NativeError(host: errno) }
      madeFolder()
    }
  }

  /// Gives a file or folder another name, and so another place. A file or an empty folder that has the name is replaced.
  func rename(
    _ old: String, from oldFolder: Int32? = nil, to new: String, in newFolder: Int32? = nil
  ) throws(NativeError) {
    let source = try path(old, from: oldFolder)
    let target = try path(new, from: newFolder, isNew: true)
    try withParent(of: source) { (sourceParent, sourceName) throws(NativeError) in
      try withParent(of: target) { (targetParent, targetName) throws(NativeError) in
        let moved = try Self.status(of: sourceName, in: sourceParent)
        try moved.requireFileOrFolder()
        var replaced: FileStatus?
        do throws(NativeError) { replaced = try Self.status(of: targetName, in: targetParent) } catch {
          guard case .errno(ENOENT) = error else { throw error }
        }
        try replaced?.requireFileOrFolder()
        if replaced?.inode == moved.inode { return }
        if moved.isFolder { try requireRoom(for: source, at: target) }
        guard renameat(sourceParent, sourceName, targetParent, targetName) == 0 else {
          throw NativeError(host: errno)
        }
        if let replaced { removed(replaced, at: target) }
        if moved.isFolder { movedFolder(from: source, to: target) }
      }
    }
  }

  /// What lies below a folder must be reached by paths that are not too long or too deep in its new place, too.
  private func requireRoom(for source: AppPath, at target: AppPath) throws(NativeError) {
    let longer = target.text.utf8.count - source.text.utf8.count
    let deeper = target.parts.count - source.parts.count
    guard longer > 0 || deeper > 0 else { return }
    var hasRoom = true
    Self.walk(root, from: source.text) { path, _ in
      let parts = path.utf8.count { $0 == UInt8(ascii: "/") } + 1
      if path.utf8.count + longer > AppPath.bytesMax || parts + deeper > Self.depthMax { hasRoom = false }
    }
    if !hasRoom { throw .nameTooLong }
  }

  func status(of text: String, from folder: Int32? = nil) throws(NativeError) -> FileStatus {
    try status(at: try path(text, from: folder))
  }

  func status(at path: AppPath) throws(NativeError) -> FileStatus {
    if path.isRoot { return try Self.status(of: root.raw) }
    let status = try withParent(of: path) { (parent, name) throws(NativeError) in
      try Self.status(of: name, in: parent)
    }
    try status.requireFileOrFolder()
    return status
  }

  func setTimes(_ times: [timespec], of text: String, from folder: Int32? = nil) throws(NativeError) {
    try setTimes(times, at: try path(text, from: folder))
  }

  func setTimes(_ times: [timespec], at path: AppPath) throws(NativeError) {
    if path.isRoot {
      guard futimens(root.raw, times) == 0 else { throw NativeError(host: errno) }
      return
    }
    try withParent(of: path) { (parent, name) throws(NativeError) in
      try Self.status(of: name, in: parent).requireFileOrFolder()
      guard utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) == 0 else { throw NativeError(host: errno) }
    }
  }

  /// Files and folders, sorted by name.
  func entries(in text: String, from folder: Int32? = nil) throws(NativeError) -> [Entry] {
    let folder = try beneath(try path(text, from: folder).text, O_RDONLY | O_DIRECTORY)
    var entries: [Entry] = []
    Self.look(into: folder) { name, status in
      guard status.isFile || status.isFolder else { return }
      entries.append(Entry(name: name, isFolder: status.isFolder, inode: status.inode))
    }
    return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  // MARK: Below

  func beneath(_ path: String, _ flags: Int32) throws(NativeError) -> FileDescriptor {
    do throws(LinuxError) {
      return try root.openBeneath(path, flags, mode: 0o600)
    } catch { throw NativeError(host: error.errno) }
  }

  /// Calls a closure with the folder that holds the last part of a path, and that part.
  private func withParent<Answer>(
    of path: AppPath, _ body: (Int32, String) throws(NativeError) -> Answer
  ) throws(NativeError) -> Answer {
    guard let name = path.parts.last else { throw .accessDenied }
    guard path.parts.count > 1 else { return try body(root.raw, name) }
    let parent = try beneath(path.parentText, O_RDONLY | O_DIRECTORY)
    return try body(parent.raw, name)
  }

  static func status(of descriptor: Int32) throws(NativeError) -> FileStatus {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw NativeError(host: errno) }
    return FileStatus(status)
  }

  private static func status(of name: String, in folder: Int32) throws(NativeError) -> FileStatus {
    var status = stat()
    guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw NativeError(host: errno) }
    return FileStatus(status)
  }

  /// Everything in the folder, as it counts. What cannot be read counts as an entry.
  static func measure(_ root: borrowing FileDescriptor) -> Int {
    var bytes = 0
    walk(root, from: ".") { _, status in bytes += entryBytes + (status.isFile ? status.size : 0) }
    return bytes
  }

  /// Everything beneath a folder, by paths that begin with the folder's own.
  private static func walk(
    _ root: borrowing FileDescriptor, from start: String, _ body: (String, FileStatus) -> Void
  ) {
    var pending = [start]
    while let path = pending.popLast() {
      guard let folder = try? root.openBeneath(path, O_RDONLY | O_DIRECTORY) else { continue }
      look(into: folder) { name, status in
        body("\(path)/\(name)", status)
        if status.isFolder { pending.append("\(path)/\(name)") }
      }
    }
  }

  private static func look(into folder: consuming FileDescriptor, _ body: (String, FileStatus) -> Void) {
    let raw = folder.release()
    guard let stream = fdopendir(raw) else {
      Glibc.close(raw)
      return
    }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name != ".", name != "..", let status = try? status(of: name, in: dirfd(stream)) else { continue }
      body(name, status)
    }
  }
}

/// A path of a guest, taken apart: relative to the app's folder whether it begins with a slash or not.
struct AppPath {
  /// Of a whole path: what the kernel takes, and what a folder is looked through with.
  static let bytesMax = Int(NativeLibrary.textBytesMax)

  let parts: [String]

  /// - Parameters:
  ///   - base: what it begins at; `nil`: the app's folder.
  ///   - isNew: its last part may be made, so it must be one that lists can show.
  init(_ text: String, below base: AppPath? = nil, isNew: Bool = false) throws(NativeError) {
    if text.isEmpty || text.utf8.contains(0) { throw .invalid }
    if text.utf8.count > Self.bytesMax { throw .nameTooLong }
    var parts = base?.parts ?? []
    for part in text.utf8.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
      if part.elementsEqual("..".utf8) { throw .accessDenied }
      if part.count > 255 { throw .nameTooLong }
      if isNew, part.contains(UInt8(ascii: "\n")) { throw .invalid }
      parts.append(String(Substring(part)))
    }
    if isNew, parts.count > AppFiles.depthMax { throw .nameTooLong }
    self.parts = parts
    if base != nil, self.text.utf8.count > Self.bytesMax { throw .nameTooLong }
  }

  init(parts: [String]) { self.parts = parts }

  var isRoot: Bool { parts.isEmpty }
  var text: String { isRoot ? "." : parts.joined(separator: "/") }
  var parentText: String { parts.dropLast().joined(separator: "/") }
}

struct FileStatus {
  var isFile: Bool
  var isFolder: Bool
  var size: Int
  var inode: UInt64
  /// Names that the file has.
  var names: Int
  /// When it was read, when its bytes changed, and when anything about it changed.
  var accessed: timespec
  var modified: timespec
  var changed: timespec

  init(_ status: stat) {
    isFile = status.st_mode & S_IFMT == S_IFREG
    isFolder = status.st_mode & S_IFMT == S_IFDIR
    size = Int(status.st_size)
    inode = UInt64(status.st_ino)
    names = Int(status.st_nlink)
    accessed = status.st_atim
    modified = status.st_mtim
    changed = status.st_ctim
  }

  func requireFile() throws(NativeError) {
    if isFolder { throw .isDirectory }
    if !isFile { throw .accessDenied }
  }

  func requireFileOrFolder() throws(NativeError) {
    guard isFile || isFolder else { throw .accessDenied }
  }
}

extension timespec {
  /// Since 1970; what the number does not hold is cut off.
  var milliseconds: Int64 { Int64(tv_sec) &* 1000 &+ Int64(tv_nsec) / 1_000_000 }

  /// Since 1970; 0 for times before.
  var nanoseconds: UInt64 {
    guard let seconds = UInt64(exactly: tv_sec) else { return 0 }
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, isTooMuch) = product.addingReportingOverflow(UInt64(clamping: tv_nsec))
    return overflow || isTooMuch ? .max : sum
  }
}

extension NativeError {
  /// What a guest gets for an error of the kernel. A way that leads out or over a link is a denied access; −EPERM always means
  /// a capability.
  init(host errno: Int32) {
    switch errno {
    case ENOENT, ENOMEM, EACCES, EBUSY, EEXIST, ENOTDIR, EISDIR, EINVAL, EMFILE, EFBIG, ENOSPC, ENAMETOOLONG,
      ENOTEMPTY:
      self = .errno(errno)
    case EPERM, ELOOP, EXDEV, ENXIO, EROFS: self = .accessDenied
    case EDQUOT: self = .noSpace
    case ENFILE: self = .tooManyHandles
    default: self = .inputOutput
    }
  }
}
