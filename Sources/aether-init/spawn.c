// Processes of the cell: start, find, reap.
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct process *find(const char *id) {
  for (uint32_t i = 0; i < cell.process_count; i++)
    if (cell.processes[i] && cell.processes[i]->used && !strcmp(cell.processes[i]->id, id)) return cell.processes[i];
  return NULL;
}

static void close_if_open(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

void forget(struct process *process) {
  close_if_open(&process->output);
  close_if_open(&process->errors);
  close_if_open(&process->input);
  close_if_open(&process->oom);
  close_if_open(&process->log.fd);
  process->used = 0;
}

static struct process *new_process(uint32_t *slot) {
  for (*slot = 0; *slot < cell.process_count; ++*slot)
    if (!cell.processes[*slot]->used) break;
  if (*slot == cell.process_count) {
    if (cell.process_count == AI_PROCESSES_MAX) {
      errno = EAGAIN;
      return NULL;
    }
    struct process **more = realloc(cell.processes, (cell.process_count + 1) * sizeof *more);
    if (!more) return NULL;
    cell.processes = more;
    if (!(more[cell.process_count] = malloc(sizeof **more))) return NULL;
    cell.process_count++;
  }
  struct process *process = cell.processes[*slot];
  memset(process, 0, sizeof *process);
  process->output = process->errors = process->input = process->oom = process->log.fd = -1;
  process->used = 1;
  return process;
}

// What the child needs besides the request: its ends of the pipes.
struct child {
  int standard[3];
  int group;
  int status;  // gets a `struct failure` without detail when the program could not be started
  int is_terminal;
};

static int apply_filter(void) {
  struct sock_fprog program = {(unsigned short)(cell.filter.count / 8), (struct sock_filter *)cell.filter.at};
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static int become_user(const struct ai_spawn *request) {
  if (syscall(SYS_setgroups, (size_t)request->group_count, request->groups)) {
    // Not permitted in a user namespace made without privilege; there are none to get rid of that matter.
    if (errno != EPERM || request->group_count) return -1;
  }
  if (syscall(SYS_setresgid, request->gid, request->gid, request->gid)) return -1;
  if (request->uid && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)) return -1;
  return (int)syscall(SYS_setresuid, request->uid, request->uid, request->uid);
}

static int take_capabilities(const struct ai_spawn *request) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  uint64_t held = request->uid ? request->ambient : request->capabilities;
  memset(data, 0, sizeof data);
  for (int half = 0; half < 2; half++) {
    data[half].effective = data[half].permitted = (uint32_t)(held >> (32 * half));
    data[half].inheritable = (uint32_t)(request->ambient >> (32 * half));
  }
  if (syscall(SYS_capset, &header, data)) return -1;
  for (int capability = 0; capability < 64; capability++)
    if (request->ambient >> capability & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)) return -1;
  return 0;
}

static int drop_bounding(uint64_t keep) {
  for (int capability = 0; capability < 64; capability++) {
    int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (held < 0) break;
    if (held && !(keep >> capability & 1) && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)) return -1;
  }
  return 0;
}

static void execute(struct ai_spawn *request) {
  char **arguments = (char **)request->arguments, **environment = (char **)request->environment;
  const char *name = arguments[0], *path = DEFAULT_PATH;
  if (strchr(name, '/')) {
    execve(name, arguments, environment);
    return;
  }
  for (char **at = environment; *at; at++)
    if (!strncmp(*at, "PATH=", 5)) path = *at + 5;
  int error = ENOENT;
  while (*path) {
    const char *end = strchr(path, ':');
    size_t length = end ? (size_t)(end - path) : strlen(path);
    char file[4096];
    if (length && length + strlen(name) + 2 < sizeof file) {
      memcpy(file, path, length);
      file[length] = '/';
      strcpy(file + length + 1, name);
      execve(file, arguments, environment);
      if (errno != ENOENT && errno != ENOTDIR) error = errno;
    }
    path += length + (end != NULL);
  }
  errno = error;
}

