import CLinux
import Glibc
import Linux
import Testing

@testable import Node

@Suite struct ProtocolTests {
  private func seeds() -> [[UInt8]] {
    var spawn = InitRequest(AI_SPAWN, request: 7)
    spawn.field(AI_TAG_FD_ROLES, [5, 6])
    spawn.field(AI_TAG_ID, "process")
    spawn.field(AI_TAG_SPAWN_FLAGS, numbers: UInt32(5))
    for argument in ["sh", "-c", "true"] { spawn.field(AI_TAG_ARGUMENT, argument) }
    spawn.field(AI_TAG_ENVIRONMENT, "A=b")
    spawn.field(AI_TAG_DIRECTORY, "/")
    spawn.field(AI_TAG_USER, numbers: UInt32(1), UInt32(2))
    spawn.field(AI_TAG_GROUPS, [1, 0, 0, 0, 2, 0, 0, 0])
    spawn.field(AI_TAG_CAPABILITIES, numbers: UInt64(1), UInt64(0))
    spawn.field(AI_TAG_RLIMIT, numbers: Int32(7), Int32(0), UInt64(10), UInt64(20))
    spawn.field(AI_TAG_LOG, numbers: UInt64(4096), UInt32(3))
    spawn.field(AI_TAG_TERMINAL, numbers: UInt16(1), UInt16(2))
    var setup = InitRequest(AI_SETUP, request: 0)
    setup.field(AI_TAG_CELL_FLAGS, numbers: UInt32(2))
    setup.field(AI_TAG_HOSTNAME, "host")
    setup.field(AI_TAG_FILTER, SeccompFilter.standard.bytes)
    setup.field(AI_TAG_STAGE, "/tmp")
    setup.mount(MountStep(AI_MOUNT_ROOT_BIND, .readOnly, source: "/", target: "", options: ""))
    var small = InitRequest(AI_SIGNAL, request: 9)
    small.field(AI_TAG_ID, "process")
    small.field(AI_TAG_SIGNAL, numbers: UInt32(15))
    return [spawn.bytes, setup.bytes, small.bytes]
  }

  /// An answer as the supervisor writes it.
  private func answer() -> [UInt8] {
    var message = InitRequest(AI_EXITED, request: 0)
    message.field(AI_TAG_ID, "process")
    message.field(AI_TAG_STATE, [UInt8](repeating: 3, count: MemoryLayout<ai_state>.size))
    message.field(AI_TAG_FAILURE, [1, 0, 0, 0, 2, 0, 0, 0, 65, 0])
    message.field(AI_TAG_VERSION, numbers: UInt32(1))
    message.field(AI_TAG_FD_ROLES, [10])
    return message.bytes
  }

  private func mutate(_ original: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var bytes = original
    for _ in 0...random.next() % 6 {
      guard !bytes.isEmpty else { break }
      let at = Int(random.next() % UInt64(bytes.count))
      switch random.next() % 5 {
      case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
      case 1: bytes.removeSubrange(at...)
      case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
      case 3: bytes[at] ^= 1 << UInt8(random.next() % 8)
      default: bytes += bytes[at...]
      }
    }
    return bytes
  }

  @Test func parsersTakeWhatIsWellFormed() throws {
    let all = seeds()
    let spawn = UnsafeMutablePointer<ai_spawn>.allocate(capacity: 1)
    let setup = UnsafeMutablePointer<ai_setup>.allocate(capacity: 1)
    defer {
      spawn.deallocate()
      setup.deallocate()
    }
    #expect(ai_parse_spawn(all[0], all[0].count, spawn) == 0)
    #expect(spawn.pointee.argument_count == 3 && spawn.pointee.uid == 1 && spawn.pointee.gid == 2)
    #expect(ai_parse_setup(all[1], all[1].count, setup) == 0)
    #expect(setup.pointee.mount_count == 1 && setup.pointee.filter.count == SeccompFilter.standard.bytes.count)
    var small = ai_small()
    #expect(ai_parse_small(all[2], all[2].count, &small) == 0 && small.signal == 15)
    let reply = try #require(InitReply(answer()))
    #expect(reply.id == "process" && reply.failure == .init(step: 1, errno: 2, detail: "A") && reply.roles == [10])
  }

