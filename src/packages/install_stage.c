/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/install_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/dpkg_status.h"
#include "packages/hello.h"
#include "packages/installation.h"
#include "packages/stage_tree.h"
#include "packages/stage_without.h"
#include "packages/store.h"
#include "packages/workshop.h"
#include "recipes/recipe.h"

#define STATUS "var/lib/dpkg/status"

static int tree_open(const struct installation *in, struct stage_tree *ret, struct err *e)
{
    uid_t owner = 0;
    int r = workshop_stage_owner(in->workshop, in->stage, &owner, e);
    return r < 0
               ? r
               : stage_tree_open(in->store, in->stage, in->layers, in->layer_count, owner, ret, e);
}

/* --- what several layers have each a part of -------------------------------------------------- */

static void lines_merge(const char *text, struct buf *ret)
{
    AUTO(strv_freep) char **have = strv_split(ret->data ? ret->data : "", "\n");
    AUTO(strv_freep) char **lines = strv_split(text, "\n");
    for (char **line = lines; line && *line; line++) {
        if (!have || !strv_has(have, *line)) {
            buf_add_fmt(ret, "%s\n", *line);
        }
    }
}

/* Each diversion is three lines. */
static void diversions_merge(const char *text, struct buf *ret)
{
    AUTO(strv_freep) char **lines = strv_split(text, "\n");
    for (size_t i = 0, count = strv_len(lines); i + 2 < count; i += 3) {
        AUTO(mem_freep)
        char *one = xasprintf("%s\n%s\n%s\n", lines[i], lines[i + 1], lines[i + 2]);
        if (!ret->data || !strstr(ret->data, one)) {
            buf_add_str(ret, one);
        }
    }
}

static const struct {
    const char *path;
    void (*merge)(const char *text, struct buf *ret);
} databases[] = {
    {STATUS, dpkg_status_merge},
    {"var/lib/dpkg/diversions", diversions_merge},
    {"var/lib/dpkg/statoverride", lines_merge},
    {"var/lib/dpkg/triggers/File", lines_merge},
    {"var/lib/dpkg/triggers/ldconfig", lines_merge},
};

static int databases_merge(const struct stage_tree *t, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(databases); i++) {
        AUTO(buf_done) struct buf text = {0};
        r = stage_tree_merged(t, databases[i].path, databases[i].merge, &text, e);
        if (r == 0 && (text.len > 0 || i == 0)) {
            r = stage_tree_put(t, databases[i].path, text.data ? text.data : "", text.len, 0644, e);
        }
    }
    return r;
}

int install_stage_status(const struct installation *in, struct buf *ret, struct err *e)
{
    AUTO(stage_tree_close) struct stage_tree t = {0};
    int r = stage_tree_open(in->store, in->stage, in->layers, in->layer_count, 0, &t, e);
    r = r < 0 ? r : stage_tree_merged(&t, STATUS, dpkg_status_merge, ret, e);
    if (r == 0) {
        buf_add(ret, "", 0);
    }
    return r;
}

/* --- fill ------------------------------------------------------------------------------------- */

/* What Debian's tools want to be there; pages of manuals are left out, the links to them made by
 * scripts are not. */
static const char *const folders[] = {
    "usr",
    "usr/share",
    "usr/share/man",
    "usr/share/man/man1",
    "usr/share/man/man2",
    "usr/share/man/man3",
    "usr/share/man/man4",
    "usr/share/man/man5",
    "usr/share/man/man6",
    "usr/share/man/man7",
    "usr/share/man/man8",
    "usr/share/man/man9",
    "usr/sbin",
    "etc",
    "run",
    "var",
    "var/lib",
    "var/cache",
    "var/cache/debconf",
    "var/log",
    "var/log/apt",
    "var/lib/dpkg",
    "var/lib/dpkg/alternatives",
    "var/lib/dpkg/info",
    "var/lib/dpkg/parts",
    "var/lib/dpkg/triggers",
    "var/lib/dpkg/updates",
};

