// aether-init: the supervisor of one cell. Builds the cell from one message, then starts, watches, logs and reaps
// its processes. It outlives the daemon, so work, logs and exit codes survive a daemon's restart or upgrade.
//
// Usage: aether-init, with the decimal number of the inherited control socket as argument 0.
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct cell cell = {.connection = -1, .listener = -1, .logs = -1, .null_input = -1, .oom = -1, .epoll = -1};

enum { KEY_CONNECTION = ~0u, KEY_LISTENER = ~0u - 1, KEY_SIGNALS = ~0u - 2 };

static int watch(int fd, uint32_t key) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)key << 8};
  return epoll_ctl(cell.epoll, EPOLL_CTL_ADD, fd, &event);
}

static void disconnect(void) {
  if (cell.connection >= 0) close(cell.connection);
  cell.connection = -1;
  for (uint32_t i = 0; i < cell.process_count; i++) {
    struct process *process = cell.processes[i];
    if (process->used && !process->exited && process->state.flags & AI_SPAWN_TETHERED) kill(process->pid, SIGKILL);
  }
}

static void refuse(uint32_t request, uint32_t step, int error, const char *detail) {
  struct failure failure = {step, error, detail};
  reply_failure(request, &failure);
}

static void handle_spawn(uint32_t request) {
  static struct ai_spawn parsed;
  struct failure failure = {0, 0, ""};
  int pidfd = -1;
  if (ai_parse_spawn(message, packet.count, &parsed)) {
    refuse(request, AI_STEP_PROTOCOL, EBADMSG, "spawn");
    return;
  }
  struct process *process = spawn(&parsed, &pidfd, &failure);
  if (process)
    reply_state(AI_SPAWNED, request, process, pidfd, process->input);
  else
    reply_failure(request, &failure);
  if (pidfd >= 0) close(pidfd);
  // A terminal without log belongs to the daemon alone.
  if (process && process->has_terminal && parsed.flags & AI_SPAWN_TETHERED) {
    close(process->input);
    process->input = -1;
  }
}

static void handle_process_request(const struct ai_header *header, const struct ai_small *small) {
  struct process *process = small->id ? find(small->id) : NULL;
  if (!process) {
    refuse(header->request, AI_STEP_UNKNOWN_PROCESS, ESRCH, small->id ? small->id : "");
    return;
  }
  switch (header->kind) {
    case AI_SIGNAL:
      if (process->exited || kill(process->pid, (int)small->signal))
        refuse(header->request, AI_STEP_SIGNAL, process->exited ? ESRCH : errno, process->id);
      else
        reply(AI_DONE, header->request);
      return;
    case AI_FORGET:
      if (!process->exited) {
        refuse(header->request, AI_STEP_EXISTS, EBUSY, process->id);
        return;
      }
      forget(process);
      reply(AI_DONE, header->request);
      return;
    case AI_INPUT:
      if (process->input < 0)
        refuse(header->request, AI_STEP_PIPE, EPIPE, process->id);
      else
        reply_fd(AI_DONE, header->request, AI_FD_INPUT, process->input);
      return;
    case AI_END_INPUT:
      if (!process->has_terminal && process->input >= 0) {
        close(process->input);
        process->input = -1;
      }
      reply(AI_DONE, header->request);
      return;
    default: {
      struct winsize size = {.ws_row = small->rows, .ws_col = small->columns};
      if (!process->has_terminal || process->input < 0 || ioctl(process->input, TIOCSWINSZ, &size))
        refuse(header->request, AI_STEP_TERMINAL, ENOTTY, process->id);
      else
        reply(AI_DONE, header->request);
    }
  }
}

// With a pidfd, from which the daemon learns the pid on its side.
static void list_process(uint32_t request, const struct process *process) {
  if (!process->used) return;
  int pidfd = process->exited ? -1 : (int)syscall(SYS_pidfd_open, process->pid, 0);
  reply_state(AI_PROCESS, request, process, pidfd, -1);
  if (pidfd >= 0) close(pidfd);
}

