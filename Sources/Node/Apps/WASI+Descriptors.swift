import AppABI
import AppFormat
import Glibc
import Wasmtime

extension NativeLibrary {
  /// For what reads, writes, and for what does neither, such as asking for a file's size.
  static let wasiReading: CapabilitySet = [.fsRead, .storageRead]
  static let wasiWriting: CapabilitySet = [.fsWrite, .storageWrite]
  static let wasiEither = wasiReading.union(wasiWriting)
  /// Of one write into the log; a program writes the rest with its next call.
  static let logBytesMax = 64 << 10

  mutating func addWASIDescriptors() {
    addWASIBytes()
    addWASIPlaces()
    addWASIStatus()
    addWASIFolders()
    wasi("fd_close") { (call) throws(NativeError) in
      let number = call.int(0)
      _ = try call.descriptor(0)
      try call.giveBack(number)
      return WASIErrno.success
    }
    wasi("fd_renumber") { (call) throws(NativeError) in
      let descriptor = try call.descriptor(0)
      _ = try call.descriptor(1)
      let (from, to) = (call.int(0), call.int(1))
      if from == to { return WASIErrno.success }
      try call.giveBack(to)
      call.host.wasi[to] = descriptor
      call.host.wasi[from] = nil
      return WASIErrno.success
    }
  }

  private mutating func addWASIBytes() {
    for (name, isAtPlace) in [("fd_read", false), ("fd_pread", true)] {
      wasi(name) { (call) throws(NativeError) in
        let descriptor = try call.descriptor(0, isAtPlace ? [.read, .seek] : .read)
        let place = isAtPlace ? try call.size(3) : nil
        var count = 0
        switch descriptor.target {
        case .file(let handle):
          try call.require(Self.wasiReading)
          count = try call.withFiles { (files) throws(NativeError) in
            try call.withBuffers(1) { (buffers) throws(NativeError) in
              try files.read(handle, .wasi, into: buffers, at: place)
            }
          }
        // The input is empty.
        default: try call.withBuffers(1) { (_) throws(NativeError) in }
        }
        try call.store(UInt32(count), to: isAtPlace ? 4 : 3)
        return WASIErrno.success
      }
    }
    for (name, isAtPlace) in [("fd_write", false), ("fd_pwrite", true)] {
      wasi(name) { (call) throws(NativeError) in
        let descriptor = try call.descriptor(0, isAtPlace ? [.write, .seek] : .write)
        let place = isAtPlace ? try call.size(3) : nil
        var count = 0
        switch descriptor.target {
        case .file(let handle):
          try call.require(Self.wasiWriting)
          if !descriptor.flags.isDisjoint(with: [.dataSync, .readSync, .sync]) { _ = try call.takesTurn(.storage) }
          count = try call.withFiles { (files) throws(NativeError) in
            try call.withBuffers(1) { (buffers) throws(NativeError) in
              try files.write(handle, .wasi, buffers, at: place)
            }
          }
        case .output(let isError):
          let host = call.host
          count = try call.withBuffers(1) { (buffers) throws(NativeError) in
            var room = Self.logBytesMax
            for buffer in buffers {
              let length = min(room, buffer.iov_len)
              host.write(UnsafeRawBufferPointer(start: buffer.iov_base, count: length), isError: isError)
              room -= length
            }
            return Self.logBytesMax - room
          }
        case .input, .folder: throw .badHandle
        }
        try call.store(UInt32(count), to: isAtPlace ? 4 : 3)
        return WASIErrno.success
      }
    }
    for (name, bytesOnly) in [("fd_sync", false), ("fd_datasync", true)] {
      wasi(name) { (call) throws(NativeError) in
        let descriptor = try call.descriptor(0, bytesOnly ? .dataSync : .sync)
        _ = try call.takesTurn(.storage)
        try call.withFiles { (files) throws(NativeError) in
          try files.sync(descriptor.handle, .wasi, bytesOnly: bytesOnly)
        }
        return WASIErrno.success
      }
    }
  }