static void run_child(struct ai_spawn *request, struct child *child, struct failure *failure) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (cell.flags & AI_CELL_NO_PID_NAMESPACE) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (join_groups(request->roles, failure)) return;
  setsid();
  if (child->is_terminal && ioctl(child->standard[0], TIOCSCTTY, 0)) {
    fail(failure, AI_STEP_TERMINAL, NULL);
    return;
  }
  // Descriptors 0 to 2 are taken in the supervisor, so no source is among them.
  for (int i = 0; i < 3; i++)
    if (dup2(child->standard[i], i) < 0) {
      fail(failure, AI_STEP_PIPE, NULL);
      return;
    }
  for (uint32_t i = 0; i < request->rlimit_count; i++) {
    struct rlimit limit = {request->rlimits[i].soft, request->rlimits[i].hard};
    if (setrlimit((int)request->rlimits[i].resource, &limit)) {
      fail(failure, AI_STEP_RLIMIT, NULL);
      return;
    }
  }
  int filtered = (request->flags & AI_SPAWN_FILTER) && cell.filter.count;
  int no_new = request->flags & AI_SPAWN_NO_NEW_PRIVILEGES;
  // Without no_new_privs a filter needs CAP_SYS_ADMIN, which goes away below.
  if (filtered && !no_new && apply_filter()) {
    fail(failure, AI_STEP_SECCOMP, NULL);
    return;
  }
  if (drop_bounding(request->capabilities)) {
    fail(failure, AI_STEP_CAPABILITIES, NULL);
    return;
  }
  if (become_user(request)) {
    fail(failure, AI_STEP_USER, NULL);
    return;
  }
  if (take_capabilities(request)) {
    fail(failure, AI_STEP_CAPABILITIES, NULL);
    return;
  }
  if (chdir(request->directory ? request->directory : "/")) {
    fail(failure, AI_STEP_DIRECTORY, NULL);
    return;
  }
  syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */);
  if ((no_new && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) || (filtered && no_new && apply_filter())) {
    fail(failure, AI_STEP_SECCOMP, NULL);
    return;
  }
  execute(request);
  fail(failure, AI_STEP_EXECUTE, NULL);
}

static int watch(int fd, uint32_t slot, uint32_t which) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)slot << 8 | which};
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return epoll_ctl(cell.epoll, EPOLL_CTL_ADD, fd, &event);
}

static int open_terminal(const struct ai_spawn *request, struct process *process, struct child *child) {
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  int unlock = 0;
  if (master < 0) return -1;
  process->input = master;
  process->has_terminal = 1;
  struct winsize size = {.ws_row = request->rows, .ws_col = request->columns};
  if (ioctl(master, TIOCSPTLCK, &unlock)) return -1;
  int terminal = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) return -1;
  ioctl(master, TIOCSWINSZ, &size);
  child->standard[0] = child->standard[1] = child->standard[2] = terminal;
  child->is_terminal = 1;
  if (request->flags & AI_SPAWN_LOG) process->output = dup(master);
  if (process->output >= 0) fcntl(process->output, F_SETFD, FD_CLOEXEC);
  return 0;
}

static int open_pipes(const struct ai_spawn *request, struct process *process, struct child *child) {
  int pair[2];
  child->standard[0] = take_fd(request->roles, AI_FD_INPUT);
  child->standard[1] = take_fd(request->roles, AI_FD_OUTPUT);
  child->standard[2] = take_fd(request->roles, AI_FD_ERRORS);
  if (child->standard[0] < 0 && request->flags & AI_SPAWN_INPUT) {
    if (pipe2(pair, O_CLOEXEC)) return -1;
    child->standard[0] = pair[0];
    process->input = pair[1];
  }
  for (int i = 1; i < 3; i++) {
    if (child->standard[i] >= 0 || !(request->flags & AI_SPAWN_LOG)) continue;
    if (pipe2(pair, O_CLOEXEC)) return -1;
    child->standard[i] = pair[1];
    *(i == 1 ? &process->output : &process->errors) = pair[0];
  }
  for (int i = 0; i < 3; i++)
    if (child->standard[i] < 0 && (child->standard[i] = fcntl(cell.null_input, F_DUPFD_CLOEXEC, 3)) < 0) return -1;
  return 0;
}

