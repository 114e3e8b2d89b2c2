/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages of Debian: resolved and got by apt (apt.h), then unpacked and set up by dpkg on the
 * stage.
 *
 * The base of a release, which stands on nothing, has no dpkg to begin with: the host's own
 * dpkg-deb and tar take the packages apart first, in a box, and what they give is installed over
 * itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/apt.h"
#include "packages/dpkg_status.h"
#include "packages/install_below.h"
#include "packages/install_stage.h"
#include "packages/installation.h"
#include "packages/layer_clear.h"
#include "packages/progress.h"
#include "packages/store.h"
#include "packages/workshop.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define EXCLUDED                                                                                   \
    "/usr/share/doc /usr/share/info /usr/share/lintian /usr/share/locale /usr/share/man "          \
    "/usr/share/gnome/help /usr/share/help"

/* /new is the base.  Its accounts are there before the script that makes them: others want them. */
static const char bootstrap_script[] =
    "set -e\n"
    "umask 022\n"
    "for name in bin sbin lib lib64; do\n"
    "    mkdir -p /new/usr/$name\n"
    "    ln -s usr/$name /new/$name\n"
    "done\n"
    "for deb in /debs/*.deb; do\n"
    "    dpkg-deb --fsys-tarfile \"$deb\" | tar -x -C /new --no-same-owner "
    "--keep-directory-symlink \\\n"
    "        --exclude=./usr/share/doc --exclude=./usr/share/info --exclude=./usr/share/man \\\n"
    "        --exclude=./usr/share/lintian --exclude=./usr/share/locale\n"
    "done\n"
    "cp /new/usr/share/base-passwd/passwd.master /new/etc/passwd\n"
    "cp /new/usr/share/base-passwd/group.master /new/etc/group\n"
    "echo Etc/UTC >/new/etc/timezone\n";

/*
 * All is unpacked before anything is set up, whatever one needs for its preinst: apt has seen to it
 * that all of it is there.
 */
#define DPKG_OPTIONS                                                                               \
    "umask 022\n"                                                                                  \
    "export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true "                      \
    "DEBCONF_NOWARNINGS=yes\n"                                                                     \
    "for path in " EXCLUDED "; do set -- \"$@\" \"--path-exclude=$path/*\"; done\n"                \
    "set -- --force-unsafe-io --force-confold --force-overwrite --log=/dev/null \"$@\"\n"

static const char unpack_script[] =
    DPKG_OPTIONS "exec dpkg \"$@\" --force-depends --no-triggers --unpack /debs/*.deb\n";

static const char setup_script[] = DPKG_OPTIONS "dpkg \"$@\" --configure -a || exit\n"
                                                "ldconfig\n";

static bool is_meant(const struct installation *in)
{
    return in->recipe->install.debian != NULL;
}

/* --- plan ------------------------------------------------------------------------------------- */

/* What all recipes of its suite ask; the caller frees it. */
static char **likely_names(const struct installation *in)
{
    size_t count = 0;
    char **names = strv_dup(in->recipe->install.debian);
    const struct recipe *const *all = recipes_all(in->recipes, &count);
    for (size_t i = 0; i < count; i++) {
        if (all[i]->install.debian && strcmp(install_suite(in->recipes, all[i]), in->suite) == 0) {
            strv_add_all(&names, all[i]->install.debian);
        }
    }
    return names;
}

static int plan(struct installation *in, struct err *e)
{
    AUTO(apt_closep) struct apt *apt = NULL;
    AUTO(apt_plan_done) struct apt_plan debs = {0};
    AUTO(buf_done) struct buf status = {0};
    AUTO(strv_freep) char **likely = likely_names(in);
    int r = install_stage_status(in, &status, e);
    if (r == 0 && in->planned_below) {
        buf_add_str(&status, in->planned_below);
    }
    r = r < 0 ? r : apt_open(in->config, store_fd(in->store), in->suite, in->progress, &apt, e);
    r = r < 0 ? r : apt_plan(apt, status.data, in->recipe->install.debian, likely, &debs, e);
    if (r == 0 && in->planned_wanted) {
        r = apt_plan_status(apt, &debs, &in->planned, e);
    }
    for (size_t i = 0; r == 0 && i < debs.count; i++) {
        const struct apt_deb *deb = &debs.debs[i];
        bool counted = !deb->is_there && installation_count(in, deb->file);
        in->download_bytes += counted ? deb->bytes : 0;
    }
    in->disk_bytes += r == 0 ? debs.disk_bytes : 0;
    return r;
}

/* --- install ---------------------------------------------------------------------------------- */

struct work {
    struct installation *in;
    struct buf status;
    struct apt_plan debs;
    char **replaced;
    unsigned unpacked, set_up;
};

static void work_done(struct work *w)
{
    buf_done(&w->status);
    apt_plan_done(&w->debs);
    strv_free(w->replaced);
}

static void tell(const struct work *w, enum progress_phase phase, uint64_t done, uint64_t total)
{
    const struct progress *p = w->in->progress;
    if (p && p->step) {
        p->step(p->ctx, w->in->recipe->id, phase, done, total);
    }
}

