import AppABI
import AppDevices
import AppFormat
import AppManager
import Glibc
import Linux
import Testing
import Wasmtime

@testable import Apps

/// Devices as guests reach them.
@Suite struct DeviceTests {
  static let families: Set<NativeFamily> = [
    .display, .input, .gpio, .uart, .i2c, .pwm, .adc, .sensors, .power, .hid, .ble,
  ]

  static let display = [
    "display_clear", "display_pixel", "display_text", "display_bitmap", "display_raw_write", "display_flush",
    "display_get_size", "display_get_width", "display_number", "display_raw_wait",
  ]

  static func services(_ change: (inout DeviceOptions) -> Void = { _ in }) -> AppServices {
    var options = DeviceOptions()
    options.screenWidth = 64
    options.screenHeight = 48
    change(&options)
    return AppServices(dataFolder: "", devices: Devices(options))
  }

  /// Every function of these families has a body.
  @Test func areAllThere() {
    let bodies = Set(NativeLibrary().bodies.keys)
    let rows = NativeTable.functions.filter { row in
      row.support == .implemented && (Self.families.contains(row.family) || row.name.hasPrefix("akira_"))
    }
    #expect(rows.count > 100)
    for row in rows { #expect(bodies.contains("\(row.module).\(row.name)"), "\(row.module).\(row.name)") }
  }

  @Test func draws() throws {
    let services = Self.services()
    let screen = services.devices.screen
    do {
      let first = try Guest(calling: Self.display, name: "first", services: services)
      let second = try Guest(calling: Self.display, name: "second", services: services)
      #expect(try first.call("display_pixel", 3, 2, 0x1F800) == 0)
      #expect(try first.call("display_pixel", .max, .min, 1) == 0)
      #expect(try second.call("display_clear", 1) == -16)
      #expect(try second.call("display_get_width") == 64)
      #expect(screen.frame.pixels[2 * 64 + 3] == 0)
      #expect(try first.call("display_flush") == 0)
      #expect(screen.frame.pixels[2 * 64 + 3] == 0xF800)
      #expect(try first.call("display_get_size", 64, 68) == 0)
      #expect(try first.bytes(at: 64, 8) == [64, 0, 0, 0, 48, 0, 0, 0])
      #expect(try first.call("display_text", 0, 10, try first.text("Hi"), 5) == 0)
      #expect(try first.call("display_text", 0, 10, 0, 5) == -22)
      #expect(try first.call("display_text", 0, 10, 65536, 5) == -14)
      #expect(try first.call("display_number", 0, 30, -1234, 5) == 0)
      try first.put([1, 2, 3, 4, 5, 6, 7, 8], at: 256)
      #expect(try first.call("display_bitmap", 10, 0, 2, 2, 256, 8) == 0)
      #expect(try first.call("display_bitmap", 10, 0, 2, 2, 256, 7) == -22)
      #expect(try first.call("display_bitmap", 10, 0, .max, .max, 256, 8) == -22)
      #expect(try first.call("display_bitmap", 0, 0, 1, 1, 65534, 4) == -14)
      #expect(try first.call("display_raw_write", 62, 46, 2, 2, 256, 8) == 0)
      #expect(screen.frame.pixels.suffix(2) == [0x0605, 0x0807])
      #expect(try first.call("display_raw_wait") == 0)
    }
    // Both are gone: what was drawn is seen, and the screen is free.
    #expect(screen.frame.pixels[10] == 0x0201 && screen.owner == nil)
  }

  /// Only what reaches the panel is counted, and waits for its turn.
  @Test func drawsAsFastAsItComputes() throws {
    let guest = try Guest(calling: Self.display, services: Self.services())
    guest.host.buckets = TokenBuckets(overrides: [.display: 50], now: monotonicNanoseconds() / 1_000_000)
    for round in 0..<2000 { #expect(try guest.call("display_pixel", Int32(round % 64), 0, 1) == 0) }
    #expect(guest.counters.rateLimited.load(ordering: .relaxed) == 0)
    for _ in 0..<55 { #expect(try guest.call("display_flush") == 0) }
    for _ in 0..<5 { #expect(try guest.call("display_raw_write", 0, 0, 1, 1, 256, 2) == 0) }
    #expect(guest.counters.rateLimited.load(ordering: .relaxed) > 0)
    guest.host.buckets = TokenBuckets(overrides: [.display: 0], now: monotonicNanoseconds() / 1_000_000)
    #expect(try guest.call("display_flush") == -11)
  }

  @Test func needCapabilities() throws {
    let services = Self.services()
    let none = try Guest(calling: ["display_clear", "input_get_buttons", "gpio_configure"], [], services: services)
    #expect(try none.call("display_clear", 0) == -1)
    #expect(try none.call("input_get_buttons") == -1)
    #expect(services.devices.screen.owner == nil)
    let reading = try Guest(
      calling: ["gpio_configure", "gpio_read", "gpio_write"], [.gpioRead], services: services)
    #expect(try reading.call("gpio_configure", 1, 2) == -1)
    #expect(try reading.call("gpio_configure", 1, 1 | 16) == 0)
    #expect(try reading.call("gpio_read", 1) == 1)
    #expect(try reading.call("gpio_write", 1, 1) == -1)
  }

  @Test func input() throws {
    let services = Self.services()
    let guest = try Guest(calling: ["input_get_buttons", "input_poll_event", "input_get_dial"], services: services)
    #expect(try guest.call("input_poll_event", 64, 8) == 0)
    try services.devices.input.press(6)
    services.devices.input.turnDial(to: 9)
    #expect(try guest.call("input_get_buttons") == 64)
    #expect(try guest.call("input_get_dial") == 9)
    #expect(try guest.call("input_poll_event", 64, 7) == -22)
    #expect(try guest.call("input_poll_event", 64, 8) == 1)
    #expect(try guest.bytes(at: 64, 8) == [6, 0, 0, 0, 1, 0, 0, 0])
    // The other form has the address alone.
    let rows = NativeTable.functions(module: "env", name: "input_poll_event").filter { $0.types.count == 1 }
    let other = try Guest(Caller.module(for: rows), services: services)
    #expect(try other.call("input_poll_event", 64) == 0)
    try services.devices.input.release(6)
    #expect(try other.call("input_poll_event", 64) == 1)
    #expect(try other.bytes(at: 64, 8) == [6, 0, 0, 0, 0, 0, 0, 0])
    #expect(try other.call("input_poll_event", 65530) == -14)
  }

  @Test func buses() throws {
    let services = Self.services { $0.uart = [0: .simulated, 1: .loopback] }
    try services.devices.i2c.attach(bus: 0, address: 0x40, registers: [7, 8, 9])
    let names = [
      "uart_open", "uart_write", "uart_read", "uart_close", "i2c_read_reg", "i2c_write_reg", "pwm_set", "pwm_disable",
      "adc_read", "adc_read_mv", "sensor_read",
    ]
    do {
      let guest = try Guest(calling: names, quotas: AppQuotas(handlesMax: 3), services: services)
      let port = try guest.call("uart_open", 1, 9600)
      #expect(port >= 0 && guest.counters.handles.load(ordering: .relaxed) == 1)
      #expect(try guest.call("uart_open", 1, 9600) == -16)
      #expect(try guest.call("uart_open", 9, 9600) == -19)
      try guest.put([65, 66, 67], at: 256)
      #expect(try guest.call("uart_write", port, 256, 3) == 3)
      #expect(try guest.call("uart_read", port, 512, 2) == 2)
      #expect(try guest.bytes(at: 512, 3) == [65, 66, 0])
      #expect(try guest.call("uart_read", 0, 512, 2) == -9)
      #expect(try guest.call("i2c_read_reg", 0, 0x40, 1, 600, 2) == 0)
      #expect(try guest.bytes(at: 600, 2) == [8, 9])
      #expect(try guest.call("i2c_read_reg", 0, 0x41, 1, 600, 2) == -5)
      #expect(try guest.call("i2c_write_reg", 0, 0x40, 1, 256, 3) == 0)
      #expect(try guest.call("i2c_write_reg", 0, 0x40, 1, 256, 257) == -22)
      #expect(try guest.call("pwm_set", 0, 1000, 50) == 0)
      #expect(try guest.call("pwm_set", 0, 1000, 60) == 0)
      #expect(try guest.call("pwm_set", 1, 1000, 50) == -24)
      #expect(try guest.call("pwm_disable", 0) == 0)
      #expect(try guest.call("uart_close", port) == 0)
      #expect(guest.counters.handles.load(ordering: .relaxed) == 2)
      try services.devices.adc.set(2, millivolts: 1000)
      #expect(try guest.call("adc_read_mv", 2) == 1000)
      #expect(try guest.call("adc_read", 2) == 1241)
      services.devices.sensors.set(.humidity, 40.5)
      #expect(try guest.call("sensor_read", 16) == 40500)
      #expect(try guest.call("sensor_read", 17) == .min)
    }
    // Everything is free again.
    let next = try Guest(calling: names, name: "next", services: services)
    #expect(try next.call("uart_open", 1, 9600) >= 0)
    #expect(try next.call("i2c_read_reg", 0, 0x40, 0, 600, 4) == 0)
    #expect(try next.bytes(at: 600, 4) == [7, 65, 66, 67])
    #expect(try next.call("pwm_set", 0, 1000, 50) == 0)
  }

  @Test func memoryOfTheHostCounts() throws {
    let guest = try Guest(
      calling: ["uart_open", "ble_init", "hid_init"], quotas: AppQuotas(memoryBytesMax: 65536 + 20000),
      services: Self.services())
    #expect(try guest.call("ble_init") == 0)
    #expect(try guest.call("hid_init", 3, 1) == -12)
    #expect(guest.counters.handles.load(ordering: .relaxed) == 1)
  }

  @Test func hid() throws {
    let services = Self.services()
    let names = [
      "hid_init", "hid_enable", "hid_type_string", "hid_raw_recv", "hid_action_register", "hid_action_trigger",
    ]
    let guest = try Guest(calling: names, services: services)
    #expect(try guest.call("hid_type_string", try guest.text("a")) == -19)
    #expect(try guest.call("hid_init", 3, 7) == 0)
    #expect(try guest.call("hid_enable") == 0)
    #expect(try guest.call("hid_type_string", try guest.text("Hi")) == 0)
    let keys = services.devices.hid.reports().map { [$0.bytes[0], $0.bytes[2]] }
    #expect(keys == [[2, 0x0B], [0, 0], [0, 0x0C], [0, 0]])
    #expect(services.devices.hid.deliver([4, 5]))
    #expect(try guest.call("hid_raw_recv", 512, 64) == 2)
    #expect(try guest.bytes(at: 512, 2) == [4, 5])
    try guest.put([2, 0, 0xE9, 0], at: 256)
    #expect(try guest.call("hid_action_register", try guest.text("louder"), 256, 4) == 0)
    #expect(try guest.call("hid_action_trigger", 1024) == 0)
    #expect(services.devices.hid.reports().suffix(2).map(\.bytes) == [[0xE9, 0], [0, 0]])
    // The names of the first line.
    let old = NativeTable.functions.filter { $0.module == "akira" && $0.name.hasPrefix("akira_hid") }
    let other = try Guest(Caller.module(for: old), name: "old", services: services)
    #expect(try other.instance.function("akira.akira_hid_set_transport").call(values: [.i32(3)]) == .i32(-16))
    guest.host.close()
    #expect(try other.instance.function("akira.akira_hid_set_transport").call(values: [.i32(3)]) == .i32(0))
    #expect(try other.instance.function("akira.akira_hid_enable").call(values: []) == .i32(0))
    #expect(try other.instance.function("akira.akira_hid_keyboard_press").call(values: [.i32(4)]) == .i32(0))
    #expect(services.devices.hid.reports().last?.bytes == [0, 0, 4, 0, 0, 0, 0, 0])
  }

  @Test func bluetooth() throws {
    let services = Self.services()
    let names = NativeTable.functions.filter { $0.family == .ble && $0.support == .implemented }.map(\.name)
    let guest = try Guest(calling: names, services: services)
    #expect(try guest.call("ble_advertise") == -19)
    #expect(try guest.call("ble_init") == 0)
    let uuid = "d5b1b7e3-7f5a-4eef-8fd0-1a2b3c4d5e72"
    #expect(try guest.call("ble_service_create", try guest.text(uuid)) == 0)
    #expect(try guest.call("ble_service_create", try guest.text("180f")) == -22)
    #expect(try guest.call("ble_char_create", try guest.text(uuid), 0x1A, 20) == 0)
    #expect(try guest.call("ble_service_add_char", 0, 0) == 0)
    #expect(try guest.call("ble_add_service", 0) == 0)
    #expect(try guest.call("ble_set_local_name", try guest.text("box")) == 0)
    #expect(try guest.call("ble_advertise") == 0)
    let ble = services.devices.ble
    try ble.connect()
    let characteristic = try #require(UUID128(uuid))
    try ble.subscribe(characteristic)
    try ble.write(characteristic, [9, 8])
    #expect(try guest.call("ble_event_pop", 512, 68) == 4)
    #expect(try guest.call("ble_event_pop", 512, 68) == 6)
    #expect(try guest.bytes(at: 512, 6) == [3, 0, 2, 0, 9, 8])
    try guest.put([3], at: 600)
    #expect(try guest.call("ble_event_pop", 600, 68) == 0)
    #expect(try guest.bytes(at: 600, 4) == [0, 0, 0, 0])
    #expect(try guest.call("ble_char_write", 0, 512, 5) == 0)
    #expect(ble.takeNotifications().map(\.value) == [[3, 0, 2, 0, 9]])
    #expect(try guest.call("ble_char_read", 0, 700, 4) == -90)
    #expect(try guest.call("ble_char_read", 0, 700, 64) == 5)
    #expect(try guest.call("ble_is_connected") == 1)
    #expect(try guest.call("ble_deinit") == 0)
    #expect(guest.counters.handles.load(ordering: .relaxed) == 0)
    #expect(try guest.call("ble_scan_start", 60000) == 0)
    let nearby = try #require(BLE.Nearby(address: [1, 2, 3, 4, 5, 6], signal: -1, data: []))
    #expect(ble.advertiseNearby(nearby) == 1)
    #expect(try guest.call("ble_scan_pop", 512, 64) == 8)
    #expect(try guest.call("ble_scan_stop") == 0)
    #expect(guest.counters.handles.load(ordering: .relaxed) == 0)
  }

  @Test func power() throws {
    let services = Self.services { $0.battery = .none }
    let names = NativeTable.functions.filter { $0.family == .power }.map(\.name) + ["gpio_configure"]
    let guest = try Guest(calling: names, services: services)
    #expect(try guest.call("power_get_battery_level") == -19)
    services.devices.battery.set(
      Battery.Status(percent: 55, isCharging: true, isLow: false, millivolts: 3900, milliamperes: 100))
    #expect(try guest.call("power_get_battery_level") == 55)
    #expect(try guest.call("power_get_battery_status", 512, 11) == -22)
    #expect(try guest.call("power_get_battery_status", 512, 12) == 0)
    #expect(try guest.bytes(at: 512, 12) == [55, 1, 0, 0, 0x3C, 0x0F, 0, 0, 100, 0, 0, 0])
    #expect(try guest.call("power_set_mode", 1) == 0)
    #expect(try guest.call("power_get_mode") == 1)
    #expect(try guest.call("power_set_mode", 2) == -22)
    #expect(try guest.call("power_set_mode", 3) == -95)
    #expect(try guest.call("power_set_mode", 5) == -22)
    #expect(try guest.call("power_wake_on_timer", 0) == -22)
    #expect(try guest.call("power_wake_on_timer", 30) == 0)
    let before = monotonicNanoseconds()
    #expect(try guest.call("power_set_mode", 2) == 0)
    #expect(monotonicNanoseconds() - before >= 30_000_000)
    #expect(try guest.call("power_get_mode") == 0)
    #expect(try guest.call("power_wake_on_gpio", 5, 1) == -22)
    #expect(try guest.call("gpio_configure", 5, 1) == 0)
    #expect(try guest.call("power_wake_on_gpio", 5, 3) == -22)
    #expect(try guest.call("power_wake_on_gpio", 5, 1) == 0)
    #expect(try guest.call("power_wake_on_timer", .max) == 0)
    try Thread.start(name: "hand", stackBytes: 128 << 10) {
      for level in 0..<200 {
        usleep(20_000)
        try? services.devices.gpio.drive(5, level % 2 == 0)
      }
    }
    #expect(try guest.call("power_set_mode", 2) == 0)
  }

  @Test func sleepersAreStopped() async throws {
    let bench = try Bench()
    let sleeper = """
      (module (import "env" "power_wake_on_timer" (func $wake (param i32) (result i32)))
        (import "env" "power_set_mode" (func $mode (param i32) (result i32))) (memory (export "memory") 1)
        (func (export "main") (drop (call $wake (i32.const 2000000000))) (drop (call $mode (i32.const 2)))))
      """
    let exits = Exits()
    let app = try await bench.runtime.start(try bench.launch("sleeper", sleeper, [.powerControl])) { exits.set($0) }
    await app.stop(timeout: .seconds(5))
    #expect(await exits.first() == .killed(.stopped))
  }

  /// Owners that end, however they do: the next one gets what they had.
  @Test func endsGiveEverythingBack() async throws {
    let bench = try Bench()
    let app = """
      (module (import "env" "display_clear" (func $clear (param i32) (result i32)))
        (import "env" "uart_open" (func $open (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "main") (result i32)
          (if (i32.ne (call $clear (i32.const 1)) (i32.const 0)) (then (return (i32.const 1))))
          (if (i32.lt_s (call $open (i32.const 0) (i32.const 9600)) (i32.const 0)) (then (return (i32.const 2))))
          unreachable))
      """
    for name in ["one", "two", "three"] {
      guard case .trapped = try await bench.run(try bench.launch(name, app, [.displayWrite, .uart])) else {
        throw Failure(text: "\(name) did not get everything")
      }
    }
    // One that fails before its entry.
    let start = app.replacing("(export \"main\") (result i32)", with: "$main (result i32)")
      .replacing("unreachable))", with: "unreachable) (func $begin (drop (call $main))) (start $begin))")
    await #expect(throws: AppStartError.self) {
      _ = try await bench.runtime.start(try bench.launch("four", start, [.displayWrite, .uart])) { _ in }
    }
    #expect(bench.runtime.services.devices.screen.owner == nil)
    #expect(bench.runtime.services.devices.uart.portStates.allSatisfy { $0.app == nil })
  }

  /// Every function with arguments of all kinds: results are numbers from 0 on or known errors, and nothing breaks.
  @Test func anyArguments() throws {
    var numbers = Seeded()
    let rows = NativeTable.functions.filter { row in
      row.support == .implemented && (Self.families.contains(row.family) || row.name.hasPrefix("akira_"))
        // It may sleep for as long as the timer says.
        && row.name != "power_set_mode"
    }
    let known = Set(NativeTable.constants.filter { $0.name.hasPrefix("E") }.map { -$0.value })
    let services = Self.services { $0.uart = [0: .simulated, 1: .loopback] }
    for address in Int32(0)..<8 { try services.devices.i2c.attach(bus: 0, address: address) }
    for group in Caller.groups(rows) {
      var guest = try Guest(Caller.module(for: group), services: services)
      let texts = ["", "a", "d5b1b7e3-7f5a-4eef-8fd0-1a2b3c4d5e72", "Hello, World!\n", "ä☃"]
      for (index, text) in texts.enumerated() { try guest.text(text, at: Int32(1024 + index * 64)) }
      for round in 0..<6000 {
        guard let row = group.randomElement(using: &numbers) else { break }
        let arguments = row.types.map { _ -> Value in
          switch Int.random(in: 0..<8, using: &numbers) {
          case 0: .i32(.random(in: .min ... .max, using: &numbers))
          case 1: .i32([.max, .min, -1, 65535, 65536, 65530].randomElement(using: &numbers) ?? 0)
          case 2: .i32(1024 + 64 * .random(in: 0..<5, using: &numbers))
          case 3: .i32(.random(in: -50...400, using: &numbers))
          default: .i32(.random(in: 0...9, using: &numbers))
          }
        }
        let answer = try guest.instance.function("\(row.module).\(row.name)").call(values: arguments)
        guard case .i32(let number)? = answer else { throw Failure(text: "\(row.name) gave nothing") }
        let isExpected = number >= 0 || known.contains(number) || row.name == "sensor_read"
        #expect(isExpected, "\(row.name)\(arguments) gave \(number)")
        if round % 500 == 499 {
          #expect(guest.counters.handles.load(ordering: .relaxed) <= guest.host.quotas.handlesMax)
          guest = try Guest(Caller.module(for: group), services: services)
          for (index, text) in texts.enumerated() { try guest.text(text, at: Int32(1024 + index * 64)) }
          // The other side of everything moves too.
          try services.devices.input.press(UInt32.random(in: 0...9, using: &numbers))
          _ = services.devices.hid.deliver([1, 2, 3])
          try? services.devices.ble.connect()
          services.devices.hid.setConnected(true)
          try? services.devices.gpio.drive(3, .random(using: &numbers))
        }
      }
    }
    print("functions: \(rows.count)")
  }
}
