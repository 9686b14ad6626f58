import AppFormat
import Testing

@Suite struct CapabilityTests {
  /// The numbers are part of the interface between apps and hosts: this table never changes, it only grows.
  @Test func bitsAreFrozen() {
    let names = [
      "display.write", "input.read", "input.write", "sensor.read", "rf.transceive", "ble", "storage.read",
      "storage.write",
      "network", "gpio.read", "gpio.write", "timer", "uart", "i2c", "pwm", "hid", "app.control", "ipc", "app.switch",
      "memory", "app.info", "power.read", "power.control", "settings", "adc", "wdt", "fs.read", "fs.write", "crypto",
      "rtc.read", "rtc.write", "ota.trigger", "ai.infer", "matter", "wifi.inject", "mqtt", "ble.scan", "ble.spam",
      "mesh",
      "sync",
    ]
    #expect(Capability.allCases.map(\.name) == names)
    #expect(Capability.allCases.map { Int($0.rawValue) } == Array(0..<40))
    let registry = CapabilityRegistry()
    for (bit, name) in names.enumerated() {
      #expect(registry.capabilities(named: name).mask == 1 << UInt64(bit), "\(name)")
    }
    #expect(CapabilitySet.core.mask == 0xFF_FFFF_FFFF)
    #expect(registry.names(of: .core) == names)
  }

  @Test(arguments: [
    ("display.read", [0]), ("bt.shell", [5]), ("memory.alloc", [19]), ("network.connect", [8]), ("network.use", [8]),
    ("settings.read", [23]), ("settings.write", [23]), ("display.*", [0]), ("input.*", [1, 2]), ("sensor.*", [3]),
    ("rf.*", [4]), ("storage.*", [6, 7]), ("gpio.*", [9, 10]), ("network.*", [8]), ("power.*", [21, 22]),
    ("fs.*", [26, 27]), ("rtc.*", [29, 30]), ("settings.*", [23]), ("matter.*", [33]), ("mqtt.*", [35]),
    ("mesh.*", [38]), ("sync.*", [39]), ("bt.*", [5, 15, 36, 37]), ("hw.*", [11, 12, 13, 14]), ("*", Array(0..<40)),
    ("", []), ("unknown", []), ("unknown.*", []), ("Timer", []), ("timer ", []), ("**", []), (".*", []), ("ble.*", []),
  ])
  func aliasesAndWildcards(_ name: String, _ bits: [UInt64]) {
    #expect(CapabilityRegistry().capabilities(named: name).mask == bits.reduce(0) { $0 | 1 << $1 })
  }

  @Test func privilegedSet() {
    #expect(
      CapabilitySet.privileged.mask
        == [4, 5, 8, 34, 31, 15, 7, 27, 23, 28, 22, 33, 35, 25, 38].reduce(0) {
          $0 | 1 << UInt64($1)
        })
  }

  @Test func vendorsHaveSixteenBits() throws {
    var registry = CapabilityRegistry()
    #expect(try registry.register("acme.laser") == 48)
    #expect(try registry.register("acme.drill") == 49)
    #expect(registry.capabilities(named: "acme.*").mask == 3 << 48)
    #expect(registry.capabilities(named: "acme.drill").mask == 1 << 49)
    #expect(registry.capabilities(named: "*").mask == 3 << 48 | 0xFF_FFFF_FFFF)
    #expect(registry.names(of: CapabilitySet(mask: 1 << 49 | 2)) == ["input.read", "acme.drill"])
    for (name, problem): (String, AppFormatError.VendorProblem) in [
      ("acme.laser", .exists), ("", .malformed), ("acme", .malformed), (".x", .malformed), ("acme.", .malformed),
      ("acme.*", .malformed), ("acme.la ser", .malformed), ("acme." + String(repeating: "x", count: 59), .malformed),
      ("display.glow", .clashesWithCore), ("timer.fast", .clashesWithCore), ("hw.x", .clashesWithCore),
      ("bt.x", .clashesWithCore), ("app.x", .clashesWithCore),
    ] { #expect(throws: AppFormatError.vendorCapability(name, problem)) { try registry.register(name) } }
    for index in 2..<16 { #expect(try registry.register("acme.x\(index)") == 48 + UInt8(index)) }
    #expect(registry.registered.mask == 0xFFFF_00FF_FFFF_FFFF)
    #expect(throws: AppFormatError.vendorCapability("acme.more", .noBitLeft)) { try registry.register("acme.more") }
    #expect(AppFormatError.vendorCapability("", .exists).errno == -17)
    #expect(AppFormatError.vendorCapability("", .malformed).errno == -22)
  }

  @Test func grantsAreNeverMoreThanAskedKnownAndAllowed() {
    let registry = CapabilityRegistry()
    let asked = CapabilitySet(mask: .max)
    #expect(registry.grant(asked, isAttested: true).mask == 0xFF_FFFF_FFFF)
    #expect(registry.grant(asked, isAttested: false, unsigned: [.timer]) == [.timer])
    #expect(registry.grant([.timer, .ipc], isAttested: true, unsigned: []) == [.timer, .ipc])
    #expect(registry.grant([], isAttested: true).isEmpty)
  }

  @Test func setsBehaveAsSets() {
    var set: CapabilitySet = [.timer, .ipc]
    #expect(set.contains(.timer) && !set.contains(.mesh))
    #expect(set.insert(.mesh).inserted && !set.insert(.mesh).inserted)
    #expect(set.remove(.ipc) == .ipc && set.remove(.ipc) == nil)
    #expect(set == [.mesh, .timer] && set.isSuperset(of: [.mesh]) && !set.isEmpty)
    #expect(set.containsAny(of: [.mesh, .ipc]) && !set.containsAny(of: [.ipc]))
    #expect(set.capabilities == [.timer, .mesh])
    #expect(set.subtracting([.timer]) == [.mesh])
  }
}
