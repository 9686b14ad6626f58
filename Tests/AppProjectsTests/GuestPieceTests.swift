import AppSDK
import Foundation
import Testing

@testable import AppProjects

/// The pieces beside the host's functions, run by node: formats, rings, heap.
@Suite struct GuestPieceTests {
  /// Runs `main` with a host that prints lines and sets the capacity of rings; gives the lines and the result.
  private func run(
    _ language: AppSDK.Language, _ program: String, beside files: [String: [UInt8]] = [:]
  ) throws -> [String] {
    let folder = try TestFolder()
    for (name, bytes) in files { try folder.write(name, bytes) }
    try folder.write("app.json", #"{"name": "pieces", "build": {"language": "\#(language.rawValue)"}}"#)
    try folder.write("main.\(language.fileExtension)", program)
    let built = try Project(folder: folder.path).build()
    let host = try folder.write(
      "host.mjs",
      """
      import fs from 'node:fs';
      let memory;
      const text = (from) => {
        const bytes = new Uint8Array(memory.buffer);
        let to = from;
        while (bytes[to]) to++;
        return Buffer.from(bytes.slice(from, to)).toString();
      };
      const bind = (_, ring, size) => { new DataView(memory.buffer).setUint32(ring + 8, size - 16, true); return 0; };
      const functions = { printf_native: (from) => { console.log(text(from)); return 0; }, net_tx_bind: bind };
      const any = { get: (known, name) => known[name] ?? (() => 0) };
      const imports = new Proxy({}, { get: () => new Proxy(functions, any) });
      const module = new WebAssembly.Module(fs.readFileSync(process.argv[2]));
      const instance = new WebAssembly.Instance(module, imports);
      memory = instance.exports.memory;
      console.log('result ' + instance.exports.main());
      """)
    let node = try #require(ToolSearch.standard.first(["node", "nodejs"]), "nodejs is not installed")
    return try ToolRun.output(node, [host, built.path], log: "\(folder.path)/log").split(separator: "\n").map(
      String.init)
  }

  @Test func formatsInC() throws {
    let lines = try run(
      .c,
      """
      #include "aether_guest.h"
      int32_t main(void) {
        aether_printf("%d %i %u %x %X|%5d|%-5d|%05d|%5s|%-5s|%.2s|%c%%", -12, 34, 4000000000u, 0xbeefu, 0xBEEFu, -42, 42, -42,
                      "ab", "ab", "abcdef", 'z');
        aether_printf("%lld %llu %llx %ld %d", INT64_MIN, UINT64_MAX, 0x123456789abcdefull, -5l, INT32_MIN);
        aether_printf("%s %*d|%.*s|%p", (const char *)0, 4, 7, 1, "xyz", (void *)0x10);
        aether_printf("%012lld|%08x|%3c|", -7ll, 255u, 'a');
        char small[6];
        uint32_t length = aether_format(small, sizeof small, "%d and more", 12345);
        aether_printf("%s %u %u", small, length, aether_format(small, 0, "x"));
        aether_printf("%d %d %d %d", aether_text_number("-77x"), aether_text_number("x"), aether_text_number("+5"),
                      aether_text_number("-2147483648"));
        aether_printf("%d %d %d %u", aether_text_equal("ab", "ab"), aether_text_equal("ab", "abc"), aether_text_equal("", ""),
                      aether_text_size("four"));
        aether_printf("%x %x %x", aether_rgb(255, 0, 0), aether_rgb(0, 255, 0), aether_rgb(0, 0, 255));
        return 3;
      }
      """)
    #expect(
      lines == [
        "-12 34 4000000000 beef BEEF|  -42|42   |-0042|   ab|ab   |ab|z%",
        "-9223372036854775808 18446744073709551615 123456789abcdef -5 -2147483648",
        "(null)    7|x|0x00000010", "-00000000007|000000ff|  a|", "12345 5 0", "-77 0 5 -2147483648", "1 0 1 4",
        "f800 7e0 1f", "result 3",
      ])
  }

