/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of a host's instances are lock files in one directory: /run/belljar for root, else
 * $XDG_RUNTIME_DIR/belljar or /tmp/belljar-UID.  The kernel drops a lock when its holder dies, so a
 * lock that can be had while the file is there tells of a holder that was killed; the file then
 * says what it left behind.
 */
#include "sandbox/launch_instance.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/tree.h"
#include "sandbox/launch_host.h"

#define INSTANCES_MAX  1024
#define NOTES_BYTES    (64 << 10)
#define OPEN_ROUNDS    16
#define DIRECTORY_NAME "belljar-" /* a noted directory's name begins so */

/* ids of the window that boxes need; the server's and that of egress are beside them. */
static uint32_t ids_needed(const struct launch_config *config)
{
    return 2 * config->boxes;
}

static char *dir_choose(const struct host_ids *ids)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR"); /* NOLINT(concurrency-mt-unsafe): one thread */
    if (ids->initial && geteuid() == 0) {
        return xstrdup("/run/belljar");
    }
    if (runtime && runtime[0] == '/') {
        return xasprintf("%s/belljar", runtime);
    }
    return xasprintf("/tmp/belljar-%" PRIu32, ids->real_uid);
}

/* Others may have made it first, in /tmp: then it is of no use to us. */
static int dir_open(const char *path, int *ret_fd, struct err *e)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        return err_sys(e, "mkdir '%s'", path);
    }
    AUTO(fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        return err_sys(e, "open '%s'", path);
    }
    if (st.st_uid != geteuid() || (st.st_mode & 0022)) {
        return err_set(e, ERR_DENIED,
                       "'%s' belongs to somebody else or can be written by others; remove it, or "
                       "set XDG_RUNTIME_DIR to a directory of your own",
                       path);
    }
    *ret_fd = TAKE(&fd, -1);
    return 0;
}

/* A holder that leaves removes its file and then drops the lock: what we locked must still be what
 * is named. */
static bool lock_is_named(int dir_fd, const char *name, int fd)
{
    struct stat ours, named;
    return fstat(fd, &ours) == 0 && fstatat(dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* ERR_BUSY: another instance has it.  ERR_NOT_FOUND: the directory itself was removed meanwhile. */
static int lock_take(int dir_fd, const char *name, int *ret_fd, struct err *e)
{
    for (unsigned round = 0; round < OPEN_ROUNDS; round++) {
        AUTO(fd_closep)
        int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0) {
            return err_sys(e, "open lock file '%s'", name);
        }
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
            int r = err_sys(e, "lock '%s'", name);
            return e->sys == EWOULDBLOCK ? err_set(e, ERR_BUSY, "'%s' is in use", name) : r;
        }
        if (lock_is_named(dir_fd, name, fd)) {
            *ret_fd = TAKE(&fd, -1);
            return 0;
        }
    }
    return err_set(e, ERR_BUSY, "'%s' changes all the time", name);
}

/* Splits "/a/b/name"; *ret_fd is the directory. False when it cannot be opened (any more). */
static bool parent_open(char *path, const char **ret_name, int *ret_fd)
{
    char *slash = strrchr(path, '/');
    if (!slash || slash == path) {
        return false;
    }
    *slash = '\0';
    *ret_name = slash + 1;
    *ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret_fd >= 0;
}

/* The locks of the host's root in a user namespace are in another directory than those of the
 * host's root itself, and its cgroups are in the same one. */
static void cgroup_name(const struct instance *i, char ret[CGROUP_NAME_MAX])
{
    bool nested = !i->ids.initial && i->ids.real_uid == 0;
    snprintf(ret, CGROUP_NAME_MAX, "belljar-%s%u", nested ? "nested-" : "", i->number);
}

static int leftover_cgroup(const struct instance *i, int dir_fd, const char *name, struct err *e)
{
    char ours[CGROUP_NAME_MAX];
    cgroup_name(i, ours);
    if (strcmp(name, ours) != 0) {
        return err_set(e, ERR_INVALID, "it is not named '%s'", ours);
    }
    return cgroup_tree_remove(dir_fd, name, e);
}

static int leftover_directory(const struct instance *i, int dir_fd, const char *name, struct err *e)
{
    (void)i;
    struct stat st;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return errno == ENOENT ? 0 : err_sys(e, "stat");
    }
    if (!str_starts(name, DIRECTORY_NAME) || !S_ISDIR(st.st_mode) || st.st_uid != geteuid()) {
        return err_set(e, ERR_INVALID, "it is not a temporary directory of ours");
    }
    return tree_remove(dir_fd, name, e);
}

