#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CLinux.h"

#define P_PIDFD_TYPE 3

static int result(long value) { return value < 0 ? -errno : (int)value; }

int clinux_pidfd_open(pid_t pid) { return result(syscall(SYS_pidfd_open, pid, 0)); }

int clinux_pidfd_signal(int pidfd, int signal) {
  return result(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

// struct pidfd_info of Linux 6.13 and its ioctl, which the headers of older distributions lack.
struct pidfd_info_v0 {
  uint64_t mask, cgroup_id;
  uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid, spare;
};
#define PIDFD_GET_INFO_V0 _IOWR(0xFF, 11, struct pidfd_info_v0)

int clinux_pidfd_pid(int pidfd) {
  struct pidfd_info_v0 info = {.mask = 1};
  if (!ioctl(pidfd, PIDFD_GET_INFO_V0, &info)) return (int)info.tgid;
  if (errno == ESRCH) return 0;
  // Older kernels say it in /proc.
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  ssize_t count = read(fd, text, sizeof text - 1);
  close(fd);
  if (count <= 0) return -EIO;
  text[count] = 0;
  const char *at = strstr(text, "\nPid:");
  int pid = at ? atoi(at + 5) : -1;
  return pid < 0 ? 0 : pid;
}

int clinux_pidfd_wait(int pidfd, int no_wait, int *code, int *signal) {
  siginfo_t info;
  long done;
  memset(&info, 0, sizeof info);
  do done = syscall(SYS_waitid, P_PIDFD_TYPE, pidfd, &info, WEXITED | (no_wait ? WNOHANG : 0), NULL);
  while (done < 0 && errno == EINTR);
  if (done < 0) return -errno;
  if (info.si_pid == 0) return 0;
  *code = info.si_code == CLD_EXITED ? info.si_status : 0;
  *signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
  return 1;
}

int clinux_socketpair(int type, int *first, int *second) {
  int pair[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair)) return -errno;
  *first = pair[0];
  *second = pair[1];
  return clinux_set_blocking(pair[0], 0);
}

int clinux_seqpacket(void) { return result(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

int clinux_accept(int listener) { return result(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)); }

static int address(const char *path, struct sockaddr_un *address) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (strlen(path) >= sizeof address->sun_path) return -ENAMETOOLONG;
  strcpy(address->sun_path, path);
  return 0;
}

int clinux_bind(int fd, const char *path) {
  struct sockaddr_un at;
  int bad = address(path, &at);
  return bad ? bad : result(bind(fd, (struct sockaddr *)&at, sizeof at));
}

int clinux_connect(int fd, const char *path) {
  struct sockaddr_un at;
  int bad = address(path, &at);
  return bad ? bad : result(connect(fd, (struct sockaddr *)&at, sizeof at));
}

int clinux_peer(int fd, pid_t *pid, uid_t *uid) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size)) return -errno;
  *pid = peer.pid;
  *uid = peer.uid;
  return 0;
}

#define FDS_MAX 16

ssize_t clinux_send(int fd, const void *bytes, size_t count, const int *fds, int fd_count) {
  union {
    char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
    struct cmsghdr align;
  } control;
  struct iovec vector = {(void *)bytes, count};
  struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
  if (fd_count > FDS_MAX) return -E2BIG;
  if (fd_count > 0) {
    memset(&control, 0, sizeof control);
    header.msg_control = control.bytes;
    header.msg_controllen = CMSG_SPACE((size_t)fd_count * sizeof(int));
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN((size_t)fd_count * sizeof(int));
    memcpy(CMSG_DATA(rights), fds, (size_t)fd_count * sizeof(int));
  }
  ssize_t sent;
  do sent = sendmsg(fd, &header, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}

ssize_t clinux_receive(int fd, void *bytes, size_t count, int *fds, int *fd_count) {
  union {
    char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
    struct cmsghdr align;
  } control;
  struct iovec vector = {bytes, count};
  struct msghdr header = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  int room = *fd_count;
  *fd_count = 0;
  ssize_t got;
  do got = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0) return -errno;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    int received[FDS_MAX], number = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(received, CMSG_DATA(c), (size_t)number * sizeof(int));
    for (int i = 0; i < number; i++)
      if (*fd_count < room)
        fds[(*fd_count)++] = received[i];
      else
        close(received[i]);
  }
  if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
    for (int i = 0; i < *fd_count; i++) close(fds[i]);
    *fd_count = 0;
    return -EMSGSIZE;
  }
  return got;
}

int clinux_open_path(const char *path, int directory) {
  return result(open(path, O_PATH | O_CLOEXEC | (directory ? O_DIRECTORY : 0)));
}

int clinux_open_directory(const char *path) { return result(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }

int clinux_open_at(int directory, const char *path, int flags, mode_t mode) {
  return result(openat(directory, path, flags | O_CLOEXEC, mode));
}

int clinux_open_beneath(int directory, const char *path, int flags, mode_t mode) {
  struct open_how how = {
      .flags = (uint64_t)(flags | O_CLOEXEC),
      .mode = flags & O_CREAT ? mode : 0,
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  long fd;
  do fd = syscall(SYS_openat2, directory, path, &how, sizeof how);
  while (fd < 0 && errno == EINTR);
  return result((int)fd);
}

int clinux_duplicate(int fd, int minimum) { return result(fcntl(fd, F_DUPFD_CLOEXEC, minimum)); }

int clinux_set_blocking(int fd, int blocking) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return -errno;
  return result(fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK));
}

int clinux_sealed_memory(const char *name, const void *bytes, size_t count) {
  int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -errno;
  size_t written = 0;
  while (written < count) {
    ssize_t now = write(fd, (const char *)bytes + written, count - written);
    if (now < 0 && errno == EINTR) continue;
    if (now <= 0) goto bad;
    written += (size_t)now;
  }
  if (lseek(fd, 0, SEEK_SET) < 0) goto bad;
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)) goto bad;
  return fd;
bad:;
  int error = errno;
  close(fd);
  return -error;
}

int clinux_pipe(int *ends) { return result(pipe2(ends, O_CLOEXEC)); }

int clinux_favor_dynamic_groups(const char *name) {
  int context = (int)syscall(SYS_fsopen, "cgroup", FSOPEN_CLOEXEC);
  if (context < 0) return -errno;
  int mounted = -1;
  if (!syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "none", NULL, 0) &&
      !syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "name", name, 0) &&
      !syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "favordynmods", NULL, 0) &&
      !syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
    mounted = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
  int error = errno;
  close(context);
  return mounted < 0 ? -error : mounted;
}

uint64_t clinux_effective_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data)) return 0;
  return (uint64_t)data[1].effective << 32 | data[0].effective;
}

int clinux_terminal_size(int fd, unsigned short rows, unsigned short columns) {
  struct winsize size = {.ws_row = rows, .ws_col = columns};
  return result(ioctl(fd, TIOCSWINSZ, &size));
}

int clinux_close_on_exec_from(int first) {
  return syscall(SYS_close_range, first, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */) == 0 ? 0 : -errno;
}

void clinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