/* Made by us, and below directories of which none is a link: also on the tree of a base. */
static int folders_make(const struct stage_tree *t, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        if (mkdirat(t->stage->tree_fd, folders[i], 0755) < 0) {
            if (errno != EEXIST) {
                return err_sys(e, "making '%s' in a stage", folders[i]);
            }
            continue;
        }
        if (fchownat(t->stage->tree_fd, folders[i], t->owner, t->owner, AT_SYMLINK_NOFOLLOW) < 0) {
            return err_sys(e, "making '%s' in a stage", folders[i]);
        }
    }
    return 0;
}

static const char no_daemons[] = "#!/bin/sh\nexit 101\n";

int install_stage_fill(const struct installation *in, char *const *replaced, struct err *e)
{
    AUTO(stage_tree_close) struct stage_tree t = {0};
    int r = tree_open(in, &t, e);
    r = r < 0 ? r : stage_tree_fill(&t, e);
    r = r < 0 ? r : folders_make(&t, e);
    r = r < 0 ? r : databases_merge(&t, e);
    r = r < 0 ? r
              : stage_tree_put(&t, "usr/sbin/policy-rc.d", no_daemons, strlen(no_daemons), 0755, e);
    for (; r == 0 && replaced && *replaced; replaced++) {
        r = stage_tree_own_package(&t, *replaced, e);
    }
    return r;
}

int install_stage_times(const struct installation *in, struct err *e)
{
    const struct stage_tree t = {.stage = in->stage};
    return stage_tree_times(&t, e);
}

int install_stage_run(const struct installation *in, const struct workshop_command *command,
                      struct err *e)
{
    AUTO(stage_tree_close) struct stage_tree t = {0};
    int r = tree_open(in, &t, e);
    r = r < 0 ? r : stage_tree_fill(&t, e);
    r = r < 0 ? r : stage_tree_give(&t, e);
    return r < 0 ? r
                 : workshop_run_on_stage(in->workshop, in->stage, in->layers, in->layer_count,
                                         command, e);
}

/* --- finish ----------------------------------------------------------------------------------- */

/* Of the tools and their scripts: nothing that a program of the runtime reads. */
static const char *const left_out[] = {
    "debs",
    "run",
    "usr/sbin/policy-rc.d",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/man",
    "var/cache/apt",
    "var/cache/debconf/config.dat-old",
    "var/cache/debconf/passwords.dat",
    "var/cache/debconf/templates.dat-old",
    "var/cache/ldconfig",
    "var/cache/man",
    "var/lib/dpkg/available",
    "var/lib/dpkg/available-old",
    "var/lib/dpkg/diversions-old",
    "var/lib/dpkg/lock",
    "var/lib/dpkg/lock-frontend",
    "var/lib/dpkg/statoverride-old",
    "var/lib/dpkg/status-old",
    "var/lib/dpkg/triggers/Lock",
    "var/lib/dpkg/updates",
    "var/log",
    "etc/.pwd.lock",
    "etc/group-",
    "etc/gshadow-",
    "etc/passwd-",
    "etc/shadow-",
    NULL,
};

/* At the end alone: scripts of packages may need what no program does. */
static int without(const struct installation *in, struct err *e)
{
    AUTO(strv_freep) char **patterns = NULL;
    for (char *const *p = in->recipe->install.without; p && *p; p++) {
        AUTO(mem_freep) char *path = hello_in_home(in->recipe, *p);
        strv_add(&patterns, path + 1);
    }
    int r = stage_without(in->stage->tree_fd, patterns, e);
    return r < 0 ? err_wrap(e, "install.without") : 0;
}

int install_stage_finish(const struct installation *in, struct err *e)
{
    AUTO(stage_tree_close) struct stage_tree t = {0};
    int r = without(in, e);
    r = r < 0 ? r : stage_tree_open(in->store, in->stage, in->layers, in->layer_count, 0, &t, e);
    return r < 0 ? r : stage_tree_clean(&t, left_out, e);
}
