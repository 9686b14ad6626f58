// Arm MPS2 with Cortex-M4 (AN386): vector table, reset, UART 0, fault report.
// Registers: Arm Cortex-M4 Devices Generic User Guide (DUI 0553); CMSDK UART: Cortex-M System Design Kit (DDI 0479).
#include "board.h"

extern uint32_t stack_start[], stack_end[], fault_stack_end[];
extern uint32_t data_source[], data_start[], data_end[], bss_start[], bss_end[], heap_start[], heap_end[];

int main(void);
void reset(void);

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define UART 0x40004000u
#define UART_DATA REGISTER(UART)
#define UART_STATE REGISTER(UART + 0x4)
#define UART_CONTROL REGISTER(UART + 0x8)
#define UART_DIVIDER REGISTER(UART + 0x10)
#define FAULT_STATUS REGISTER(0xE000ED28)
#define FAULT_ADDRESS REGISTER(0xE000ED38)
#define COPROCESSOR_ACCESS REGISTER(0xE000ED88)

#define TICK_CONTROL REGISTER(0xE000E010)
#define TICK_RELOAD REGISTER(0xE000E014)
#define TICK_VALUE REGISTER(0xE000E018)

enum {
  CLOCK_HZ = 25000000,
  BAUD = 115200,
  UART_FULL = 1,
  UART_FILLED = 2,
  UART_TRANSMIT = 1,
  UART_RECEIVE = 2,
  TICK_ON = 7,  // counting, interrupt, clock of the processor
  EXIT_FAULT = 70,
};

static const uint32_t UNUSED_STACK = 0x5AFE57ACu;

void console_write(const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    while (UART_STATE & UART_FULL) {
    }
    UART_DATA = bytes[i];
  }
}

int32_t console_read(void) { return UART_STATE & UART_FILLED ? (int32_t)(UART_DATA & 0xFF) : -1; }

static volatile uint32_t time_ms;

static void tick(void) { time_ms++; }
uint32_t milliseconds(void) { return time_ms; }
void wait_for_interrupt(void) { __asm volatile("wfi"); }

static void write_text(const char *text) {
  while (*text) console_write((const uint8_t *)text++, 1);
}

static void write_number(const char *label, uint32_t value) {
  write_text(label);
  for (int shift = 28; shift >= 0; shift -= 4) {
    uint8_t digit = (value >> shift) & 15;
    digit += digit < 10 ? '0' : 'a' - 10;
    console_write(&digit, 1);
  }
}

// Says what went wrong, and ends the program. `frame`: what the processor saved (registers, then return address).
__attribute__((used)) _Noreturn void report_fault(const uint32_t *frame) {
  write_text("fault:");
  write_number(" status ", FAULT_STATUS);
  write_number(" address ", FAULT_ADDRESS);
  if (frame >= stack_start && frame + 8 <= stack_end) {
    write_number(" at ", frame[6]);
    write_number(" called from ", frame[5]);
  } else {
    write_text(" stack overflow");
  }
  if (heap_refused()) write_number(" heap refused ", (uint32_t)heap_refused());
  write_text("\n");
  host_exit(EXIT_FAULT);
}

// The stack may be what is broken: the report has one of its own.
__attribute__((naked)) static void fault(void) {
  __asm volatile(
      "mrs r0, msp\n"
      "ldr r1, =fault_stack_end\n"
      "msr msp, r1\n"
      "b report_fault\n");
}

void stack_forget_peak(void) {
  volatile uint32_t *end = (uint32_t *)__builtin_frame_address(0) - 16;
  for (volatile uint32_t *word = stack_start; word < end; word++) *word = UNUSED_STACK;
}

size_t stack_peak(void) {
  const uint32_t *word = stack_start;
  while (word < stack_end && *word == UNUSED_STACK) word++;
  return (size_t)((const char *)stack_end - (const char *)word);
}

void reset(void) {
  const uint32_t *from = data_source;
  for (uint32_t *to = data_start; to < data_end;) *to++ = *from++;
  for (uint32_t *to = bss_start; to < bss_end;) *to++ = 0;
  COPROCESSOR_ACCESS |= 0xFu << 20;  // floating point unit
  __asm volatile("dsb\n isb");
  UART_DIVIDER = CLOCK_HZ / BAUD;
  UART_CONTROL = UART_TRANSMIT | UART_RECEIVE;
  TICK_RELOAD = CLOCK_HZ / 1000 - 1;
  TICK_VALUE = 0;
  TICK_CONTROL = TICK_ON;
  heap_add(heap_start, (size_t)((char *)heap_end - (char *)heap_start));
  stack_forget_peak();
  host_exit((uint32_t)main());
}

typedef void (*handler)(void);
__attribute__((section(".vectors"), used)) static const handler vectors[16] = {
    (handler)stack_end, reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, tick};

// Seed of hash tables; a fixed one, so that runs can be repeated.
void arc4random_buf(void *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) ((uint8_t *)bytes)[i] = (uint8_t)(i * 37 + 11);
}
