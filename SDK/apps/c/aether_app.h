// Made from the table of native functions (Sources/Core/AppABI). Not to be changed by hand.
// Functions that give int32_t give 0 or more, or an error below 0: -AETHER_EPERM and so on. Texts end with a zero byte.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AETHER_IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

enum {
  AETHER_EPERM = 1,  // The capability is not granted.
  AETHER_ENOENT = 2,
  AETHER_EIO = 5,
  AETHER_EBADF = 9,
  AETHER_EAGAIN = 11,
  AETHER_ENOMEM = 12,
  AETHER_EACCES = 13,  // A policy or a path that leads out.
  AETHER_EFAULT = 14,  // An address outside of the app's memory.
  AETHER_EBUSY = 16,
  AETHER_EEXIST = 17,
  AETHER_ENODEV = 19,
  AETHER_ENOTDIR = 20,
  AETHER_EISDIR = 21,
  AETHER_EINVAL = 22,
  AETHER_EMFILE = 24,
  AETHER_EFBIG = 27,
  AETHER_ENOSPC = 28,
  AETHER_ENAMETOOLONG = 36,
  AETHER_ENOSYS = 38,
  AETHER_ENOTEMPTY = 39,
  AETHER_ENODATA = 61,
  AETHER_EPROTO = 71,  // TLS failed.
  AETHER_EMSGSIZE = 90,
  AETHER_ENOTSUP = 95,
  AETHER_EADDRINUSE = 98,
  AETHER_ECONNRESET = 104,
  AETHER_ENOTCONN = 107,
  AETHER_ETIMEDOUT = 110,
  AETHER_ECONNREFUSED = 111,
  AETHER_EHOSTUNREACH = 113,
  AETHER_EALREADY = 114,
  AETHER_ECANCELED = 125,
};

enum {
  AETHER_GPIO_INPUT = 1,
  AETHER_GPIO_OUTPUT = 2,
  AETHER_GPIO_INIT_LOW = 4,
  AETHER_GPIO_INIT_HIGH = 8,
  AETHER_GPIO_PULL_UP = 16,
  AETHER_GPIO_PULL_DOWN = 32,
  AETHER_GPIO_ACTIVE_LOW = 64,
  AETHER_GPIO_ACTIVE_HIGH = 128,
};

enum {
  AETHER_BUTTON_HOME = 1,
  AETHER_BUTTON_UP = 2,
  AETHER_BUTTON_DOWN = 3,
  AETHER_BUTTON_LEFT = 4,
  AETHER_BUTTON_RIGHT = 5,
  AETHER_BUTTON_A = 6,
  AETHER_BUTTON_B = 7,
  AETHER_BUTTON_X = 8,
  AETHER_BUTTON_Y = 9,
};

enum {
  AETHER_SENSOR_ACCEL_X = 0,
  AETHER_SENSOR_ACCEL_Y = 1,
  AETHER_SENSOR_ACCEL_Z = 2,
  AETHER_SENSOR_GYRO_X = 4,
  AETHER_SENSOR_GYRO_Y = 5,
  AETHER_SENSOR_GYRO_Z = 6,
  AETHER_SENSOR_MAGN_X = 8,
  AETHER_SENSOR_MAGN_Y = 9,
  AETHER_SENSOR_MAGN_Z = 10,
  AETHER_SENSOR_AMBIENT_TEMP = 13,  // Degrees Celsius.
  AETHER_SENSOR_PRESSURE = 14,  // Kilopascals.
  AETHER_SENSOR_HUMIDITY = 16,  // Percent.
  AETHER_SENSOR_ALTITUDE = 23,
  AETHER_SENSOR_VOLTAGE = 33,
  AETHER_SENSOR_CURRENT = 35,
  AETHER_SENSOR_POWER = 36,
};

enum {
  AETHER_STORAGE_READ = 0,
  AETHER_STORAGE_WRITE = 1,
  AETHER_STORAGE_APPEND = 2,
  AETHER_STORAGE_RDWR = 3,
};

enum {
  AETHER_FS_READ = 0,
  AETHER_FS_WRITE = 1,
  AETHER_FS_APPEND = 2,
  AETHER_FS_RDWR = 4,
  AETHER_FS_CREATE = 8,
  AETHER_FS_TRUNC = 16,
};

enum {
  AETHER_NET_TCP = 0,
  AETHER_NET_UDP = 1,
  AETHER_NET_TLS = 2,
  AETHER_NET_EVENT_NONE = 0,
  AETHER_NET_EVENT_CONNECTED = 1,
  AETHER_NET_EVENT_DISCONNECTED = 2,
  AETHER_NET_EVENT_DATA = 3,
  AETHER_NET_EVENT_ACCEPT = 4,
  AETHER_NET_EVENT_ERROR = 5,
};

enum {
  AETHER_HA_LIGHT_STATE = 1,
  AETHER_HA_LIGHT_BRIGHTNESS = 2,
  AETHER_HA_LIGHT_COLOR = 4,
};

enum {
  AETHER_APP_STATE_NEW = 0,
  AETHER_APP_STATE_INSTALLED = 1,
  AETHER_APP_STATE_RUNNING = 2,
  AETHER_APP_STATE_STOPPED = 3,
  AETHER_APP_STATE_ERROR = 4,
  AETHER_APP_STATE_FAILED = 5,
};

enum {
  AETHER_HID_KEYBOARD = 1,
  AETHER_HID_GAMEPAD = 2,
  AETHER_HID_MOUSE = 4,
  AETHER_HID_TRANSPORT_NONE = 0,
  AETHER_HID_TRANSPORT_BLE = 1,
  AETHER_HID_TRANSPORT_USB = 2,
  AETHER_HID_TRANSPORT_SIMULATED = 3,
};

enum {
  AETHER_MOUSE_LEFT = 1,
  AETHER_MOUSE_RIGHT = 2,
  AETHER_MOUSE_MIDDLE = 4,
};

enum {
  AETHER_GAMEPAD_A = 1,
  AETHER_GAMEPAD_B = 2,
  AETHER_GAMEPAD_X = 4,
  AETHER_GAMEPAD_Y = 8,
  AETHER_GAMEPAD_LB = 16,
  AETHER_GAMEPAD_RB = 32,
  AETHER_GAMEPAD_BACK = 64,
  AETHER_GAMEPAD_START = 128,
  AETHER_GAMEPAD_HOME = 256,
  AETHER_GAMEPAD_L3 = 512,
  AETHER_GAMEPAD_R3 = 1024,
};

enum {
  AETHER_BLE_READ = 2,
  AETHER_BLE_WRITE_NO_RSP = 4,
  AETHER_BLE_WRITE = 8,
  AETHER_BLE_NOTIFY = 16,
  AETHER_BLE_INDICATE = 32,
  AETHER_BLE_EVENT_NONE = 0,
  AETHER_BLE_EVENT_CONNECTED = 1,
  AETHER_BLE_EVENT_DISCONNECTED = 2,
  AETHER_BLE_EVENT_WRITTEN = 3,
};

enum {
  AETHER_POWER_ACTIVE = 0,
  AETHER_POWER_IDLE = 1,
  AETHER_POWER_LIGHT_SLEEP = 2,
};

// Core

// Waits. Gives 0; −EINVAL below 0.
AETHER_IMPORT("env", "delay")
int32_t delay(int32_t microseconds);

// Writes a line into the app's log; formats are filled in by the guest.
// Rate: 200 a second with all of log.
AETHER_IMPORT("env", "printf_native")
int32_t printf_native(const char *text);

// Log

// Writes a line of level debug.
// Rate: 200 a second with all of log.
AETHER_IMPORT("akira_log", "log_debug")
void log_debug(const char *text);

// Writes a line of level info.
// Rate: 200 a second with all of log.
AETHER_IMPORT("akira_log", "log_info")
void log_info(const char *text);

// Writes a line of level error.
// Rate: 200 a second with all of log.
AETHER_IMPORT("akira_log", "log_error")
void log_error(const char *text);

// Time

