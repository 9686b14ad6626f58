import AppABI
import AppFormat
import Testing
import Wasmtime

@testable import Apps

/// Every function of the table, with every pointer that it takes, past the end.
@Suite struct PointerTests {
  /// What an argument is in a call whose other arguments are in order.
  private static func fine(_ parameter: NativeParameter) -> [Int32] {
    switch parameter.kind {
    case .int32, .uint32, .int64: [1]
    case .text: [64]
    case .input, .output, .outputLike: [1024]
    case .bytes, .buffer, .shared: [1024, 16]
    }
  }

  /// Arguments that lead past the end of a memory of `size` bytes in parameter `index`; its last bytes are no zero bytes.
  private static func bad(_ row: NativeFunction, _ index: Int, size: Int32) -> [[Int32]] {
    let ranges: [[Int32]]
    switch row.parameters[index].kind {
    case .int32, .uint32, .int64: return []
    case .text: ranges = [[size - 3], [size], [-1]]
    case .input(let count), .output(let count): ranges = [[size - count + 1], [size], [-1]]
    // As many bytes as the ones before it: 16.
    case .outputLike: ranges = [[size - 15], [size], [-1]]
    case .bytes, .buffer, .shared: ranges = [[size - 15, 16], [size, 1], [-1, 1], [-1, -1], [1024, -1], [0, -1]]
    }
    return ranges.map { range in
      var arguments: [Int32] = []
      for (place, parameter) in row.parameters.enumerated() {
        arguments += place == index ? range : fine(parameter)
      }
      return arguments
    }
  }

  @Test func everyPointerPastTheEndIsAFault() throws {
    var calls = 0
    for rows in Caller.groups(NativeTable.functions + NativeTable.wasi) {
      let guest = try Guest(Caller.module(for: rows))
      let size = Int32(guest.instance.memorySize)
      try guest.put([UInt8](repeating: 0x41, count: 32), at: size - 32)
      try guest.text("1", at: 64)
      for row in rows {
        for index in row.parameters.indices {
          for arguments in Self.bad(row, index, size: size) {
            let faults = guest.counters.faults.load(ordering: .relaxed)
            let values = zip(arguments, row.types).map { $1 == .i64 ? Value.i64(Int64($0)) : .i32($0) }
            let answer = try guest.instance.function("\(row.module).\(row.name)").call(values: values)
            let counted = guest.counters.faults.load(ordering: .relaxed) - faults
            let what = "\(row.name)(\(arguments))"
            let isAtZero = row.parameters[index].kind.types.count == 2 && arguments.contains(0)
            if isAtZero, answer == .i32(row.refusal(22)) { continue }
            // A length that the row does not allow is told before anybody looks where it leads.
            let at = row.parameters[..<index].reduce(0) { $0 + $1.kind.types.count }
            if let limit = row.parameters[index].lengths, !limit.range.contains(UInt32(bitPattern: arguments[at + 1])) {
              #expect(answer == .i32(row.refusal(limit.errno)), "\(what) gave \(String(describing: answer))")
              continue
            }
            #expect(
              answer == .i32(row.refusal(14)) || answer == .i64(-14), "\(what) gave \(String(describing: answer))")
            #expect(counted == 1, "\(what) was counted \(counted) times")
            calls += 1
          }
        }
      }
      // Nothing was written, and the app goes on.
      #expect(try guest.bytes(at: size - 32, 32) == [UInt8](repeating: 0x41, count: 32))
      if rows.contains(where: { $0.name == "strlen" }) { #expect(try guest.call("strlen", 64) == 1) }
    }
    #expect(calls > 300)
  }

