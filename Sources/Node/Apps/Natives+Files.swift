import AppFormat
import Glibc
import Wasmtime

/// Storage and files: two sets of functions over one folder.
extension NativeLibrary {
  mutating func addFiles() {
    addStorage()
    addFileSystem()
    addTransfers("storage", .storage)
    addTransfers("fs", .files)
  }

  private mutating func addStorage() {
    define("storage_open") { (call) throws(NativeError) in
      let modes: [AppFiles.Access] = [
        .read, [.write, .create, .truncate], [.append, .create], [.read, .write, .create, .truncate],
      ]
      let mode = Int(call.int(1))
      guard modes.indices.contains(mode) else { throw .invalid }
      try call.require(mode == 0 ? [.storageRead] : [.storageWrite])
      return try call.open(try call.text(0), modes[mode], .storage)
    }
    define("storage_close") { (call) throws(NativeError) in try call.close(call.int(0), .storage) }
    define("storage_delete") { (call) throws(NativeError) in
      let path = try call.text(0)
      return try call.withFiles { (files) throws(NativeError) in
        try files.remove(path, .file)
        return 0
      }
    }
    define("storage_list") { (call) throws(NativeError) in try call.list() }
  }

  private mutating func addFileSystem() {
    define("fs_open") { (call) throws(NativeError) in
      let flags = call.int(1)
      guard (0...31).contains(flags) else { throw .invalid }
      var access: AppFiles.Access = []
      if flags & 7 == 0 || flags & 4 != 0 { access.insert(.read) }
      if flags & 5 != 0 { access.insert(.write) }
      if flags & 2 != 0 { access.insert(.append) }
      if flags & 8 != 0 { access.insert(.create) }
      if flags & 16 != 0 { access.insert(.truncate) }
      // Emptying what is only read is no use of either right.
      if access.contains(.truncate), access.isDisjoint(with: [.write, .append]) { throw .invalid }
      try call.require(access.isDisjoint(with: .changes) ? [.fsRead] : [.fsWrite])
      return try call.open(try call.text(0), access, .files)
    }
    define("fs_close") { (call) throws(NativeError) in try call.close(call.int(0), .files) }
    define("fs_seek") { (call) throws(NativeError) in
      let handle = call.int(0)
      let distance = call.int(1)
      let whence = call.int(2)
      return try call.withFiles { (files) throws(NativeError) in
        Int32(try files.seek(handle, .files, Int(distance), whence: whence))
      }
    }
    define("fs_tell") { (call) throws(NativeError) in
      let handle = call.int(0)
      return try call.withFiles { (files) throws(NativeError) in Int32(try files.place(handle, .files)) }
    }
    define("fs_stat") { (call) throws(NativeError) in
      let path = try call.text(0)
      let status = try call.withFiles { (files) throws(NativeError) in try files.status(of: path) }
      var record: [UInt8] = []
      let size = status.isFolder ? 0 : UInt32(clamping: status.size)
      for shift in stride(from: 0, to: 32, by: 8) { record.append(UInt8(truncatingIfNeeded: size >> UInt32(shift))) }
      record += [status.isFolder ? 1 : 0, 0, 0, 0]
      for shift in stride(from: 0, to: 64, by: 8) {
        record.append(UInt8(truncatingIfNeeded: status.modified.milliseconds >> Int64(shift)))
      }
      try call.write(record, to: 1)
      return 0
    }
    define("fs_unlink") { (call) throws(NativeError) in
      let path = try call.text(0)
      return try call.withFiles { (files) throws(NativeError) in
        try files.remove(path, [.file, .folder])
        return 0
      }
    }
    define("fs_mkdir") { (call) throws(NativeError) in
      let path = try call.text(0)
      return try call.withFiles { (files) throws(NativeError) in
        try files.makeFolder(path)
        return 0
      }
    }
    define("fs_readdir") { (call) throws(NativeError) in try call.list() }
  }

