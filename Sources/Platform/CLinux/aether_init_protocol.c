// Parsers of the supervisor protocol: no allocation, no I/O, nothing read outside the message.
#include "aether_init_protocol.h"

#include <string.h>

struct field {
  uint16_t tag;
  struct ai_bytes value;
};

struct cursor {
  const uint8_t *at;
  size_t left;
};

static uint16_t load16(const uint8_t *at) {
  uint16_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static uint32_t load32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static uint64_t load64(const uint8_t *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

// 1: a field, 0: the end, -1: malformed.
static int next(struct cursor *cursor, struct field *field) {
  if (cursor->left == 0) return 0;
  if (cursor->left < 8) return -1;
  field->tag = load16(cursor->at);
  field->value.count = load32(cursor->at + 4);
  if (load16(cursor->at + 2) != 0 || field->value.count > cursor->left - 8) return -1;
  field->value.at = cursor->at + 8;
  cursor->at += 8 + field->value.count;
  cursor->left -= 8 + field->value.count;
  return 1;
}

// Text without a NUL inside, or NULL.
static const char *text(struct ai_bytes value) {
  if (value.count == 0 || memchr(value.at, 0, value.count) != value.at + value.count - 1) return NULL;
  return (const char *)value.at;
}

// The NUL-terminated text at the front of `value`, which moves behind it; NULL when there is none.
static const char *take_text(struct ai_bytes *value) {
  const uint8_t *end = value->count ? memchr(value->at, 0, value->count) : NULL;
  if (!end) return NULL;
  const char *found = (const char *)value->at;
  value->count -= (size_t)(end + 1 - value->at);
  value->at = end + 1;
  return found;
}

int ai_id_is_valid(const char *id) {
  size_t count = 0;
  if (!id || id[0] == '.') return 0;
  for (; id[count]; count++) {
    char c = id[count];
    int good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    if (!good || count >= AI_ID_MAX) return 0;
  }
  return count > 0;
}

int ai_parse_header(const void *message, size_t count, struct ai_header *header) {
  if (count < sizeof *header || count > AI_MESSAGE_MAX) return -1;
  memcpy(header, message, sizeof *header);
  return 0;
}

static int begin(const void *message, size_t count, struct cursor *cursor) {
  struct ai_header header;
  if (ai_parse_header(message, count, &header)) return -1;
  cursor->at = (const uint8_t *)message + sizeof header;
  cursor->left = count - sizeof header;
  return 0;
}

int ai_parse_setup(const void *message, size_t count, struct ai_setup *setup) {
  struct cursor cursor;
  struct field field;
  int more;
  memset(setup, 0, sizeof *setup);
  if (begin(message, count, &cursor)) return -1;
  while ((more = next(&cursor, &field)) > 0) {
    struct ai_bytes value = field.value;
    switch (field.tag) {
      case AI_TAG_CELL_FLAGS:
        if (value.count != 4) return -1;
        setup->flags = load32(value.at);
        break;
      case AI_TAG_NAMESPACES:
        if (value.count != 8) return -1;
        setup->namespaces = load64(value.at);
        break;
      case AI_TAG_CAPABILITIES:
        if (value.count != 16) return -1;
        setup->capabilities = load64(value.at);
        break;
      case AI_TAG_HOSTNAME:
        if (!(setup->hostname = text(value)) || value.count > 65) return -1;
        break;
      case AI_TAG_STAGE:
        if (!(setup->stage = text(value))) return -1;
        break;
      case AI_TAG_UID_MAP:
        if (!(setup->uid_map = text(value))) return -1;
        break;
      case AI_TAG_GID_MAP:
        if (!(setup->gid_map = text(value))) return -1;
        break;
      case AI_TAG_FILTER:
        if (value.count % 8 || value.count / 8 > AI_FILTER_MAX) return -1;
        setup->filter = value;
        break;
      case AI_TAG_FD_ROLES:
        if (value.count > AI_FDS_MAX) return -1;
        setup->roles = value;
        break;
      case AI_TAG_MOUNT: {
        if (setup->mount_count == AI_MOUNTS_MAX || value.count < 8) return -1;
        struct ai_mount *mount = &setup->mounts[setup->mount_count++];
        mount->op = load32(value.at);
        mount->attributes = load32(value.at + 4);
        value.at += 8;
        value.count -= 8;
        mount->source = take_text(&value);
        mount->target = take_text(&value);
        mount->options = take_text(&value);
        if (!mount->source || !mount->target || !mount->options || value.count) return -1;
        break;
      }
      default:
        return -1;
    }
  }
  return more;
}

int ai_parse_spawn(const void *message, size_t count, struct ai_spawn *spawn) {
  struct cursor cursor;
  struct field field;
  int more;
  memset(spawn, 0, offsetof(struct ai_spawn, arguments));
  if (begin(message, count, &cursor)) return -1;
  while ((more = next(&cursor, &field)) > 0) {
    struct ai_bytes value = field.value;
    switch (field.tag) {
      case AI_TAG_ID:
        if (!(spawn->id = text(value)) || !ai_id_is_valid(spawn->id)) return -1;
        break;
      case AI_TAG_ARGUMENT:
        if (spawn->argument_count == AI_ARGUMENTS_MAX) return -1;
        if (!(spawn->arguments[spawn->argument_count++] = text(value))) return -1;
        break;
      case AI_TAG_ENVIRONMENT:
        if (spawn->environment_count == AI_ENVIRONMENT_MAX) return -1;
        if (!(spawn->environment[spawn->environment_count++] = text(value))) return -1;
        break;
      case AI_TAG_DIRECTORY:
        if (!(spawn->directory = text(value))) return -1;
        break;
      case AI_TAG_USER:
        if (value.count != 8) return -1;
        spawn->uid = load32(value.at);
        spawn->gid = load32(value.at + 4);
        break;
      case AI_TAG_GROUPS:
        if (value.count % 4 || value.count / 4 > AI_GROUPS_MAX) return -1;
        spawn->group_count = (uint32_t)(value.count / 4);
        memcpy(spawn->groups, value.at, value.count);
        break;
      case AI_TAG_CAPABILITIES:
        if (value.count != 16) return -1;
        spawn->capabilities = load64(value.at);
        spawn->ambient = load64(value.at + 8);
        break;
      case AI_TAG_RLIMIT: {
        if (spawn->rlimit_count == AI_RLIMITS_MAX || value.count != 24) return -1;
        struct ai_rlimit *limit = &spawn->rlimits[spawn->rlimit_count++];
        limit->resource = load32(value.at);
        limit->soft = load64(value.at + 8);
        limit->hard = load64(value.at + 16);
        break;
      }
      case AI_TAG_SPAWN_FLAGS:
        if (value.count != 4) return -1;
        spawn->flags = load32(value.at);
        break;
      case AI_TAG_LOG:
        if (value.count != 12) return -1;
        spawn->log_size_max = load64(value.at);
        spawn->log_files_max = load32(value.at + 8);
        break;
      case AI_TAG_TERMINAL:
        if (value.count != 4) return -1;
        spawn->has_terminal = 1;
        spawn->rows = load16(value.at);
        spawn->columns = load16(value.at + 2);
        break;
      case AI_TAG_FD_ROLES:
        if (value.count > AI_FDS_MAX) return -1;
        spawn->roles = value;
        break;
      default:
        return -1;
    }
  }
  spawn->arguments[spawn->argument_count] = NULL;
  spawn->environment[spawn->environment_count] = NULL;
  if (more == 0 && (!spawn->id || spawn->argument_count == 0 || !spawn->arguments[0][0])) return -1;
  return more;
}

int ai_parse_small(const void *message, size_t count, struct ai_small *small) {
  struct cursor cursor;
  struct field field;
  int more;
  memset(small, 0, sizeof *small);
  if (begin(message, count, &cursor)) return -1;
  while ((more = next(&cursor, &field)) > 0) {
    struct ai_bytes value = field.value;
    switch (field.tag) {
      case AI_TAG_ID:
        if (!(small->id = text(value)) || !ai_id_is_valid(small->id)) return -1;
        break;
      case AI_TAG_SIGNAL:
        if (value.count != 4) return -1;
        small->signal = load32(value.at);
        break;
      case AI_TAG_VERSION:
        if (value.count != 4) return -1;
        small->version = load32(value.at);
        break;
      case AI_TAG_SOCKET:
        if (value.count != 8) return -1;
        small->family = load32(value.at);
        small->type = load32(value.at + 4);
        break;
      case AI_TAG_TERMINAL:
        if (value.count != 4) return -1;
        small->rows = load16(value.at);
        small->columns = load16(value.at + 2);
        break;
      default:
        return -1;
    }
  }
  return more;
}
