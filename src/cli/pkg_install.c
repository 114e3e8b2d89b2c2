/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pkg_install.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/pkg.h"
#include "cli/pkg_crew.h"
#include "cli/text.h"
#include "config/config.h"
#include "packages/downloads.h"
#include "packages/fetcher.h"
#include "packages/install.h"
#include "packages/install_piston.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "packages/workshop.h"
#include "recipes/advice.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"
#include "runtimes/host_view.h"

#define ID_WIDTH 24

struct shop {
    struct pkg *pkg;
    int cache_fd;
    struct fetcher *fetcher;
    struct workshop *workshop; /* NULL: nothing was installed yet */
    struct chooser chooser;
    struct order *orders;
    size_t count;
    bool complete; /* all orders are installed */
};

/* --- what it needs ---------------------------------------------------------------------------- */

int shop_open(struct pkg *p, struct shop **ret, struct err *e)
{
    int cache_fd = openat(store_fd(p->store), "cache", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cache_fd < 0) {
        return err_sys(e, "open '%s/cache'", p->path);
    }
    struct shop *s = xcalloc(1, sizeof(*s));
    *s = (struct shop){.pkg = p, .cache_fd = cache_fd};
    s->fetcher = fetcher_new(cache_fd, &p->progress.progress);
    s->chooser = (struct chooser){.recipes = p->recipes,
                                  .fetcher = s->fetcher,
                                  .index_url = p->config->piston_repo,
                                  .say = pkg_on_unreadable,
                                  .ctx = p};
    *ret = s;
    return 0;
}

/* What cannot be removed now, `belljar pkg gc` says. */
static void downloads_drop(const struct pkg *p)
{
    uint64_t bytes = 0;
    struct err ignored;
    (void)downloads_remove(store_fd(p->store), &clock_system, &bytes, &ignored);
}

void shop_close(struct shop *s)
{
    if (!s) {
        return;
    }
    for (size_t i = 0; i < s->count; i++) {
        strv_free(s->orders[i].libraries);
    }
    free(s->orders);
    workshop_close(s->workshop);
    chooser_done(&s->chooser);
    fetcher_free(s->fetcher);
    fd_close(s->cache_fd);
    if (s->complete && !s->pkg->config->keep_downloads) {
        downloads_drop(s->pkg);
    }
    free(s);
}

void shop_closep(struct shop **s)
{
    shop_close(*s);
    *s = NULL;
}

struct chooser *shop_chooser(struct shop *s)
{
    return &s->chooser;
}

size_t shop_count(const struct shop *s)
{
    return s->count;
}

const struct recipe *shop_recipe(const struct shop *s, size_t index)
{
    return s->orders[index].choice.recipe;
}

/* --- orders ----------------------------------------------------------------------------------- */

static bool is_ordered(const struct shop *s, const struct choice *c)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->orders[i].choice.recipe == c->recipe && s->orders[i].choice.entry == c->entry) {
            return true;
        }
    }
    return false;
}

void shop_order(struct shop *s, struct choice choice, const struct manifest *there, bool again)
{
    const struct pkg_options *o = &s->pkg->o;
    if (is_ordered(s, &choice)) {
        return;
    }
    struct order order = {.choice = choice, .again = again, .pinned = there && there->pinned};
    if (there) {
        strv_add_all(&order.libraries, there->libraries);
    }
    for (char *const *l = o->libraries; l && *l; l++) {
        if (!order.libraries || !strv_has(order.libraries, *l)) {
            strv_add(&order.libraries, *l);
        }
    }
    s->orders = xreallocarray(s->orders, s->count + 1, sizeof(*s->orders));
    s->orders[s->count++] = order;
}

static void manifest_freep(struct manifest **m)
{
    manifest_free(*m);
    *m = NULL;
}

static void order_new(struct shop *s, const struct choice *choice)
{
    AUTO(manifest_freep) struct manifest *there = NULL;
    struct err ignored; /* then it is made */
    if (choice->recipe &&
        package_store_get(s->pkg->store, choice->recipe->id, &there, &ignored) < 0) {
        there = NULL;
    }
    shop_order(s, *choice, there, s->pkg->o.again);
}

int shop_order_word(struct shop *s, const char *word, struct err *e)
{
    AUTO(mem_freep) struct choice *chosen = NULL;
    size_t count = 0;
    int r = chooser_choose(&s->chooser, word, &chosen, &count, e);
    if (r < 0) {
        AUTO(mem_freep) char *name = xstrndup(word, strcspn(word, "=@"));
        AUTO(buf_done) struct buf elsewhere = {0};
        advice_elsewhere(name, &elsewhere);
        return elsewhere.len > 0 ? err_set(e, e->kind, "%s", elsewhere.data) : r;
    }
    for (size_t i = 0; i < count; i++) {
        order_new(s, &chosen[i]);
    }
    return 0;
}

