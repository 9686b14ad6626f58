import BenchReport
import Glibc

/// A program that makes the same calls with another run-time, without a check in its host function.
///
/// It is called with the module, the number of calls and the number of runs, and writes a line for each run: nanoseconds of
/// processor time of a call from guest to host, and of one from host to guest.
struct CallPeer {
  let name: String
  private let command: [String]

  /// Node.js, `nil` where there is none.
  static func node(folder: String) -> CallPeer? {
    let path = folder + "/calls.cjs"
    guard write(Array(nodeProgram.utf8), path), (try? Command(["node", "--version"]).run()) != nil else { return nil }
    return CallPeer(name: "Node.js", command: ["node", path])
  }

  /// wasm3, an interpreter; its sources are in the folder that `scripts/bench` names.
  static func wasm3(folder: String) throws -> CallPeer? {
    guard let sources = getenv("AETHER_WASM3").map({ String(cString: $0) }) else { return nil }
    let program = folder + "/wasm3"
    // The compiler's options are those of the wheel's own build.
    let compile = "exec cc -O3 -w -I\"$1\" -o \"$2\" Benchmarks/peers/wasm3.c \"$1\"/*.c -lm"
    _ = try Command(["sh", "-c", compile, "sh", sources, program]).run()
    return CallPeer(name: "wasm3", command: [program])
  }

  func measure(module: String, calls: Int, runs: Int) throws -> (toHost: Samples, toGuest: Samples) {
    var toHost = Samples()
    var toGuest = Samples()
    for line in try Command(command + [module, "\(calls)", "\(runs)"]).run().split(separator: "\n") {
      let numbers = line.split(separator: " ").compactMap { Double($0) }
      guard numbers.count == 2 else { throw Failure(text: "\(name) wrote: \(line)") }
      toHost.append(numbers[0])
      toGuest.append(numbers[1])
    }
    return (toHost, toGuest)
  }

  private static let nodeProgram = """
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
}

func write(_ bytes: [UInt8], _ path: String) -> Bool {
  guard let file = fopen(path, "w") else { return false }
  defer { fclose(file) }
  return fwrite(bytes, 1, bytes.count, file) == bytes.count
}
