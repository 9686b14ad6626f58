import BenchReport
import Glibc
import HTTP
import HTTPClient
import JSON
import Net
import WebSocket

/// The whole way: a daemon of its own is asked to apply a cell with a process, and a watcher sees it running.
struct ThroughAPI {
  let daemon: RunningCommand
  private let client: HTTPClient
  private let group: EventLoopGroup
  private let watcher: WebSocket
  private let address: String
  private let token: String

  /// Starts `aetherd`, which lies beside this program, on folders below `directory`.
  init(_ directory: String) async throws {
    var path = [CChar](repeating: 0, count: 4096)
    let length = max(0, readlink("/proc/self/exe", &path, path.count - 1))
    let program = String(decoding: path[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let programs = program[..<(program.lastIndex(of: "/") ?? program.startIndex)]
    let root = directory + "/daemon"
    let port = UInt16.random(in: 20_000..<32_000)
    let address = "127.0.0.1:\(port)"
    daemon = try Command([
      "\(programs)/aetherd", "run", "--root", root, "--dev-issuer", "--on-exit", "stop", "--listen", address,
    ]).start()
    let authority = root + "/pki/bundle.pem"
    for _ in 0..<200 where access(authority, R_OK) != 0 { usleep(50_000) }
    let client = try HTTPClient(
      options: HTTPClient.Options(tls: HTTPClient.TLS(authority: .file(authority)), totalTimeout: .seconds(30)))
    var token: String?
    for _ in 0..<200 where token == nil {
      let answer = try? await client.fetch(
        HTTPClient.Request(
          "POST", "https://\(address)/v1/dev/token", headers: ["content-type": "application/json"],
          body: .bytes(Array(#"{"user":"bench"}"#.utf8))))
      token = try answer.flatMap { try JSON.parse($0.text)["token"]?.stringValue }
      if token == nil { usleep(50_000) }
    }
    guard let token else { throw Command.Failure(description: "aetherd on \(address) gives no token") }
    group = try EventLoopGroup(count: 1)
    var tls = TLSConfiguration()
    tls.trustRoots = .file(authority)
    tls.alpn = ["http/1.1"]
    var options = ConnectOptions()
    options.tls = try TLSContext(client: tls)
    watcher = try await WebSocket.connect(
      to: .address(.loopback(port: port)), host: address, target: "/v1/watch?kinds=processes",
      headers: ["authorization": "Bearer \(token)"], on: group.next(), options: options)
    self.client = client
    self.address = address
    self.token = token
  }

  /// Milliseconds from each request to the event that says `Running`, on the clock on the wall.
  func measure(runs: Int, root: String) async throws -> Samples {
    var samples = Samples()
    var events = watcher.makeAsyncIterator()
    for run in 0..<(runs + 3) {
      let name = "bench-\(run)"
      let body =
        #"[{"kind":"Cell","metadata":{"name":"\#(name)"},"spec":{"root":{"path":"\#(root)"},"limits":{"memory":"256Mi","processes":64}}},"#
        + #"{"kind":"Process","metadata":{"name":"\#(name)/sleep"},"spec":{"command":["/bin/sleep"]}}]"#
      let watch = Stopwatch()
      let answer = try await client.fetch(request("POST", "/v1/apply", body))
      guard answer.isSuccess else { throw Command.Failure(description: answer.text) }
      while let message = try await events.next() {
        guard case .text(let text) = message, text.contains(#""Running""#), text.contains("\"\(name)/sleep\"") else {
          continue
        }
        break
      }
      // The first runs fill caches.
      if run >= 3 { samples.append(watch.seconds * 1000) }
      _ = try await client.fetch(request("DELETE", "/v1/cells/\(name)", nil))
      for _ in 0..<200 {
        if try await client.fetch(request("GET", "/v1/cells/\(name)", nil)).status == 404 { break }
        usleep(10_000)
      }
    }
    return samples
  }

  /// Milliseconds for the upload of so many bytes in one request over HTTPS, until they are on the disk; and for writing them
  /// to a file of `directory` and syncing it, without any network.
  func uploads(of count: Int, runs: Int, directory: String) async throws -> (ours: Samples, written: Samples) {
    var ours = Samples()
    var written = Samples()
    var bytes = [UInt8](repeating: 0, count: count)
    for run in 0..<(runs + 1) {
      // Others each time: what is there already would not be written.
      for index in stride(from: 0, to: count, by: 64) { bytes[index] = UInt8(truncatingIfNeeded: run &* 31 &+ index) }
      var watch = Stopwatch()
      let path = "\(directory)/upload-\(run)"
      let file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
      var done = 0
      while file >= 0, done < count {
        let step = bytes.withUnsafeBytes { write(file, $0.baseAddress.map { $0 + done }, min(count - done, 256 << 10)) }
        if step <= 0 { break }
        done += step
      }
      guard done == count, fsync(file) == 0 else { throw Command.Failure(description: "\(path) cannot be written") }
      close(file)
      unlink(path)
      if run > 0 { written.append(watch.seconds * 1000) }
      watch = Stopwatch()
      var upload = request("POST", "/v1/app-artifacts", nil)
      upload.headers = ["authorization": "Bearer \(token)", "content-type": "application/octet-stream"]
      upload.body = .bytes(bytes)
      let answer = try await client.fetch(upload)
      guard answer.isSuccess else { throw Command.Failure(description: answer.text) }
      if run > 0 { ours.append(watch.seconds * 1000) }
    }
    return (ours, written)
  }

  private func request(_ method: String, _ path: String, _ body: String?) -> HTTPClient.Request {
    HTTPClient.Request(
      method, "https://\(address)\(path)",
      headers: ["authorization": "Bearer \(token)", "content-type": "application/json"],
      body: body.map { .bytes(Array($0.utf8)) } ?? .none)
  }

  func stop() async {
    await watcher.close()
    client.close()
    daemon.stop()
    group.shutdown()
  }
}
