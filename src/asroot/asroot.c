/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asroot - preloaded (LD_PRELOAD) in the boxes in which packages are set up: dpkg and the scripts
 * of packages want to be root, and believe here that they are.  All belongs to the user that they
 * are, and that is who they are told root is.
 *
 * It remembers nothing, unlike fakeroot: whose a file was to be, and what of its mode is beyond
 * "may be executed", is gone when the layer is taken (store_commit).  So there is no process to ask
 * at each call, and nothing slower than without it.
 *
 * Without a C library of its own: whichever the packages bring is older or newer than ours.
 */
#undef _FILE_OFFSET_BITS
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define EXPORT       __attribute__((visibility("default")))
#define ALSO(target) __attribute__((visibility("default"), alias(#target)))

#define ROOT 0

/* --- who we are ---------------------------------------------------------------------------- */

EXPORT uid_t getuid(void)
{
    return ROOT;
}
EXPORT uid_t geteuid(void)
{
    return ROOT;
}
EXPORT gid_t getgid(void)
{
    return ROOT;
}
EXPORT gid_t getegid(void)
{
    return ROOT;
}

EXPORT int getresuid(uid_t *real, uid_t *effective, uid_t *saved)
{
    *real = *effective = *saved = ROOT;
    return 0;
}
EXPORT int getresgid(gid_t *real, gid_t *effective, gid_t *saved)
{
    *real = *effective = *saved = ROOT;
    return 0;
}

EXPORT int setuid(uid_t uid)
{
    return 0;
}
EXPORT int seteuid(uid_t uid)
{
    return 0;
}
EXPORT int setgid(gid_t gid)
{
    return 0;
}
EXPORT int setegid(gid_t gid)
{
    return 0;
}
EXPORT int setreuid(uid_t real, uid_t effective)
{
    return 0;
}
EXPORT int setregid(gid_t real, gid_t effective)
{
    return 0;
}
EXPORT int setresuid(uid_t real, uid_t effective, uid_t saved)
{
    return 0;
}
EXPORT int setresgid(gid_t real, gid_t effective, gid_t saved)
{
    return 0;
}
EXPORT int setgroups(size_t count, const gid_t *groups)
{
    return 0;
}
EXPORT int initgroups(const char *user, gid_t group)
{
    return 0;
}

/* Of libaudit: groupadd and useradd end when the kernel's audit log can be, but may not be opened.
 * Here it is none. */
EXPORT int audit_open(void);
EXPORT int audit_open(void)
{
    errno = EPROTONOSUPPORT;
    return -1;
}

/* --- whose files are ----------------------------------------------------------------------- */

EXPORT int chown(const char *path, uid_t uid, gid_t gid)
{
    return faccessat(AT_FDCWD, path, F_OK, 0);
}
EXPORT int lchown(const char *path, uid_t uid, gid_t gid)
{
    struct stat st;
    return (int)syscall(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW);
}
EXPORT int fchown(int fd, uid_t uid, gid_t gid)
{
    struct stat st;
    return (int)syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH);
}
EXPORT int fchownat(int dir, const char *path, uid_t uid, gid_t gid, int flags)
{
    struct stat st;
    return (int)syscall(SYS_newfstatat, dir, path, &st, flags);
}

/* The kernel's struct stat is that of the C libraries for 64 bits, also where it is stat64. */
static int look(int dir, const char *path, struct stat *st, int flags)
{
    int r = (int)syscall(SYS_newfstatat, dir, path, st, flags);
    if (r == 0) {
        st->st_uid = ROOT;
        st->st_gid = ROOT;
    }
    return r;
}