static int folder_of_debs(const struct work *w, int *ret_fd, struct err *e)
{
    int tree = w->in->stage->tree_fd;
    if (mkdirat(tree, "debs", 0755) < 0) {
        return err_sys(e, "making 'debs' in a stage");
    }
    int fd = openat(tree, "debs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open 'debs' of a stage");
    }
    *ret_fd = fd;
    return 0;
}

static void parts_add(struct work *w)
{
    for (size_t i = 0; i < w->debs.count; i++) {
        const struct apt_deb *deb = &w->debs.debs[i];
        AUTO(mem_freep)
        char *there = w->status.len ? dpkg_status_version(w->status.data, deb->package) : NULL;
        if (there) {
            strv_add(&w->replaced, deb->package);
        }
        installation_add_part(w->in, "debian", deb->package, deb->version);
    }
}

/* The suite is only locked while apt is at work, and its files are named here. */
static int get(struct work *w, struct err *e)
{
    struct installation *in = w->in;
    char *const *packages = in->recipe->install.debian;
    AUTO(apt_closep) struct apt *apt = NULL;
    AUTO(fd_closep) int folder = -1;
    AUTO(strv_freep) char **likely = likely_names(in);
    tell(w, PROGRESS_PLAN, 0, 0);
    int r = install_stage_status(in, &w->status, e);
    r = r < 0 ? r : apt_open(in->config, store_fd(in->store), in->suite, in->progress, &apt, e);
    r = r < 0 ? r : apt_plan(apt, w->status.data, packages, likely, &w->debs, e);
    if (r == 0) {
        tell(w, PROGRESS_DOWNLOAD, 0, w->debs.download_bytes);
    }
    r = r < 0 ? r : apt_download(apt, w->status.data, &w->debs, e);
    if (r == 0) {
        tell(w, PROGRESS_DOWNLOAD, w->debs.download_bytes, w->debs.download_bytes);
    }
    r = r < 0 ? r : folder_of_debs(w, &folder, e);
    return r < 0 ? r : apt_link(apt, &w->debs, folder, e);
}

static void on_said(void *ctx, const char *line)
{
    struct work *w = ctx;
    if (str_starts(line, "Unpacking ")) {
        tell(w, PROGRESS_UNPACK, ++w->unpacked, w->debs.count);
    } else if (str_starts(line, "Setting up ")) {
        tell(w, PROGRESS_SETUP, ++w->set_up, w->debs.count);
    }
}

static int run_script(struct work *w, const char *script, bool on_host, struct err *e)
{
    struct installation *in = w->in;
    AUTO(strv_freep) char **argv = NULL;
    strv_add(&argv, "/bin/sh");
    strv_add(&argv, "-c");
    strv_add(&argv, script);
    strv_add(&argv, "dpkg");
    const struct workshop_command command = {
        .argv = argv, .on_host = on_host, .said = on_said, .said_ctx = w};
    return workshop_run_on_stage(in->workshop, in->stage, in->layers, in->layer_count, &command, e);
}

/* /new becomes the root, with the packages in it. */
static int base_take(struct work *w, struct err *e)
{
    struct stage *st = w->in->stage;
    if (renameat(st->fd, "root/new", st->fd, "new") < 0 ||
        renameat(st->fd, "root/debs", st->fd, "new/debs") < 0) {
        return err_sys(e, "taking the base of a release");
    }
    int r = layer_clear(st->fd, "root", e);
    if (r < 0) {
        return r;
    }
    if (renameat(st->fd, "new", st->fd, "root") < 0) {
        return err_sys(e, "taking the base of a release");
    }
    fd_closep(&st->tree_fd);
    st->tree_fd = openat(st->fd, "root", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return st->tree_fd < 0 ? err_sys(e, "taking the base of a release") : 0;
}

static int base_make(struct work *w, struct err *e)
{
    uid_t owner = 0;
    const struct stage *st = w->in->stage;
    int r = workshop_stage_owner(w->in->workshop, st, &owner, e);
    if (r == 0 && fchown(st->tree_fd, owner, owner) < 0) {
        r = err_sys(e, "giving a stage to its box");
    }
    r = r < 0 ? r : run_script(w, bootstrap_script, true, e);
    r = r < 0 ? r : base_take(w, e);
    return r < 0 ? err_wrap(e, "the base of Debian %s", w->in->suite) : 0;
}

static int install(struct installation *in, struct err *e)
{
    AUTO(work_done) struct work w = {.in = in};
    int r = get(&w, e);
    if (r < 0) {
        return r;
    }
    parts_add(&w);
    if (w.debs.count == 0) {
        return 0;
    }
    if (in->layer_count == 0) {
        r = base_make(&w, e);
    }
    r = r < 0 ? r : install_stage_fill(in, w.replaced, e);
    r = r < 0 ? r : run_script(&w, unpack_script, false, e);
    r = r < 0 ? r : install_stage_times(in, e); /* python's bytecode remembers it */
    return r < 0 ? r : run_script(&w, setup_script, false, e);
}

const struct installer installer_debian = {"debian", is_meant, plan, install};
