/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs of the host read below /etc, without what is private to the host: an allow list of
 * names; of these only regular files and directories that everybody may read, and symbolic links as
 * links.  No link is followed, no other file system entered, and number and size are bounded.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/strv.h"
#include "sandbox/catalogue.h"

#define DEPTH_MAX      12
#define FILE_MAX_BYTES (8 << 20)
#define BYTES_MAX      (48 << 20)
#define ENTRIES_MAX    20000

/* A star at the end: any name that begins so. */
static const char *const names[] = {
    /* how programs are found and linked */
    "alternatives",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "ld-musl-*",
    /* tables that libc and others read */
    "debian_version",
    "host.conf",
    "inputrc",
    "locale.alias",
    "magic",
    "mime.types",
    "networks",
    "os-release",
    "lsb-release",
    "protocols",
    "rpc",
    "services",
    "shells",
    "terminfo",
    /* certificates; never ssl/private */
    "ca-certificates",
    "ca-certificates.conf",
    "pki/tls/certs",
    "pki/ca-trust/extracted",
    "ssl/cert.pem",
    "ssl/certs",
    "ssl/openssl.cnf",
    /* languages and their tools */
    "R",
    "clisp*",
    "clojure*",
    "common-lisp",
    "crystal*",
    "dmd.conf",
    "dotnet",
    "elixir*",
    "erlang*",
    "fonts",
    "fpc*",
    "gauche*",
    "ghc*",
    "gnat*",
    "gnucobol*",
    "groovy*",
    "guile*",
    "java",
    "java-*",
    "julia",
    "jvm-*",
    "kotlin*",
    "ldc2*",
    "lua*",
    "mono",
    "nim",
    "node",
    "nodejs*",
    "ocaml*",
    "octave*",
    "perl",
    "php*",
    "pypy*",
    "python*",
    "racket",
    "ruby*",
    "sbcl*",
    "scala*",
    "swi-prolog",
    "swipl*",
    "tcl*",
    "gnustep*",
    "GNUstep",
};

/* Below /var/lib: what Debian keeps of a toolchain there, GHC's list of its own packages. */
static const char *const var_lib_names[] = {"ghc"};

struct copy {
    unsigned entries;
    size_t bytes;
};

static int open_beneath(int dir_fd, const char *path, uint64_t flags)
{
    struct open_how how = {
        .flags = flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    return (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
}

static int copy_link(int from, int to, const char *name, struct err *e)
{
    char target[PATH_MAX];
    ssize_t len = readlinkat(from, name, target, sizeof(target) - 1);
    if (len < 0) {
        return 0; /* it changed under us */
    }
    target[len] = '\0';
    return symlinkat(target, to, name) < 0 && errno != EEXIST ? err_sys(e, "link '%s'", name) : 0;
}

static int copy_bytes(int in, int out, size_t size, struct err *e)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = sendfile(out, in, NULL, size - done);
        if (n < 0) {
            return err_sys(e, "copying");
        }
        if (n == 0) {
            return 0;
        }
        done += (size_t)n;
    }
    return 0;
}

static int copy_file(struct copy *c, int from, int to, const char *name, struct err *e)
{
    AUTO(fd_closep) int in = open_beneath(from, name, O_RDONLY);
    struct stat st;
    if (in < 0 || fstat(in, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & S_IROTH) ||
        st.st_size > FILE_MAX_BYTES) {
        return 0;
    }
    c->bytes += (size_t)st.st_size;
    if (c->bytes > BYTES_MAX) {
        return err_set(e, ERR_LIMIT, "the files of /etc that runtimes need pass %d bytes",
                       BYTES_MAX);
    }
    mode_t mode = st.st_mode & S_IXOTH ? 0755 : 0644;
    AUTO(fd_closep) int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (out < 0) {
        return err_sys(e, "create '%s'", name);
    }
    return copy_bytes(in, out, (size_t)st.st_size, e);
}

static int copy_entry(struct copy *c, int from, int to, const char *name, unsigned depth,
                      struct err *e);

