// Fetches http://HOST:PORT/PATH (settings `host`, `port`, `path`; 127.0.0.1, 8080 and /) and says status, length, a checksum and
// the time it took. Ends with 0 for a status from 200 to 299, with 1 for others, with the error's number when there is none.
#include "aether_app.h"
#include "aether_guest.h"

enum { RING = 4096, PATIENCE_MS = 10000 };

static struct {
  aether_ring ring;
  uint8_t data[RING];
} sending, receiving;

// What has come: the head until the empty line, then only length and checksum (FNV-1a) of the body.
static struct {
  char head[1024];
  uint32_t head_size, body_size, checksum;
  int32_t is_in_body;
} answer = {.checksum = 2166136261u};

static void take(const uint8_t *bytes, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (answer.is_in_body) {
      answer.body_size++;
      answer.checksum = (answer.checksum ^ bytes[i]) * 16777619u;
      continue;
    }
    // What does not fit is passed over, but the last four bytes show where the head ends.
    static char last[4];
    for (uint32_t j = 0; j < 3; j++) last[j] = last[j + 1];
    last[3] = (char)bytes[i];
    if (answer.head_size < sizeof answer.head - 1) answer.head[answer.head_size++] = (char)bytes[i];
    answer.is_in_body = last[0] == '\r' && last[1] == '\n' && last[2] == '\r' && last[3] == '\n';
  }
}

static void drain(void) {
  uint8_t message[2048];
  for (int32_t count; (count = aether_ring_read(&receiving.ring, message, sizeof message)) > 0;) {
    take(message, (uint32_t)count);
  }
}

static const char *setting(const char *key, char *into, uint32_t size, const char *otherwise) {
  return settings_get(key, into, size) > 0 ? into : otherwise;
}

// Waits for an event of one kind; takes what comes meanwhile. Gives 0, or an error below 0.
static int32_t wait_for(int32_t stream, uint8_t wanted, int64_t until) {
  while (get_time_ms() < until) {
    uint8_t event[4];
    int32_t count = net_event_pop(event, sizeof event);
    drain();
    if (count < 0 && count != -AETHER_EAGAIN) return count;
    if (count == 1 && event[1] == stream) {
      if (event[0] == wanted) return 0;
      // The host says why, where it knows.
      int32_t reason = event[2] | event[3] << 8;
      if (event[0] == AETHER_NET_EVENT_ERROR) return reason ? -reason : -AETHER_EIO;
      if (event[0] == AETHER_NET_EVENT_DISCONNECTED) return -AETHER_ENOTCONN;
    } else {
      sleep_ms(40);
    }
  }
  return -AETHER_ETIMEDOUT;
}

static int32_t fetch(int32_t stream, const char *host, int32_t port, const char *path) {
  int64_t until = get_time_ms() + PATIENCE_MS;
  int32_t result = net_tx_bind(stream, &sending, sizeof sending);
  if (result >= 0) result = net_rx_bind(stream, &receiving, sizeof receiving);
  if (result >= 0) result = net_connect(stream, host, port);
  if (result >= 0) result = wait_for(stream, AETHER_NET_EVENT_CONNECTED, until);
  if (result < 0) return result;
  char request[512];
  uint32_t size = aether_format(
      request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\nUser-Agent: fetcher/1.0\r\n\r\n",
      path, host, port);
  if (aether_ring_write(&sending.ring, request, size) < 0) return -AETHER_ENOSPC;
  result = net_tx_flush(stream);
  if (result >= 0) result = wait_for(stream, AETHER_NET_EVENT_DISCONNECTED, until);
  drain();
  return result;
}

int32_t main(void) {
  char host_text[64], port_text[8], path_text[64];
  const char *host = setting("host", host_text, sizeof host_text, "127.0.0.1");
  int32_t port = aether_text_number(setting("port", port_text, sizeof port_text, "8080"));
  const char *path = setting("path", path_text, sizeof path_text, "/");
  int64_t begin = get_time_ms();
  int32_t stream = net_open(AETHER_NET_TCP);
  if (stream < 0) {
    aether_printf("fetcher: no stream: %d%s", stream, stream == -AETHER_EPERM ? ", network.use is not granted" : "");
    return -stream;
  }
  int32_t result = fetch(stream, host, port, path);
  net_close(stream);
  if (result < 0) {
    aether_printf(
        "fetcher: http://%s:%d%s: %d%s", host, port, path, result,
        result == -AETHER_EACCES ? ", the network policy does not allow it" : "");
    return -result;
  }
  answer.head[answer.head_size] = 0;
  int32_t status = answer.head_size > 12 ? aether_text_number(answer.head + 9) : 0;
  aether_printf(
      "fetcher: http://%s:%d%s: status %d, %u bytes, checksum %08x, %lld ms", host, port, path, status,
      answer.body_size, answer.checksum, get_time_ms() - begin);
  return status < 200 || status > 299;
}
