import AppABI
import AppFormat
import Foundation
import Glibc
import JSON
import Mosquitto
import PythonPeer
import TestAuthority
import Testing

@testable import Apps

/// Debian's broker on a port of its own.
final class Broker: @unchecked Sendable {
  // Holds across threads: a test uses it on one at a time.
  let port: Int32
  private let folder: String
  private let process = Process()

  init(port: Int32? = nil, _ configuration: String = "allow_anonymous true") throws {
    self.port = try port ?? NetworkTests.freePort()
    folder = "/tmp/aether-broker-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    mkdir(folder, 0o700)
    let text = "user root\npersistence false\nlistener \(self.port) 127.0.0.1\n\(configuration)\n"
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/conf"))
    process.executableURL = URL(fileURLWithPath: "/usr/sbin/mosquitto")
    process.arguments = ["-c", "\(folder)/conf"]
    process.standardError = nil
    process.standardOutput = nil
    try process.run()
    let end = monotonicNanoseconds() + 30_000_000_000
    while !isListening {
      guard monotonicNanoseconds() < end, process.isRunning else { throw Failure(text: "no broker") }
      usleep(5000)
    }
  }

  private var isListening: Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  deinit { stop() }

  func stop() {
    if process.isRunning {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    try? FileManager.default.removeItem(atPath: folder)
  }

  func publish(_ topic: String, _ message: String) throws {
    _ = try run("/usr/bin/mosquitto_pub", ["-q", "1", "-t", topic, "-m", message])
  }

  /// Waits for the first message.
  func receive(_ topic: String) throws -> String {
    try run("/usr/bin/mosquitto_sub", ["-q", "1", "-t", topic, "-C", "1", "-W", "30"])
  }

  private func run(_ program: String, _ arguments: [String]) throws -> String {
    let client = Process()
    let output = Pipe()
    client.executableURL = URL(fileURLWithPath: program)
    client.arguments = ["-h", "127.0.0.1", "-p", "\(port)"] + arguments
    client.standardOutput = output
    try client.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    client.waitUntilExit()
    guard client.terminationStatus == 0 else { throw Failure(text: "\(program): \(client.terminationStatus)") }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
  }
}

@Suite struct MQTTTests {
  static func options(_ port: Int32) -> MQTTOptions {
    MQTTOptions(
      client: .init(
        host: "127.0.0.1", port: UInt16(port), retryDelay: .milliseconds(50), retryDelayMax: .milliseconds(200)))
  }

  private static func waitUntil(_ what: String, _ body: () throws -> Bool) throws {
    let end = monotonicNanoseconds() + 30_000_000_000
    while try !body() {
      guard monotonicNanoseconds() < end else { throw Failure(text: "never: \(what)") }
      usleep(5000)
    }
  }

  private static func guest(_ services: AppServices, _ name: String = "guest") throws -> Guest {
    try Guest(calling: NativeTable.names(.mqtt) + ["delay"], name: name, services: services)
  }

