// What Embedded Swift asks of a target without a C library: a heap, random numbers for hash tables, `print`, and the product
// of two numbers of 64 bits. Link it with aether_guest.c.
#include <stddef.h>
#include <stdint.h>

#include "aether_app.h"

extern unsigned char __heap_base;

// Blocks have a power of two as their size; those that are free hang in one list per power. `offset` is how far an aligned
// address lies behind the block's own, 0 where it is the same.
typedef struct block {
  uint32_t power, offset;
  struct block *next;
  uint32_t unused;
} block;

enum { PAGE = 65536, LEAST = 5, MOST = 30 };

static block *lists[MOST + 1];
static uintptr_t end;

void *malloc(size_t size);
void free(void *address);
int posix_memalign(void **address, size_t alignment, size_t size);
void arc4random_buf(void *bytes, size_t count);
int putchar(int byte);

void *malloc(size_t size) {
  if (size > (1u << MOST) - sizeof(block)) return NULL;
  uint32_t power = LEAST;
  while (((size_t)1 << power) < size + sizeof(block)) power++;
  block *found = lists[power];
  if (found) {
    lists[power] = found->next;
  } else {
    if (!end) end = ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
    uintptr_t next = end + ((uintptr_t)1 << power);
    uintptr_t most = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
    if (next < end) return NULL;
    if (next > most && __builtin_wasm_memory_grow(0, (next - most + PAGE - 1) / PAGE) == SIZE_MAX) return NULL;
    found = (block *)end;
    end = next;
  }
  found->power = power;
  found->offset = 0;
  return found + 1;
}

void free(void *address) {
  if (!address) return;
  block *found = (block *)address - 1;
  if (found->offset) found = (block *)((uintptr_t)address - found->offset) - 1;
  found->next = lists[found->power];
  lists[found->power] = found;
}

int posix_memalign(void **address, size_t alignment, size_t size) {
  uint8_t *start = malloc(alignment <= 16 ? size : size + alignment + sizeof(block));
  if (!start) return AETHER_ENOMEM;
  *address = start;
  if (alignment > 16) {
    uintptr_t aligned = ((uintptr_t)start + sizeof(block) + alignment - 1) & ~(uintptr_t)(alignment - 1);
    ((block *)aligned - 1)->offset = (uint32_t)(aligned - (uintptr_t)start);
    *address = (void *)aligned;
  }
  return 0;
}

// Seed of hash tables; a fixed one, so that runs can be repeated.
void arc4random_buf(void *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) ((uint8_t *)bytes)[i] = (uint8_t)(i * 37 + 11);
}

// `print` comes byte by byte and goes out line by line.
int putchar(int byte) {
  static char line[256];
  static uint32_t used;
  if (byte != '\n') line[used++] = (char)byte;
  if (byte == '\n' || used == sizeof line - 1) {
    line[used] = 0;
    printf_native(line);
    used = 0;
  }
  return byte;
}

// The name is the compiler's; parts of 32 bits make the low 128 bits of the product.
__int128 __multi3(__int128 left, __int128 right);
__attribute__((weak)) __int128 __multi3(__int128 left, __int128 right) {
  uint64_t a = (uint64_t)left, b = (uint64_t)right;
  uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
  uint64_t low = a0 * b0, middle = a1 * b0 + (low >> 32), other = a0 * b1 + (uint32_t)middle;
  uint64_t high = a1 * b1 + (middle >> 32) + (other >> 32);
  high += (uint64_t)(left >> 64) * b + a * (uint64_t)(right >> 64);
  return (__int128)((unsigned __int128)high << 64 | (other << 32 | (uint32_t)low));
}