  private mutating func addTransfers(_ prefix: String, _ family: AppFiles.Family) {
    define("\(prefix)_read") { (call) throws(NativeError) in
      let handle = call.int(0)
      let address = call.uint(1)
      let count = min(call.uint(2), UInt32(Int32.max))
      return try call.withFiles { (files) throws(NativeError) in
        try call.transfer(address, count) { (bytes) throws(NativeError) in
          Int32(try files.read(handle, family, into: [bytes]))
        }
      }
    }
    define("\(prefix)_write") { (call) throws(NativeError) in
      let handle = call.int(0)
      let address = call.uint(1)
      let count = min(call.uint(2), UInt32(Int32.max))
      return try call.withFiles { (files) throws(NativeError) in
        try call.transfer(address, count) { (bytes) throws(NativeError) in
          Int32(try files.write(handle, family, [bytes]))
        }
      }
    }
  }
}

extension HostCall where Host == AppHost {
  /// −EPERM without any of the capabilities, for functions whose arguments say which they need.
  borrowing func require(_ capabilities: CapabilitySet) throws(NativeError) {
    guard permissions & capabilities.mask != 0 else { throw .notPermitted }
  }

  /// The app's files; their folder is looked through at the first call. The counters follow.
  borrowing func withFiles<Answer>(
    _ body: (AppFiles) throws(NativeError) -> Answer
  ) throws(NativeError) -> Answer {
    let host = host
    let files = try host.openFiles()
    defer { host.counters.storageBytes.store(files.bytesUsed, ordering: .relaxed) }
    do throws(NativeError) { return try body(files) } catch {
      if case .errno(ENOSPC) = error { host.quotaReached("storage") }
      throw error
    }
  }

  fileprivate borrowing func open(
    _ path: String, _ access: AppFiles.Access, _ family: AppFiles.Family
  ) throws(NativeError) -> Int32 {
    try takeHandle { (files) throws(NativeError) in try files.open(path, access, family) }
  }

  /// Counts a handle for what a closure opens.
  borrowing func takeHandle(_ open: (AppFiles) throws(NativeError) -> Int32) throws(NativeError) -> Int32 {
    let host = host
    return try withFiles { (files) throws(NativeError) in
      try host.handles.take()
      do throws(NativeError) { return try open(files) } catch {
        host.handles.giveBack()
        throw error
      }
    }
  }

  @discardableResult
  borrowing func close(_ handle: Int32, _ family: AppFiles.Family) throws(NativeError) -> Int32 {
    let host = host
    return try withFiles { (files) throws(NativeError) in
      try files.close(handle, family)
      host.handles.giveBack()
      return 0
    }
  }

  /// Names of a folder, as many whole lines as fit, and a zero byte. Gives the bytes with it.
  fileprivate borrowing func list() throws(NativeError) -> Int32 {
    let room = Int(uint(2))
    if room == 0 || uint(0) == 0 { throw .invalid }
    let path = try text(0)
    var text: [UInt8] = []
    for entry in try withFiles({ (files) throws(NativeError) in try files.entries(in: path.isEmpty ? "/" : path) }) {
      // A line could not show it.
      if entry.name.utf8.contains(UInt8(ascii: "\n")) { continue }
      let line = Array(entry.name.utf8) + Array((entry.isFolder ? "/\n" : "\n").utf8)
      guard text.count + line.count + 1 <= room else { break }
      text += line
    }
    text.append(0)
    try write(text, to: 1)
    return Int32(clamping: text.count)
  }

  /// Lends bytes of the guest to a call that may fail in its own way.
  fileprivate borrowing func transfer(
    _ address: UInt32, _ count: UInt32, _ body: (iovec) throws(NativeError) -> Int32
  ) throws(NativeError) -> Int32 {
    let result: Result<Int32, NativeError> = try withBytes(at: address, count: count) { bytes in
      do throws(NativeError) {
        return .success(try body(iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)))
      } catch { return .failure(error) }
    }
    return try result.get()
  }
}
