#define _GNU_SOURCE
#include <errno.h>
#include <linux/gpio.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "CDevices.h"

static int result(int value) { return value < 0 ? -errno : value; }

int cdevices_gpio_take(int chip, uint32_t line, unsigned flags, int value, const char *consumer) {
  struct gpio_v2_line_request request;
  memset(&request, 0, sizeof request);
  request.offsets[0] = line;
  request.num_lines = 1;
  snprintf(request.consumer, sizeof request.consumer, "%s", consumer);
  request.config.flags = flags & cdevices_gpio_output ? GPIO_V2_LINE_FLAG_OUTPUT : GPIO_V2_LINE_FLAG_INPUT;
  if (flags & cdevices_gpio_active_low) request.config.flags |= GPIO_V2_LINE_FLAG_ACTIVE_LOW;
  if (flags & cdevices_gpio_pull_up) request.config.flags |= GPIO_V2_LINE_FLAG_BIAS_PULL_UP;
  if (flags & cdevices_gpio_pull_down) request.config.flags |= GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN;
  if (flags & cdevices_gpio_output) {
    request.config.num_attrs = 1;
    request.config.attrs[0].mask = 1;
    request.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
    request.config.attrs[0].attr.values = value ? 1 : 0;
  }
  if (ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0) return -errno;
  return request.fd;
}

int cdevices_gpio_get(int line) {
  struct gpio_v2_line_values values = {.mask = 1};
  if (ioctl(line, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0) return -errno;
  return values.bits & 1 ? 1 : 0;
}

int cdevices_gpio_set(int line, int value) {
  struct gpio_v2_line_values values = {.mask = 1, .bits = value ? 1 : 0};
  return result(ioctl(line, GPIO_V2_LINE_SET_VALUES_IOCTL, &values));
}

static int smbus(int adapter, uint8_t address, uint8_t reg, uint8_t *byte, int write) {
  union i2c_smbus_data data = {.byte = *byte};
  struct i2c_smbus_ioctl_data call = {
      .read_write = write ? I2C_SMBUS_WRITE : I2C_SMBUS_READ, .command = reg, .size = I2C_SMBUS_BYTE_DATA, .data = &data};
  if (ioctl(adapter, I2C_SLAVE, (unsigned long)address) < 0 || ioctl(adapter, I2C_SMBUS, &call) < 0) return -errno;
  *byte = data.byte;
  return 0;
}

// 1 when the adapter moves whole messages, 0 when it only speaks SMBus.
static int moves_messages(int adapter) {
  unsigned long functions = 0;
  if (ioctl(adapter, I2C_FUNCS, &functions) < 0) return -errno;
  return functions & I2C_FUNC_I2C ? 1 : 0;
}

int cdevices_i2c_read(int adapter, uint8_t address, uint8_t reg, uint8_t *bytes, size_t count) {
  if (count == 0 || count > 256) return -EINVAL;
  int kind = moves_messages(adapter);
  if (kind < 0) return kind;
  if (kind == 0) {
    for (size_t i = 0; i < count; i++) {
      int status = smbus(adapter, address, (uint8_t)(reg + i), bytes + i, 0);
      if (status < 0) return status;
    }
    return 0;
  }
  struct i2c_msg messages[2] = {
      {.addr = address, .len = 1, .buf = &reg},
      {.addr = address, .flags = I2C_M_RD, .len = (uint16_t)count, .buf = bytes},
  };
  struct i2c_rdwr_ioctl_data call = {.msgs = messages, .nmsgs = 2};
  return ioctl(adapter, I2C_RDWR, &call) < 0 ? -errno : 0;
}

int cdevices_i2c_write(int adapter, uint8_t address, uint8_t reg, const uint8_t *bytes, size_t count) {
  if (count == 0 || count > 256) return -EINVAL;
  int kind = moves_messages(adapter);
  if (kind < 0) return kind;
  if (kind == 0) {
    for (size_t i = 0; i < count; i++) {
      uint8_t byte = bytes[i];
      int status = smbus(adapter, address, (uint8_t)(reg + i), &byte, 1);
      if (status < 0) return status;
    }
    return 0;
  }
  uint8_t whole[257];
  whole[0] = reg;
  memcpy(whole + 1, bytes, count);
  struct i2c_msg message = {.addr = address, .len = (uint16_t)(count + 1), .buf = whole};
  struct i2c_rdwr_ioctl_data call = {.msgs = &message, .nmsgs = 1};
  return ioctl(adapter, I2C_RDWR, &call) < 0 ? -errno : 0;
}
