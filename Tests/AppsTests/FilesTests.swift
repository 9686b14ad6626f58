import AppFormat
import AppManager
import Glibc
import Linux
import Testing

@testable import Apps

@Suite struct FilesTests {
  private static let names = [
    "storage_open", "storage_read", "storage_write", "storage_close", "storage_delete", "storage_list", "fs_open",
    "fs_close", "fs_read", "fs_write", "fs_seek", "fs_tell", "fs_stat", "fs_unlink", "fs_mkdir", "fs_readdir",
  ]

  private func errno(_ body: () throws(NativeError) -> Void) -> Int32 {
    do throws(NativeError) {
      try body()
      return 0
    } catch {
      if case .errno(let number) = error { return number }
      return -1
    }
  }

  @discardableResult
  private func write(_ files: AppFiles, _ handle: Int32, _ count: Int) throws(NativeError) -> Int {
    var bytes = [UInt8](repeating: 7, count: count)
    var result: Result<Int, NativeError> = .failure(.inputOutput)
    bytes.withUnsafeMutableBytes { bytes in
      // In two pieces, as far as there are two.
      let middle = bytes.count / 3
      let pieces = [
        iovec(iov_base: bytes.baseAddress, iov_len: middle),
        iovec(iov_base: bytes.baseAddress.map { $0 + middle }, iov_len: bytes.count - middle),
      ]
      do throws(NativeError) { result = .success(try files.write(handle, .files, pieces)) } catch {
        result = .failure(error)
      }
    }
    return try result.get()
  }

  @Test func readsAndWrites() throws {
    let scratch = Scratch()
    let guest = try Guest(calling: Self.names, folder: scratch.path)
    let path = try guest.text("/notes.txt")
    let text = try guest.text("hello world", at: 2048)
    #expect(try guest.call("storage_open", path, 0) == -ENOENT)
    let file = try guest.call("storage_open", path, 1)
    #expect(file > 0)
    #expect(try guest.call("storage_write", file, text, 5) == 5)
    #expect(try guest.call("storage_read", file, 4096, 10) == -EBADF)
    // A handle of the one family means nothing to the other.
    #expect(try guest.call("fs_write", file, text, 5) == -EBADF)
    _ = try guest.call("storage_close", file)
    #expect(try guest.call("storage_write", file, text, 5) == -EBADF)
    let appended = try guest.call("storage_open", path, 2)
    #expect(try guest.call("storage_write", appended, text + 5, 6) == 6)
    _ = try guest.call("storage_close", appended)
    let read = try guest.call("fs_open", path, 0)
    #expect(try guest.call("fs_read", read, 4096, 100) == 11)
    #expect(try guest.string(at: 4096) == "hello world")
    #expect(try guest.call("fs_read", read, 4096, 100) == 0)
    #expect(try guest.call("fs_seek", read, -5, 2) == 6)
    #expect(try guest.call("fs_tell", read) == 6)
    #expect(try guest.call("fs_read", read, 4096, 100) == 5)
    #expect(try guest.call("fs_seek", read, -12, 2) == -EINVAL)
    #expect(try guest.call("fs_seek", read, 0, 3) == -EINVAL)
    #expect(try guest.call("fs_write", read, text, 5) == -EBADF)
    #expect(try guest.call("fs_close", read) == 0)
    #expect(try guest.call("fs_stat", path, 4096) == 0)
    #expect(try guest.bytes(at: 4096, 8) == [11, 0, 0, 0, 0, 0, 0, 0])
    #expect(try guest.call("fs_mkdir", try guest.text("sub")) == 0)
    #expect(try guest.call("fs_mkdir", try guest.text("sub")) == -EEXIST)
    #expect(try guest.call("fs_stat", try guest.text("sub"), 4096) == 0)
    #expect(try guest.bytes(at: 4100, 1) == [1])
    let inner = try guest.text("sub/a")
    #expect(try guest.call("fs_close", try guest.call("fs_open", inner, 1 | 8)) == 0)
    let root = try guest.text("/")
    #expect(try guest.call("storage_list", root, 4096, 100) == 16)
    #expect(try guest.string(at: 4096) == "notes.txt\nsub/\n")
    // Whole lines only.
    #expect(try guest.call("fs_readdir", root, 4096, 15) == 11)
    #expect(try guest.string(at: 4096) == "notes.txt\n")
    #expect(try guest.call("storage_list", try guest.text("notes.txt"), 4096, 100) == -ENOTDIR)
    #expect(try guest.call("storage_delete", try guest.text("sub")) == -EISDIR)
    #expect(try guest.call("fs_unlink", try guest.text("sub")) == -ENOTEMPTY)
    #expect(try guest.call("storage_delete", try guest.text("sub/a")) == 0)
    #expect(try guest.call("fs_unlink", try guest.text("sub")) == 0)
    #expect(try guest.call("fs_unlink", try guest.text("/")) == -EACCES)
    #expect(try guest.call("fs_open", try guest.text("sub"), 1) == -ENOENT)
    #expect(try guest.call("fs_open", try guest.text("a\nb"), 1 | 8) == -EINVAL)
    #expect(guest.counters.handles.load(ordering: .relaxed) == 0)
  }

