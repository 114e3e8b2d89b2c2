/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/store_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "packages/layer_walk.h"
#include "packages/sha256.h"
#include "packages/store_impl.h"

#define SCRATCH    "file"
#define LINKS_MAX  60000 /* ext4 has 65000 */
#define CHUNK      ((size_t)256 << 10)
#define NAME_BYTES (SHA256_CHARS + 2)
#define INODES_MIN 64
#define BLOCK      512 /* of st_blocks */

static const struct timespec times[2] = {{.tv_sec = STORE_LAYER_TIME},
                                         {.tv_sec = STORE_LAYER_TIME}};

/* One content in this layer. */
struct seen {
    struct table_node node;
    char name[NAME_BYTES];
    char *path; /* of a file that files/ has not; NULL: it has */
};

struct taking {
    struct store_files *files;
    int files_fd, scratch_fd;
    char *chunk;
    ino_t *inodes; /* of the tree's files that have several names, sorted */
    size_t inode_count, inode_room;
};

static void taking_done(struct taking *t)
{
    fd_close(t->files_fd);
    free(t->inodes);
    free(t->chunk);
}

void store_files_done(struct store_files *f)
{
    for (struct table_node *node = table_next(&f->seen, NULL), *next; node; node = next) {
        next = table_next(&f->seen, node);
        struct seen *one = TABLE_ITEM(node, struct seen, node);
        free(one->path);
        free(one);
    }
    table_done(&f->seen);
}

