/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/install_piston.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "packages/install.h"
#include "packages/install_below.h"
#include "packages/manifest.h"
#include "packages/piston_get.h"
#include "packages/piston_index.h"
#include "packages/piston_package.h"
#include "packages/progress.h"
#include "packages/store.h"
#include "packages/workshop.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define KIND       "piston"
#define ENV_MAX    ((size_t)64 << 10)
#define ENV_WALL   (30 * NS_PER_S)
#define ENV_CPU    (10 * NS_PER_S)
#define SAID_SHOWN 140

struct job {
    const struct install *install;
    const struct piston_entry *entry;
    char *label; /* "python-3.12.0" */
    struct install_below below;
    struct piston_package *package;
    uint32_t *layers; /* top first */
    size_t layer_count;
    char **env;
    struct manifest **made;
    size_t made_count;
};

void install_piston_free(struct manifest **all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        manifest_free(all[i]);
    }
    free(all);
}

static void job_done(struct job *j)
{
    install_below_done(&j->below);
    piston_package_free(j->package);
    install_piston_free(j->made, j->made_count);
    strv_free(j->env);
    free(j->layers);
    free(j->label);
}

static void tell(const struct job *j, enum progress_phase phase)
{
    const struct progress *p = j->install->progress;
    if (p && p->step) {
        p->step(p->ctx, j->label, phase, 0, 0);
    }
}

static void made_add(struct job *j, struct manifest *m)
{
    j->made = xreallocarray(j->made, j->made_count + 1, sizeof(struct manifest *));
    j->made[j->made_count++] = m;
}

/* --- whether it is there ---------------------------------------------------------------------- */

const struct manifest_part *install_piston_part(const struct manifest *m)
{
    for (size_t i = 0; i < m->part_count; i++) {
        if (strcmp(m->parts[i].kind, KIND) == 0) {
            return &m->parts[i];
        }
    }
    return NULL;
}

bool install_piston_is_of(const struct manifest *m, const struct piston_entry *entry)
{
    const struct manifest_part *part = install_piston_part(m);
    return part && strcmp(part->name, entry->name) == 0 && strcmp(part->version, entry->text) == 0;
}

/* Each of its languages, as its layer says what they are. */
static bool all_are_there(struct job *j, const struct manifest *one)
{
    struct err ignored;
    AUTO(fd_closep) int tree = store_layer_open(store_fd(j->install->store), one->layers[0]);
    if (tree < 0 || piston_package_read(j->entry, tree, &j->package, &ignored) < 0) {
        return false;
    }
    for (size_t i = 0; i < j->package->count; i++) {
        AUTO(mem_freep) char *id = piston_recipe_id(&j->package->languages[i], j->entry);
        struct manifest *m = NULL;
        if (package_store_get(j->install->store, id, &m, &ignored) < 0) {
            return false;
        }
        made_add(j, m);
    }
    return true;
}

static void forget(struct job *j)
{
    piston_package_free(j->package);
    install_piston_free(j->made, j->made_count);
    j->package = NULL;
    j->made = NULL;
    j->made_count = 0;
}

static void on_unreadable(void *ctx, const struct err *e)
{
    (void)ctx, (void)e; /* it is made again */
}

static bool is_there(struct job *j)
{
    struct manifest **all = NULL;
    size_t count = package_store_list(j->install->store, &all, on_unreadable, NULL);
    bool found = false;
    for (size_t i = 0; i < count && !found; i++) {
        found = install_piston_is_of(all[i], j->entry) && all[i]->layer_count > 0 &&
                all_are_there(j, all[i]);
        if (!found) {
            forget(j);
        }
    }
    install_piston_free(all, count);
    return found;
}

/* --- its layer -------------------------------------------------------------------------------- */

static int below_install(struct job *j, struct err *e)
{
    const struct install *i = j->install;
    struct manifest *m = NULL;
    bool made;
    const struct recipe *part = recipes_by_id(i->recipes, INSTALL_PISTON_PART);
    if (!part) {
        return err_set(e, ERR_NOT_FOUND, "Piston's packages stand on '%s', which there is not",
                       INSTALL_PISTON_PART);
    }
    struct install as_is = *i;
    as_is.again = false;
    int r = install_recipe(&as_is, part, NULL, &m, &made, e);
    if (r < 0) {
        return r;
    }
    install_below_add(&j->below, m);
    return install_below_hold(&j->below, store_fd(i->store), e);
}