  @Test func writingNeedsItsCapability() throws {
    let scratch = Scratch()
    let guest = try Guest(calling: Self.names, [.storageRead, .fsRead], folder: scratch.path)
    let path = try guest.text("file")
    for mode in Int32(1)...3 { #expect(try guest.call("storage_open", path, mode) == -EPERM) }
    for flags in [1, 2, 4, 8, 9, 16 | 1] { #expect(try guest.call("fs_open", path, Int32(flags)) == -EPERM) }
    #expect(try guest.call("fs_unlink", path) == -EPERM)
    #expect(try guest.call("fs_mkdir", path) == -EPERM)
    #expect(try guest.call("storage_delete", path) == -EPERM)
    #expect(try guest.call("fs_open", path, 0) == -ENOENT)
    #expect(guest.counters.denied.load(ordering: .relaxed) == 12)
    let writer = try Guest(calling: Self.names, [.storageWrite], folder: scratch.path)
    #expect(try writer.call("storage_open", try writer.text("file"), 0) == -EPERM)
  }

  @Test func noPathLeadsOut() throws {
    let scratch = Scratch()
    let folder = scratch.path + "/app"
    for name in ["/app", "/app/real", "/outside"] { mkdir(scratch.path + name, 0o700) }
    try Files.replace(scratch.path + "/outside/secret", with: Array("secret".utf8))
    // What a host, or somebody else, has put there.
    for (link, target) in [
      ("etc", "/etc"), ("passwd", "/etc/passwd"), ("up", ".."), ("away", "../outside"), ("here", "."),
      ("dangling", "../outside/new"), ("real/deep", "../../outside/secret"), ("self", "self"), ("inside", "real"),
    ] { #expect(symlink(target, "\(folder)/\(link)") == 0) }
    #expect(mkfifo(folder + "/pipe", 0o600) == 0)
    let guest = try Guest(calling: Self.names, folder: folder)
    let denied = [
      "..", "../outside/secret", "/../outside/secret", "a/../..", "real/../real", "real/..", "./..",
      "real/../../outside",
      "etc", "etc/passwd", "passwd", "up/outside/secret", "away/secret", "here/real", "dangling", "real/deep", "self",
      "inside/deep", "pipe", "//../../etc/passwd", "real//../x",
    ]
    for text in denied {
      let path = try guest.text(text)
      for mode in Int32(0)...3 { #expect(try guest.call("storage_open", path, mode) == -EACCES, "\(text)") }
      for flags in [0, 1 | 8, 4 | 8 | 16] {
        #expect(try guest.call("fs_open", path, Int32(flags)) == -EACCES, "\(text)")
      }
      #expect(try guest.call("fs_stat", path, 4096) == -EACCES, "\(text)")
      #expect(try guest.call("fs_unlink", path) == -EACCES, "\(text)")
      #expect(try guest.call("storage_delete", path) == -EACCES, "\(text)")
      let made = try guest.call("fs_mkdir", path)
      #expect(made == -EACCES || made == -EEXIST, "\(text)")
      let listed = try guest.call("fs_readdir", path, 4096, 100)
      #expect(listed == -EACCES || listed == -ENOTDIR, "\(text): \(listed)")
    }
    // Absolute paths begin at the app's folder.
    #expect(try guest.call("fs_open", try guest.text("/etc2/passwd"), 0) == -ENOENT)
    #expect(try guest.call("storage_open", try guest.text("/a..b"), 1) > 0)
    #expect(try guest.call("storage_open", try guest.text("..."), 1) > 0)
    #expect(try guest.call("fs_readdir", try guest.text("./"), 4096, 100) == 16)
    #expect(try guest.string(at: 4096) == "...\na..b\nreal/\n")
    let files = try AppFiles(folder: folder, bytesMax: 1 << 20)
    #expect(errno { () throws(NativeError) in _ = try files.open("a\0b", [.read], .files) } == EINVAL)
    #expect(errno { () throws(NativeError) in _ = try files.open("", [.read], .files) } == EINVAL)
    for length in [256, 4095, 4096, 5000] {
      let long = String(repeating: "x", count: length)
      #expect(errno { () throws(NativeError) in _ = try files.open(long, [.write, .create], .files) } == ENAMETOOLONG)
    }
    let deep = String(repeating: "d/", count: 40) + "f"
    #expect(errno { () throws(NativeError) in _ = try files.open(deep, [.write, .create], .files) } == ENAMETOOLONG)
    #expect(try Files.text(scratch.path + "/outside/secret") == "secret")
    #expect(try Files.names(in: scratch.path + "/outside") == ["secret"])
    #expect(Files.exists(folder + "/etc") && Files.exists(folder + "/pipe"))
  }

  @Test func theQuotaIsExact() throws {
    let scratch = Scratch()
    let quota = 3 * AppFiles.entryBytes + 1000
    var files = try AppFiles(folder: scratch.path, bytesMax: quota)
    let first = try files.open("first", [.write, .create], .files)
    try files.makeFolder("folder")
    let second = try files.open("folder/second", [.read, .write, .create], .files)
    #expect(errno { () throws(NativeError) in try files.makeFolder("third") } == ENOSPC)
    #expect(errno { () throws(NativeError) in _ = try files.open("third", [.write, .create], .files) } == ENOSPC)
    #expect(!Files.exists(scratch.path + "/third"))
    #expect(try write(files, first, 600) == 600)
    #expect(errno { () throws(NativeError) in try write(files, second, 401) } == ENOSPC)
    #expect(try write(files, second, 400) == 400)
    #expect(files.bytesUsed == quota)
    // Over what is there already nothing is added.
    #expect(try files.seek(second, .files, 0, whence: 0) == 0)
    #expect(try write(files, second, 400) == 400)
    #expect(errno { () throws(NativeError) in try write(files, second, 1) } == ENOSPC)
    // The same after a restart.
    files = try AppFiles(folder: scratch.path, bytesMax: quota)
    #expect(files.bytesUsed == quota)
    let again = try files.open("first", [.write], .files)
    #expect(try files.seek(again, .files, 600, whence: 0) == 600)
    #expect(errno { () throws(NativeError) in try write(files, again, 1) } == ENOSPC)
    // Emptying gives room; a hole takes as much as if it were written.
    let emptied = try files.open("first", [.write, .truncate], .files)
    #expect(files.bytesUsed == quota - 600)
    #expect(try files.seek(emptied, .files, 600, whence: 0) == 600)
    #expect(errno { () throws(NativeError) in try write(files, emptied, 1) } == ENOSPC)
    #expect(try files.seek(emptied, .files, 599, whence: 0) == 599)
    #expect(try write(files, emptied, 1) == 1)
    #expect(files.bytesUsed == quota)
    // What has no name but is open still takes room.
    try files.remove("first", .file)
    #expect(files.bytesUsed == quota)
    try files.close(again, .files)
    #expect(files.bytesUsed == quota)
    try files.close(emptied, .files)
    #expect(files.bytesUsed == quota - AppFiles.entryBytes - 600)
  }

  @Test func emptyFilesAreNoWayAroundTheQuota() throws {
    let scratch = Scratch()
    let guest = try Guest(
      calling: Self.names, quotas: AppQuotas(storageBytesMax: 50 * AppFiles.entryBytes), folder: scratch.path)
    var count = 0
    while count < 1000 {
      let handle = try guest.call("fs_open", try guest.text("f\(count)"), 1 | 8)
      if handle < 0 {
        #expect(handle == -ENOSPC)
        break
      }
      count += 1
      #expect(try guest.call("fs_close", handle) == 0)
    }
    #expect(count == 50)
    #expect(guest.counters.storageBytes.load(ordering: .relaxed) == 50 * AppFiles.entryBytes)
    #expect(guest.audit.entries.map(\.event) == [.quotaReached])
  }

  @Test func handlesAreLimited() throws {
    let scratch = Scratch()
    let guest = try Guest(calling: Self.names, quotas: AppQuotas(handlesMax: 5), folder: scratch.path)
    let path = try guest.text("file")
    for _ in 0..<5 { #expect(try guest.call("storage_open", path, 2) > 0) }
    #expect(try guest.call("storage_open", path, 2) == -EMFILE)
    #expect(try guest.call("fs_open", path, 0) == -EMFILE)
    _ = try guest.call("storage_close", 3)
    #expect(try guest.call("fs_open", path, 0) == 3)
    #expect(guest.counters.handles.load(ordering: .relaxed) == 5)
    guest.host.close()
    #expect(guest.counters.handles.load(ordering: .relaxed) == 0)
  }

  /// What is counted while files come and go is what a look at the folder finds.
  @Test func whatIsCountedIsThere() throws {
    var random = Seeded()
    let scratch = Scratch()
    let quota = 400_000
    let files = try AppFiles(folder: scratch.path, bytesMax: quota)
    var open: [Int32] = []
    for _ in 0..<3000 {
      let name =
        (Bool.random(using: &random) ? "d\(Int.random(in: 0..<3, using: &random))/" : "")
        + "n\(Int.random(in: 0..<8, using: &random))"
      // Every step may fail: only what is counted matters.
      switch Int.random(in: 0..<10, using: &random) {
      case 0: _ = try? files.makeFolder("d\(Int.random(in: 0..<3, using: &random))")
      case 1, 2:
        let access: [AppFiles.Access] = [
          [.write, .create], [.append, .create], [.read, .write], [.write, .truncate, .create],
        ]
        if let handle = try? files.open(name, access.randomElement(using: &random) ?? .read, .files) {
          open.append(handle)
        }
      case 3, 4: try? files.remove(name, Bool.random(using: &random) ? .file : [.file, .folder])
      case 5: try? files.remove("d\(Int.random(in: 0..<3, using: &random))", .folder)
      case 6: if let handle = open.popLast() { try files.close(handle, .files) }
      case 7:
        if let handle = open.randomElement(using: &random) {
          _ = try? files.seek(handle, .files, Int.random(in: 0..<60_000, using: &random), whence: 0)
        }
      default:
        if let handle = open.randomElement(using: &random) {
          _ = try? write(files, handle, Int.random(in: 0..<9000, using: &random))
        }
      }
      #expect(files.bytesUsed <= quota)
    }
    for handle in open { try files.close(handle, .files) }
    #expect(try AppFiles(folder: scratch.path, bytesMax: quota).bytesUsed == files.bytesUsed)
  }
}
