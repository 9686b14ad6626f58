// Messages out and in. A connection that cannot take a message for a second is dropped: the daemon that makes a new one
// asks for the whole list, so nothing depends on what was lost.
#include "init.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

uint8_t message[AI_MESSAGE_MAX];
struct packet packet;

// 1: a message, 0: end of the connection, -1: nothing now or an error (errno).
int receive(int fd) {
  struct iovec vector = {message, sizeof message};
  union {
    char bytes[CMSG_SPACE(AI_FDS_MAX * sizeof(int))];
    struct cmsghdr align;
  } control;
  struct msghdr header = {.msg_iov = &vector,
                          .msg_iovlen = 1,
                          .msg_control = control.bytes,
                          .msg_controllen = sizeof control.bytes};
  packet.count = 0;
  packet.fd_count = 0;
  ssize_t count = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
  if (count < 0) return -1;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    packet.fd_count = (uint32_t)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(packet.fds, CMSG_DATA(c), packet.fd_count * sizeof(int));
  }
  if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
    close_fds();
    errno = EMSGSIZE;
    return -1;
  }
  packet.count = (size_t)count;
  return count > 0;
}

void close_fds(void) {
  for (uint32_t i = 0; i < packet.fd_count; i++)
    if (packet.fds[i] >= 0) close(packet.fds[i]);
  packet.fd_count = 0;
}

int take_fd(struct ai_bytes roles, uint8_t role) {
  for (uint32_t i = 0; i < packet.fd_count && i < roles.count; i++) {
    if (roles.at[i] != role || packet.fds[i] < 0) continue;
    int fd = packet.fds[i];
    packet.fds[i] = -1;
    return fd;
  }
  return -1;
}

struct writer {
  uint8_t bytes[1024];
  size_t count;
};

static void put(struct writer *writer, uint16_t tag, const void *value, size_t count) {
  uint16_t zero = 0;
  uint32_t length = (uint32_t)count;
  if (writer->count + 8 + count > sizeof writer->bytes) return;
  uint8_t *at = writer->bytes + writer->count;
  memcpy(at, &tag, 2);
  memcpy(at + 2, &zero, 2);
  memcpy(at + 4, &length, 4);
  memcpy(at + 8, value, count);
  writer->count += 8 + count;
}

static void begin(struct writer *writer, uint32_t kind, uint32_t request) {
  struct ai_header header = {kind, request};
  memcpy(writer->bytes, &header, sizeof header);
  writer->count = sizeof header;
}

static void finish(struct writer *writer, const int *fds, const uint8_t *roles, uint32_t fd_count) {
  if (cell.connection < 0) return;
  union {
    char bytes[CMSG_SPACE(2 * sizeof(int))];
    struct cmsghdr align;
  } control;
  if (fd_count) put(writer, AI_TAG_FD_ROLES, roles, fd_count);
  struct iovec vector = {writer->bytes, writer->count};
  struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
  if (fd_count) {
    memset(&control, 0, sizeof control);
    header.msg_control = control.bytes;
    header.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
    struct cmsghdr *c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
    memcpy(CMSG_DATA(c), fds, fd_count * sizeof(int));
  }
  ssize_t sent;
  do sent = sendmsg(cell.connection, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  if (sent < 0 && (errno == EAGAIN || errno == ETOOMANYREFS)) {
    // A long list fills the socket; a daemon that is there empties it at once.
    struct pollfd room = {.fd = cell.connection, .events = POLLOUT};
    poll(&room, 1, 1000);
    sent = sendmsg(cell.connection, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  // The loop sees the end of the connection and cleans up.
  if (sent < 0) shutdown(cell.connection, SHUT_RDWR);
}

void reply(uint32_t kind, uint32_t request) {
  struct writer writer;
  uint32_t version = AI_VERSION;
  begin(&writer, kind, request);
  if (kind == AI_READY || kind == AI_WELCOME) put(&writer, AI_TAG_VERSION, &version, sizeof version);
  finish(&writer, NULL, NULL, 0);
}

void reply_fd(uint32_t kind, uint32_t request, uint8_t role, int fd) {
  struct writer writer;
  begin(&writer, kind, request);
  finish(&writer, &fd, &role, 1);
}

void reply_state(uint32_t kind, uint32_t request, const struct process *process, int pidfd, int input) {
  struct writer writer;
  int fds[2];
  uint8_t roles[2];
  uint32_t count = 0;
  begin(&writer, kind, request);
  put(&writer, AI_TAG_ID, process->id, strlen(process->id) + 1);
  put(&writer, AI_TAG_STATE, &process->state, sizeof process->state);
  if (pidfd >= 0) {
    fds[count] = pidfd;
    roles[count++] = AI_FD_PROCESS;
  }
  if (input >= 0) {
    fds[count] = input;
    roles[count++] = AI_FD_INPUT;
  }
  finish(&writer, fds, roles, count);
}

void reply_failure(uint32_t request, const struct failure *failure) {
  struct writer writer;
  uint8_t value[8 + 512];
  const char *detail = failure->detail ? failure->detail : "";
  size_t count = strnlen(detail, 500);
  memcpy(value, &failure->step, 4);
  memcpy(value + 4, &failure->error, 4);
  memcpy(value + 8, detail, count);
  value[8 + count] = 0;
  begin(&writer, AI_FAILED, request);
  put(&writer, AI_TAG_FAILURE, value, 8 + count + 1);
  finish(&writer, NULL, NULL, 0);
}
