// Reads three sensors at an interval, publishes each value below apps/NAME/, which is what a node lets the app NAME use, and
// appends it to a file. Settings: `interval` in milliseconds (1000), `samples` (0: for ever), `bytes` of a file (4096). There
// are four files; when one is full, the oldest begins anew.
#include "aether_app.h"
#include "aether_guest.h"

enum { FILES = 4 };

static const struct {
  int32_t channel;
  const char *name;
} sensors[] = {
    {AETHER_SENSOR_AMBIENT_TEMP, "temperature"},
    {AETHER_SENSOR_HUMIDITY, "humidity"},
    {AETHER_SENSOR_PRESSURE, "pressure"},
};

static int32_t setting(const char *key, int32_t otherwise) {
  char text[16];
  return settings_get(key, text, sizeof text) > 0 ? aether_text_number(text) : otherwise;
}

// The rate of a class is used up for a moment: try again.
#define PATIENTLY(result, call)                                \
  do {                                                         \
    (result) = (call);                                         \
    if ((result) == -AETHER_EAGAIN) sleep_ms(20);              \
  } while ((result) == -AETHER_EAGAIN)

static int32_t file_number, file_used;

// Opens the file that is written to, the next one when it is full.
static int32_t append(const char *line, uint32_t size, int32_t bytes_max) {
  int32_t is_new = file_used + (int32_t)size > bytes_max;
  if (is_new) {
    char number[8];
    file_number = (file_number + 1) % FILES;
    file_used = 0;
    aether_format(number, sizeof number, "%d", file_number);
    settings_set("file", number);
  }
  char path[16];
  aether_format(path, sizeof path, "log-%d.csv", file_number);
  int32_t file, written;
  PATIENTLY(file, storage_open(path, is_new ? AETHER_STORAGE_WRITE : AETHER_STORAGE_APPEND));
  if (file < 0) return file;
  PATIENTLY(written, storage_write(file, line, size));
  storage_close(file);
  if (written > 0) file_used += written;
  return written;
}

int32_t main(void) {
  int32_t interval = setting("interval", 1000), samples = setting("samples", 0), bytes_max = setting("bytes", 4096);
  if (interval < 20) interval = 20;
  file_number = setting("file", 0) % FILES;
  // A file of an earlier run is taken as full, so that no file is ever too long.
  file_used = bytes_max;
  int32_t has_broker = 1;
  char name[32];
  if (app_get_self_name(name, sizeof name) < 0) {
    aether_printf("sensor-logger: app.info is not granted");
    return AETHER_EPERM;
  }
  for (int32_t taken = 0; samples == 0 || taken < samples; taken++) {
    for (uint32_t i = 0; i < sizeof sensors / sizeof *sensors; i++) {
      int32_t value = sensor_read(sensors[i].channel);
      if (value == INT32_MIN) continue;
      if (value == -AETHER_EPERM) {
        aether_printf("sensor-logger: sensor.read is not granted");
        return AETHER_EPERM;
      }
      char text[64];
      uint32_t size = aether_format(text, sizeof text, "%lld,%s,%d\n", get_time_ms(), sensors[i].name, value);
      int32_t written = append(text, size, bytes_max);
      if (written < 0) {
        aether_printf("sensor-logger: the file cannot be written: %d", written);
        return -written;
      }
      char topic[64];
      aether_format(topic, sizeof topic, "apps/%s/%s", name, sensors[i].name);
      size = aether_format(text, sizeof text, "%d", value);
      int32_t sent = mqtt_publish(topic, text, size, 0, 1);
      if (sent == -AETHER_EPERM) {
        aether_printf("sensor-logger: mqtt is not granted");
        return AETHER_EPERM;
      }
      // Values are kept in the files while there is no broker; say it once, and when it is there again.
      if (sent < 0 && has_broker) aether_printf("sensor-logger: not sent, files only: %d", sent);
      if (sent >= 0 && !has_broker) aether_printf("sensor-logger: sent again");
      has_broker = sent >= 0;
    }
    sleep_ms(interval);
  }
  aether_printf("sensor-logger: %d samples taken", samples);
  return 0;
}
