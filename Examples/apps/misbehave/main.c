// Tries what no app may do. What, says the setting `do`, or else the first message on `misbehave.cmd`; `all` is everything that
// the host survives by answering. What was answered goes to the log, and as one line to `misbehave.evt`.
#include "aether_app.h"
#include "aether_guest.h"

enum { OUTSIDE = 0x7FFFFFF0 };

// What one attempt was answered.
static char report[256];
static uint32_t report_size;

static void say(const char *what, int32_t count, int32_t last) {
  char *end = report + report_size;
  uint32_t room = (uint32_t)sizeof report - report_size;
  report_size += aether_format(end, room, "%s%s: %d, then %d", report_size ? "; " : "", what, count, last);
  aether_printf("misbehave: %s: %d, then %d", what, count, last);
}

// MARK: What ends the app

static void loop(void) {
  for (volatile uint32_t turn = 0;; turn++) {}
}

__attribute__((noinline)) static uint32_t descend(uint32_t depth) {
  volatile uint8_t room[256];
  room[depth & 255] = (uint8_t)depth;
  return descend(depth + 1) + room[depth & 255];
}

static void trap(void) {
  volatile uint8_t *outside = (volatile uint8_t *)OUTSIDE;
  aether_printf("misbehave: read %d from outside", outside[0]);
}

// MARK: Memory

static void grow(void) {
  int32_t pages = 0;
  while (__builtin_wasm_memory_grow(0, 16) != (uint32_t)-1) pages += 16;
  say("memory.grow by 16 pages", pages / 16, -1);
}

// Blocks are a list through their first word, so that all are given back.
static void alloc(void) {
  void **list = 0;
  int32_t count = 0;
  for (void **block; (block = mem_alloc(65536)); count++) {
    *block = list;
    list = block;
  }
  while (list) {
    void **next = *list;
    mem_free(list);
    list = next;
  }
  void *large = mem_alloc(UINT32_MAX);
  if (large) mem_free(large);
  say("mem_alloc of 64 KiB", count, large != 0);
}

static void pointer(void) {
  void *outside = (void *)OUTSIDE;
  int32_t wrong = 0, last = 0;
  char room[64];
  int32_t answers[] = {
      storage_list("/", outside, 64),
      storage_list("/", room, UINT32_MAX),
      storage_open(outside, AETHER_STORAGE_READ),
      settings_get("x", outside, 16),
      settings_set(outside, outside),
      msg_publish("misbehave.none", outside, 16),
      msg_publish(outside, "x", 1),
      net_event_pop(outside, 4),
      printf_native(outside),
      fs_stat("/", outside),
      msg_subscribe((const char *)UINT32_MAX),
  };
  for (uint32_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    last = answers[i];
    // Every refusal is right but that there is nothing to refuse.
    if (last >= 0) wrong++;
  }
  say("addresses outside that were accepted", wrong, last);
}

// MARK: Handles

static void handles(void) {
  int32_t timers[64], files[64], streams[64], count = 0, last = 0;
  while (count < 64 && (last = timer_create()) >= 0) timers[count++] = last;
  say("timers", count, last);
  while (count > 0) timer_free(timers[--count]);
  // Calls of a class are limited, too; handles are what this is about.
  for (int32_t tries = 0; count < 64 && tries < 200; tries++) {
    last = storage_open("handles", AETHER_STORAGE_APPEND);
    if (last == -AETHER_EAGAIN) sleep_ms(25);
    else if (last < 0) break;
    else files[count++] = last;
  }
  say("files", count, last);
  while (count > 0) storage_close(files[--count]);
  storage_delete("handles");
  for (int32_t tries = 0; count < 64 && tries < 200; tries++) {
    last = net_open(AETHER_NET_TCP);
    if (last == -AETHER_EAGAIN) sleep_ms(25);
    else if (last < 0) break;
    else streams[count++] = last;
  }
  say("streams", count, last);
  while (count > 0) net_close(streams[--count]);
  // Handles that were given back, and ones that never were.
  say("timer that is none", 0, timer_start(9999));
}

