#define _GNU_SOURCE 1
#include "CNet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { receive_batch_max = 32 };

long cnet_send_to(int descriptor, const void *bytes, size_t count, const struct sockaddr *peer, socklen_t length) {
  ssize_t sent = sendto(descriptor, bytes, count, MSG_NOSIGNAL, peer, length);
  return sent < 0 ? -errno : sent;
}

int cnet_receive(int descriptor, struct cnet_datagram *datagrams, void *buffer, size_t slot, int capacity) {
  struct mmsghdr messages[receive_batch_max];
  struct iovec parts[receive_batch_max];
  if (capacity > receive_batch_max) capacity = receive_batch_max;
  memset(messages, 0, sizeof messages[0] * (size_t)capacity);
  for (int i = 0; i < capacity; i++) {
    parts[i] = (struct iovec){.iov_base = (char *)buffer + slot * (size_t)i, .iov_len = slot};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = &datagrams[i].peer;
    messages[i].msg_hdr.msg_namelen = sizeof datagrams[i].peer;
  }
  int count = recvmmsg(descriptor, messages, (unsigned)capacity, MSG_DONTWAIT, NULL);
  if (count < 0) return -errno;
  for (int i = 0; i < count; i++) {
    datagrams[i].peer_length = messages[i].msg_hdr.msg_namelen;
    datagrams[i].length = messages[i].msg_len;
    datagrams[i].truncated = (messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
  }
  return count;
}

static speed_t speed_of(uint32_t baud) {
  static const struct {
    uint32_t baud;
    speed_t speed;
  } table[] = {
    {1200, B1200}, {2400, B2400}, {4800, B4800}, {9600, B9600}, {19200, B19200}, {38400, B38400},
    {57600, B57600}, {115200, B115200}, {230400, B230400}, {460800, B460800}, {500000, B500000},
    {576000, B576000}, {921600, B921600}, {1000000, B1000000}, {1500000, B1500000}, {2000000, B2000000},
    {3000000, B3000000}, {4000000, B4000000},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    if (table[i].baud == baud) return table[i].speed;
  return B0;
}

static int configure(int descriptor, speed_t speed, enum cnet_parity parity, int stop_bits, int hardware_flow) {
  struct termios line;
  if (tcgetattr(descriptor, &line) < 0) return -errno;
  cfmakeraw(&line);
  line.c_cflag |= CLOCAL | CREAD | CS8;
  line.c_cflag &= ~(tcflag_t)(PARENB | PARODD | CSTOPB | CRTSCTS);
  if (parity != cnet_parity_none) line.c_cflag |= PARENB;
  if (parity == cnet_parity_odd) line.c_cflag |= PARODD;
  if (stop_bits == 2) line.c_cflag |= CSTOPB;
  if (hardware_flow) line.c_cflag |= CRTSCTS;
  line.c_cc[VMIN] = 1;
  line.c_cc[VTIME] = 0;
  cfsetispeed(&line, speed);
  cfsetospeed(&line, speed);
  if (tcsetattr(descriptor, TCSANOW, &line) < 0) return -errno;
  tcflush(descriptor, TCIOFLUSH);
  return 0;
}

int cnet_serial_open(const char *path, uint32_t baud, enum cnet_parity parity, int stop_bits, int hardware_flow) {
  speed_t speed = speed_of(baud);
  if (speed == B0) return -EINVAL;
  int descriptor = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  int status = configure(descriptor, speed, parity, stop_bits, hardware_flow);
  if (status < 0) {
    close(descriptor);
    return status;
  }
  return descriptor;
}

int cnet_pty_open(char *path, size_t capacity) {
  int descriptor = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return -errno;
  if (grantpt(descriptor) < 0 || unlockpt(descriptor) < 0 || ptsname_r(descriptor, path, capacity) != 0) {
    int code = errno;
    close(descriptor);
    return -code;
  }
  return descriptor;
}
