import AppABI
import AppFormat
import AppManager
import Glibc
import Net
import PythonPeer
import Testing
import Wasmtime

@testable import Apps

@Suite struct NetworkFuzzTests {
  /// A guest that writes over the headers of its rings while bytes flow loses that stream, and nothing else.
  @Test func headersAreScribbledOver() async throws {
    try await onThread {
      let (peer, port) = try Peers.start(Peers.echo)
      defer { peer.stop() }
      var numbers = SeededNumbers.forTest("headersAreScribbledOver")
      let guest = try NetworkGuest()
      let healthy = try guest.open(0, txAt: 32768, rxAt: 40960)
      #expect(try guest.connect(healthy, "127.0.0.1", port) == 0)
      _ = try guest.wait(for: 1)
      var sent: [UInt8] = []
      var received: [UInt8] = []
      var failures = 0
      for round in 0..<60 {
        let victim = try guest.open(Int32.random(in: 0...1, using: &numbers), ringBytes: 1040)
        #expect(try guest.connect(victim, "127.0.0.1", port) == 0)
        for _ in 0..<30 {
          let message = (0..<Int.random(in: 1...200, using: &numbers)).map { _ in UInt8(round) }
          if try guest.write(message, ringAt: 32768) { sent += message }
          _ = try? guest.write(Array(message.prefix(50)))
          if Int.random(in: 0..<6, using: &numbers) == 0 {
            let ring: Int32 = Bool.random(using: &numbers) ? 8192 : 20480
            let place = ring + Int32.random(in: 0..<40, using: &numbers)
            let scribble = (0..<Int.random(in: 1...8, using: &numbers)).map { _ in
              UInt8.random(in: 0...255, using: &numbers)
            }
            try guest.guest.put(scribble, at: place)
          }
          _ = try guest.guest.call("net_tx_flush", victim)
          _ = try guest.guest.call("delay", 100)
          while let message = try guest.read(ringAt: 40960) { received += message }
          while try guest.guest.call("net_event_pop", 512, 4) == 1 {
            let event = try guest.guest.bytes(at: 512, 4)
            if event[0] == 5, event[1] == UInt8(victim), event[2] == UInt8(EINVAL) { failures += 1 }
            #expect(event[1] == UInt8(victim) || event[0] == 3)
          }
        }
        #expect(try guest.guest.call("net_close", victim) == 0)
      }
      let end = monotonicNanoseconds() + 30_000_000_000
      while received.count < sent.count, monotonicNanoseconds() < end {
        _ = try guest.guest.call("delay", 1000)
        while let message = try guest.read(ringAt: 40960) { received += message }
      }
      #expect(received == sent)
      #expect(failures > 0)
    }
  }

  /// Whatever a header says, the host stays in the ring and either goes on or refuses.
  @Test func ringsOfNonsense() throws {
    var numbers = SeededNumbers.forTest("ringsOfNonsense")
    let guest = try Guest("(module (memory (export \"memory\") 1))")
    var refused = 0
    for _ in 0..<5000 {
      // At the end of the memory, so that a step too far is a fault.
      let size = UInt32.random(in: GuestRing.bytesMin...300, using: &numbers)
      let address = 65536 - size
      let canary = [UInt8](repeating: 0xA5, count: 64)
      try guest.instance.withMemory { (memory) throws(GuestFault) in
        try memory.write(canary, at: address - 64)
        var ring = try GuestRing(at: address, size: size, in: memory)
        do throws(GuestRing.Nonsense) {
          for _ in 0..<20 {
            if Int.random(in: 0..<4, using: &numbers) == 0 {
              let value =
                Bool.random(using: &numbers)
                ? UInt32.random(in: 0...(2 * size), using: &numbers)
                : UInt32.random(in: 0...UInt32.max, using: &numbers)
              try? memory.store(value, at: address + 4 * UInt32.random(in: 0..<4, using: &numbers))
            }
            if Bool.random(using: &numbers) {
              _ = try ring.take(from: memory)
            } else {
              let room = try ring.room(in: memory)
              if room > 0 {
                try ring.add([UInt8](repeating: 1, count: Int.random(in: 0...room, using: &numbers)), to: memory)
              }
            }
          }
        } catch { refused += 1 }
        let kept = try memory.read(at: address - 64, count: 64)
        #expect(kept == canary)
      }
    }
    #expect(refused > 1000)
  }

  @Test func ringsGoRound() throws {
    let guest = try Guest("(module (memory (export \"memory\") 1))")
    try guest.instance.withMemory { (memory) throws(GuestFault) in
      var host = try GuestRing(at: 16, size: 16 + 32, in: memory)
      #expect(try memory.load(UInt32.self, at: 24) == 32)
      do throws(GuestRing.Nonsense) {
        for round in 0..<100 {
          let message = [UInt8](repeating: UInt8(round), count: round % 31)
          try host.add(message, to: memory)
          #expect(try host.room(in: memory) == 30 - message.count - 2)
          // The guest has read it.
          try? memory.store(host.index, at: 20)
        }
      } catch { Issue.record("the ring was refused") }
    }
  }

  /// Every function of these families with random arguments.
  @Test(arguments: [NativeFamily.network, .crypto, .update, .mqtt])
  func functionsWithRandomArguments(_ family: NativeFamily) async throws {
    let services = AppServices(dataFolder: "")
    var options = NetworkHost.Options()
    options.resolve = { (host, _) throws(NetError) in throw .resolution(host: host, reason: "a test") }
    services.network.configure(options)
    try await onThread {
      var numbers = SeededNumbers.forTest("functionsWithRandomArguments(\(family))")
      let rows = NativeTable.functions.filter { $0.family == family }
      let guest = try Guest(Caller.module(for: rows), services: services)
      let known = Set(NativeTable.constants.filter { $0.name.first == "E" }.map { -$0.value } + [-EAFNOSUPPORT])
      try guest.put((0..<4096).map { _ in UInt8.random(in: 1...255, using: &numbers) }, at: 0)
      for address: Int32 in [256, 1024, 2048] { try guest.text("a.example/b", at: address) }
      for _ in 0..<6000 {
        guard let row = rows.randomElement(using: &numbers) else { break }
        var arguments = row.types.map { _ in Value.i32(Self.argument(&numbers)) }
        // These wait; other tests have them wait.
        if row.parameters.last?.name == "timeout" {
          arguments[arguments.count - 1] = .i32(Int32.random(in: -5...1, using: &numbers) == -1 ? 0 : -7)
        }
        let answer = try guest.instance.function("env.\(row.name)").call(values: arguments)
        guard case .i32(let number)? = answer else { throw Failure(text: "\(row.name): \(String(describing: answer))") }
        #expect(number >= 0 || known.contains(number), "\(row.name) \(arguments): \(number)")
      }
    }
  }

  private static func argument(_ numbers: inout SeededNumbers) -> Int32 {
    switch Int.random(in: 0..<8, using: &numbers) {
    case 0: 0
    case 1, 2: Int32.random(in: 0...20, using: &numbers)
    case 3, 4: Int32.random(in: 0...4096, using: &numbers)
    case 5: Int32.random(in: 65400...65540, using: &numbers)
    case 6: Int32.random(in: -20...(-1), using: &numbers)
    default: Int32.random(in: Int32.min...Int32.max, using: &numbers)
    }
  }
}
