import AppABI
import AppFormat
import AppManager
import Glibc
import Linux
import Testing
import Wasmtime

@testable import Apps

/// Functions of WASI, one by one, by their numbers: programs are in `ProgramTests`.
@Suite struct WASITests {
  // Of witx/typenames.witx.
  private static let badf: Int32 = 8, exist: Int32 = 20, fault: Int32 = 21, inval: Int32 = 28, isdir: Int32 = 31
  private static let mfile: Int32 = 33, noent: Int32 = 44, nomem: Int32 = 48, nospc: Int32 = 51, nosys: Int32 = 52
  private static let notdir: Int32 = 54, notsock: Int32 = 57, notsup: Int32 = 58, perm: Int32 = 63
  private static let spipe: Int32 = 70, notcapable: Int32 = 76, acces: Int32 = 2, ilseq: Int32 = 25
  private static let reading: Int64 = 1 << 1
  private static let writing: Int64 = 1 << 6

  private func guest(
    _ capabilities: CapabilitySet = [.fsRead, .fsWrite], quotas: AppQuotas = AppQuotas(), folder: String,
    memoryBytesMax: Int? = nil
  ) throws -> Guest {
    try Guest(
      Caller.module(for: NativeTable.wasi), capabilities, quotas: quotas, folder: folder,
      memoryBytesMax: memoryBytesMax)
  }

  @Test func everyDescriptorSaysWhatItIs() throws {
    let scratch = Scratch()
    let guest = try guest(folder: scratch.path)
    for (number, kind) in [(Int32(0), UInt8(2)), (1, 2), (2, 2), (3, 3)] {
      #expect(try guest.wasi("fd_fdstat_get", number, 64) == 0)
      #expect(try guest.bytes(at: 64, 1) == [kind])
    }
    #expect(try guest.wasi("fd_fdstat_get", 4, 64) == Self.badf)
    #expect(try guest.wasi("fd_fdstat_get", -1, 64) == Self.badf)
    #expect(try guest.wasi("fd_prestat_get", 3, 64) == 0)
    #expect(try guest.bytes(at: 64, 8) == [0, 0, 0, 0, 1, 0, 0, 0])
    #expect(try guest.wasi("fd_prestat_dir_name", 3, 64, 1) == 0)
    #expect(try guest.bytes(at: 64, 1) == [UInt8(ascii: "/")])
    for number in [Int32(0), 1, 2, 4, 100] { #expect(try guest.wasi("fd_prestat_get", number, 64) == Self.badf) }
    #expect(try guest.wasi("fd_seek", 1, 0, 0, 64) == Self.spipe)
    #expect(try guest.wasi("fd_read", 3, 64, 0, 72) == Self.isdir)
    for name in ["sock_recv", "sock_send", "sock_accept", "sock_shutdown"] {
      let row = try #require(NativeTable.wasi.first { $0.name == name })
      let pointers = [Int64](repeating: 64, count: row.types.count - 1)
      #expect(try guest.wasi(name, [1] + pointers) == Self.notsock)
      #expect(try guest.wasi(name, [99] + pointers) == Self.badf)
    }
    #expect(try guest.wasi("proc_raise", 6) == Self.nosys)
    // Without a folder there is none.
    let bare = try self.guest(folder: "")
    #expect(try bare.wasi("fd_prestat_get", 3, 64) == Self.badf)
    // What a program ends with.
    #expect(throws: (any Error).self) {
      try guest.instance.function("\(NativeTable.wasiModule).proc_exit").call(values: [.i32(7)])
    }
    #expect(guest.host.exitCode == 7)
  }

