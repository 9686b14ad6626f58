// The heap of targets without an operating system: malloc, free, posix_memalign.
//
// Blocks lie one after the other. A block knows its own size and that of the one before it, so that neighbours that are
// free become one at once. Free blocks hang in lists by size: one list per size up to 256 bytes, then one per power of two.
#include "board.h"

typedef struct block {
  uint32_t before;  // size of the block before this one, 0 for the first
  uint32_t size;    // with the header; a multiple of 8; lowest bit: in use
  struct block *next, *previous;  // only while free
} block;

enum { HEADER = 8, LEAST = 16, EXACT_MAX = 256, LISTS = 32 + 24 };

static block *lists[LISTS];
static size_t used, peak, refused;

static uint32_t size_of(const block *b) { return b->size & ~1u; }
static block *after(const block *b) { return (block *)((char *)b + size_of(b)); }
static int is_used(const block *b) { return b->size & 1; }

static int list_of(uint32_t size) {
  if (size <= EXACT_MAX) return (int)(size / 8) - 1;
  return 32 + (31 - __builtin_clz(size)) - 8;
}

static void put(block *b) {
  block **list = &lists[list_of(size_of(b))];
  b->next = *list;
  b->previous = 0;
  if (*list) (*list)->previous = b;
  *list = b;
}

static void take(block *b) {
  if (b->previous) b->previous->next = b->next;
  else lists[list_of(size_of(b))] = b->next;
  if (b->next) b->next->previous = b->previous;
}

static void set_size(block *b, uint32_t size, uint32_t in_use) {
  b->size = size | in_use;
  after(b)->before = size;
}

// Gives a region to the heap. A header that counts as in use ends it.
void heap_add(void *start, size_t size) {
  uintptr_t from = ((uintptr_t)start + 7) & ~(uintptr_t)7;
  uintptr_t to = ((uintptr_t)start + size) & ~(uintptr_t)7;
  if (to < from + LEAST + HEADER) return;
  block *b = (block *)from;
  b->before = 0;
  ((block *)(to - HEADER))->size = 1;
  set_size(b, (uint32_t)(to - HEADER - from), 0);
  put(b);
}

// More memory from the surroundings, or 0; targets whose memory grows define it.
__attribute__((weak)) int heap_grow(size_t size) {
  (void)size;
  return 0;
}

// Keeps `size` bytes of a block that is in no list, and gives the rest back.
static void *use(block *b, uint32_t size) {
  uint32_t rest = size_of(b) - size;
  if (rest >= LEAST) {
    set_size(b, size, 1);
    block *left = after(b);
    set_size(left, rest, 0);
    put(left);
  } else {
    set_size(b, size_of(b), 1);
  }
  used += size_of(b);
  if (used > peak) peak = used;
  return (char *)b + HEADER;
}

static block *find(uint32_t size) {
  for (int list = list_of(size); list < LISTS; list++)
    for (block *b = lists[list]; b; b = b->next)
      if (size_of(b) >= size) return b;
  return 0;
}

static block *reserve(size_t count, uint32_t *size) {
  if (count > 0x40000000) {
    refused = count;
    return 0;
  }
  *size = ((uint32_t)count + HEADER + 7) & ~7u;
  if (*size < LEAST) *size = LEAST;
  block *b = find(*size);
  if (!b && heap_grow(*size)) b = find(*size);
  if (b) take(b);
  else refused = count;
  return b;
}

void *malloc(size_t count) {
  uint32_t size;
  block *b = reserve(count, &size);
  return b ? use(b, size) : 0;
}

void free(void *address) {
  if (!address) return;
  block *b = (block *)((char *)address - HEADER);
  uint32_t size = size_of(b);
  used -= size;
  block *next = after(b);
  if (!is_used(next)) {
    take(next);
    size += size_of(next);
  }
  if (b->before) {
    block *previous = (block *)((char *)b - b->before);
    if (!is_used(previous)) {
      take(previous);
      size += size_of(previous);
      b = previous;
    }
  }
  set_size(b, size, 0);
  put(b);
}

int posix_memalign(void **out, size_t alignment, size_t count) {
  if (alignment <= 8) {
    *out = malloc(count);
    return *out ? 0 : 12;
  }
  // Room to move the start up to the next aligned address, leaving a block of its own in front.
  uint32_t size, roomy;
  if (count > 0x40000000 - alignment - LEAST) return 12;
  block *b = reserve(count + alignment + LEAST, &roomy);
  if (!b) return 12;
  size = ((uint32_t)count + HEADER + 7) & ~7u;
  if (size < LEAST) size = LEAST;
  uintptr_t address = (uintptr_t)b + HEADER;
  if (address & (alignment - 1)) {
    uintptr_t aligned = (address + LEAST + alignment - 1) & ~(uintptr_t)(alignment - 1);
    uint32_t front = (uint32_t)(aligned - address), whole = size_of(b);
    set_size(b, front, 0);
    put(b);
    b = after(b);
    b->size = (whole - front) | 0;
  }
  *out = use(b, size);
  return 0;
}

size_t heap_used(void) { return used; }
size_t heap_peak(void) { return peak; }
void heap_forget_peak(void) { peak = used; }
size_t heap_refused(void) { return refused; }
