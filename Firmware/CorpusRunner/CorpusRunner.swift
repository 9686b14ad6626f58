import Board
import Runner

/// Answers requests of `Runner` from a file of the host into another one, named by its command line. Both hold records:
/// length (u32, little endian), bytes. The console gets a line per request: what heap and stack it needed.
@main struct CorpusRunner {
  static func main() {
    let requests = host_open_argument(1, 0)
    let answers = host_open_argument(2, 1)
    guard requests >= 0, answers >= 0 else {
      say("no files to read and write")
      host_exit(1)
    }
    while let header = read(4, from: requests) {
      let length = header.reversed().reduce(0) { $0 << 8 | UInt32($1) }
      guard let request = read(length, from: requests) else { host_exit(2) }
      heap_forget_peak()
      stack_forget_peak()
      let before = heap_used()
      let answer = Runner.answer(request)
      let stack = stack_peak()
      say("heap ", UInt32(heap_peak() - before), " stack ", UInt32(stack))
      let size = UInt32(answer.count)
      write((0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }, to: answers)
      write(answer, to: answers)
    }
    host_close(answers)
    host_exit(0)
  }

  /// The next bytes of a file; none when it ends before them.
  private static func read(_ count: UInt32, from handle: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: Int(count))
    let got = bytes.withUnsafeMutableBufferPointer { host_read(handle, $0.baseAddress, count) }
    return got == Int32(count) ? bytes : nil
  }

  private static func write(_ bytes: [UInt8], to handle: Int32) {
    let written = bytes.withUnsafeBufferPointer { host_write(handle, $0.baseAddress, UInt32($0.count)) }
    if written != Int32(bytes.count) { host_exit(3) }
  }

  private static func say(_ text: StaticString) { console_write(text.utf8Start, text.utf8CodeUnitCount) }

  private static func say(_ first: StaticString, _ firstValue: UInt32, _ second: StaticString, _ secondValue: UInt32) {
    say(first)
    say(firstValue)
    say(second)
    say(secondValue)
    say("\n")
  }

  private static func say(_ value: UInt32) {
    if value >= 10 { say(value / 10) }
    var digit = UInt8(value % 10) + 48
    console_write(&digit, 1)
  }
}
