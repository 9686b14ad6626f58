import BenchReport
import Glibc

/// The same module in Node.js, whose host functions are JavaScript without a check.
struct NodePeer {
  private let folder: String

  private static let program = """
    const fs = require('fs');
    const [path, calls, runs] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
    const guest = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(path)),
      { env: { check: (value) => (value + 1) | 0 } }).exports;
    const measure = (body) => {
      const before = process.cpuUsage();
      const answer = body();
      const { user, system } = process.cpuUsage(before);
      if (answer !== calls) throw new Error('calls were lost');
      return ((user + system) * 1000) / calls;
    };
    const one = () => { let value = 0; for (let index = 0; index < calls; index++) value = guest.one(value); return value; };
    guest.loop(100000); // compiled before it is measured
    for (let run = 0; run < runs; run++)
      console.log(measure(() => guest.loop(calls)), measure(one));
    """

  /// `nil` where there is no Node.js.
  init?(_ wasm: [UInt8]) {
    folder = "/tmp/aether-bench-node-\(getpid())"
    guard mkdir(folder, 0o700) == 0, Self.write(wasm, folder + "/calls.wasm"),
      Self.write(Array(Self.program.utf8), folder + "/calls.cjs"), (try? Command(["node", "--version"]).run()) != nil
    else { return nil }
  }

  /// Nanoseconds of processor time for a call from guest to host, and from host to guest.
  func measure(calls: Int, runs: Int) throws -> (toHost: Samples, toGuest: Samples) {
    defer { _ = try? Command(["rm", "-rf", folder]).run() }
    let output = try Command(["node", folder + "/calls.cjs", folder + "/calls.wasm", "\(calls)", "\(runs)"]).run()
    var toHost = Samples()
    var toGuest = Samples()
    for line in output.split(separator: "\n") {
      let numbers = line.split(separator: " ").compactMap { Double($0) }
      guard numbers.count == 2 else { throw Failure(text: "node wrote: \(line)") }
      toHost.append(numbers[0])
      toGuest.append(numbers[1])
    }
    return (toHost, toGuest)
  }

  private static func write(_ bytes: [UInt8], _ path: String) -> Bool {
    guard let file = fopen(path, "w") else { return false }
    defer { fclose(file) }
    return fwrite(bytes, 1, bytes.count, file) == bytes.count
  }
}
