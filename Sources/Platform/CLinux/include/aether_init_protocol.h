// The contract between the node daemon and `aether-init`, the supervisor of one cell.
//
// Transport: a Unix SEQPACKET socket; one packet is one message. The first connection is a socketpair whose other
// end the supervisor inherits; later ones are made to the listening socket of the cell's run directory. Whoever
// connects there must have the user id the supervisor was started with.
//
// A message is a header followed by fields. A field is `{u16 tag, u16 zero, u32 length}` and `length` bytes of payload.
// Numbers are little endian. Text ends with a NUL that is counted in `length`. File descriptors travel as SCM_RIGHTS;
// `AI_TAG_FD_ROLES` has one byte (`enum ai_fd_role`) for each of them, in the same order.
//
// Requests carry a request number that the answer repeats; events carry 0.
#ifndef AETHER_INIT_PROTOCOL_H
#define AETHER_INIT_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#define AI_VERSION 1u
#define AI_MESSAGE_MAX (128u * 1024u)  // bytes of one message
#define AI_FDS_MAX 16u                 // descriptors that one message may carry
#define AI_ID_MAX 128u                 // bytes of a process id, without the NUL
#define AI_ARGUMENTS_MAX 2048u
#define AI_ENVIRONMENT_MAX 2048u
#define AI_GROUPS_MAX 64u
#define AI_RLIMITS_MAX 16u
#define AI_MOUNTS_MAX 128u
#define AI_FILTER_MAX 1024u     // instructions of a seccomp filter
#define AI_PROCESSES_MAX 1024u  // processes of one cell, running or not yet acknowledged

enum ai_kind {
  // daemon to supervisor
  AI_SETUP = 1,     // first message ever: build the cell
  AI_HELLO = 2,     // -> AI_WELCOME: first message of each later connection
  AI_SPAWN = 3,     // -> AI_SPAWNED | AI_FAILED
  AI_SIGNAL = 4,    // -> AI_DONE | AI_FAILED
  AI_LIST = 5,      // -> AI_PROCESS * n, AI_DONE
  AI_FORGET = 6,    // -> AI_DONE | AI_FAILED: the exit record was stored elsewhere
  AI_INPUT = 7,     // -> AI_DONE with a descriptor of the process's standard input or terminal | AI_FAILED
  AI_END_INPUT = 8, // -> AI_DONE | AI_FAILED
  AI_RESIZE = 9,    // -> AI_DONE | AI_FAILED
  AI_SOCKET = 10,   // -> AI_DONE with a socket of the cell's network namespace | AI_FAILED
  // supervisor to daemon
  AI_READY = 32,
  AI_WELCOME = 33,
  AI_SPAWNED = 34,  // AI_TAG_STATE; descriptors by role: pidfd, input
  AI_PROCESS = 35,  // AI_TAG_ID, AI_TAG_STATE; descriptor while it runs: pidfd
  AI_EXITED = 36,   // event: AI_TAG_ID, AI_TAG_STATE
  AI_DONE = 37,
  AI_FAILED = 38,   // AI_TAG_FAILURE
  AI_STAGED = 39,   // event of the first stage: descriptor = pidfd of the supervisor proper
};

