#include "aether_guest.h"

#include <stdarg.h>
#include <stddef.h>

// What compilers call by themselves.
void *memset(void *to, int value, size_t count);
void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
int memcmp(const void *left, const void *right, size_t count);

__attribute__((weak, no_builtin("memset"))) void *memset(void *to, int value, size_t count) {
  unsigned char *bytes = to;
  for (size_t i = 0; i < count; i++) bytes[i] = (unsigned char)value;
  return to;
}

__attribute__((weak, no_builtin("memcpy", "memmove"))) void *memmove(void *to, const void *from, size_t count) {
  unsigned char *target = to;
  const unsigned char *source = from;
  if (target < source) {
    for (size_t i = 0; i < count; i++) target[i] = source[i];
  } else {
    for (size_t i = count; i > 0; i--) target[i - 1] = source[i - 1];
  }
  return to;
}

__attribute__((weak)) void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  return memmove(to, from, count);
}

__attribute__((weak)) int memcmp(const void *left, const void *right, size_t count) {
  const unsigned char *a = left, *b = right;
  for (size_t i = 0; i < count; i++) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

uint32_t aether_text_size(const char *text) {
  uint32_t size = 0;
  while (text[size]) size++;
  return size;
}

int32_t aether_text_equal(const char *left, const char *right) {
  while (*left && *left == *right) {
    left++;
    right++;
  }
  return *left == *right;
}

int32_t aether_text_number(const char *text) {
  int32_t is_negative = *text == '-';
  if (*text == '-' || *text == '+') text++;
  uint32_t number = 0;
  while (*text >= '0' && *text <= '9') number = number * 10 + (uint32_t)(*text++ - '0');
  return is_negative ? (int32_t)(0 - number) : (int32_t)number;
}

// Where formatted text goes: `used` counts on when there is no more room.
typedef struct {
  char *bytes;
  uint32_t size, used;
} output;

static void put(output *out, char byte) {
  if (out->used + 1 < out->size) out->bytes[out->used] = byte;
  out->used++;
}

static void put_padded(output *out, const char *text, uint32_t length, uint32_t width, int32_t is_left, char pad) {
  // A sign stands before zeros.
  if (pad == '0' && length > 0 && *text == '-') {
    put(out, '-');
    text++;
    length--;
    if (width > 0) width--;
  }
  if (!is_left) {
    for (uint32_t i = length; i < width; i++) put(out, pad);
  }
  for (uint32_t i = 0; i < length; i++) put(out, text[i]);
  if (is_left) {
    for (uint32_t i = length; i < width; i++) put(out, ' ');
  }
}

static void put_number(
    output *out, uint64_t number, int32_t is_negative, uint32_t base, char letter, uint32_t width, int32_t is_left,
    char pad) {
  char digits[24];
  uint32_t start = sizeof digits;
  do {
    uint32_t digit = (uint32_t)(number % base);
    digits[--start] = (char)(digit < 10 ? '0' + digit : (uint32_t)letter + digit - 10);
    number /= base;
  } while (number);
  if (is_negative) digits[--start] = '-';
  put_padded(out, digits + start, (uint32_t)sizeof digits - start, width, is_left, pad);
}

static void format(output *out, const char *text, va_list values) {
  for (; *text; text++) {
    if (*text != '%') {
      put(out, *text);
      continue;
    }
    text++;
    int32_t is_left = 0;
    char pad = ' ';
    for (; *text == '-' || *text == '0'; text++) {
      if (*text == '-') is_left = 1;
      else pad = '0';
    }
    if (is_left) pad = ' ';
    uint32_t width = 0, precision = UINT32_MAX, longs = 0;
    if (*text == '*') {
      width = va_arg(values, uint32_t);
      text++;
    }
    while (*text >= '0' && *text <= '9') width = width * 10 + (uint32_t)(*text++ - '0');
    if (*text == '.') {
      precision = 0;
      text++;
      if (*text == '*') {
        precision = va_arg(values, uint32_t);
        text++;
      }
      while (*text >= '0' && *text <= '9') precision = precision * 10 + (uint32_t)(*text++ - '0');
    }
    while (*text == 'l') {
      longs++;
      text++;
    }
    switch (*text) {
      case 'd':
      case 'i': {
        int64_t value = longs > 1 ? va_arg(values, int64_t) : longs ? va_arg(values, long) : va_arg(values, int32_t);
        uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        put_number(out, magnitude, value < 0, 10, 'a', width, is_left, pad);
        break;
      }
      case 'u':
      case 'x':
      case 'X': {
        uint64_t value =
            longs > 1 ? va_arg(values, uint64_t) : longs ? va_arg(values, unsigned long) : va_arg(values, uint32_t);
        put_number(out, value, 0, *text == 'u' ? 10 : 16, *text == 'X' ? 'A' : 'a', width, is_left, pad);
        break;
      }
      case 'p':
        put(out, '0');
        put(out, 'x');
        put_number(out, (uintptr_t)va_arg(values, void *), 0, 16, 'a', 8, 0, '0');
        break;
      case 'c': {
        char byte = (char)va_arg(values, int32_t);
        put_padded(out, &byte, 1, width, is_left, ' ');
        break;
      }
      case 's': {
        const char *value = va_arg(values, const char *);
        if (!value) value = "(null)";
        uint32_t length = 0;
        while (length < precision && value[length]) length++;
        put_padded(out, value, length, width, is_left, ' ');
        break;
      }
      case 0: return;
      default: put(out, *text);
    }
  }
}

static uint32_t finish(output *out) {
  if (out->size == 0) return 0;
  uint32_t length = out->used < out->size ? out->used : out->size - 1;
  out->bytes[length] = 0;
  return length;
}

uint32_t aether_format(char *into, uint32_t size, const char *text, ...) {
  output out = {into, size, 0};
  va_list values;
  va_start(values, text);
  format(&out, text, values);
  va_end(values);
  return finish(&out);
}

int32_t aether_printf(const char *text, ...) {
  char line[256];
  output out = {line, sizeof line, 0};
  va_list values;
  va_start(values, text);
  format(&out, text, values);
  va_end(values);
  finish(&out);
  return printf_native(line);
}

static uint8_t *data_of(aether_ring *ring) { return (uint8_t *)(ring + 1); }

static void ring_copy_in(aether_ring *ring, uint32_t at, const uint8_t *bytes, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) data_of(ring)[(at + i) % ring->capacity] = bytes[i];
}