  @Test func rightsCountFromTheNextCall() throws {
    let scratch = Scratch()
    let guest = try guest([], folder: scratch.path)
    #expect(try guest.open("file", ways: 1, Self.writing).errno == Self.perm)
    #expect(guest.counters.denied.load(ordering: .relaxed) == 1)
    guest.permissions.set(CapabilitySet([.storageWrite]).mask)
    let file = try guest.open("file", ways: 1, Self.writing).descriptor
    #expect(try guest.write(file, "hello") == 0)
    // Writing is not reading.
    #expect(try guest.open("file", Self.reading).errno == Self.perm)
    #expect(try guest.wasi("path_filestat_get", 3, 0, guest.text("file"), 4, 64) == Self.perm)
    #expect(try guest.wasi("fd_readdir", 3, 64, 100, 0, 32) == Self.perm)
    guest.permissions.set(CapabilitySet([.fsRead]).mask)
    #expect(try guest.write(file, "again") == Self.perm)
    for call in ["fd_sync", "fd_datasync"] { #expect(try guest.wasi(call, file) == Self.perm) }
    #expect(try guest.wasi("fd_filestat_set_size", file, 0) == Self.perm)
    #expect(try guest.wasi("fd_allocate", file, 0, 10) == Self.perm)
    #expect(try guest.wasi("fd_filestat_set_times", file, 0, 0, 10) == Self.perm)
    let path = try guest.text("file")
    for name in ["path_unlink_file", "path_create_directory", "path_remove_directory"] {
      #expect(try guest.wasi(name, 3, path, 4) == Self.perm)
    }
    #expect(try guest.wasi("path_rename", 3, path, 4, 3, path, 4) == Self.perm)
    #expect(try guest.wasi("path_link", 3, 0, path, 4, 3, path, 4) == Self.perm)
    for ways in [Int32(1), 5, 8] {
      #expect(try guest.open("file", ways: ways, Self.reading | Self.writing).errno == Self.perm)
    }
    let reader = try guest.open("file", Self.reading)
    #expect(try guest.read(reader.descriptor, 10) == "hello")
    #expect(try guest.write(reader.descriptor, "x") == Self.badf)
    guest.permissions.set(0)
    #expect(try guest.wasi("fd_seek", reader.descriptor, 0, 0, 64) == Self.perm)
    #expect(try guest.wasi("fd_filestat_get", reader.descriptor, 64) == Self.perm)
    let buffers = try guest.put([0, 16, 0, 0, 8, 0, 0, 0], at: 512)
    #expect(try guest.wasi("fd_read", reader.descriptor, buffers, 1, 520) == Self.perm)
    // What is open can always be given back, and the log is there for all.
    #expect(try guest.wasi("fd_close", reader.descriptor) == 0)
    #expect(try guest.write(1, "line\n") == 0)
    #expect(guest.host.log.lines().map(\.text) == ["line"])
    let denied = guest.counters.denied.load(ordering: .relaxed)
    #expect(denied > 15)
    let noted = guest.audit.entries.filter { $0.event == .capabilityDenied }
    #expect(noted.contains { $0.detail == "path_open" } && noted.contains { $0.detail == "fd_write" })
    #expect(try Files.text(scratch.path + "/file") == "hello")
  }

  @Test func theQuotaIsExactInEveryWayToGrow() throws {
    let scratch = Scratch()
    let quota = 2 * AppFiles.entryBytes + 1000
    let guest = try guest(quotas: AppQuotas(storageBytesMax: quota), folder: scratch.path)
    func used() -> Int { guest.counters.storageBytes.load(ordering: .relaxed) }
    let file = try guest.open("file", ways: 1, Self.reading | Self.writing).descriptor
    #expect(try guest.wasi("path_create_directory", 3, guest.text("sub"), 3) == 0)
    #expect(try guest.wasi("path_create_directory", 3, guest.text("no"), 2) == Self.nospc)
    #expect(try guest.open("no", ways: 1, Self.writing).errno == Self.nospc)
    // Several buffers count together: all of them or none.
    try guest.put([UInt8](repeating: 7, count: 600), at: 4096)
    let list = try guest.put([0, 16, 0, 0, 0x58, 2, 0, 0, 0, 16, 0, 0, 0x91, 1, 0, 0], at: 512)
    #expect(try guest.wasi("fd_write", file, list, 2, 544) == Self.nospc)
    #expect(used() == 2 * AppFiles.entryBytes)
    #expect(try guest.wasi("fd_filestat_set_size", file, 1001) == Self.nospc)
    #expect(try guest.wasi("fd_allocate", file, 500, 501) == Self.nospc)
    #expect(try guest.wasi("fd_pwrite", file, list, 1, 401, 544) == Self.nospc)
    #expect(try guest.wasi("fd_filestat_set_size", file, Int64.max) == 22)
    #expect(try guest.wasi("fd_allocate", file, Int64.max, 1) == 22)
    #expect(try guest.wasi("fd_filestat_set_size", file, -1) == Self.inval)
    #expect(try Files.text(scratch.path + "/file") == "")
    try guest.put([0x90, 1, 0, 0], at: list + 12)
    #expect(try guest.wasi("fd_write", file, list, 2, 544) == 0)
    #expect(try guest.bytes(at: 544, 4) == [0xE8, 3, 0, 0])
    #expect(used() == quota)
    #expect(try guest.write(file, "x") == Self.nospc)
    // Over what is there already nothing is added.
    #expect(try guest.wasi("fd_pwrite", file, list, 2, 0, 544) == 0)
    #expect(try guest.wasi("fd_filestat_set_size", file, 10) == 0)
    #expect(used() == quota - 990)
    #expect(try guest.wasi("fd_allocate", file, 0, 1000) == 0)
    #expect(used() == quota)
    // A name that replaces another gives its room back; what is open still takes it.
    #expect(try guest.wasi("path_remove_directory", 3, guest.text("sub"), 3) == 0)
    let other = try guest.open("other", ways: 1, Self.writing).descriptor
    #expect(try guest.wasi("fd_close", other) == 0)
    guest.host.counters.storageBytes.store(0, ordering: .relaxed)
    #expect(
      try guest.wasi("path_rename", 3, guest.text("other"), 5, 3, guest.text("file", at: 2048), 4) == 0)
    #expect(used() == quota)
    #expect(try guest.wasi("fd_close", file) == 0)
    #expect(used() == AppFiles.entryBytes)
    #expect(try AppFiles(folder: scratch.path, bytesMax: quota).bytesUsed == used())
    #expect(guest.audit.entries.contains { $0.event == .quotaReached })
  }

