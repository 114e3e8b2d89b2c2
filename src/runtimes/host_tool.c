/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/host_tool.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "runtimes/host_view.h"

#define LINKS_MAX          16
#define PACKAGE_STATUS_MAX (UINT64_C(64) << 20)

static bool is_visible(const struct host_view *view, const char *path)
{
    for (const char *const *prefix = view->visible; *prefix != NULL; prefix++) {
        if (str_starts(path, *prefix)) {
            return true;
        }
    }
    return false;
}

/* The path with the links of its directories resolved, but not its last component's; NULL: it is
 * not there. */
static char *with_real_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return NULL;
    }
    AUTO(mem_freep) char *dir = xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
    AUTO(mem_freep) char *real = realpath(dir, NULL);
    if (real == NULL) {
        return NULL;
    }
    return xasprintf("%s/%s", strcmp(real, "/") == 0 ? "" : real, slash + 1);
}

/* What the link says, as an absolute path; NULL when `path` is no link. */
static char *link_target(const char *path)
{
    char target[PATH_MAX];
    ssize_t len = readlink(path, target, sizeof(target) - 1);
    if (len < 0) {
        return NULL;
    }
    target[len] = '\0';
    if (target[0] == '/') {
        return xstrdup(target);
    }
    return xasprintf("%.*s/%s", (int)(strrchr(path, '/') - path), path, target);
}

/* The file behind all links when a box could follow each of them too. */
static char *visible_file(const struct host_view *view, const char *path)
{
    AUTO(mem_freep) char *at = xstrdup(path);
    for (int links = 0; links < LINKS_MAX; links++) {
        AUTO(mem_freep) char *here = with_real_directory(at);
        if (here == NULL || !is_visible(view, here)) {
            return NULL;
        }
        char *next = link_target(here);
        if (next == NULL) {
            return TAKE(&here, NULL);
        }
        free(at);
        at = next;
    }
    return NULL;
}

bool host_tool_at(const struct host_view *view, const char *dir, const char *name,
                  struct host_tool *ret)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%s", dir, name);
    AUTO(mem_freep) char *real = visible_file(view, path);
    struct stat st;
    if (real == NULL || stat(real, &st) < 0 || !S_ISREG(st.st_mode)) {
        return false;
    }
    if ((st.st_mode & S_IXOTH) == 0) {
        return false; /* in a box it runs as a stranger */
    }
    *ret = (struct host_tool){
        .path = TAKE(&path, NULL),
        .real = TAKE(&real, NULL),
        .inode = st.st_ino,
        .size = (uint64_t)st.st_size,
        .mtime_ns = (uint64_t)st.st_mtim.tv_sec * NS_PER_S + (uint64_t)st.st_mtim.tv_nsec,
    };
    return true;
}

void host_tool_done(struct host_tool *t)
{
    free(t->path);
    free(t->real);
    *t = (struct host_tool){0};
}

bool host_tool_same(const struct host_tool *a, const struct host_tool *b)
{
    return a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns &&
           strcmp(a->real, b->real) == 0;
}

static char *path_at(const struct host_view *view, const char *dir, const char *name)
{
    struct host_tool tool;
    if (!host_tool_at(view, dir, name, &tool)) {
        return NULL;
    }
    char *path = TAKE(&tool.path, NULL);
    host_tool_done(&tool);
    return path;
}

char *host_tool_path(const struct host_view *view, const char *name, const char *beside)
{
    char *path = NULL;
    if (beside != NULL) {
        AUTO(mem_freep) char *dir = xstrndup(beside, (size_t)(strrchr(beside, '/') - beside));
        path = path_at(view, dir, name);
    }
    for (const char *const *dir = view->tool_dirs; path == NULL && *dir != NULL; dir++) {
        path = path_at(view, *dir, name);
    }
    return path;
}

/* The paragraph of `package` in dpkg's status file, which separates paragraphs by empty lines. */
static char *package_paragraph(const char *status, const char *package)
{
    AUTO(mem_freep) char *first_line = xasprintf("Package: %s\n", package);
    const char *at = strstr(status, first_line);
    while (at != NULL && at != status && at[-1] != '\n') {
        at = strstr(at + 1, first_line);
    }
    if (at == NULL) {
        return NULL;
    }
    const char *end = strstr(at, "\n\n");
    return end != NULL ? xstrndup(at, (size_t)(end - at) + 1) : xstrdup(at);
}

char *host_package_version(const struct host_view *view, const char *package)
{
    AUTO(buf_done) struct buf status = {0};
    AUTO(mem_freep) char *path = xasprintf("%s/status", view->package_dir);
    struct err e;
    if (fd_read_path(path, PACKAGE_STATUS_MAX, &status, &e) < 0) {
        return NULL;
    }
    AUTO(mem_freep) char *paragraph = package_paragraph(status.data, package);
    if (paragraph == NULL || strstr(paragraph, "\nStatus: install ok installed\n") == NULL) {
        return NULL;
    }
    const char *version = strstr(paragraph, "\nVersion: ");
    if (version == NULL) {
        return NULL;
    }
    version += strlen("\nVersion: ");
    size_t len = strcspn(version, "\n");
    const char *epoch = memchr(version, ':', len);
    if (epoch != NULL) {
        len -= (size_t)(epoch + 1 - version);
        version = epoch + 1;
    }
    return xstrndup(version, len);
}
