import AppDevices
import Wasmtime

/// Display, with the names of older lines.
extension NativeLibrary {
  mutating func addDisplay() {
    addRectangles()
    addShapes()
    addText()
    addPictures()
    addShowing()
  }

  /// Names that older lines had for the same function.
  private static let older: [String: String] = [
    "display_clear": "akira_display_clear", "display_pixel": "akira_display_pixel",
    "display_flush": "akira_display_flush", "display_rect": "akira_display_rect",
    "display_text": "akira_display_text", "display_get_size": "akira_display_get_size",
  ]

  private mutating func display(_ name: String, _ body: @escaping Body) {
    define(name, body)
    guard let older = Self.older[name] else { return }
    for module in ["akira", "env"] { define(older, module: module, body) }
  }

  private mutating func addRectangles() {
    display("display_clear") { (call) throws(NativeError) in
      try call.draw { $0.clear(call.color(0)) }
    }
    display("display_pixel") { (call) throws(NativeError) in
      try call.draw { $0.set(call.number(0), call.number(1), call.color(2)) }
    }
    display("display_rect") { (call) throws(NativeError) in
      try call.draw { $0.fill(call.number(0), call.number(1), call.number(2), call.number(3), call.color(4)) }
    }
    display("display_rect_outline") { (call) throws(NativeError) in
      try call.draw { $0.outline(call.number(0), call.number(1), call.number(2), call.number(3), call.color(4)) }
    }
    display("display_line") { (call) throws(NativeError) in
      try call.draw { $0.line(call.number(0), call.number(1), call.number(2), call.number(3), call.color(4)) }
    }
    display("display_hline") { (call) throws(NativeError) in
      try call.draw { $0.fill(call.number(0), call.number(1), call.number(2), 1, call.color(3)) }
    }
    display("display_vline") { (call) throws(NativeError) in
      try call.draw { $0.fill(call.number(0), call.number(1), 1, call.number(2), call.color(3)) }
    }
    display("display_progress_bar") { (call) throws(NativeError) in
      try call.draw {
        $0.progressBar(
          call.number(0), call.number(1), call.number(2), call.number(3), value: call.number(4),
          maximum: call.number(5), call.color(6), call.color(7))
      }
    }
  }

  private mutating func addShapes() {
    display("display_circle") { (call) throws(NativeError) in
      try call.draw { $0.circle(call.number(0), call.number(1), call.number(2), call.color(3)) }
    }
    display("display_circle_fill") { (call) throws(NativeError) in
      try call.draw { $0.fillCircle(call.number(0), call.number(1), call.number(2), call.color(3)) }
    }
    display("display_rounded_rect") { (call) throws(NativeError) in
      try call.draw {
        $0.roundedRectangle(
          call.number(0), call.number(1), call.number(2), call.number(3), call.number(4), call.color(5))
      }
    }
    display("display_rounded_rect_fill") { (call) throws(NativeError) in
      try call.draw {
        $0.fillRoundedRectangle(
          call.number(0), call.number(1), call.number(2), call.number(3), call.number(4), call.color(5))
      }
    }
    display("display_triangle") { (call) throws(NativeError) in
      try call.draw {
        $0.triangle(
          call.number(0), call.number(1), call.number(2), call.number(3), call.number(4), call.number(5),
          call.color(6))
      }
    }
    display("display_triangle_fill") { (call) throws(NativeError) in
      try call.draw {
        $0.fillTriangle(
          call.number(0), call.number(1), call.number(2), call.number(3), call.number(4), call.number(5),
          call.color(6))
      }
    }
  }

  private mutating func addText() {
    for (name, font) in [("display_text", Font.small), ("display_text_large", .large), ("display_text_huge", .huge)] {
      display(name) { (call) throws(NativeError) in
        guard call.uint(2) != 0 else { throw .invalid }
        let text = try call.text(2)
        return try call.draw { $0.text(call.number(0), call.number(1), text, font, call.color(3)) }
      }
    }
    display("display_number") { (call) throws(NativeError) in
      try call.draw { $0.text(call.number(0), call.number(1), String(call.int(2)), .small, call.color(3)) }
    }
  }

  private mutating func addPictures() {
    display("display_bitmap") { (call) throws(NativeError) in try call.drawPicture(key: nil) }
    display("display_bitmap_transparent") { (call) throws(NativeError) in try call.drawPicture(key: call.color(6)) }
    for name in ["display_raw_write", "display_raw_write_async"] {
      display(name) { (call) throws(NativeError) in
        let isDrawn = try call.onDevice(bytes: 4) { (bytes) throws(DeviceError) in
          try call.devices.screen.write(
            by: call.user, call.number(0), call.number(1), call.number(2), call.number(3), UnsafeRawBufferPointer(bytes)
          )
        }
        if !isDrawn { throw .invalid }
        return 0
      }
    }
    // What is written is shown when the call returns.
    display("display_raw_wait") { (_) throws(NativeError) in 0 }
  }

  private mutating func addShowing() {
    display("display_flush") { (call) throws(NativeError) in
      try call.onDevice { () throws(DeviceError) in try call.devices.screen.flush(by: call.user) }
      return 0
    }
    display("display_get_size") { (call) throws(NativeError) in
      try call.store(Int32(call.devices.screen.width), to: 0)
      try call.store(Int32(call.devices.screen.height), to: 1)
      return 0
    }
    display("display_get_width") { (call) throws(NativeError) in Int32(call.devices.screen.width) }
    display("display_get_height") { (call) throws(NativeError) in Int32(call.devices.screen.height) }
  }
}

extension HostCall where Host == AppHost {
  fileprivate borrowing func color(_ index: Int) -> UInt16 { UInt16(truncatingIfNeeded: int(index)) }

  fileprivate borrowing func draw(_ body: (inout Canvas) -> Void) throws(NativeError) -> Int32 {
    let host = host
    try onDevice { () throws(DeviceError) in try host.services.devices.screen.draw(by: host.deviceUser, body) }
    return 0
  }

  fileprivate borrowing func drawPicture(key: UInt16?) throws(NativeError) -> Int32 {
    let isDrawn = try onDevice(bytes: 4) { (bytes) throws(DeviceError) in
      try devices.screen.draw(by: user) { canvas in
        canvas.bitmap(number(0), number(1), number(2), number(3), UnsafeRawBufferPointer(bytes), key: key)
      }
    }
    if !isDrawn { throw .invalid }
    return 0
  }
}
