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
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdint.h>
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
