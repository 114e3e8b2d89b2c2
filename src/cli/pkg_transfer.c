/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar pkg export and import: runtimes carried to where no network is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/pkg.h"
#include "cli/pkg_match.h"
#include "cli/text.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "packages/store_export.h"

#define ID_WIDTH 24

/* Under another name until all of it is there; what has that name, a link too, is not written to.
 */
static int export_file(const struct pkg *p, const char *path, char *const *ids, struct err *e)
{
    AUTO(mem_freep) char *part = xasprintf("%s.part", path);
    (void)unlink(part);
    AUTO(fd_closep) int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        return err_sys(e, "write '%s'", part);
    }
    int r = store_export(p->store, ids, fd, e);
    if (r == 0 && (fsync(fd) < 0 || rename(part, path) < 0)) {
        r = err_sys(e, "write '%s'", path);
    }
    if (r < 0) {
        (void)unlink(part);
    }
    return r;
}

static void export_tell(struct pkg *p, const char *path, size_t count)
{
    AUTO(buf_done) struct buf size = {0};
    struct stat st;
    if (stat(path, &st) == 0) {
        text_add_bytes(&size, (uint64_t)st.st_size);
        pkg_say(p,
                "%zu with what is below: %s, %s; 'belljar pkg import %s' has them "
                "elsewhere",
                count, path, size.data, path);
    }
}

int pkg_export(struct pkg *p, char *const *words)
{
    AUTO(pkg_runtimes_done) struct pkg_runtimes r = {0};
    AUTO(mem_freep) const struct manifest **found = NULL;
    AUTO(strv_freep) char **ids = NULL;
    bool to_stdout = strcmp(words[0], "-") == 0;
    size_t count = 0;
    struct err e;
    pkg_runtimes_read(p, &r);
    int rc = pkg_match_all(p, &r, words + 1, PKG_SEVERAL_ALL, &found, &count, &e);
    if (rc == 0 && to_stdout && (p->o.events || isatty(STDOUT_FILENO))) {
        rc = err_set(&e, ERR_INVALID, "stdout is not for this stream; name a file, or use a pipe");
    }
    for (size_t i = 0; rc == 0 && i < count; i++) {
        strv_add(&ids, found[i]->id);
    }
    if (rc == 0) {
        rc = to_stdout ? store_export(p->store, ids, STDOUT_FILENO, &e)
                       : export_file(p, words[0], ids, &e);
    }
    if (rc < 0) {
        return pkg_fail(p, &e);
    }
    if (!to_stdout) {
        export_tell(p, words[0], count);
    }
    return CLI_OK;
}

static int imported_tell(struct pkg *p, char *const *ids, struct err *e)
{
    for (; ids && *ids; ids++) {
        struct manifest *m = NULL;
        int r = package_store_get(p->store, *ids, &m, e);
        if (r < 0) {
            return r;
        }
        pkg_result(p, "installed", pkg_manifest_json(m));
        if (!m->hidden) {
            pkg_say(p, "%-*s %s", ID_WIDTH, m->id, m->version ? m->version : "");
        }
        manifest_free(m);
    }
    return 0;
}

/* As much as there is room for. */
static uint64_t room(const struct pkg *p)
{
    struct statvfs fs;
    return fstatvfs(store_fd(p->store), &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize
                                                  : UINT64_MAX;
}

int pkg_import(struct pkg *p, char *const *words)
{
    AUTO(strv_freep) char **ids = NULL;
    AUTO(fd_closep) int file = -1;
    struct err e;
    if (strcmp(words[0], "-") != 0) {
        file = open(words[0], O_RDONLY | O_CLOEXEC);
        if (file < 0) {
            err_sys(&e, "open '%s'", words[0]);
            return pkg_fail(p, &e);
        }
    }
    int r = store_import(p->store, file < 0 ? STDIN_FILENO : file, room(p), &ids, &e);
    r = r < 0 ? r : imported_tell(p, ids, &e);
    if (r < 0) {
        err_wrap(&e, "import of '%s'", words[0]);
        return pkg_fail(p, &e);
    }
    return CLI_OK;
}
