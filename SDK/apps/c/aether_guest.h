// Small pieces for guests in C, beside the functions of the host in aether_app.h. None of it needs a C library.
#pragma once
#include "aether_app.h"

// A colour of 16 bits (5 red, 6 green, 5 blue) from three of 8.
static inline int32_t aether_rgb(uint8_t red, uint8_t green, uint8_t blue) {
  return (red & 0xF8) << 8 | (green & 0xFC) << 3 | blue >> 3;
}

// Bytes before the zero byte.
uint32_t aether_text_size(const char *text);
// 1 when both texts are equal, else 0.
int32_t aether_text_equal(const char *left, const char *right);
// The whole number, with or without a sign, that a text begins with; 0 without one.
int32_t aether_text_number(const char *text);

// Writes a text with its zero byte into `into`, cut where `size` ends, and gives its length without the zero byte.
// Known are %d %i %u %x %X %c %s %p and %%, with `-`, `0`, a width, a precision for %s, and `l` or `ll` before d, i, u, x, X.
uint32_t aether_format(char *into, uint32_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
// Writes a line of up to 255 bytes into the app's log.
int32_t aether_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Memory that guest and host share for messages: what net_tx_bind and net_rx_bind take. Behind these 16 bytes comes the data,
// messages of a length (16 bits) and as many bytes. The host sets `capacity` when it is bound; a power of two keeps both
// counters right when they pass 2^32, so make the whole 16 bytes more than one.
typedef struct {
  uint32_t written, read, capacity, flags;
} aether_ring;

#define AETHER_RING_BYTES(capacity) (sizeof(aether_ring) + (capacity))

// Puts a message into a ring. Gives its length, or -1 when there is no room.
int32_t aether_ring_write(aether_ring *ring, const void *message, uint32_t size);
// Takes a message out of a ring. Gives its length, 0 when none is complete, or -1 when it is longer than `size`; it stays then.
int32_t aether_ring_read(aether_ring *ring, void *into, uint32_t size);