static int files_open(const struct package_store *s)
{
    return openat(s->fd, STORE_FILES, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* --- take ------------------------------------------------------------------------------------- */

static int name_of(const struct taking *t, const struct layer_node *n, char ret[NAME_BYTES],
                   struct err *e)
{
    AUTO(sha256_freep) struct sha256 *sum = sha256_new();
    AUTO(fd_closep) int fd = below_open(n->dir_fd, n->name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) {
        return err_sys(e, "open '%s'", layer_shown(n->path).text);
    }
    for (ssize_t got; (got = read(fd, t->chunk, CHUNK)) != 0;) {
        if (got < 0 && errno != EINTR) {
            return err_sys(e, "reading '%s'", layer_shown(n->path).text);
        }
        sha256_add(sum, t->chunk, got > 0 ? (size_t)got : 0);
    }
    sha256_end(sum, ret);
    ret[SHA256_CHARS] = n->st.st_mode & S_IXUSR ? 'x' : '\0';
    ret[SHA256_CHARS + 1] = '\0';
    return 0;
}

static int by_number(const void *a, const void *b)
{
    ino_t x = *(const ino_t *)a, y = *(const ino_t *)b;
    return x < y ? -1 : x > y;
}

/* One that is in files/ and in this tree: a second name here would be another digest. */
static bool is_of_tree(const struct taking *t, ino_t inode)
{
    return t->inode_count > 0 &&
           bsearch(&inode, t->inodes, t->inode_count, sizeof(inode), by_number) != NULL;
}

static int on_look(void *ctx, const struct layer_node *n, struct err *e)
{
    struct taking *t = ctx;
    (void)e;
    if (n->type == LAYER_FILE && n->st.st_nlink > 1) {
        if (t->inode_count == t->inode_room) {
            t->inode_room = t->inode_room > 0 ? t->inode_room * 2 : INODES_MIN;
            t->inodes = xreallocarray(t->inodes, t->inode_room, sizeof(t->inodes[0]));
        }
        t->inodes[t->inode_count++] = n->st.st_ino;
    }
    return 0;
}

static int inodes_read(struct taking *t, int tree_fd, struct err *e)
{
    const struct layer_visitor visitor = {.enter = on_look, .ctx = t};
    int r = layer_walk(tree_fd, &visitor, e);
    if (t->inode_count > 0) {
        qsort(t->inodes, t->inode_count, sizeof(t->inodes[0]), by_number);
    }
    return r;
}

static bool is_equal(const struct stat *there, const struct stat *ours)
{
    return S_ISREG(there->st_mode) && there->st_mode == ours->st_mode &&
           there->st_size == ours->st_size && there->st_uid == ours->st_uid &&
           there->st_gid == ours->st_gid && there->st_mtim.tv_sec == ours->st_mtim.tv_sec &&
           there->st_nlink < LINKS_MAX;
}

/* 1: it is that file now; 0: it stays its own. */
static int replace(const struct taking *t, const struct layer_node *n, const char *name,
                   struct err *e)
{
    if (unlinkat(t->scratch_fd, SCRATCH, 0) < 0 && errno != ENOENT) {
        return err_sys(e, "unlink '" SCRATCH "' of a stage");
    }
    if (linkat(t->files_fd, name, t->scratch_fd, SCRATCH, 0) < 0) {
        return 0; /* it was removed, or has as many names as a file can have */
    }
    return renameat(t->scratch_fd, SCRATCH, n->dir_fd, n->name) < 0
               ? err_sys(e, "putting '%s' in its place", layer_shown(n->path).text)
               : 1;
}

static int file_take(const struct taking *t, const struct layer_node *n, struct err *e)
{
    struct stat there;
    char name[NAME_BYTES];
    int r = name_of(t, n, name, e);
    if (r < 0 || table_find(&t->files->seen, name)) {
        return r;
    }
    struct seen *one = xcalloc(1, sizeof(*one));
    memcpy(one->name, name, sizeof(name));
    table_add(&t->files->seen, &one->node, one->name);
    if (fstatat(t->files_fd, name, &there, AT_SYMLINK_NOFOLLOW) < 0) {
        one->path = errno == ENOENT ? xstrdup(n->path) : NULL;
        return 0;
    }
    bool fits = is_equal(&there, &n->st) && !is_of_tree(t, there.st_ino);
    r = fits ? replace(t, n, name, e) : 0;
    t->files->shared_bytes += r > 0 ? (uint64_t)there.st_blocks * BLOCK : 0;
    return r < 0 ? r : 0;
}

static int on_enter(void *ctx, const struct layer_node *n, struct err *e)
{
    const struct taking *t = ctx;
    bool wanted = n->type == LAYER_FILE && n->st.st_nlink == 1 && n->st.st_size >= STORE_FILE_MIN;
    return wanted ? file_take(t, n, e) : 0;
}

/* What was put into it has changed its time. */
static int on_leave(void *ctx, const struct layer_node *n, struct err *e)
{
    (void)ctx;
    return utimensat(n->dir_fd, n->name, times, AT_SYMLINK_NOFOLLOW) < 0
               ? err_sys(e, "setting the time of '%s'", layer_shown(n->path).text)
               : 0;
}

int store_files_take(const struct package_store *s, int scratch_fd, int tree_fd,
                     struct store_files *ret, struct err *e)
{
    AUTO(taking_done)
    struct taking t = {.files = ret, .files_fd = files_open(s), .scratch_fd = scratch_fd};
    if (t.files_fd < 0) {
        return err_sys(e, "open '%s' of the store of packages", STORE_FILES);
    }
    t.chunk = xmalloc(CHUNK);
    const struct layer_visitor visitor = {.enter = on_enter, .leave = on_leave, .ctx = &t};
    int r = inodes_read(&t, tree_fd, e);
    return r < 0 ? r : layer_walk(tree_fd, &visitor, e);
}

/* --- give ------------------------------------------------------------------------------------- */

void store_files_give(const struct package_store *s, int tree_fd, const struct store_files *f)
{
    AUTO(fd_closep) int files_fd = files_open(s);
    struct table_node *node = NULL;
    while (files_fd >= 0 && (node = table_next(&f->seen, node)) != NULL) {
        const struct seen *one = TABLE_ITEM(node, struct seen, node);
        /* Somebody else's may be there meanwhile; then this one is alone. */
        if (one->path && linkat(tree_fd, one->path, files_fd, one->name, 0) < 0 &&
            errno != EEXIST) {
            return; /* a file system without links, or full: nothing is shared */
        }
    }
}

/* --- all that are there ----------------------------------------------------------------------- */

/* No lock: who links one at this moment has it, and only the name goes. */
int store_files_collect(const struct package_store *s, uint64_t *ret_bytes, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(s->fd, STORE_FILES, &dir, e);
    for (const struct dirent *entry; r == 0 && (entry = dir_next(dir)) != NULL;) {
        struct stat st;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_nlink > 1) {
            continue;
        }
        if (unlinkat(dirfd(dir), entry->d_name, 0) < 0 && errno != ENOENT) {
            return err_sys(e, "removing '%s' of the store of packages", entry->d_name);
        }
        *ret_bytes += (uint64_t)st.st_blocks * BLOCK;
    }
    return r;
}

uint64_t store_files_saved(const struct package_store *s)
{
    AUTO(dir_closep) DIR *dir = NULL;
    struct err ignored; /* an old store has none */
    uint64_t saved = 0;
    int r = dir_open(s->fd, STORE_FILES, &dir, &ignored);
    for (const struct dirent *entry; r == 0 && (entry = dir_next(dir)) != NULL;) {
        struct stat st;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_nlink > 2) {
            saved += (uint64_t)st.st_blocks * BLOCK * (st.st_nlink - 2);
        }
    }
    return saved;
}