static void ring_copy_out(aether_ring *ring, uint32_t at, uint8_t *bytes, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) bytes[i] = data_of(ring)[(at + i) % ring->capacity];
}

int32_t aether_ring_write(aether_ring *ring, const void *message, uint32_t size) {
  uint32_t written = ring->written;
  uint32_t used = written - __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE);
  if (size > 0xFFFF || used > ring->capacity || size + 2 > ring->capacity - used) return -1;
  uint8_t length[2] = {(uint8_t)size, (uint8_t)(size >> 8)};
  ring_copy_in(ring, written, length, 2);
  ring_copy_in(ring, written + 2, message, size);
  __atomic_store_n(&ring->written, written + 2 + size, __ATOMIC_RELEASE);
  return (int32_t)size;
}

int32_t aether_ring_read(aether_ring *ring, void *into, uint32_t size) {
  uint32_t read = ring->read;
  uint32_t used = __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE) - read;
  if (used < 2) return 0;
  uint8_t length[2];
  ring_copy_out(ring, read, length, 2);
  uint32_t count = (uint32_t)length[0] | (uint32_t)length[1] << 8;
  if (used < count + 2) return 0;
  if (count > size) return -1;
  ring_copy_out(ring, read + 2, into, count);
  __atomic_store_n(&ring->read, read + 2 + count, __ATOMIC_RELEASE);
  return (int32_t)count;
}
