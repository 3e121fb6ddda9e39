/* SPDX-License-Identifier: Apache-2.0
 *
 * LD_PRELOAD library for crash tests: makes writes and syncs of chosen files fail, or ends the
 * process in the middle of one. SQLite, the runtime and plugins all reach the disk through these
 * calls of libc.
 *
 * SLUICE_DISK_FAULT=RULE[,RULE...], RULE = PART:CALL[@N[+K]]=HOW
 *   PART  the end of the file's path
 *   CALL  write (write, pwrite, ftruncate to a larger size) or sync (fsync, fdatasync)
 *   N, K  from the N-th such call (1) on, K times (1; `*`: for ever)
 *   HOW   enospc, eio: the call fails and does nothing
 *         kill: SIGKILL before the call; torn: half of the bytes are written, then SIGKILL
 * SLUICE_DISK_TRACE=FILE gets a line `PATH CALL` for each call on a path below the current folder.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum Call { kCallWrite, kCallSync };
enum How { kHowFail, kHowKill, kHowTorn };
enum { kMaxRules = 8, kPathSize = 4096 };

struct rule {
  char part[256];
  enum Call call;
  enum How how;
  int error;
  unsigned long first;
  unsigned long count;
  atomic_ulong seen;
};

static struct rule rules[kMaxRules];
static int rule_count;
static int trace_fd = -1;
static char folder[kPathSize];

static ssize_t (*real_write)(int, const void*, size_t);
static ssize_t (*real_pwrite)(int, const void*, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

static void refuse(const char* text) {
  fprintf(stderr, "SLUICE_DISK_FAULT: cannot read: %s\n", text);
  _exit(2);
}

static void read_rule(char* text) {
  char* colon = strrchr(text, ':');
  char* equals = colon == NULL ? NULL : strchr(colon, '=');
  if (equals == NULL || rule_count == kMaxRules) refuse(text);
  struct rule* rule = &rules[rule_count++];
  snprintf(rule->part, sizeof rule->part, "%.*s", (int)(colon - text), text);
  const char* how = equals + 1;
  if (strcmp(how, "kill") == 0) {
    rule->how = kHowKill;
  } else if (strcmp(how, "torn") == 0) {
    rule->how = kHowTorn;
  } else if (strcmp(how, "enospc") == 0 || strcmp(how, "eio") == 0) {
    rule->error = how[1] == 'i' ? EIO : ENOSPC;
  } else {
    refuse(text);
  }
  if (strncmp(colon + 1, "write", 5) == 0) {
    rule->call = kCallWrite;
  } else if (strncmp(colon + 1, "sync", 4) == 0) {
    rule->call = kCallSync;
  } else {
    refuse(text);
  }
  rule->first = rule->count = 1;
  char* at = strchr(colon, '@');
  if (at == NULL) return;
  char* end = NULL;
  rule->first = strtoul(at + 1, &end, 10);
  if (*end == '+') rule->count = end[1] == '*' ? ~0UL : strtoul(end + 1, NULL, 10);
}

__attribute__((constructor)) static void start(void) {
  real_write = (ssize_t(*)(int, const void*, size_t))dlsym(RTLD_NEXT, "write");
  real_pwrite = (ssize_t(*)(int, const void*, size_t, off_t))dlsym(RTLD_NEXT, "pwrite64");
  real_ftruncate = (int (*)(int, off_t))dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  if (getcwd(folder, sizeof folder) == NULL) folder[0] = '\0';
  const char* trace = getenv("SLUICE_DISK_TRACE");
  if (trace != NULL) trace_fd = open(trace, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  const char* text = getenv("SLUICE_DISK_FAULT");
  if (text == NULL) return;
  char copy[4096];
  snprintf(copy, sizeof copy, "%s", text);
  char* rest = NULL;
  for (char* rule = strtok_r(copy, ",", &rest); rule != NULL; rule = strtok_r(NULL, ",", &rest)) {
    read_rule(rule);
  }
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* The rule that this call falls under, or NULL. */
static const struct rule* rule_of(int fd, enum Call call) {
  if (rule_count == 0 && trace_fd < 0) return NULL;
  char link[64];
  char path[kPathSize];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return NULL;
  path[n] = '\0';
  const size_t prefix = strlen(folder);
  if (strncmp(path, folder, prefix) != 0) return NULL;
  if (trace_fd >= 0 && fd != trace_fd) {
    char line[kPathSize + 16];
    const int length = snprintf(line, sizeof line, "%s %s\n", path + prefix + (prefix > 0 ? 1 : 0),
                                call == kCallWrite ? "write" : "sync");
    if (real_write(trace_fd, line, (size_t)length) < 0) die();
  }
  for (int i = 0; i < rule_count; ++i) {
    struct rule* rule = &rules[i];
    const size_t length = strlen(rule->part);
    const char* tail = path + n - (length < (size_t)n ? length : (size_t)n);
    if (rule->call != call || strcmp(tail, rule->part) != 0) continue;
    const unsigned long passing = atomic_fetch_add(&rule->seen, 1) + 1;
    if (passing < rule->first || passing - rule->first >= rule->count) continue;
    return rule;
  }
  return NULL;
}

ssize_t write(int fd, const void* bytes, size_t size) {
  if (real_write == NULL) start();
  const struct rule* rule = rule_of(fd, kCallWrite);
  if (rule == NULL) return real_write(fd, bytes, size);
  if (rule->how == kHowFail) return errno = rule->error, -1;
  if (rule->how == kHowTorn && real_write(fd, bytes, (size + 1) / 2) < 0) die();
  die();
  return -1;
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off_t offset) {
  if (real_pwrite == NULL) start();
  const struct rule* rule = rule_of(fd, kCallWrite);
  if (rule == NULL) return real_pwrite(fd, bytes, size, offset);
  if (rule->how == kHowFail) return errno = rule->error, -1;
  if (rule->how == kHowTorn && real_pwrite(fd, bytes, (size + 1) / 2, offset) < 0) die();
  die();
  return -1;
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  return pwrite64(fd, bytes, size, offset);
}

int ftruncate64(int fd, off_t size) {
  if (real_ftruncate == NULL) start();
  struct stat info;
  if (fstat(fd, &info) == 0 && size > info.st_size) {
    const struct rule* rule = rule_of(fd, kCallWrite);
    if (rule != NULL && rule->how == kHowFail) return errno = rule->error, -1;
    if (rule != NULL) die();
  }
  return real_ftruncate(fd, size);
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int sync_call(int fd, int (*real)(int)) {
  const struct rule* rule = rule_of(fd, kCallSync);
  if (rule == NULL) return real(fd);
  if (rule->how == kHowFail) return errno = rule->error, -1;
  die();
  return -1;
}
int fsync(int fd) {
  if (real_fsync == NULL) start();
  return sync_call(fd, real_fsync);
}
int fdatasync(int fd) {
  if (real_fdatasync == NULL) start();
  return sync_call(fd, real_fdatasync);
}
