// For images where flash is what is short: in place of the functions of libgcc and newlib, which are several times as long
// and faster. Bit by bit here, which an automaton without scripts does a few times a second at most.
#include <stddef.h>
#include <stdint.h>

// Run-time ABI for the Arm Architecture (IHI 0043), 4.2: quotient in r0 and r1, rest in r2 and r3.
__attribute__((naked)) void __aeabi_uldivmod(void) {
  __asm volatile(
      "push {r4-r8, lr}\n"
      "movs r4, #0\n"  // rest so far: r4, r5
      "movs r5, #0\n"
      "movs r6, #64\n"
      "1: adds r0, r0, r0\n"  // the next bit of the dividend moves into the rest
      "adcs r1, r1\n"
      "adcs r4, r4\n"
      "adcs r5, r5\n"
      "bcs 2f\n"  // more than 64 bits
      "subs r7, r4, r2\n"
      "sbcs r8, r5, r3\n"
      "bcc 3f\n"
      "2: subs r4, r4, r2\n"
      "sbcs r5, r3\n"
      "adds r0, #1\n"
      "3: subs r6, #1\n"
      "bne 1b\n"
      "mov r2, r4\n"
      "mov r3, r5\n"
      "pop {r4-r8, pc}\n");
}

__attribute__((no_builtin)) void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  uint8_t *target = to;
  const uint8_t *source = from;
  // This processor reads and writes words at any address.
  for (; count >= 4; count -= 4, target += 4, source += 4)
    __asm volatile("ldr r3, [%1]\n str r3, [%0]" ::"r"(target), "r"(source) : "r3", "memory");
  while (count-- > 0) *target++ = *source++;
  return to;
}

__attribute__((no_builtin)) void *memset(void *to, int value, size_t count) {
  uint8_t *target = to;
  while (count-- > 0) *target++ = (uint8_t)value;
  return to;
}