// Milliseconds since the host started; never goes back.
AETHER_IMPORT("akira_time", "get_time_ms")
int64_t get_time_ms(void);

// Waits for 1 to 3,599,999 ms; others: −EINVAL.
AETHER_IMPORT("akira_time", "sleep_ms")
int32_t sleep_ms(int32_t milliseconds);

// Memory

// Bytes of the app's quota, at most 16 MiB, aligned to 8; 0 when there are none.
// Needs memory.
AETHER_IMPORT("env", "mem_alloc")
void *mem_alloc(uint32_t size);

// Gives back what mem_alloc gave; other addresses are left alone.
// Needs memory.
AETHER_IMPORT("env", "mem_free")
void mem_free(void *address);

// Display

// Fills the screen. −EBUSY, as from all that draws, while another app has it.
// Needs display.write.
AETHER_IMPORT("env", "display_clear")
int32_t display_clear(int32_t color);

// Sets one pixel.
// Needs display.write.
AETHER_IMPORT("env", "display_pixel")
int32_t display_pixel(int32_t x, int32_t y, int32_t color);

// A filled rectangle.
// Needs display.write.
AETHER_IMPORT("env", "display_rect")
int32_t display_rect(int32_t x, int32_t y, int32_t width, int32_t height, int32_t color);

// The edge of a rectangle.
// Needs display.write.
AETHER_IMPORT("env", "display_rect_outline")
int32_t display_rect_outline(int32_t x, int32_t y, int32_t width, int32_t height, int32_t color);

// A line, both ends included.
// Needs display.write.
AETHER_IMPORT("env", "display_line")
int32_t display_line(int32_t x0, int32_t y0, int32_t x1, int32_t y1, int32_t color);

// A line to the right.
// Needs display.write.
AETHER_IMPORT("env", "display_hline")
int32_t display_hline(int32_t x, int32_t y, int32_t length, int32_t color);

// A line downwards.
// Needs display.write.
AETHER_IMPORT("env", "display_vline")
int32_t display_vline(int32_t x, int32_t y, int32_t length, int32_t color);

// The edge of a circle.
// Needs display.write.
AETHER_IMPORT("env", "display_circle")
int32_t display_circle(int32_t x, int32_t y, int32_t radius, int32_t color);

// A filled circle.
// Needs display.write.
AETHER_IMPORT("env", "display_circle_fill")
int32_t display_circle_fill(int32_t x, int32_t y, int32_t radius, int32_t color);

// The edge of a rectangle with round corners.
// Needs display.write.
AETHER_IMPORT("env", "display_rounded_rect")
int32_t display_rounded_rect(int32_t x, int32_t y, int32_t width, int32_t height, int32_t radius, int32_t color);

// A filled rectangle with round corners.
// Needs display.write.
AETHER_IMPORT("env", "display_rounded_rect_fill")
int32_t display_rounded_rect_fill(int32_t x, int32_t y, int32_t width, int32_t height, int32_t radius, int32_t color);

// The edge of a triangle.
// Needs display.write.
AETHER_IMPORT("env", "display_triangle")
int32_t display_triangle(int32_t x0, int32_t y0, int32_t x1, int32_t y1, int32_t x2, int32_t y2, int32_t color);

// A filled triangle.
// Needs display.write.
AETHER_IMPORT("env", "display_triangle_fill")
int32_t display_triangle_fill(int32_t x0, int32_t y0, int32_t x1, int32_t y1, int32_t x2, int32_t y2, int32_t color);

// Text in a font of 7 by 10 pixels.
// Needs display.write.
AETHER_IMPORT("env", "display_text")
int32_t display_text(int32_t x, int32_t y, const char *text, int32_t color);

// Text in a font of 11 by 18 pixels.
// Needs display.write.
AETHER_IMPORT("env", "display_text_large")
int32_t display_text_large(int32_t x, int32_t y, const char *text, int32_t color);

// Text in a font of 22 by 36 pixels.
// Needs display.write.
AETHER_IMPORT("env", "display_text_huge")
int32_t display_text_huge(int32_t x, int32_t y, const char *text, int32_t color);

// A number in the small font.
// Needs display.write.
AETHER_IMPORT("env", "display_number")
int32_t display_number(int32_t x, int32_t y, int32_t value, int32_t color);

// Copies pixels of two bytes each; too few bytes: −EINVAL.
// Needs display.write.
AETHER_IMPORT("env", "display_bitmap")
int32_t display_bitmap(int32_t x, int32_t y, int32_t width, int32_t height, const void *pixels, uint32_t pixels_size);

// The same, but for pixels of the colour `key`.
// Needs display.write.
AETHER_IMPORT("env", "display_bitmap_transparent")
int32_t display_bitmap_transparent(int32_t x, int32_t y, int32_t width, int32_t height, const void *pixels, uint32_t pixels_size, int32_t key);

// Copies pixels and shows them at once.
// Needs display.write.
// Rate: 100 a second with all of display, else it waits.
AETHER_IMPORT("env", "display_raw_write")
int32_t display_raw_write(int32_t x, int32_t y, int32_t width, int32_t height, const void *pixels, uint32_t pixels_size);

// The same without waiting.
// Needs display.write.
// Rate: 100 a second with all of display, else it waits.
AETHER_IMPORT("env", "display_raw_write_async")
int32_t display_raw_write_async(int32_t x, int32_t y, int32_t width, int32_t height, const void *pixels, uint32_t pixels_size);

// Waits until everything that was written is shown.
// Needs display.write.
AETHER_IMPORT("env", "display_raw_wait")
int32_t display_raw_wait(void);

// A bar, filled by value of maximum.
// Needs display.write.
AETHER_IMPORT("env", "display_progress_bar")
int32_t display_progress_bar(int32_t x, int32_t y, int32_t width, int32_t height, int32_t value, int32_t maximum, int32_t color, int32_t background);

// Shows what was drawn; it happens by itself 50 ms behind the last draw.
// Needs display.write.
// Rate: 100 a second with all of display, else it waits.
AETHER_IMPORT("env", "display_flush")
int32_t display_flush(void);

// Writes both as 32 bits.
// Needs display.write.
AETHER_IMPORT("env", "display_get_size")
int32_t display_get_size(int32_t *width, int32_t *height);

// Pixels.
// Needs display.write.
AETHER_IMPORT("env", "display_get_width")
int32_t display_get_width(void);

// Pixels.
// Needs display.write.
AETHER_IMPORT("env", "display_get_height")
int32_t display_get_height(void);

// Input

// A bit for each button that is held, bit N for the button N.
// Needs input.read.
AETHER_IMPORT("env", "input_get_buttons")
int32_t input_get_buttons(void);

// Takes the next event of 8 bytes (button, 1 pressed or 0). 1: taken, 0: none.
// Needs input.read.
AETHER_IMPORT("env", "input_poll_event")
int32_t input_poll_event(void *event, uint32_t event_size);

// The same, as the reference's SDK declares it.
// Needs input.read.
AETHER_IMPORT("env", "input_poll_event")
int32_t input_poll_event_alt(void *event);

// Where the dial is, 0 to 255.
// Needs input.read.
AETHER_IMPORT("env", "input_get_dial")
int32_t input_get_dial(void);

// GPIO

// Makes a pin an input or an output; outputs need gpio.write.
// Needs gpio.read or gpio.write.
AETHER_IMPORT("env", "gpio_configure")
int32_t gpio_configure(int32_t pin, int32_t flags);

// 0 or 1, of a pin that the app has configured.
// Needs gpio.read.
AETHER_IMPORT("env", "gpio_read")
int32_t gpio_read(int32_t pin);

// Sets an output.
// Needs gpio.write.
AETHER_IMPORT("env", "gpio_write")
int32_t gpio_write(int32_t pin, int32_t value);

// Sensors

// A thousandth of the channel's unit; −2^31 without a value, and when it is asked for too often.
// Needs sensor.read.
// Rate: 50 a second with all of sensor.
AETHER_IMPORT("env", "sensor_read")
int32_t sensor_read(int32_t channel);

