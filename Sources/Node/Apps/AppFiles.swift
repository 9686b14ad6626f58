import Glibc
import Linux

/// The files of one app: everything beneath one folder, and nothing else. Used by the app's thread alone.
///
/// Paths are walked by the kernel below the folder's descriptor; links are never followed, and only regular files and folders
/// are opened. What the folder holds is counted once when it is opened, and kept exact from then on.
final class AppFiles {
  /// What each file and each folder counts beside its bytes, so that empty ones are no way around the quota: a block and an
  /// inode of usual file systems, rounded.
  static let entryBytes = 4096
  /// Folders inside of each other.
  static let depthMax = 32
  static let openMax = 32
  /// Of a place in a file, since guests get it as 32 bits.
  static let offsetMax = Int(Int32.max)

  struct Access: OptionSet {
    let rawValue: UInt8
    static let read = Access(rawValue: 1)
    static let write = Access(rawValue: 2)
    static let append = Access(rawValue: 4)
    static let create = Access(rawValue: 8)
    static let truncate = Access(rawValue: 16)
    static let changes: Access = [.write, .append, .create, .truncate]
  }

  /// Whose handle it is: those of one family mean nothing to the other.
  enum Family { case storage, files }

  private struct OpenFile {
    var descriptor: Int32
    var inode: UInt64
    var access: Access
    var family: Family
    var offset = 0
  }

  private let root: FileDescriptor
  private let bytesMax: Int
  private(set) var bytesUsed: Int
  private var slots = [OpenFile?](repeating: nil, count: openMax)
  /// Inodes without a name that are still open, and so still take room.
  private var orphans: Set<UInt64> = []

  init(folder: String, bytesMax: Int) throws(LinuxError) {
    root = try FileDescriptor.directory(folder)
    self.bytesMax = bytesMax
    bytesUsed = Self.measure(root)
  }

  deinit {
    for file in slots { if let file { Glibc.close(file.descriptor) } }
  }

  /// Handles that are taken.
  var openCount: Int { slots.count { $0 != nil } }

  // MARK: Open files

  /// Gives a handle of 1 or more.
  func open(_ text: String, _ access: Access, _ family: Family) throws(NativeError) -> Int32 {
    let path = try AppPath(text, isNew: access.contains(.create))
    guard let slot = slots.firstIndex(where: { $0 == nil }) else { throw .tooManyHandles }
    let writes = !access.isDisjoint(with: [.write, .append])
    // Without waiting for a peer, should somebody have put a pipe there.
    var flags = O_NONBLOCK | O_NOFOLLOW
    flags |= writes ? (access.contains(.read) ? O_RDWR : O_WRONLY) : O_RDONLY
    let descriptor: FileDescriptor
    do throws(NativeError) {
      descriptor = try beneath(path.text, flags)
    } catch {
      guard access.contains(.create), case .errno(ENOENT) = error else { throw error }
      try reserve(Self.entryBytes)
      descriptor = try beneath(path.text, flags | O_CREAT | O_EXCL)
      bytesUsed += Self.entryBytes
    }
    let status = try Self.status(of: descriptor.raw)
    try status.requireFile()
    if access.contains(.truncate), writes, status.size > 0 {
      guard ftruncate(descriptor.raw, 0) == 0 else { throw NativeError(host: errno) }
      bytesUsed -= status.size
    }
    slots[slot] = OpenFile(descriptor: descriptor.release(), inode: status.inode, access: access, family: family)
    return Int32(slot) + 1
  }

  func close(_ handle: Int32, _ family: Family) throws(NativeError) {
    let slot = try slot(handle, family)
    guard let file = slots[slot] else { return }
    slots[slot] = nil
    if orphans.contains(file.inode), !slots.contains(where: { $0?.inode == file.inode }) {
      orphans.remove(file.inode)
      if let status = try? Self.status(of: file.descriptor) { bytesUsed -= Self.entryBytes + status.size }
    }
    Glibc.close(file.descriptor)
  }

  /// Gives how many bytes; 0 at the end.
  func read(_ handle: Int32, _ family: Family, into buffer: UnsafeMutableRawBufferPointer) throws(NativeError) -> Int32
  {
    let slot = try slot(handle, family)
    guard var file = slots[slot], file.access.contains(.read) else { throw .badHandle }
    var count: Int
    repeat {
      count = pread(file.descriptor, buffer.baseAddress, buffer.count, file.offset)
    } while count < 0
      && errno == EINTR
    if count < 0 { throw NativeError(host: errno) }
    file.offset += count
    slots[slot] = file
    return Int32(count)
  }

  /// Writes all bytes, or none where the quota does not have room for them.
  func write(_ handle: Int32, _ family: Family, _ bytes: UnsafeRawBufferPointer) throws(NativeError) -> Int32 {
    let slot = try slot(handle, family)
    guard var file = slots[slot], !file.access.isDisjoint(with: [.write, .append]) else { throw .badHandle }
    let before = try Self.status(of: file.descriptor).size
    if file.access.contains(.append) { file.offset = before }
    guard bytes.count > 0 else { return 0 }
    let end = file.offset + bytes.count
    if end > Self.offsetMax { throw .tooBig }
    // What lies between the end and a place beyond it counts too, though it may take no room yet.
    try reserve(max(0, end - before))
    var done = 0
    var failure: Int32 = 0
    while done < bytes.count, failure == 0 {
      let count = pwrite(
        file.descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, file.offset + done)
      if count > 0 { done += count } else if count == 0 || errno != EINTR { failure = count == 0 ? EIO : errno }
    }
    file.offset += done
    slots[slot] = file
    if let after = try? Self.status(of: file.descriptor).size { bytesUsed += after - before }
    if done == 0 { throw NativeError(host: failure) }
    return Int32(done)
  }

