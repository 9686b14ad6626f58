// A program that tests of the store start and kill. `write DIR SEED`: writes for ever, and prints a line for every
// write that is durable. `hold DIR`: opens the store, prints `open`, and waits for the end of its input.

import Glibc
import JSON
import Model
import Store

func say(_ line: String) {
  var text = line + "\n"
  // One call per line, so that lines of several tasks do not mix and nothing waits in a buffer.
  text.withUTF8 { bytes in
    guard write(STDOUT_FILENO, bytes.baseAddress, bytes.count) == bytes.count else { exit(1) }
  }
}

/// Random numbers from a seed (xorshift64*).
struct Generator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }
}

@Sendable func writeForEver(_ store: ResourceStore, _ seed: UInt64) async {
  var generator = Generator(state: seed | 1)
  while true {
    let key = ResourceKey(
      owner: "o\(Int.random(in: 0..<3, using: &generator))", kind: Bool.random(using: &generator) ? "Cell" : "Process",
      name: "n\(Int.random(in: 0..<12, using: &generator))")
    var resource = Resource(kind: key.kind, metadata: Metadata(name: key.name, owner: key.owner))
    resource.metadata.labels = [
      "l\(Int.random(in: 0..<3, using: &generator))": "\(Int.random(in: 0..<3, using: &generator))"
    ]
    resource.spec = [
      "value": .integer(Int64.random(in: 0..<1_000_000, using: &generator)),
      "fill": .string(String(repeating: "x", count: Int.random(in: 0..<3000, using: &generator))),
    ]
    if Int.random(in: 0..<4, using: &generator) == 0 { resource.metadata.finalizers = ["f"] }
    let writes: [Write] =
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: [.create(resource)]
      case 1: [.apply(resource)]
      case 2: [.delete(key)]
      case 3: [.removeFinalizer(key, "f")]
      case 4: [.updateStatus(key, status: ["seen": .integer(Int64.random(in: 0..<99, using: &generator))])]
      default: [.apply(resource), .updateStatus(key, status: ["in": "transaction"])]
      }
    do {
      let outcomes = try await store.transaction(writes)
      for outcome in outcomes where outcome.action != .unchanged {
        guard let resource = outcome.resource else { continue }
        let key = resource.key
        let metadata = resource.metadata
        let words = [
          "\(metadata.revision)", outcome.action.rawValue, key.owner, key.kind, key.name, metadata.uid,
        ]
        say(words.joined(separator: " "))
      }
    } catch {
      switch error {
      case .notFound, .alreadyExists, .deleting: continue
      default:
        say("failed \(error)")
        exit(1)
      }
    }
  }
}

let arguments = CommandLine.arguments
guard arguments.count >= 3 else {
  print("usage: aether-store-torture write DIR SEED | hold DIR")
  exit(2)
}
do {
  var options = StoreOptions()
  options.changesMax = 10_000_000
  let store = try ResourceStore(path: arguments[2], options: options)
  say("open")
  if arguments[1] == "hold" {
    while readLine() != nil {}
    store.close()
  } else {
    let seed = arguments.count > 3 ? UInt64(arguments[3]) ?? 1 : 1
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<8 { group.addTask { await writeForEver(store, seed &* 1000 &+ UInt64(index)) } }
    }
  }
} catch {
  say("failed \(error)")
  exit(1)
}