  /// Messages of many lengths through a small ring come out as they went in, also where the counters pass 2^32.
  @Test func ringsInC() throws {
    let lines = try run(
      .c,
      """
      #include "aether_guest.h"
      static struct { aether_ring ring; uint8_t data[64]; } shared;
      int32_t main(void) {
        uint8_t out[64], in[64];
        if (aether_ring_write(&shared.ring, out, 1) != -1) return 1;
        net_tx_bind(0, &shared, sizeof shared);
        if (shared.ring.capacity != 64 || aether_ring_read(&shared.ring, in, 64) != 0) return 2;
        shared.ring.written = shared.ring.read = UINT32_MAX - 100;
        for (uint32_t round = 0; round < 5000; round++) {
          uint32_t size = round * 7 % 30, other = round % 30;
          for (uint32_t i = 0; i < sizeof out; i++) out[i] = (uint8_t)(round + i);
          if (aether_ring_write(&shared.ring, out, size) != (int32_t)size) return 3;
          if (aether_ring_write(&shared.ring, out + 1, other) != (int32_t)other) return 4;
          if (aether_ring_write(&shared.ring, out, 64) != -1) return 5;
          if (size > 0 && aether_ring_read(&shared.ring, in, size - 1) != -1) return 6;
          if (aether_ring_read(&shared.ring, in, sizeof in) != (int32_t)size) return 7;
          for (uint32_t i = 0; i < size; i++) if (in[i] != out[i]) return 8;
          if (aether_ring_read(&shared.ring, in, sizeof in) != (int32_t)other) return 9;
          for (uint32_t i = 0; i < other; i++) if (in[i] != out[i + 1]) return 10;
        }
        shared.ring.written++;
        return aether_ring_read(&shared.ring, in, 64);
      }
      """)
    #expect(lines == ["result 0"])
  }

