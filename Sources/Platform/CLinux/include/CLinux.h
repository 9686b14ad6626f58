// What Swift cannot call itself: variadic calls, system calls without a C function, macros, and vfork-style clone.
// Functions return -errno on failure unless they say otherwise.
#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "aether_init_protocol.h"

// Namespaces (clone(2)).
extern const uint64_t clinux_new_mount, clinux_new_pid, clinux_new_network, clinux_new_ipc, clinux_new_uts,
    clinux_new_cgroup, clinux_new_user;

// Starts `executable` (a descriptor) with the arguments "aether-init", `name`, decimal `control`; that is the only
// descriptor beside 0 to 2 that it inherits whatever its flags say. `namespaces`: CLONE_NEW*; `group`: v2 cgroup directory to start in, or -1. Costs
// the same whatever the size of the caller: the child borrows its memory until the exec. Gives the pid.
int clinux_spawn_init(int executable, int control, const char *name, uint64_t namespaces, int group, int *pidfd);

int clinux_pidfd_open(pid_t pid);
int clinux_pidfd_signal(int pidfd, int signal);
// The pid behind a pidfd, as seen from here; 0 when it ended, -errno when the kernel does not say (before 6.13).
int clinux_pidfd_pid(int pidfd);
// Reaps the child behind `pidfd`: 1 and its exit code or signal, 0 when it still runs (only with `no_wait`).
int clinux_pidfd_wait(int pidfd, int no_wait, int *code, int *signal);

int clinux_socketpair(int type, int *first, int *second);  // AF_UNIX, close-on-exec, non-blocking first end
int clinux_seqpacket(void);                                // AF_UNIX, close-on-exec, non-blocking
int clinux_accept(int listener);                         // close-on-exec, non-blocking
int clinux_bind(int fd, const char *path);
int clinux_connect(int fd, const char *path);
int clinux_peer(int fd, pid_t *pid, uid_t *uid);
ssize_t clinux_send(int fd, const void *bytes, size_t count, const int *fds, int fd_count);
// `*fd_count` is the room in `fds` before and the number received after. 0: end. Too long messages are -EMSGSIZE.
ssize_t clinux_receive(int fd, void *bytes, size_t count, int *fds, int *fd_count);

void clinux_name_thread(const char *name);  // of the calling thread, at most 15 bytes

int clinux_open_path(const char *path, int directory);  // O_PATH, close-on-exec
int clinux_open_directory(const char *path);            // readable, close-on-exec
int clinux_open_at(int directory, const char *path, int flags, mode_t mode);  // close-on-exec added
// The same where no part of the way may be a link or lead out of the folder (openat2(2), Linux 5.6): -EXDEV, -ELOOP.
int clinux_open_beneath(int directory, const char *path, int flags, mode_t mode);
int clinux_duplicate(int fd, int minimum);              // close-on-exec
int clinux_set_blocking(int fd, int blocking);
/* Marks every descriptor from `first` on close-on-exec (close_range(2)). Returns 0 or -errno. */
int clinux_close_on_exec_from(int first);
// A read-only memory file with these bytes, positioned at the start.
int clinux_sealed_memory(const char *name, const void *bytes, size_t count);
int clinux_pipe(int *ends);
// Keeps cgroup migrations cheap while the descriptor is open: an own named v1 hierarchy, mounted nowhere, with
// favordynmods (global effect).
int clinux_favor_dynamic_groups(const char *name);
uint64_t clinux_effective_capabilities(void);
int clinux_terminal_size(int fd, unsigned short rows, unsigned short columns);

struct clinux_syscall {
  const char *name;
  int number;
};
// One of the system calls that the default seccomp profile refuses, or NULL behind the last.
const struct clinux_syscall *clinux_refused_syscalls_at(int index);
// What refers to something that only sometimes is refused, and the highest number this build knows.
extern const int clinux_syscall_clone, clinux_syscall_clone3, clinux_syscall_max;
extern const uint32_t clinux_audit_arch;

#endif