// UART

// Gives a handle; −EBUSY while an app has the port.
// Needs uart.
AETHER_IMPORT("env", "uart_open")
int32_t uart_open(int32_t port, int32_t baud);

// Gives how many bytes were taken.
// Needs uart.
AETHER_IMPORT("env", "uart_write")
int32_t uart_write(int32_t uart, const void *data, uint32_t data_size);

// Does not wait; 0: no data.
// Needs uart.
AETHER_IMPORT("env", "uart_read")
int32_t uart_read(int32_t uart, void *into, uint32_t into_size);

// Gives the handle back.
// Needs uart.
AETHER_IMPORT("env", "uart_close")
int32_t uart_close(int32_t uart);

// I2C

// Reads up to 256 bytes from a device's register.
// Needs i2c.
AETHER_IMPORT("env", "i2c_read_reg")
int32_t i2c_read_reg(int32_t bus, int32_t address, int32_t register_, void *into, uint32_t into_size);

// Writes up to 256 bytes to a device's register.
// Needs i2c.
AETHER_IMPORT("env", "i2c_write_reg")
int32_t i2c_write_reg(int32_t bus, int32_t address, int32_t register_, const void *data, uint32_t data_size);

// PWM

// 1 to 10,000,000 Hz, 0 to 100 percent.
// Needs pwm.
AETHER_IMPORT("env", "pwm_set")
int32_t pwm_set(int32_t channel, int32_t hertz, int32_t percent);

// Switches it off.
// Needs pwm.
AETHER_IMPORT("env", "pwm_disable")
int32_t pwm_disable(int32_t channel);

// ADC

// 0 to 4095.
// Needs adc.
AETHER_IMPORT("env", "adc_read")
int32_t adc_read(int32_t channel);

// Millivolts of 3,300.
// Needs adc.
AETHER_IMPORT("env", "adc_read_mv")
int32_t adc_read_mv(int32_t channel);

// Watchdog

// Begins the time anew behind which an app that does not answer is ended; −ENODEV without one.
// Needs wdt.
AETHER_IMPORT("env", "wdt_pet")
int32_t wdt_pet(void);

// Timers

// A stop-watch at rest. Gives its handle; −ENOMEM when all are taken.
// Needs timer.
AETHER_IMPORT("env", "timer_create")
int32_t timer_create(void);

// Starts it from 0.
// Needs timer.
AETHER_IMPORT("env", "timer_start")
int32_t timer_start(int32_t timer);

// Stops it; what has elapsed stays.
// Needs timer.
AETHER_IMPORT("env", "timer_stop")
int32_t timer_stop(int32_t timer);

// Milliseconds that it has run, up to 2^31−1, then from 0 again.
// Needs timer.
AETHER_IMPORT("env", "timer_elapsed")
int32_t timer_elapsed(int32_t timer);

// Gives it back.
// Needs timer.
AETHER_IMPORT("env", "timer_free")
int32_t timer_free(int32_t timer);

// Storage

// Mode 0 read, 1 write anew, 2 append, 3 both anew; writing needs storage.write.
// Needs storage.read or storage.write.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "storage_open")
int32_t storage_open(const char *path, int32_t mode);

// Gives how many bytes; 0 at the end.
// Needs storage.read.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "storage_read")
int32_t storage_read(int32_t file, void *into, uint32_t into_size);

// Gives how many bytes; −ENOSPC when the quota is used up.
// Needs storage.write.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "storage_write")
int32_t storage_write(int32_t file, const void *data, uint32_t data_size);

// Gives the handle back.
// Needs storage.read or storage.write.
AETHER_IMPORT("env", "storage_close")
void storage_close(int32_t file);

// Removes a file.
// Needs storage.write.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "storage_delete")
int32_t storage_delete(const char *path);

// Names, a line each, folders with /, as many whole lines as fit, and a zero byte; gives the bytes with it.
// Needs storage.read.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "storage_list")
int32_t storage_list(const char *path, void *into, uint32_t into_size);

// Files

// Flags 0 read, 1 write, 2 append, 4 both, 8 create, 16 truncate; writing needs fs.write.
// Needs fs.read or fs.write.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "fs_open")
int32_t fs_open(const char *path, int32_t flags);

// Gives the handle back.
// Needs fs.read or fs.write.
AETHER_IMPORT("env", "fs_close")
int32_t fs_close(int32_t file);

// Gives how many bytes; 0 at the end.
// Needs fs.read.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "fs_read")
int32_t fs_read(int32_t file, void *into, uint32_t into_size);

// Gives how many bytes; −ENOSPC when the quota is used up.
// Needs fs.write.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "fs_write")
int32_t fs_write(int32_t file, const void *data, uint32_t data_size);

// From 0 the start, 1 here, 2 the end; gives the new place.
// Needs fs.read or fs.write.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "fs_seek")
int32_t fs_seek(int32_t file, int32_t offset, int32_t whence);

// The place.
// Needs fs.read or fs.write.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "fs_tell")
int32_t fs_tell(int32_t file);

// Size (32 bits), type (0 file, 1 folder), 3 bytes of nothing, changed (64 bits, ms).
// Needs fs.read.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "fs_stat")
int32_t fs_stat(const char *path, void *status);

// Removes a file or an empty folder.
// Needs fs.write.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "fs_unlink")
int32_t fs_unlink(const char *path);

// Makes a folder.
// Needs fs.write.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "fs_mkdir")
int32_t fs_mkdir(const char *path);

// As storage_list.
// Needs fs.read.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "fs_readdir")
int32_t fs_readdir(const char *path, void *into, uint32_t into_size);

// Network

// 0 TCP, 1 UDP, 2 TLS. Gives a handle; −EMFILE when all are taken.
// Needs network.
// Rate: 30 a second with all of network.
AETHER_IMPORT("env", "net_open")
int32_t net_open(int32_t kind);

// Begins to connect where the policy allows it, else −EACCES; an event says how it ended.
// Needs network.
// Rate: 30 a second with all of network.
AETHER_IMPORT("env", "net_connect")
int32_t net_connect(int32_t stream, const char *host, int32_t port);

// Binds to a port that the policy allows.
// Needs network.
// Rate: 30 a second with all of network.
AETHER_IMPORT("env", "net_bind")
int32_t net_bind(int32_t stream, int32_t port);

// Accepts connections; each is an event with its handle.
// Needs network.
// Rate: 30 a second with all of network.
AETHER_IMPORT("env", "net_listen")
int32_t net_listen(int32_t stream, int32_t backlog);

// Gives the handle and its rings back.
// Needs network.
AETHER_IMPORT("env", "net_close")
int32_t net_close(int32_t stream);

// Sends what the guest writes into this ring.
// Needs network.
AETHER_IMPORT("env", "net_tx_bind")
int32_t net_tx_bind(int32_t stream, void *ring, uint32_t ring_size);

// Writes what comes into this ring.
// Needs network.
AETHER_IMPORT("env", "net_rx_bind")
int32_t net_rx_bind(int32_t stream, void *ring, uint32_t ring_size);

// Sends what is in the ring now; gives how many messages.
// Needs network.
AETHER_IMPORT("env", "net_tx_flush")
int32_t net_tx_flush(int32_t stream);

// Takes the next event of 4 bytes. 1: taken, 0: none, and the event is one of type 0.
// Needs network.
AETHER_IMPORT("env", "net_event_pop")
int32_t net_event_pop(void *into, uint32_t into_size);

// The host's address as text, at least 16 bytes; −ENODATA without one.
// Needs network.
AETHER_IMPORT("env", "net_get_ip")
int32_t net_get_ip(void *into, uint32_t into_size);

// Messages between apps

// Queues what is published there; * and # stand for a level and all below.
// Needs ipc.
// Rate: 200 a second with all of ipc.
AETHER_IMPORT("env", "msg_subscribe")
int32_t msg_subscribe(const char *topic);

// Drops the queue.
// Needs ipc.
// Rate: 200 a second with all of ipc.
AETHER_IMPORT("env", "msg_unsubscribe")
int32_t msg_unsubscribe(const char *topic);

