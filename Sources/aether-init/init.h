// Shared by the parts of `aether-init`, the supervisor of one cell. It is single threaded and allocates only its
// process table.
#ifndef AETHER_INIT_H
#define AETHER_INIT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/types.h>

#include "../Platform/CLinux/include/aether_init_protocol.h"

// Why a request failed. `detail` is static text or text of the request at hand.
struct failure {
  uint32_t step;
  int32_t error;
  const char *detail;
};

// One message received, with the descriptors that came along.
struct packet {
  size_t count;
  int fds[AI_FDS_MAX];
  uint32_t fd_count;
};

struct log {
  int fd;  // -1: not open
  uint64_t size, size_max;
  uint32_t files_max;
  uint64_t dropped;
};

struct process {
  char id[AI_ID_MAX + 1];
  pid_t pid;
  int used, exited;
  int output, errors;  // read ends; -1: closed. With a terminal `output` is its master and `errors` stays -1
  int input;           // write end that outlives the daemon; -1: closed
  int has_terminal;
  int oom;             // file of the process's own group; -1: none
  struct log log;
  struct ai_state state;
};

struct cell {
  uint32_t flags;
  uint64_t capabilities;
  int connection, listener, logs, null_input, oom, epoll, signals;
  uid_t owner;                 // who may connect
  struct ai_bytes filter;
  struct process **processes;  // slots never move: epoll refers to them by number
  uint32_t process_count;
};

extern struct cell cell;
extern uint8_t message[AI_MESSAGE_MAX];  // the request at hand
extern struct packet packet;

// wire.c
int receive(int fd);
void close_fds(void);
int take_fd(struct ai_bytes roles, uint8_t role);  // moves the descriptor of that role out of the packet; -1: none
void reply(uint32_t kind, uint32_t request);
void reply_fd(uint32_t kind, uint32_t request, uint8_t role, int fd);
void reply_state(uint32_t kind, uint32_t request, const struct process *process, int pidfd, int input);
void reply_failure(uint32_t request, const struct failure *failure);

// setup.c
int join_groups(struct ai_bytes roles, struct failure *failure);
int build_cell(const struct ai_setup *setup, struct failure *failure);
int limit_capabilities(uint64_t keep);
int fail(struct failure *failure, uint32_t step, const char *detail);

// spawn.c
struct process *spawn(struct ai_spawn *request, int *pidfd, struct failure *failure);
struct process *find(const char *id);
void forget(struct process *process);
void reap(void);

// log.c
int log_output(struct process *process, int fd, int is_errors);  // 0: read something, 1: nothing now, -1: end
uint64_t oom_kills(int fd);
uint64_t now_ns(void);

#endif
