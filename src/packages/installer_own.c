/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interpreters that come with belljar: static programs, copied to /usr/bin of the layer.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "packages/installation.h"
#include "packages/store.h"
#include "packages/tree_place.h"
#include "recipes/recipe.h"
#include "sandbox/launch.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-+_"
#define FOLDER     "usr/bin"
#define FILE_MODE  0755
#define INODES_MAX 1000
#define COPY_MAX   ((size_t)1 << 30)

static bool is_meant(const struct installation *in)
{
    return in->recipe->install.own != NULL;
}

/* The programs are in libexec/belljar/languages, in a build tree in src/languages. */
static int program_open(const char *name, int *ret_fd, uint64_t *ret_size, struct err *e)
{
    struct stat st;
    if (name[0] == '\0' || strspn(name, NAME_CHARS) != strlen(name)) {
        return err_set(e, ERR_INVALID, "'%.100s' is no name of an interpreter of ours", name);
    }
    AUTO(mem_freep) char *path = xasprintf("languages/%s", name);
    AUTO(fd_closep) int fd = -1;
    int r = launch_program_open(path, ".", &fd, e);
    if (r < 0) {
        return r;
    }
    if (fstat(fd, &st) < 0) {
        return err_sys(e, "stat '%.100s'", path);
    }
    *ret_fd = TAKE(&fd, -1);
    *ret_size = (uint64_t)st.st_size;
    return 0;
}

static int plan(struct installation *in, struct err *e)
{
    for (char *const *name = in->recipe->install.own; *name; name++) {
        AUTO(fd_closep) int fd = -1;
        uint64_t size = 0;
        int r = program_open(*name, &fd, &size, e);
        if (r < 0) {
            return r;
        }
        in->disk_bytes += size;
        installation_add_part(in, "own", *name, BELLJAR_VERSION);
    }
    return 0;
}

static int copy(struct tree_place *place, const char *name, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf(FOLDER "/%s", name);
    AUTO(fd_closep) int from = -1;
    AUTO(fd_closep) int to = -1;
    uint64_t size = 0;
    int r = program_open(name, &from, &size, e);
    r = r < 0 ? r : tree_place_file(place, path, FILE_MODE, &to, e);
    if (r < 0) {
        return r;
    }
    ssize_t sent;
    while ((sent = sendfile(to, from, NULL, COPY_MAX)) > 0) {
        size -= (uint64_t)sent < size ? (uint64_t)sent : size;
    }
    if (sent < 0) {
        return err_sys(e, "copying '%s'", path);
    }
    return size == 0 ? 0 : err_set(e, ERR_IO, "copying '%s': it became shorter", path);
}

static int install(struct installation *in, struct err *e)
{
    struct tree_place place;
    tree_place_init(&place, in->stage->tree_fd, INODES_MAX);
    int r = 0;
    for (char *const *name = in->recipe->install.own; r == 0 && *name; name++) {
        r = copy(&place, *name, e);
        if (r == 0) {
            installation_add_part(in, "own", *name, BELLJAR_VERSION);
        }
    }
    tree_place_done(&place);
    return r;
}

const struct installer installer_own = {"own", is_meant, plan, install};