// 1 to 4,096 bytes, else −EMSGSIZE. Gives the number of subscribers that got it; −EAGAIN when one that must not lose is full.
// Needs ipc.
// Rate: 200 a second with all of ipc.
AETHER_IMPORT("env", "msg_publish")
int32_t msg_publish(const char *topic, const void *data, uint32_t data_size);

// Waits for a message: −1 for ever, 0 not at all. Gives its length, −EAGAIN without one.
// Needs ipc.
// Rate: 200 a second with all of ipc.
AETHER_IMPORT("env", "msg_recv")
int32_t msg_recv(const char *topic, void *into, uint32_t into_size, int32_t timeout);

// The same without waiting.
// Needs ipc.
// Rate: 200 a second with all of ipc.
AETHER_IMPORT("env", "msg_try_recv")
int32_t msg_try_recv(const char *topic, void *into, uint32_t into_size);

// How many wait; −ENOENT when not subscribed.
// Needs ipc.
// Rate: 200 a second with all of ipc.
AETHER_IMPORT("env", "msg_pending")
int32_t msg_pending(const char *topic);

// Apps

// 0 new, 1 installed, 2 running, 3 stopped, 4 error, 5 failed; −ENOENT.
// Needs app.control or app.info.
AETHER_IMPORT("env", "app_get_status")
int32_t app_get_status(const char *name);

// `name:STATE` a line each and a zero byte, whole lines only; gives how many apps there are.
// Needs app.control or app.info.
AETHER_IMPORT("env", "app_list")
int32_t app_list(void *into, uint32_t into_size);

// This app's name and a zero byte; gives its length.
// Needs app.control or app.info.
AETHER_IMPORT("env", "app_get_self_name")
int32_t app_get_self_name(void *into, uint32_t into_size);

// Starts another app.
// Needs app.control.
AETHER_IMPORT("env", "app_start")
int32_t app_start(const char *name);

// Stops another app; this one: −EINVAL.
// Needs app.control.
AETHER_IMPORT("env", "app_stop")
int32_t app_stop(const char *name);

// Stops this app and starts another 200 ms later; the last wish counts.
// Needs app.control or app.switch.
AETHER_IMPORT("env", "app_switch")
int32_t app_switch(const char *name);

// 1 and the version that the catalogue offers, else 0.
// Needs app.control.
AETHER_IMPORT("env", "app_check_update")
int32_t app_check_update(void *version, uint32_t version_size);

// Installs it; −ENOENT without one.
// Needs app.control.
AETHER_IMPORT("env", "app_request_update")
int32_t app_request_update(void);

// Names of modules in the host's import folder, a line each and a zero byte.
// Needs app.control.
AETHER_IMPORT("env", "sd_scan_wasm")
int32_t sd_scan_wasm(void *into, uint32_t into_size);

// Installs one of them.
// Needs app.control.
AETHER_IMPORT("env", "app_install_from_sd")
int32_t app_install_from_sd(const char *name);

// Runs one of them without installing it.
// Needs app.control.
AETHER_IMPORT("env", "app_run_from_sd")
int32_t app_run_from_sd(const char *name);

// Settings

// The text with its zero byte; gives its length without it, −ENOENT without one.
// Needs settings.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "settings_get")
int32_t settings_get(const char *key, void *into, uint32_t into_size);

// Kept for this app alone, over restarts.
// Needs settings.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "settings_set")
int32_t settings_set(const char *key, const char *value);

// −ENOENT when there is none.
// Needs settings.
// Rate: 40 a second with all of storage, else it waits.
AETHER_IMPORT("env", "settings_delete")
int32_t settings_delete(const char *key);

// Cryptography

// At most 65,536 bytes, as everywhere here; more: −EMSGSIZE.
// Needs crypto.
AETHER_IMPORT("env", "crypto_sha256")
int32_t crypto_sha256(const void *data, uint32_t data_size, void *digest);

// A key of 1 to 64 bytes.
// Needs crypto.
AETHER_IMPORT("env", "crypto_hmac_sha256")
int32_t crypto_hmac_sha256(const void *key, uint32_t key_size, const void *data, uint32_t data_size, void *digest);

// CBC without padding; whole blocks of 16 bytes.
// Needs crypto.
AETHER_IMPORT("env", "crypto_aes256_encrypt")
int32_t crypto_aes256_encrypt(const void *key, const void *iv, const void *data, uint32_t data_size, void *out);

// CBC without padding; whole blocks of 16 bytes.
// Needs crypto.
AETHER_IMPORT("env", "crypto_aes256_decrypt")
int32_t crypto_aes256_decrypt(const void *key, const void *iv, const void *data, uint32_t data_size, void *out);

// Any length; the counter block stays as it is.
// Needs crypto.
AETHER_IMPORT("env", "crypto_aes256_ctr")
int32_t crypto_aes256_ctr(const void *key, const void *counter, const void *data, uint32_t data_size, void *out);

// Random bytes.
// Needs crypto.
AETHER_IMPORT("env", "crypto_random")
int32_t crypto_random(void *into, uint32_t into_size);

// A new key.
// Needs crypto.
AETHER_IMPORT("env", "crypto_ed25519_keygen")
int32_t crypto_ed25519_keygen(void *seed, void *public_);

// Signs.
// Needs crypto.
AETHER_IMPORT("env", "crypto_ed25519_sign")
int32_t crypto_ed25519_sign(const void *seed, const void *message, uint32_t message_size, void *signature);

// A new key.
// Needs crypto.
AETHER_IMPORT("env", "crypto_p256_keygen")
int32_t crypto_p256_keygen(void *private_, void *public_);

// Signs SHA-256 of the message: r and s.
// Needs crypto.
AETHER_IMPORT("env", "crypto_p256_sign")
int32_t crypto_p256_sign(const void *private_, const void *message, uint32_t message_size, void *signature);

// Clock

// Seconds since 1970, as 32 bits.
// Needs rtc.read.
AETHER_IMPORT("env", "rtc_get_unix_time")
int32_t rtc_get_unix_time(void);

// Milliseconds since the host started, as 32 bits.
// Needs rtc.read.
AETHER_IMPORT("env", "rtc_get_uptime_ms")
int32_t rtc_get_uptime_ms(void);

// 1 once after the alarm's time has come, else 0.
// Needs rtc.read.
AETHER_IMPORT("env", "rtc_alarm_fired")
int32_t rtc_alarm_fired(void);

// Sets the clock that the app sees; the host's stays as it is.
// Needs rtc.write.
AETHER_IMPORT("env", "rtc_set_unix_time")
int32_t rtc_set_unix_time(int32_t seconds);

// Sets the alarm to seconds since 1970; 0: none.
// Needs rtc.write.
AETHER_IMPORT("env", "rtc_set_alarm")
int32_t rtc_set_alarm(int32_t seconds);

// Power

// 0 active, 1 idle, 2 light sleep, 3 deep sleep, 4 hibernation.
// Needs power.read.
AETHER_IMPORT("env", "power_get_mode")
int32_t power_get_mode(void);

// Percent; −ENODEV without a battery.
// Needs power.read.
AETHER_IMPORT("env", "power_get_battery_level")
int32_t power_get_battery_level(void);

// 12 bytes: percent, flags (1 charging, 2 low), 2 of nothing, millivolts, milliamperes (positive: charging).
// Needs power.read.
AETHER_IMPORT("env", "power_get_battery_status")
int32_t power_get_battery_status(void *status, uint32_t status_size);

// Light sleep waits for what wakes the app, −EINVAL without it; deep sleep and hibernation: −ENOTSUP.
// Needs power.control.
AETHER_IMPORT("env", "power_set_mode")
int32_t power_set_mode(int32_t mode);

// Wakes the app by a pin that it has configured: 0 low, 1 high, 2 any change.
// Needs power.control.
AETHER_IMPORT("env", "power_wake_on_gpio")
int32_t power_wake_on_gpio(int32_t pin, int32_t edge);

