import BenchReport
import Glibc
import JSON
import Model
import RocksDB
import Store

/// About 512 bytes of `spec`, as a cell has.
func sampleResource(_ name: String, owner: String = "bench") -> Resource {
  let command: JSON = .array((0..<8).map { .string("--option-\($0)=value-\($0)") })
  return Resource(
    kind: "Cell", metadata: Metadata(name: name, owner: owner, labels: ["tier": "web"]),
    spec: [
      "command": command, "limits": ["memory": 268_435_456, "cpu": 0.5, "processes": 64],
      "environment": [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "HOME": "/var/lib/work", "LANG": "C",
      ],
      "restart": ["policy": "OnFailure", "backoff": 10], "note": .string(String(repeating: "note ", count: 20)),
    ])
}

/// Durable writes per second, ours against plain synced puts of the same bytes by as many threads.
func measureWrites(_ options: Options, in scratch: String, _ report: inout BenchReport) async throws {
  let store = try ResourceStore(path: "\(scratch)/store")
  let raw = try Database(path: "\(scratch)/raw", options: DatabaseOptions(columnFamilies: ["data"]))
  let family = try raw.columnFamily("data")
  let value = Array(sampleResource("sample").json.text().utf8)
  let sample = sampleResource("sample")
  var serial = 0
  for writers in [1, 16, 64] {
    let each = max(1, (writers == 1 ? options.writes / 4 : options.writes) / writers)
    let total = Double(each * writers)
    var ours = Samples()
    var peer = Samples()
    var ourProcessor = Samples()
    var peerProcessor = Samples()
    for _ in 0..<options.runs {
      serial += 1
      let run = serial
      var watch = Stopwatch()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<writers {
          group.addTask {
            var next = sample
            for index in 0..<each {
              next.metadata.name = "r\(run)-\(writer)-\(index)"
              try await store.create(next)
            }
          }
        }
        try await group.waitForAll()
      }
      ours.append(total / watch.seconds)
      ourProcessor.append(watch.processorSeconds / total * 1e6)
      watch = Stopwatch()
      try onThreads(writers) { writer in
        for index in 0..<each {
          try raw.put(family, Array("bench/Cell/r\(run)-\(writer)-\(index)".utf8), value, synced: true)
        }
      }
      peer.append(total / watch.seconds)
      peerProcessor.append(watch.processorSeconds / total * 1e6)
    }
    report.add(
      "durable writes, \(writers) writer\(writers == 1 ? "" : "s")", unit: "1/s", ours: ours, peer: peer,
      peerName: "RocksDB put", aim: "≥ 0.5 × peer")
    report.add(
      "processor time per write, \(writers) writer\(writers == 1 ? "" : "s")", unit: "µs", ours: ourProcessor,
      peer: peerProcessor, peerName: "RocksDB put")
  }
  let check = try await store.verifyIndexes()
  guard check.isSound else { throw StoreError.corrupted(check.faults.joined(separator: "; ")) }
  store.close()
  raw.close()
}

/// Runs the body on so many threads and waits for all.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
  final class Job: Sendable {
    let index: Int
    let body: @Sendable (Int) throws -> Void
    init(_ index: Int, _ body: @escaping @Sendable (Int) throws -> Void) {
      self.index = index
      self.body = body
    }
  }
  var threads: [pthread_t] = []
  for index in 0..<count {
    var thread = pthread_t()
    let job = Unmanaged.passRetained(Job(index, body))
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let job = Unmanaged<Job>.fromOpaque(argument).takeRetainedValue()
        do { try job.body(job.index) } catch {
          print("failed: \(error)")
          exit(1)
        }
        return nil
      }, job.toOpaque())
    guard status == 0 else { throw StoreError.unavailable("cannot start a thread") }
    threads.append(thread)
  }
  for thread in threads { pthread_join(thread, nil) }
}

/// Removes a directory of directories of files.
func removeTree(_ path: String) {
  guard let directory = opendir(path) else {
    unlink(path)
    return
  }
  while let entry = readdir(directory) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    if name != ".", name != ".." { removeTree("\(path)/\(name)") }
  }
  closedir(directory)
  rmdir(path)
}