static void paths(void) {
  static const char *const names[] = {
      "../escape", "a/../../escape", "/../escape", "..", "../../../../etc/passwd", "./../escape", "a/..\\..\\escape",
      "//../escape", "", "a\n../escape",
  };
  int32_t opened = 0, last = 0;
  for (uint32_t i = 0; i < sizeof names / sizeof *names; i++) {
    for (int32_t kind = 0; kind < 2; kind++) {
      do {
        last = kind ? fs_open(names[i], AETHER_FS_READ) : storage_open(names[i], AETHER_STORAGE_READ);
        if (last == -AETHER_EAGAIN) sleep_ms(25);
      } while (last == -AETHER_EAGAIN);
      if (last < 0) continue;
      opened++;
      if (kind) fs_close(last);
      else storage_close(last);
    }
  }
  say("paths that lead out and were opened", opened, last);
}

// What the manifest does not ask for, and what its network policy forbids.
static void denied(void) {
  int32_t stream = net_open(AETHER_NET_TCP);
  int32_t connected = stream < 0 ? stream : net_connect(stream, "127.0.0.1", 22);
  if (stream >= 0) net_close(stream);
  uint8_t random[16];
  int32_t answers[] = {
      gpio_write(1, 1), ota_rollback(), app_stop("counter"), crypto_random(random, sizeof random), power_set_mode(4),
      hid_type_string("rm -rf /"), rf_tx_cw_start(), wifi_deauth("aaaaaa", "bbbbbb", 1, 1, 1), connected,
  };
  int32_t allowed = 0;
  for (uint32_t i = 0; i < sizeof answers / sizeof *answers; i++) allowed += answers[i] >= 0;
  say("calls without a right that were carried out", allowed, connected);
}

// MARK: Floods

static void flood_ipc(void) {
  static uint8_t message[64];
  int32_t taken = 0, refused = 0, last = 0;
  msg_subscribe("misbehave.flood");
  for (int32_t i = 0; i < 20000; i++) {
    last = msg_publish("misbehave.flood", message, sizeof message);
    if (last < 0) refused++;
    else taken++;
  }
  msg_unsubscribe("misbehave.flood");
  say("messages taken", taken, last);
  say("messages refused", refused, last);
}

static void flood_log(void) {
  int32_t taken = 0, refused = 0;
  for (int32_t i = 0; i < 20000; i++) {
    if (printf_native("misbehave: this line is one of very many") < 0) refused++;
    else taken++;
  }
  sleep_ms(1000);
  say("lines taken", taken, 0);
  say("lines refused", refused, 0);
}

// MARK: What to do

static const struct {
  const char *name;
  void (*attempt)(void);
} survived[] = {
    {"grow", grow},   {"alloc", alloc},   {"pointer", pointer}, {"handles", handles},
    {"paths", paths}, {"denied", denied}, {"ipc", flood_ipc},   {"log", flood_log},
};

static void answer(void) {
  int32_t sent = msg_publish("misbehave.evt", report, report_size);
  for (int32_t i = 0; sent == -AETHER_EAGAIN && i < 40; i++) {
    sleep_ms(50);
    sent = msg_publish("misbehave.evt", report, report_size);
  }
}

int32_t main(void) {
  char word[32] = "";
  if (settings_get("do", word, sizeof word) <= 0) {
    int32_t result = msg_subscribe("misbehave.cmd");
    if (result >= 0) result = msg_recv("misbehave.cmd", word, sizeof word - 1, -1);
    if (result < 0) {
      aether_printf("misbehave: nothing to do: %d", result);
      return -result;
    }
    word[result] = 0;
    msg_unsubscribe("misbehave.cmd");
  }
  aether_printf("misbehave: %s", word);
  if (aether_text_equal(word, "loop")) loop();
  if (aether_text_equal(word, "stack")) return (int32_t)descend(0);
  if (aether_text_equal(word, "trap")) trap();
  int32_t done = 0, is_all = aether_text_equal(word, "all");
  for (uint32_t i = 0; i < sizeof survived / sizeof *survived; i++) {
    if (!is_all && !aether_text_equal(word, survived[i].name)) continue;
    report_size = 0;
    survived[i].attempt();
    answer();
    done++;
  }
  if (done == 0) aether_printf("misbehave: %s is nothing it knows", word);
  return done == 0;
}
