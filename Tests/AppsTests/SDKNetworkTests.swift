import AppFormat
import Glibc
import JSON
import Mosquitto
import PythonPeer
import Testing

@testable import Apps

/// Streams over rings and lights of home automation, as apps of the reference's SDK use them.
@Suite struct SDKNetworkTests {
  /// The ring of the SDK: 16 bytes of head, then messages of a length of 16 bits and their bytes, which may go on at the
  /// beginning. The host says the capacity.
  private static let ring = """
    struct ring { volatile u32 write_idx, read_idx, capacity, flags; u8 data[1008]; };
    static int ring_write(struct ring *r, const u8 *bytes, u32 length) {
      if (r->capacity - (r->write_idx - r->read_idx) < length + 2) return -1;
      u32 at = r->write_idx;
      r->data[at++ % r->capacity] = length & 255;
      r->data[at++ % r->capacity] = length >> 8;
      for (u32 i = 0; i < length; i++) r->data[at++ % r->capacity] = bytes[i];
      r->write_idx = at;
      return length;
    }
    static int ring_read(struct ring *r, u8 *bytes, u32 room) {
      u32 used = r->write_idx - r->read_idx, at = r->read_idx;
      if (used < 2) return 0;
      u32 length = r->data[at % r->capacity] | r->data[(at + 1) % r->capacity] << 8;
      if (used < length + 2) return 0;
      if (length > room) return -1;
      for (u32 i = 0; i < length; i++) bytes[i] = r->data[(at + 2 + i) % r->capacity];
      r->read_idx = at + 2 + length;
      return length;
    }
    """

