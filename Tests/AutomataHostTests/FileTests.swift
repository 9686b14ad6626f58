import Foundation
import Glibc
import Linux
import Synchronization
import Testing

@testable import AutomataHost

@Suite struct FileTests {
  private final class Notes: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
  }

  @Test func readingDoesNotWaitForWriting() async {
    let queue = FileQueue("files")
    let order = Notes()
    let gate = DispatchSemaphore(value: 0)
    queue.write {
      gate.wait()
      order.add("written")
    }
    await queue.reading("a") { order.add("read a") }
    // Of files that are being removed nothing is read before they are gone.
    async let removed: Void = queue.removing("b") { order.add("removed b") }
    while !queue.isRemoving("b") { await Task.yield() }
    async let read: Void = queue.reading("b") { order.add("read b") }
    await queue.reading("a") { order.add("read a") }
    gate.signal()
    _ = await (removed, read)
    #expect(order.all == ["read a", "read a", "written", "removed b", "read b"])
    #expect(!queue.isRemoving("b"))
  }

  @Test func filesStayOpen() throws {
    let path = "/tmp/aether-open-\(UUID().uuidString.prefix(8).lowercased())"
    defer { unlink(path) }
    let first = TracePlace(run: 1, part: 1)
    var open = OpenTraces(countMax: 2)
    let file = try OpenTrace(path, O_WRONLY | O_CREAT | O_APPEND, first)
    for id in ["a", "b", "c"] { open.keep(id, file) }
    #expect(open.count == 2)
    let again = open.file("a", first)
    #expect(again === file)
    try again?.append(Array("one\n".utf8))
    try file.append(Array("two\n".utf8))
    #expect(try Files.read(path, limit: 100) == Array("one\ntwo\n".utf8))
    // Another part, one that is not kept, one that was closed, and a file that has no name any more.
    #expect(open.file("a", TracePlace(run: 1, part: 2)) == nil)
    #expect(open.file("c", first) == nil)
    open.close("b")
    #expect(open.file("b", first) == nil)
    unlink(path)
    #expect(open.file("a", first) == nil)
    #expect(throws: LinuxError.self) { try OpenTrace(path, O_WRONLY | O_APPEND, first) }
  }

  /// A trace has no hole: what lies before a file that cannot be read is left out, too.
  @Test func aFileThatIsNotReadEndsWhatIsBeforeIt() async throws {
    let directory = "/tmp/aether-hole-\(UUID().uuidString.prefix(8).lowercased())"
    defer { try? Files.removeTree(directory) }
    let files = try TraceFiles(directory)
    for part in 1...4 as ClosedRange<UInt32> {
      files.write([
        TraceWrite(
          id: "a", place: TracePlace(run: 1, part: part), bytes: Array("header\n\(part)\n".utf8), isNew: true,
          isFrequent: false, filesMax: 9)
      ])
    }
    await files.flush()
    unlink("\(directory)/a/1-2.jsonl")
    symlink("nowhere", "\(directory)/a/1-2.jsonl")
    let past = try #require(await files.past("a", run: 1, TraceFilter(), tail: nil))
    var bytes: [UInt8] = []
    while let lines = await past.next() { bytes += lines }
    #expect(String(decoding: bytes, as: UTF8.self) == "header\n3\n4\n")
  }

  @Test func aFullDiskLeavesWholeLines() throws {
    let file = try OpenTrace("/dev/full", O_WRONLY, TracePlace(run: 1, part: 1))
    #expect(throws: LinuxError.self) { try file.append(Array("line\n".utf8)) }
  }
}
