// What Swift's run-time asks of a target without a C library. The heap is that of the firmware.
#include "../Firmware/Board/board.h"

extern unsigned char __heap_base;
enum { PAGE = 65536, STEP = 16 };

// Adds pages for `size` bytes. Each addition is a region of its own; it is never given back.
int heap_grow(size_t size) {
  size_t pages = (size + 64 + PAGE - 1) / PAGE;
  if (pages < STEP) pages = STEP;
  size_t before = __builtin_wasm_memory_grow(0, pages);
  if (before == (size_t)-1) return 0;
  heap_add((void *)(before * PAGE), pages * PAGE);
  return 1;
}

void *memset(void *to, int value, size_t count) { return __builtin_memset(to, value, count); }
void *memcpy(void *to, const void *from, size_t count) { return __builtin_memcpy(to, from, count); }
void *memmove(void *to, const void *from, size_t count) { return __builtin_memmove(to, from, count); }

int memcmp(const void *left, const void *right, size_t count) {
  const uint8_t *a = left, *b = right;
  for (size_t i = 0; i < count; i++)
    if (a[i] != b[i]) return a[i] - b[i];
  return 0;
}

// Seed of hash tables; a fixed one, so that runs can be repeated.
void arc4random_buf(void *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) ((uint8_t *)bytes)[i] = (uint8_t)(i * 37 + 11);
}