// Wakes the app that long after it has gone to sleep.
// Needs power.control.
AETHER_IMPORT("env", "power_wake_on_timer")
int32_t power_wake_on_timer(int32_t milliseconds);

// Hint to use less.
// Needs power.control.
AETHER_IMPORT("env", "power_set_low_power")
int32_t power_set_low_power(int32_t enabled);

// Update of the host

// 1 when the host could be updated from there (https only), else 0.
// Needs ota.trigger.
AETHER_IMPORT("env", "ota_check")
int32_t ota_check(const char *url);

// Fetches, checks and stages an update.
// Needs ota.trigger.
AETHER_IMPORT("env", "ota_fetch_and_apply")
int32_t ota_fetch_and_apply(const char *url);

// 0 idle, 1 in progress, 2 receiving, 3 validating, 4 installing, 5 complete, 6 error.
// Needs ota.trigger.
AETHER_IMPORT("env", "ota_get_state")
int32_t ota_get_state(void);

// Keeps what runs now.
// Needs ota.trigger.
AETHER_IMPORT("env", "ota_confirm")
int32_t ota_confirm(void);

// Goes back to what ran before.
// Needs ota.trigger.
AETHER_IMPORT("env", "ota_rollback")
int32_t ota_rollback(void);

// MQTT

// −ENODEV without a broker.
// Needs mqtt.
// Rate: 30 a second with all of network.
AETHER_IMPORT("env", "mqtt_publish")
int32_t mqtt_publish(const char *topic, const void *data, uint32_t data_size, int32_t qos, int32_t retain);

// Queues what comes.
// Needs mqtt.
// Rate: 30 a second with all of network.
AETHER_IMPORT("env", "mqtt_subscribe")
int32_t mqtt_subscribe(const char *topic);

// Takes the next message; gives its length, −EAGAIN without one.
// Needs mqtt.
AETHER_IMPORT("env", "mqtt_poll")
int32_t mqtt_poll(void *topic, uint32_t topic_size, void *into, uint32_t into_size, int32_t timeout);

// 1 or 0.
// Needs mqtt.
AETHER_IMPORT("env", "mqtt_connected")
int32_t mqtt_connected(void);

// Announces a light to home automation.
// Needs mqtt.
// Rate: 30 a second with all of network.
AETHER_IMPORT("env", "ha_light_register")
int32_t ha_light_register(const char *id, const char *name);

// Says the light's state.
// Needs mqtt.
// Rate: 30 a second with all of network.
AETHER_IMPORT("env", "ha_light_report")
int32_t ha_light_report(const char *id, int32_t on, int32_t brightness, int32_t red, int32_t green, int32_t blue);

// Takes what is wanted of the light: 1 whether it is on, 2 its brightness, 4 its colour, added up; 0: nothing. What is not wanted is left as it was.
// Needs mqtt.
AETHER_IMPORT("env", "ha_light_poll")
int32_t ha_light_poll(const char *id, int32_t *on, int32_t *brightness, int32_t *red, int32_t *green, int32_t *blue, int32_t timeout);

// HID

// Begins as a keyboard (1), gamepad (2), mouse (4) or several.
// Needs hid.
AETHER_IMPORT("env", "hid_init")
int32_t hid_init(int32_t transport, int32_t types);

// 0 none, 1 BLE, 2 USB, 3 simulated.
// Needs hid.
AETHER_IMPORT("env", "hid_set_transport")
int32_t hid_set_transport(int32_t transport);

// Keyboard 1, gamepad 2, mouse 4.
// Needs hid.
AETHER_IMPORT("env", "hid_set_device_types")
int32_t hid_set_device_types(int32_t types);

// Connects.
// Needs hid.
AETHER_IMPORT("env", "hid_enable")
int32_t hid_enable(void);

// Disconnects; every key is released.
// Needs hid.
AETHER_IMPORT("env", "hid_disable")
int32_t hid_disable(void);

// 1 or 0.
// Needs hid.
AETHER_IMPORT("env", "hid_is_connected")
int32_t hid_is_connected(void);

// A usage of the keyboard page; at most 6 at once.
// Needs hid.
AETHER_IMPORT("env", "hid_key_press")
int32_t hid_key_press(int32_t key);

// Releases it.
// Needs hid.
AETHER_IMPORT("env", "hid_key_release")
int32_t hid_key_release(int32_t key);

// Releases all.
// Needs hid.
AETHER_IMPORT("env", "hid_key_release_all")
int32_t hid_key_release_all(void);

// A bit for each of control, shift, alt, GUI, left and right.
// Needs hid.
AETHER_IMPORT("env", "hid_set_modifiers")
int32_t hid_set_modifiers(int32_t modifiers);

// Presses and releases the keys of a US keyboard.
// Needs hid.
AETHER_IMPORT("env", "hid_type_string")
int32_t hid_type_string(const char *text);

// Steps of −127 to 127; larger moves are several reports.
// Needs hid.
AETHER_IMPORT("env", "hid_mouse_move")
int32_t hid_mouse_move(int32_t x, int32_t y);

// Presses buttons: 1 left, 2 right, 4 middle, 8 back, 16 forward.
// Needs hid.
AETHER_IMPORT("env", "hid_mouse_btn_press")
int32_t hid_mouse_btn_press(int32_t buttons);

// Releases them.
// Needs hid.
AETHER_IMPORT("env", "hid_mouse_btn_release")
int32_t hid_mouse_btn_release(int32_t buttons);

// Turns the wheel.
// Needs hid.
AETHER_IMPORT("env", "hid_mouse_scroll")
int32_t hid_mouse_scroll(int32_t steps);

// Presses buttons, a bit for each: A, B, X, Y, LB, RB, BACK, START, HOME, L3, R3; 0x1000 to 0x8000 the pad.
// Needs hid.
AETHER_IMPORT("env", "hid_gamepad_press")
int32_t hid_gamepad_press(int32_t buttons);

// Releases them.
// Needs hid.
AETHER_IMPORT("env", "hid_gamepad_release")
int32_t hid_gamepad_release(int32_t buttons);

// Moves an axis, 0 to 5, to a number of 16 bits.
// Needs hid.
AETHER_IMPORT("env", "hid_gamepad_set_axis")
int32_t hid_gamepad_set_axis(int32_t axis, int32_t value);

// 0 centre, 1 to 8 clockwise from up.
// Needs hid.
AETHER_IMPORT("env", "hid_gamepad_set_dpad")
int32_t hid_gamepad_set_dpad(int32_t direction);

// Everything at rest.
// Needs hid.
AETHER_IMPORT("env", "hid_gamepad_reset")
int32_t hid_gamepad_reset(void);

// The whole state at once.
// Needs hid.
AETHER_IMPORT("env", "hid_gamepad_send_report")
int32_t hid_gamepad_send_report(int32_t buttons, int32_t x, int32_t y, int32_t z, int32_t rx, int32_t ry, int32_t rz, int32_t dpad);

// A media key, pressed and released.
// Needs hid.
AETHER_IMPORT("env", "hid_consumer_send")
int32_t hid_consumer_send(int32_t usage);

// A report of at most 64 bytes.
// Needs hid.
AETHER_IMPORT("env", "hid_send_raw_report")
int32_t hid_send_raw_report(int32_t id, const void *data, uint32_t data_size);

// Takes the next output report; 0 without one.
// Needs hid.
AETHER_IMPORT("env", "hid_raw_recv")
int32_t hid_raw_recv(void *into, uint32_t into_size);

// A FIDO report of at most 64 bytes, filled up to 64.
// Needs hid.
AETHER_IMPORT("env", "hid_fido_send")
int32_t hid_fido_send(const void *data, uint32_t data_size);

// Takes the next FIDO report; 0 without one.
// Needs hid.
AETHER_IMPORT("env", "hid_fido_recv")
int32_t hid_fido_recv(void *into, uint32_t into_size);

