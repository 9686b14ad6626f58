import AppFormat
import PythonPeer

/// A module by hand: types, imports, memory, exports, code, a custom section.
let sampleModule: [UInt8] = {
  func section(_ id: UInt8, _ contents: [UInt8]) -> [UInt8] { [id, UInt8(contents.count)] + contents }
  func name(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
  let types: [UInt8] = [2, 0x60, 2, 0x7F, 0x7E, 1, 0x7F, 0x60, 0, 0]
  let imports =
    [4] + name("env") + name("storage_read") + [0, 0] + name("env") + name("memory") + [2, 1, 1, 16]
    + name("env") + name("table") + [1, 0x70, 0, 1] + name("env") + name("global") + [3, 0x7F, 0]
  return [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0] + section(1, types) + section(2, imports) + section(3, [1, 1])
    + section(5, [1, 0, 2]) + section(7, [2] + name("main") + [0, 1] + name("memory") + [2, 1])
    + section(10, [1, 2, 0, 0x0B]) + section(0, name("note") + [1, 2, 3])
}()

let sampleManifest = #"""
  {"name":"thermo","version":"1.2.0","memory_quota":65536,"capabilities":["display.write","sensor.*","network.use"],
   "abi":"1.0","min_akiraos_version":"1.6.4",
   "network_policy":{"deny_all":false,"allowed_hosts":["*.example.com"],"allowed_ports":[443,8883]},
   "commands":[{"name":"set","args":["x"]}],"unknown":{"nested":[1,{"deep":null}]}}
  """#