/* --- how large -------------------------------------------------------------------------------- */

static struct install install_of(const struct shop *s, bool again)
{
    return (struct install){.config = s->pkg->config,
                            .recipes = s->pkg->recipes,
                            .store = s->pkg->store,
                            .workshop = s->workshop,
                            .fetcher = s->fetcher,
                            .progress = &s->pkg->progress.progress,
                            .again = again,
                            .preparation = host_preparation};
}

static size_t piston_count(const struct shop *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        count += s->orders[i].choice.entry != NULL;
    }
    return count;
}

/* Those that are installed again are asked apart: what is there counts nothing for the others. */
static int estimate_some(const struct shop *s, bool again, struct install_estimate *sum,
                         struct err *e)
{
    AUTO(mem_freep) const struct recipe **recipes = xcalloc(s->count + 2, sizeof(struct recipe *));
    const struct install install = install_of(s, again);
    struct install_estimate one = {0};
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->orders[i].choice.recipe && s->orders[i].again == again) {
            recipes[count++] = s->orders[i].choice.recipe;
        }
    }
    const struct recipe *below = recipes_by_id(s->pkg->recipes, INSTALL_PISTON_PART);
    if (!again && below && piston_count(s) > 0) {
        recipes[count++] = below;
    }
    int r = count > 0 ? install_plan(&install, recipes, count, &one, e) : 0;
    sum->download_bytes += one.download_bytes;
    sum->disk_bytes += one.disk_bytes;
    sum->new_count += one.new_count;
    return r;
}

static void estimate_add(const struct shop *s, const struct install_estimate *sum, struct buf *ret)
{
    struct statvfs fs;
    uint64_t free_bytes = UINT64_MAX;
    if (fstatvfs(store_fd(s->pkg->store), &fs) == 0) {
        free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    }
    buf_add_fmt(ret, "%zu to install with what they stand on; ", sum->new_count);
    text_add_bytes(ret, sum->download_bytes);
    buf_add_str(ret, " to download, at most ");
    text_add_bytes(ret, sum->disk_bytes);
    buf_add_str(ret, " on the disk");
    if (piston_count(s) > 0) {
        buf_add_fmt(ret, "; and %zu of Piston's packages, whose index does not say how large",
                    piston_count(s));
    }
    if (sum->disk_bytes > free_bytes) {
        buf_add_str(ret, ". Only ");
        text_add_bytes(ret, free_bytes);
        buf_add_fmt(ret, " are free in '%s'", s->pkg->path);
    }
}

static void estimate_tell(struct shop *s, const struct install_estimate *sum)
{
    AUTO(buf_done) struct buf text = {0};
    json_t *json = json_object();
    json_object_set_new(json, "count", json_integer((json_int_t)sum->new_count));
    json_object_set_new(json, "download_bytes", json_integer((json_int_t)sum->download_bytes));
    json_object_set_new(json, "disk_bytes", json_integer((json_int_t)sum->disk_bytes));
    json_object_set_new(s->pkg->result, "estimate", json);
    estimate_add(s, sum, &text);
    pkg_progress_clear(&s->pkg->progress);
    if (s->pkg->o.dry_run) {
        pkg_say(s->pkg, "%s", text.data);
    } else if (!s->pkg->o.events) {
        cli_note("pkg", "%s", text.data);
    }
}

/* *ret_any: there is something to do. */
static int estimate(struct shop *s, bool *ret_any, struct err *e)
{
    struct install_estimate sum = {0};
    int r = estimate_some(s, false, &sum, e);
    r = r < 0 ? r : estimate_some(s, true, &sum, e);
    *ret_any = r < 0 || sum.new_count > 0 || piston_count(s) > 0;
    if (r == 0 && *ret_any) {
        estimate_tell(s, &sum);
    }
    return r;
}

/* --- the question ----------------------------------------------------------------------------- */

/* Only where somebody can see it and answer. */
static bool is_agreed(const struct shop *s)
{
    const struct pkg_options *o = &s->pkg->o;
    char answer[16] = "";
    if (o->yes || o->events || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        return true;
    }
    fputs("Go on? [Y/n] ", stderr);
    (void)fflush(stderr);
    if (!fgets(answer, sizeof(answer), stdin)) {
        fputc('\n', stderr);
        return false;
    }
    return strchr("yY\n", answer[0]) != NULL;
}

/* --- each ------------------------------------------------------------------------------------- */

void pkg_installed_say(struct pkg *p, const json_t *one, double took_s)
{
    const char *id = json_string_value(json_object_get(one, "id"));
    const char *version = json_string_value(json_object_get(one, "version"));
    if (json_is_true(json_object_get(one, "made"))) {
        pkg_say(p, "%-*s %s, in %.1f s", ID_WIDTH, id, version, took_s);
    } else {
        pkg_say(p, "%-*s %s (was there)", ID_WIDTH, id, version);
    }
}

