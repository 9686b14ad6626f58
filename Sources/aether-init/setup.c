// Building a cell: groups, mounts, root, hostname, loopback. Runs once, before any process of the cell exists.
// All mount points below the new root are opened with RESOLVE_IN_ROOT, so links of a hostile root lead nowhere.
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

// From <sys/mount.h>, which cannot be included beside <linux/mount.h>.
int mount(const char *, const char *, const char *, unsigned long, const void *);
int umount2(const char *, int);
#define DETACH 2

int fail(struct failure *failure, uint32_t step, const char *detail) {
  failure->step = step;
  failure->error = errno;
  failure->detail = detail;
  return -1;
}

int join_groups(struct ai_bytes roles, struct failure *failure) {
  for (int fd; (fd = take_fd(roles, AI_FD_JOIN)) >= 0; close(fd))
    if (write(fd, "0", 1) != 1) {
      fail(failure, AI_STEP_JOIN_GROUP, "cgroup.procs");
      close(fd);
      return -1;
    }
  return 0;
}

static int new_mount(const char *type, const char *options, unsigned attributes) {
  int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
  if (context < 0) return -1;
  char text[4096];
  size_t length = strlen(options);
  if (length >= sizeof text) {
    close(context);
    errno = E2BIG;
    return -1;
  }
  memcpy(text, options, length + 1);
  syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", type, 0);
  for (char *at = text; *at;) {
    char *end = strchr(at, ','), *value;
    if (end) *end = 0;
    if ((value = strchr(at, '='))) *value++ = 0;
    if (*at && syscall(SYS_fsconfig, context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, at, value, 0)) goto bad;
    if (!end) break;
    at = end + 1;
  }
  if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0)) goto bad;
  int made = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
  int error = errno;
  close(context);
  errno = error;
  return made;
bad:
  error = errno;
  close(context);
  errno = error;
  return -1;
}

static int attach(int tree, int target) {
  return (int)syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static int set_attributes(int tree, uint64_t attributes, unsigned flags) {
  struct mount_attr change = {.attr_set = attributes};
  if (!attributes) return 0;
  return (int)syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | flags, &change, sizeof change);
}

static int clone_tree(int directory, const char *path, int recursive) {
  unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
  return (int)syscall(SYS_open_tree, directory, path, *path ? flags : flags | AT_EMPTY_PATH);
}