enum ai_tag {
  AI_TAG_ID = 1,            // text
  AI_TAG_FD_ROLES = 2,      // u8[]
  AI_TAG_FAILURE = 3,       // u32 step, i32 errno, text detail
  AI_TAG_STATE = 4,         // struct ai_state
  AI_TAG_VERSION = 5,       // u32
  // setup
  AI_TAG_CELL_FLAGS = 16,   // u32, AI_CELL_*
  AI_TAG_NAMESPACES = 17,   // u64 CLONE_NEW* that the supervisor itself has to make (first stage)
  AI_TAG_HOSTNAME = 18,     // text
  AI_TAG_MOUNT = 19,        // u32 op, u32 attributes (MOUNT_ATTR_*), text source, text target, text options; repeated
  AI_TAG_FILTER = 20,       // struct sock_filter[]
  AI_TAG_CAPABILITIES = 21, // u64 most that a process may have, u64 initially in the ambient set (spawn only)
  AI_TAG_UID_MAP = 22,      // text for /proc/PID/uid_map
  AI_TAG_GID_MAP = 23,      // text for /proc/PID/gid_map
  AI_TAG_STAGE = 24,        // text: directory that the root is put together on
  // spawn
  AI_TAG_ARGUMENT = 32,     // text; repeated
  AI_TAG_ENVIRONMENT = 33,  // text NAME=value; repeated
  AI_TAG_DIRECTORY = 34,    // text
  AI_TAG_USER = 35,         // u32 uid, u32 gid
  AI_TAG_GROUPS = 36,       // u32[]
  AI_TAG_RLIMIT = 37,       // u32 resource, u32 zero, u64 soft, u64 hard; repeated
  AI_TAG_SPAWN_FLAGS = 38,  // u32, AI_SPAWN_*
  AI_TAG_LOG = 39,          // u64 bytes of one file, u32 files kept beside the current one
  AI_TAG_TERMINAL = 40,     // u16 rows, u16 columns
  // others
  AI_TAG_SIGNAL = 48,       // u32
  AI_TAG_SOCKET = 49,       // u32 family, u32 type
};

enum ai_cell_flag {
  AI_CELL_TWO_STAGES = 1 << 0,           // make the namespaces, a user namespace among them, in a second process
  AI_CELL_OWN_ROOT = 1 << 1,             // private mounts and pivot_root; needs a mount namespace
  AI_CELL_LOOPBACK_UP = 1 << 2,
  AI_CELL_CGROUP_NAMESPACE = 1 << 3,     // unshare after all groups are joined, so that the cell's group is "/"
  AI_CELL_ALLOWS_NEW_PRIVILEGES = 1 << 4,
  AI_CELL_DENY_SETGROUPS = 1 << 5,       // needed to write gid_map without privilege
  AI_CELL_NO_PID_NAMESPACE = 1 << 6,     // be a subreaper, tie processes to the supervisor
};

enum ai_mount_op {
  AI_MOUNT_ROOT_BIND = 1,     // source: directory of the host
  AI_MOUNT_ROOT_OVERLAY = 2,  // source: upper:work directories or "" for a tmpfs; options: lowerdir list
  AI_MOUNT_BIND = 3,          // source: path on the host
  AI_MOUNT_FILE_SYSTEM = 4,   // source: type; options: comma separated
  AI_MOUNT_DEVICES = 5,       // minimal /dev
  AI_MOUNT_MASK = 6,          // hide; nothing happens when the target does not exist
  AI_MOUNT_READ_ONLY = 7,     // what is there, read-only; nothing happens when the target does not exist
};
#define AI_MOUNT_RECURSIVE 0x80000000u  // in the attributes: a bind takes the mounts below with it
#define AI_MOUNT_CREATE 0x40000000u     // in the attributes: make a missing mount point

enum ai_spawn_flag {
  AI_SPAWN_NO_NEW_PRIVILEGES = 1 << 0,
  AI_SPAWN_FILTER = 1 << 1,    // apply the cell's seccomp filter
  AI_SPAWN_LOG = 1 << 2,       // the supervisor reads the output and writes the log
  AI_SPAWN_INPUT = 1 << 3,     // standard input is a pipe that stays open until AI_END_INPUT
  AI_SPAWN_TETHERED = 1 << 4,  // ends with the connection that asked for it, leaves no exit record
};

enum ai_fd_role {
  AI_FD_LISTENER = 1,      // bound, not yet listening
  AI_FD_LOGS = 2,          // directory
  AI_FD_JOIN = 4,          // cgroup.procs of a v1 group
  AI_FD_GROUP = 5,         // v2 group directory to start the process in
  AI_FD_OOM = 6,           // file with a line "oom_kill N": of the cell (setup) or of the process (spawn)
  AI_FD_INPUT = 7,
  AI_FD_OUTPUT = 8,
  AI_FD_ERRORS = 9,
  AI_FD_PROCESS = 10,      // pidfd
  AI_FD_SOCKET = 11,
};

