// Calls of the kernel's device interfaces that are macros or variadic in C: GPIO character devices (linux/gpio.h, second
// version), I2C adapters (linux/i2c-dev.h) and serial lines of any speed (asm/termbits.h). All give -errno on failure.
#ifndef CDEVICES_H
#define CDEVICES_H

#include <stddef.h>
#include <stdint.h>

enum {
  cdevices_gpio_output = 1,
  cdevices_gpio_active_low = 2,
  cdevices_gpio_pull_up = 4,
  cdevices_gpio_pull_down = 8,
  // Of inputs: the kernel keeps changes of the level for cdevices_gpio_changes.
  cdevices_gpio_edges = 16,
};

// Takes one line of a chip for this process. `value` is the logical one that an output begins with. Gives a descriptor; closing
// it gives the line back.
int cdevices_gpio_take(int chip, uint32_t line, unsigned flags, int value, const char *consumer);
// Makes it what other flags say.
int cdevices_gpio_change(int line, unsigned flags, int value);
// How often the level has changed since the last call, as far as the kernel has kept it (16 changes). Not which way: the kernel
// says so by the level when it gets round to a change, which may be another one by then.
int cdevices_gpio_changes(int line);
int cdevices_gpio_get(int line);  // 0 or 1
int cdevices_gpio_set(int line, int value);

// Register access with a register number of one byte; `count` is 1 to 256. Adapters that only speak SMBus are served in blocks
// of 32 bytes or, when they have none, byte by byte. `adapter` is nobody else's meanwhile: the kernel keeps the address with the
// open file. -EBUSY for a device that a driver of the kernel has.
int cdevices_i2c_read(int adapter, uint8_t address, uint8_t reg, uint8_t *bytes, size_t count);
int cdevices_i2c_write(int adapter, uint8_t address, uint8_t reg, const uint8_t *bytes, size_t count);

// Eight bits, no parity, one stop bit, no control of the flow, `baud` as it is. -EINVAL for a speed that the hardware does not
// have, -EIO for a port without hardware.
int cdevices_serial_configure(int fd, uint32_t baud);
// What the line is set to.
int cdevices_serial_speed(int fd);
// 1 when the port, or the other end of a pseudo terminal, has gone; reads give nothing then.
int cdevices_serial_is_gone(int fd);

#endif