  @Test func streamsOverRings() async throws {
    let bench = try Bench()
    let (peer, port) = try Peers.start(Peers.echo)
    defer { peer.stop() }
    let source =
      Self.ring + """

        AKIRA(net_open) int net_open(int);
        AKIRA(net_connect) int net_connect(int, const char *, int);
        AKIRA(net_tx_bind) int net_tx_bind(int, void *, int);
        AKIRA(net_rx_bind) int net_rx_bind(int, void *, int);
        AKIRA(net_tx_flush) int net_tx_flush(int);
        AKIRA(net_event_pop) int net_event_pop(void *, int);
        AKIRA(net_get_ip) int net_get_ip(char *, int);
        AKIRA(net_close) int net_close(int);
        AKIRA(delay) int delay(int);
        static struct ring tx, rx;
        static u8 message[600], answer[1200];
        struct event { u8 type, handle; u16 extra; };
        int main(void) {
          struct event event = {9};
          char address[16];
          CHECK(net_event_pop(&event, 4) == 0 && event.type == 0);
          IS(net_event_pop(&event, 3), -22);
          IS(net_get_ip(address, 15), -22);
          int got = net_get_ip(address, 16);
          CHECK(got == 0 || got == -61);
          IS(net_open(3), -22);
          int handle = net_open(0);
          CHECK(handle >= 0);
          IS(net_tx_bind(handle, &tx, sizeof tx), 0);
          IS(net_rx_bind(handle, &rx, sizeof rx), 0);
          CHECK(tx.capacity == sizeof tx - 16 && tx.flags == 0 && rx.capacity == sizeof rx - 16);
          IS(net_tx_bind(handle, (void *)65000, 1024), -14);
          IS(net_tx_bind(handle, 0, 1024), -22);
          IS(net_connect(handle, "", 80), -22);
          IS(net_connect(handle, "127.0.0.1", PORT + 1), -13);
          IS(net_connect(handle, "127.0.0.1", PORT), 0);
          do { if (net_event_pop(&event, 4) <= 0) delay(1000); } while (event.type == 0);
          CHECK(event.type == 1 && event.handle == handle);
          u32 sent = 0, received = 0;
          for (int round = 0; received < 30000 && round < 30000; round++) {
            if (sent < 30000) {
              for (u32 i = 0; i < 600; i++) message[i] = (sent + i) * 7;
              if (ring_write(&tx, message, 600) == 600) sent += 600;
              CHECK(net_tx_flush(handle) >= 0);
            }
            int length;
            while ((length = ring_read(&rx, answer, sizeof answer)) > 0) {
              for (int i = 0; i < length; i++) CHECK(answer[i] == (u8)((received + i) * 7));
              received += length;
            }
            CHECK(length == 0);
            while (net_event_pop(&event, 4) > 0) CHECK(event.type == 3);
            delay(1000);
          }
          CHECK(received == 30000);
          IS(net_close(handle), 0);
          IS(net_close(handle), -9);
          IS(net_tx_flush(handle), -9);
          return 0;
        }
        """
    var launch = try await bench.sdk(
      "stream", source.replacing("PORT", with: "\(port)"),
      #"""
      {"capabilities": ["network.use"],
       "network_policy": {"allowed_hosts": ["127.0.0.*"], "allowed_ports": [\#(port)]}}
      """#)
    launch.allowsLocalAddresses = true
    #expect(try await bench.run(launch) == .exited(code: 0), "\(bench.lines("stream"))")
  }

  @Test func messagesAndALight() async throws {
    let bench = try Bench()
    let broker = try Broker()
    try bench.runtime.services.mqtt.connect(MQTTTests.options(broker.port))
    defer { bench.runtime.services.mqtt.disconnect() }
    let exits = Exits()
    let app = try await bench.runtime.start(
      try await bench.sdk(
        "light",
        """
        AKIRA(ha_light_register) int ha_light_register(const char *, const char *);
        AKIRA(ha_light_report) int ha_light_report(const char *, int, int, int, int, int);
        AKIRA(ha_light_poll) int ha_light_poll(const char *, int *, int *, int *, int *, int *, int);
        AKIRA(mqtt_publish) int mqtt_publish(const char *, const void *, int, int, int);
        AKIRA(mqtt_subscribe) int mqtt_subscribe(const char *);
        AKIRA(mqtt_poll) int mqtt_poll(char *, int, void *, int, int);
        AKIRA(mqtt_connected) int mqtt_connected(void);
        static char topic[64], text[64];
        int main(void) {
          int on = 0, brightness = 70, r = 1, g = 2, b = 3;
          IS(mqtt_connected(), 1);
          IS(ha_light_register("lamp", "Lamp"), 0);
          IS(ha_light_report("lamp", 0, brightness, r, g, b), 0);
          IS(mqtt_publish("apps/light/ready", "yes", 3, 1, 1), 0);
          IS(mqtt_publish("apps/light/ready", "yes", 3, 3, 1), -22);
          int fields = ha_light_poll("lamp", &on, &brightness, &r, &g, &b, 60000);
          CHECK(fields > 0);
          IS(fields, 1 | 4);
          CHECK(on == 1 && brightness == 70 && r == 255 && g == 128 && b == 0);
          IS(ha_light_report("lamp", on, brightness, r, g, b), 0);
          IS(ha_light_poll("lamp", &on, &brightness, &r, &g, &b, 0), 0);
          IS(mqtt_subscribe("apps/light/ready"), 0);
          IS(mqtt_poll(topic, sizeof topic, text, sizeof text, 60000), 3);
          CHECK(topic[0] == 'a' && text[0] == 'y' && text[2] == 's');
          IS(mqtt_poll(topic, sizeof topic, text, sizeof text, 0), -11);
          return 0;
        }
        """, #"{"capabilities": ["mqtt.*"]}"#)
    ) { exits.set($0) }
    try await onThread {
      let ready = try broker.receive("apps/light/ready")
      let state = try broker.receive("aether/light/lamp/state")
      #expect(ready == "yes" && state == #"{"state":"OFF"}"#)
      let configuration = try JSON.parse(broker.receive("homeassistant/light/aether_lamp/config")).objectValue
      #expect(configuration?["unique_id"] == "aether_lamp" && configuration?["schema"] == "json")
      #expect(configuration?["brightness"] == true && configuration?["supported_color_modes"] == ["rgb"])
      try broker.publish("aether/light/lamp/set", #"{"state":"ON","color":{"r":255,"g":128,"b":0}}"#)
    }
    #expect(await exits.first() == .exited(code: 0), "\(bench.lines("light"))")
    _ = app
    try await onThread {
      let state = try broker.receive("aether/light/lamp/state")
      #expect(state == #"{"state":"ON","brightness":70,"color_mode":"rgb","color":{"r":255,"g":128,"b":0}}"#)
    }
  }
}
