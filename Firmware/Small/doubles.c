// Whole numbers and single-precision numbers as doubles (IEEE 754-2019), by their bits: in place of functions of libgcc
// that bring its addition along. `corpus-runner` has them too, so that the tests compare them with other targets.
#include <stdint.h>

// `value` times two to the power `exponent`, where that is a normal number; rounded to the nearest, ties to even.
__attribute__((noinline)) static uint64_t pack(uint64_t sign, uint64_t value, int exponent) {
  if (value == 0) return sign;
  int zeros = __builtin_clzll(value);
  value <<= zeros;
  uint64_t fraction = value >> 11;
  uint32_t rest = value & 0x7FF;
  // The first bit of the fraction adds one to the exponent; so does rounding up to the next power of two.
  uint64_t bits = sign | ((uint64_t)(exponent + 1023 + 62 - zeros) << 52);
  return bits + fraction + (rest + (fraction & 1) > 0x400);
}

uint64_t __aeabi_ul2d(uint64_t value) { return pack(0, value, 0); }
uint64_t __aeabi_ui2d(uint32_t value) { return pack(0, value, 0); }

uint64_t __aeabi_l2d(int64_t value) {
  return value < 0 ? pack(1ull << 63, 0 - (uint64_t)value, 0) : pack(0, (uint64_t)value, 0);
}

uint64_t __aeabi_i2d(int32_t value) { return __aeabi_l2d(value); }

uint64_t __aeabi_f2d(uint32_t bits) {
  uint64_t sign = (uint64_t)(bits >> 31) << 63;
  uint32_t exponent = bits >> 23 & 0xFF, fraction = bits & 0x7FFFFF;
  // Infinite, or not a number, which becomes a quiet one.
  if (exponent == 0xFF) return sign | 0x7FFull << 52 | (uint64_t)fraction << 29 | (fraction ? 1ull << 51 : 0);
  if (exponent == 0) exponent = 1;
  else fraction |= 0x800000;
  return pack(sign, fraction, (int)exponent - 150);
}
