import Glibc
import Testing

@testable import Linux

@Suite struct BeneathTests {
  @Test func nothingLeadsOut() throws {
    let root = "/tmp/aether-beneath-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    for name in ["", "/in", "/in/deep"] { #expect(mkdir(root + name, 0o700) == 0) }
    defer { try? Files.removeTree(root) }
    try Files.replace(root + "/outside", with: [1])
    try Files.replace(root + "/in/deep/file", with: [2, 3])
    #expect(symlink("../outside", root + "/in/link") == 0)
    #expect(symlink("deep", root + "/in/folder") == 0)
    let folder = try FileDescriptor.directory(root + "/in")
    #expect(try folder.openBeneath("deep/file").readAll() == [2, 3])
    #expect(try folder.openBeneath("deep/../deep/file").readAll() == [2, 3])
    for (path, errno) in [
      ("../outside", EXDEV), ("/etc/passwd", EXDEV), ("deep/../../outside", EXDEV), ("link", ELOOP),
      ("folder/file", ELOOP), ("missing", ENOENT),
    ] {
      for flags in [O_RDONLY, O_WRONLY, O_RDONLY | O_DIRECTORY] {
        var failure: Int32 = 0
        do throws(LinuxError) { _ = try folder.openBeneath(path, flags) } catch { failure = error.errno }
        #expect(failure == errno, "\(path)")
      }
    }
    do throws(LinuxError) { _ = try folder.openBeneath("link", O_WRONLY | O_CREAT) } catch {
      #expect(error.errno == ELOOP)
    }
    #expect(try Files.read(root + "/outside") == [1])
  }
}
