// What Swift cannot call or import directly: packed structs, macros, GNU-only functions.
// Every function that returns int gives a descriptor or zero on success and -errno on failure, unless its comment says otherwise.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/// One readiness report; `token` is what `cnet_epoll_set` was given.
struct cnet_event {
  uint64_t token;
  uint32_t events;
};

int cnet_epoll_create(void);
int cnet_epoll_set(int epoll, int operation, int descriptor, uint32_t events, uint64_t token);
/// Waits for readiness; returns the number of filled events (0 on time-out or EINTR).
int cnet_epoll_wait(int epoll, struct cnet_event *events, int capacity, int timeout_ms);
int cnet_eventfd(void);
/// Adds one to the eventfd.
void cnet_eventfd_signal(int descriptor);
/// Resets the eventfd to zero.
void cnet_eventfd_clear(int descriptor);

/// A non-blocking close-on-exec socket; TCP sockets get TCP_NODELAY.
int cnet_socket(int family, int type);
int cnet_accept(int listener, struct sockaddr_storage *peer, socklen_t *length);
int cnet_set_option(int descriptor, int level, int name, int value);
void cnet_set_nodelay(int descriptor);
/// Pending error of a socket (SO_ERROR), 0 when there is none.
int cnet_socket_error(int descriptor);
/// Blocks SIGPIPE for the calling thread, so that writing to a closed peer gives EPIPE instead of a signal.
void cnet_block_sigpipe(void);
/// Names the calling thread (at most 15 bytes).
void cnet_name_thread(const char *name);
/// Monotonic time in nanoseconds.
uint64_t cnet_now(void);
/// Identity of the calling thread; never 0.
uintptr_t cnet_thread_identity(void);