// A named sequence of at most 8 actions of 4 bytes: kind (1 key, 2 media key, 3 mouse, 4 gamepad), modifiers or mouse buttons, and 16 bits of key or gamepad buttons.
// Needs hid.
AETHER_IMPORT("env", "hid_action_register")
int32_t hid_action_register(const char *name, const void *actions, uint32_t actions_size);

// Plays it.
// Needs hid.
AETHER_IMPORT("env", "hid_action_trigger")
int32_t hid_action_trigger(const char *name);

// Bluetooth Low Energy

// Switches the device on; −EBUSY while HID is on.
// Needs ble.
AETHER_IMPORT("env", "ble_init")
int32_t ble_init(void);

// Switches it off; services are gone.
// Needs ble.
AETHER_IMPORT("env", "ble_deinit")
int32_t ble_deinit(void);

// At most 29 bytes.
// Needs ble.
AETHER_IMPORT("env", "ble_set_local_name")
int32_t ble_set_local_name(const char *name);

// Gives the service's number; at most 4.
// Needs ble.
AETHER_IMPORT("env", "ble_service_create")
int32_t ble_service_create(const char *uuid);

// Gives the characteristic's number; at most 8, of at most 64 bytes.
// Needs ble.
AETHER_IMPORT("env", "ble_char_create")
int32_t ble_char_create(const char *uuid, int32_t properties, int32_t size);

// Puts it into a service that is not added yet.
// Needs ble.
AETHER_IMPORT("env", "ble_service_add_char")
int32_t ble_service_add_char(int32_t service, int32_t characteristic);

// Offers it.
// Needs ble.
AETHER_IMPORT("env", "ble_add_service")
int32_t ble_add_service(int32_t service);

// Names it while advertising.
// Needs ble.
AETHER_IMPORT("env", "ble_set_advertised_service")
int32_t ble_set_advertised_service(int32_t service);

// Begins to advertise.
// Needs ble.
AETHER_IMPORT("env", "ble_advertise")
int32_t ble_advertise(void);

// Ends it.
// Needs ble.
AETHER_IMPORT("env", "ble_stop_advertise")
int32_t ble_stop_advertise(void);

// 1 or 0.
// Needs ble.
AETHER_IMPORT("env", "ble_is_connected")
int32_t ble_is_connected(void);

// Sets the value and notifies.
// Needs ble.
AETHER_IMPORT("env", "ble_char_write")
int32_t ble_char_write(int32_t characteristic, const void *data, uint32_t data_size);

// Gives the value's length.
// Needs ble.
AETHER_IMPORT("env", "ble_char_read")
int32_t ble_char_read(int32_t characteristic, void *into, uint32_t into_size);

// Takes the next event: type, characteristic, length (16 bits), data. Gives its length, 0 without one; the event is then one of type 0.
// Needs ble.
AETHER_IMPORT("env", "ble_event_pop")
int32_t ble_event_pop(void *into, uint32_t into_size);

// Listens for advertisements.
// Needs ble.scan.
AETHER_IMPORT("env", "ble_scan_start")
int32_t ble_scan_start(int32_t milliseconds);

// Ends it.
// Needs ble.scan.
AETHER_IMPORT("env", "ble_scan_stop")
int32_t ble_scan_stop(void);

// Takes the next advertisement: address (6 bytes), signal, length, data. Gives its length, 0 without one.
// Needs ble.scan.
AETHER_IMPORT("env", "ble_scan_pop")
int32_t ble_scan_pop(void *into, uint32_t into_size);

// Needs ble.spam.
// Refused by policy: ENOTSUP.
AETHER_IMPORT("env", "ble_spam_start")
int32_t ble_spam_start(int32_t kind);

// Needs ble.spam.
// Refused by policy: ENOTSUP.
AETHER_IMPORT("env", "ble_spam_stop")
int32_t ble_spam_stop(void);

// Radio

// Chooses a radio.
// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_select")
int32_t rf_select(int32_t chip);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_set_frequency")
int32_t rf_set_frequency(int32_t hertz);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_set_power")
int32_t rf_set_power(int32_t dbm);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_set_modulation")
int32_t rf_set_modulation(int32_t modulation);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_set_bandwidth")
int32_t rf_set_bandwidth(int32_t bandwidth);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_set_coding_rate")
int32_t rf_set_coding_rate(int32_t rate);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_set_spreading_factor")
int32_t rf_set_spreading_factor(int32_t factor);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_set_bitrate")
int32_t rf_set_bitrate(int32_t bitrate);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_set_sync_word")
int32_t rf_set_sync_word(int32_t word);

// Signal strength.
// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_get_rssi")
int32_t rf_get_rssi(void);

// The same, as the reference's SDK and its line 1.4 declare it.
// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_get_rssi")
int32_t rf_get_rssi_alt(int32_t *into);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_send")
int32_t rf_send(const void *data, uint32_t data_size);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_receive")
int32_t rf_receive(void *into, uint32_t into_size, int32_t timeout);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_recv_pop")
int32_t rf_recv_pop(void *into, uint32_t into_size, int32_t timeout);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "rf_raw_capture")
int32_t rf_raw_capture(void *into, uint32_t into_size, int32_t timeout, int32_t rate);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// Refused by policy: ENOTSUP.
AETHER_IMPORT("env", "rf_raw_replay")
int32_t rf_raw_replay(const void *data, uint32_t data_size, int32_t count, int32_t rate);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// Refused by policy: ENOTSUP.
AETHER_IMPORT("env", "rf_tx_cw_start")
int32_t rf_tx_cw_start(void);

// Needs rf.transceive.
// Rate: 20 a second with all of rf.
// Refused by policy: ENOTSUP.
AETHER_IMPORT("env", "rf_tx_cw_stop")
int32_t rf_tx_cw_stop(void);

// Wi-Fi, raw

// Needs wifi.inject.
// Refused by policy: ENOTSUP.
AETHER_IMPORT("env", "wifi_deauth")
int32_t wifi_deauth(const void *station, const void *access, int32_t channel, int32_t count, int32_t reason);

// Access points.
// Needs wifi.inject.
// Refused by policy: ENOTSUP.
AETHER_IMPORT("env", "wifi_scan_aps")
int32_t wifi_scan_aps(void *into, uint32_t into_size);

// Signal strengths.
// Needs wifi.inject.
// Refused by policy: ENOTSUP.
AETHER_IMPORT("env", "wifi_scan_rssi")
int32_t wifi_scan_rssi(void *into, uint32_t into_size);

// Needs wifi.inject.
// Refused by policy: ENOTSUP.
AETHER_IMPORT("env", "wifi_capture_pmkid")
int32_t wifi_capture_pmkid(const void *access, void *into, uint32_t into_size);

// Needs wifi.inject.
// Refused by policy: ENOTSUP.
AETHER_IMPORT("env", "wifi_scan_clients")
int32_t wifi_scan_clients(void *into, uint32_t into_size);

// Inference

// Loads a model; gives 0 to 3.
// Needs ai.infer.
// Not built on this host: ENOSYS.
AETHER_IMPORT("env", "aiinfer_load")
int32_t aiinfer_load(const void *model, uint32_t model_size);

// Runs it.
// Needs ai.infer.
// Not built on this host: ENOSYS.
AETHER_IMPORT("env", "aiinfer_run")
int32_t aiinfer_run(int32_t model, const void *input, uint32_t input_size, void *output, uint32_t output_size);

// Gives it back.
// Needs ai.infer.
// Not built on this host: ENOSYS.
AETHER_IMPORT("env", "aiinfer_unload")
int32_t aiinfer_unload(int32_t model);

// Matter

// Needs matter.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "matter_commission")
int32_t matter_commission(const char *code, void *into, uint32_t into_size);

// Needs matter.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "matter_endpoint_add")
int32_t matter_endpoint_add(int32_t kind, const void *descriptor, uint32_t descriptor_size);

// Needs matter.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "matter_get_pairing")
int32_t matter_get_pairing(void *code, uint32_t code_size, void *into, uint32_t into_size);

// Needs matter.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "matter_open_pairing")
int32_t matter_open_pairing(int32_t seconds);