EXPORT int stat(const char *restrict path, struct stat *restrict st)
{
    return look(AT_FDCWD, path, st, 0);
}
EXPORT int lstat(const char *restrict path, struct stat *restrict st)
{
    return look(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}
EXPORT int fstat(int fd, struct stat *st)
{
    return look(fd, "", st, AT_EMPTY_PATH);
}
EXPORT int fstatat(int dir, const char *restrict path, struct stat *restrict st, int flags)
{
    return look(dir, path, st, flags);
}
ALSO(stat) int stat64(const char *restrict path, struct stat64 *restrict st);
ALSO(lstat) int lstat64(const char *restrict path, struct stat64 *restrict st);
ALSO(fstat) int fstat64(int fd, struct stat64 *st);
ALSO(fstatat)
int fstatat64(int dir, const char *restrict path, struct stat64 *restrict st, int flags);

/* What programs call that were built with glibc 2.32 or older; `version` is of the structure. */
int old_stat(int version, const char *path, struct stat *st) __asm__("__xstat");
int old_lstat(int version, const char *path, struct stat *st) __asm__("__lxstat");
int old_fstat(int version, int fd, struct stat *st) __asm__("__fxstat");
int old_fstatat(int version, int dir, const char *path, struct stat *st,
                int flags) __asm__("__fxstatat");
EXPORT int old_stat(int version, const char *path, struct stat *st)
{
    return look(AT_FDCWD, path, st, 0);
}
EXPORT int old_lstat(int version, const char *path, struct stat *st)
{
    return look(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}
EXPORT int old_fstat(int version, int fd, struct stat *st)
{
    return look(fd, "", st, AT_EMPTY_PATH);
}
EXPORT int old_fstatat(int version, int dir, const char *path, struct stat *st, int flags)
{
    return look(dir, path, st, flags);
}
ALSO(__xstat) int old_stat64(int version, const char *path, struct stat *st) __asm__("__xstat64");
ALSO(__lxstat)
int old_lstat64(int version, const char *path, struct stat *st) __asm__("__lxstat64");
ALSO(__fxstat) int old_fstat64(int version, int fd, struct stat *st) __asm__("__fxstat64");
ALSO(__fxstatat)
int old_fstatat64(int version, int dir, const char *path, struct stat *st,
                  int flags) __asm__("__fxstatat64");

EXPORT int statx(int dir, const char *restrict path, int flags, unsigned mask,
                 struct statx *restrict st)
{
    int r = (int)syscall(SYS_statx, dir, path, flags, mask, st);
    if (r == 0) {
        st->stx_uid = ROOT;
        st->stx_gid = ROOT;
    }
    return r;
}

/* --- modes --------------------------------------------------------------------------------- */

/* Root writes to what nobody may write to: so may we. */
static mode_t ours(int dir, const char *path, int flags, mode_t mode)
{
    struct stat st;
    if (syscall(SYS_newfstatat, dir, path, &st, flags) == 0 && S_ISDIR(st.st_mode)) {
        return mode | S_IRWXU;
    }
    return mode | S_IRUSR | S_IWUSR;
}

EXPORT int chmod(const char *path, mode_t mode)
{
    return (int)syscall(SYS_fchmodat, AT_FDCWD, path, ours(AT_FDCWD, path, 0, mode));
}
EXPORT int fchmod(int fd, mode_t mode)
{
    return (int)syscall(SYS_fchmod, fd, ours(fd, "", AT_EMPTY_PATH, mode));
}
/* A link has no mode. */
EXPORT int fchmodat(int dir, const char *path, mode_t mode, int flags)
{
    struct stat st;
    if ((flags & AT_SYMLINK_NOFOLLOW) &&
        (syscall(SYS_newfstatat, dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISLNK(st.st_mode))) {
        return 0;
    }
    return (int)syscall(SYS_fchmodat, dir, path, ours(dir, path, 0, mode));
}

/* --- files of the layers below --------------------------------------------------------------- */

#define COPY_SUFFIX ".asroot"
#define COPY_BYTES  (1 << 20)

static int is_copied(int from, int to)
{
    ssize_t n;
    do {
        n = syscall(SYS_copy_file_range, from, (void *)0, to, (void *)0, COPY_BYTES, 0);
    } while (n > 0);
    return n == 0;
}

/* What lies below the stage is another's: root writes to it, and we to a copy in its place. */
static int take_over(int dir, const char *path)
{
    static const char suffix[] = COPY_SUFFIX;
    char copy[PATH_MAX + sizeof(suffix)];
    struct stat st;
    size_t len = strlen(path);
    if (len >= PATH_MAX) {
        return 0;
    }
    memcpy(copy, path, len);
    memcpy(copy + len, suffix, sizeof(suffix));
    int from = (int)syscall(SYS_openat, dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (from < 0) {
        return 0;
    }
    int to = -1, taken = 0;
    if (syscall(SYS_newfstatat, from, "", &st, AT_EMPTY_PATH) == 0 && S_ISREG(st.st_mode)) {
        to = (int)syscall(SYS_openat, dir, copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                          (st.st_mode & 0777) | S_IWUSR);
    }
    if (to >= 0) {
        taken = is_copied(from, to) && syscall(SYS_renameat, dir, copy, dir, path) == 0;
        if (!taken) {
            (void)syscall(SYS_unlinkat, dir, copy, 0);
        }
        (void)syscall(SYS_close, to);
    }
    (void)syscall(SYS_close, from);
    return taken;
}

static int open_ours(int dir, const char *path, int flags, mode_t mode)
{
    int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
    if (fd < 0 && errno == EACCES && (flags & O_ACCMODE) != O_RDONLY) {
        if (take_over(dir, path)) {
            return (int)syscall(SYS_openat, dir, path, flags, mode);
        }
        errno = EACCES;
    }
    return fd;
}

static mode_t mode_given(int flags, va_list *more)
{
    bool given = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
    return given ? va_arg(*more, mode_t) : 0;
}

EXPORT int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = mode_given(flags, &more);
    va_end(more);
    return open_ours(AT_FDCWD, path, flags, mode);
}
EXPORT int openat(int dir, const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = mode_given(flags, &more);
    va_end(more);
    return open_ours(dir, path, flags, mode);
}
EXPORT int creat(const char *path, mode_t mode)
{
    return open_ours(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}
ALSO(open) int open64(const char *path, int flags, ...);
ALSO(openat) int openat64(int dir, const char *path, int flags, ...);
ALSO(creat) int creat64(const char *path, mode_t mode);

/* What programs call that were built with checks of the C library. */
int checked_open(const char *path, int flags) __asm__("__open_2");
int checked_openat(int dir, const char *path, int flags) __asm__("__openat_2");
EXPORT int checked_open(const char *path, int flags)
{
    return open_ours(AT_FDCWD, path, flags, 0);
}
EXPORT int checked_openat(int dir, const char *path, int flags)
{
    return open_ours(dir, path, flags, 0);
}
ALSO(__open_2) int checked_open64(const char *path, int flags) __asm__("__open64_2");
ALSO(__openat_2)
int checked_openat64(int dir, const char *path, int flags) __asm__("__openat64_2");

/* A device becomes an empty file: there are none in a layer. */
EXPORT int mknodat(int dir, const char *path, mode_t mode, dev_t device)
{
    mode_t type = mode & S_IFMT;
    if (type == S_IFCHR || type == S_IFBLK) {
        mode = S_IFREG | (mode & ~(mode_t)S_IFMT);
    }
    return (int)syscall(SYS_mknodat, dir, path, mode, 0);
}
EXPORT int mknod(const char *path, mode_t mode, dev_t device)
{
    return mknodat(AT_FDCWD, path, mode, device);
}
int old_mknod(int version, const char *path, mode_t mode, const dev_t *device) __asm__("__xmknod");
EXPORT int old_mknod(int version, const char *path, mode_t mode, const dev_t *device)
{
    return mknodat(AT_FDCWD, path, mode, *device);
}
