import AppFormat

extension NativeTable {
  /// Network, messages between apps, MQTT.
  static var exchange: [NativeFunction] {
    // What opens a way to others is limited; what moves bytes on it is so by buffers and the quota of bytes.
    let opening = Row(family: .network, capabilities: [.network], rate: .network)
    let stream = Row(family: .network, capabilities: [.network])
    let ipc = Row(family: .ipc, capabilities: [.ipc], rate: .ipc)
    let sending = Row(family: .mqtt, capabilities: [.mqtt], rate: .network)
    let inbox = Row(family: .mqtt, capabilities: [.mqtt])
    return [
      opening("net_open", "kind", "0 TCP, 1 UDP, 2 TLS. Gives a handle; −EMFILE when all are taken."),
      opening(
        "net_connect", "stream host$ port",
        "Begins to connect where the policy allows it, else −EACCES; an event says how it ended."),
      opening("net_bind", "stream port", "Binds to a port that the policy allows."),
      opening("net_listen", "stream backlog", "Accepts connections; each is an event with its handle."),
      stream("net_close", "stream", "Gives the handle and its rings back."),
      stream("net_tx_bind", "stream ring[]&", "Sends what the guest writes into this ring."),
      stream("net_rx_bind", "stream ring[]&", "Writes what comes into this ring."),
      stream("net_tx_flush", "stream", "Sends what is in the ring now; gives how many messages."),
      stream(
        "net_event_pop", "into[]=",
        "Takes the next event of 4 bytes. 1: taken, 0: none, and the event is one of type 0."),
      stream("net_get_ip", "into[]=", "The host's address as text, at least 16 bytes; −ENODATA without one."),

      ipc("msg_subscribe", "topic$", "Queues what is published there; * and # stand for a level and all below."),
      ipc("msg_unsubscribe", "topic$", "Drops the queue."),
      ipc(
        "msg_publish", "topic$ data[]", lengths: ["data": .message(1...4096)],
        "1 to 4,096 bytes, else −EMSGSIZE. Gives the number of subscribers that got it; −EAGAIN when one that must not lose is full."
      ),
      ipc(
        "msg_recv", "topic$ into[]= timeout",
        "Waits for a message: −1 for ever, 0 not at all. Gives its length, −EAGAIN without one."),
      ipc("msg_try_recv", "topic$ into[]=", "The same without waiting."),
      ipc("msg_pending", "topic$", "How many wait; −ENOENT when not subscribed."),

      sending(
        "mqtt_publish", "topic$ data[] qos retain", lengths: ["data": .message(0...65536)], "−ENODEV without a broker."),
      sending("mqtt_subscribe", "topic$", "Queues what comes."),
      inbox("mqtt_poll", "topic[]= into[]= timeout", "Takes the next message; gives its length, −EAGAIN without one."),
      inbox("mqtt_connected", "", "1 or 0."),
      sending("ha_light_register", "id$ name$", "Announces a light to home automation."),
      sending("ha_light_report", "id$ on brightness red green blue", "Says the light's state."),
      inbox(
        "ha_light_poll", "id$ on[4]= brightness[4]= red[4]= green[4]= blue[4]= timeout",
        "Takes what is wanted of the light: 1 whether it is on, 2 its brightness, 4 its colour, added up; 0: nothing. What is not "
          + "wanted is left as it was."),
    ]
  }
}