  /// Every message is handed over in an allocation of its exact size, so that a read outside is a fault under a
  /// sanitizer.
  @Test func parsersSurviveAnything() {
    var random = SplitMix(seed: testSeed())
    let all = seeds()
    let spawn = UnsafeMutablePointer<ai_spawn>.allocate(capacity: 1)
    let setup = UnsafeMutablePointer<ai_setup>.allocate(capacity: 1)
    defer {
      spawn.deallocate()
      setup.deallocate()
    }
    var small = ai_small()
    for round in 0..<30_000 {
      let bytes = mutate(all[round % all.count], &random)
      let exact = UnsafeMutableRawPointer.allocate(byteCount: bytes.count, alignment: 1)
      bytes.withUnsafeBytes { if let base = $0.baseAddress { exact.copyMemory(from: base, byteCount: $0.count) } }
      if ai_parse_spawn(exact, bytes.count, spawn) == 0 {
        #expect(spawn.pointee.argument_count > 0 && ai_id_is_valid(spawn.pointee.id) == 1)
      }
      _ = ai_parse_setup(exact, bytes.count, setup)
      _ = ai_parse_small(exact, bytes.count, &small)
      exact.deallocate()
      _ = InitReply(mutate(answer(), &random))
    }
  }

  /// Garbage sent to a live supervisor: it refuses, lives, and still runs work.
  @Test func aSupervisorSurvivesAnything() async throws {
    var random = SplitMix(seed: testSeed())
    let all = seeds().filter { $0[0] != UInt8(AI_SPAWN.rawValue) }
    try await TestNode.with { node, test in
      _ = try await node.createCell(CellConfiguration(id: "c"))
      for _ in 0..<20 {
        let run = try FileDescriptor.directory(test.directory + "/run/cells/c")
        let socket = try MessageSocket.connected(in: run, name: "init.sock")
        for round in 0..<100 {
          let bytes = mutate(all[round % all.count], &random)
          guard !bytes.isEmpty else { continue }
          do throws(LinuxError) {
            try socket.send(bytes)
          } catch {
            break
          }
        }
      }
      // The node finds its connection gone and makes a new one.
      var text = ""
      var failure: (any Error)?
      for _ in 0..<500 where text.isEmpty {
        do {
          text = try await node.run("echo alive", cell: "c").text
        } catch {
          failure = error
          try await Task.sleep(for: .milliseconds(20))
        }
      }
      #expect(text == "alive\n", "\(String(describing: failure))")
    }
  }

  @Test func configurationsAreStoredWhole() throws {
    var cell = CellConfiguration(id: "c", name: "x/y")
    cell.limits.memoryMax = 1 << 40
    cell.limits.devices = [.init(major: 8, minor: 1, readsPerSecond: 7)]
    cell.namespaces = [.mount, .user, .pid]
    cell.root = RootFileSystem(layers: ["/a", "/b"], mode: .overlay(upper: "/u"))
    cell.mounts = [
      .bind(source: "/s", target: "/t", readOnly: false, recursive: false), .memory(target: "/m", bytes: 9),
    ]
    cell.hostname = "h"
    cell.ports = [PublishedPort(hostAddress: "::1", hostPort: 1, cellPort: 2)]
    cell.userMap = [IDMapping(inside: 0, outside: 5, count: 6)]
    cell.groupMap = [IDMapping(inside: 0, outside: 7, count: 8)]
    cell.capabilities = [.netAdmin]
    cell.allowsNewPrivileges = true
    #expect(CellConfiguration(bytes: cell.json.bytes()) == cell)
    var process = ProcessConfiguration(id: "p", name: "n", arguments: ["a", "b c", "ü"])
    process.environment = ["A": "1", "B": "\n"]
    process.directory = "/d"
    (process.user, process.group, process.supplementaryGroups) = (1, 2, [3, 4])
    process.input = .open
    process.terminal = .init(rows: 3, columns: 4)
    process.limits.cpuQuotaMicroseconds = 5000
    process.resourceLimits = [ResourceLimit(.openFiles, soft: 1, hard: ResourceLimit.unlimited)]
    process.capabilities = [.chown]
    process.seccomp = .unconfined
    process.noNewPrivileges = false
    process.log = .init(sizeMax: 5000, filesMax: 9)
    process.stopSignal = .interrupt
    process.stopGracePeriod = .milliseconds(1500)
    #expect(ProcessConfiguration(bytes: process.json.bytes()) == process)
  }
}