  @Test func messagesComeAndGo() async throws {
    try await onThread {
      let broker = try Broker()
      let services = AppServices(dataFolder: "")
      let guest = try Self.guest(services)
      try guest.text("apps/guest/in/+", at: 1024)
      #expect(try guest.call("mqtt_connected") == 0)
      #expect(try guest.call("mqtt_subscribe", 1024) == -ENODEV)
      try services.mqtt.connect(Self.options(broker.port))
      try Self.waitUntil("connected") { services.mqtt.isConnected }
      #expect(try guest.call("mqtt_connected") == 1)
      #expect(try guest.call("mqtt_poll", 2048, 256, 4096, 256, 0) == -EAGAIN)
      #expect(try guest.call("mqtt_subscribe", 1024) == 0)
      #expect(try guest.call("mqtt_subscribe", 1024) == 0)
      // The broker takes the subscription before it answers what follows on the same connection.
      try guest.text("apps/guest/in/self", at: 1100)
      #expect(try guest.call("mqtt_publish", 1100, 1100, 4, 1, 0) == 0)
      #expect(try guest.call("mqtt_poll", 2048, 256, 4096, 256, 30000) == 4)
      #expect(try guest.string(at: 2048) == "apps/guest/in/self")
      try broker.publish("apps/guest/in/a", "hello")
      try broker.publish("apps/guest/in/a/b", "not wanted")
      #expect(try guest.call("mqtt_poll", 2048, 256, 4096, 256, 30000) == 5)
      #expect(try guest.string(at: 2048) == "apps/guest/in/a")
      #expect(try guest.bytes(at: 4096, 5) == Array("hello".utf8))
      #expect(try guest.call("mqtt_poll", 2048, 256, 4096, 256, 20) == -EAGAIN)
      // What does not fit is gone.
      try broker.publish("apps/guest/in/a", "long")
      #expect(try guest.call("mqtt_poll", 2048, 256, 4096, 3, 30000) == -EMSGSIZE)
      #expect(try guest.call("mqtt_poll", 2048, 256, 4096, 256, 0) == -EAGAIN)

      try guest.text("apps/guest/out", at: 1100)
      try guest.text("42", at: 1200)
      #expect(try guest.call("mqtt_publish", 1100, 1200, 2, 1, 1) == 0)
      #expect(try broker.receive("apps/guest/out") == "42")
      #expect(try guest.call("mqtt_publish", 1100, 1200, 2, 3, 1) == -EINVAL)
      try guest.text("apps/guest/+", at: 1100)
      #expect(try guest.call("mqtt_publish", 1100, 1200, 2, 1, 0) == -EINVAL)
      services.mqtt.disconnect()
    }
  }

  @Test func topicsOfOthersAreDenied() async throws {
    try await onThread {
      let services = AppServices(dataFolder: "")
      var options = Self.options(1)
      options.topicsOfApps = ["logger": ["sensors/#", "apps/{app}/#"]]
      try services.mqtt.connect(options)
      let guest = try Self.guest(services)
      for topic in ["#", "apps/#", "apps/+/x", "apps/other/x", "sensors/a", "$SYS/broker"] {
        try guest.text(topic, at: 1024)
        #expect(try guest.call("mqtt_subscribe", 1024) == -EACCES, "\(topic)")
        #expect(try guest.call("mqtt_publish", 1024, 1024, 1, 0, 0) == -EACCES, "\(topic)")
      }
      #expect(guest.host.log.lines().first?.text == "mqtt: # is not allowed; allowed: apps/guest/#")
      #expect(guest.audit.entries.first?.event == .callRefused)
      let logger = try Self.guest(services, "logger")
      try logger.text("sensors/+/temperature", at: 1024)
      #expect(try logger.call("mqtt_subscribe", 1024) == 0)
      try logger.text("sensors/a", at: 1024)
      // Nobody is there.
      #expect(try logger.call("mqtt_publish", 1024, 1024, 1, 0, 0) == -ENOTCONN)
      services.mqtt.disconnect()
    }
  }

  @Test func connectionsAreMadeAgain() async throws {
    try await onThread {
      let port = try NetworkTests.freePort()
      let services = AppServices(dataFolder: "")
      // Before the broker is there.
      try services.mqtt.connect(Self.options(port))
      let guest = try Self.guest(services)
      try guest.text("apps/guest/#", at: 1024)
      #expect(try guest.call("mqtt_subscribe", 1024) == 0)
      for message in ["first", "second"] {
        let broker = try Broker(port: port)
        try Self.waitUntil("connected") { services.mqtt.isConnected }
        // Subscribed again a moment later.
        var answer = -EAGAIN
        try Self.waitUntil("a message") {
          try broker.publish("apps/guest/x", message)
          answer = try guest.call("mqtt_poll", 2048, 256, 4096, 256, 200)
          return answer != -EAGAIN
        }
        #expect(try guest.bytes(at: 4096, answer) == Array(message.utf8))
        while try guest.call("mqtt_poll", 2048, 256, 4096, 256, 100) >= 0 {}
        broker.stop()
        try Self.waitUntil("lost") { !services.mqtt.isConnected }
      }
      services.mqtt.disconnect()
    }
  }