static const struct {
    const char *word; /* of a line in the lock file, before the path */
    int (*remove)(const struct instance *i, int dir_fd, const char *name, struct err *e);
} leftovers[] = {
    {"cgroup ", leftover_cgroup},
    {"directory ", leftover_directory},
};

static void leftover_remove(const struct instance *i, char *line)
{
    for (size_t k = 0; k < ARRAY_LEN(leftovers); k++) {
        if (!str_starts(line, leftovers[k].word)) {
            continue;
        }
        char *path = line + strlen(leftovers[k].word);
        AUTO(mem_freep) char *whole = xstrdup(path);
        AUTO(fd_closep) int dir_fd = -1;
        const char *name;
        struct err e;
        if (!parent_open(path, &name, &dir_fd)) {
            return;
        }
        if (leftovers[k].remove(i, dir_fd, name, &e) < 0) {
            LOG_WARN(i->log, "cannot remove what a killed instance left", log_s("path", whole),
                     log_s("error", e.text));
        } else {
            LOG_INFO(i->log, "removed what a killed instance left", log_s("path", whole));
        }
    }
}

static void leftovers_remove(const struct instance *i)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    if (fd_read_all(i->lock_fd, NOTES_BYTES, &text, &e) < 0) {
        return;
    }
    AUTO(strv_freep) char **lines = strv_split(text.data, "\n");
    for (char **line = lines; line && *line; line++) {
        leftover_remove(i, *line);
    }
}

/* Written before anything is made, and again when it is known what was. */
static int notes_write(const struct instance *i, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    buf_add_fmt(&text, "pid %d\n", (int)getpid());
    for (unsigned k = 0; k < i->cgroup.place_count; k++) {
        const struct cgroup_place *p = &i->cgroup.places[k];
        buf_add_fmt(&text, "cgroup %s/%s\n", p->parent_path, p->name);
    }
    if (i->directory) {
        buf_add_fmt(&text, "directory %s\n", i->directory);
    }
    if (ftruncate(i->lock_fd, 0) < 0 || lseek(i->lock_fd, 0, SEEK_SET) < 0) {
        return err_sys(e, "writing '%s/%s'", i->dir_path, i->lock_name);
    }
    int r = fd_write_all(i->lock_fd, text.data, text.len, e);
    return r < 0 ? err_wrap(e, "'%s/%s'", i->dir_path, i->lock_name) : 0;
}

int instance_note_directory(struct instance *i, const char *path, struct err *e)
{
    free(i->directory);
    i->directory = xstrdup(path);
    return notes_write(i, e);
}

/*
 * As the host's root: N windows from uid_base on.  In a user namespace that was granted ids:
 * windows from 1 on, as far as they reach.  Else none.
 */
static int window_choose(struct instance *i, const struct launch_config *config, struct err *e)
{
    uint32_t offset = i->number * IDS_WINDOW;
    i->own_ids = false;
    i->server_uid = i->egress_uid = geteuid();
    if (i->ids.initial && geteuid() == 0) {
        uint64_t first = (uint64_t)config->uid_base + offset;
        if (first > UINT32_MAX) {
            return err_set(e, ERR_LIMIT, "sandbox.uid_base is too high for this many instances");
        }
        struct id_range window = {(uint32_t)first, IDS_WINDOW};
        int r = id_window_check(window, e);
        if (r < 0) {
            return r;
        }
        i->own_ids = true;
        i->id_base = window.first;
        i->server_uid = window.first + IDS_WINDOW - 1;
        i->egress_uid = i->server_uid - 1;
    } else if (i->ids.own_count >= (uint64_t)offset + ids_needed(config)) {
        i->own_ids = true;
        i->id_base = 1 + offset;
        bool one_more = i->ids.own_count > (uint64_t)offset + ids_needed(config);
        i->egress_uid = one_more ? i->id_base + ids_needed(config) : i->egress_uid;
    }
    return 0;
}

/* ERR_BUSY when somebody else has this number. */
static int number_try(struct instance *i, unsigned number, const struct launch_config *config,
                      struct err *e)
{
    i->number = number;
    int r = window_choose(i, config, e);
    if (r < 0) {
        LOG_WARN(i->log, "the ids of this instance number are taken", log_i("instance", number),
                 log_s("why", e->text));
        return r;
    }
    snprintf(i->lock_name, sizeof(i->lock_name), "instance-%u", number);
    return lock_take(i->dir_fd, i->lock_name, &i->lock_fd, e);
}

