#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "CDevices.h"

static int result(int value) { return value < 0 ? -errno : value; }

static void describe(struct gpio_v2_line_config *config, unsigned flags, int value) {
  config->flags = flags & cdevices_gpio_output ? GPIO_V2_LINE_FLAG_OUTPUT : GPIO_V2_LINE_FLAG_INPUT;
  if (flags & cdevices_gpio_active_low) config->flags |= GPIO_V2_LINE_FLAG_ACTIVE_LOW;
  if (flags & cdevices_gpio_pull_up) config->flags |= GPIO_V2_LINE_FLAG_BIAS_PULL_UP;
  if (flags & cdevices_gpio_pull_down) config->flags |= GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN;
  if (flags & cdevices_gpio_edges) config->flags |= GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING;
  if (flags & cdevices_gpio_output) {
    config->num_attrs = 1;
    config->attrs[0].mask = 1;
    config->attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
    config->attrs[0].attr.values = value ? 1 : 0;
  }
}

int cdevices_gpio_take(int chip, uint32_t line, unsigned flags, int value, const char *consumer) {
  struct gpio_v2_line_request request;
  memset(&request, 0, sizeof request);
  request.offsets[0] = line;
  request.num_lines = 1;
  snprintf(request.consumer, sizeof request.consumer, "%s", consumer);
  describe(&request.config, flags, value);
  if (ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0) return -errno;
  if (fcntl(request.fd, F_SETFL, O_NONBLOCK) < 0) {
    int error = errno;
    close(request.fd);
    return -error;
  }
  return request.fd;
}

int cdevices_gpio_change(int line, unsigned flags, int value) {
  struct gpio_v2_line_config config;
  memset(&config, 0, sizeof config);
  describe(&config, flags, value);
  return result(ioctl(line, GPIO_V2_LINE_SET_CONFIG_IOCTL, &config));
}

int cdevices_gpio_changes(int line) {
  struct gpio_v2_line_event events[16];
  ssize_t size = read(line, events, sizeof events);
  if (size < 0) return errno == EAGAIN || errno == EINTR ? 0 : -errno;
  return (int)((size_t)size / sizeof events[0]);
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

static int smbus(int adapter, uint8_t reg, uint32_t size, union i2c_smbus_data *data, int write) {
  struct i2c_smbus_ioctl_data call = {
      .read_write = write ? I2C_SMBUS_WRITE : I2C_SMBUS_READ, .command = reg, .size = size, .data = data};
  return result(ioctl(adapter, I2C_SMBUS, &call));
}

// Chooses the device, which no driver of the kernel has, and says what the adapter can do (I2C_FUNC_...).
static int choose(int adapter, uint8_t address, unsigned long *functions) {
  if (ioctl(adapter, I2C_SLAVE, (unsigned long)address) < 0) return -errno;
  return result(ioctl(adapter, I2C_FUNCS, functions));
}

// Moves bytes by SMBus: in blocks, which look on the wire as whole messages do, or one by one.
static int move(int adapter, unsigned long functions, uint8_t reg, uint8_t *bytes, size_t count, int write) {
  int blocks = (functions & (write ? I2C_FUNC_SMBUS_WRITE_I2C_BLOCK : I2C_FUNC_SMBUS_READ_I2C_BLOCK)) != 0;
  int singles = (functions & (write ? I2C_FUNC_SMBUS_WRITE_BYTE_DATA : I2C_FUNC_SMBUS_READ_BYTE_DATA)) != 0;
  if (!blocks && !singles) return -EOPNOTSUPP;
  for (size_t done = 0; done < count;) {
    size_t size = !blocks ? 1 : count - done < I2C_SMBUS_BLOCK_MAX ? count - done : I2C_SMBUS_BLOCK_MAX;
    union i2c_smbus_data data;
    uint8_t *place = blocks ? data.block + 1 : &data.byte;
    if (blocks) data.block[0] = (uint8_t)size;
    if (write) memcpy(place, bytes + done, size);
    int status =
        smbus(adapter, (uint8_t)(reg + done), blocks ? I2C_SMBUS_I2C_BLOCK_DATA : I2C_SMBUS_BYTE_DATA, &data, write);
    if (status < 0) return status;
    // A device may give fewer bytes than it was asked for.
    if (blocks && !write && data.block[0] != size) return -EIO;
    if (!write) memcpy(bytes + done, place, size);
    done += size;
  }
  return 0;
}

int cdevices_i2c_read(int adapter, uint8_t address, uint8_t reg, uint8_t *bytes, size_t count) {
  if (count == 0 || count > 256) return -EINVAL;
  unsigned long functions = 0;
  int status = choose(adapter, address, &functions);
  if (status < 0) return status;
  if (!(functions & I2C_FUNC_I2C)) return move(adapter, functions, reg, bytes, count, 0);
  struct i2c_msg messages[2] = {
      {.addr = address, .len = 1, .buf = &reg},
      {.addr = address, .flags = I2C_M_RD, .len = (uint16_t)count, .buf = bytes},
  };
  struct i2c_rdwr_ioctl_data call = {.msgs = messages, .nmsgs = 2};
  return ioctl(adapter, I2C_RDWR, &call) < 0 ? -errno : 0;
}

int cdevices_i2c_write(int adapter, uint8_t address, uint8_t reg, const uint8_t *bytes, size_t count) {
  if (count == 0 || count > 256) return -EINVAL;
  unsigned long functions = 0;
  int status = choose(adapter, address, &functions);
  if (status < 0) return status;
  uint8_t whole[257];
  whole[0] = reg;
  memcpy(whole + 1, bytes, count);
  if (!(functions & I2C_FUNC_I2C)) return move(adapter, functions, reg, whole + 1, count, 1);
  struct i2c_msg message = {.addr = address, .len = (uint16_t)(count + 1), .buf = whole};
  struct i2c_rdwr_ioctl_data call = {.msgs = &message, .nmsgs = 1};
  return ioctl(adapter, I2C_RDWR, &call) < 0 ? -errno : 0;
}
