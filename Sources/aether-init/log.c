// Output of processes to log files: one record per line and read, `TIME STREAM F|P TEXT\n`, where P says that the
// text goes on in the next record of that stream (the layout that container runtimes and log shippers know).
// TIME is RFC 3339 in UTC with nanoseconds. `ID.log` is the current file; `ID.log.1` is the youngest of the others.
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define INPUT_SIZE (16 * 1024)
#define STAMP_SIZE 30  // 2026-01-31T23:59:59.123456789Z

static char input[INPUT_SIZE];
static char output[4 * INPUT_SIZE];

uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t oom_kills(int fd) {
  char text[1024];
  if (fd < 0) return 0;
  ssize_t count = pread(fd, text, sizeof text - 1, 0);
  if (count <= 0) return 0;
  text[count] = 0;
  // The line may be the first; "oom_kill_disable" and "oom_group_kill" are others.
  for (char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
    if (!strncmp(line, "oom_kill ", 9)) return strtoull(line + 9, NULL, 10);
  return 0;
}

static void digits(char *at, unsigned long value, int count) {
  while (count--) {
    at[count] = (char)('0' + value % 10);
    value /= 10;
  }
}

static void stamp(char *at) {
  struct timespec now;
  struct tm parts;
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &parts);
  memcpy(at, "0000-00-00T00:00:00.000000000Z", STAMP_SIZE);
  digits(at, (unsigned long)parts.tm_year + 1900, 4);
  digits(at + 5, (unsigned long)parts.tm_mon + 1, 2);
  digits(at + 8, (unsigned long)parts.tm_mday, 2);
  digits(at + 11, (unsigned long)parts.tm_hour, 2);
  digits(at + 14, (unsigned long)parts.tm_min, 2);
  digits(at + 17, (unsigned long)parts.tm_sec, 2);
  digits(at + 20, (unsigned long)now.tv_nsec, 9);
}

static void rotated_name(char *at, size_t size, const char *id, uint32_t number) {
  if (number)
    snprintf(at, size, "%s.log.%u", id, number);
  else
    snprintf(at, size, "%s.log", id);
}

static void rotate(struct process *process) {
  char from[AI_ID_MAX + 24], to[AI_ID_MAX + 24];
  struct log *log = &process->log;
  close(log->fd);
  log->fd = -1;
  if (log->files_max == 0) {
    rotated_name(from, sizeof from, process->id, 0);
    unlinkat(cell.logs, from, 0);
    return;
  }
  for (uint32_t number = log->files_max; number > 0; number--) {
    rotated_name(from, sizeof from, process->id, number - 1);
    rotated_name(to, sizeof to, process->id, number);
    renameat(cell.logs, from, cell.logs, to);
  }
}

static int open_log(struct process *process) {
  char name[AI_ID_MAX + 24];
  struct stat status;
  rotated_name(name, sizeof name, process->id, 0);
  process->log.fd = openat(cell.logs, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (process->log.fd < 0) return -1;
  process->log.size = fstat(process->log.fd, &status) ? 0 : (uint64_t)status.st_size;
  return 0;
}

static void append(struct process *process, const char *bytes, size_t count, size_t of_which_text) {
  struct log *log = &process->log;
  if (log->fd >= 0 && log->size_max && log->size > 0 && log->size + count > log->size_max) rotate(process);
  if (log->fd < 0 && open_log(process)) {
    log->dropped += of_which_text;
    return;
  }
  while (count) {
    ssize_t written = write(log->fd, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      // A full disk must neither stop the process nor tear the record that comes next.
      log->dropped += of_which_text < count ? of_which_text : count;
      ftruncate(log->fd, (off_t)log->size);
      return;
    }
    bytes += written;
    count -= (size_t)written;
    log->size += (uint64_t)written;
  }
}

int log_output(struct process *process, int fd, int is_errors) {
  ssize_t count = read(fd, input, sizeof input);
  if (count < 0) return errno == EAGAIN || errno == EINTR ? 1 : -1;  // EIO: the terminal was hung up
  if (count == 0) return -1;
  char prefix[STAMP_SIZE + 12];
  stamp(prefix);
  memcpy(prefix + STAMP_SIZE, is_errors ? " stderr F " : " stdout F ", 10);
  size_t used = 0, text = 0;
  for (char *at = input, *end = input + count; at < end;) {
    char *newline = memchr(at, '\n', (size_t)(end - at));
    size_t length = (size_t)((newline ? newline : end) - at);
    if (used + STAMP_SIZE + 10 + length + 1 > sizeof output) {
      append(process, output, used, text);
      used = text = 0;
    }
    memcpy(output + used, prefix, STAMP_SIZE + 10);
    if (!newline) output[used + STAMP_SIZE + 8] = 'P';
    memcpy(output + used + STAMP_SIZE + 10, at, length);
    output[used + STAMP_SIZE + 10 + length] = '\n';
    used += STAMP_SIZE + 10 + length + 1;
    text += length;
    at += length + (newline != NULL);
  }
  append(process, output, used, text);
  process->state.log_dropped = process->log.dropped;
  return 0;
}