  @Test func descriptorsAreCountedWithAllHandles() throws {
    let scratch = Scratch()
    let many = try guest(quotas: AppQuotas(handlesMax: 100), folder: scratch.path)
    for index in 0..<32 {
      #expect(try many.open("f\(index % 4)", ways: 1, Self.writing).descriptor == Int32(index) + 4)
    }
    #expect(try many.open("f0", Self.reading).errno == Self.mfile)
    #expect(try many.open(".", ways: 2, Self.reading).errno == Self.mfile)
    #expect(try many.wasi("fd_close", 9) == 0)
    #expect(try many.open(".", ways: 2, Self.reading).descriptor == 9)
    #expect(try many.wasi("fd_renumber", 9, 10) == 0)
    #expect(many.counters.handles.load(ordering: .relaxed) == 31)
    #expect(try many.open("f0", Self.reading).descriptor == 9)
    many.host.close()
    #expect(many.counters.handles.load(ordering: .relaxed) == 0)
    let few = try guest(quotas: AppQuotas(handlesMax: 2), folder: scratch.path)
    for _ in 0..<2 { #expect(try few.open("f0", Self.reading).errno == 0) }
    #expect(try few.open("f0", Self.reading).errno == Self.mfile)
    // Output can be a file.
    #expect(try few.wasi("fd_close", 5) == 0)
    let file = try few.open("out", ways: 1, Self.writing).descriptor
    #expect(try few.wasi("fd_renumber", file, 1) == 0)
    #expect(try few.write(1, "kept") == 0)
    #expect(try few.wasi("fd_renumber", 1, 77) == Self.badf)
    #expect(try Files.text(scratch.path + "/out") == "kept")
  }

  @Test func noPathLeadsOut() throws {
    let scratch = Scratch()
    let folder = scratch.path + "/app"
    for name in ["/app", "/app/real", "/outside"] { mkdir(scratch.path + name, 0o700) }
    try Files.replace(scratch.path + "/outside/secret", with: Array("secret".utf8))
    for (link, target) in [
      ("etc", "/etc"), ("passwd", "/etc/passwd"), ("up", ".."), ("here", "."), ("dangling", "../outside/new"),
      ("real/deep", "../../outside/secret"),
    ] { #expect(symlink(target, "\(folder)/\(link)") == 0) }
    #expect(mkfifo(folder + "/pipe", 0o600) == 0)
    let guest = try guest(folder: folder)
    let sub = try guest.open("real", ways: 2, Self.reading).descriptor
    func paths(_ base: Int32, _ texts: [String]) throws {
      for text in texts {
        for (ways, rights): (Int32, Int64) in [
          (0, Self.reading), (1, Self.writing), (5, Self.writing), (9, Self.reading | Self.writing), (2, Self.reading),
        ] {
          let errno = try guest.open(text, from: base, ways: ways, rights).errno
          #expect(errno == Self.acces, "\(text) \(ways): \(errno)")
        }
        let path = try guest.text(text, at: 1024)
        let length = Int32(text.utf8.count)
        let good = try guest.text("good", at: 2048)
        for name in ["path_unlink_file", "path_remove_directory"] {
          #expect(try guest.wasi(name, base, path, length) == Self.acces, "\(name) \(text)")
        }
        let made = try guest.wasi("path_create_directory", base, path, length)
        #expect(made == Self.acces || made == Self.exist, "\(text)")
        #expect(try guest.wasi("path_filestat_get", base, 1, path, length, 4096) == Self.acces, "\(text)")
        #expect(try guest.wasi("path_readlink", base, path, length, 4096, 100, 512) == Self.acces, "\(text)")
        #expect(try guest.wasi("path_filestat_set_times", base, 1, path, length, 0, 0, 10) == Self.acces, "\(text)")
        #expect(try guest.wasi("path_rename", base, path, length, 3, good, 4) == Self.acces, "\(text)")
        let file = try guest.open("good", ways: 1, Self.writing)
        #expect(try guest.wasi("fd_close", file.descriptor) == 0)
        #expect(try guest.wasi("path_rename", 3, good, 4, base, guest.text(text, at: 1024), length) == Self.acces)
        #expect(try guest.wasi("path_symlink", path, length, base, good, 4) == Self.notsup)
        #expect(try guest.wasi("path_link", base, 0, path, length, base, good, 4) == Self.notsup)
      }
    }
    try paths(
      3,
      ["..", "../outside/secret", "real/../real", "etc/passwd", "passwd", "dangling", "real/deep", "pipe", "here/real"])
    try paths(sub, ["..", "../real", "deep", "../../outside/secret"])
    #expect(try guest.open("/etc2/passwd", Self.reading).errno == Self.noent)
    #expect(try guest.open("a\0b", Self.reading).errno == Self.inval)
    try guest.put([0xFF, 0xFE, 0x41], at: 1024)
    #expect(try guest.wasi("path_unlink_file", 3, 1024, 3) == Self.ilseq)
    #expect(try guest.wasi("path_unlink_file", 3, 1024, 0) == Self.noent)
    #expect(try guest.wasi("path_unlink_file", 3, 1024, 5000) == 37)
    #expect(try guest.wasi("path_unlink_file", sub, guest.text("deep/x"), 6) == Self.acces)
    #expect(try Files.text(scratch.path + "/outside/secret") == "secret")
    #expect(try Files.names(in: scratch.path + "/outside") == ["secret"])
  }

  /// Folders that are open follow their names.
  @Test func openFoldersFollowTheirNames() throws {
    let scratch = Scratch()
    let guest = try guest(folder: scratch.path)
    for name in ["a", "a/b", "c"] { #expect(try guest.make(name) == 0) }
    let inner = try guest.open("a/b", ways: 2, Self.reading).descriptor
    #expect(try guest.rename("a", "c") == 0)
    let file = try guest.open("file", from: inner, ways: 1, Self.writing)
    #expect(file.errno == 0)
    #expect(Files.exists(scratch.path + "/c/b/file"))
    // Not into itself, not over what is not empty.
    #expect(try guest.rename("c", "c/b/x") == Self.inval)
    #expect(try guest.make("d") == 0)
    #expect(try guest.rename("d", "c") == 55)
    #expect(try guest.rename("c/b/file", "d") == Self.isdir)
    #expect(try guest.rename("d", "c/b/file") == Self.notdir)
    #expect(try guest.wasi("path_unlink_file", inner, guest.text("file"), 4) == 0)
    #expect(try guest.wasi("path_remove_directory", 3, guest.text("c/b"), 3) == 0)
    #expect(try guest.open("file", from: inner, ways: 1, Self.writing).errno == Self.noent)
    #expect(try guest.wasi("fd_filestat_get", inner, 64) == Self.noent)
    // A folder of that name that is made anew is another one.
    #expect(try guest.make("c/b") == 0)
    #expect(try guest.open("file", from: inner, ways: 1, Self.writing).errno == Self.noent)
    // Deep trees cannot be made by moving them below each other.
    let tower = (0..<20).map { "t\($0)" }
    for count in 1...20 { #expect(try guest.make(tower.prefix(count).joined(separator: "/")) == 0) }
    #expect(try guest.make("u") == 0)
    for count in 1...14 { #expect(try guest.make((["u"] + tower.prefix(count)).joined(separator: "/")) == 0) }
    #expect(try guest.rename("t0", (["u"] + tower.prefix(14) + ["x"]).joined(separator: "/")) == 37)
    #expect(try guest.rename("t0", (["u"] + tower.prefix(10) + ["x"]).joined(separator: "/")) == 0)
    let files = try AppFiles(folder: scratch.path, bytesMax: 1 << 30)
    #expect(files.bytesUsed == guest.counters.storageBytes.load(ordering: .relaxed) - AppFiles.entryBytes)
    #expect(try guest.wasi("fd_close", file.descriptor) == 0)
    #expect(files.bytesUsed == guest.counters.storageBytes.load(ordering: .relaxed))
  }

  @Test func namesAreListedInPieces() throws {
    let scratch = Scratch()
    let guest = try guest(quotas: AppQuotas(storageBytesMax: 8 << 20), folder: scratch.path)
    let names = (0..<100).map { "file-\($0)" }
    for name in names { try Files.replace("\(scratch.path)/\(name)", with: []) }
    symlink("/etc", scratch.path + "/link")
    var seen: [String] = []
    var cookie: Int64 = 0
    while seen.count < 1000 {
      #expect(try guest.wasi("fd_readdir", 3, 1024, 200, cookie, 512) == 0)
      let used = try guest.number(at: 512)
      let bytes = try guest.bytes(at: 1024, used)
      var place = 0
      while place + 24 <= bytes.count {
        let length = Int(bytes[place + 16])
        guard place + 24 + length <= bytes.count else { break }
        seen.append(String(decoding: bytes[(place + 24)..<(place + 24 + length)], as: UTF8.self))
        cookie = Int64(bytes[place])
        // Removing what was listed shifts nothing.
        if let name = seen.last, name.hasPrefix("file") { unlink("\(scratch.path)/\(name)") }
        place += 24 + length
      }
      if used < 200 { break }
    }
    #expect(seen == [".", ".."] + names.sorted())
    // The list is held for the app as long as the folder is open, and no longer than it has room for.
    let held = guest.counters.memoryBytes.load(ordering: .relaxed)
    #expect(held > 65536 + 1000)
    #expect(try guest.wasi("fd_readdir", 3, 1024, 200, 0, 512) == 0)
    #expect(guest.counters.memoryBytes.load(ordering: .relaxed) < held)
    #expect(try guest.wasi("fd_close", 3) == 0)
    #expect(guest.counters.memoryBytes.load(ordering: .relaxed) == 65536)
    for name in names { try Files.replace("\(scratch.path)/\(name)", with: []) }
    let small = try self.guest(
      quotas: AppQuotas(storageBytesMax: 8 << 20), folder: scratch.path, memoryBytesMax: 65536 + 1000)
    #expect(try small.wasi("fd_readdir", 3, 1024, 200, 0, 512) == Self.nomem)
  }

  @Test func flagsAndRightsOfDescriptors() throws {
    let scratch = Scratch()
    let guest = try guest(folder: scratch.path)
    let file = try guest.open("file", ways: 1, Self.reading | Self.writing).descriptor
    #expect(try guest.write(file, "one") == 0)
    #expect(try guest.wasi("fd_fdstat_set_flags", file, 1) == 0)
    #expect(try guest.wasi("fd_seek", file, 0, 0, 64) == 0)
    #expect(try guest.write(file, "two") == 0)
    #expect(try Files.text(scratch.path + "/file") == "onetwo")
    #expect(try guest.wasi("fd_fdstat_set_flags", file, 16) == Self.notsup)
    #expect(try guest.wasi("fd_fdstat_set_flags", file, 32) == Self.inval)
    #expect(try guest.wasi("fd_fdstat_set_rights", file, Self.reading, 0) == 0)
    #expect(try guest.wasi("fd_fdstat_set_rights", file, Self.reading | Self.writing, 0) == Self.notcapable)
    #expect(try guest.write(file, "x") == Self.badf)
    #expect(try guest.wasi("fd_fdstat_get", file, 64) == 0)
    #expect(try guest.bytes(at: 64, 16) == [4, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
    // A folder that gives no writing on.
    let folder = try guest.open(".", ways: 2, Self.reading).descriptor
    #expect(try guest.wasi("fd_fdstat_set_rights", folder, 1 << 13, Self.reading) == 0)
    #expect(try guest.open("file", from: folder, Self.writing).errno == Self.notcapable)
    #expect(try guest.open("new", from: folder, ways: 1, Self.reading).errno == Self.badf)
    #expect(try guest.open("file", from: folder, Self.reading).errno == 0)
    #expect(try guest.open("x", from: file, Self.reading).errno == Self.notdir)
    // Exclusively, and as a folder.
    #expect(try guest.open("file", ways: 5, Self.writing).errno == Self.exist)
    #expect(try guest.open("file", ways: 2, Self.reading).errno == Self.notdir)
    #expect(try guest.open("file", ways: 3, Self.reading).errno == Self.inval)
    #expect(try guest.open(".", Self.writing).errno == Self.isdir)
    #expect(try guest.open(".", Self.reading).errno == 0)
    #expect(try guest.open("synced", ways: 1, Self.writing, flags: 2 | 8 | 16).errno == 0)
    // Times.
    #expect(
      try guest.wasi("path_filestat_set_times", 3, 0, guest.text("file"), 4, 1_500_000_000, 2_000_000_001, 5) == 0)
    #expect(try guest.wasi("path_filestat_get", 3, 0, guest.text("file"), 4, 4096) == 0)
    #expect(try guest.number(at: 4096 + 40) == 1_500_000_000 && guest.number(at: 4096 + 48) == 2_000_000_001)
    #expect(try guest.bytes(at: 4096 + 16, 1) == [4])
    #expect(try guest.number(at: 4096 + 32) == 6)
    #expect(try guest.wasi("fd_filestat_set_times", folder, 0, 0, 3) == Self.badf)
    #expect(try guest.wasi("fd_filestat_set_times", 3, 0, 0, 12) == Self.inval)
  }

  /// What makes the disk work at once waits for its turn, and is not refused.
  @Test func syncingHasARate() throws {
    let scratch = Scratch()
    let guest = try guest(folder: scratch.path)
    let file = try guest.open("file", ways: 1, Self.writing).descriptor
    let synced = try guest.open("synced", ways: 1, Self.writing, flags: 16).descriptor
    guest.host.buckets = TokenBuckets(overrides: [.storage: 20], now: monotonicNanoseconds() / 1_000_000)
    for _ in 0..<15 {
      #expect(try guest.wasi("fd_sync", file) == 0)
      #expect(try guest.wasi("fd_datasync", 3) == 0)
      #expect(try guest.write(synced, "x") == 0)
    }
    let limited = guest.counters.rateLimited.load(ordering: .relaxed)
    #expect(limited > 0)
    for _ in 0..<100 { #expect(try guest.write(file, "x") == 0) }
    #expect(guest.counters.rateLimited.load(ordering: .relaxed) == limited)
    #expect(guest.audit.entries.contains { $0.event == .rateLimited && $0.detail == "storage" })
  }

  @Test func pollTellsWhatIsReady() throws {
    let scratch = Scratch()
    let guest = try guest(folder: scratch.path)
    let file = try guest.open("file", ways: 1, Self.reading | Self.writing).descriptor
    #expect(try guest.write(file, "hello") == 0)
    #expect(try guest.wasi("fd_seek", file, 1, 0, 64) == 0)
    func wish(_ index: Int32, _ type: UInt8, _ number: Int32, time: UInt64 = 0, isAbsolute: Bool = false) throws {
      var bytes: [UInt8] = []
      bytes.put(UInt64(100 + UInt64(index)))
      bytes.append(type)
      bytes.fill(to: 16)
      bytes.put(UInt32(bitPattern: number))
      bytes.fill(to: 24)
      bytes.put(time)
      bytes.fill(to: 40)
      bytes.put(UInt16(isAbsolute ? 1 : 0))
      bytes.fill(to: 48)
      try guest.put(bytes, at: 1024 + index * 48)
    }
    try wish(0, 1, file)
    try wish(1, 2, 1)
    try wish(2, 1, 0)
    try wish(3, 1, 99)
    try wish(4, 0, 1, time: .max)
    try wish(5, 0, 9)
    try wish(6, 0, 0, time: 5, isAbsolute: true)
    #expect(try guest.wasi("poll_oneoff", 1024, 4096, 7, 512) == 0)
    #expect(try guest.number(at: 512) == 6)
    func event(_ index: Int32) throws -> [Int32] {
      let at = 4096 + index * 32
      let head = try guest.bytes(at: at + 8, 3)
      return [
        try guest.number(at: at), Int32(head[0]), Int32(head[2]), try guest.number(at: at + 16),
        try guest.number(at: at + 24),
      ]
    }
    #expect(try event(0) == [100, 0, 1, 4, 0])
    #expect(try event(1) == [101, 0, 2, 0, 0])
    #expect(try event(2) == [102, 0, 1, 0, 1])
    #expect(try event(3) == [103, Self.badf, 1, 0, 0])
    #expect(try event(4) == [105, Self.inval, 0, 0, 0])
    #expect(try event(5) == [106, 0, 0, 0, 0])
    // Alone a clock is waited for.
    try wish(0, 0, 1, time: 3_000_000)
    #expect(try guest.wasi("poll_oneoff", 1024, 4096, 1, 512) == 0)
    #expect(try guest.number(at: 512) == 1)
    for (arguments, errno): ([Int64], Int32) in [
      ([1024, 4096, 0, 512], Self.inval), ([1024, 4096, 1025, 512], Self.inval), ([65536, 4096, 1, 512], Self.fault),
      ([65500, 4096, 1, 512], Self.fault), ([1024, 65510, 1, 512], Self.fault), ([1024, -1, 1, 512], Self.fault),
      ([1024, 4096, 1, 65533], Self.fault),
    ] { #expect(try guest.wasi("poll_oneoff", arguments) == errno, "\(arguments)") }
  }

  @Test func buffersAreChecked() throws {
    let scratch = Scratch()
    let guest = try guest(folder: scratch.path)
    let file = try guest.open("file", ways: 1, Self.reading | Self.writing).descriptor
    let row: [(String, [Int64])] = [
      ("fd_read", []), ("fd_write", []), ("fd_pread", [0]), ("fd_pwrite", [0]),
    ]
    for (name, place) in row {
      for number in [Int64(file), 0, 1] {
        let isOutput = name.hasSuffix("write")
        if number == 0 && isOutput || number == 1 && !isOutput || number < 2 && !place.isEmpty { continue }
        // The second buffer ends one byte too far.
        try guest.put([0, 16, 0, 0, 4, 0, 0, 0, 0xFC, 0xFF, 0, 0, 5, 0, 0, 0], at: 512)
        #expect(try guest.wasi(name, [number, 512, 2] + place + [600]) == Self.fault, "\(name) \(number)")
        #expect(try guest.wasi(name, [number, 65530, 1] + place + [600]) == Self.fault)
        #expect(try guest.wasi(name, [number, -8, 1] + place + [600]) == Self.fault)
        #expect(try guest.wasi(name, [number, 512, 1025] + place + [600]) == Self.inval)
        #expect(try guest.wasi(name, [number, 512, -1] + place + [600]) == Self.inval)
        #expect(try guest.wasi(name, [number, 512, 1] + place + [65533]) == Self.fault)
      }
      if !place.isEmpty { #expect(try guest.wasi(name, [Int64(file), 512, 1, -1, 600]) == Self.inval) }
    }
    #expect(try Files.text(scratch.path + "/file") == "")
    // The address 0 is one like others.
    try guest.put([0, 0, 0, 0, 3, 0, 0, 0], at: 0)
    #expect(try guest.wasi("fd_write", [Int64(file), 0, 1, 8]) == 0)
    #expect(try guest.wasi("random_get", 65530, 10) == Self.fault)
    #expect(try guest.wasi("random_get", 0, 65536) == 0)
    #expect(try guest.wasi("clock_time_get", 9, 0, 64) == Self.inval)
    for clock in Int32(0)...3 {
      #expect(try guest.wasi("clock_time_get", clock, 0, 64) == 0)
      #expect(try guest.bytes(at: 64, 8) != [UInt8](repeating: 0, count: 8))
      #expect(try guest.wasi("clock_res_get", clock, 64) == 0)
    }
    #expect(try guest.wasi("args_sizes_get", 64, 68) == 0)
    #expect(try guest.bytes(at: 64, 8) == [1, 0, 0, 0, 6, 0, 0, 0])
    #expect(try guest.wasi("args_get", 64, 128) == 0)
    #expect(try guest.bytes(at: 64, 4) == [128, 0, 0, 0])
    #expect(try guest.string(at: 128) == "guest")
    #expect(try guest.wasi("args_get", 65533, 128) == Self.fault)
    #expect(try guest.wasi("args_get", 64, 65533) == Self.fault)
  }

  /// Every function, thousands of times, with numbers of all kinds.
  @Test func anyArgumentsAreTakenWithoutHarm() async throws { try await onThread { try Self.callWithAnything() } }

  private static func callWithAnything() throws {
    var random = Seeded()
    let scratch = Scratch()
    let quota = 200_000
    let guest = try Guest(
      Caller.module(for: NativeTable.wasi), [.fsRead, .fsWrite], quotas: AppQuotas(storageBytesMax: quota),
      folder: scratch.path, memoryBytesMax: 3 << 16)
    let all = NativeTable.wasi.filter { $0.name != "proc_exit" }
    // As much is opened as closed.
    let rows = all + Array(repeating: all.filter { $0.name == "path_open" }, count: 4).joined()
    var functions: [String: ExportedFunction<AppHost>] = [:]
    for row in all { functions[row.name] = try guest.instance.function("\(row.module).\(row.name)") }
    var calls: [String: Int] = [:]
    for step in 0..<60_000 {
      if step % 50 == 0 { try guest.prepare(&random) }
      guard let row = rows.randomElement(using: &random) else { break }
      let arguments = row.parameters.flatMap { parameter in
        parameter.kind.types.enumerated().map { part, type in
          let number = guest.argument(row, parameter.name, part, &random)
          return type == .i64 ? Value.i64(number) : .i32(Int32(truncatingIfNeeded: number))
        }
      }
      guard case .i32(let answer)? = try functions[row.name]?.call(values: arguments) else {
        throw Failure(text: "\(row.name) gave nothing")
      }
      #expect((0...76).contains(answer), "\(row.name) gave \(answer)")
      #expect(guest.counters.storageBytes.load(ordering: .relaxed) <= quota)
      if answer == 0 { calls[row.name, default: 0] += 1 }
    }
    // Nearly all of them did something.
    let refused = [
      "path_link", "path_symlink", "path_readlink", "proc_raise", "sock_accept", "sock_recv", "sock_send",
      "sock_shutdown",
    ]
    #expect(Set(all.map(\.name)).subtracting(calls.keys) == Set(refused))
    for number in Int32(0)..<60 { _ = try guest.wasi("fd_close", number) }
    #expect(guest.counters.handles.load(ordering: .relaxed) == 0)
    #expect(try guest.wasi("fd_close", 0) == badf)
    #expect(
      try AppFiles(folder: scratch.path, bytesMax: quota).bytesUsed
        == guest.counters.storageBytes.load(ordering: .relaxed))
    guest.host.publish()
    #expect(guest.counters.memoryBytes.load(ordering: .relaxed) == guest.instance.memorySize)
  }
}

extension Guest {
  fileprivate func wasi(_ name: String, _ arguments: any FixedWidthInteger...) throws -> Int32 {
    try wasi(name, arguments.map { Int64(truncatingIfNeeded: $0) })
  }

  fileprivate func wasi(_ name: String, _ arguments: [Int64]) throws -> Int32 {
    guard let row = NativeTable.wasi.first(where: { $0.name == name }) else { throw Failure(text: name) }
    let values = zip(row.types, arguments).map { type, number in
      type == .i64 ? Value.i64(number) : .i32(Int32(truncatingIfNeeded: number))
    }
    guard case .i32(let answer)? = try instance.function("\(row.module).\(name)").call(values: values) else {
      throw Failure(text: "\(name) gave nothing")
    }
    return answer
  }

  fileprivate func number(at address: Int32) throws -> Int32 {
    try bytes(at: address, 4).reversed().reduce(0) { $0 << 8 | Int32($1) }
  }

  fileprivate func open(
    _ path: String, from base: Int32 = 3, ways: Int32 = 0, _ rights: Int64, flags: Int32 = 0
  ) throws -> (errno: Int32, descriptor: Int32) {
    try put(Array(path.utf8), at: 1024)
    let errno = try wasi("path_open", base, 0, 1024, path.utf8.count, ways, rights, 0, flags, 32)
    return (errno, errno == 0 ? try number(at: 32) : -1)
  }

  fileprivate func write(_ descriptor: Int32, _ text: String) throws -> Int32 {
    try put(Array(text.utf8), at: 3000)
    var list: [UInt8] = []
    list.put(UInt32(3000))
    list.put(UInt32(text.utf8.count))
    try put(list, at: 40)
    return try wasi("fd_write", descriptor, 40, 1, 48)
  }

  fileprivate func read(_ descriptor: Int32, _ count: UInt32) throws -> String {
    var list: [UInt8] = []
    list.put(UInt32(3000))
    list.put(count)
    try put(list, at: 40)
    guard try wasi("fd_read", descriptor, 40, 1, 48) == 0 else { throw Failure(text: "fd_read") }
    return String(decoding: try bytes(at: 3000, number(at: 48)), as: UTF8.self)
  }

  fileprivate func make(_ path: String) throws -> Int32 {
    try wasi("path_create_directory", 3, text(path), path.utf8.count)
  }

  fileprivate func rename(_ old: String, _ new: String) throws -> Int32 {
    try wasi("path_rename", 3, text(old), old.utf8.count, 3, text(new, at: 2048), new.utf8.count)
  }

  /// Puts paths, lists of buffers and wishes into memory, where arguments point to them.
  fileprivate func prepare(_ random: inout Seeded) throws {
    for index in Int32(0)..<64 {
      let texts = ["a", "b", "c", "d", "d/e", "d/e/f", ".", "..", "/a", "d/../a", "é", "x/y/z", "a/b"]
      // Followed by slashes, so that any length makes a path.
      let path = Array((texts.randomElement(using: &random) ?? "").utf8)
      try put(path + [UInt8](repeating: UInt8(ascii: "/"), count: 16 - path.count), at: 1024 + index * 16)
      var list: [UInt8] = []
      for _ in 0..<4 {
        list.put(UInt32.random(in: 0..<60_000, using: &random))
        list.put(UInt32.random(in: 0..<3000, using: &random))
      }
      try put(list, at: 4096 + index * 32)
    }
    for index in Int32(0)..<8 {
      var wish: [UInt8] = []
      wish.put(UInt64(index))
      wish.append(UInt8.random(in: 0...3, using: &random))
      wish.fill(to: 16)
      wish.put(UInt32.random(in: 0..<8, using: &random))
      wish.fill(to: 24)
      wish.put(UInt64.random(in: 0..<1000, using: &random))
      wish.fill(to: 40)
      wish.put(UInt16(0))
      wish.fill(to: 48)
      try put(wish, at: 8192 + index * 48)
    }
  }

  /// An argument that is often one that makes sense.
  fileprivate func argument(
    _ row: NativeFunction, _ name: String, _ part: Int, _ random: inout Seeded
  ) -> Int64 {
    // What is waited for is due soon: nothing else is told to wait.
    if name == "wishes" { return [8192, 65530, -1, 8192, 8192].randomElement(using: &random) ?? 0 }
    if row.name == "poll_oneoff", name == "count" { return [0, 1, 2, 8, 5000].randomElement(using: &random) ?? 0 }
    if Int.random(in: 0..<8, using: &random) == 0 {
      return [
        0, -1, Int64.random(in: .min ... .max, using: &random), Int64.random(in: 0..<70_000, using: &random), .max,
      ].randomElement(using: &random) ?? 0
    }
    switch (name, part) {
    case ("fd", _), ("to_fd", _), ("to", _):
      if row.name.hasPrefix("path"), Bool.random(using: &random) { return 3 }
      // The first folder stays open, or soon nothing would be reached.
      let isEnd = row.name == "fd_close" || row.name == "fd_renumber" || row.name == "fd_fdstat_set_rights"
      return Int64.random(in: isEnd ? 4..<12 : 1..<12, using: &random)
    case ("path", 0), ("to_path", 0), ("target", 0): return 1024 + 16 * Int64.random(in: 0..<64, using: &random)
    case ("path", 1), ("to_path", 1), ("target", 1): return Int64.random(in: 1..<6, using: &random)
    case ("buffers", _): return 4096 + 32 * Int64.random(in: 0..<64, using: &random)
    case ("count", _): return Int64.random(in: 0..<5, using: &random)
    case ("inheriting", _): return [0, 2].randomElement(using: &random) ?? 0
    case ("rights", _), ("base", _): return [-1, 2, 64, 66].randomElement(using: &random) ?? 0
    case ("flags", _), ("mode", _), ("lookup", _), ("whence", _), ("clock", _), ("advice", _):
      return Int64.random(in: 0..<5, using: &random)
    case ("offset", _), ("length", _), ("size", _), ("distance", _), ("cookie", _):
      return Int64.random(in: 0..<9000, using: &random)
    default:
      return part == 0 ? Int64.random(in: 16_384..<64_000, using: &random) : Int64.random(in: 0..<500, using: &random)
    }
  }
}