// Needs matter.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "matter_report_attr")
int32_t matter_report_attr(int32_t endpoint, int32_t cluster, int32_t attribute, const void *value, uint32_t value_size);

// Needs matter.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "matter_send")
int32_t matter_send(const void *node, uint32_t node_size, const void *command, uint32_t command_size, int32_t timeout);

// Needs matter.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "matter_subscribe")
int32_t matter_subscribe(const void *path, uint32_t path_size, int32_t interval);

// Needs matter.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "matter_poll")
int32_t matter_poll(void *node, uint32_t node_size, int32_t *path, int32_t kind, void *into, uint32_t into_size, int32_t size, int32_t timeout);

// Needs matter.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "matter_cmd_poll")
int32_t matter_cmd_poll(int32_t *endpoint, int32_t *cluster, int32_t *command, void *into, uint32_t into_size, int32_t timeout);

// Mesh

// Needs mesh.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "mesh_init")
int32_t mesh_init(int32_t chip, const char *key, int32_t channel, int32_t power);

// Needs mesh.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "mesh_start")
int32_t mesh_start(void);

// Needs mesh.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "mesh_stop")
int32_t mesh_stop(void);

// Needs mesh.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "mesh_send")
int32_t mesh_send(const void *destination, const void *data, uint32_t data_size);

// Needs mesh.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "mesh_broadcast")
int32_t mesh_broadcast(const void *data, uint32_t data_size, int32_t hops);

// Needs mesh.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "mesh_recv_pop")
int32_t mesh_recv_pop(void *source, void *into, uint32_t into_size, int32_t timeout);

// Needs mesh.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "mesh_get_nodes")
int32_t mesh_get_nodes(int32_t *into, int32_t count);

// Needs mesh.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "mesh_get_stats")
int32_t mesh_get_stats(int32_t *into);

// Needs mesh.
// No such device on this host: ENODEV.
AETHER_IMPORT("env", "mesh_distribute_app")
int32_t mesh_distribute_app(const void *destination, const char *name, const void *module, uint32_t module_size);

// NFC

// No such device on this host: ENODEV.
AETHER_IMPORT("env", "nfc_uid")
int32_t nfc_uid(void *uid);

// No such device on this host: ENODEV.
AETHER_IMPORT("env", "nfc_read")
int32_t nfc_read(int32_t address, void *into, uint32_t into_size);

// No such device on this host: ENODEV.
AETHER_IMPORT("env", "nfc_write")
int32_t nfc_write(int32_t address, const void *data, uint32_t data_size);

// No such device on this host: ENODEV.
AETHER_IMPORT("env", "nfc_field_present")
int32_t nfc_field_present(void);

// No such device on this host: ENODEV.
AETHER_IMPORT("env", "nfc_mb_enable")
int32_t nfc_mb_enable(void);

// No such device on this host: ENODEV.
AETHER_IMPORT("env", "nfc_mb_put")
int32_t nfc_mb_put(const void *data, uint32_t data_size);

// No such device on this host: ENODEV.
AETHER_IMPORT("env", "nfc_mb_get")
int32_t nfc_mb_get(void *into, uint32_t into_size);

// No such device on this host: ENODEV.
AETHER_IMPORT("env", "nfc_mb_status")
int32_t nfc_mb_status(void);

// C library

// Gives `to`.
AETHER_IMPORT("env", "memcpy")
void *host_memcpy(void *to, void *from, uint32_t size);

// Gives `to`.
AETHER_IMPORT("env", "memmove")
void *host_memmove(void *to, void *from, uint32_t size);

// As memcpy.
AETHER_IMPORT("env", "emscripten_memcpy_big")
void *host_emscripten_memcpy_big(void *to, void *from, uint32_t size);

// Gives `to`.
AETHER_IMPORT("env", "memset")
void *host_memset(void *to, int32_t value, uint32_t size);

// Below, above or 0.
AETHER_IMPORT("env", "memcmp")
int32_t host_memcmp(void *a, void *b, uint32_t size);

// Address of the first such byte; 0 without one.
AETHER_IMPORT("env", "memchr")
void *host_memchr(void *bytes, int32_t byte, uint32_t size);

// Bytes before the zero byte.
AETHER_IMPORT("env", "strlen")
int32_t host_strlen(void *text);

// Below, above or 0.
AETHER_IMPORT("env", "strcmp")
int32_t host_strcmp(void *a, void *b);

// Below, above or 0.
AETHER_IMPORT("env", "strncmp")
int32_t host_strncmp(void *a, void *b, uint32_t size);

// The same, letters of both cases being equal.
AETHER_IMPORT("env", "strncasecmp")
int32_t host_strncasecmp(void *a, void *b, uint32_t size);

// Gives `to`.
AETHER_IMPORT("env", "strcpy")
void *host_strcpy(void *to, void *from);

// Gives `to`.
AETHER_IMPORT("env", "strncpy")
void *host_strncpy(void *to, void *from, uint32_t size);

// Address of the first such byte; 0 without one.
AETHER_IMPORT("env", "strchr")
void *host_strchr(void *text, int32_t byte);

// Address of the first such part; 0 without one.
AETHER_IMPORT("env", "strstr")
void *host_strstr(void *text, void *part);

// How many bytes the text begins with that are among these.
AETHER_IMPORT("env", "strspn")
int32_t host_strspn(void *text, void *bytes);

// How many bytes the text begins with that are not among these.
AETHER_IMPORT("env", "strcspn")
int32_t host_strcspn(void *text, void *bytes);

// A copy of the text, to be given to free.
AETHER_IMPORT("env", "strdup")
void *host_strdup(void *text);

// As strdup.
AETHER_IMPORT("env", "_strdup")
void *host__strdup(void *text);

// As mem_alloc.
AETHER_IMPORT("env", "malloc")
void *host_malloc(uint32_t size);

// As mem_alloc, filled with zero bytes.
AETHER_IMPORT("env", "calloc")
void *host_calloc(uint32_t count, uint32_t size);

// Moves it.
AETHER_IMPORT("env", "realloc")
void *host_realloc(void *address, uint32_t size);

// As mem_free.
AETHER_IMPORT("env", "free")
void host_free(void *address);

// Adds to the line that is being written; whole lines are in the app's log. Gives how many bytes; −EMSGSIZE beyond 65,536.
AETHER_IMPORT("env", "printf")
int32_t host_printf(void *format, void *arguments);

// As printf.
AETHER_IMPORT("env", "vprintf")
int32_t host_vprintf(void *format, void *arguments);

// Writes the text and a zero byte; gives its length.
AETHER_IMPORT("env", "sprintf")
int32_t host_sprintf(void *to, void *format, void *arguments);

// As sprintf.
AETHER_IMPORT("env", "vsprintf")
int32_t host_vsprintf(void *to, void *format, void *arguments);

// The same, but no more than `size` bytes with the zero byte; gives the length that all of it has.
AETHER_IMPORT("env", "snprintf")
int32_t host_snprintf(void *to, uint32_t size, void *format, void *arguments);

// As snprintf.
AETHER_IMPORT("env", "vsnprintf")
int32_t host_vsnprintf(void *to, uint32_t size, void *format, void *arguments);

// Writes a line into the app's log.
AETHER_IMPORT("env", "puts")
int32_t host_puts(const char *text);

// Adds to the line that is being written.
AETHER_IMPORT("env", "putchar")
int32_t host_putchar(int32_t byte);

// The number that a text begins with.
AETHER_IMPORT("env", "atoi")
int32_t host_atoi(void *text);

// The same in a base of 2 to 36, or 0; where it ends is written at `end`.
AETHER_IMPORT("env", "strtol")
int32_t host_strtol(void *text, void *end, int32_t base);

// The same without a sign.
AETHER_IMPORT("env", "strtoul")
int32_t host_strtoul(void *text, void *end, int32_t base);

// Not 0 for A to Z.
AETHER_IMPORT("env", "isupper")
int32_t host_isupper(int32_t byte);