static void handle_message(void) {
  struct ai_header header;
  struct ai_small small;
  if (ai_parse_header(message, packet.count, &header)) return;
  if (header.kind == AI_SPAWN) {
    handle_spawn(header.request);
    return;
  }
  if (ai_parse_small(message, packet.count, &small)) {
    refuse(header.request, AI_STEP_PROTOCOL, EBADMSG, "request");
    return;
  }
  switch (header.kind) {
    case AI_HELLO:
      reply(AI_WELCOME, header.request);
      return;
    case AI_LIST:
      for (uint32_t i = 0; i < cell.process_count; i++) list_process(header.request, cell.processes[i]);
      reply(AI_DONE, header.request);
      return;
    case AI_SOCKET: {
      int fd = socket((int)small.family, (int)small.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      if (fd < 0)
        refuse(header.request, AI_STEP_SOCKET, errno, "");
      else
        reply_fd(AI_DONE, header.request, AI_FD_SOCKET, fd);
      if (fd >= 0) close(fd);
      return;
    }
    case AI_SIGNAL:
    case AI_FORGET:
    case AI_INPUT:
    case AI_END_INPUT:
    case AI_RESIZE:
      handle_process_request(&header, &small);
      return;
    default:
      refuse(header.request, AI_STEP_PROTOCOL, ENOSYS, "kind");
  }
}

static void accept_daemon(void) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  int fd = accept4(cell.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.uid != cell.owner) {
    close(fd);
    return;
  }
  disconnect();
  cell.connection = fd;
  watch(fd, KEY_CONNECTION);
}

static void handle_output(uint32_t slot, uint32_t which) {
  if (slot >= cell.process_count) return;
  struct process *process = cell.processes[slot];
  int *fd = which == 1 ? &process->output : &process->errors;
  if (!process->used || *fd < 0) return;
  if (log_output(process, *fd, which == 2) < 0) {
    close(*fd);
    *fd = -1;
  }
}

static void serve(void) {
  struct epoll_event events[16];
  for (;;) {
    int count = epoll_wait(cell.epoll, events, 16, -1);
    for (int i = 0; i < count; i++) {
      uint32_t key = (uint32_t)(events[i].data.u64 >> 8), which = (uint32_t)events[i].data.u64 & 255;
      if (which) {
        handle_output(key, which);
      } else if (key == KEY_SIGNALS) {
        struct signalfd_siginfo signal;
        while (read(cell.signals, &signal, sizeof signal) > 0) {
        }
        reap();
      } else if (key == KEY_LISTENER) {
        accept_daemon();
      } else if (cell.connection >= 0) {
        int got = receive(cell.connection);
        if (got > 0) {
          handle_message();
          close_fds();
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
          disconnect();
        }
      }
    }
  }
}

// The second stage of a cell with a user namespace is a child that waits for its maps; the first one, still
// privileged outside, writes them, hands the daemon a pidfd and ends.
static int write_map(pid_t pid, const char *file, const char *map) {
  char path[64] = "/proc/", number[12];
  int at = sizeof number - 1;
  number[at] = 0;
  for (pid_t rest = pid; rest; rest /= 10) number[--at] = (char)('0' + rest % 10);
  strcat(path, number + at);
  strcat(path, file);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t written = write(fd, map, strlen(map));
  int error = errno;
  close(fd);
  errno = error;
  return written == (ssize_t)strlen(map) ? 0 : -1;
}

static int second_stage(const struct ai_setup *setup, struct failure *failure) {
  struct clone_args arguments;
  int go[2], pidfd = -1;
  if (pipe2(go, O_CLOEXEC)) return fail(failure, AI_STEP_NAMESPACE, "pipe");
  memset(&arguments, 0, sizeof arguments);
  arguments.flags = setup->namespaces | CLONE_PARENT | CLONE_PIDFD;
  arguments.pidfd = (uint64_t)(uintptr_t)&pidfd;
  long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) return fail(failure, AI_STEP_NAMESPACE, "user");
  if (pid == 0) {
    char byte;
    close(go[1]);
    if (read(go[0], &byte, 1) != 1) _exit(1);
    close(go[0]);
    if (syscall(SYS_setresgid, 0, 0, 0) || syscall(SYS_setresuid, 0, 0, 0)) return fail(failure, AI_STEP_USER_MAP, "0");
    return 0;
  }
  if ((setup->flags & AI_CELL_DENY_SETGROUPS && write_map((pid_t)pid, "/setgroups", "deny")) ||
      (setup->gid_map && write_map((pid_t)pid, "/gid_map", setup->gid_map)) ||
      (setup->uid_map && write_map((pid_t)pid, "/uid_map", setup->uid_map))) {
    fail(failure, AI_STEP_USER_MAP, setup->uid_map);
    reply_failure(0, failure);
    _exit(1);
  }
  reply_fd(AI_STAGED, 0, AI_FD_PROCESS, pidfd);
  (void)!write(go[1], "", 1);
  _exit(0);
}

