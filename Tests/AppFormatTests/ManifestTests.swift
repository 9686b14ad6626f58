import AppFormat
import JSON
import PythonPeer
import Testing

@Suite struct ManifestTests {
  private func manifest(_ text: String) throws(AppFormatError) -> AppManifest {
    try AppManifest(json: Array(text.utf8))
  }

  @Test func fieldsAreRead() throws {
    let manifest = try manifest(sampleManifest)
    #expect(manifest.name == "thermo" && manifest.version == "1.2.0" && manifest.memoryQuota == 65536)
    #expect(manifest.capabilities == ["display.write", "sensor.*", "network.use"])
    #expect(manifest.abi == ABIVersion(1, 0) && manifest.hostVersionMin == HostVersion(1, 6, 4))
    #expect(manifest.network.hosts == ["*.example.com"] && manifest.network.ports == [443, 8883])
    #expect(manifest.commands == [["name": "set", "args": ["x"]]])
  }

  @Test func defaultsAreTheReferences() throws {
    let empty = try manifest("{}")
    #expect(empty == AppManifest())
    #expect(empty.entry == "_start" && empty.heapKilobytes == 16 && empty.stackKilobytes == 4)
    #expect(empty.restart.retriesMax == 3 && empty.restart.delayMilliseconds == 1000 && !empty.restart.isEnabled)
    #expect(empty.executionTimeoutMilliseconds == 5000 && empty.priority == 5 && empty.memoryQuota == 0)
    let sizes = try manifest(#"{"memory":{"heap_kb":64},"stack_kb":8}"#)
    #expect(sizes.heapKilobytes == 64 && sizes.stackKilobytes == 8)
  }

  @Test(arguments: [
    (#"{"name":7}"#, "name"), (#"{"name":"\#(String(repeating: "n", count: 32))"}"#, "name"),
    (#"{"name":"a/b"}"#, "name"),
    (#"{"name":".."}"#, "name"), (#"{"name":"a\u0000b"}"#, "name"), (#"{"version":"1234567890123456"}"#, "version"),
    (#"{"memory_quota":-1}"#, "memory_quota"), (#"{"memory_quota":4294967296}"#, "memory_quota"),
    (#"{"memory_quota":"1"}"#, "memory_quota"), (#"{"memory_quota":1.5}"#, "memory_quota"),
    (#"{"capabilities":"timer"}"#, "capabilities"), (#"{"capabilities":{}}"#, "capabilities"),
    (#"{"capabilities":["timer",1]}"#, "capabilities[1]"),
    (#"{"capabilities":["\#(String(repeating: "c", count: 64))"]}"#, "capabilities[0]"),
    (#"{"abi":"1"}"#, "abi"), (#"{"abi":1.0}"#, "abi"), (#"{"abi":"1.x"}"#, "abi"), (#"{"abi":"1.99999"}"#, "abi"),
    (#"{"min_akiraos_version":"1.6"}"#, "min_akiraos_version"), (#"{"network_policy":[]}"#, "network_policy"),
    (#"{"network_policy":{"deny_all":1}}"#, "network_policy.deny_all"),
    (#"{"network_policy":{"allowed_hosts":["a","b","c","d","e"]}}"#, "network_policy.allowed_hosts"),
    (#"{"network_policy":{"allowed_ports":[1,2,3,4,5,6,7,8,9]}}"#, "network_policy.allowed_ports"),
    (#"{"network_policy":{"allowed_ports":[80,65536]}}"#, "network_policy.allowed_ports[1]"),
    (#"{"commands":{}}"#, "commands"), (#"{"restart":{"max_retries":0}}"#, "restart.max_retries"),
    (#"{"exec_timeout_ms":999}"#, "exec_timeout_ms"), (#"{"autostart":"yes"}"#, "autostart"),
  ])
  func wrongFieldsAreNamed(_ text: String, _ path: String) {
    do throws(AppFormatError) {
      _ = try manifest(text)
      Issue.record("accepted: \(text)")
    } catch {
      guard case .manifestField(path, _) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(error.errno == -22)
    }
  }

  @Test(arguments: ["", " {}", "[]", "null", "{", #"{"a":}"#, #"{"a":1,"a":2}"#, #"{"a":"\x"}"#, "{}x", "\u{FEFF}{}"])
  func otherTextsAreRefused(_ text: String) {
    do throws(AppFormatError) {
      _ = try manifest(text)
      Issue.record("accepted: \(text)")
    } catch {
      guard case .manifestSyntax = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func escapesAndEdges() throws {
    #expect(try manifest(#"{"description":"a\n\r\t\"\\"}"#).summary == "a\n\r\t\"\\")
    #expect(try manifest(#"{"memory_quota":4294967295}"#).memoryQuota == .max)
    #expect(try manifest(#"{"name":"\#(String(repeating: "n", count: 31))"}"#).name.utf8.count == 31)
    #expect(try manifest(#"{"network_policy":{"allowed_ports":[65535,0]}}"#).network.ports == [65535, 0])
  }

  @Test func theABIGate() throws {
    let host = HostVersion(1, 6, 4)
    #expect(try manifest("{}").checkABI(version: host) == .absent)
    #expect(try manifest(#"{"abi":"1.0"}"#).checkABI(version: host) == nil)
    #expect(
      try manifest(#"{"abi":"1.3"}"#).checkABI(version: host)
        == .newerMinor(wanted: ABIVersion(1, 3), offered: ABIVersion(1, 0)))
    #expect(throws: AppFormatError.incompatible(wanted: "ABI 2.0", offered: "ABI 1.0")) {
      try manifest(#"{"abi":"2.0"}"#).checkABI(version: host)
    }
    #expect(throws: AppFormatError.self) { try manifest(#"{"abi":"0.9"}"#).checkABI(version: host) }
    for (least, isAccepted) in [
      ("1.6.4", true), ("1.6.5", false), ("1.7.0", false), ("2.0.0", false), ("1.5.99", true), ("0.9.9", true),
    ] {
      let wanting = try manifest(#"{"abi":"1.0","min_akiraos_version":"\#(least)"}"#)
      if isAccepted {
        #expect(try wanting.checkABI(version: host) == nil, "\(least)")
      } else {
        #expect(throws: AppFormatError.self, "\(least)") { try wanting.checkABI(version: host) }
      }
      // An unknown version of the host is not compared.
      #expect(try wanting.checkABI(version: HostVersion(0, 0, 0)) == nil)
    }
    #expect(AppFormatError.incompatible(wanted: "", offered: "").errno == -95)
  }

  @Test func networkPolicies() throws {
    let policy = try manifest(
      #"{"network_policy":{"allowed_hosts":["api.example.com","*.trusted.net","10.0.*"],"allowed_ports":[443]}}"#
    ).network
    for host in ["api.example.com", "API.Example.COM", "a.trusted.net", "a.b.trusted.net", "10.0.0.1"] {
      #expect(policy.allows(host: host, port: 443), "\(host)")
      #expect(!policy.allows(host: host, port: 80), "\(host)")
    }
    for host in ["", "example.com", "trusted.net", "api.example.com.evil.org", "a.trusted.net.evil.org", "110.0.0.1"] {
      #expect(!policy.allows(host: host, port: 443), "\(host)")
    }
    #expect(NetworkPolicy().allows(host: "anything", port: 1))
    #expect(try !manifest(#"{"network_policy":{"deny_all":true}}"#).network.allows(host: "a", port: 1))
    #expect(try manifest(#"{"network_policy":{"allowed_ports":[0]}}"#).network.allows(host: "a", port: 7))
    var hostile = NetworkPolicy()
    hostile.hosts = [String(repeating: "*a", count: 31)]
    #expect(!hostile.allows(host: String(repeating: "a", count: 100_000) + "b", port: 1))
    hostile.hosts = ["***"]
    #expect(hostile.allows(host: "", port: 1))
  }

  @Test func damagedManifestsAreRefusedOrRead() {
    var random = SeededNumbers.forTest(#function)
    let sound = Array(sampleManifest.utf8)
    for _ in 0..<5000 {
      do throws(AppFormatError) {
        _ = try AppManifest(json: random.damage(sound))
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
  }
}