  @Test func passwordsAndTLS() async throws {
    let authority = try TestAuthority()
    _ = try authority.issue("broker", names: "DNS:localhost,IP:127.0.0.1")
    try await onThread {
      let passwords = authority.path("passwords")
      let maker = Process()
      maker.executableURL = URL(fileURLWithPath: "/usr/bin/mosquitto_passwd")
      maker.arguments = ["-b", "-c", passwords, "node", "right"]
      try maker.run()
      maker.waitUntilExit()
      let broker = try Broker(
        """
        allow_anonymous false
        password_file \(passwords)
        cafile \(authority.path("ca.pem"))
        certfile \(authority.path("broker.pem"))
        keyfile \(authority.path("broker.key"))
        """)
      let file = authority.path("secret")
      try Data("right\n".utf8).write(to: URL(fileURLWithPath: file))
      chmod(file, 0o644)
      let services = AppServices(dataFolder: "")
      var options = Self.options(broker.port)
      options.client.security = .tlsTrusting(file: authority.path("ca.pem"))
      options.client.user = "node"
      options.passwordFile = file
      #expect(throws: MQTTSetupError.self) { try services.mqtt.connect(options) }
      chmod(file, 0o600)
      // A port at which nobody is, first.
      options.client.port = UInt16(try NetworkTests.freePort())
      try services.mqtt.connect(options)
      try Self.waitUntil("refused") { services.mqtt.lastFailure == "Connection refused" }
      options.client.port = UInt16(broker.port)
      try services.mqtt.connect(options)
      try Self.waitUntil("connected") { services.mqtt.isConnected }
      try Data("wrong".utf8).write(to: URL(fileURLWithPath: file))
      try services.mqtt.connect(options)
      try Self.waitUntil("refused") { services.mqtt.lastFailure?.contains("not authorised") == true }
      #expect(!services.mqtt.isConnected)
      // A broker that the system does not trust.
      options.client.security = .tls
      try Data("right".utf8).write(to: URL(fileURLWithPath: file))
      try services.mqtt.connect(options)
      try Self.waitUntil("refused") { services.mqtt.lastFailure.map { !$0.contains("authorised") } == true }
      #expect(!services.mqtt.isConnected)
      services.mqtt.disconnect()
    }
  }

  @Test func lights() async throws {
    try await onThread {
      let broker = try Broker()
      let services = AppServices(dataFolder: "")
      try services.mqtt.connect(Self.options(broker.port))
      let guest = try Self.guest(services)
      try guest.text("lamp", at: 1024)
      try guest.text("Desk \"1\"", at: 1100)
      #expect(try guest.call("ha_light_poll", 1024, 2048, 2052, 2056, 2060, 2064, 0) == -ENOENT)
      #expect(try guest.call("ha_light_report", 1024, 1, 1, 1, 1, 1) == -ENOENT)
      #expect(try guest.call("ha_light_register", 1024, 1100) == 0)
      let configuration = try JSON.parse(broker.receive("homeassistant/light/aether_lamp/config")).objectValue
      #expect(configuration?["name"] == "Desk \"1\"")
      #expect(configuration?["unique_id"] == "aether_lamp")
      #expect(configuration?["command_topic"] == "aether/light/lamp/set")
      #expect(configuration?["state_topic"] == "aether/light/lamp/state")
      #expect(configuration?["supported_color_modes"] == ["rgb"])
      let other = try Self.guest(services, "other")
      try other.text("lamp", at: 1024)
      #expect(try other.call("ha_light_register", 1024, 1024) == -EEXIST)

      try guest.put([UInt8](repeating: 9, count: 20), at: 2048)
      try broker.publish("aether/light/lamp/set", #"{"state":"ON","color":{"r":1,"g":2,"b":255}}"#)
      #expect(try guest.call("ha_light_poll", 1024, 2048, 2052, 2056, 2060, 2064, 30000) == 5)
      #expect(
        try guest.bytes(at: 2048, 20) == [1, 0, 0, 0, 9, 9, 9, 9, 1, 0, 0, 0, 2, 0, 0, 0, 255, 0, 0, 0])
      #expect(try guest.call("ha_light_poll", 1024, 2048, 2052, 2056, 2060, 2064, 0) == 0)
      #expect(try guest.call("ha_light_report", 1024, 1, 200, 1, 2, 256) == -EINVAL)
      #expect(try guest.call("ha_light_report", 1024, 1, 200, 1, 2, 3) == 0)
      #expect(
        try broker.receive("aether/light/lamp/state")
          == #"{"state":"ON","brightness":200,"color_mode":"rgb","color":{"r":1,"g":2,"b":3}}"#)
      try guest.text("no/lamp", at: 1024)
      #expect(try guest.call("ha_light_register", 1024, 1100) == -EINVAL)
      services.mqtt.disconnect()
    }
  }

