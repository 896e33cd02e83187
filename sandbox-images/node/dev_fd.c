/* Descriptors by their names, /dev/fd/N, /dev/stdout and /dev/stderr, where no /proc gives them.
 *
 * Bash names the pipe of a process substitution /dev/fd/63, scripts write to /dev/stderr, programs of node to
 * /dev/stdout. Preloaded into these and what they start, it answers such a name with the caller's own descriptor, as a
 * link into /proc would. It gives nobody anything that its process did not have. (/dev/stdin is a file: see isolate.)
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

/* The descriptor that `path` names, else -1. */
static int named(const char *path) {
  if (path == NULL || strncmp(path, "/dev/", 5) != 0) return -1;
  if (strcmp(path + 5, "stdout") == 0) return 1;
  if (strcmp(path + 5, "stderr") == 0) return 2;
  if (strncmp(path + 5, "fd/", 3) != 0 || path[8] < '0' || path[8] > '9') return -1;
  char *end;
  long number = strtol(path + 8, &end, 10);
  return *end == 0 && number < 1 << 20 ? (int)number : -1;
}

static int another(int fd, int flags) { return fcntl(fd, flags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 3); }

#define MODE                      \
  mode_t mode = 0;                \
  if (flags & (O_CREAT | __O_TMPFILE)) { \
    va_list rest;                 \
    va_start(rest, flags);        \
    mode = va_arg(rest, mode_t);  \
    va_end(rest);                 \
  }

#define OPEN(name)                                  \
  int name(const char *path, int flags, ...) {      \
    MODE int fd = named(path);                      \
    if (fd >= 0) return another(fd, flags);         \
    return NEXT(int, #name, const char *, int, ...)(path, flags, mode); \
  }
#define OPENAT(name)                                         \
  int name(int folder, const char *path, int flags, ...) {   \
    MODE int fd = named(path);                               \
    if (fd >= 0) return another(fd, flags);                  \
    return NEXT(int, #name, int, const char *, int, ...)(folder, path, flags, mode); \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* What calls without a mode become where they are built with _FORTIFY_SOURCE. */
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }
int __openat_2(int folder, const char *path, int flags) { return openat(folder, path, flags); }
int __openat64_2(int folder, const char *path, int flags) { return openat64(folder, path, flags); }

#define FOPEN(name)                                               \
  FILE *name(const char *path, const char *mode) {                \
    int fd = named(path);                                         \
    if (fd < 0) return NEXT(FILE *, #name, const char *, const char *)(path, mode); \
    fd = another(fd, O_CLOEXEC);                                  \
    return fd < 0 ? NULL : fdopen(fd, mode);                      \
  }
FOPEN(fopen)
FOPEN(fopen64)

#define FREOPEN(name)                                             \
  FILE *name(const char *path, const char *mode, FILE *stream) {  \
    FILE *(*next)(const char *, const char *, FILE *) =           \
        NEXT(FILE *, #name, const char *, const char *, FILE *);  \
    int fd = named(path);                                         \
    if (fd < 0) return next(path, mode, stream);                  \
    fd = another(fd, O_CLOEXEC);                                  \
    if (fd < 0) return NULL;                                      \
    stream = next("/dev/null", mode, stream);                     \
    if (stream != NULL && dup2(fd, fileno(stream)) < 0) stream = NULL; \
    close(fd);                                                    \
    return stream;                                                \
  }
FREOPEN(freopen)
FREOPEN(freopen64)

#define STAT(name, type, of)                         \
  int name(const char *path, struct type *out) {     \
    int fd = named(path);                            \
    if (fd >= 0) return of(fd, out);                 \
    return NEXT(int, #name, const char *, struct type *)(path, out); \
  }
STAT(stat, stat, fstat)
STAT(stat64, stat64, fstat64)

#define STATAT(name, type, of)                                                \
  int name(int folder, const char *path, struct type *out, int flags) {       \
    int fd = named(path);                                                     \
    if (fd >= 0 && !(flags & AT_SYMLINK_NOFOLLOW)) return of(fd, out);        \
    return NEXT(int, #name, int, const char *, struct type *, int)(folder, path, out, flags); \
  }
STATAT(fstatat, stat, fstat)
STATAT(fstatat64, stat64, fstat64)

#define ACCESS(name)                                                  \
  int name(const char *path, int mode) {                              \
    struct stat out;                                                  \
    int fd = named(path);                                             \
    if (fd >= 0) return fstat(fd, &out);                              \
    return NEXT(int, #name, const char *, int)(path, mode);           \
  }
ACCESS(access)
ACCESS(eaccess)
ACCESS(euidaccess)

int faccessat(int folder, const char *path, int mode, int flags) {
  struct stat out;
  int fd = named(path);
  if (fd >= 0) return fstat(fd, &out);
  return NEXT(int, "faccessat", int, const char *, int, int)(folder, path, mode, flags);
}
