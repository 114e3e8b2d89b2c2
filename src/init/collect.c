/* SPDX-License-Identifier: Apache-2.0 */
#include "init/collect.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxproto/boxarchive.h"
#include "boxproto/boxproto.h"
#include "boxproto/weaken.h"
#include "init/match.h"

/* One descriptor a level, so this also bounds those. */
#define DEPTH_MAX 256
#define SHOWN     150

/* A directory that is being read. */
struct level {
    int fd;
    bool all;        /* everything in it is wanted */
    size_t path_len; /* of its own path within walk.path */
    size_t pos, len;
    _Alignas(struct dirent64) char entries[2048];
};

struct walk {
    char *const *names;
    bool links;
    bool some; /* what cannot be had is left out: `missed` */
    bool missed;
    int out_fd;
    uint64_t weaken;     /* of a test build */
    uint64_t left;       /* bytes that may still be written; with `some` of data alone */
    uint64_t heads_left; /* with `some`: of heads and paths */
    struct buf head;
    size_t depth;
    char path[BOXARCHIVE_PATH_MAX + 1];
    char chunk[65536];
    struct level levels[DEPTH_MAX];
};

static int failed(const struct walk *w, struct err *e)
{
    return err_sys(e, "collecting '%.*s'", SHOWN, w->path);
}

/* With `some` this entry is left out and the walk goes on; not after its head was written. */
static int miss(struct walk *w, int r)
{
    w->missed |= w->some && r < 0;
    return w->some ? 0 : r;
}

static bool take_room(struct walk *w, uint64_t size)
{
    uint64_t head = w->head.len;
    if (w->some) {
        if (head > w->heads_left || size > w->left) {
            return false;
        }
        w->heads_left -= head;
        w->left -= size;
        return true;
    }
    if (head > w->left || size > w->left - head) {
        return false;
    }
    w->left -= head + size;
    return true;
}

/* The head of an entry that `size` bytes of data will follow; nothing when both do not fit. */
static int put_head(struct walk *w, enum boxarchive_type type, const struct stat *st, uint64_t size,
                    struct err *e)
{
    buf_clear(&w->head);
    int r = boxarchive_add_head(&w->head, type, st->st_mode & 0777, w->path, size, e);
    if (r < 0) {
        return r;
    }
    if (!take_room(w, size)) {
        return err_set(e, ERR_LIMIT, "collecting '%.*s': the files are larger than allowed", SHOWN,
                       w->path);
    }
    return fd_write_all(w->out_fd, w->head.data, w->head.len, e);
}

static bool follows(const struct walk *w)
{
    return weakened(w->weaken, WEAKEN_COLLECT_LINKS);
}

static int put_file(struct walk *w, int dir, const char *name, struct err *e)
{
    struct stat st;
    int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    AUTO(fd_closep)
    int fd = follows(w) ? openat(dir, name, flags | O_CLOEXEC) : below_open(dir, name, flags, 0);
    if (fd < 0 || fstat(fd, &st) < 0) {
        return miss(w, failed(w, e));
    }
    if (!S_ISREG(st.st_mode) && !follows(w)) {
        return 0;
    }
    int r = put_head(w, BOXARCHIVE_FILE, &st, (uint64_t)st.st_size, e);
    if (r == -ERR_LIMIT) {
        return miss(w, r);
    }
    for (uint64_t left = (uint64_t)st.st_size; r == 0 && left > 0;) {
        size_t want = left < sizeof(w->chunk) ? (size_t)left : sizeof(w->chunk);
        ssize_t n = read(fd, w->chunk, want);
        if (n < 0) {
            return failed(w, e);
        }
        if (n == 0) {
            return err_set(e, ERR_IO, "collecting '%.*s': it became shorter", SHOWN, w->path);
        }
        left -= (uint64_t)n;
        r = fd_write_all(w->out_fd, w->chunk, (size_t)n, e);
    }
    return r;
}

static int put_link(struct walk *w, int dir, const char *name, const struct stat *st, struct err *e)
{
    ssize_t len = readlinkat(dir, name, w->chunk, BOXARCHIVE_PATH_MAX);
    if (len < 0) {
        return failed(w, e);
    }
    int r = put_head(w, BOXARCHIVE_LINK, st, (uint64_t)len, e);
    return r < 0 ? r : fd_write_all(w->out_fd, w->chunk, (size_t)len, e);
}