static int number_take(struct instance *i, const struct launch_config *config, struct err *e)
{
    for (unsigned number = 0; number < INSTANCES_MAX; number++) {
        int r = number_try(i, number, config, e);
        if (r != -ERR_BUSY) {
            return r;
        }
    }
    return err_set(e, ERR_LIMIT, "%d instances run on this host already", INSTANCES_MAX);
}

/* Another instance that leaves may remove the empty directory under us. */
static int number_claim(struct instance *i, const struct launch_config *config, struct err *e)
{
    int r = 0;
    for (unsigned round = 0; round < OPEN_ROUNDS; round++) {
        fd_closep(&i->dir_fd);
        r = dir_open(i->dir_path, &i->dir_fd, e);
        if (r == 0) {
            r = number_take(i, config, e);
        }
        if (r != -ERR_NOT_FOUND) {
            break;
        }
    }
    return r;
}

static void instance_freep(struct instance **i)
{
    instance_release(*i);
}

static int config_check(const struct launch_config *config, struct err *e)
{
    if (config->boxes == 0 || ids_needed(config) > IDS_WINDOW - 2) {
        return err_set(e, ERR_INVALID, "the number of boxes must be 1 to %d, not %" PRIu32,
                       IDS_WINDOW / 2 - 1, config->boxes);
    }
    return 0;
}

int instance_claim(const struct launch_config *config, struct instance **ret, struct err *e)
{
    int r = config_check(config, e);
    if (r < 0) {
        return r;
    }
    AUTO(instance_freep) struct instance *i = xcalloc(1, sizeof(*i));
    i->dir_fd = i->lock_fd = -1;
    i->log = config->log;
    launch_cgroup_init(&i->cgroup);
    r = host_ids_read(&i->ids, e);
    if (r < 0) {
        return r;
    }
    i->dir_path = dir_choose(&i->ids);
    r = number_claim(i, config, e);
    if (r < 0) {
        return err_wrap(e, "claiming an instance number");
    }
    leftovers_remove(i);
    char name[CGROUP_NAME_MAX];
    cgroup_name(i, name);
    r = launch_cgroup_make(&i->cgroup, config, name, e);
    if (r == 0) {
        r = notes_write(i, e);
    }
    if (r < 0) {
        return r;
    }
    if (i->cgroup.why_none.kind) {
        LOG_WARN(i->log, "no cgroup can be used", log_s("why", i->cgroup.why_none.text));
    }
    if (!i->own_ids) {
        LOG_WARN(i->log, "boxes share one user id; see belljar doctor");
    }
    *ret = TAKE(&i, NULL);
    return 0;
}

uint32_t instance_number(const struct instance *i)
{
    return i->number;
}

uid_t instance_program_uid(const struct instance *i)
{
    return i->own_ids ? i->id_base + 1 : geteuid();
}

uid_t instance_server_uid(const struct instance *i)
{
    return i->server_uid;
}

uid_t instance_egress_uid(const struct instance *i)
{
    return i->egress_uid;
}

const char *instance_cgroup_lack(const struct instance *i)
{
    return i->cgroup.why_none.kind ? i->cgroup.why_none.text : NULL;
}

char *instance_cgroup_left(const struct instance *i)
{
    AUTO(mem_freep) char *top = NULL;
    AUTO(fd_closep) int top_fd = -1;
    struct err ignored;
    const char *left = i->cgroup.moved ? i->cgroup.places[0].parent_path : NULL;
    if (!left || cgroup_top_open(&top, &top_fd, &ignored) < 0 || !str_starts(left, top)) {
        return NULL;
    }
    const char *below = left + strlen(top);
    return xstrdup(below[0] ? below : "/");
}

void instance_forget(struct instance *i)
{
    if (!i) {
        return;
    }
    launch_cgroup_done(&i->cgroup);
    fd_closep(&i->lock_fd);
    fd_closep(&i->dir_fd);
    free(i->directory);
    free(i->dir_path);
    free(i);
}

void instance_release(struct instance *i)
{
    if (!i) {
        return;
    }
    struct err e;
    if (launch_cgroup_remove(&i->cgroup, &e) < 0) {
        LOG_WARN(i->log, "cannot remove the cgroups", log_s("error", e.text));
    }
    if (i->lock_fd >= 0) {
        (void)unlinkat(i->dir_fd, i->lock_name, 0); /* while it is locked */
        (void)rmdir(i->dir_path);                   /* fails while others are in it */
    }
    instance_forget(i);
}
