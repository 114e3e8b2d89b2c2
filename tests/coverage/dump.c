/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump - how boxd and init tell which of their lines ran, in a build with b_coverage.
 *
 * They have no path to the build directory while they run: a descriptor of a directory in it
 * (COVERAGE_FD) lives through all that they close, and counts go to files there, named by their
 * paths with '#' for '/' (tools/coverage puts them back).  The linker's --wrap sends their calls
 * here:
 *
 *   open           of libgcov's, of a file of counts
 *   close_range    and its plain system call leave that descriptor alone
 *   _exit, execveat, poll (in init, which waits to be killed)   write what was counted until then
 *   landlock_restrict_self   the fence gets a hole at that directory; a program has no descriptor
 *                            of it
 *
 * Nothing of this is in any other build.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COVERAGE_FD 900
#define PATH_BYTES  1024

/* libgcov's */
void __gcov_dump(void);
void __gcov_reset(void);

int __real_open(const char *path, int flags, mode_t mode);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
pid_t __real_fork(void);
_Noreturn void __real__exit(int status);

int __wrap_open(const char *path, int flags, ...);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_close_range(unsigned first, unsigned last, int flags);
long __wrap_syscall(long number, ...);
pid_t __wrap_fork(void);
_Noreturn void __wrap__exit(int status);

static bool is_forked; /* init's collector */

static bool has_directory(void)
{
    struct stat st;
    return fstat(COVERAGE_FD, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Before main; boxd finds the directory itself, init has it of boxd (or of a test). */
__attribute__((constructor)) static void begin(void)
{
    if (!has_directory()) {
        int fd = __real_open(COVERAGE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        if (fd >= 0) {
            dup3(fd, COVERAGE_FD, 0);
            close(fd);
        }
    }
#ifdef COVERAGE_INIT
    fcntl(COVERAGE_FD, F_SETFD, FD_CLOEXEC);
#endif
}

/*
 * A child of init that is no fork shares its memory, and so its counts; and it may be under the
 * limits of a program, where a file that is written is the end.
 */
static bool is_process(void)
{
#ifdef COVERAGE_INIT
    return is_forked || getpid() == 1;
#else
    return true;
#endif
}

static void dump(void)
{
    int saved = errno;
    if (is_process() && has_directory()) {
        __gcov_dump();
        __gcov_reset();
    }
    errno = saved;
}

int __wrap_open(const char *path, int flags, ...)
{
    char name[PATH_BYTES];
    size_t len = strlen(path);
    va_list ap;
    va_start(ap, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    if (len < 5 || len >= sizeof(name) || strcmp(path + len - 5, ".gcda") != 0) {
        return __real_open(path, flags, mode);
    }
    for (size_t i = 0; i <= len; i++) {
        name[i] = (char)(path[i] == '/' ? '#' : path[i]);
    }
    int fd = openat(COVERAGE_FD, name, flags | O_CLOEXEC, 0666);
    if (fd >= 0) {
        (void)fchmod(fd, 0666); /* boxes have ids of their own; fails for another's file */
        return fd;
    }
    return memfd_create("lost", MFD_CLOEXEC); /* else libgcov speaks on stderr */
}

static long close_around(unsigned long first, unsigned long last, long flags)
{
    if (first > COVERAGE_FD || last < COVERAGE_FD) {
        return __real_syscall(SYS_close_range, (long)first, (long)last, flags, 0, 0, 0);
    }
    /* The upper part first, where there is nothing: when that is refused, all is as it was. */
    long r = __real_syscall(SYS_close_range, COVERAGE_FD + 1, (long)last, flags, 0, 0, 0);
    if (r < 0 || first == COVERAGE_FD) {
        return r;
    }
    return __real_syscall(SYS_close_range, (long)first, COVERAGE_FD - 1, flags, 0, 0, 0);
}

int __wrap_close_range(unsigned first, unsigned last, int flags)
{
    return (int)close_around(first, last, flags);
}

static void open_fence(int ruleset)
{
    struct landlock_path_beneath_attr rule = {
        .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                          LANDLOCK_ACCESS_FS_MAKE_REG,
        .parent_fd = COVERAGE_FD,
    };
    __real_syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
                   (long)(intptr_t)&rule, 0, 0, 0);
}

long __wrap_syscall(long number, ...)
{
    long a[6];
    va_list ap;
    va_start(ap, number);
    for (int i = 0; i < 6; i++) {
        a[i] = va_arg(ap, long); /* those that were not given are whatever is there */
    }
    va_end(ap);
    if (number == SYS_close_range) {
        return close_around((unsigned)a[0], (unsigned)a[1], (int)a[2]);
    }
    if (number == SYS_landlock_restrict_self) {
        open_fence((int)a[0]);
    }
    if (number == SYS_execveat) {
        dump();
    }
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

pid_t __wrap_fork(void)
{
    pid_t pid = __real_fork();
    is_forked = is_forked || pid == 0;
    return pid;
}

_Noreturn void __wrap__exit(int status)
{
    dump();
    __real__exit(status);
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
#ifdef COVERAGE_INIT
    int ready = __real_poll(fds, count, 0);
    if (ready != 0) {
        return ready; /* boxd waits for what comes next no longer than for another init */
    }
    dump();
#endif
    return __real_poll(fds, count, timeout);
}