static int start(struct ai_spawn *request, struct process *process, struct child *child, int *pidfd,
                 struct failure *failure) {
  int status[2];
  if (pipe2(status, O_CLOEXEC)) return fail(failure, AI_STEP_PIPE, "");
  struct clone_args arguments;
  memset(&arguments, 0, sizeof arguments);
  // The parent stops until the program runs or failed; memory is not shared, so the child may change its identity.
  arguments.flags = CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  arguments.pidfd = (uint64_t)(uintptr_t)pidfd;
  arguments.exit_signal = SIGCHLD;
  if (child->group >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = (uint64_t)child->group;
  }
  process->state.started_ns = now_ns();
  long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) {
    child->status = status[1];
    run_child(request, child, failure);
    (void)!write(status[1], failure, sizeof *failure);
    _exit(127);
  }
  int result = 0;
  close(status[1]);
  if (pid < 0) {
    *pidfd = -1;
    result = fail(failure, AI_STEP_CLONE, child->group >= 0 ? "into the process's cgroup" : "");
  } else if (read(status[0], failure, sizeof *failure) == (ssize_t)sizeof *failure) {
    waitpid((pid_t)pid, NULL, 0);
    close_if_open(pidfd);
    failure->detail = failure->step == AI_STEP_DIRECTORY ? request->directory
                      : failure->step == AI_STEP_EXECUTE ? request->arguments[0]
                                                         : "";
    result = -1;
  }
  close(status[0]);
  process->pid = (pid_t)pid;
  process->state.pid = (uint32_t)pid;
  return result;
}

struct process *spawn(struct ai_spawn *request, int *pidfd, struct failure *failure) {
  struct child child = {{-1, -1, -1}, -1, -1, 0};
  uint32_t slot;
  struct process *old = find(request->id);
  *pidfd = -1;
  if (old && !old->exited) {
    errno = EEXIST;
    fail(failure, AI_STEP_EXISTS, request->id);
    return NULL;
  }
  if ((request->capabilities | request->ambient) & ~cell.capabilities ||
      (request->ambient & ~request->capabilities)) {
    errno = EPERM;
    fail(failure, AI_STEP_CAPABILITIES, "more than the cell allows");
    return NULL;
  }
  if (!(request->flags & AI_SPAWN_NO_NEW_PRIVILEGES) && !(cell.flags & AI_CELL_ALLOWS_NEW_PRIVILEGES)) {
    errno = EPERM;
    fail(failure, AI_STEP_CAPABILITIES, "the cell does not allow new privileges");
    return NULL;
  }
  if (old) forget(old);
  struct process *process = new_process(&slot);
  if (!process) {
    fail(failure, AI_STEP_MEMORY, request->id);
    return NULL;
  }
  strcpy(process->id, request->id);
  process->state.flags = request->flags;
  process->log.size_max = request->log_size_max;
  process->log.files_max = request->log_files_max;
  child.group = take_fd(request->roles, AI_FD_GROUP);
  process->oom = take_fd(request->roles, AI_FD_OOM);
  process->state.oom_cell_before = oom_kills(cell.oom);
  int failed = request->has_terminal ? open_terminal(request, process, &child) : open_pipes(request, process, &child);
  if (failed) {
    fail(failure, request->has_terminal ? AI_STEP_TERMINAL : AI_STEP_PIPE, "");
  } else {
    failed = start(request, process, &child, pidfd, failure);
  }
  if (child.group >= 0) close(child.group);
  for (int i = 0; i < (child.is_terminal ? 1 : 3); i++)
    if (child.standard[i] >= 0) close(child.standard[i]);
  if (failed) {
    forget(process);
    return NULL;
  }
  if (process->output >= 0) watch(process->output, slot, 1);
  if (process->errors >= 0) watch(process->errors, slot, 2);
  return process;
}

static uint64_t microseconds(struct timeval time) { return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec; }

static void record_exit(struct process *process, int status, const struct rusage *usage) {
  struct ai_state *state = &process->state;
  process->exited = 1;
  process->pid = 0;
  // What it wrote before the end is in the log before anyone hears of the end.
  while (process->output >= 0 && log_output(process, process->output, 0) == 0) {
  }
  while (process->errors >= 0 && log_output(process, process->errors, 1) == 0) {
  }
  state->exited_ns = now_ns();
  state->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  state->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  state->user_us = microseconds(usage->ru_utime);
  state->system_us = microseconds(usage->ru_stime);
  state->peak_kib = (uint64_t)usage->ru_maxrss;
  state->oom_cell_after = oom_kills(cell.oom);
  state->oom_process = oom_kills(process->oom);
  close_if_open(&process->oom);
  if (!process->has_terminal) close_if_open(&process->input);
  reply_state(AI_EXITED, 0, process, -1, -1);
  if (state->flags & AI_SPAWN_TETHERED) forget(process);
}

void reap(void) {
  int status;
  struct rusage usage;
  for (pid_t pid; (pid = wait4(-1, &status, WNOHANG, &usage)) > 0;)
    for (uint32_t i = 0; i < cell.process_count; i++) {
      struct process *process = cell.processes[i];
      if (process->used && !process->exited && process->pid == pid) record_exit(process, status, &usage);
    }
}
