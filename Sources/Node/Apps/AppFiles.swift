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
  /// Of a place in a file, since some guests get it as 32 bits.
  static let offsetMax = Int(Int32.max)

  struct Access: OptionSet {
    let rawValue: UInt16
    static let read = Access(rawValue: 1)
    static let write = Access(rawValue: 2)
    static let append = Access(rawValue: 4)
    static let create = Access(rawValue: 8)
    static let truncate = Access(rawValue: 16)
    /// With `create`: only what is not there yet.
    static let exclusive = Access(rawValue: 32)
    /// Bytes are on the disk when a write returns; with `synced` what describes the file, too.
    static let dataSynced = Access(rawValue: 64)
    static let synced = Access(rawValue: 128)
    static let changes: Access = [.write, .append, .create, .truncate]
  }

  /// Whose handle it is: those of one family mean nothing to the other.
  enum Family { case storage, files, wasi }

  private struct OpenFile {
    var descriptor: Int32
    var inode: UInt64
    var access: Access
    var offset = 0
  }

  private enum Content {
    case file(OpenFile)
    /// The folder's path, which follows it when it is moved; `nil`: it was removed. Nothing of it is open.
    case folder(AppPath?)
  }

  private struct Slot {
    var family: Family
    var content: Content

    var inode: UInt64? {
      if case .file(let file) = content { return file.inode }
      return nil
    }
  }

  let root: FileDescriptor
  private let bytesMax: Int
  private(set) var bytesUsed: Int
  private var slots = [Slot?](repeating: nil, count: openMax)
  /// Inodes without a name that are still open, and so still take room.
  private var orphans: Set<UInt64> = []

  init(folder: String, bytesMax: Int) throws(LinuxError) {
    root = try FileDescriptor.directory(folder)
    self.bytesMax = bytesMax
    bytesUsed = Self.measure(root)
  }

  deinit {
    for case .file(let file)? in slots.lazy.map({ $0?.content }) { Glibc.close(file.descriptor) }
  }

  /// Handles that are taken.
  var openCount: Int { slots.count { $0 != nil } }

  // MARK: Handles

  /// Gives a handle of 1 or more.
  ///
  /// - Parameter folder: a handle of the folder that the path begins at; `nil`: the app's own.
  func open(
    _ text: String, from folder: Int32? = nil, _ access: Access, _ family: Family
  ) throws(NativeError) -> Int32 {
    let path = try path(text, from: folder, isNew: access.contains(.create))
    let slot = try freeSlot()
    slots[slot] = Slot(family: family, content: .file(try openFile(path, access)))
    return Int32(slot) + 1
  }

  /// Gives a handle for a folder, from which paths can begin.
  func openFolder(_ text: String, from folder: Int32? = nil, _ family: Family) throws(NativeError) -> Int32 {
    let path = try path(text, from: folder)
    let slot = try freeSlot()
    guard try status(at: path).isFolder else { throw .notDirectory }
    slots[slot] = Slot(family: family, content: .folder(path))
    return Int32(slot) + 1
  }

  private func freeSlot() throws(NativeError) -> Int {
    guard let slot = slots.firstIndex(where: { $0 == nil }) else { throw .tooManyHandles }
    return slot
  }

  private func openFile(_ path: AppPath, _ access: Access) throws(NativeError) -> OpenFile {
    let writes = !access.isDisjoint(with: [.write, .append])
    // Without waiting for a peer, should somebody have put a pipe there.
    var flags = O_NONBLOCK | O_NOFOLLOW
    flags |= writes ? (access.contains(.read) ? O_RDWR : O_WRONLY) : O_RDONLY
    if access.contains(.synced) { flags |= O_SYNC } else if access.contains(.dataSynced) { flags |= O_DSYNC }
    if access.isSuperset(of: [.create, .exclusive]), try isThere(path) { throw .exists }
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
    return OpenFile(descriptor: descriptor.release(), inode: status.inode, access: access)
  }

  private func isThere(_ path: AppPath) throws(NativeError) -> Bool {
    do throws(NativeError) {
      _ = try status(at: path)
      return true
    } catch {
      if case .errno(ENOENT) = error { return false }
      throw error
    }
  }

  func close(_ handle: Int32, _ family: Family) throws(NativeError) {
    let content = try content(handle, family)
    slots[Int(handle) - 1] = nil
    guard case .file(let file) = content else { return }
    if orphans.contains(file.inode), !slots.contains(where: { $0?.inode == file.inode }) {
      orphans.remove(file.inode)
      if let status = try? Self.status(of: file.descriptor) { bytesUsed -= Self.entryBytes + status.size }
    }
    Glibc.close(file.descriptor)
  }

  private func content(_ handle: Int32, _ family: Family) throws(NativeError) -> Content {
    guard (1...Int32(Self.openMax)).contains(handle), let slot = slots[Int(handle) - 1], slot.family == family else {
      throw .badHandle
    }
    return slot.content
  }

  private func file(_ handle: Int32, _ family: Family) throws(NativeError) -> OpenFile {
    guard case .file(let file) = try content(handle, family) else { throw .isDirectory }
    return file
  }

  private func keep(_ file: OpenFile, _ handle: Int32) { slots[Int(handle) - 1]?.content = .file(file) }

  // MARK: Bytes

  /// Gives how many bytes; 0 at the end.
  ///
  /// - Parameter place: where, without moving the file's own; `nil`: there.
  func read(
    _ handle: Int32, _ family: Family, into buffers: [iovec], at place: Int? = nil
  ) throws(NativeError) -> Int {
    var file = try file(handle, family)
    guard file.access.contains(.read) else { throw .badHandle }
    var count: Int
    repeat {
      count = preadv(file.descriptor, buffers, Int32(buffers.count), place ?? file.offset)
    } while count < 0 && errno == EINTR
    if count < 0 { throw NativeError(host: errno) }
    if place == nil {
      file.offset += count
      keep(file, handle)
    }
    return count
  }

  /// Writes all bytes, or none where the quota does not have room for them.
  func write(
    _ handle: Int32, _ family: Family, _ buffers: [iovec], at place: Int? = nil
  ) throws(NativeError) -> Int {
    var file = try file(handle, family)
    guard !file.access.isDisjoint(with: [.write, .append]) else { throw .badHandle }
    let before = try Self.status(of: file.descriptor).size
    if place == nil, file.access.contains(.append) { file.offset = before }
    let begin = place ?? file.offset
    let count = buffers.reduce(0) { $0 + $1.iov_len }
    guard count > 0 else { return 0 }
    if begin > Self.offsetMax || count > Self.offsetMax - begin { throw .tooBig }
    // What lies between the end and a place beyond it counts too, though it may take no room yet.
    try reserve(max(0, begin + count - before))
    var rest = buffers
    var done = 0
    var failure: Int32 = 0
    while done < count, failure == 0 {
      let written = pwritev(file.descriptor, rest, Int32(rest.count), begin + done)
      if written > 0 {
        done += written
        Self.skip(written, in: &rest)
      } else if written == 0 || errno != EINTR {
        failure = written == 0 ? EIO : errno
      }
    }
    if place == nil {
      file.offset += done
      keep(file, handle)
    }
    if let after = try? Self.status(of: file.descriptor).size { bytesUsed += after - before }
    if done == 0 { throw NativeError(host: failure) }
    return done
  }

  private static func skip(_ bytes: Int, in buffers: inout [iovec]) {
    var left = bytes
    let whole = buffers.prefix { buffer in
      guard left >= buffer.iov_len else { return false }
      left -= buffer.iov_len
      return true
    }
    buffers.removeFirst(whole.count)
    guard left > 0, !buffers.isEmpty else { return }
    buffers[0].iov_base = buffers[0].iov_base.map { $0 + left }
    buffers[0].iov_len -= left
  }

  /// - Parameter whence: 0 from the start, 1 from here, 2 from the end.
  func seek(_ handle: Int32, _ family: Family, _ distance: Int, whence: Int32) throws(NativeError) -> Int {
    var file = try file(handle, family)
    let base: Int
    switch whence {
    case 0: base = 0
    case 1: base = file.offset
    case 2: base = try Self.status(of: file.descriptor).size
    default: throw .invalid
    }
    let (place, overflow) = base.addingReportingOverflow(distance)
    guard !overflow, (0...Self.offsetMax).contains(place) else { throw .invalid }
    file.offset = place
    keep(file, handle)
    return place
  }

  func place(_ handle: Int32, _ family: Family) throws(NativeError) -> Int { try file(handle, family).offset }

  /// Cuts a file off, or adds zero bytes.
  func resize(_ handle: Int32, _ family: Family, to size: Int) throws(NativeError) {
    let file = try file(handle, family)
    guard !file.access.isDisjoint(with: [.write, .append]) else { throw .badHandle }
    if size < 0 { throw .invalid }
    if size > Self.offsetMax { throw .tooBig }
    let before = try Self.status(of: file.descriptor).size
    try reserve(max(0, size - before))
    guard ftruncate(file.descriptor, size) == 0 else { throw NativeError(host: errno) }
    bytesUsed += size - before
  }

  /// Room on the disk for a range, and a file that is at least as long.
  func allocate(_ handle: Int32, _ family: Family, offset: Int, count: Int) throws(NativeError) {
    let file = try file(handle, family)
    guard !file.access.isDisjoint(with: [.write, .append]) else { throw .badHandle }
    if offset < 0 || count <= 0 { throw .invalid }
    if offset > Self.offsetMax || count > Self.offsetMax - offset { throw .tooBig }
    let before = try Self.status(of: file.descriptor).size
    try reserve(max(0, offset + count - before))
    let failure = posix_fallocate(file.descriptor, offset, count)
    if let after = try? Self.status(of: file.descriptor).size { bytesUsed += after - before }
    if failure != 0 { throw NativeError(host: failure) }
  }

  /// Whether writes go to the end.
  func setAppends(_ appends: Bool, _ handle: Int32, _ family: Family) throws(NativeError) {
    var file = try file(handle, family)
    guard file.access.contains(.write) else {
      if appends { throw .badHandle }
      return
    }
    if appends { file.access.insert(.append) } else { file.access.remove(.append) }
    keep(file, handle)
  }

  // MARK: Handles of files and folders; `nil` is the app's own folder

  func status(of handle: Int32?, _ family: Family) throws(NativeError) -> FileStatus {
    guard let handle else { return try Self.status(of: root.raw) }
    switch try content(handle, family) {
    case .file(let file): return try Self.status(of: file.descriptor)
    case .folder(let path): return try status(at: try present(path))
    }
  }

  /// - Parameter times: of the last access and the last change, as `utimensat(2)` takes them.
  func setTimes(_ times: [timespec], of handle: Int32?, _ family: Family) throws(NativeError) {
    guard let handle else { return try setTimes(times, at: AppPath(parts: [])) }
    switch try content(handle, family) {
    case .file(let file): guard futimens(file.descriptor, times) == 0 else { throw NativeError(host: errno) }
    case .folder(let path): try setTimes(times, at: try present(path))
    }
  }

  /// Brings what was written to the disk.
  func sync(_ handle: Int32?, _ family: Family, bytesOnly: Bool) throws(NativeError) {
    guard let handle else { return try Self.sync(root.raw) }
    switch try content(handle, family) {
    case .file(let file): try Self.sync(file.descriptor, bytesOnly: bytesOnly)
    case .folder(let path): try Self.sync(try beneath(try present(path).text, O_RDONLY | O_DIRECTORY).raw)
    }
  }

  private static func sync(_ descriptor: Int32, bytesOnly: Bool = false) throws(NativeError) {
    guard (bytesOnly ? fdatasync(descriptor) : fsync(descriptor)) == 0 else { throw NativeError(host: errno) }
  }

  private func present(_ path: AppPath?) throws(NativeError) -> AppPath {
    guard let path else { throw .notFound }
    return path
  }

  /// A path of a guest, which begins at a folder that it has opened, or at the app's own.
  func path(_ text: String, from folder: Int32?, isNew: Bool = false) throws(NativeError) -> AppPath {
    guard let folder else { return try AppPath(text, isNew: isNew) }
    // Handles of folders are of one family alone.
    guard case .folder(let base) = try content(folder, .wasi) else { throw .notDirectory }
    return try AppPath(text, below: try present(base), isNew: isNew)
  }

  // MARK: What changes of names mean for what is open and counted

  func reserve(_ bytes: Int) throws(NativeError) {
    guard bytes == 0 || bytesUsed + bytes <= bytesMax else { throw .noSpace }
  }

  func madeFolder() { bytesUsed += Self.entryBytes }

  /// A name of it is gone.
  func removed(_ status: FileStatus, at path: AppPath) {
    if status.isFile, status.names == 1, slots.contains(where: { $0?.inode == status.inode }) {
      orphans.insert(status.inode)
    } else {
      bytesUsed -= Self.entryBytes + (status.isFile ? status.size : 0)
    }
    if status.isFolder { updateFolders { $0.parts == path.parts ? nil : $0 } }
  }

  func movedFolder(from old: AppPath, to new: AppPath) {
    updateFolders { path in
      path.parts.starts(with: old.parts) ? AppPath(parts: new.parts + path.parts.dropFirst(old.parts.count)) : path
    }
  }

  private func updateFolders(_ change: (AppPath) -> AppPath?) {
    for index in slots.indices {
      if case .folder(let path?)? = slots[index]?.content { slots[index]?.content = .folder(change(path)) }
    }
  }
}
