/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/install_prepare.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/boxarchive.h"
#include "packages/install_stage.h"
#include "packages/installation.h"
#include "packages/stage_tree.h"
#include "packages/store.h"
#include "packages/workshop.h"
#include "recipes/preparation.h"
#include "recipes/recipe.h"

#define PREPARED      "prepared"
#define PREPARED_BASE "prepared-base"

/* The product is made in the box's own directory, whose paths some of it contains. */
static const char script[] = "to=$1; shift; \"$@\" && cp -r " PREPARED_PRODUCT " \"$to\"";

struct making {
    const struct installation *in;
    const char *tool;
    char *home; /* "/opt/runtimes/..." */
    uid_t owner;
};

static void making_done(struct making *m)
{
    free(m->home);
}

static int files_add(const struct preparation *p, struct buf *ret, struct err *e)
{
    int r = 0;
    for (const char *const *f = p->files; r == 0 && f && f[0]; f += 2) {
        r = boxarchive_add(ret, BOXARCHIVE_FILE, 0644, f[0], f[1], strlen(f[1]), e);
    }
    return r;
}

/* `word` with a path below the recipe's home in the place of `name`; NULL: that is not in it. */
static char *path_in(const struct making *m, const char *word, const char *name, const char *below)
{
    const char *found = strstr(word, name);
    return found ? xasprintf("%.*s%s/%s%s", (int)(found - word), word, m->home, below,
                             found + strlen(name))
                 : NULL;
}

static char *word_of(const struct making *m, const char *word)
{
    if (strcmp(word, "{tool}") == 0) {
        return xstrdup(m->tool);
    }
    char *path = path_in(m, word, "{base}", PREPARED_BASE);
    path = path ? path : path_in(m, word, "{prepared}", PREPARED);
    return path ? path : xstrdup(word);
}

static int home_make(const struct making *m, struct err *e)
{
    const struct stage_tree t = {.stage = m->in->stage, .owner = m->owner};
    int r = stage_tree_folders(&t, m->home + 1, e);
    return r < 0 ? r : stage_tree_give(&t, e);
}

static int make(const struct making *m, const struct preparation *p, const char *name,
                struct err *e)
{
    const struct installation *in = m->in;
    AUTO(strv_freep) char **argv = NULL;
    AUTO(strv_freep) char **env = NULL;
    AUTO(buf_done) struct buf files = {0};
    strv_add(&argv, "/bin/sh");
    strv_add(&argv, "-c");
    strv_add(&argv, script);
    strv_add(&argv, "sh");
    strv_add_take(&argv, xasprintf("%s/%s", m->home, name));
    for (const char *const *word = p->command; *word; word++) {
        strv_add_take(&argv, word_of(m, *word));
    }
    for (const char *const *v = p->env; v && *v; v++) {
        strv_add(&env, *v);
    }
    const struct workshop_command command = {
        .argv = argv, .env = env, .files = &files, .as_itself = true};
    int r = files_add(p, &files, e);
    r = r < 0 ? r
              : workshop_run_on_stage(in->workshop, in->stage, in->layers, in->layer_count,
                                      &command, e);
    /* What is built on it may remember its time. */
    r = r < 0 ? r : install_stage_times(in, e);
    return r < 0 ? err_wrap(e, "preparing %s", p->name) : 0;
}

int install_prepare(const struct installation *in, const struct preparation *p, const char *tool,
                    struct err *e)
{
    AUTO(making_done)
    struct making m = {.in = in, .tool = tool, .home = recipe_home(in->recipe)};
    int r = workshop_stage_owner(in->workshop, in->stage, &m.owner, e);
    r = r < 0 ? r : home_make(&m, e);
    if (r == 0 && p->base) {
        r = make(&m, p->base, PREPARED_BASE, e);
    }
    return r < 0 ? r : make(&m, p, PREPARED, e);
}
