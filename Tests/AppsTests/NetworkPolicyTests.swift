import AppFormat
import AppManager
import Glibc
import Net
import PythonPeer
import Synchronization
import Testing

@testable import Apps

@Suite struct NetworkPolicyTests {
  private func policy(hosts: [String] = [], ports: [UInt16] = [], deniesAll: Bool = false) -> NetworkPolicy {
    var policy = NetworkPolicy()
    policy.hosts = hosts
    policy.ports = ports
    policy.deniesAll = deniesAll
    return policy
  }

  @Test func hostsAndPortsAreChecked() async throws {
    let services = AppServices(dataFolder: "")
    var options = NetworkHost.Options()
    options.resolve = { (_, port) in [.loopback(port: port)] }
    services.network.configure(options)
    let rules = policy(hosts: ["*.example.com", "127.0.0.1"], ports: [8080])
    try await onThread {
      let guest = try NetworkGuest(services, policy: rules)
      let stream = try guest.open(0)
      for host in ["example.org", "example.com", "badexample.com", "127.0.0.2", "api.example.com.evil.org"] {
        #expect(try guest.connect(stream, host, 8080) == -EACCES, "\(host)")
      }
      #expect(try guest.connect(stream, "api.example.com", 8081) == -EACCES)
      #expect(try guest.connect(stream, "api.example.com", 0) == -EINVAL)
      #expect(try guest.connect(stream, "api.example.com", 65536 + 8080) == -EINVAL)
      #expect(try guest.connect(stream, "", 8080) == -EINVAL)
      #expect(try guest.connect(stream, "API.example.com", 8080) == 0)
      #expect(try guest.connect(stream, "API.example.com", 8080) == -EALREADY)
      let last = guest.guest.audit.entries.last
      #expect(last?.event == .callRefused)
      #expect(last?.detail == "net_connect api.example.com:8081")
    }
    let nothing = policy(deniesAll: true)
    try await onThread {
      let guest = try NetworkGuest(services, policy: nothing)
      let stream = try guest.open(0)
      #expect(try guest.connect(stream, "api.example.com", 8080) == -EACCES)
      #expect(try guest.guest.call("net_bind", stream, 20000) == -EACCES)
    }
  }

  @Test func portsToListenOn() {
    var rules = NetworkRules()
    #expect(rules.allows(listeningOn: 8080) && rules.allows(listeningOn: 0) && !rules.allows(listeningOn: 80))
    rules.policy = policy(ports: [80, 9000])
    #expect(rules.allows(listeningOn: 80) && rules.allows(listeningOn: 9000))
    #expect(!rules.allows(listeningOn: 8080) && !rules.allows(listeningOn: 0))
    rules.policy = policy(ports: [0])
    #expect(rules.allows(listeningOn: 8080) && rules.allows(listeningOn: 0) && !rules.allows(listeningOn: 80))
  }

  @Test func thisMachineIsDeniedByDefault() async throws {
    try await onThread {
      let (peer, port) = try Peers.start(Peers.echo)
      defer { peer.stop() }
      let guest = try NetworkGuest(isLocal: false)
      let stream = try guest.open(0)
      for host in ["127.0.0.1", "::1", "169.254.169.254", "0.0.0.0", "::ffff:127.0.0.1", "224.0.0.1"] {
        #expect(try guest.connect(stream, host, port) == -EACCES, "\(host)")
      }
      #expect(try guest.connect(stream, "localhost", port) == 0)
      #expect(try guest.event() == [5, Int(stream), Int(EACCES)])
    }
  }

  /// A name that means an allowed address when it is looked at and this machine when it is connected to: it is looked up once,
  /// and nobody connects.
  @Test func namesThatChangeTheirMeaning() async throws {
    let counter = Counter()
    let services = AppServices(dataFolder: "")
    var options = NetworkHost.Options()
    options.connectTimeout = .milliseconds(200)
    options.resolve = { (_, port) in
      // 192.0.2.0/24 is for documentation: nobody answers there.
      counter.next() == 1 ? [.ipv4(0xC000_0201, port: port)] : [.loopback(port: port)]
    }
    services.network.configure(options)
    try await onThread {
      let (peer, port) = try Peers.start(Peers.echo)
      defer { peer.stop() }
      let guest = try NetworkGuest(services, isLocal: false)
      let first = try guest.open(0)
      #expect(try guest.connect(first, "changing.example", port) == 0)
      let ended = try guest.event()
      #expect(ended[0] == 5 && ended[2] != 0)
      #expect(counter.count == 1)
      let second = try guest.open(0, txAt: 40960, rxAt: 49152)
      #expect(try guest.connect(second, "changing.example", port) == 0)
      #expect(try guest.event() == [5, Int(second), Int(EACCES)])
      #expect(counter.count == 2)
    }
  }

  final class Counter: Sendable {
    private let state = Mutex(0)
    var count: Int { state.withLock { $0 } }
    func next() -> Int {
      state.withLock { count in
        count += 1
        return count
      }
    }
  }

  @Test(arguments: [
    "127.0.0.1", "127.255.255.255", "0.0.0.0", "0.1.2.3", "169.254.0.1", "169.254.169.254", "100.100.100.200",
    "168.63.129.16", "192.0.0.192", "::", "::1", "fe80::1", "febf::1", "fec0::1", "fd00:ec2::254", "::ffff:127.0.0.1",
    "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "::ffff:169.254.169.254",
  ])
  func local(_ text: String) throws {
    let address = try #require(SocketAddress(literal: text, port: 1))
    #expect(address.isLocal)
    #expect(!NetworkRules().allows(address))
  }

  @Test(arguments: ["224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255", "ff02::1", "::ffff:224.0.0.1"])
  func nobodys(_ text: String) throws {
    let address = try #require(SocketAddress(literal: text, port: 1))
    var rules = NetworkRules()
    rules.allowsLocalAddresses = true
    #expect(!rules.allows(address))
  }

  @Test(arguments: ["10.0.0.1", "192.168.1.1", "172.16.0.1", "8.8.8.8", "2001:db8::1", "fd12::1", "64:ff9b::808:808"])
  func others(_ text: String) throws {
    #expect(NetworkRules().allows(try #require(SocketAddress(literal: text, port: 1))))
  }
}