static void made_tell(struct pkg *p, const struct manifest *m, bool made, uint64_t begin)
{
    json_t *json = pkg_manifest_json(m);
    json_object_set_new(json, "made", json_boolean(made));
    pkg_installed_say(p, json, (double)(clock_mono_ns(&clock_system) - begin) / (double)NS_PER_S);
    pkg_result(p, "installed", json);
}

/* What is installed anew has lost its pin. */
static int pin_again(struct shop *s, const struct order *order, struct manifest *m, struct err *e)
{
    if (!order->pinned || m->pinned) {
        return 0;
    }
    m->pinned = true;
    return store_put(s->pkg->store, m, e);
}

static int recipe_order(struct shop *s, const struct order *order, struct err *e)
{
    AUTO(manifest_freep) struct manifest *m = NULL;
    const struct install install = install_of(s, order->again);
    uint64_t begin = clock_mono_ns(&clock_system);
    bool made = false;
    int r = install_recipe(&install, order->choice.recipe, order->libraries, &m, &made, e);
    r = r < 0 ? r : pin_again(s, order, m, e);
    if (r == 0) {
        made_tell(s->pkg, m, made, begin);
    }
    return r;
}

static int piston_order(struct shop *s, const struct order *order, struct err *e)
{
    const struct install install = install_of(s, order->again);
    uint64_t begin = clock_mono_ns(&clock_system);
    struct manifest **all = NULL;
    size_t count = 0;
    bool made = false;
    int r = install_piston(&install, order->choice.entry, &all, &count, &made, e);
    for (size_t i = 0; r == 0 && i < count; i++) {
        made_tell(s->pkg, all[i], made, begin);
    }
    install_piston_free(all, count);
    return r;
}

int shop_install(struct shop *s, size_t index, struct err *e)
{
    const struct order *order = &s->orders[index];
    int r =
        s->workshop ? 0 : workshop_open(s->pkg->config, store_fd(s->pkg->store), &s->workshop, e);
    if (r < 0) {
        return r;
    }
    return order->choice.recipe ? recipe_order(s, order, e) : piston_order(s, order, e);
}

static int part_install(struct shop *s, const struct recipe *part, struct err *e)
{
    AUTO(manifest_freep) struct manifest *m = NULL;
    const struct install install = install_of(s, false);
    bool made;
    return install_recipe(&install, part, NULL, &m, &made, e);
}

/* What the parent has open stays its own: locks are held by whom a file was opened by. */
static int work_begin(struct shop *s, struct err *e)
{
    struct pkg *p = s->pkg;
    p->store = NULL;
    p->o.events = true;
    p->result = json_object();
    pkg_progress_init(&p->progress, true);
    int r = package_store_open(p->path, true, &p->store, e);
    if (r == 0) {
        s->fetcher = fetcher_new(s->cache_fd, &p->progress.progress);
        r = workshop_open(p->config, store_fd(p->store), &s->workshop, e);
    }
    return r;
}

static int work(struct shop *s, const struct crew_task *task)
{
    struct pkg *p = s->pkg;
    struct err e;
    int r = work_begin(s, &e);
    if (r == 0) {
        r = task->part ? part_install(s, task->part, &e) : shop_install(s, task->order, &e);
    }
    if (r < 0) { /* the parent tells it */
        p->failure = e;
        p->failed = true;
    }
    workshop_close(TAKE(&s->workshop, NULL));
    return pkg_close(p, r < 0 ? CLI_FAILED : CLI_OK);
}

int shop_run(struct shop *s)
{
    struct pkg *p = s->pkg;
    struct err e;
    bool any = false;
    int r = estimate(s, &any, &e);
    pkg_progress_clear(&p->progress);
    if (r < 0 && (p->o.dry_run || r == -ERR_GONE)) {
        return pkg_fail(p, &e);
    }
    if (p->o.dry_run) {
        if (!any) {
            pkg_say(p, "nothing to install: all of it is there");
        }
        return CLI_OK;
    }
    if (r < 0) { /* the installation itself may need less than the estimate, and says more */
        cli_note("pkg", "how large it is cannot be said: %s", e.text);
    }
    if (any && !is_agreed(s)) {
        err_set(&e, ERR_GONE, "nothing was installed");
        return pkg_fail(p, &e);
    }
    int status = crew_run(p, s, work);
    s->complete = status == CLI_OK;
    return status;
}

/* --- install ---------------------------------------------------------------------------------- */

int pkg_install(struct pkg *p, char *const *words)
{
    AUTO(shop_closep) struct shop *s = NULL;
    AUTO(strv_freep) char **joined = words_join(words);
    struct err e;
    int r = shop_open(p, &s, &e);
    for (char *const *word = joined; r == 0 && s && word && *word; word++) {
        r = shop_order_word(s, *word, &e);
    }
    return r < 0 || !s ? pkg_fail(p, &e) : shop_run(s);
}