static int layer_make(struct job *j, struct err *e)
{
    const struct install *i = j->install;
    struct stage stage;
    struct layer layer;
    int r = store_stage(i->store, &stage, e);
    if (r < 0) {
        return r;
    }
    tell(j, PROGRESS_UNPACK);
    r = piston_package_get(j->entry, i->fetcher, i->workshop, &stage, &j->package, e);
    if (r == 0) {
        tell(j, PROGRESS_CHECK);
        r = store_commit(&stage, &layer, e);
    }
    stage_done(&stage);
    if (r == 0) {
        j->layers = xmemdup(j->below.layers, j->below.layer_count * sizeof(*j->layers));
        j->layer_count = j->below.layer_count;
        layers_push(&j->layers, &j->layer_count, layer.id);
    }
    return r;
}

/* --- its environment -------------------------------------------------------------------------- */

static int environment_failed(int status, const struct buf *said, struct err *e)
{
    AUTO(buf_done) struct buf quote = {0};
    size_t skip = said->len > SAID_SHOWN ? said->len - SAID_SHOWN : 0;
    utf8_repair(said->data ? said->data + skip : "", said->len - skip, &quote);
    return err_set(e, ERR_INVALID, "its environment cannot be told (%s %d): %s",
                   WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                   quote.len ? quote.data : "it prints nothing");
}

static int environment_ask(struct job *j, struct err *e)
{
    AUTO(strv_freep) char **argv = piston_environment_command(j->entry);
    AUTO(buf_done) struct buf printed = {0}, said = {0};
    const struct workshop_command command = {.argv = argv, .wall_ns = ENV_WALL, .cpu_ns = ENV_CPU};
    int status = 0;
    int r = workshop_run(j->install->workshop, j->layers, j->layer_count, &command, NULL, NULL, 0,
                         ENV_MAX, &printed, &said, &status, e);
    if (r < 0) {
        return err_wrap(e, "its environment");
    }
    if (status != 0) {
        return environment_failed(status, &said, e);
    }
    if (!utf8_valid(printed.data ? printed.data : "", printed.len)) {
        return err_set(e, ERR_INVALID, "its environment has a value that is not UTF-8");
    }
    j->env = piston_environment_parse(printed.data ? printed.data : "", printed.len);
    return 0;
}

/* --- its languages ---------------------------------------------------------------------------- */

static int manifest_make(const struct job *j, const struct piston_language *language,
                         struct manifest *m, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    m->id = piston_recipe_id(language, j->entry);
    piston_recipe_write(j->package, language, j->entry, j->env, &text);
    int r = recipe_parse(m->id, text.data, text.len, NULL, NULL, &m->recipe, e);
    if (r < 0) {
        return err_wrap(e, "what its pkg-info.json makes of it");
    }
    m->version = xstrdup(j->package->version);
    m->source = xstrdup(KIND);
    m->layers = xmemdup(j->layers, j->layer_count * sizeof(*m->layers));
    m->layer_count = j->layer_count;
    m->own_layer_count = 1;
    m->parts = xcalloc(1, sizeof(*m->parts));
    m->parts[0] =
        (struct manifest_part){xstrdup(KIND), xstrdup(j->entry->name), xstrdup(j->entry->text)};
    m->part_count = 1;
    m->installed_s = (int64_t)(clock_wall_ns(&clock_system) / NS_PER_S);
    return 0;
}

/* None is put before all are known to be right. */
static int languages_put(struct job *j, struct err *e)
{
    struct package_store *store = j->install->store;
    int r = 0;
    for (size_t i = 0; r == 0 && i < j->package->count; i++) {
        struct manifest *m = xcalloc(1, sizeof(*m));
        made_add(j, m);
        r = manifest_make(j, &j->package->languages[i], m, e);
    }
    for (size_t i = 0; r == 0 && i < j->made_count; i++) {
        r = store_put(store, j->made[i], e);
    }
    return r;
}

static int make(struct job *j, struct err *e)
{
    int r = below_install(j, e);
    r = r < 0 ? r : layer_make(j, e);
    r = r < 0 ? r : environment_ask(j, e);
    return r < 0 ? r : languages_put(j, e);
}

int install_piston(const struct install *i, const struct piston_entry *entry,
                   struct manifest ***ret, size_t *ret_count, bool *ret_made, struct err *e)
{
    AUTO(fd_closep) int lock = -1;
    AUTO(job_done)
    struct job j = {
        .install = i, .entry = entry, .label = xasprintf("%s-%s", entry->name, entry->text)};
    AUTO(mem_freep) char *lock_name = xasprintf(KIND "/%s", j.label);
    int r = store_lock_recipe(i->store, lock_name, true, &lock, e);
    if (r < 0) {
        return err_wrap(e, "%s", j.label);
    }
    bool there = !i->again && is_there(&j);
    r = there ? 0 : make(&j, e);
    if (r < 0) {
        return err_wrap(e, "%s", j.label);
    }
    *ret_made = !there;
    *ret_count = j.made_count;
    *ret = TAKE(&j.made, NULL);
    j.made_count = 0;
    if (!there) {
        tell(&j, PROGRESS_DONE);
    }
    return 0;
}
