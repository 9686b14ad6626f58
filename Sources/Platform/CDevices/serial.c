// The kernel's own structure for serial lines takes any speed; it cannot be named beside the C library's <termios.h>.
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <linux/ioctl.h>
#include <poll.h>

#include "CDevices.h"

int ioctl(int fd, unsigned long request, ...);

int cdevices_serial_configure(int fd, uint32_t baud) {
  struct termios2 line;
  if (ioctl(fd, TCGETS2, &line) < 0) return -errno;
  line.c_iflag &=
      ~(unsigned)(IGNBRK | BRKINT | PARMRK | INPCK | ISTRIP | INLCR | IGNCR | ICRNL | IUCLC | IXON | IXOFF | IXANY);
  line.c_oflag &= ~(unsigned)OPOST;
  line.c_lflag &= ~(unsigned)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
  line.c_cflag &= ~(unsigned)(CSIZE | PARENB | PARODD | CMSPAR | CSTOPB | CRTSCTS | CBAUD | CBAUD << IBSHIFT);
  line.c_cflag |= CS8 | CREAD | CLOCAL | BOTHER | BOTHER << IBSHIFT;
  line.c_ispeed = baud;
  line.c_ospeed = baud;
  line.c_cc[VMIN] = 0;
  line.c_cc[VTIME] = 0;
  // Ports without hardware take everything; of their control lines they know nothing. Pseudo terminals have no such lines.
  int lines = 0;
  if (ioctl(fd, TIOCMGET, &lines) < 0 && errno == EIO) return -EIO;
  if (ioctl(fd, TCSETS2, &line) < 0 || ioctl(fd, TCGETS2, &line) < 0) return -errno;
  // A driver stays at another speed when its hardware does not have this one. Lines bear a difference of some percent.
  speed_t difference = line.c_ospeed > baud ? line.c_ospeed - baud : baud - line.c_ospeed;
  return difference > baud / 40 ? -EINVAL : 0;
}

int cdevices_serial_speed(int fd) {
  struct termios2 line;
  if (ioctl(fd, TCGETS2, &line) < 0) return -errno;
  return (int)line.c_ospeed;
}

int cdevices_serial_is_gone(int fd) {
  struct pollfd state = {.fd = fd, .events = POLLIN};
  int status = poll(&state, 1, 0);
  if (status < 0) return errno == EINTR ? 0 : -errno;
  return state.revents & (POLLHUP | POLLERR) ? 1 : 0;
}