enum ai_step {
  AI_STEP_PROTOCOL = 1,
  AI_STEP_JOIN_GROUP,
  AI_STEP_NAMESPACE,
  AI_STEP_USER_MAP,
  AI_STEP_CGROUP_NAMESPACE,
  AI_STEP_LOOPBACK,
  AI_STEP_PRIVATE_MOUNTS,
  AI_STEP_ROOT,
  AI_STEP_MOUNT,
  AI_STEP_PIVOT,
  AI_STEP_HOSTNAME,
  AI_STEP_CAPABILITIES,
  AI_STEP_LISTEN,
  AI_STEP_EXISTS,
  AI_STEP_UNKNOWN_PROCESS,
  AI_STEP_CLONE,
  AI_STEP_TERMINAL,
  AI_STEP_PIPE,
  AI_STEP_RLIMIT,
  AI_STEP_USER,
  AI_STEP_SECCOMP,
  AI_STEP_DIRECTORY,
  AI_STEP_EXECUTE,
  AI_STEP_SIGNAL,
  AI_STEP_SOCKET,
  AI_STEP_MEMORY,
  AI_STEP_COUNT
};

struct ai_header {
  uint32_t kind;
  uint32_t request;
};

// Life of one process. Times are CLOCK_REALTIME nanoseconds; `exited_ns` is 0 while it runs.
struct ai_state {
  uint32_t pid;              // in the cell's pid namespace
  int32_t code;              // exit code, when `signal` is 0
  int32_t signal;            // signal that ended it
  uint32_t flags;            // AI_SPAWN_*
  uint64_t started_ns;
  uint64_t exited_ns;
  uint64_t user_us;
  uint64_t system_us;
  uint64_t peak_kib;         // largest resident size
  uint64_t oom_cell_before;  // "oom_kill" of the cell's group at start
  uint64_t oom_cell_after;   // and at exit
  uint64_t oom_process;      // "oom_kill" of the process's own group at exit
  uint64_t log_dropped;      // bytes of output that could not be written
};

struct ai_bytes {
  const uint8_t *at;
  size_t count;
};

struct ai_mount {
  uint32_t op, attributes;
  const char *source, *target, *options;
};

struct ai_setup {
  uint32_t flags;
  uint64_t namespaces;
  uint64_t capabilities;
  const char *hostname;
  const char *stage;
  const char *uid_map, *gid_map;
  struct ai_bytes filter;  // whole 8-byte instructions
  struct ai_bytes roles;
  uint32_t mount_count;
  struct ai_mount mounts[AI_MOUNTS_MAX];
};

struct ai_rlimit {
  uint32_t resource;
  uint64_t soft, hard;
};

struct ai_spawn {
  const char *id;
  const char *directory;
  uint32_t uid, gid;
  uint32_t group_count, rlimit_count, argument_count, environment_count;
  uint32_t groups[AI_GROUPS_MAX];
  struct ai_rlimit rlimits[AI_RLIMITS_MAX];
  uint64_t capabilities, ambient;
  uint32_t flags;
  uint64_t log_size_max;
  uint32_t log_files_max;
  int has_terminal;
  uint16_t rows, columns;
  struct ai_bytes roles;
  const char *arguments[AI_ARGUMENTS_MAX + 1];      // ends with NULL
  const char *environment[AI_ENVIRONMENT_MAX + 1];  // ends with NULL
};

// Everything else: the few fields that small requests have.
struct ai_small {
  const char *id;
  uint32_t signal, family, type, version;
  uint16_t rows, columns;
};

// The parsers point into `message`, which must stay. They return 0, or -1 when the message is not well formed.
int ai_parse_header(const void *message, size_t count, struct ai_header *header);
int ai_parse_setup(const void *message, size_t count, struct ai_setup *setup);
int ai_parse_spawn(const void *message, size_t count, struct ai_spawn *spawn);
int ai_parse_small(const void *message, size_t count, struct ai_small *small);
// 1 when `id` is 1 to AI_ID_MAX of [A-Za-z0-9._-] and does not begin with a dot: it names files.
int ai_id_is_valid(const char *id);

#endif
