#define _GNU_SOURCE 1
#include "CNet.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { wait_batch_max = 256 };

static int result(int value) { return value < 0 ? -errno : value; }

int cnet_epoll_create(void) { return result(epoll_create1(EPOLL_CLOEXEC)); }

int cnet_epoll_set(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
  struct epoll_event event = {.events = events, .data.u64 = token};
  return result(epoll_ctl(epoll, operation, descriptor, &event));
}

int cnet_epoll_wait(int epoll, struct cnet_event *events, int capacity, int timeout_ms) {
  struct epoll_event ready[wait_batch_max];
  if (capacity > wait_batch_max) capacity = wait_batch_max;
  int count = epoll_wait(epoll, ready, capacity, timeout_ms);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < count; i++) {
    events[i].token = ready[i].data.u64;
    events[i].events = ready[i].events;
  }
  return count;
}

int cnet_eventfd(void) { return result(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); }

void cnet_eventfd_signal(int descriptor) {
  uint64_t one = 1;
  ssize_t written = write(descriptor, &one, sizeof one);
  (void)written;  // EAGAIN means that the counter is already non-zero, which is all a wake-up needs
}

void cnet_eventfd_clear(int descriptor) {
  uint64_t count;
  ssize_t got = read(descriptor, &count, sizeof count);
  (void)got;  // EAGAIN: already zero
}

void cnet_set_nodelay(int descriptor) {
  int one = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

int cnet_socket(int family, int type) {
  int descriptor = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  if (type == SOCK_STREAM && family != AF_UNIX) cnet_set_nodelay(descriptor);
  return descriptor;
}

int cnet_accept(int listener, struct sockaddr_storage *peer, socklen_t *length) {
  *length = sizeof *peer;
  return result(accept4(listener, (struct sockaddr *)peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

int cnet_set_option(int descriptor, int level, int name, int value) {
  return result(setsockopt(descriptor, level, name, &value, sizeof value));
}

int cnet_socket_error(int descriptor) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return errno;
  return error;
}

void cnet_block_sigpipe(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void cnet_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

uint64_t cnet_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uintptr_t cnet_thread_identity(void) { return (uintptr_t)pthread_self(); }
