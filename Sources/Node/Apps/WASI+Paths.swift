import AppABI
import AppFormat
import Glibc
import Wasmtime

extension NativeLibrary {
  mutating func addWASIPaths() {
    wasi("path_open") { (call) throws(NativeError) in try call.openPath() }
    wasi("path_create_directory") { (call) throws(NativeError) in
      try call.atPath(0, 1, .createFolder) { (files, folder, path) throws(NativeError) in
        try files.makeFolder(path, from: folder)
      }
    }
    wasi("path_remove_directory") { (call) throws(NativeError) in
      try call.atPath(0, 1, .removeFolder) { (files, folder, path) throws(NativeError) in
        try files.remove(path, from: folder, .folder)
      }
    }
    wasi("path_unlink_file") { (call) throws(NativeError) in
      try call.atPath(0, 1, .removeFile) { (files, folder, path) throws(NativeError) in
        try files.remove(path, from: folder, .file)
      }
    }
    wasi("path_rename") { (call) throws(NativeError) in
      let newFolder = try call.folder(3, .renameTo)
      let newPath = try call.path(4)
      return try call.atPath(0, 1, .renameFrom) { (files, folder, path) throws(NativeError) in
        try files.rename(path, from: folder, to: newPath, in: newFolder)
      }
    }
    wasi("path_filestat_get") { (call) throws(NativeError) in
      var record: [UInt8] = []
      _ = try call.atPath(0, 2, .pathStatus) { (files, folder, path) throws(NativeError) in
        let status = try files.status(of: path, from: folder)
        record = FileStatus.record(status, kind: status.isFolder ? 3 : 4)
      }
      try call.write(record, to: 4)
      return WASIErrno.success
    }
    wasi("path_filestat_set_times") { (call) throws(NativeError) in
      let times = try call.times(4)
      return try call.atPath(0, 2, .pathTimes) { (files, folder, path) throws(NativeError) in
        try files.setTimes(times, of: path, from: folder)
      }
    }
    wasi("path_readlink") { (call) throws(NativeError) in
      try call.atPath(0, 1, .readLink) { (files, folder, path) throws(NativeError) in
        // What is there is a file or a folder: nothing to read.
        _ = try files.status(of: path, from: folder)
        throw .invalid
      }
    }
  }
}

extension HostCall where Host == AppHost {
  /// Does something with the path in argument `path`, below the folder in argument `folder`.
  fileprivate borrowing func atPath(
    _ folder: Int, _ path: Int, _ right: WASIRights,
    _ body: (AppFiles, Int32?, String) throws(NativeError) -> Void
  ) throws(NativeError) -> Int32 {
    let base = try self.folder(folder, right)
    let text = try self.path(path)
    try withFiles { (files) throws(NativeError) in try body(files, base, text) }
    return WASIErrno.success
  }

  /// `path_open`. What was asked for decides whether a file is read, written or both; other rights are what its kind has.
  fileprivate borrowing func openPath() throws(NativeError) -> Int32 {
    let ways = uint(4)
    var needed: WASIRights = .open
    if ways & 1 != 0 { needed.insert(.createFile) }
    if ways & 8 != 0 { needed.insert(.pathSize) }
    let base = try descriptor(0, needed)
    guard case .folder(let folder) = base.target else { throw .notDirectory }
    let path = try path(2)
    let wanted = WASIRights(rawValue: UInt64(bitPattern: long(5)))
    guard ways <= 15, let bits = UInt16(exactly: uint(7)), WASIFlags(rawValue: bits).isSubset(of: .all) else {
      throw .invalid
    }
    let flags = WASIFlags(rawValue: bits)
    let access = Self.access(ways: ways, wanted, flags)
    // OFLAGS_DIRECTORY; nothing of a folder is written through a descriptor.
    let isFolder = ways & 2 != 0
    if isFolder ? ways & 9 != 0 : access.contains(.truncate) && !access.contains(.write) { throw .invalid }
    let changes = !isFolder && !access.isDisjoint(with: .changes)
    if access.contains(.read) || isFolder { try require(NativeLibrary.wasiReading) }
    if changes { try require(NativeLibrary.wasiWriting) }
    if !wanted.intersection([.read, .write]).isSubset(of: base.inheriting) { return WASIErrno.notCapable }
    var opensFolder = isFolder
    let handle = try takeHandle { (files) throws(NativeError) in
      if isFolder { return try files.openFolder(path, from: folder, .wasi) }
      do throws(NativeError) { return try files.open(path, from: folder, access, .wasi) } catch {
        // A folder can be opened as if it were a file, to be looked through.
        guard case .errno(EISDIR) = error, !changes else { throw error }
        opensFolder = true
        return try files.openFolder(path, from: folder, .wasi)
      }
    }
    var descriptor = WASIDescriptor(target: opensFolder ? .folder(handle) : .file(handle), rights: .ofFolder)
    if !opensFolder {
      descriptor.rights = .ofFile
      if access.contains(.read) { descriptor.rights.insert(.read) }
      if access.contains(.write) { descriptor.rights.formUnion(.ofWriting) }
    } else {
      descriptor.inheriting = base.inheriting
    }
    descriptor.rights.formIntersection(base.inheriting)
    descriptor.flags = flags
    try store(host.wasi.add(descriptor), to: 8)
    return WASIErrno.success
  }

  /// - Parameter ways: `oflags` (witx/typenames.witx).
  private static func access(ways: UInt32, _ wanted: WASIRights, _ flags: WASIFlags) -> AppFiles.Access {
    var access: AppFiles.Access = []
    if wanted.contains(.read) { access.insert(.read) }
    if wanted.contains(.write) {
      access.insert(.write)
      if flags.contains(.append) { access.insert(.append) }
    }
    if ways & 1 != 0 { access.insert(.create) }
    if ways & 4 != 0 { access.insert(.exclusive) }
    if ways & 8 != 0 { access.insert(.truncate) }
    if flags.contains(.dataSync) { access.insert(.dataSynced) }
    if !flags.isDisjoint(with: [.sync, .readSync]) { access.insert(.synced) }
    return access
  }
}