  /// Functions of the C library take any number as an address, and say nothing of its kind in the table.
  @Test func theCLibraryStaysInside() throws {
    let rows = NativeTable.functions.filter { $0.family == .libc && !Caller.ends($0) }
    let guest = try Guest(Caller.module(for: rows))
    let size = Int32(guest.instance.memorySize)
    try guest.put([UInt8](repeating: 0x41, count: 32), at: size - 32)
    func isFault(_ name: String, _ arguments: Int32...) throws {
      let row = try #require(rows.first { $0.name == name })
      let answer = try guest.instance.function("env.\(name)").call(values: arguments.map { .i32($0) })
      #expect(answer == .i32(row.refusal(14)), "\(name)(\(arguments))")
    }
    for name in ["memcpy", "memmove", "memcmp"] {
      try isFault(name, size - 15, 0, 16)
      try isFault(name, 0, size - 15, 16)
      try isFault(name, 0, 0, -1)
      try isFault(name, -1, 0, 1)
    }
    try isFault("memset", size - 15, 1, 16)
    try isFault("memset", 0, 1, -1)
    for name in ["strlen", "atoi"] { for address in [size - 3, size, -1] { try isFault(name, address) } }
    for name in ["strcmp", "strcpy"] {
      try isFault(name, 64, size - 3)
      try isFault(name, 64, -1)
    }
    try guest.text("four", at: 128)
    try isFault("strcpy", size - 4, 128)
    try isFault("strcmp", size - 4, 128)
    try isFault("strncmp", 128, size - 2, 4)
    try isFault("strncpy", size - 4, 128, 5)
    try isFault("strncpy", 256, size - 2, 4)
    try isFault("strchr", size - 3, 0x42)
    #expect(guest.counters.faults.load(ordering: .relaxed) == 30)
  }

  @Test func theCLibraryWorks() throws {
    let rows = NativeTable.functions.filter { $0.family == .libc && !Caller.ends($0) }
    let guest = try Guest(Caller.module(for: rows))
    try guest.text("hello", at: 100)
    try guest.text("help", at: 200)
    #expect(try guest.call("strlen", 100) == 5)
    #expect(try guest.call("strcmp", 100, 200) == -1)
    #expect(try guest.call("strcmp", 200, 100) == 1)
    #expect(try guest.call("strcmp", 100, 100) == 0)
    #expect(try guest.call("strncmp", 100, 200, 3) == 0)
    #expect(try guest.call("strncmp", 100, 200, 4) == -1)
    #expect(try guest.call("strncmp", 100, 200, 0) == 0)
    #expect(try guest.call("memcmp", 100, 200, 3) == 0)
    #expect(try guest.call("strchr", 100, 0x6C) == 102)
    #expect(try guest.call("strchr", 100, 0x7A) == 0)
    #expect(try guest.call("strchr", 100, 0) == 105)
    #expect(try guest.call("strcpy", 300, 100) == 300)
    #expect(try guest.string(at: 300) == "hello")
    #expect(try guest.call("memset", 400, 0x58, 8) == 400)
    #expect(try guest.call("strncpy", 400, 200, 6) == 400)
    #expect(try guest.bytes(at: 400, 8) == Array("help".utf8) + [0, 0, 0x58, 0x58])
    #expect(try guest.call("strncpy", 400, 100, 2) == 400)
    #expect(try guest.string(at: 400) == "help")
    // Over itself.
    #expect(try guest.call("memmove", 101, 100, 5) == 101)
    #expect(try guest.string(at: 100) == "hhello")
    for (text, number) in [("42", 42), (" -7x", -7), ("x", 0), ("", 0), ("2147483647", Int32.max)] {
      try guest.text(text, at: 500)
      #expect(try guest.call("atoi", 500) == Int32(number), "\(text)")
    }
    // Longer than texts of other functions may be, up to the last byte of the memory.
    let size = Int32(guest.instance.memorySize)
    try guest.put([UInt8](repeating: 0x41, count: 8000) + [0], at: size - 8001)
    #expect(try guest.call("strlen", size - 8001) == 8000)
    #expect(try guest.call("memcpy", size, 0, 0) == size)
  }
}
