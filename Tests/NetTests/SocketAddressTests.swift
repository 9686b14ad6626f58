import Testing

@testable import Net

@Suite struct SocketAddressTests {
  @Test(arguments: [
    "192.0.2.1:80", "0.0.0.0:0", "[2001:db8::1]:65535", "[::]:1", "[fe80::1%3]:22", "unix:/run/a.sock", "unix:@name",
  ])
  func printsWhatItParsed(_ text: String) throws {
    #expect(try SocketAddress(parsing: text).description == text)
  }

  @Test(arguments: [
    "", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:+1", "1.2.3:80", "::1:80", "[::1]", "[1.2.3.4]:5",
    "[::1%eth0]:5", "host:80", "unix:", "unix:@", "[::1:80", "1.2.3.4:٣", "unix:" + String(repeating: "x", count: 108),
  ])
  func refuses(_ text: String) {
    #expect(throws: NetError.self) { try SocketAddress(parsing: text) }
  }

  @Test func mutatedTextNeverCrashes() {
    var generator = SeededGenerator(state: seed())
    let samples = ["192.0.2.1:80", "[2001:db8::1%2]:65535", "unix:/run/a.sock", "unix:@name"].map { Array($0.utf8) }
    for _ in 0..<5000 {
      var bytes = samples.randomElement(using: &generator) ?? []
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let position = Int.random(in: 0...bytes.count, using: &generator)
        if Bool.random(using: &generator) || position == bytes.count {
          bytes.insert(UInt8.random(in: 0...255, using: &generator), at: position)
        } else {
          bytes.remove(at: position)
        }
      }
      guard let address = try? SocketAddress(parsing: String(decoding: bytes, as: UTF8.self)) else { continue }
      #expect((try? SocketAddress(parsing: address.description)) == address)
    }
  }
}