  @Test(arguments: [
    ("#", "a/b", true), ("#", "$SYS/a", false), ("$SYS/#", "$SYS/a", true), ("+/a", "$SYS/a", false),
    ("a/#", "a", true), ("a/#", "a/b/c", true), ("a/#", "ab", false), ("a/+", "a/b", true), ("a/+", "a/b/c", false),
    ("a/+", "a", false), ("a/+", "a/", true), ("a/b", "a/b", true), ("a/b", "a/B", false), ("a/+", "a/+", true),
    ("a/+", "a/#", false), ("a/b", "a/+", false), ("a/#", "a/#", true), ("a/#", "#", false), ("+/b", "a/b", true),
    ("#", "#", true), ("+", "#", false), ("a/+/c", "a/+/c", true), ("a//c", "a/+/c", false),
  ])
  func filters(_ pattern: String, _ filter: String, _ isCovered: Bool) throws {
    let left = try #require(TopicFilter(pattern))
    #expect(left.covers(try #require(TopicFilter(filter))) == isCovered)
  }

  @Test(arguments: ["", "a+", "a/#/b", "#a", "a/b#", "+a/b", "a\0b"])
  func noFilters(_ text: String) { #expect(TopicFilter(text) == nil) }

  @Test func fullInboxesLoseTheOldest() throws {
    let counters = AppCounters()
    let inbox = MQTTInbox(waker: Waker(), counters: counters)
    let filter = try #require(TopicFilter("a/#"))
    #expect(try inbox.add(filter))
    #expect(try !inbox.add(filter))
    for number in 0..<100 {
      let topic = try #require(TopicFilter("a/\(number)"))
      inbox.deliver(.init(topic: topic.text, payload: [UInt8(number)], isRetained: false), topic)
    }
    #expect(inbox.next()?.payload == [36])
    #expect(counters.messagesDropped.load(ordering: .relaxed) == 36)
    let big = [UInt8](repeating: 0, count: 40 << 10)
    for _ in 0..<2 { inbox.deliver(.init(topic: "a/b", payload: big, isRetained: false), filter) }
    #expect(inbox.next()?.payload == big)
    #expect(inbox.next() == nil)
  }

  @Test func commandsOfLights() throws {
    #expect(LightCommand(Array(#"{"state":"OFF"}"#.utf8))?.isOn == false)
    #expect(LightCommand(Array(#"{"brightness":256}"#.utf8)) == nil)
    #expect(LightCommand(Array(#"{"color":{"r":1,"g":2}}"#.utf8)) == nil)
    var numbers = SeededNumbers.forTest("commandsOfLights")
    let seed = Array(#"{"state":"ON","brightness":77,"color":{"r":1,"g":2,"b":3},"effect":["x",1e9]}"#.utf8)
    for _ in 0..<3000 {
      var bytes = seed
      for _ in 0..<Int.random(in: 1...4, using: &numbers) {
        bytes[Int.random(in: 0..<bytes.count, using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
      }
      _ = LightCommand(Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &numbers))))
    }
  }
}