static void occupy_standard_fds(void) {
  cell.null_input = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int i = 0; i < 3 && cell.null_input >= 0; i++) dup2(cell.null_input, i);
  if (cell.null_input >= 0 && cell.null_input < 3) cell.null_input = fcntl(0, F_DUPFD_CLOEXEC, 3);
}

static int start(struct failure *failure) {
  static struct ai_setup setup;
  if (ai_parse_setup(message, packet.count, &setup)) {
    errno = EBADMSG;
    return fail(failure, AI_STEP_PROTOCOL, "setup");
  }
  occupy_standard_fds();
  cell.flags = setup.flags;
  cell.capabilities = setup.capabilities;
  cell.owner = geteuid();
  cell.listener = take_fd(setup.roles, AI_FD_LISTENER);
  cell.logs = take_fd(setup.roles, AI_FD_LOGS);
  cell.oom = take_fd(setup.roles, AI_FD_OOM);
  if (setup.filter.count) {
    uint8_t *copy = malloc(setup.filter.count);
    if (!copy) return fail(failure, AI_STEP_MEMORY, "filter");
    memcpy(copy, setup.filter.at, setup.filter.count);
    cell.filter = (struct ai_bytes){copy, setup.filter.count};
  }
  if (join_groups(setup.roles, failure)) return -1;
  if (setup.flags & AI_CELL_TWO_STAGES && second_stage(&setup, failure)) return -1;
  if (setup.flags & AI_CELL_NO_PID_NAMESPACE) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  if (setup.flags & AI_CELL_TWO_STAGES) {
    // In the user namespace the daemon's user shows as the overflow id unless it is mapped.
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (!getsockopt(cell.connection, SOL_SOCKET, SO_PEERCRED, &peer, &size)) cell.owner = peer.uid;
  }
  if (build_cell(&setup, failure)) return -1;
  if (cell.listener >= 0 && listen(cell.listener, 4)) return fail(failure, AI_STEP_LISTEN, "");
  return 0;
}

int main(int count, char **arguments) {
  struct failure failure = {0, 0, ""};
  sigset_t all;
  if (count < 3) return 125;
  setsid();
  cell.connection = atoi(arguments[2]);
  fcntl(cell.connection, F_SETFD, FD_CLOEXEC);
  // Whatever else the daemon had open without close-on-exec is none of a cell's business.
  if (cell.connection > 3) syscall(SYS_close_range, 3, (unsigned)cell.connection - 1, 0);
  syscall(SYS_close_range, (unsigned)cell.connection + 1, ~0u, 0);
  if (receive(cell.connection) <= 0) return 125;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  if (start(&failure)) {
    reply_failure(0, &failure);
    return 1;
  }
  close_fds();
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  cell.epoll = epoll_create1(EPOLL_CLOEXEC);
  cell.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  fcntl(cell.connection, F_SETFL, O_NONBLOCK);
  if (cell.epoll < 0 || cell.signals < 0 || watch(cell.signals, KEY_SIGNALS) ||
      watch(cell.connection, KEY_CONNECTION) || (cell.listener >= 0 && watch(cell.listener, KEY_LISTENER))) {
    fail(&failure, AI_STEP_MEMORY, "epoll");
    reply_failure(0, &failure);
    return 1;
  }
  fcntl(cell.listener, F_SETFL, O_NONBLOCK);
  prctl(PR_SET_NAME, "aether-init", 0, 0, 0);
  reply(AI_READY, 0);
  serve();
}
