import Glibc
import PythonPeer
import Synchronization
import Testing

@testable import AppDevices

@Suite struct ScreenTests {
  static func devices(_ width: Int = 24, _ height: Int = 16) -> Devices {
    var options = DeviceOptions()
    options.screenWidth = width
    options.screenHeight = height
    return Devices(options)
  }

  /// Waits for something that another thread does.
  static func wait(_ isDone: () -> Bool) -> Bool {
    for _ in 0..<3000 {
      if isDone() { return true }
      usleep(10_000)
    }
    return false
  }

  @Test func belongsToWhoDrawsFirst() throws {
    let devices = Self.devices()
    let first = DeviceUser(app: "first")
    let second = DeviceUser(app: "second")
    try devices.screen.draw(by: first) { $0.clear(7) }
    #expect(throws: DeviceError(errno: EBUSY)) { try devices.screen.draw(by: second) { $0.clear(9) } }
    #expect(throws: DeviceError(errno: EBUSY)) { try devices.screen.flush(by: second) }
    #expect(throws: DeviceError(errno: EBUSY)) {
      try [UInt8(1), 2].withUnsafeBytes { try devices.screen.write(by: second, 0, 0, 1, 1, $0) }
    }
    #expect(devices.screen.frame.pixels.allSatisfy { $0 == 0 })
    // What was drawn is shown at the end, and the next one begins with an empty screen.
    devices.release(first)
    #expect(devices.screen.frame.pixels.allSatisfy { $0 == 7 })
    try devices.screen.draw(by: second) { $0.set(1, 0, 9) }
    try devices.screen.flush(by: second)
    #expect(devices.screen.frame.pixels.prefix(3) == [0, 9, 0])
  }

  @Test func showsByItself() throws {
    let devices = Self.devices()
    let user = DeviceUser(app: "app")
    let versions = Mutex<[UInt64]>([])
    let token = devices.screen.watch { version in versions.withLock { $0.append(version) } }
    for round in 1...3 {
      try devices.screen.draw(by: user) { $0.clear(UInt16(round)) }
      #expect(Self.wait { devices.screen.frame.pixels[0] == UInt16(round) })
    }
    #expect(Self.wait { versions.withLock { $0 } == [1, 2, 3] })
    devices.screen.unwatch(token)
  }

  @Test func tellsWhatHasChanged() throws {
    let devices = Self.devices()
    let user = DeviceUser(app: "app")
    let screen = devices.screen
    #expect(screen.changes(since: 0) == nil)
    try screen.draw(by: user) { $0.fill(0, 0, 24, 16, 1) }
    try screen.flush(by: user)
    let base = screen.frame
    try screen.draw(by: user) { $0.fill(2, 3, 4, 5, 2) }
    try screen.flush(by: user)
    let isDrawn = try [UInt8](repeating: 3, count: 8).withUnsafeBytes { try screen.write(by: user, 10, 6, 2, 2, $0) }
    #expect(isDrawn)
    let change = try #require(screen.changes(since: base.version))
    #expect(change.area == Area(left: 2, top: 3, right: 12, bottom: 8))
    #expect(change.pixels.count == 50 && change.bytes.count == 100)
    #expect(change.pixels[0] == 2 && change.pixels[4] == 1 && change.pixels[3 * 10 + 8] == 0x0303)
    #expect(screen.changes(since: change.version) == nil)
    // A reader who was away for long gets everything.
    for round in 0..<200 {
      try screen.draw(by: user) { $0.set(0, 0, UInt16(round)) }
      try screen.flush(by: user)
    }
    #expect(screen.changes(since: base.version)?.area == base.area)
    #expect(screen.changes(since: screen.frame.version - 1)?.area == Area(left: 0, top: 0, right: 1, bottom: 1))
  }

  /// A view that applies all changes shows what the screen shows.
  @Test func changesMakeUpTheWhole() throws {
    var numbers = SeededNumbers.forTest("changes")
    let devices = Self.devices()
    let user = DeviceUser(app: "app")
    var view = [UInt16](repeating: 0, count: 24 * 16)
    var version: UInt64 = 0
    for _ in 0..<300 {
      let c = (0..<5).map { _ in CanvasTests.coordinate(&numbers) }
      try devices.screen.draw(by: user) { canvas in
        canvas.fillCircle(c[0], c[1], c[2], UInt16(truncatingIfNeeded: c[3]))
        canvas.text(c[3], c[4], "Aether", .large, UInt16(truncatingIfNeeded: c[0]))
      }
      try devices.screen.flush(by: user)
      guard Bool.random(using: &numbers), let change = devices.screen.changes(since: version) else { continue }
      for row in 0..<change.area.height {
        for column in 0..<change.area.width {
          view[(change.area.top + row) * 24 + change.area.left + column] =
            change.pixels[row * change.area.width + column]
        }
      }
      version = change.version
      #expect(view == devices.screen.frame.pixels)
    }
  }

  /// Python's own decompression and checksums read the file back.
  @Test func pictureIsPNG() throws {
    let devices = Self.devices(320, 240)
    let user = DeviceUser(app: "app")
    try devices.screen.draw(by: user) { canvas in
      canvas.clear(0x0841)
      canvas.fillCircle(160, 120, 90, 0xF800)
      canvas.fillTriangle(20, 200, 90, 30, 250, 220, 0x07E0)
      canvas.text(10, 10, "The quick brown fox, 0123456789", .small, 0xFFFF)
      canvas.text(10, 30, "jumps over {it}", .large, 0xFFE0)
      canvas.text(10, 60, "lazy dog", .huge, 0x001F)
      canvas.roundedRectangle(5, 5, 310, 230, 20, 0xFFFF)
    }
    try devices.screen.flush(by: user)
    let hex = devices.screen.png().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    let program = """
      import sys, struct, zlib
      data = bytes.fromhex(sys.stdin.read())
      assert data[:8] == b"\\x89PNG\\r\\n\\x1a\\n"
      at, chunks = 8, []
      while at < len(data):
          size, kind = struct.unpack(">I4s", data[at:at + 8])
          body = data[at + 8:at + 8 + size]
          assert struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0] == zlib.crc32(kind + body)
          chunks.append((kind, body))
          at += 12 + size
      assert [kind for kind, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
      width, height, depth, colour, compression, filters, order = struct.unpack(">IIBBBBB", chunks[0][1])
      assert (depth, colour, compression, filters, order) == (8, 2, 0, 0, 0)
      rows = zlib.decompress(chunks[1][1])
      assert len(rows) == height * (1 + 3 * width)
      pixels = []
      for y in range(height):
          row = rows[y * (1 + 3 * width):(y + 1) * (1 + 3 * width)]
          assert row[0] == 0
          for x in range(width):
              r, g, b = row[1 + 3 * x:4 + 3 * x]
              pixels.append((r >> 3) << 11 | (g >> 2) << 5 | b >> 3)
      print(width, height, zlib.crc32(b"".join(struct.pack("<H", p) for p in pixels)), len(data))
      """
    let answer = try PythonPeer.run(program, input: hex).split(whereSeparator: \.isWhitespace).map(String.init)
    let crc = Self.crc32(devices.screen.frame.bytes)
    #expect(Array(answer.prefix(3)) == ["320", "240", "\(crc)"])
    print("PNG of 320 by 240: \(answer[3]) bytes")
  }

  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = .max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }

  @Test func inputGoesToTheScreensOwner() throws {
    let devices = Self.devices()
    let drawing = DeviceUser(app: "drawing")
    let other = DeviceUser(app: "other")
    let input = devices.input
    #expect(input.next(for: other) == nil)
    // Nobody has the screen: everyone who asks gets it.
    try input.press(6)
    #expect(input.next(for: other) == InputDevice.Event(button: 6, isPressed: true))
    #expect(input.held(for: other) == 1 << 6)
    try devices.screen.draw(by: drawing) { $0.clear(0) }
    try input.release(6)
    try input.release(6)
    try input.press(1)
    input.turnDial(to: 200)
    #expect(input.next(for: other) == nil)
    #expect(input.held(for: other) == 0 && input.dial(for: other) == 0)
    #expect(input.held(for: drawing) == 2 && input.dial(for: drawing) == 200)
    #expect(input.next(for: drawing)?.bytes == [6, 0, 0, 0, 0, 0, 0, 0])
    #expect(input.next(for: drawing)?.bytes == [1, 0, 0, 0, 1, 0, 0, 0])
    #expect(input.next(for: drawing) == nil)
    for _ in 0..<40 {
      try input.release(1)
      try input.press(1)
    }
    #expect(input.droppedCount == 80 - UInt64(InputDevice.eventsMax))
    #expect(input.next(for: drawing)?.isPressed == false)
    #expect(throws: DeviceError(errno: EINVAL)) { try input.press(31) }
    devices.release(drawing)
    #expect(input.held(for: other) == 2)
  }
}
