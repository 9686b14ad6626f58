/// Messages over the node's broker, and lights of home automation.
extension NativeLibrary {
  mutating func addMQTT() {
    addMQTTMessages()
    addLights()
  }

  private mutating func addMQTTMessages() {
    define("mqtt_publish") { (call) throws(NativeError) in
      let topic = try Self.topic(call)
      guard !topic.hasWildcards, let quality = UInt8(exactly: call.int(3)), quality <= 2 else { throw .invalid }
      try call.host.services.mqtt.publish(
        try call.bytes(1), to: topic.text, quality: Int(quality), isRetained: call.int(4) != 0)
      return 0
    }
    define("mqtt_subscribe") { (call) throws(NativeError) in
      let topic = try Self.topic(call)
      let inbox = try call.host.mqtt.open(call)
      if try inbox.add(topic) { call.host.services.mqtt.subscribe(inbox, topic) }
      return 0
    }
    define("mqtt_poll") { (call) throws(NativeError) in
      guard let inbox = call.host.mqtt.inbox else { throw .tryAgain }
      var found = inbox.next()
      if found == nil {
        try call.wait(until: try Self.deadline(call.int(4))) { () throws(NativeError) in
          found = inbox.next()
          return found != nil
        }
      }
      guard let message = found else { throw .tryAgain }
      // What does not fit is lost, so that it cannot stand in the way of what follows.
      guard message.payload.count <= Int(call.uint(3)), message.topic.utf8.count < Int(call.uint(1)) else {
        call.host.counters.messagesDropped.add(1, ordering: .relaxed)
        throw .messageSize
      }
      _ = try call.answer(text: message.topic, in: 0)
      try call.write(message.payload, to: 2)
      return Int32(message.payload.count)
    }
    define("mqtt_connected") { (call) throws(NativeError) in call.host.services.mqtt.isConnected ? 1 : 0 }
  }

  private mutating func addLights() {
    define("ha_light_register") { (call) throws(NativeError) in
      let id = try call.text(0)
      let inbox = try call.host.mqtt.open(call)
      guard LightTopics.isName(id) else { throw .invalid }
      try inbox.addLight(id)
      do throws(NativeError) {
        try call.host.services.mqtt.register(id, name: try call.text(1), inbox)
      } catch {
        if case .errno(17) = error { inbox.removeLight(id) }
        throw error
      }
      return 0
    }
    define("ha_light_report") { (call) throws(NativeError) in
      guard let inbox = call.host.mqtt.inbox else { throw .notFound }
      let hub = call.host.services.mqtt
      let topics = try hub.topics(of: try call.text(0), inbox)
      guard let brightness = UInt8(exactly: call.int(2)), let red = UInt8(exactly: call.int(3)),
        let green = UInt8(exactly: call.int(4)), let blue = UInt8(exactly: call.int(5))
      else { throw .invalid }
      let state = LightState(isOn: call.int(1) != 0, brightness: brightness, red: red, green: green, blue: blue)
      try hub.publish(state.bytes, to: topics.state, quality: 1, isRetained: true)
      return 0
    }
    define("ha_light_poll") { (call) throws(NativeError) in
      guard let inbox = call.host.mqtt.inbox else { throw .notFound }
      let id = try call.text(0)
      _ = try call.host.services.mqtt.topics(of: id, inbox)
      var found = inbox.nextCommand(of: id)
      if found == nil {
        try call.wait(until: try Self.deadline(call.int(6))) { () throws(NativeError) in
          found = inbox.nextCommand(of: id)
          return found != nil
        }
      }
      guard let command = found else { return 0 }
      var fields: Int32 = 0
      if let isOn = command.isOn {
        try call.store(isOn ? 1 as Int32 : 0, to: 1)
        fields |= 1
      }
      if let brightness = command.brightness {
        try call.store(Int32(brightness), to: 2)
        fields |= 2
      }
      if let color = command.color {
        fields |= 4
        try call.store(Int32(color.red), to: 3)
        try call.store(Int32(color.green), to: 4)
        try call.store(Int32(color.blue), to: 5)
      }
      return fields
    }
  }

  /// The topic or filter in argument 0, which the node's policy must allow.
  private static func topic(_ call: borrowing NativeCall) throws(NativeError) -> TopicFilter {
    let host = call.host
    let text = try call.text(0)
    guard let topic = TopicFilter(text) else { throw .invalid }
    guard try host.services.mqtt.allows(host.name, topic) else {
      host.audit.note(.callRefused, app: host.name, detail: "mqtt \(text)")
      if host.take(.log) {
        host.log.write(.warning, "mqtt: \(text) is not allowed; allowed: \(host.services.mqtt.allowed(host.name))")
      }
      throw .accessDenied
    }
    return topic
  }

  /// −1: none; else so many milliseconds from now.
  private static func deadline(_ milliseconds: Int32) throws(NativeError) -> Int64? {
    guard milliseconds >= -1 else { throw .invalid }
    return milliseconds < 0 ? nil : monotonicNanoseconds() + Int64(milliseconds) * 1_000_000
  }
}