  private mutating func addWASIPlaces() {
    wasi("fd_seek") { (call) throws(NativeError) in
      let handle = try call.file(0, .seek)
      try call.require(Self.wasiEither)
      let (distance, whence) = (Int(call.long(1)), call.int(2))
      let place = try call.withFiles { (files) throws(NativeError) in
        try files.seek(handle, .wasi, distance, whence: whence)
      }
      try call.store(UInt64(place), to: 3)
      return WASIErrno.success
    }
    wasi("fd_tell") { (call) throws(NativeError) in
      let handle = try call.file(0, .tell)
      try call.require(Self.wasiEither)
      try call.store(
        UInt64(try call.withFiles { (files) throws(NativeError) in try files.place(handle, .wasi) }), to: 1)
      return WASIErrno.success
    }
    wasi("fd_advise") { (call) throws(NativeError) in
      _ = try call.file(0, .advise)
      if call.uint(3) > 5 || call.long(1) < 0 || call.long(2) < 0 { throw .invalid }
      return WASIErrno.success
    }
    wasi("fd_allocate") { (call) throws(NativeError) in
      let handle = try call.file(0, .allocate)
      let (offset, count) = (try call.size(1), try call.size(2))
      try call.withFiles { (files) throws(NativeError) in
        try files.allocate(handle, .wasi, offset: offset, count: count)
      }
      return WASIErrno.success
    }
    wasi("fd_filestat_set_size") { (call) throws(NativeError) in
      let handle = try call.file(0, .resize)
      let size = try call.size(1)
      try call.withFiles { (files) throws(NativeError) in try files.resize(handle, .wasi, to: size) }
      return WASIErrno.success
    }
  }

  private mutating func addWASIStatus() {
    wasi("fd_fdstat_get") { (call) throws(NativeError) in
      let descriptor = try call.descriptor(0)
      var record: [UInt8] = [descriptor.kind, 0]
      record.put(descriptor.flags.rawValue)
      record.fill(to: 8)
      record.put(descriptor.rights.rawValue)
      record.put(descriptor.inheriting.rawValue)
      try call.write(record, to: 1)
      return WASIErrno.success
    }
    wasi("fd_fdstat_set_flags") { (call) throws(NativeError) in
      var descriptor = try call.descriptor(0, .setFlags)
      guard let bits = UInt16(exactly: call.uint(1)) else { throw .invalid }
      let flags = WASIFlags(rawValue: bits)
      guard flags.isSubset(of: .all) else { throw .invalid }
      // Linux cannot change these of an open file either.
      if !flags.symmetricDifference(descriptor.flags).isSubset(of: [.append, .nonBlocking]) { throw .notSupported }
      if case .file(let handle) = descriptor.target {
        try call.withFiles { (files) throws(NativeError) in
          try files.setAppends(flags.contains(.append), handle, .wasi)
        }
      }
      descriptor.flags = flags
      call.host.wasi[call.int(0)] = descriptor
      return WASIErrno.success
    }
    wasi("fd_fdstat_set_rights") { (call) throws(NativeError) in
      var descriptor = try call.descriptor(0)
      let rights = WASIRights(rawValue: UInt64(bitPattern: call.long(1)))
      let inheriting = WASIRights(rawValue: UInt64(bitPattern: call.long(2)))
      guard rights.isSubset(of: descriptor.rights), inheriting.isSubset(of: descriptor.inheriting) else {
        return WASIErrno.notCapable
      }
      descriptor.rights = rights
      descriptor.inheriting = inheriting
      call.host.wasi[call.int(0)] = descriptor
      return WASIErrno.success
    }
    wasi("fd_filestat_get") { (call) throws(NativeError) in
      let descriptor = try call.descriptor(0, .status)
      switch descriptor.target {
      case .input, .output: try call.write(FileStatus.record(nil, kind: descriptor.kind), to: 1)
      case .file, .folder:
        try call.require(Self.wasiEither)
        let status = try call.withFiles { (files) throws(NativeError) in
          try files.status(of: descriptor.handle, .wasi)
        }
        try call.write(FileStatus.record(status, kind: descriptor.kind), to: 1)
      }
      return WASIErrno.success
    }
    wasi("fd_filestat_set_times") { (call) throws(NativeError) in
      let descriptor = try call.descriptor(0, .times)
      let times = try call.times(1)
      try call.withFiles { (files) throws(NativeError) in
        try files.setTimes(times, of: descriptor.handle, .wasi)
      }
      return WASIErrno.success
    }
  }