static int copy_dir(struct copy *c, int from, int to, const char *name, unsigned depth,
                    struct err *e)
{
    AUTO(fd_closep) int in = open_beneath(from, name, O_RDONLY | O_DIRECTORY);
    struct stat st;
    if (in < 0 || fstat(in, &st) < 0 || !(st.st_mode & S_IROTH) || !(st.st_mode & S_IXOTH) ||
        depth > DEPTH_MAX) {
        return 0;
    }
    if (mkdirat(to, name, 0755) < 0 && errno != EEXIST) {
        return err_sys(e, "mkdir '%s'", name);
    }
    AUTO(fd_closep) int out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    AUTO(dir_closep) DIR *dir = out < 0 ? NULL : fdopendir(in);
    if (!dir) {
        return err_sys(e, "open '%s'", name);
    }
    (void)TAKE(&in, -1);
    const struct dirent *entry;
    while ((entry = dir_next(dir))) {
        int r = copy_entry(c, dirfd(dir), out, entry->d_name, depth + 1, e);
        if (r < 0) {
            return err_wrap(e, "%s", name);
        }
    }
    return 0;
}

static int copy_entry(struct copy *c, int from, int to, const char *name, unsigned depth,
                      struct err *e)
{
    struct stat st;
    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return 0;
    }
    if (++c->entries > ENTRIES_MAX) {
        return err_set(e, ERR_LIMIT, "more than %d files of /etc", ENTRIES_MAX);
    }
    if (S_ISLNK(st.st_mode)) {
        return copy_link(from, to, name, e);
    }
    if (S_ISDIR(st.st_mode)) {
        return copy_dir(c, from, to, name, depth, e);
    }
    return S_ISREG(st.st_mode) ? copy_file(c, from, to, name, e) : 0;
}

/* "ssl/certs": makes ssl, and copies certs into it. */
static int copy_path(struct copy *c, int from, int to, const char *path, struct err *e)
{
    const char *slash = strchr(path, '/');
    if (!slash) {
        return copy_entry(c, from, to, path, 0, e);
    }
    char first[64];
    size_t len = (size_t)(slash - path);
    memcpy(first, path, len);
    first[len] = '\0';
    AUTO(fd_closep) int in = open_beneath(from, first, O_RDONLY | O_DIRECTORY);
    if (in < 0) {
        return 0;
    }
    if (mkdirat(to, first, 0755) < 0 && errno != EEXIST) {
        return err_sys(e, "mkdir '%s'", first);
    }
    AUTO(fd_closep) int out = openat(to, first, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (out < 0) {
        return err_sys(e, "open '%s'", first);
    }
    return copy_path(c, in, out, slash + 1, e);
}

static bool is_pattern(const char *name)
{
    return str_ends(name, "*");
}

static int copy_matching(struct copy *c, int from, int to, const char *name, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (is_pattern(names[i]) && strncmp(name, names[i], strlen(names[i]) - 1) == 0) {
            return copy_entry(c, from, to, name, 0, e);
        }
    }
    return 0;
}

int catalogue_copy_etc(int etc_fd, struct err *e)
{
    struct copy c = {0};
    AUTO(fd_closep) int from = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (from < 0) {
        return err_sys(e, "open '/etc'");
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int r = is_pattern(names[i]) ? 0 : copy_path(&c, from, etc_fd, names[i], e);
        if (r < 0) {
            return err_wrap(e, "copying from /etc");
        }
    }
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(from, ".", &dir, e);
    const struct dirent *entry;
    while (r == 0 && (entry = dir_next(dir))) {
        r = copy_matching(&c, from, etc_fd, entry->d_name, e);
    }
    return r < 0 ? err_wrap(e, "copying from /etc") : 0;
}

int catalogue_copy_var_lib(int var_lib_fd, struct err *e)
{
    struct copy c = {0};
    AUTO(fd_closep) int from = open("/var/lib", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (from < 0) {
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(var_lib_names); i++) {
        int r = copy_path(&c, from, var_lib_fd, var_lib_names[i], e);
        if (r < 0) {
            return err_wrap(e, "copying from /var/lib");
        }
    }
    return 0;
}
