/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/version_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/semver.h"
#include "recipes/recipe.h"
#include "runtimes/offers.h"

#define FIRST_LINE "belljar versions 1"
#define CACHE_MAX  (1 << 20)

struct line {
    uint64_t inode, mtime_ns, size;
    struct semver version;
    const char *path;
};

static bool read_number(char **at, uint64_t *ret)
{
    char *end;
    if (**at < '0' || **at > '9') {
        return false;
    }
    errno = 0;
    *ret = strtoull(*at, &end, 10);
    if (errno != 0 || *end != '\t') {
        return false;
    }
    *at = end + 1;
    return true;
}

static bool line_read(char *text, struct line *ret)
{
    if (!read_number(&text, &ret->inode) || !read_number(&text, &ret->mtime_ns) ||
        !read_number(&text, &ret->size)) {
        return false;
    }
    char *tab = strchr(text, '\t');
    if (tab == NULL) {
        return false;
    }
    *tab = '\0';
    ret->path = tab + 1;
    return semver_parse(text, &ret->version) && ret->path[0] == '/';
}

static bool is_cached(const struct tool *t)
{
    return t->recipe->ask_package == NULL && strpbrk(t->file.real, "\t\n") == NULL;
}

static void line_apply(const struct line *line, struct offer_set *c)
{
    for (size_t i = 0; i < c->tool_count; i++) {
        struct tool *t = c->tools[i];
        if (t->state == TOOL_UNKNOWN && is_cached(t) && t->file.inode == line->inode &&
            t->file.mtime_ns == line->mtime_ns && t->file.size == line->size &&
            strcmp(t->file.real, line->path) == 0) {
            offers_learn(c, t, &line->version);
        }
    }
}

void version_cache_load(const char *path, struct offer_set *c)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    if (fd_read_path(path, CACHE_MAX, &text, &e) < 0) {
        return; /* the first start, or as good as that */
    }
    AUTO(strv_freep) char **rows = strv_split(text.data, "\n");
    size_t count = strv_len(rows);
    if (count == 0 || strcmp(rows[0], FIRST_LINE) != 0 || strlen(text.data) != text.len) {
        return;
    }
    AUTO(mem_freep) struct line *lines = xcalloc(count, sizeof(lines[0]));
    for (size_t i = 1; i < count; i++) {
        if (!line_read(rows[i], &lines[i])) {
            return;
        }
    }
    for (size_t i = 1; i < count; i++) {
        line_apply(&lines[i], c);
    }
}

static void cache_format(const struct offer_set *c, struct buf *ret)
{
    buf_add_str(ret, FIRST_LINE "\n");
    for (size_t i = 0; i < c->tool_count; i++) {
        const struct tool *t = c->tools[i];
        if (t->state == TOOL_KNOWN && is_cached(t)) {
            char version[128];
            semver_format(&t->version, version, sizeof(version));
            buf_add_fmt(ret, "%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\t%s\n", t->file.inode,
                        t->file.mtime_ns, t->file.size, version, t->file.real);
        }
    }
}

int version_cache_save(const char *path, const struct offer_set *c, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    cache_format(c, &text);

    AUTO(mem_freep) char *fresh = xasprintf("%s.new", path);
    AUTO(fd_closep)
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_sys(e, "open '%s'", fresh);
    }
    if (fd_write_all(fd, text.data, text.len, e) < 0) {
        return err_wrap(e, "'%s'", fresh);
    }
    if (rename(fresh, path) < 0) {
        return err_sys(e, "rename '%s' to '%s'", fresh, path);
    }
    return 0;
}
