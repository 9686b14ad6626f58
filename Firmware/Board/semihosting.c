// Semihosting: calls that a debugger or emulator answers (Arm IHI 0100).
#include "board.h"

enum {
  SYS_OPEN = 0x01,
  SYS_CLOSE = 0x02,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_GET_CMDLINE = 0x15,
  SYS_EXIT_EXTENDED = 0x20,
  OPEN_READ = 1,   // "rb"
  OPEN_WRITE = 5,  // "wb"
  APPLICATION_EXIT = 0x20026,
};

static int32_t call(uint32_t operation, void *arguments) {
  register uint32_t r0 __asm("r0") = operation;
  register void *r1 __asm("r1") = arguments;
  __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return (int32_t)r0;
}

int32_t host_open_argument(uint32_t index, int is_output) {
  static char line[512];
  uint32_t command[2] = {(uint32_t)(uintptr_t)line, sizeof line};
  if (call(SYS_GET_CMDLINE, command)) return -1;
  char *start = line;
  for (; index > 0; index--) {
    while (*start && *start != ' ') start++;
    while (*start == ' ') start++;
  }
  uint32_t length = 0;
  while (start[length] && start[length] != ' ') length++;
  if (length == 0) return -1;
  start[length] = 0;
  uint32_t arguments[3] = {(uint32_t)(uintptr_t)start, is_output ? OPEN_WRITE : OPEN_READ, length};
  return call(SYS_OPEN, arguments);
}

int32_t host_read(int32_t handle, uint8_t *bytes, uint32_t count) {
  uint32_t arguments[3] = {(uint32_t)handle, (uint32_t)(uintptr_t)bytes, count};
  int32_t missing = call(SYS_READ, arguments);
  return missing < 0 || (uint32_t)missing > count ? -1 : (int32_t)(count - (uint32_t)missing);
}

int32_t host_write(int32_t handle, const uint8_t *bytes, uint32_t count) {
  uint32_t arguments[3] = {(uint32_t)handle, (uint32_t)(uintptr_t)bytes, count};
  int32_t missing = call(SYS_WRITE, arguments);
  return missing < 0 || (uint32_t)missing > count ? -1 : (int32_t)(count - (uint32_t)missing);
}

void host_close(int32_t handle) { call(SYS_CLOSE, &handle); }

_Noreturn void host_exit(uint32_t code) {
  uint32_t arguments[2] = {APPLICATION_EXIT, code};
  call(SYS_EXIT_EXTENDED, arguments);
  for (;;) {
  }
}