  private mutating func addWASIFolders() {
    wasi("fd_prestat_get") { (call) throws(NativeError) in
      guard case .folder(nil) = try call.descriptor(0).target else { throw .badHandle }
      // The kind, a folder, and the length of its name.
      try call.write([0, 0, 0, 0, 1, 0, 0, 0] as [UInt8], to: 1)
      return WASIErrno.success
    }
    wasi("fd_prestat_dir_name") { (call) throws(NativeError) in
      guard case .folder(nil) = try call.descriptor(0).target else { throw .badHandle }
      if call.uint(2) == 0 { throw .nameTooLong }
      try call.write([UInt8(ascii: "/")], to: 1)
      return WASIErrno.success
    }
    wasi("fd_readdir") { (call) throws(NativeError) in
      let room = Int(call.uint(2))
      let cookie = UInt64(bitPattern: call.long(3))
      let names = try call.listing(isNew: cookie == 0)
      var bytes: [UInt8] = []
      // What does not fit is cut off: a buffer that is full says that there is more.
      for (index, name) in names.enumerated().dropFirst(Int(clamping: cookie)) where bytes.count < room {
        bytes.put(UInt64(index) + 1)
        bytes.put(name.inode)
        bytes.put(UInt32(clamping: name.name.utf8.count))
        bytes += [name.isFolder ? 3 : 4, 0, 0, 0]
        bytes += name.name.utf8
      }
      let count = min(bytes.count, room)
      try call.write(bytes.prefix(count), to: 1)
      try call.store(UInt32(count), to: 4)
      return WASIErrno.success
    }
  }
}

extension HostCall where Host == AppHost {
  /// A place or size of 64 bits; one with the sign bit is none.
  borrowing func size(_ index: Int) throws(NativeError) -> Int {
    let size = long(index)
    if size < 0 { throw .invalid }
    return Int(size)
  }

  /// Times of access and change in nanoseconds, and what to make of them, as arguments from `index` on.
  borrowing func times(_ index: Int) throws(NativeError) -> [timespec] {
    // UTIME_NOW and UTIME_OMIT of Linux.
    let now = timespec(tv_sec: 0, tv_nsec: 0x3FFF_FFFF)
    let omitted = timespec(tv_sec: 0, tv_nsec: 0x3FFF_FFFE)
    let flags = uint(index + 2)
    guard flags <= 15, flags & 3 != 3, flags & 12 != 12 else { throw .invalid }
    return [(index, flags), (index + 1, flags >> 2)].map { index, flags in
      if flags & 2 != 0 { return now }
      if flags & 1 == 0 { return omitted }
      let nanoseconds = UInt64(bitPattern: long(index))
      return timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }
  }

  /// Closes what a number stands for.
  fileprivate borrowing func giveBack(_ number: Int32) throws(NativeError) {
    let host = host
    guard let descriptor = host.wasi[number] else { return }
    host.refund(descriptor.listingBytes)
    host.wasi[number] = nil
    if let handle = descriptor.handle { try close(handle, .wasi) }
  }

  /// Names of the folder in argument 0, with the two that every folder has.
  fileprivate borrowing func listing(isNew: Bool) throws(NativeError) -> [AppFiles.Entry] {
    let folder = try folder(0, .list)
    let host = host
    let number = int(0)
    if !isNew, let listing = host.wasi[number]?.listing { return listing }
    let listing = try withFiles { (files) throws(NativeError) in
      let inode = try files.status(of: folder, .wasi).inode
      let names = try files.entries(in: ".", from: folder)
      return [".", ".."].map { AppFiles.Entry(name: $0, isFolder: true, inode: inode) } + names
    }
    host.refund(host.wasi[number]?.listingBytes ?? 0)
    host.wasi[number]?.listing = nil
    host.wasi[number]?.listingBytes = 0
    let bytes = listing.reduce(0) { $0 + MemoryLayout<AppFiles.Entry>.stride + $1.name.utf8.count }
    try host.charge(bytes)
    host.wasi[number]?.listing = listing
    host.wasi[number]?.listingBytes = bytes
    return listing
  }
}

extension FileStatus {
  /// `filestat` (witx/typenames.witx), of 64 bytes; without a status of what is no file.
  static func record(_ status: FileStatus?, kind: UInt8) -> [UInt8] {
    var record: [UInt8] = []
    // All is on one device.
    record.put(UInt64(1))
    record.put(status?.inode ?? 0)
    record.append(kind)
    record.fill(to: 24)
    record.put(UInt64(clamping: status?.names ?? 1))
    record.put(UInt64(clamping: status?.size ?? 0))
    for time in [status?.accessed, status?.modified, status?.changed] { record.put(time?.nanoseconds ?? 0) }
    return record
  }
}