// Not 0 for letters.
AETHER_IMPORT("env", "isalpha")
int32_t host_isalpha(int32_t byte);

// Not 0 for space, tab and ends of lines.
AETHER_IMPORT("env", "isspace")
int32_t host_isspace(int32_t byte);

// Not 0 for what is printed and is no space.
AETHER_IMPORT("env", "isgraph")
int32_t host_isgraph(int32_t byte);

// Not 0 for what is printed.
AETHER_IMPORT("env", "isprint")
int32_t host_isprint(int32_t byte);

// Not 0 for 0 to 9.
AETHER_IMPORT("env", "isdigit")
int32_t host_isdigit(int32_t byte);

// Not 0 for digits of base 16.
AETHER_IMPORT("env", "isxdigit")
int32_t host_isxdigit(int32_t byte);

// Not 0 for letters and digits.
AETHER_IMPORT("env", "isalnum")
int32_t host_isalnum(int32_t byte);

// The small letter.
AETHER_IMPORT("env", "tolower")
int32_t host_tolower(int32_t byte);

// The large letter.
AETHER_IMPORT("env", "toupper")
int32_t host_toupper(int32_t byte);

// Nanoseconds since the host started.
AETHER_IMPORT("env", "clock")
int64_t host_clock(void);

// Writes seconds (64 bits) and nanoseconds (32 bits): clock 0 since 1970, 1 since the start.
AETHER_IMPORT("env", "clock_gettime")
int32_t host_clock_gettime(int32_t clock, void *time);

// Gives 0: there is no way back to the place.
AETHER_IMPORT("env", "setjmp")
int32_t host_setjmp(void *place);

// Ends the app as a crash.
AETHER_IMPORT("env", "longjmp")
void host_longjmp(void *place, int32_t value);

// Ends the app.
AETHER_IMPORT("env", "exit")
void host_exit(int32_t code);

// Ends the app as a crash.
AETHER_IMPORT("env", "abort")
void host_abort(void);

// The same, as the reference's run-time has it.
AETHER_IMPORT("env", "abort")
void abort_alt(int32_t code);

// The same.
AETHER_IMPORT("env", "abortStackOverflow")
void host_abortStackOverflow(int32_t size);

// The same.
AETHER_IMPORT("env", "nullFunc_X")
void host_nullFunc_X(int32_t code);

// As mem_alloc.
AETHER_IMPORT("env", "__cxa_allocate_exception")
void *host___cxa_allocate_exception(uint32_t size);

// Nothing is ever caught.
AETHER_IMPORT("env", "__cxa_begin_catch")
void host___cxa_begin_catch(void *exception);

// Ends the app as a crash.
AETHER_IMPORT("env", "__cxa_throw")
void host___cxa_throw(void *exception, void *kind, void *destructor);

// Older import sets

// Writes a line: 1 error, 2 warning, 3 info, 4 debug.
// Rate: 200 a second with all of log.
AETHER_IMPORT("env", "log")
int32_t host_log(int32_t level, const char *text);

// Writes a line into the app's log.
// Needs ble.
// Rate: 200 a second with all of log.
AETHER_IMPORT("env", "bt_shell_print")
int32_t bt_shell_print(const char *text);

// The same, as it was registered.
// Needs ble.
// Rate: 200 a second with all of log.
AETHER_IMPORT("env", "bt_shell_print")
int32_t bt_shell_print_alt(int32_t length, const char *text);

// Gives the number of bytes.
// Needs ble.
// Rate: 200 a second with all of log.
AETHER_IMPORT("env", "bt_shell_send_data")
int32_t bt_shell_send_data(int32_t kind, const void *data, uint32_t data_size);

// 1.
// Needs ble.
// Rate: 200 a second with all of log.
AETHER_IMPORT("env", "bt_shell_is_ready")
int32_t bt_shell_is_ready(void);

// As display_clear.
// Needs display.write.
AETHER_IMPORT("akira", "akira_display_clear")
int32_t akira_display_clear(int32_t color);

// As display_pixel.
// Needs display.write.
AETHER_IMPORT("akira", "akira_display_pixel")
int32_t akira_display_pixel(int32_t x, int32_t y, int32_t color);

// As display_flush.
// Needs display.write.
// Rate: 100 a second with all of display, else it waits.
AETHER_IMPORT("akira", "akira_display_flush")
int32_t akira_display_flush(void);

// As display_rect.
// Needs display.write.
AETHER_IMPORT("akira", "akira_display_rect")
int32_t akira_display_rect(int32_t x, int32_t y, int32_t width, int32_t height, int32_t color);

// As display_text.
// Needs display.write.
AETHER_IMPORT("akira", "akira_display_text")
int32_t akira_display_text(int32_t x, int32_t y, const char *text, int32_t color);

// As display_get_size.
// Needs display.write.
AETHER_IMPORT("akira", "akira_display_get_size")
int32_t akira_display_get_size(int32_t *width, int32_t *height);

// As hid_set_transport.
// Needs hid.
AETHER_IMPORT("akira", "akira_hid_set_transport")
int32_t akira_hid_set_transport(int32_t transport);

// As hid_enable.
// Needs hid.
AETHER_IMPORT("akira", "akira_hid_enable")
int32_t akira_hid_enable(void);

// As hid_disable.
// Needs hid.
AETHER_IMPORT("akira", "akira_hid_disable")
int32_t akira_hid_disable(void);

// As hid_type_string.
// Needs hid.
AETHER_IMPORT("akira", "akira_hid_keyboard_type")
int32_t akira_hid_keyboard_type(const char *text);

// As hid_key_press.
// Needs hid.
AETHER_IMPORT("akira", "akira_hid_keyboard_press")
int32_t akira_hid_keyboard_press(int32_t key);

// As hid_key_release.
// Needs hid.
AETHER_IMPORT("akira", "akira_hid_keyboard_release")
int32_t akira_hid_keyboard_release(int32_t key);

// As display_clear.
// Needs display.write.
AETHER_IMPORT("env", "akira_display_clear")
int32_t env_akira_display_clear(int32_t color);

// As display_pixel.
// Needs display.write.
AETHER_IMPORT("env", "akira_display_pixel")
int32_t env_akira_display_pixel(int32_t x, int32_t y, int32_t color);

// As display_flush.
// Needs display.write.
// Rate: 100 a second with all of display, else it waits.
AETHER_IMPORT("env", "akira_display_flush")
int32_t env_akira_display_flush(void);

// As display_rect.
// Needs display.write.
AETHER_IMPORT("env", "akira_display_rect")
int32_t env_akira_display_rect(int32_t x, int32_t y, int32_t width, int32_t height, int32_t color);

// As display_text.
// Needs display.write.
AETHER_IMPORT("env", "akira_display_text")
int32_t env_akira_display_text(int32_t x, int32_t y, const char *text, int32_t color);

// As display_get_size.
// Needs display.write.
AETHER_IMPORT("env", "akira_display_get_size")
int32_t env_akira_display_get_size(int32_t *width, int32_t *height);

// As hid_set_transport.
// Needs hid.
AETHER_IMPORT("env", "akira_hid_set_transport")
int32_t env_akira_hid_set_transport(int32_t transport);

// As hid_enable.
// Needs hid.
AETHER_IMPORT("env", "akira_hid_enable")
int32_t env_akira_hid_enable(void);

// As hid_disable.
// Needs hid.
AETHER_IMPORT("env", "akira_hid_disable")
int32_t env_akira_hid_disable(void);

// As hid_type_string.
// Needs hid.
AETHER_IMPORT("env", "akira_hid_keyboard_type")
int32_t env_akira_hid_keyboard_type(const char *text);

// As hid_key_press.
// Needs hid.
AETHER_IMPORT("env", "akira_hid_keyboard_press")
int32_t env_akira_hid_keyboard_press(int32_t key);

// As hid_key_release.
// Needs hid.
AETHER_IMPORT("env", "akira_hid_keyboard_release")
int32_t env_akira_hid_keyboard_release(int32_t key);

#ifdef __cplusplus
}
#endif
