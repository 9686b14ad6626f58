// The kernel's own structure for serial lines takes any speed; it cannot be named beside the C library's <termios.h>.
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <linux/ioctl.h>

#include "CDevices.h"

int ioctl(int fd, unsigned long request, ...);

int cdevices_serial_configure(int fd, uint32_t baud) {
  struct termios2 line;
  if (ioctl(fd, TCGETS2, &line) < 0) return -errno;
  line.c_iflag &= ~(unsigned)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXOFF);
  line.c_oflag &= ~(unsigned)OPOST;
  line.c_lflag &= ~(unsigned)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
  line.c_cflag &= ~(unsigned)(CSIZE | PARENB | CSTOPB | CBAUD | CBAUD << IBSHIFT);
  line.c_cflag |= CS8 | CREAD | CLOCAL | BOTHER | BOTHER << IBSHIFT;
  line.c_ispeed = baud;
  line.c_ospeed = baud;
  line.c_cc[VMIN] = 0;
  line.c_cc[VTIME] = 0;
  return ioctl(fd, TCSETS2, &line) < 0 ? -errno : 0;
}

int cdevices_serial_speed(int fd) {
  struct termios2 line;
  if (ioctl(fd, TCGETS2, &line) < 0) return -errno;
  return (int)line.c_ospeed;
}