// The mount point `path` below `root`; with `create` a missing one is made, a directory or an empty file.
static int open_target(int root, const char *path, int create, int is_file) {
  struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
  int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
  if (fd >= 0 || errno != ENOENT || !create) return fd;
  char part[4096];
  size_t length = strlen(path), at = 0;
  if (length >= sizeof part) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(part, path, length + 1);
  int parent = openat(root, ".", O_PATH | O_CLOEXEC | O_DIRECTORY);
  while (parent >= 0) {
    while (part[at] == '/') at++;
    size_t end = at;
    while (part[end] && part[end] != '/') end++;
    size_t after = end;
    while (part[after] == '/') after++;
    int last = !part[after];
    part[end] = 0;
    // Everything up to here, from the root: a link in the middle stays inside.
    for (size_t i = 0; i < at; i++)
      if (!part[i]) part[i] = '/';
    int next = (int)syscall(SYS_openat2, root, part, &how, sizeof how);
    if (next < 0 && errno == ENOENT) {
      int made;
      if (last && is_file) {
        made = openat(parent, part + at, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (made >= 0) close(made);
      } else {
        made = mkdirat(parent, part + at, 0755);
      }
      if (made >= 0 || errno == EEXIST) next = (int)syscall(SYS_openat2, root, part, &how, sizeof how);
    }
    int error = errno;
    close(parent);
    errno = error;
    parent = next;
    if (last) break;
    at = after;
  }
  return parent;
}

static int make_devices(int root, const struct ai_mount *mount, int in_user_namespace) {
  static const struct {
    const char *name, *path;
    unsigned major, minor;
  } nodes[] = {{"null", "/dev/null", 1, 3},       {"zero", "/dev/zero", 1, 5},       {"full", "/dev/full", 1, 7},
               {"random", "/dev/random", 1, 8}, {"urandom", "/dev/urandom", 1, 9}, {"tty", "/dev/tty", 5, 0}};
  static const char *const links[][2] = {{"pts/ptmx", "ptmx"},
                                         {"/proc/self/fd", "fd"},
                                         {"/proc/self/fd/0", "stdin"},
                                         {"/proc/self/fd/1", "stdout"},
                                         {"/proc/self/fd/2", "stderr"}};
  int target = open_target(root, mount->target, (mount->attributes & AI_MOUNT_CREATE) != 0, 0);
  if (target < 0) return -1;
  int dev = new_mount("tmpfs", "mode=755,size=64k", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
  if (dev < 0 || attach(dev, target)) return -1;
  close(target);
  for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
    if (!in_user_namespace) {
      if (mknodat(dev, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor))) return -1;
      if (fchmodat(dev, nodes[i].name, 0666, 0)) return -1;
      continue;
    }
    int file = openat(dev, nodes[i].name, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0666);
    int tree = clone_tree(AT_FDCWD, nodes[i].path, 0);
    if (file < 0 || tree < 0 || attach(tree, file)) return -1;
    close(file);
    close(tree);
  }
  for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
    if (symlinkat(links[i][0], dev, links[i][1])) return -1;
  if (mkdirat(dev, "pts", 0755) || mkdirat(dev, "shm", 0755)) return -1;
  int pts = new_mount("devpts", "ptmxmode=0666,mode=0620", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
  int shm = new_mount("tmpfs", "mode=1777,size=64m", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  int at_pts = openat(dev, "pts", O_PATH | O_CLOEXEC), at_shm = openat(dev, "shm", O_PATH | O_CLOEXEC);
  if (pts < 0 || shm < 0 || attach(pts, at_pts) || attach(shm, at_shm)) return -1;
  close(pts);
  close(shm);
  close(at_pts);
  close(at_shm);
  close(dev);
  return 0;
}

// Hides a file behind the cell's /dev/null and a directory behind an empty read-only one.
static int mask(int root, const char *path) {
  static int empty = -1;
  struct stat status;
  int target = open_target(root, path, 0, 0);
  if (target < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
  int tree;
  if (fstat(target, &status)) return -1;
  if (S_ISDIR(status.st_mode)) {
    if (empty < 0) {
      empty = new_mount("tmpfs", "mode=555,size=0,nr_inodes=2", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
      tree = empty;
    } else {
      tree = clone_tree(empty, "", 0);
    }
  } else {
    int null = open_target(root, "dev/null", 0, 0);
    tree = null < 0 ? -1 : clone_tree(null, "", 0);
    if (null >= 0) close(null);
  }
  int result = tree < 0 ? -1 : attach(tree, target), error = errno;
  if (tree >= 0 && tree != empty) close(tree);
  close(target);
  errno = error;
  return result;
}

static int do_mount(int root, const struct ai_mount *mount, int in_user_namespace) {
  unsigned attributes = mount->attributes & ~(AI_MOUNT_RECURSIVE | AI_MOUNT_CREATE);
  int recursive = (mount->attributes & AI_MOUNT_RECURSIVE) != 0;
  int create = (mount->attributes & AI_MOUNT_CREATE) != 0;
  int tree = -1, target = -1, is_file = 0, result = -1;
  struct stat status;
  switch (mount->op) {
    case AI_MOUNT_DEVICES:
      return make_devices(root, mount, in_user_namespace);
    case AI_MOUNT_MASK:
      return mask(root, mount->target);
    case AI_MOUNT_READ_ONLY:
      target = open_target(root, mount->target, 0, 0);
      if (target < 0) return errno == ENOENT ? 0 : -1;
      tree = clone_tree(target, "", 1);
      attributes = MOUNT_ATTR_RDONLY;
      recursive = 1;
      break;
    case AI_MOUNT_BIND:
      if (stat(mount->source, &status)) return -1;
      is_file = !S_ISDIR(status.st_mode);
      tree = clone_tree(AT_FDCWD, mount->source, recursive);
      break;
    case AI_MOUNT_FILE_SYSTEM:
      tree = new_mount(mount->source, mount->options, attributes);
      attributes = 0;
      break;
    default:
      errno = EINVAL;
      return -1;
  }
  if (tree >= 0 && !set_attributes(tree, attributes, recursive ? AT_RECURSIVE : 0)) {
    if (target < 0) target = open_target(root, mount->target, create, is_file);
    if (target >= 0) result = attach(tree, target);
  }
  int error = errno;
  if (tree >= 0) close(tree);
  if (target >= 0) close(target);
  errno = error;
  return result;
}

static int mount_root(const struct ai_mount *mount, int stage, int in_user_namespace) {
  unsigned attributes = mount->attributes & ~(AI_MOUNT_RECURSIVE | AI_MOUNT_CREATE);
  int recursive = (mount->attributes & AI_MOUNT_RECURSIVE) != 0;
  if (mount->op == AI_MOUNT_ROOT_BIND) {
    int tree = clone_tree(AT_FDCWD, mount->source, recursive);
    if (tree < 0 || set_attributes(tree, attributes, recursive ? AT_RECURSIVE : 0)) return -1;
    if (attach(tree, stage)) return -1;
    return tree;
  }
  if (mount->op != AI_MOUNT_ROOT_OVERLAY) {
    errno = EINVAL;
    return -1;
  }
  char options[4096];
  int inner = -1;
  const char *separator = in_user_namespace ? ",userxattr" : "";
  size_t used = strlen(mount->options);
  if (used > 3800) {
    errno = E2BIG;
    return -1;
  }
  memcpy(options, mount->options, used + 1);
  if (!*mount->source) {
    // Upper layer in memory: it disappears with the cell and costs no disk write.
    int memory = new_mount("tmpfs", "mode=755", MOUNT_ATTR_NODEV);
    if (memory < 0 || attach(memory, stage) || fchdir(memory)) return -1;
    if (mkdirat(memory, "upper", 0755) || mkdirat(memory, "work", 0700) || mkdirat(memory, "root", 0755)) return -1;
    memcpy(options + used, ",upperdir=upper,workdir=work", 29);
    used += 28;
    stage = openat(memory, "root", O_PATH | O_CLOEXEC);
    inner = stage;
    close(memory);
  } else if (strlen(mount->source) < 200) {
    // "directory": its own `upper` and `work`.
    if (chdir(mount->source)) return -1;
    if ((mkdir("upper", 0755) && errno != EEXIST) || (mkdir("work", 0700) && errno != EEXIST)) return -1;
    memcpy(options + used, ",upperdir=upper,workdir=work", 29);
    used += 28;
  }
  memcpy(options + used, separator, strlen(separator) + 1);
  int tree = new_mount("overlay", options, attributes);
  if (tree < 0 || attach(tree, stage)) return -1;
  if (inner >= 0) close(inner);
  return tree;
}

static int build_root(const struct ai_setup *setup, struct failure *failure) {
  int in_user_namespace = (setup->flags & AI_CELL_TWO_STAGES) != 0;
  if (mount(NULL, "/", NULL, 0x44000 /* MS_REC | MS_PRIVATE */, NULL))
    return fail(failure, AI_STEP_PRIVATE_MOUNTS, "/");
  if (setup->mount_count == 0) {
    errno = EINVAL;
    return fail(failure, AI_STEP_ROOT, "no root");
  }
  // Opened in here: a descriptor from outside would name a mount of the node's namespace.
  int stage = setup->stage ? open(setup->stage, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
  if (stage < 0) return fail(failure, AI_STEP_ROOT, setup->stage ? setup->stage : "no stage");
  int root = mount_root(&setup->mounts[0], stage, in_user_namespace);
  close(stage);
  if (root < 0) {
    const struct ai_mount *first = &setup->mounts[0];
    return fail(failure, AI_STEP_ROOT, first->op == AI_MOUNT_ROOT_OVERLAY ? first->options : first->source);
  }
  for (uint32_t i = 1; i < setup->mount_count; i++)
    if (do_mount(root, &setup->mounts[i], in_user_namespace))
      return fail(failure, AI_STEP_MOUNT, setup->mounts[i].target);
  if (fchdir(root) || syscall(SYS_pivot_root, ".", ".") || umount2(".", DETACH) || chdir("/"))
    return fail(failure, AI_STEP_PIVOT, "");
  close(root);
  return 0;
}

static int raise_loopback(void) {
  struct ifreq request;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  memset(&request, 0, sizeof request);
  memcpy(request.ifr_name, "lo", 3);
  int result = ioctl(fd, SIOCGIFFLAGS, &request);
  request.ifr_flags |= IFF_UP;
  if (!result) result = ioctl(fd, SIOCSIFFLAGS, &request);
  close(fd);
  return result;
}

int limit_capabilities(uint64_t keep) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2], held[2];
  if (syscall(SYS_capget, &header, held)) return -1;
  memset(data, 0, sizeof data);
  for (int half = 0; half < 2; half++) {
    uint32_t wanted = (uint32_t)(keep >> (32 * half));
    data[half].effective = data[half].permitted = held[half].permitted & wanted;
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
    if (!(keep >> capability & 1) && prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1 &&
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
      return -1;
  return (int)syscall(SYS_capset, &header, data);
}

int build_cell(const struct ai_setup *setup, struct failure *failure) {
  if (setup->flags & AI_CELL_CGROUP_NAMESPACE && unshare(CLONE_NEWCGROUP))
    return fail(failure, AI_STEP_CGROUP_NAMESPACE, "");
  if (setup->flags & AI_CELL_LOOPBACK_UP && raise_loopback()) return fail(failure, AI_STEP_LOOPBACK, "lo");
  if (setup->hostname && sethostname(setup->hostname, strlen(setup->hostname)))
    return fail(failure, AI_STEP_HOSTNAME, setup->hostname);
  if (setup->flags & AI_CELL_OWN_ROOT && build_root(setup, failure)) return -1;
  if (!(setup->flags & AI_CELL_OWN_ROOT) && chdir("/")) return fail(failure, AI_STEP_DIRECTORY, "/");
  // What starting a process takes, and what processes may have.
  uint64_t own = 1ull << CAP_SETUID | 1ull << CAP_SETGID | 1ull << CAP_SETPCAP | 1ull << CAP_KILL;
  if (setup->flags & AI_CELL_ALLOWS_NEW_PRIVILEGES) own |= 1ull << CAP_SYS_ADMIN;
  if (limit_capabilities(setup->capabilities | own)) return fail(failure, AI_STEP_CAPABILITIES, "");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) return fail(failure, AI_STEP_CAPABILITIES, "dumpable");
  return 0;
}