  /// - Parameter whence: 0 from the start, 1 from here, 2 from the end.
  func seek(_ handle: Int32, _ family: Family, _ distance: Int32, whence: Int32) throws(NativeError) -> Int32 {
    let slot = try slot(handle, family)
    guard var file = slots[slot] else { throw .badHandle }
    let base: Int
    switch whence {
    case 0: base = 0
    case 1: base = file.offset
    case 2: base = try Self.status(of: file.descriptor).size
    default: throw .invalid
    }
    let place = base + Int(distance)
    guard (0...Self.offsetMax).contains(place) else { throw .invalid }
    file.offset = place
    slots[slot] = file
    return Int32(place)
  }

  func place(_ handle: Int32, _ family: Family) throws(NativeError) -> Int32 {
    guard let file = slots[try slot(handle, family)] else { throw .badHandle }
    return Int32(file.offset)
  }

  private func slot(_ handle: Int32, _ family: Family) throws(NativeError) -> Int {
    guard (1...Int32(Self.openMax)).contains(handle), slots[Int(handle) - 1]?.family == family else { throw .badHandle }
    return Int(handle) - 1
  }

  // MARK: Names

  /// Removes a file, or with `allowsFolder` an empty folder.
  func remove(_ text: String, allowsFolder: Bool) throws(NativeError) {
    try withParent(of: try AppPath(text)) { (parent, name) throws(NativeError) in
      let status = try Self.status(of: name, in: parent)
      if status.isFolder, !allowsFolder { throw .isDirectory }
      guard status.isFile || status.isFolder else { throw .accessDenied }
      guard unlinkat(parent, name, status.isFolder ? Int32(AT_REMOVEDIR) : 0) == 0 else {
        throw NativeError(host: errno)
      }
      if status.isFile, status.names == 1, slots.contains(where: { $0?.inode == status.inode }) {
        orphans.insert(status.inode)
      } else {
        bytesUsed -= Self.entryBytes + (status.isFile ? status.size : 0)
      }
    }
  }

  func makeFolder(_ text: String) throws(NativeError) {
    try withParent(of: try AppPath(text, isNew: true)) { (parent, name) throws(NativeError) in
      try reserve(Self.entryBytes)
      guard mkdirat(parent, name, 0o700) == 0 else { throw NativeError(host: errno) }
      bytesUsed += Self.entryBytes
    }
  }

  func status(of text: String) throws(NativeError) -> FileStatus {
    let path = try AppPath(text)
    if path.isRoot { return try Self.status(of: root.raw) }
    let status = try withParent(of: path) { (parent, name) throws(NativeError) in
      try Self.status(of: name, in: parent)
    }
    guard status.isFile || status.isFolder else { throw .accessDenied }
    return status
  }

  /// Names of files and folders, sorted, folders with a slash behind them.
  func names(in text: String) throws(NativeError) -> [String] {
    let folder = try beneath(try AppPath(text).text, O_RDONLY | O_DIRECTORY)
    var names: [String] = []
    Self.entries(of: folder) { name, status in
      guard status.isFile || status.isFolder, !name.utf8.contains(UInt8(ascii: "\n")) else { return }
      names.append(status.isFolder ? name + "/" : name)
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  // MARK: Below

  private func reserve(_ bytes: Int) throws(NativeError) {
    guard bytes == 0 || bytesUsed + bytes <= bytesMax else { throw .noSpace }
  }

  private func beneath(_ path: String, _ flags: Int32) throws(NativeError) -> FileDescriptor {
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

  private static func status(of descriptor: Int32) throws(NativeError) -> FileStatus {
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
  private static func measure(_ root: borrowing FileDescriptor) -> Int {
    var bytes = 0
    var pending = ["."]
    while let path = pending.popLast() {
      guard let folder = try? root.openBeneath(path, O_RDONLY | O_DIRECTORY) else { continue }
      entries(of: folder) { name, status in
        bytes += entryBytes + (status.isFile ? status.size : 0)
        if status.isFolder { pending.append("\(path)/\(name)") }
      }
    }
    return bytes
  }

  private static func entries(of folder: consuming FileDescriptor, _ body: (String, FileStatus) -> Void) {
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
  let parts: [String]

  /// - Parameter isNew: its last part may be made, so it must be one that lists can show.
  init(_ text: String, isNew: Bool = false) throws(NativeError) {
    if text.isEmpty || text.utf8.contains(0) { throw .invalid }
    if text.utf8.count > Int(NativeLibrary.textBytesMax) { throw .nameTooLong }
    var parts: [String] = []
    for part in text.utf8.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
      if part.elementsEqual("..".utf8) { throw .accessDenied }
      if part.count > 255 { throw .nameTooLong }
      if isNew, part.contains(UInt8(ascii: "\n")) { throw .invalid }
      parts.append(String(Substring(part)))
    }
    if isNew, parts.count > AppFiles.depthMax { throw .nameTooLong }
    self.parts = parts
  }

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
  /// Milliseconds since 1970.
  var changed: Int64

  init(_ status: stat) {
    isFile = status.st_mode & S_IFMT == S_IFREG
    isFolder = status.st_mode & S_IFMT == S_IFDIR
    size = Int(status.st_size)
    inode = UInt64(status.st_ino)
    names = Int(status.st_nlink)
    changed = Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
  }

  func requireFile() throws(NativeError) {
    if isFolder { throw .isDirectory }
    if !isFile { throw .accessDenied }
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
