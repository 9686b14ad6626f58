import Bytes
import JSON
import PythonPeer
import Testing

@testable import AppFormat

/// Data of the reference, made from its description alone and not by what is tested here.
@Suite struct ReferenceFormsTests {
  /// Writes modules with the manifest in every place and form that is allowed, one per line.
  private static let modules = #"""
    import json
    def leb(n, width=0):
        out = []
        while True:
            b = n & 0x7f; n >>= 7
            if n or len(out) + 1 < width: out.append(b | 0x80)
            else:
                out.append(b); return bytes(out)
    def custom(name, body, width=0, namewidth=0):
        inner = leb(len(name), namewidth) + name + body
        return b"\0" + leb(len(inner), width) + inner
    def section(id, body): return bytes([id]) + leb(len(body)) + body
    head = b"\0asm\x01\0\0\0"
    types = section(1, b"\x01\x60\x00\x01\x7f")
    functions = section(3, b"\x01\x00")
    memory = section(5, b"\x01\x00\x01")
    exports = section(7, b"\x01" + leb(4) + b"main" + b"\x00\x00")
    code = section(10, b"\x01\x04\x00\x41\x00\x0b")
    core = [types, functions, memory, exports, code]
    name = b".akira.manifest"
    text = json.dumps({"name": "hand", "version": "1.2.3", "memory_quota": 4096, "abi": "1.0",
                       "capabilities": ["display.write", "timer"]}).encode()
    other = custom(b"akira-manifest", b'{"name":"wrong"}') + custom(b"producers", b"\x00")
    m = custom(name, text)
    forms = {
      "end": head + b"".join(core) + m,
      "start": head + m + b"".join(core),
      "between": head + types + m + functions + memory + exports + code,
      "others": head + other + b"".join(core) + other + m + other,
      "long numbers": head + b"".join(core) + custom(name, text, 5, 5),
      "first wins": head + m + b"".join(core) + custom(name, b'{"name":"second"}'),
      "alone": head + m,
      "large": head + custom(name, text[:-1] + b', "x": "' + b"y" * 20000 + b'"}') + b"".join(core),
      "zero byte": head + b"".join(core) + custom(name, text + b"\0"),
      "blanks behind": head + b"".join(core) + custom(name, text + b" \r\n\t"),
      "out of order": head + code + m + types,
      "none": head + b"".join(core) + other,
      "cut": (head + b"".join(core) + m)[:-1],
      "cut name": head + b"".join(core) + b"\0\x02\x0f.",
      "cut size": head + b"".join(core) + b"\0\x80",
      "version 2": b"\0asm\x02\0\0\0" + b"".join(core) + m,
      "empty": head + custom(name, b""),
      "blank before": head + custom(name, b" " + text),
    }
    for key, data in forms.items(): print(key.replace(" ", "-"), data.hex())
    """#

  @Test func theManifestIsFoundInEveryForm() throws {
    let refused: Set = ["cut", "cut-name", "cut-size", "version-2", "empty", "blank-before"]
    var seen = 0
    for line in try PythonPeer.run(Self.modules).split(separator: "\n") {
      let parts = line.split(separator: " ").map(String.init)
      let bytes = try Hex.decode(parts[1])
      seen += 1
      do throws(AppFormatError) {
        let outline = try ModuleOutline(bytes)
        let manifest = try AppManifest.embedded(in: bytes, outline)
        #expect(!refused.contains(parts[0]), "\(parts[0]) is accepted")
        guard parts[0] != "none" else {
          #expect(manifest == nil)
          continue
        }
        #expect(manifest?.name == "hand" && manifest?.version == "1.2.3", "\(parts[0])")
        #expect(
          manifest?.memoryQuota == 4096 && manifest?.abi == ABIVersion(1, 0)
            && manifest?.capabilities == ["display.write", "timer"])
        #expect(outline.isOutOfOrder == (parts[0] == "out-of-order"))
      } catch {
        #expect(refused.contains(parts[0]) && error.errno == -22, "\(parts[0]): \(error)")
      }
    }
    #expect(seen == 18)
  }

  /// Every name of the reference's table in one manifest, with all aliases and wildcards.
  @Test func allCapabilityNamesAtOnce() throws {
    let bits = [
      "display.write", "input.read", "input.write", "sensor.read", "rf.transceive", "ble", "storage.read",
      "storage.write", "network", "gpio.read", "gpio.write", "timer", "uart", "i2c", "pwm", "hid", "app.control", "ipc",
      "app.switch", "memory", "app.info", "power.read", "power.control", "settings", "adc", "wdt", "fs.read",
      "fs.write",
      "crypto", "rtc.read", "rtc.write", "ota.trigger", "ai.infer", "matter", "wifi.inject", "mqtt", "ble.scan",
      "ble.spam", "mesh", "sync",
    ]
    let registry = CapabilityRegistry()
    for (bit, name) in bits.enumerated() {
      #expect(registry.capabilities(named: name).mask == 1 << UInt64(bit), "\(name)")
    }
    let others: [(String, [Int])] = [
      ("display.read", [0]), ("bt.shell", [5]), ("memory.alloc", [19]), ("network.connect", [8]), ("network.use", [8]),
      ("settings.read", [23]), ("settings.write", [23]), ("display.*", [0]), ("input.*", [1, 2]), ("sensor.*", [3]),
      ("rf.*", [4]), ("storage.*", [6, 7]), ("gpio.*", [9, 10]), ("network.*", [8]), ("power.*", [21, 22]),
      ("fs.*", [26, 27]), ("rtc.*", [29, 30]), ("settings.*", [23]), ("matter.*", [33]), ("mqtt.*", [35]),
      ("mesh.*", [38]), ("sync.*", [39]), ("bt.*", [5, 15, 36, 37]), ("hw.*", [11, 12, 13, 14]), ("*", Array(0..<40)),
    ]
    for (name, members) in others {
      #expect(registry.capabilities(named: name).mask == members.reduce(0) { $0 | 1 << UInt64($1) }, "\(name)")
    }
    for name in ["", "display", "DISPLAY.WRITE", "ble.*", "app.*", "nfc", "*.*", ".*", "display.write ", "hid.*"] {
      #expect(registry.capabilities(named: name).isEmpty, "\(name)")
    }
    let names = bits + others.map(\.0)
    let list = names.map { "\"\($0)\"" }.joined(separator: ",")
    let manifest = try AppManifest(json: Array(#"{"capabilities":[\#(list)]}"#.utf8))
    #expect(manifest.capabilities == names)
    #expect(registry.capabilities(named: manifest.capabilities).mask == (1 << 40) - 1)
    // rf ble network wifi.inject ota hid storage.write fs.write settings crypto power.control matter mqtt wdt mesh
    let privileged = [4, 5, 8, 34, 31, 15, 7, 27, 23, 28, 22, 33, 35, 25, 38]
    #expect(CapabilitySet.privileged.mask == privileged.reduce(0) { $0 | 1 << UInt64($1) })
  }

  @Test func legacyPermissionsAreAMaskAndNoRight() throws {
    let text = #"{"permissions":["GPIO","i2c","SPI","sensor","display","storage","network","ble","RF","teleport"]}"#
    let manifest = try AppManifest(json: Array(text.utf8))
    #expect(manifest.permissions.rawValue == 1 | 2 | 4 | 8 | 16 | 32 | 64 | 128 | 256)
    #expect(manifest.capabilities.isEmpty && manifest.permissions.names.count == 9)
    #expect(LegacyPermissions(names: ["network", "network"]).rawValue == 64)
    #expect(throws: AppFormatError.manifestField("permissions", wanted: "an array of up to 256 texts")) {
      try AppManifest(json: Array(#"{"permissions":7}"#.utf8))
    }
  }

  @Test func whatALegacyManifestLeavesOutHasItsOwnDefaults() throws {
    let manifest = try AppManifest(
      json: JSON.object(LegacyManifest(Array("[app]\nname = \"old\"\n".utf8)).json).bytes())
    #expect(manifest.restart.isEnabled && !manifest.isAutostarted)
    #expect(manifest.heapKilobytes == 128 && manifest.stackKilobytes == 64 && manifest.capabilities.isEmpty)
  }

  /// Other spellings of the same, as TOML allows them.
  @Test(arguments: [
    "capabilities.display.write = true\ncapabilities.sensor.read = true\n",
    "[capabilities.display]\nwrite = true\n[capabilities.sensor]\nread = true\n",
    "[capabilities]\ndisplay = { write = true, read = false }\nsensor.read = true\n",
    "[capabilities]\n\"display.write\" = true\n'sensor'.\"read\" = true # comment\n",
  ]) func capabilitiesInEverySpelling(_ text: String) throws {
    #expect(try LegacyManifest(Array(text.utf8)).json["capabilities"] == ["display.write", "sensor.read"])
  }

  @Test func signaturesAndOtherTablesMayHaveAnyForm() throws {
    let text = #"""
      [app]
      name = "old"
      description = """
      Two
      lines, \"quoted\" \
          and joined\u00e9"""
      released = 2026-01-13T10:00:00Z
      ratio = 1.5
      license = 'GPL'
      [signature]
      algorithm = "rsa"
      signature = '''
      AAAA
      BBBB'''
      cert_chain = [   # root last
        "one",

        "two", # comment
      ]
      """#
    let legacy = try LegacyManifest(Array(text.utf8))
    #expect(legacy.json["description"] == .string("Two\nlines, \"quoted\" and joined\u{e9}"))
    #expect(legacy.signatureAlgorithm == "rsa" && legacy.json["name"] == "old")
    // The line is the one where something is wrong.
    for (wrong, line) in [
      ("[signature]\ncert_chain = [\n\"a\"\n\"b\"]", 4), ("a = {x = 1", 1), ("a = \"\"\"\n\n", 3), ("a = '''b", 1),
      ("a = {x = 1, x = 2}", 1), ("a.b = 1\n[a]\nb = 2", 3), ("a = \"\\ud800\"", 1), ("a = [[[[[[[[[1]]]]]]]]]", 1),
    ] {
      do throws(AppFormatError) {
        _ = try LegacyManifest(Array(wrong.utf8))
        Issue.record("accepted: \(wrong)")
      } catch {
        guard case .manifestLine(line, _) = error else {
          Issue.record("\(wrong): \(error)")
          continue
        }
      }
    }
  }
}
