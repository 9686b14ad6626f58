// What the board gives to programs: memory, a console, files of the machine that emulates or debugs it.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Heap, see heap.c.
void heap_add(void *start, size_t size);
size_t heap_used(void);
size_t heap_peak(void);
void heap_forget_peak(void);
// Size of the allocation that could not be served; 0 when all could be.
size_t heap_refused(void);

// Console: UART 0. `console_read` gives the next byte, or -1 when there is none.
void console_write(const uint8_t *bytes, size_t count);
int32_t console_read(void);

// Time since the reset; wraps around after 49 days.
uint32_t milliseconds(void);
void wait_for_interrupt(void);

// Bytes of stack that were in use at most since `stack_forget_peak`.
size_t stack_peak(void);
void stack_forget_peak(void);

// Semihosting: files of the host, named by its command line (argument 0 is the program).
// Handles and counts are negative when something went wrong.
int32_t host_open_argument(uint32_t index, int is_output);
int32_t host_read(int32_t handle, uint8_t *bytes, uint32_t count);
int32_t host_write(int32_t handle, const uint8_t *bytes, uint32_t count);
void host_close(int32_t handle);
_Noreturn void host_exit(uint32_t code);