static int push(struct walk *w, int dir, const char *name, bool all, struct err *e)
{
    if (w->depth == DEPTH_MAX) {
        return err_set(e, ERR_LIMIT, "collecting '%.*s': more than %d directories deep", SHOWN,
                       w->path, DEPTH_MAX);
    }
    int fd = below_open(dir, name, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return failed(w, e);
    }
    struct level *level = &w->levels[w->depth++];
    level->fd = fd;
    level->all = all;
    level->path_len = strlen(w->path);
    level->pos = level->len = 0;
    return 0;
}

/* Appends the name to the path of its directory. */
static int set_path(struct walk *w, const struct level *level, const char *name, struct err *e)
{
    size_t len = level->path_len, name_len = strlen(name);
    w->path[len] = 0;
    if (len + (len > 0) + name_len > BOXARCHIVE_PATH_MAX) {
        return err_set(e, ERR_LIMIT, "collecting '%.*s': a path in it is longer than %d bytes",
                       SHOWN, w->path, BOXARCHIVE_PATH_MAX);
    }
    if (len > 0) {
        w->path[len++] = '/';
    }
    memcpy(w->path + len, name, name_len + 1);
    return 0;
}

static int visit(struct walk *w, const struct level *level, const char *name, struct err *e)
{
    struct stat st;
    int r = set_path(w, level, name, e);
    if (r < 0) {
        return miss(w, r);
    }
    enum match match = level->all ? MATCH_ALL : match_any(w->names, w->path);
    if (match == MATCH_NONE) {
        return 0;
    }
    if (fstatat(level->fd, name, &st, follows(w) ? 0 : AT_SYMLINK_NOFOLLOW) < 0) {
        return miss(w, failed(w, e));
    }
    if (S_ISDIR(st.st_mode)) {
        bool whole = match == MATCH_ALL;
        r = whole && !w->some ? put_head(w, BOXARCHIVE_DIR, &st, 0, e) : 0;
        return r < 0 ? r : miss(w, push(w, level->fd, name, whole, e));
    }
    if (match != MATCH_ALL) {
        return 0;
    }
    if (S_ISREG(st.st_mode) || follows(w)) {
        return put_file(w, level->fd, name, e);
    }
    return S_ISLNK(st.st_mode) && w->links ? put_link(w, level->fd, name, &st, e) : 0;
}

/* The next name of the directory, or NULL at its end or (errno set) when it cannot be read. */
static const char *next_name(struct level *level)
{
    for (;;) {
        if (level->pos == level->len) {
            void *room = level->entries; /* one C library wants bytes, the other its struct */
            ssize_t n = getdents64(level->fd, room, sizeof(level->entries));
            if (n <= 0) {
                return NULL;
            }
            level->pos = 0;
            level->len = (size_t)n;
        }
        const struct dirent64 *d = (const void *)(level->entries + level->pos);
        level->pos += d->d_reclen;
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0) {
            return d->d_name;
        }
    }
}

/* A loop over levels, no recursion: a program may nest as deep as its inodes last. */
static int walk_all(struct walk *w, struct err *e)
{
    int r = push(w, AT_FDCWD, ".", w->links, e);
    while (r == 0 && w->depth > 0) {
        struct level *level = &w->levels[w->depth - 1];
        const char *name = next_name(level);
        if (name) {
            r = visit(w, level, name, e);
        } else {
            fd_close(level->fd);
            w->depth--;
        }
    }
    return r;
}

static int collect_by(char *const *names, int out_fd, uint64_t max, uint64_t weaken, bool *some,
                      struct err *e)
{
    /* Mapped, not on the stack: most of it is never touched. */
    struct walk *w =
        mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (w == MAP_FAILED) {
        return err_sys(e, "box init: room for collecting");
    }
    w->names = names;
    w->out_fd = out_fd;
    w->left = max;
    w->weaken = weaken;
    w->heads_left = BOX_COLLECT_HEADS_MAX;
    w->some = some;
    for (; *names; names++) {
        w->links = w->links || (!some && strcmp(*names, ".") == 0);
    }
    int r = walk_all(w, e);
    if (some) {
        *some = w->missed;
    }
    buf_done(&w->head);
    munmap(w, sizeof(*w));
    return r;
}

int collect(char *const *names, int out_fd, uint64_t max, uint64_t weaken, struct err *e)
{
    return collect_by(names, out_fd, max, weaken, NULL, e);
}

int collect_some(char *const *names, int out_fd, uint64_t max, uint64_t weaken, bool *ret_missed,
                 struct err *e)
{
    return collect_by(names, out_fd, max, weaken, ret_missed, e);
}