  @Test func piecesInSwift() throws {
    let lines = try run(
      .swift,
      """
      final class Node {
        let number: Int
        var next: Node?
        init(_ number: Int, _ next: Node?) { self.number = number; self.next = next }
      }

      func say(_ line: Line) { _ = host_printf_native_line(line.text) }
      func host_printf_native_line(_ text: Text) -> Int32 { text.withText { host_printf_native($0) } }

      @c(main) public func main() -> Int32 {
        say(Line("n ").add(Int64.min).add(" ").add(Int32(0)).add(" ").add(Int32.max))
        var line = Line("t")
        for number: Int32 in [21456, -51, -1500, 99, 0, -99, -100] { line = line.add(" ").add(thousandths: number) }
        say(line)
        say(Line("p ").add([45, 52, 50].number ?? 0).add(" ").add([120].number ?? -1).add(" ").add([].number ?? -2))
        say(Line(Line("abc").bytes.begins(with: "ab") ? "begins" : "no").add(rgb(255, 255, 255)))
        print("printed")

        // The heap: blocks of many sizes, alive in part, keep what was written.
        var kept: [[UInt8]] = []
        var seed: UInt32 = 1
        for round in 0..<3000 {
          seed = seed &* 1_664_525 &+ 1_013_904_223
          kept.append([UInt8](repeating: UInt8(truncatingIfNeeded: round), count: 1 + Int(seed >> 22)))
          if kept.count > 40 { kept.remove(at: Int(seed >> 8) % 40) }
          for block in kept where block[0] != block[block.count - 1] { return 1 }
        }
        for alignment in [1, 16, 64, 4096] {
          for _ in 0..<50 {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: 100, alignment: alignment)
            if UInt(bitPattern: memory) % UInt(alignment) != 0 { return 2 }
            memory.initializeMemory(as: UInt8.self, repeating: 7, count: 100)
            memory.deallocate()
          }
        }
        var list: Node?
        for number in 0..<100 { list = Node(number, list) }
        var sum = 0
        while let node = list { sum += node.number; list = node.next }
        if sum != 4950 { return 3 }
        // Products of 64 bits are checked with 128.
        let (product, overflows) = (Int64(sum) * 1_000_000).multipliedReportingOverflow(by: -1_000_000)
        say(Line("m ").add(product).add(overflows ? " over" : " fits"))
        let large = Int64.max.multipliedReportingOverflow(by: Int64(sum))
        say(Line(large.overflow ? "over" : "fits"))

        let ring = Ring(power: 6)
        if ring.write([1]) { return 4 }
        _ = host_net_tx_bind(0, ring.memory.baseAddress, UInt32(ring.memory.count))
        for round in 0..<2000 {
          let message = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: round % 31)
          guard ring.write(message), ring.write(message), !ring.write([UInt8](repeating: 0, count: 64)) else { return 5 }
          guard ring.read() == message, ring.read() == message, ring.read() == nil else { return 6 }
        }
        return 0
      }
      """)
    #expect(
      lines == [
        "n -9223372036854775808 0 2147483647", "t 21.4 -0.0 -1.5 0.0 0.0 -0.0 -0.1", "p -42 -1 -2", "begins65535",
        "printed", "m -4950000000000000 fits", "over", "result 0",
      ])
  }

  @Test func piecesInRust() throws {
    let lines = try run(
      .rust,
      """
      #![no_std]
      #![no_main]
      use aether_app::*;
      static RING: Ring<80> = Ring::new();

      #[no_mangle]
      pub extern "C" fn main() -> i32 {
          log_line!("{} {:04x} {}", -5, 255, "text");
          let mut cut = Line::<4>::new();
          let _ = core::fmt::Write::write_str(&mut cut, "abcdef");
          log_line!("{} {:x}", cut.bytes().len(), rgb(255, 0, 255));
          if Text::new(b"no end").is_some() || Text::new(b"end\\0").is_none() || RING.write(&[1]) {
              return 1;
          }
          let _ = network::tx_bind(0, &RING);
          let mut out = [0u8; 31];
          let mut into = [0u8; 64];
          for round in 0..2000usize {
              let size = round % 31;
              for (index, byte) in out.iter_mut().enumerate() {
                  *byte = (round + index) as u8;
              }
              if !RING.write(&out[..size]) || !RING.write(&out[..size]) || RING.write(&[0; 64]) {
                  return 2;
              }
              for _ in 0..2 {
                  if RING.read(&mut into) != Some(size) || into[..size] != out[..size] {
                      return 3;
                  }
              }
              if RING.read(&mut into).is_some() {
                  return 4;
              }
          }
          match settings::get(text!("x"), &mut into) {
              Ok(0) => 0,
              _ => 5,
          }
      }
      """)
    #expect(lines == ["-5 00ff text", "3 f81f", "result 0"])
  }

  /// The rules of the sample game: what must hold after every step, and that equal seeds and turns give equal games.
  @Test func snakeFollowsItsRules() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    let lines = try run(
      .swift,
      """
      func fail(_ number: Int32) -> Never {
        _ = Line("rule ").add(number).text.withText { host_printf_native($0) }
        fatalError()
      }

      /// Goes towards the food where that is no bite.
      func play(_ seed: UInt32) -> (score: Int32, hash: UInt32) {
        var game = Game(columns: 12, rows: 9, seed: seed)
        var hash: UInt32 = 17
        for _ in 0..<4000 {
          let head = game.body[game.body.count - 1], food = game.food
          var wishes: [Direction] = food.x > head.x ? [.right] : food.x < head.x ? [.left] : []
          wishes += food.y > head.y ? [.down] : [.up]
          wishes += [.right, .down, .left, .up]
          for wish in wishes where wish != game.direction.opposite {
            var trial = game
            trial.turn(wish)
            if trial.step() != nil { game.turn(wish); break }
          }
          let before = game
          guard let change = game.step() else { break }
          hash = (hash ^ UInt32(change.head.x * 12 + change.head.y)) &* 16_777_619
          if change.hasEaten != (change.head == before.food) { fail(1) }
          if game.score != before.score + (change.hasEaten ? 1 : 0) { fail(2) }
          if abs(change.head.x - head.x) + abs(change.head.y - head.y) != 1 { fail(3) }
          for (index, place) in game.body.enumerated() {
            if place.x < 0 || place.y < 0 || place.x >= 12 || place.y >= 9 { fail(4) }
            if place == game.food && !game.isOver { fail(5) }
            for other in game.body[(index + 1)...] where other == place { fail(6) }
          }
        }
        // A turn back is none, and nothing happens when it is over.
        let direction = game.direction
        game.turn(direction.opposite)
        if game.direction != direction { fail(7) }
        while game.step() != nil {}
        if !game.isOver || game.step() != nil { fail(8) }
        return (game.score, hash)
      }

      @c(main) public func main() -> Int32 {
        let first = play(7), again = play(7), other = play(8)
        print(first.score == again.score && first.hash == again.hash ? "equal" : "differs")
        print(first.hash != other.hash ? "another game" : "the same game")
        print(first.score > 5 ? "has eaten" : "is hungry")
        return play(0).score < 0 ? 1 : 0
      }
      """, beside: ["Game.swift": try Disk.read("\(root)/Examples/apps/snake/Game.swift")])
    #expect(lines == ["equal", "another game", "has eaten", "result 0"])
  }
}
